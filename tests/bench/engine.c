/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine.c - how long netlab's engine needs for a topology: up, down, memory, commands; the counterpart of floor.c */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlab/base/loop.h"
#include "netlab/base/parse.h"
#include "netlab/base/util.h"
#include "netlab/keeper/lab.h"

enum { REPEAT_MAX = 1000, HOSTS_MAX = 10000, RTT_ROUNDS = 500, ID_LEN = 32 };

/**
 * struct sample - one run
 * @up_ms:	lab_up()
 * @down_ms:	lab_client_down()
 * @rtt_ms:	median of one command on one host
 * @all_ms:	"true" on all hosts at once
 * @spawn_ms:	median of the same command started by hand
 * @spawn_all_ms: as many of them at once, started by hand
 * @kib_per_host: by /proc/meminfo
 * @timing:	of the up
 */
struct sample {
	double up_ms, down_ms, rtt_ms, all_ms, spawn_ms, spawn_all_ms, kib_per_host;
	struct lab_up_timing timing;
};

/**
 * struct options - the command line
 * @kind:	"pair" (hosts joined two by two), "ring" or "star" (one network)
 * @n:		hosts
 * @repeat:	runs
 * @exec:	measure commands, too
 * @memory:	measure memory, too
 */
struct options {
	const char *kind;
	unsigned int n, repeat;
	bool exec, memory;
};

static void die(const char *what, int r, const struct lab_err *err)
{
	(void)fprintf(stderr, "engine: %s: %s\n", what, err && err->code ? err->msg : strerror(-r));
	exit(1);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void add_iface(struct lab_topo *topo, size_t host, unsigned int id, unsigned int label)
{
	struct lab_iface *iface;
	struct lab_err err = { 0 };
	char id_text[ID_LEN], label_text[ID_LEN];
	int r;

	(void)snprintf(id_text, sizeof(id_text), "%u", id);
	(void)snprintf(label_text, sizeof(label_text), "n%u", label);
	r = lab_topo_add_iface(topo, host, id_text, label_text, NULL, &iface, &err);
	if (r < 0)
		die("interface", r, &err);
	iface->auto_addrs = true;
}

static struct lab_topo *make_topo(const char *kind, unsigned int n)
{
	struct lab_topo *topo;
	struct lab_err err = { 0 };
	int r = lab_topo_new("bench", &topo);

	for (unsigned int i = 0; i < n && r == 0; i++) {
		char id[ID_LEN];
		size_t host;

		(void)snprintf(id, sizeof(id), "h%u", i);
		r = lab_topo_add_host(topo, id, NULL, &host, &err);
		if (r < 0)
			break;
		if (strcmp(kind, "star") == 0) {
			add_iface(topo, host, 0, 0);
		} else if (strcmp(kind, "pair") == 0) {
			add_iface(topo, host, 0, i / 2);
		} else {
			add_iface(topo, host, 0, i);
			add_iface(topo, host, 1, (i + 1) % n);
		}
	}
	if (r == 0)
		r = lab_topo_finish(topo, NULL, NULL, &err);
	if (r < 0)
		die("topology", r, &err);
	return topo;
}

/* What the kernel and the processes hold; MemAvailable is an estimate and moves by more than a host needs. */
static uint64_t mem_used_kib(void)
{
	static const char *const parts[] = { "Slab:",   "KernelStack:", "PageTables:",
					     "Percpu:", "AnonPages:",   "Shmem:" };
	cleanup_file FILE *f = fopen("/proc/meminfo", "re");
	uint64_t kib, sum = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f)) {
		char *save = NULL, *name = strtok_r(line, " ", &save);
		const char *value = strtok_r(NULL, " ", &save);

		for (size_t i = 0; name && value && i < LAB_ARRAY_SIZE(parts); i++)
			if (strcmp(name, parts[i]) == 0 &&
			    lab_parse_u64(value, 0, UINT64_MAX, &kib) == 0)
				sum += kib;
	}
	return sum;
}

/**
 * struct wave - commands that run at once
 * @left:	how many have not ended
 * @bad:	how many did not exit with 0
 */
struct wave {
	size_t left, bad;
};

static void on_done(struct lab_job *job, const struct lab_job_result *result, void *user)
{
	struct wave *wave = user;

	(void)job;
	wave->left--;
	if (result->error || !result->exited || result->status)
		wave->bad++;
}

static double run_true(struct lab_loop *loop, struct lab_client *c, size_t first, size_t n)
{
	static const char *const argv[] = { "/bin/true", NULL };
	static const struct lab_job_ops ops = { .done = on_done };
	uint64_t start = lab_loop_now_us();
	struct wave wave = { .left = n };
	struct lab_err err = { 0 };
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		char id[ID_LEN];
		struct lab_exec exec = { .host = id, .argv = argv, .stdio = LAB_STDIO_STREAMS };

		(void)snprintf(id, sizeof(id), "h%zu", first + i);
		r = lab_client_exec(c, &exec, &ops, &wave, NULL, &err);
		if (r < 0)
			die("exec", r, &err);
	}
	while (wave.left && r >= 0)
		r = lab_loop_step(loop, 60000);
	if (wave.bad || wave.left)
		die("a command failed", -EIO, NULL);
	return (double)(lab_loop_now_us() - start) / 1000;
}

/* The floor of a command: the same program, started and waited for by this process. */
static double spawn_true(size_t n)
{
	char program[] = "/bin/true", *argv[] = { program, NULL }, *env[] = { NULL };
	uint64_t start = lab_loop_now_us();
	pid_t pid;

	for (size_t i = 0; i < n; i++)
		if (posix_spawn(&pid, program, NULL, NULL, argv, env) != 0)
			die("posix_spawn", -EIO, NULL);
	for (size_t i = 0; i < n; i++)
		if (waitpid(-1, NULL, __WALL) < 0)
			die("waitpid", -errno, NULL);
	return (double)(lab_loop_now_us() - start) / 1000;
}

static void measure_exec(struct lab_loop *loop, struct lab_client *c, unsigned int n,
			 struct sample *s)
{
	double rtt[RTT_ROUNDS];

	for (size_t i = 0; i < RTT_ROUNDS; i++)
		rtt[i] = run_true(loop, c, 0, 1);
	s->rtt_ms = median(rtt, RTT_ROUNDS);
	for (size_t i = 0; i < RTT_ROUNDS; i++)
		rtt[i] = spawn_true(1);
	s->spawn_ms = median(rtt, RTT_ROUNDS);
	s->spawn_all_ms = spawn_true(n);
	s->all_ms = run_true(loop, c, 0, n);
}

static struct sample measure(const struct lab_plan *plan, const struct options *o)
{
	struct lab_loop *loop;
	struct lab_client *c;
	struct lab_err err = { 0 };
	struct sample s = { 0 };
	char name[ID_LEN];
	struct lab_up_params params = { .name = name, .leash = true };
	uint64_t before, start;
	int r = lab_loop_new(&loop);

	if (r < 0)
		die("loop", r, NULL);
	(void)snprintf(name, sizeof(name), "bench-%d", (int)getpid());
	before = o->memory ? mem_used_kib() : 0;
	r = lab_up(loop, plan, &params, &c, &s.timing, &err);
	if (r < 0)
		die("up", r, &err);
	s.up_ms = (double)s.timing.total_us / 1000;
	if (o->memory)
		s.kib_per_host = ((double)mem_used_kib() - (double)before) / o->n;
	if (o->exec)
		measure_exec(loop, c, o->n, &s);
	start = lab_loop_now_us();
	r = lab_client_down(c, &err);
	if (r < 0)
		die("down", r, &err);
	s.down_ms = (double)(lab_loop_now_us() - start) / 1000;
	lab_client_free(c);
	lab_loop_free(loop);
	return s;
}

static double column(const struct sample *samples, size_t n, size_t offset)
{
	double values[REPEAT_MAX] = { 0 };

	for (size_t i = 0; i < n; i++)
		memcpy(&values[i], (const char *)&samples[i] + offset, sizeof(double));
	return median(values, n);
}

static int usage(void)
{
	(void)fprintf(stderr,
		      "usage: engine pair|ring|star HOSTS [--repeat N] [--exec] [--memory]\n");
	return 2;
}

static bool parse(int argc, char **argv, struct options *o)
{
	*o = (struct options){ .repeat = 5 };
	if (argc < 3 || lab_parse_uint(argv[2], 2, HOSTS_MAX, &o->n) < 0)
		return false;
	o->kind = argv[1];
	for (int i = 3; i < argc; i++) {
		if (strcmp(argv[i], "--exec") == 0)
			o->exec = true;
		else if (strcmp(argv[i], "--memory") == 0)
			o->memory = true;
		else if (strcmp(argv[i], "--repeat") != 0 || ++i >= argc ||
			 lab_parse_uint(argv[i], 1, REPEAT_MAX, &o->repeat) < 0)
			return false;
	}
	return strcmp(o->kind, "pair") == 0 || strcmp(o->kind, "ring") == 0 ||
	       strcmp(o->kind, "star") == 0;
}

int main(int argc, char **argv)
{
	static struct sample samples[REPEAT_MAX];
	struct lab_plan *plan;
	struct lab_topo *topo;
	struct options o;
	int r;

	if (!parse(argc, argv, &o))
		return usage();
	topo = make_topo(o.kind, o.n);
	r = lab_plan_new(topo, &plan);
	if (r < 0)
		die("plan", r, NULL);
	for (unsigned int i = 0; i < o.repeat; i++)
		samples[i] = measure(plan, &o);
	(void)printf("{\"kind\":\"%s\",\"hosts\":%u,\"repeat\":%u,\"up_ms\":%.3f,\"down_ms\":%.3f",
		     o.kind, o.n, o.repeat,
		     column(samples, o.repeat, offsetof(struct sample, up_ms)),
		     column(samples, o.repeat, offsetof(struct sample, down_ms)));
	(void)printf(",\"phases_ms\":{");
	for (enum lab_phase p = 0; p < LAB_PHASE_MAX_; p++)
		(void)printf("%s\"%s\":%.3f", p ? "," : "", lab_phase_name(p),
			     (double)samples[o.repeat - 1].timing.phase_us[p] / 1000);
	(void)printf("}");
	if (o.exec)
		(void)printf(
			",\"exec_rtt_ms\":%.3f,\"exec_all_ms\":%.3f,\"spawn_ms\":%.3f,\"spawn_all_ms\":%.3f",
			column(samples, o.repeat, offsetof(struct sample, rtt_ms)),
			column(samples, o.repeat, offsetof(struct sample, all_ms)),
			column(samples, o.repeat, offsetof(struct sample, spawn_ms)),
			column(samples, o.repeat, offsetof(struct sample, spawn_all_ms)));
	if (o.memory)
		(void)printf(",\"kib_per_host\":%.1f",
			     column(samples, o.repeat, offsetof(struct sample, kib_per_host)));
	(void)printf("}\n");
	lab_plan_free(plan);
	lab_topo_free(topo);
	return 0;
}
