/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm.c - QEMU from its start to its end: descriptors, deadlines, the state that the guest tells */
#include "netlab/vm/vm.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "netlab/base/log.h"
#include "netlab/base/parse.h"
#include "netlab/base/program.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/vm/job.h"
#include "netlab/vm/vm_internal.h"

#define QEMU         "qemu-system-x86_64"
#define QEMU_PACKAGE "qemu-system-x86"

/* Nobody waits that long on a machine that does anything at all. */
#define BOOT_US ((uint64_t)300 * 1000000)
#define OFF_US  ((uint64_t)60 * 1000000)

#define MEMORY_DEFAULT ((uint64_t)4 << 30)

/*
 * KASLR is off with a plain vmlinux. No self-tests of ciphers, no mitigations: they cost seconds of an emulated
 * processor. The clock is the TSC, as no other can be trusted on a busy machine. AppArmor has
 * profiles loaded by nobody inside.
 */
#define KERNEL_ARGS                                                       \
	"console=ttyS0 quiet panic=-1 cryptomgr.notests mitigations=off " \
	"tsc=reliable no_timer_check apparmor=0"

enum { PIPE_OUT, PIPE_ERR, PIPE_STATE, PIPE_CONSOLE, PIPE_QEMU, N_PIPES };

enum { STATE_MAX = 1024, TAIL_MAX = 4096, ARGS_MAX = 400 };

/*
 * struct stream - one pipe from QEMU
 */
struct stream {
	struct vm *vm;
	int kind, fd, theirs;
	struct lab_source *src;
};

/*
 * struct vm - one run
 * @state:	what came through the state port
 * @tail:	the end of what the console and QEMU said
 * @status:	exit status of the command; -1 = not known yet
 * @ended:	QEMU has been reaped
 */
struct vm {
	const struct lab_vm_params *params;
	struct lab_loop *loop;
	struct stream streams[N_PIPES];
	struct lab_source *timer, *child;
	struct lab_strbuf state, tail;
	int initramfs, lock;
	pid_t pid;
	int status;
	bool ready, timed_out, ended;
};

/* --- the command line of QEMU --- */

struct args {
	char *v[ARGS_MAX + 1];
	size_t n;
	bool failed;
};

static void arg(struct args *a, const char *fmt, ...) LAB_PRINTF(2, 3);
static void arg(struct args *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (a->n == ARGS_MAX || vasprintf(&a->v[a->n], fmt, ap) < 0) {
		a->v[a->n] = NULL;
		a->failed = true;
	} else {
		a->n++;
	}
	va_end(ap);
}

static void args_fini(struct args *a)
{
	while (a->n)
		free(a->v[--a->n]);
}

/* In a list of properties a comma is written twice. */
static void arg_folder(struct args *a, const char *id, const char *path, bool writable)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	for (; *path; path++) {
		lab_strbuf_putc(&sb, *path);
		if (*path == ',')
			lab_strbuf_putc(&sb, ',');
	}
	a->failed = a->failed || sb.error;
	arg(a, "-fsdev");
	arg(a, "local,id=%s,path=%s,security_model=none,multidevs=remap%s", id, lab_strbuf_str(&sb),
	    writable ? "" : ",readonly=on");
	arg(a, "-device");
	arg(a, "virtio-9p-pci,fsdev=%s,mount_tag=%s", id, id);
}

static void arg_port(struct args *a, const char *name, int fd)
{
	arg(a, "-chardev");
	arg(a, "file,id=%s,path=/proc/self/fd/%d", name, fd);
	arg(a, "-device");
	arg(a, "virtserialport,chardev=%s,name=%s", name, name);
}

static unsigned int own_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return LAB_MIN((unsigned int)CPU_COUNT(&set), LAB_VM_CPUS_MAX);
}

static uint64_t free_memory(void)
{
	static const char digits[] = "0123456789";
	cleanup_file FILE *f = fopen("/proc/meminfo", "re");
	uint64_t kib = 0;
	char line[256];
	char *number;

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "MemAvailable:", 13) != 0)
			continue;
		number = line + strcspn(line, digits);
		number[strspn(number, digits)] = '\0';
		if (lab_parse_u64(number, 0, UINT64_MAX >> 10, &kib) < 0)
			return 0;
	}
	return kib << 10;
}

static int make_args(const struct vm *vm, uint64_t memory, struct args *a)
{
	const struct lab_vm_params *p = vm->params;
	const char *accel = getenv("NETLAB_KERNEL_ACCEL");
	char id[32];
	size_t i;

	arg(a, QEMU);
	arg(a, "-M");
	arg(a, "q35");
	arg(a, "-accel");
	arg(a, "%s", accel && *accel ? accel : "tcg,thread=multi,tb-size=512");
	arg(a, "-cpu");
	arg(a, "max,la57=off");
	arg(a, "-smp");
	arg(a, "%u", p->cpus ? p->cpus : own_cpus());
	arg(a, "-m");
	arg(a, "%llu", (unsigned long long)(memory >> 20));
	/* No network card, no disk, no monitor: what is not named is not there. */
	arg(a, "-nodefaults");
	arg(a, "-no-user-config");
	arg(a, "-display");
	arg(a, "none");
	arg(a, "-no-reboot");
	arg(a, "-kernel");
	arg(a, "%s/vmlinux", p->kernel);
	arg(a, "-initrd");
	arg(a, "/proc/self/fd/%d", vm->initramfs);
	arg(a, "-append");
	arg(a, KERNEL_ARGS);
	arg(a, "-chardev");
	arg(a, "file,id=console,path=/proc/self/fd/%d", vm->streams[PIPE_CONSOLE].theirs);
	arg(a, "-serial");
	arg(a, "chardev:console");
	arg(a, "-device");
	arg(a, "virtio-rng-pci");
	arg(a, "-device");
	arg(a, "virtio-serial-pci");
	arg_port(a, LAB_VM_PORT_OUT, vm->streams[PIPE_OUT].theirs);
	arg_port(a, LAB_VM_PORT_ERR, vm->streams[PIPE_ERR].theirs);
	arg_port(a, LAB_VM_PORT_STATE, vm->streams[PIPE_STATE].theirs);
	arg_folder(a, LAB_VM_TAG_ROOT, "/", false);
	for (i = 0; i < p->n_shares; i++) {
		(void)snprintf(id, sizeof(id), LAB_VM_TAG_SHARE "%zu", i);
		arg_folder(a, id, p->shares[i], true);
	}
	return a->failed ? -ENOMEM : 0;
}

/* --- what comes from it --- */

static void kill_qemu(struct vm *vm)
{
	if (vm->pid > 0 && !vm->ended)
		(void)kill(vm->pid, SIGKILL);
}

static bool all_closed(const struct vm *vm)
{
	size_t i;

	for (i = 0; i < N_PIPES; i++) {
		if (vm->streams[i].src)
			return false;
	}
	return true;
}

static void quit_if_over(struct vm *vm)
{
	if (vm->ended && all_closed(vm))
		lab_loop_quit(vm->loop, 0);
}

static void close_stream(struct stream *s)
{
	lab_source_free(s->src);
	s->src = NULL;
	close_fd(&s->fd);
}

static void read_state(struct vm *vm)
{
	static const char exited[] = LAB_VM_EXIT;
	const char *text = lab_strbuf_str(&vm->state);
	const char *line = strstr(text, exited);
	char number[16];
	unsigned int code;

	if (!vm->ready && strncmp(text, LAB_VM_READY "\n", strlen(LAB_VM_READY "\n")) == 0) {
		vm->ready = true;
		LAB_DEBUG("the command starts");
		(void)lab_source_set_timer(vm->timer, vm->params->limit_us ? vm->params->limit_us
									   : UINT64_MAX);
	}
	if (vm->status >= 0 || !line || !strchr(line, '\n'))
		return;
	(void)snprintf(number, sizeof(number), "%.*s",
		       (int)strcspn(line + sizeof(exited) - 1, "\n"), line + sizeof(exited) - 1);
	if (lab_parse_uint(number, 0, 255, &code) < 0)
		return;
	vm->status = (int)code;
	(void)lab_source_set_timer(vm->timer, OFF_US);
}

static void keep_tail(struct vm *vm, const char *data, size_t len)
{
	lab_strbuf_add(&vm->tail, data, len);
	if (vm->tail.len > TAIL_MAX)
		lab_strbuf_consume(&vm->tail, vm->tail.len - TAIL_MAX);
}

static void on_data(struct lab_source *src LAB_UNUSED, int fd, uint32_t events LAB_UNUSED,
		    void *user)
{
	struct stream *s = user;
	struct vm *vm = s->vm;
	char buf[8192];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		close_stream(s);
		quit_if_over(vm);
		return;
	}
	switch (s->kind) {
	case PIPE_OUT:
	case PIPE_ERR:
		vm->params->output(s->kind == PIPE_OUT ? 1 : 2, buf, (size_t)n, vm->params->user);
		break;
	case PIPE_STATE:
		if (vm->state.len < STATE_MAX)
			lab_strbuf_add(&vm->state, buf, (size_t)n);
		read_state(vm);
		break;
	default:
		keep_tail(vm, buf, (size_t)n);
		if (vm->params->console)
			vm->params->output(2, buf, (size_t)n, vm->params->user);
		break;
	}
}

static void on_child(struct lab_source *src LAB_UNUSED, pid_t pid LAB_UNUSED, int wait_status,
		     void *user)
{
	struct vm *vm = user;

	LAB_DEBUG("qemu ended with wait status %d", wait_status);
	vm->child = NULL;
	vm->ended = true;
	quit_if_over(vm);
}

static void on_deadline(struct lab_source *src LAB_UNUSED, void *user)
{
	struct vm *vm = user;

	vm->timed_out = true;
	kill_qemu(vm);
}

/* --- start and end --- */

static int open_streams(struct vm *vm, struct lab_err *err)
{
	int i, r, fds[2];

	for (i = 0; i < N_PIPES; i++) {
		struct stream *s = &vm->streams[i];

		if (pipe2(fds, O_CLOEXEC) < 0)
			return lab_err_errno(err, errno, "pipe");
		s->fd = fds[0];
		s->theirs = fds[1];
		r = lab_loop_add_fd(vm->loop, s->fd, EPOLLIN, on_data, s, &s->src);
		if (r < 0)
			return lab_err_errno(err, -r, "event loop");
	}
	return 0;
}

/* In the child: only what may be called between fork and exec. */
static void exec_qemu(const struct vm *vm, char *const *argv, pid_t parent)
	__attribute__((noreturn));
static void exec_qemu(const struct vm *vm, char *const *argv, pid_t parent)
{
	static const char failed[] = "cannot be executed\n";
	sigset_t none;
	int null, i;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	/* ^C at the terminal is for us to answer; and whatever ends us, ends it. */
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(vm->streams[PIPE_QEMU].theirs, STDOUT_FILENO);
	(void)dup2(vm->streams[PIPE_QEMU].theirs, STDERR_FILENO);
	(void)fcntl(vm->initramfs, F_SETFD, 0);
	for (i = 0; i < PIPE_QEMU; i++)
		(void)fcntl(vm->streams[i].theirs, F_SETFD, 0);
	(void)execvp(QEMU, argv);
	(void)!write(STDERR_FILENO, failed, sizeof(failed) - 1);
	_exit(127);
}

static int spawn(struct vm *vm, char *const *argv, struct lab_err *err)
{
	pid_t parent = getpid();
	int i, r;

	vm->pid = fork();
	if (vm->pid == 0)
		exec_qemu(vm, argv, parent);
	if (vm->pid < 0)
		return lab_err_errno(err, errno, "starting %s", QEMU);
	for (i = 0; i < N_PIPES; i++)
		close_fd(&vm->streams[i].theirs);
	r = lab_loop_add_child(vm->loop, vm->pid, -1, on_child, vm, &vm->child);
	return r < 0 ? lab_err_errno(err, -r, "event loop") : 0;
}

static int start(struct vm *vm, struct lab_err *err)
{
	LAB_CLEANUP(args_fini) struct args args = { 0 };
	uint64_t memory = vm->params->memory_bytes, has = free_memory();
	int r;

	r = lab_vm_check(err);
	if (r < 0)
		return r;
	if (!memory)
		memory = LAB_MIN(MEMORY_DEFAULT, has / 2);
	if (memory < LAB_VM_MEMORY_MIN)
		return lab_err_set(
			err, ENOMEM,
			"a virtual machine needs 1 GiB of free memory; this machine has %llu MiB",
			(unsigned long long)(has >> 20));
	r = open_streams(vm, err);
	if (r < 0)
		return r;
	vm->initramfs = lab_vm_initramfs(vm->params, err);
	if (vm->initramfs < 0)
		return vm->initramfs;
	r = make_args(vm, memory, &args);
	if (r == 0)
		r = lab_loop_add_timer(vm->loop, BOOT_US, on_deadline, vm, &vm->timer);
	if (r < 0)
		return lab_err_errno(err, -r, "starting %s", QEMU);
	return spawn(vm, args.v, err);
}

static void show_tail(const struct vm *vm)
{
	if (!vm->params->console && vm->tail.len)
		vm->params->output(2, vm->tail.data, vm->tail.len, vm->params->user);
}

static int outcome(const struct vm *vm, bool cancelled, int *ret, struct lab_err *err)
{
	const char *said = lab_strbuf_str(&vm->state);
	const char *error = strstr(said, LAB_VM_ERROR);

	if (vm->status >= 0 && !cancelled) {
		*ret = vm->status;
		return 0;
	}
	if (cancelled)
		return lab_err_set(err, ECANCELED, "interrupted");
	if (vm->timed_out && vm->ready)
		return lab_err_set(err, ETIMEDOUT, "the command runs longer than %llu s",
				   (unsigned long long)(vm->params->limit_us / 1000000));
	show_tail(vm);
	if (vm->timed_out)
		return lab_err_set(err, EIO, "the kernel has not come up within %d s",
				   (int)(BOOT_US / 1000000));
	if (error)
		return lab_err_set(err, EIO, "the virtual machine could not start: %.*s",
				   (int)strcspn(error, "\n") - (int)strlen(LAB_VM_ERROR),
				   error + strlen(LAB_VM_ERROR));
	return lab_err_set(err, EIO, "the virtual machine ended without a status");
}

/* After a cancellation or a failure QEMU may still be there. */
static void vm_fini(struct vm *vm)
{
	size_t i;

	kill_qemu(vm);
	lab_source_free(vm->child);
	if (vm->pid > 0 && !vm->ended) {
		while (waitpid(vm->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	lab_source_free(vm->timer);
	for (i = 0; i < N_PIPES; i++) {
		close_stream(&vm->streams[i]);
		close_fd(&vm->streams[i].theirs);
	}
	close_fd(&vm->initramfs);
	close_fd(&vm->lock);
	lab_strbuf_fini(&vm->state);
	lab_strbuf_fini(&vm->tail);
}

int lab_vm_check(struct lab_err *err)
{
	struct utsname u;

	if (uname(&u) == 0 && strcmp(u.machine, "x86_64") != 0)
		return lab_err_set(err, ENOSYS,
				   "other kernels run on x86_64 machines only; this one is %s",
				   u.machine);
	if (!lab_program_in_path(QEMU, getenv("PATH")))
		return lab_err_set(
			err, ENOSYS,
			"another kernel needs the program %s, which this machine lacks: install the package %s",
			QEMU, QEMU_PACKAGE);
	return 0;
}

int lab_vm_run(struct lab_loop *loop, const struct lab_vm_params *params, int *ret,
	       struct lab_err *err)
{
	struct vm vm = {
		.params = params,
		.loop = loop,
		.status = -1,
		.initramfs = -1,
	};
	int i, r;

	for (i = 0; i < N_PIPES; i++)
		vm.streams[i] = (struct stream){ .vm = &vm, .kind = i, .fd = -1, .theirs = -1 };
	/* As long as it is held, the kernel is not removed. */
	vm.lock = open(params->kernel, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (vm.lock >= 0)
		(void)flock(vm.lock, LOCK_SH | LOCK_NB);
	r = start(&vm, err);
	if (r == 0) {
		r = lab_loop_run(loop);
		r = r < 0 ? lab_err_errno(err, -r, "event loop")
			  : outcome(&vm, !vm.ended, ret, err);
	}
	vm_fini(&vm);
	return r;
}
