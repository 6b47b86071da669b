/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netperf.c - module: throughput and transactions between two hosts, measured by netperf */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "slave-image/modules/module.h"
#include "slave-image/modules/netperf.h"
#include "slave-image/modules/parse.h"
#include "slave-image/modules/tool.h"

#define PACKAGE "netperf (in Debian's section non-free)"

static const char about[] = {
	MOD_NEEDS("netperf", PACKAGE) MOD_NEEDS("netserver", PACKAGE) MOD_SAYS_READY MOD_OPTION(
		"role needed") MOD_OPTION("netperf_server needed role=client") MOD_OPTION("bind")
		MOD_OPTION("port") MOD_OPTION("duration") MOD_OPTION("testname") MOD_OPTION(
			"testoptions") MOD_OPTION("netperf_opts") MOD_OPTION("confidence")
			MOD_OPTION("cpu_util") MOD_OPTION("num_parallel") MOD_OPTION("runs")
				MOD_OPTION("msg_size") MOD_OPTION("threshold")
					MOD_OPTION("threshold_deviation")
						MOD_OPTION("max_deviation") MOD_OPTION("debug")
};

enum {
	ARGS_MAX = 96,
	STREAMS_MAX = 256,
	RUNS_MAX = 1000,
	TEXT_MAX = 1 << 20, /* bytes that one netperf may print */
	CONNECT_MAX_S = 10, /* for the server to open its socket */
	CONNECT_STEP_MS = 50,
};

/* Arguments of a program; each is our own. */
struct args {
	char *v[ARGS_MAX];
	size_t n;
	bool failed;
};

/* What is measured and judged. */
struct test {
	const char *name;
	double streams, runs, debug;
	double threshold, threshold_deviation; /* threshold < 0: none */
	double max_deviation;                  /* < 0: none */
	bool max_is_percent, confidence;
	struct args args;
};

static void add(struct args *a, const char *s)
{
	if (a->n == ARGS_MAX - 1) {
		a->failed = true;
		return;
	}
	a->v[a->n] = strdup(s);
	if (a->v[a->n])
		a->n++;
	else
		a->failed = true;
}

static void add_option(struct args *a, const char *name, const char *value)
{
	if (!value)
		return;
	add(a, name);
	add(a, value);
}

/* An address without its prefix length. */
static void add_address(struct args *a, const char *name, const char *value)
{
	cleanup_free char *addr = value ? strndup(value, strcspn(value, "/")) : NULL;

	if (value && !addr)
		a->failed = true;
	else
		add_option(a, name, addr);
}

static bool add_split(struct mod *m, struct args *a, const char *name)
{
	const char *s = mod_option(m, name);

	if (!s || mod_split(s, a->v, ARGS_MAX - 1, &a->n))
		return true;
	(void)mod_bad_option(m, "option %s: \"%.64s\" cannot be split into arguments", name, s);
	return false;
}

static bool have_args(struct mod *m, const struct args *a)
{
	if (a->failed)
		(void)mod_verdict(m, MOD_ERROR, "too many arguments, or out of memory");
	return !a->failed;
}

static void free_args(struct args *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		free(a->v[i]);
}

/* --- server --- */

struct server {
	bool ready;
	char last[256];
};

static void server_line(const char *line, bool is_err, void *user)
{
	struct server *s = user;

	(void)is_err;
	if (*line)
		(void)snprintf(s->last, sizeof(s->last), "%s", line);
	/* It opens its sockets first, and says this of each. */
	if (!s->ready && strncmp(line, "Starting netserver", strlen("Starting netserver")) == 0) {
		s->ready = true;
		mod_ready(true);
	}
}

static bool server_args(struct mod *m, struct args *a)
{
	add(a, "netserver");
	add(a, "-D");
	/* No files in /tmp about its clients. */
	add(a, "-N");
	add_address(a, "-L", mod_option(m, "bind"));
	add_option(a, "-p", mod_option(m, "port"));
	return add_split(m, a, "netperf_opts");
}

static enum mod_verdict run_server(struct mod *m)
{
	struct server s = { .last = "no output" };
	struct args a = { .n = 0 };
	struct mod_tool tool = { .argv = a.v, .package = PACKAGE, .line = server_line, .user = &s };
	enum mod_verdict v;
	int status;

	if (!server_args(m, &a))
		v = MOD_FAIL;
	else if (!have_args(m, &a) || !mod_tool_run(m, &tool, &status))
		v = MOD_ERROR;
	else if (mod_interrupted())
		v = mod_verdict(m, MOD_PASS, "server has ended");
	else
		v = mod_verdict(m, MOD_FAIL, "server failed: %s", s.last);
	free_args(&a);
	return v;
}

/* --- one netperf of several at once --- */

/* A child of ours that runs one, and the file that it leaves: what was printed, or why it failed. */
struct stream {
	pid_t pid;
	int fd;
};

struct output {
	int fd;
	size_t len;
	char out[256], err[256]; /* the first line of each */
};

static void client_line(const char *line, bool is_err, void *user)
{
	struct output *o = user;
	char *first = is_err ? o->err : o->out;
	size_t n = strlen(line);

	if (!*first)
		(void)snprintf(first, sizeof(o->out), "%s", line);
	if (is_err || n >= TEXT_MAX - o->len)
		return;
	if (dprintf(o->fd, "%s\n", line) > 0)
		o->len += n + 1;
}

/* Why it failed: it says some things on one, some on the other output. */
static const char *reason(const struct output *o)
{
	if (o->err[0])
		return o->err;
	return o->out[0] ? o->out : "netperf does not say why";
}

static void empty(struct output *o)
{
	o->len = 0;
	o->out[0] = o->err[0] = '\0';
	if (ftruncate(o->fd, 0) == 0)
		(void)lseek(o->fd, 0, SEEK_SET);
}

static long long now_ms(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/*
 * Run netperf until it got through to the server. Nothing tells of a port that opens elsewhere, so there is no event to
 * wait for.
 */
static enum mod_verdict run_stream(struct mod *m, const struct mod_tool *tool)
{
	long long end_ms = now_ms() + (long long)CONNECT_MAX_S * 1000;
	struct output *o = tool->user;
	char why[256];
	int status;

	for (;;) {
		empty(o);
		if (!mod_tool_run(m, tool, &status)) {
			(void)dprintf(o->fd, "%s", m->message);
			return MOD_ERROR;
		}
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			return MOD_PASS;
		if (strncmp(reason(o), "establish", strlen("establish")) != 0 ||
		    mod_interrupted() || now_ms() >= end_ms)
			break;
		(void)poll(NULL, 0, CONNECT_STEP_MS);
	}
	(void)snprintf(why, sizeof(why), "%s", reason(o));
	empty(o);
	(void)dprintf(o->fd, "%s", why);
	return MOD_FAIL;
}

static bool start_stream(struct mod *m, const struct test *t, struct stream *s)
{
	struct output o = { .fd = -1 };
	struct mod_tool tool = {
		.argv = t->args.v, .package = PACKAGE, .line = client_line, .user = &o
	};

	s->fd = memfd_create("netperf", MFD_CLOEXEC);
	if (s->fd < 0)
		return false;
	o.fd = s->fd;
	s->pid = fork();
	if (s->pid == 0)
		_exit((int)run_stream(m, &tool));
	return s->pid > 0;
}

/* The text that it left; freed by the caller. */
static char *stream_text(const struct stream *s)
{
	char *text = malloc(TEXT_MAX + 1);
	ssize_t n = text ? pread(s->fd, text, TEXT_MAX, 0) : -1;

	if (n < 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	return text;
}

static enum mod_verdict end_stream(struct stream *s)
{
	int status = 0;
	pid_t pid;

	do
		pid = waitpid(s->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	return pid > 0 && WIFEXITED(status) ? (enum mod_verdict)WEXITSTATUS(status) : MOD_ERROR;
}

/* --- the client --- */

/* Add one of several at once; the use of processors is that of the whole machine, so it is not added. */
static void sum_up(struct mod_netperf *sum, const struct mod_netperf *r, bool first)
{
	double rate = sum->rate;

	if (first) {
		*sum = *r;
		return;
	}
	sum->rate = rate + r->rate;
	sum->has_confidence = false;
}

/* All streams of one run, at once. */
static enum mod_verdict run_once(struct mod *m, const struct test *t, struct mod_netperf *ret)
{
	cleanup_free struct stream *s = calloc((size_t)t->streams, sizeof(*s));
	size_t n, i, streams = (size_t)t->streams;
	enum mod_verdict all = MOD_PASS, v;
	struct mod_netperf r;
	bool first = true;

	if (!s)
		return mod_verdict(m, MOD_ERROR, "out of memory");
	for (n = 0; n < streams && start_stream(m, t, &s[n]); n++)
		;
	if (n < streams) {
		all = mod_verdict(m, MOD_ERROR, "cannot start: %s [%s]", strerror(errno),
				  strerrorname_np(errno));
		close_fd(&s[n].fd);
		for (i = 0; i < n; i++)
			(void)kill(s[i].pid, SIGINT);
	}
	for (i = 0; i < n; i++) {
		cleanup_free char *text = NULL;

		v = end_stream(&s[i]);
		text = stream_text(&s[i]);
		close_fd(&s[i].fd);
		if (v == MOD_PASS && text) {
			mod_parse_netperf(text, t->name, &r);
			sum_up(ret, &r, first);
			first = false;
		} else if (all == MOD_PASS) {
			all = v == MOD_PASS ? MOD_ERROR : v;
			(void)mod_verdict(m, all, "%s%s",
					  all == MOD_FAIL ? "Could not get performance throughput! "
							  : "",
					  text && *text ? text : "netperf did not run");
		}
	}
	return all;
}

static void set_result(json_t *o, const struct mod_netperf *r)
{
	(void)json_object_set_new(o, "rate", json_real(r->rate));
	if (r->local_cpu >= 0)
		(void)json_object_set_new(o, "LOCAL_CPU_UTIL", json_real(r->local_cpu));
	if (r->remote_cpu >= 0)
		(void)json_object_set_new(o, "REMOTE_CPU_UTIL", json_real(r->remote_cpu));
	if (r->has_confidence)
		(void)json_object_set_new(o, "confidence",
					  json_pack("[f,f]", r->level, r->half_width));
}

/* Rates in one unit, as text. */
struct pretty {
	const char *unit;
	double size;
};

static struct pretty pretty(const struct test *t, double rate)
{
	struct pretty p;

	p.unit = mod_netperf_unit(rate, t->name, &p.size);
	return p;
}

static enum mod_verdict judge(struct mod *m, const struct test *t, double rate, double deviation)
{
	struct pretty p = pretty(t, rate), q = pretty(t, t->threshold);
	char measured[128], limit[128];
	bool low;

	(void)snprintf(measured, sizeof(measured), "%.2f +-%.2f %s", rate / p.size,
		       deviation / p.size, p.unit);
	if (rate <= 0)
		return mod_verdict(m, MOD_FAIL, "Measured rate was %s", measured);
	if (t->max_deviation >= 0 &&
	    (t->max_is_percent ? deviation / rate * 100 : deviation) > t->max_deviation) {
		q = t->max_is_percent ? (struct pretty){ "%", 1 } : pretty(t, t->max_deviation);
		return mod_verdict(m, MOD_FAIL,
				   "Measured rate %s has bigger deviation than allowed (+-%.2f %s)",
				   measured, t->max_deviation / q.size, q.unit);
	}
	if (t->threshold < 0)
		return mod_verdict(m, MOD_PASS, "Measured rate was %s", measured);
	(void)snprintf(limit, sizeof(limit), "%.2f +-%.2f %s", t->threshold / q.size,
		       t->threshold_deviation / q.size, q.unit);
	low = t->threshold - t->threshold_deviation > rate + deviation;
	return mod_verdict(m, low ? MOD_FAIL : MOD_PASS, "Measured rate %s is %s than threshold %s",
			   measured, low ? "lower" : "higher", limit);
}

/* How far the true rate may be from the measured one. */
static double spread(struct mod *m, const struct test *t, const double *rates, size_t n,
		     const struct mod_netperf *last)
{
	double d;

	if (n > 1) {
		/* Twice that has 95 of 100 of a normal distribution. */
		d = mod_deviation(rates, n);
		mod_real_data(m, "std_deviation", d);
		return 2 * d;
	}
	return t->confidence && last->has_confidence ? last->rate * last->half_width / 100 : 0;
}

static enum mod_verdict measure(struct mod *m, const struct test *t)
{
	size_t runs = (size_t)t->runs, i, n = 0;
	cleanup_free double *rates = calloc(runs, sizeof(*rates));
	cleanup_json json_t *results = json_array();
	enum mod_verdict all = MOD_PASS, v;
	double rate = 0, deviation;
	struct mod_netperf r, last = { .rate = 0 };
	json_t *o;

	if (!rates || !results)
		return mod_verdict(m, MOD_ERROR, "out of memory");
	for (i = 0; i < runs && all != MOD_ERROR && !mod_interrupted(); i++) {
		v = run_once(m, t, &r);
		all = LAB_MAX(all, v);
		if (v != MOD_PASS)
			continue;
		o = json_object();
		set_result(o, &r);
		(void)json_array_append_new(results, o);
		rates[n++] = r.rate;
		last = r;
	}
	if (all == MOD_ERROR)
		return all;
	for (i = 0; i < n; i++)
		rate += rates[i] / (double)n;
	mod_string_data(m, "testname", t->name);
	mod_string_data(m, "unit", mod_netperf_counts(t->name) ? "tps" : "bps");
	if (n > 1)
		(void)json_object_set(m->data, "results", results);
	else if (n == 1)
		set_result(m->data, &last);
	deviation = n ? spread(m, t, rates, n, &last) : 0;
	mod_real_data(m, "rate", rate);
	mod_real_data(m, "rate_deviation", deviation);
	return all == MOD_PASS ? judge(m, t, rate, deviation) : all;
}

/* --- its options --- */

static bool whole(struct mod *m, const char *name, double min, double max, double *ret)
{
	if (!mod_number(m, name, ret))
		return false;
	if (*ret >= min && *ret <= max && *ret == (double)(long)*ret)
		return true;
	(void)mod_bad_option(m, "option %s: must be a whole number from %.0f to %.0f", name, min,
			     max);
	return false;
}

static bool rate_option(struct mod *m, const char *name, const char *test, double *ret)
{
	const char *s = mod_option(m, name);

	if (!s || mod_netperf_rate(s, test, ret))
		return true;
	(void)mod_bad_option(m, "option %s: \"%.64s\" is not a rate of %.64s, like \"%s\"", name, s,
			     test, mod_netperf_counts(test) ? "100 Trans/sec" : "10 mbits/sec");
	return false;
}

static bool max_deviation_option(struct mod *m, struct test *t)
{
	const char *s = mod_option(m, "max_deviation"), *end;

	if (!s)
		return true;
	t->max_is_percent = mod_parse_number(s, &end, &t->max_deviation) &&
			    end[strspn(end, " \t")] == '%';
	return t->max_is_percent || rate_option(m, "max_deviation", t->name, &t->max_deviation);
}

static bool read_test(struct mod *m, struct test *t)
{
	const char *name = mod_option(m, "testname");

	if (name)
		t->name = name;
	t->confidence = mod_option(m, "confidence");
	return whole(m, "num_parallel", 1, STREAMS_MAX, &t->streams) &&
	       whole(m, "runs", 1, RUNS_MAX, &t->runs) && whole(m, "debug", 0, 9, &t->debug) &&
	       rate_option(m, "threshold", t->name, &t->threshold) &&
	       rate_option(m, "threshold_deviation", t->name, &t->threshold_deviation) &&
	       max_deviation_option(m, t);
}

/* netperf itself repeats a single stream until it is sure enough, or as often as we would have. */
static void add_confidence(struct mod *m, struct test *t)
{
	char runs[32];

	if (!t->confidence || t->streams > 1)
		return;
	add_option(&t->args, "-I", mod_option(m, "confidence"));
	if (t->runs < 3)
		return;
	(void)snprintf(runs, sizeof(runs), "%.0f,%.0f", t->runs, t->runs);
	add_option(&t->args, "-i", runs);
	t->runs = 1;
}

static void add_cpu_util(struct mod *m, struct args *a)
{
	const char *s = mod_option(m, "cpu_util");
	bool both = s && strcasecmp(s, "both") == 0;

	if (both || (s && strcasecmp(s, "local") == 0))
		add(a, "-c");
	if (both || (s && strcasecmp(s, "remote") == 0))
		add(a, "-C");
}

/* What netperf is told; what only the test is told stands behind "--". */
static bool client_args(struct mod *m, struct test *t, const char *server)
{
	bool omni = mod_netperf_omni(t->name);
	struct args *a = &t->args;
	int i;

	add(a, "netperf");
	add_address(a, "-H", server);
	add_option(a, "-f", mod_netperf_counts(t->name) ? "x" : "k");
	if (omni)
		add_option(a, "-P", "0");
	add_address(a, "-L", mod_option(m, "bind"));
	add_option(a, "-p", mod_option(m, "port"));
	add_option(a, "-l", mod_option(m, "duration"));
	add_option(a, "-t", t->name);
	add_confidence(m, t);
	add_cpu_util(m, a);
	for (i = 0; i < (int)t->debug; i++)
		add(a, "-d");
	if (!add_split(m, a, "netperf_opts"))
		return false;
	if (t->streams > 1)
		add_option(a, "-s", "1"); /* seconds, so that all of them have begun */
	if (omni || mod_option(m, "testoptions") || mod_option(m, "msg_size"))
		add(a, "--");
	if (omni)
		add_option(a, "-k",
			   "THROUGHPUT,THROUGHPUT_UNITS,LOCAL_CPU_UTIL,REMOTE_CPU_UTIL,"
			   "CONFIDENCE_LEVEL,THROUGHPUT_CONFID,LOCAL_SEND_SIZE,REMOTE_RECV_SIZE,"
			   "LOCAL_SEND_THROUGHPUT,REMOTE_RECV_THROUGHPUT,LOCAL_CPU_PEAK_UTIL,"
			   "REMOTE_CPU_PEAK_UTIL");
	if (!add_split(m, a, "testoptions"))
		return false;
	add_option(a, "-m", mod_option(m, "msg_size"));
	return true;
}

static enum mod_verdict run_client(struct mod *m)
{
	struct test t = {
		.name = "TCP_STREAM", .streams = 1, .runs = 1, .threshold = -1, .max_deviation = -1
	};
	const char *server;
	enum mod_verdict v;

	if (!mod_need(m, "netperf_server", &server) || !read_test(m, &t))
		return MOD_FAIL;
	if (!client_args(m, &t, server))
		v = MOD_FAIL;
	else
		v = have_args(m, &t.args) ? measure(m, &t) : MOD_ERROR;
	free_args(&t.args);
	return v;
}

static enum mod_verdict run(struct mod *m)
{
	return mod_by_role(m, run_server, run_client);
}

int main(int argc, char **argv)
{
	(void)argv;
	return mod_main(argc, about, run);
}
