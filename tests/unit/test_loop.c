/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_loop.c - unit tests of netlab/base/loop.h; time is a fake clock where it matters (--wrap) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "netlab/base/loop.h"
#include "netlab/base/util.h"

/* --- the fake clock, and allocations and system calls that fail --- */

static bool fake;
static uint64_t fake_us;
static bool no_pwait2;
static unsigned int allocations, fail_at;

int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __real_epoll_pwait2(int fd, struct epoll_event *ev, int n, const struct timespec *ts,
			const sigset_t *set);
int __wrap_epoll_pwait2(int fd, struct epoll_event *ev, int n, const struct timespec *ts,
			const sigset_t *set);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	if (!fake)
		return __real_clock_gettime(id, ts);
	ts->tv_sec = (time_t)(fake_us / 1000000);
	ts->tv_nsec = (long)(fake_us % 1000000) * 1000;
	return 0;
}

/* With the fake clock nothing waits: time jumps to the end of the wait. */
int __wrap_epoll_pwait2(int fd, struct epoll_event *ev, int n, const struct timespec *ts,
			const sigset_t *set)
{
	int r;

	if (no_pwait2) {
		errno = ENOSYS;
		return -1;
	}
	if (!fake)
		return __real_epoll_pwait2(fd, ev, n, ts, set);
	r = epoll_wait(fd, ev, n, 0);
	if (r == 0) {
		if (!ts)
			fail_msg("would wait for ever");
		else
			fake_us += (uint64_t)ts->tv_sec * 1000000 + (uint64_t)ts->tv_nsec / 1000;
	}
	return r;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return ++allocations == fail_at ? NULL : __real_calloc(n, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return ++allocations == fail_at ? NULL : __real_reallocarray(p, n, size);
}

/* --- what every test starts with --- */

static char letters[128]; /* each holds itself, to be pointed at */
#define LETTER(c) (&letters[c])

static struct lab_loop *loop;
static char trace[256]; /* one letter for each callback */

static void note(char c)
{
	size_t len = strlen(trace);

	assert_true(len + 1 < sizeof(trace));
	trace[len] = c;
	trace[len + 1] = '\0';
}

static int setup(LAB_UNUSED void **state)
{
	size_t i;

	for (i = 0; i < sizeof(letters); i++)
		letters[i] = (char)i;
	fake = true;
	fake_us = 1000000;
	no_pwait2 = false;
	fail_at = 0;
	trace[0] = '\0';
	return lab_loop_new(&loop);
}

static int teardown(LAB_UNUSED void **state)
{
	lab_loop_free(loop);
	return 0;
}

static void note_timer(LAB_UNUSED struct lab_source *src, void *user)
{
	note(*(const char *)user);
}

static void note_fd(LAB_UNUSED struct lab_source *src, int fd, uint32_t events, void *user)
{
	uint64_t n;

	assert_true(events & EPOLLIN);
	assert_int_equal(read(fd, &n, sizeof(n)), sizeof(n));
	note(*(const char *)user);
}

static int ready_fd(void)
{
	int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

/* Step until a letter is there, in real time. */
static void wait_for(char c)
{
	uint64_t end = lab_loop_now_us() + 10000000;

	while (!strchr(trace, c)) {
		assert_true(lab_loop_now_us() < end);
		assert_true(lab_loop_step(loop, 1000) >= 0);
	}
}

/* --- timers --- */

static void timers_fire_in_order_of_time_and_then_of_arming(LAB_UNUSED void **state)
{
	struct lab_source *s[5];

	assert_int_equal(lab_loop_add_timer(loop, 3000, note_timer, LETTER('c'), &s[0]), 0);
	assert_int_equal(lab_loop_add_timer(loop, 1000, note_timer, LETTER('a'), &s[1]), 0);
	assert_int_equal(lab_loop_add_timer(loop, 3000, note_timer, LETTER('d'), &s[2]), 0);
	assert_int_equal(lab_loop_add_timer(loop, 2000, note_timer, LETTER('b'), &s[3]), 0);
	assert_int_equal(lab_loop_add_timer(loop, 3000, note_timer, LETTER('e'), &s[4]), 0);

	assert_int_equal(lab_loop_step(loop, -1), 1);
	assert_int_equal(fake_us, 1001000);
	assert_int_equal(lab_loop_step(loop, -1), 1);
	assert_int_equal(lab_loop_step(loop, -1), 3);
	assert_string_equal(trace, "abcde");
	assert_int_equal(fake_us, 1003000);
	assert_int_equal(lab_loop_step(loop, 50), 0);
	assert_int_equal(fake_us, 1053000);
}

static void step_waits_no_longer_than_told(LAB_UNUSED void **state)
{
	assert_int_equal(lab_loop_add_timer(loop, 10000000, note_timer, LETTER('a'), NULL), 0);
	assert_int_equal(lab_loop_step(loop, 7), 0);
	assert_int_equal(fake_us, 1007000);
	assert_int_equal(lab_loop_step(loop, 0), 0);
	assert_int_equal(fake_us, 1007000);
	assert_int_equal(lab_loop_step(loop, 9993), 1);
	assert_int_equal(fake_us, 11000000);
}

static void timer_can_be_disarmed_and_armed_again(LAB_UNUSED void **state)
{
	struct lab_source *a, *b;

	assert_int_equal(lab_loop_add_timer(loop, 1000, note_timer, LETTER('a'), &a), 0);
	assert_int_equal(lab_loop_add_timer(loop, UINT64_MAX, note_timer, LETTER('b'), &b), 0);
	assert_int_equal(lab_source_set_timer(a, UINT64_MAX), 0);
	assert_int_equal(lab_loop_step(loop, 5), 0);
	assert_int_equal(lab_source_set_timer(b, 1000), 0);
	assert_int_equal(lab_source_set_timer(a, 2000), 0);
	assert_int_equal(lab_source_set_timer(b, 3000), 0);
	assert_int_equal(lab_loop_step(loop, 5), 1);
	assert_int_equal(lab_loop_step(loop, 5), 1);
	assert_string_equal(trace, "ab");
	/* a delay beyond the end of time is no timer that is due */
	assert_int_equal(lab_source_set_timer(a, UINT64_MAX - 1), 0);
	assert_int_equal(lab_loop_step(loop, 5), 0);
	assert_int_equal(lab_source_set_events(a, EPOLLIN), -EINVAL);
	lab_source_free(a);
	lab_source_free(b);
	lab_source_free(NULL);
}

static void rearm_now(struct lab_source *src, void *user)
{
	note(*(const char *)user);
	assert_int_equal(lab_source_set_timer(src, 0), 0);
}

static void timer_of_zero_fires_once_a_step(LAB_UNUSED void **state)
{
	struct lab_source *s;

	assert_int_equal(lab_loop_add_timer(loop, 0, rearm_now, LETTER('z'), &s), 0);
	assert_int_equal(lab_loop_step(loop, -1), 1);
	assert_int_equal(lab_loop_step(loop, -1), 1);
	assert_int_equal(lab_loop_step(loop, -1), 1);
	assert_string_equal(trace, "zzz");
}

static struct random_timer {
	struct lab_source *src;
	uint64_t due_us;
	bool armed;
} many[500];
static uint64_t last_due_us;

static void note_due(struct lab_source *src, void *user)
{
	struct random_timer *t = user;

	assert_ptr_equal(src, t->src);
	assert_true(t->armed);
	assert_true(t->due_us <= fake_us);
	assert_true(t->due_us >= last_due_us);
	last_due_us = t->due_us;
	t->armed = false;
}

/* A fixed sequence, any seed would do. */
static uint32_t random_number(void)
{
	static uint32_t x = 12345;

	x = x * 1664525u + 1013904223u;
	return x >> 8;
}

static void heap_keeps_its_order_under_random_changes(LAB_UNUSED void **state)
{
	size_t i, n_armed = 0;
	uint64_t delay;
	int round;

	for (i = 0; i < LAB_ARRAY_SIZE(many); i++)
		assert_int_equal(
			lab_loop_add_timer(loop, UINT64_MAX, note_due, &many[i], &many[i].src), 0);
	for (round = 0; round < 3000; round++) {
		i = random_number() % LAB_ARRAY_SIZE(many);
		delay = random_number() % 4 ? random_number() % 1000 : UINT64_MAX;
		many[i].armed = delay != UINT64_MAX;
		many[i].due_us = fake_us + delay;
		assert_int_equal(lab_source_set_timer(many[i].src, delay), 0);
	}
	for (i = 0; i < LAB_ARRAY_SIZE(many); i += 7) {
		many[i].armed = false;
		lab_source_free(many[i].src);
	}
	last_due_us = 0;
	while (lab_loop_step(loop, 5) > 0)
		;
	for (i = 0; i < LAB_ARRAY_SIZE(many); i++)
		n_armed += many[i].armed;
	assert_int_equal(n_armed, 0);
	assert_true(last_due_us > 0);
}

/* --- descriptors --- */

static void descriptor_is_level_triggered_and_can_be_muted(LAB_UNUSED void **state)
{
	cleanup_close int fd = ready_fd();
	struct lab_source *s;

	assert_int_equal(lab_loop_add_fd(loop, fd, 0, note_fd, LETTER('r'), &s), 0);
	assert_int_equal(lab_loop_step(loop, 1), 0);
	assert_int_equal(lab_source_set_events(s, EPOLLIN), 0);
	assert_int_equal(lab_loop_step(loop, 1), 1);
	assert_int_equal(lab_loop_step(loop, 1), 0);
	assert_int_equal(eventfd_write(fd, 1), 0);
	assert_int_equal(lab_source_set_events(s, 0), 0);
	assert_int_equal(lab_loop_step(loop, 1), 0);
	assert_string_equal(trace, "r");
	assert_int_equal(lab_source_set_timer(s, 0), -EINVAL);
	lab_source_free(s);
}

static void bad_descriptor_is_an_error(LAB_UNUSED void **state)
{
	cleanup_close int fd = ready_fd();
	struct lab_source *s = NULL;

	assert_int_equal(lab_loop_add_fd(loop, -1, EPOLLIN, note_fd, LETTER('x'), &s), -EBADF);
	assert_null(s);
	assert_int_equal(lab_loop_add_fd(loop, fd, EPOLLIN, note_fd, LETTER('x'), NULL), 0);
	assert_int_equal(lab_loop_add_fd(loop, fd, EPOLLIN, note_fd, LETTER('x'), NULL), -EEXIST);
}

static struct lab_source *pair[2];

static void free_both(LAB_UNUSED struct lab_source *src, LAB_UNUSED int fd,
		      LAB_UNUSED uint32_t events, void *user)
{
	note(*(const char *)user);
	lab_source_free(pair[0]);
	lab_source_free(pair[1]);
}

static void no_callback_of_a_freed_source_runs(LAB_UNUSED void **state)
{
	cleanup_close int a = ready_fd(), b = ready_fd();

	assert_int_equal(lab_loop_add_fd(loop, a, EPOLLIN, free_both, LETTER('f'), &pair[0]), 0);
	assert_int_equal(lab_loop_add_fd(loop, b, EPOLLIN, free_both, LETTER('f'), &pair[1]), 0);
	assert_int_equal(lab_loop_step(loop, 1), 1);
	assert_int_equal(lab_loop_step(loop, 1), 0);
	assert_string_equal(trace, "f");
}

static void free_timer_and_self(struct lab_source *src, void *user)
{
	struct lab_source **other = user;

	note('f');
	lab_source_free(*other);
	lab_source_free(src);
}

static void timer_frees_itself_and_another_that_is_due(LAB_UNUSED void **state)
{
	struct lab_source *a, *b;

	assert_int_equal(lab_loop_add_timer(loop, 5, free_timer_and_self, &b, &a), 0);
	assert_int_equal(lab_loop_add_timer(loop, 5, note_timer, LETTER('b'), &b), 0);
	assert_int_equal(lab_loop_add_timer(loop, 5, note_timer, LETTER('c'), NULL), 0);
	assert_int_equal(lab_loop_step(loop, 1), 2);
	assert_string_equal(trace, "fc");
}

static void step_inside(LAB_UNUSED struct lab_source *src, LAB_UNUSED int fd,
			LAB_UNUSED uint32_t events, LAB_UNUSED void *user)
{
	note('<');
	lab_source_free(pair[0]);
	assert_true(lab_loop_step(loop, 0) >= 0);
	assert_true(lab_loop_step(loop, 0) >= 0);
	note('>');
}

static void callback_may_run_the_loop(LAB_UNUSED void **state)
{
	cleanup_close int a = ready_fd(), b = ready_fd(), c = ready_fd();

	assert_int_equal(lab_loop_add_fd(loop, a, EPOLLIN, step_inside, NULL, &pair[0]), 0);
	assert_int_equal(lab_loop_add_fd(loop, b, EPOLLIN, note_fd, LETTER('b'), NULL), 0);
	assert_int_equal(lab_loop_add_fd(loop, c, EPOLLIN, note_fd, LETTER('c'), &pair[1]), 0);
	assert_int_equal(lab_loop_defer(loop, note_timer, LETTER('d'), NULL), 0);
	assert_int_equal(lab_loop_step(loop, 0) >= 2, 1);
	/* what the inner steps read is gone for the outer one: note_fd() would fail on an empty fd */
	assert_non_null(strchr(trace, 'b'));
	assert_non_null(strchr(trace, 'c'));
}

static void thousands_of_descriptors(LAB_UNUSED void **state)
{
	cleanup_close int fd = ready_fd(), idle = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	cleanup_free int *fds = NULL;
	struct rlimit lim, old;
	rlim_t i, n;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	lim = old;
	lim.rlim_cur = LAB_MIN(lim.rlim_max, (rlim_t)16000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &lim), 0);
	n = LAB_MIN(lim.rlim_cur - 50, (rlim_t)15000);
	fds = malloc(n * sizeof(*fds));
	assert_non_null(fds);
	for (i = 0; i < n; i++) {
		fds[i] = fcntl(idle, F_DUPFD_CLOEXEC, 0);
		assert_true(fds[i] >= 0);
		assert_int_equal(lab_loop_add_fd(loop, fds[i], EPOLLIN, note_fd, LETTER('?'), NULL),
				 0);
	}
	assert_int_equal(lab_loop_add_fd(loop, fd, EPOLLIN, note_fd, LETTER('r'), NULL), 0);
	assert_int_equal(lab_loop_step(loop, 0), 1);
	assert_string_equal(trace, "r");
	lab_loop_free(loop);
	for (i = 0; i < n; i++)
		(void)close(fds[i]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(lab_loop_new(&loop), 0);
}

/* --- deferred calls --- */

static void defer_again(LAB_UNUSED struct lab_source *src, void *user)
{
	note(*(const char *)user);
	assert_int_equal(lab_loop_defer(loop, note_timer, LETTER('2'), NULL), 0);
}

static void deferred_call_comes_in_the_next_step_before_waiting(LAB_UNUSED void **state)
{
	struct lab_source *cancelled;

	assert_int_equal(lab_loop_defer(loop, defer_again, LETTER('1'), NULL), 0);
	assert_int_equal(lab_loop_defer(loop, note_timer, LETTER('x'), &cancelled), 0);
	assert_int_equal(lab_loop_defer(loop, note_timer, LETTER('b'), NULL), 0);
	lab_source_free(cancelled);
	assert_string_equal(trace, "");
	assert_int_equal(lab_loop_step(loop, -1), 2);
	assert_string_equal(trace, "1b");
	assert_int_equal(lab_loop_step(loop, -1), 1);
	assert_string_equal(trace, "1b2");
	assert_int_equal(fake_us, 1000000);
	assert_int_equal(lab_loop_step(loop, 1), 0);
}

/* --- quit --- */

static void quit_with_7(LAB_UNUSED struct lab_source *src, LAB_UNUSED void *user)
{
	note('q');
	lab_loop_quit(loop, 7);
}

static void quit_ends_run_after_the_current_callback(LAB_UNUSED void **state)
{
	assert_int_equal(lab_loop_add_timer(loop, 10, quit_with_7, NULL, NULL), 0);
	assert_int_equal(lab_loop_add_timer(loop, 10, note_timer, LETTER('a'), NULL), 0);
	assert_int_equal(lab_loop_run(loop), 7);
	assert_string_equal(trace, "q");
	/* what was left is still there */
	assert_int_equal(lab_loop_step(loop, 0), 1);
	assert_string_equal(trace, "qa");

	assert_int_equal(lab_loop_defer(loop, quit_with_7, NULL, NULL), 0);
	assert_int_equal(lab_loop_defer(loop, note_timer, LETTER('b'), NULL), 0);
	assert_int_equal(lab_loop_run(loop), 7);
	assert_string_equal(trace, "qaq");
	lab_loop_quit(loop, 3);
	assert_int_equal(lab_loop_run(loop), 3);
}

/* --- signals --- */

static void note_signal(LAB_UNUSED struct lab_source *src, const siginfo_t *info, void *user)
{
	assert_int_equal(info->si_signo, SIGUSR1);
	assert_int_equal(info->si_pid, getpid());
	assert_int_equal(info->si_uid, getuid());
	note(*(const char *)user);
}

static void signal_is_an_event_until_its_source_is_freed(LAB_UNUSED void **state)
{
	struct lab_source *s;
	sigset_t blocked;

	assert_int_equal(lab_loop_add_signal(loop, SIGUSR1, note_signal, LETTER('s'), &s), 0);
	assert_int_equal(lab_loop_add_signal(loop, SIGUSR1, note_signal, LETTER('s'), NULL),
			 -EEXIST);
	assert_int_equal(lab_loop_add_signal(loop, 1000, note_signal, LETTER('s'), NULL), -EINVAL);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_string_equal(trace, "");
	assert_int_equal(lab_loop_step(loop, 0), 1);
	assert_int_equal(lab_loop_step(loop, 0), 0);
	assert_string_equal(trace, "s");
	lab_source_free(s);
	assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &blocked), 0);
	assert_false(sigismember(&blocked, SIGUSR1));
	assert_int_equal(lab_loop_add_signal(loop, SIGUSR1, note_signal, LETTER('s'), NULL), 0);
	assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &blocked), 0);
	assert_true(sigismember(&blocked, SIGUSR1));
}

/* --- children --- */

static int child_status;
static pid_t child_pid;

static void note_child(struct lab_source *src, pid_t pid, int wait_status, void *user)
{
	child_pid = pid;
	child_status = wait_status;
	note(*(const char *)user);
	/* freed already: harmless inside the callback */
	lab_source_free(src);
}

/* valgrind 3.19 does not know the system call. */
static void need_pidfd(void)
{
	int fd = pidfd_open(getpid(), 0);

	if (fd < 0 && errno == ENOSYS)
		skip();
	close_fd(&fd);
}

static pid_t spawn(int code)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (code >= 0)
			_exit(code);
		for (;;)
			(void)pause();
	}
	return pid;
}

static void exit_code_of_a_child_arrives(LAB_UNUSED void **state)
{
	pid_t pid;

	need_pidfd();
	pid = spawn(7);
	fake = false;
	assert_int_equal(lab_loop_add_child(loop, pid, -1, note_child, LETTER('e'), NULL), 0);
	wait_for('e');
	assert_int_equal(child_pid, pid);
	assert_true(WIFEXITED(child_status));
	assert_int_equal(WEXITSTATUS(child_status), 7);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void signal_that_killed_a_child_arrives(LAB_UNUSED void **state)
{
	pid_t pid;
	int pidfd;

	need_pidfd();
	pid = spawn(-1);
	pidfd = pidfd_open(pid, 0);
	fake = false;
	assert_int_equal(lab_loop_add_child(loop, pid, pidfd, note_child, LETTER('k'), NULL), 0);
	assert_int_equal(lab_loop_step(loop, 0), 0);
	assert_int_equal(pidfd_send_signal(pidfd, SIGKILL, NULL, 0), 0);
	wait_for('k');
	assert_true(WIFSIGNALED(child_status));
	assert_int_equal(WTERMSIG(child_status), SIGKILL);
	assert_int_equal(fcntl(pidfd, F_GETFD), -1);
}

static void freed_child_source_leaves_the_child_to_its_owner(LAB_UNUSED void **state)
{
	struct lab_source *s;
	pid_t pid;
	int status;

	need_pidfd();
	pid = spawn(3);
	fake = false;
	assert_int_equal(lab_loop_add_child(loop, pid, -1, note_child, LETTER('x'), &s), 0);
	lab_source_free(s);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_string_equal(trace, "");
}

static void child_that_another_reaped_is_told_as_255(LAB_UNUSED void **state)
{
	pid_t pid;

	need_pidfd();
	pid = spawn(3);
	fake = false;
	assert_int_equal(lab_loop_add_child(loop, pid, -1, note_child, LETTER('x'), NULL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	wait_for('x');
	assert_int_equal(WEXITSTATUS(child_status), 255);
}

static void no_such_child_is_an_error(LAB_UNUSED void **state)
{
	int fd;

	need_pidfd();
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(lab_loop_add_child(loop, -1, -1, note_child, LETTER('x'), NULL), -EINVAL);
	/* moved also on failure; a device cannot be watched */
	assert_true(lab_loop_add_child(loop, 1, fd, note_child, LETTER('x'), NULL) < 0);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

/* --- the rest --- */

static void forked_child_frees_the_loop_without_harm_to_its_parent(LAB_UNUSED void **state)
{
	cleanup_close int fd = ready_fd();
	int status;
	pid_t pid;

	assert_int_equal(lab_loop_add_fd(loop, fd, EPOLLIN, note_fd, LETTER('p'), NULL), 0);
	assert_int_equal(lab_loop_add_signal(loop, SIGUSR1, note_signal, LETTER('s'), NULL), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		lab_loop_free(loop);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(lab_loop_step(loop, 0), 2);
}

static void older_kernels_wait_in_milliseconds(LAB_UNUSED void **state)
{
	cleanup_close int fd = ready_fd();
	uint64_t start;

	no_pwait2 = true;
	fake = false;
	assert_int_equal(lab_loop_add_fd(loop, fd, EPOLLIN, note_fd, LETTER('r'), NULL), 0);
	assert_int_equal(lab_loop_step(loop, -1), 1);
	start = lab_loop_now_us();
	assert_int_equal(lab_loop_add_timer(loop, 1500, note_timer, LETTER('t'), NULL), 0);
	/* rounded up: one step is enough */
	assert_int_equal(lab_loop_step(loop, -1), 1);
	assert_true(lab_loop_now_us() >= start + 1500);
	assert_string_equal(trace, "rt");
}

static int add_one_of_each(int fd)
{
	int r;

	r = lab_loop_add_fd(loop, fd, EPOLLIN, note_fd, LETTER('r'), NULL);
	if (r == 0)
		r = lab_loop_add_timer(loop, 10, note_timer, LETTER('t'), NULL);
	if (r == 0)
		r = lab_loop_add_signal(loop, SIGUSR1, note_signal, LETTER('s'), NULL);
	if (r == 0)
		r = lab_loop_add_child(loop, getpid(), -1, note_child, LETTER('c'), NULL);
	if (r == 0)
		r = lab_loop_defer(loop, note_timer, LETTER('d'), NULL);
	return r;
}

static void out_of_memory_at_each_allocation(LAB_UNUSED void **state)
{
	cleanup_close int fd = ready_fd();
	unsigned int n;
	int r = -ENOMEM;

	need_pidfd();
	for (n = 1; r < 0; n++) {
		lab_loop_free(loop);
		loop = NULL;
		allocations = 0;
		fail_at = n;
		r = lab_loop_new(&loop);
		if (r == 0)
			r = add_one_of_each(fd);
		assert_true(r == 0 || r == -ENOMEM);
	}
	assert_int_equal(n, 9);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(timers_fire_in_order_of_time_and_then_of_arming),
		TEST(step_waits_no_longer_than_told),
		TEST(timer_can_be_disarmed_and_armed_again),
		TEST(timer_of_zero_fires_once_a_step),
		TEST(heap_keeps_its_order_under_random_changes),
		TEST(descriptor_is_level_triggered_and_can_be_muted),
		TEST(bad_descriptor_is_an_error),
		TEST(no_callback_of_a_freed_source_runs),
		TEST(timer_frees_itself_and_another_that_is_due),
		TEST(callback_may_run_the_loop),
		TEST(thousands_of_descriptors),
		TEST(deferred_call_comes_in_the_next_step_before_waiting),
		TEST(quit_ends_run_after_the_current_callback),
		TEST(signal_is_an_event_until_its_source_is_freed),
		TEST(exit_code_of_a_child_arrives),
		TEST(signal_that_killed_a_child_arrives),
		TEST(freed_child_source_leaves_the_child_to_its_owner),
		TEST(child_that_another_reaped_is_told_as_255),
		TEST(no_such_child_is_an_error),
		TEST(forked_child_frees_the_loop_without_harm_to_its_parent),
		TEST(older_kernels_wait_in_milliseconds),
		TEST(out_of_memory_at_each_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
