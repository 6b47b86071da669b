/* SPDX-License-Identifier: GPL-2.0-or-later */
/* floor.c - the bare program that netlab's speed is measured against: options, timing, report */

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/floor.h"

#define REPEAT_MAX 1000U

/**
 * struct sample - one up and down
 * @up_ms:	first system call of building to everything true
 * @down_ms:	kill to all processes reaped
 * @kib:	MemAvailable lost while up; true for the first of a run only, later ones reuse freed
 * slabs
 */
struct sample {
	double up_ms;
	double down_ms;
	double kib;
};

void floor_die(const char *what)
{
	(void)fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static double now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static long mem_available_kib(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	long kib = 0;

	if (f == NULL)
		floor_die("/proc/meminfo");
	while (fgets(line, sizeof(line), f) != NULL) {
		const char *digit = strpbrk(line, "0123456789");

		if (strncmp(line, "MemAvailable:", 13) != 0)
			continue;
		for (; digit && *digit >= '0' && *digit <= '9'; digit++)
			kib = kib * 10 + (*digit - '0');
		break;
	}
	(void)fclose(f);
	return kib;
}

/*
 * The kernel frees namespaces after the processes are gone, and a measurement must not start under
 * that. Nothing tells when it is done, but memory stops coming back.
 */
static void settle(const struct floor_opts *opts)
{
	const struct timespec tick = { .tv_nsec = 50000000 };
	long step_kib = 64 + (long)opts->hosts;
	long last = mem_available_kib();
	unsigned int quiet = 0;
	unsigned int i;

	for (i = 0; i < 400 && quiet < 4; i++) {
		long kib;

		(void)nanosleep(&tick, NULL);
		kib = mem_available_kib();
		quiet = kib - last > step_kib ? 0 : quiet + 1;
		last = kib;
	}
}

static int up_and_down(const struct floor_opts *opts, bool mem, struct sample *s)
{
	struct clone_args args = { .flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET |
					    CLONE_NEWUTS | CLONE_NEWIPC,
				   .exit_signal = SIGCHLD };
	long before = mem ? mem_available_kib() : 0;
	double start = now_ms();
	int status = 0;
	char c = 0;
	int sv[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		floor_die("socketpair");
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		floor_die("clone of the lab");
	if (pid == 0) {
		(void)close(sv[0]);
		floor_lab_main(opts, sv[1]);
	}
	(void)close(sv[1]);
	if (read(sv[0], &c, 1) != 1) {
		(void)waitpid(pid, NULL, 0);
		return -1;
	}
	s->up_ms = now_ms() - start;
	if (opts->check && (write(sv[0], "c", 1) != 1 || read(sv[0], &c, 1) != 1 || c != 'k'))
		status = -1;
	s->kib = mem ? (double)(before - mem_available_kib()) : 0;
	start = now_ms();
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	s->down_ms = now_ms() - start;
	(void)close(sv[0]);
	return status;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct sample *s, unsigned int n, size_t offset, double *ret_min)
{
	double v[REPEAT_MAX] = { 0 };
	unsigned int i;

	for (i = 0; i < n; i++)
		memcpy(&v[i], (const char *)&s[i] + offset, sizeof(double));
	qsort(v, n, sizeof(double), by_value);
	*ret_min = v[0];
	return n % 2 == 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static void usage(void)
{
	(void)fprintf(
		stderr,
		"usage: floor pair|ring|star HOSTS [--root] [--hello] [--check] [--mem] [--json] "
		"[--repeat K] [--spawners S]\n");
	exit(2);
}

static unsigned int number(const char *s, unsigned int min, unsigned int max)
{
	unsigned int v = 0;

	if (s == NULL || *s == '\0')
		usage();
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9' || v > max)
			usage();
		v = v * 10 + (unsigned int)(*s - '0');
	}
	if (v < min || v > max)
		usage();
	return v;
}

static const char *const shapes[] = {
	[FLOOR_PAIR] = "pair", [FLOOR_RING] = "ring", [FLOOR_STAR] = "star"
};

/**
 * struct run - the command line
 * @opts:	what to build
 * @repeat:	times up and down
 * @mem:	measure memory
 * @json:	print one JSON object
 */
struct run {
	struct floor_opts opts;
	unsigned int repeat;
	bool mem;
	bool json;
};

static void parse(struct run *run, char **argv)
{
	struct {
		const char *name;
		bool *flag;
	} const flags[] = { { "--root", &run->opts.root },
			    { "--hello", &run->opts.hello },
			    { "--check", &run->opts.check },
			    { "--mem", &run->mem },
			    { "--json", &run->json } };
	unsigned int shape = 0;
	unsigned int i;

	while (shape <= FLOOR_STAR && strcmp(argv[0], shapes[shape]) != 0)
		shape++;
	if (shape > FLOOR_STAR)
		usage();
	run->opts.shape = (enum floor_shape)shape;
	run->opts.hosts = number(argv[1], 1, FLOOR_HOSTS_MAX);
	for (argv += 2; *argv != NULL; argv++) {
		for (i = 0;
		     i < sizeof(flags) / sizeof(flags[0]) && strcmp(*argv, flags[i].name) != 0; i++)
			;
		if (i < sizeof(flags) / sizeof(flags[0]))
			*flags[i].flag = true;
		else if (strcmp(*argv, "--repeat") == 0)
			run->repeat = number(*++argv, 1, REPEAT_MAX);
		else if (strcmp(*argv, "--spawners") == 0)
			run->opts.spawners = number(*++argv, 0, FLOOR_SPAWNERS_MAX);
		else
			usage();
	}
}

static void report(const struct run *run, const struct sample *samples)
{
	const struct floor_opts *opts = &run->opts;
	double up_min;
	double down_min;
	double kib_min;
	double up = median(samples, run->repeat, offsetof(struct sample, up_ms), &up_min);
	double down = median(samples, run->repeat, offsetof(struct sample, down_ms), &down_min);
	double kib = median(samples, run->repeat, offsetof(struct sample, kib), &kib_min) /
		     opts->hosts;

	if (run->json)
		(void)printf(
			"{\"shape\":\"%s\",\"hosts\":%u,\"root\":%s,\"hello\":%s,\"repeat\":%u,\"up_ms\":%.3f,"
			"\"down_ms\":%.3f,\"up_min_ms\":%.3f,\"down_min_ms\":%.3f,\"kib_per_host\":%.1f}\n",
			shapes[opts->shape], opts->hosts, opts->root ? "true" : "false",
			opts->hello ? "true" : "false", run->repeat, up, down, up_min, down_min,
			kib);
	else
		(void)printf(
			"%s %u%s%s: up %.3f (min %.3f) ms, down %.3f (min %.3f) ms, %.1f KiB a host\n",
			shapes[opts->shape], opts->hosts, opts->root ? " root" : "",
			opts->hello ? " hello" : "", up, up_min, down, down_min, kib);
}

int main(int argc, char **argv)
{
	struct run run = { .opts = { .spawners = 2 }, .repeat = 1 };
	static struct sample samples[REPEAT_MAX];
	unsigned int i;

	if (argc < 3)
		usage();
	parse(&run, argv + 1);
	for (i = 0; i < run.repeat; i++) {
		if (i > 0)
			settle(&run.opts);
		if (up_and_down(&run.opts, run.mem, &samples[i]) < 0)
			return 1;
	}
	report(&run, samples);
	return 0;
}
