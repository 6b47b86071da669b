/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capture.c - packet captures of a lab's interfaces while its tasks run */
#include "controller/run/capture.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/base/parse.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"

enum {
	START_US = 30 * 1000 * 1000,
	STOP_US = 10 * 1000 * 1000,
	KILL_US = 5 * 1000 * 1000,
	WORDS_MAX = 4096, /* bytes of what a tcpdump says of itself that are kept */
};

/**
 * struct tap - the capture of one interface
 * @capture:	back pointer
 * @host:	id (borrowed from the topology)
 * @name:	of the interface, in the host (borrowed)
 * @netns:	further namespace of the host that it is in (borrowed); NULL = the host's own
 * @path:	file
 * @words_fd:	read end of the pipe that is its standard error, or -1
 * @words_src:	source of @words_fd
 * @words:	what it said
 * @job:	while it runs
 * @listening:	it captures
 * @ended:	it has ended, or was never started
 */
struct tap {
	struct ctl_capture *capture;
	const char *host, *name, *netns;
	char *path;
	int words_fd;
	struct lab_source *words_src;
	struct lab_strbuf words;
	struct lab_job *job;
	bool listening, ended;
};

struct ctl_capture {
	struct ctl_capture_params params;
	struct lab_file program;
	char *dir;
	struct tap *taps;
	size_t n_taps, n_open; /* all, and those that have not ended */
	size_t n_waiting;      /* those that neither listen nor have ended */
};

static void note(const struct ctl_capture *c, const struct tap *tap, const char *text)
{
	char line[512];

	if (!c->params.note)
		return;
	(void)snprintf(line, sizeof(line), "host %s: %s is not captured: %.300s", tap->host,
		       tap->name, text);
	c->params.note(line, c->params.user);
}

/* ---- one interface ---- */

static void tap_settled(struct tap *tap)
{
	if (!tap->listening && !tap->ended)
		tap->capture->n_waiting--;
}

/* Take what is in the pipe; false when there is no more for now, or for good. */
static bool take_words(struct tap *tap)
{
	char buf[512];
	ssize_t n = read(tap->words_fd, buf, sizeof(buf));

	if (n == 0) {
		lab_source_free(tap->words_src);
		tap->words_src = NULL;
	}
	if (n <= 0)
		return false;
	if (tap->words.len < WORDS_MAX)
		lab_strbuf_add(&tap->words, buf, (size_t)n);
	if (strstr(lab_strbuf_str(&tap->words), "listening on ")) {
		tap_settled(tap);
		tap->listening = true;
	}
	return true;
}

static void on_words(struct lab_source *src LAB_UNUSED, int fd LAB_UNUSED,
		     uint32_t events LAB_UNUSED, void *user)
{
	(void)take_words(user);
}

static void on_done(struct lab_job *job LAB_UNUSED, const struct lab_job_result *result, void *user)
{
	struct tap *tap = user;

	tap->job = NULL;
	if (tap->ended)
		return;
	if (result->error && !tap->words.len)
		lab_strbuf_puts(&tap->words, result->err.msg);
	tap_settled(tap);
	tap->ended = true;
	tap->capture->n_open--;
}

static const struct lab_job_ops tap_ops = { .done = on_done };

static int tap_exec(struct ctl_capture *c, struct tap *tap, int file, int words,
		    struct lab_err *err)
{
	cleanup_close int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const char *const argv[] = { "Capture", tap->name, NULL };
	struct lab_exec exec = {
		.host = tap->host,
		.netns = tap->netns,
		.argv = argv,
		.file = c->program.digest,
		.stdio = LAB_STDIO_FDS,
		.fds = { null, file, words },
	};

	if (null < 0)
		return lab_err_errno(err, errno, "open /dev/null");
	return lab_client_exec(c->params.client, &exec, &tap_ops, tap, &tap->job, err);
}

static int tap_start(struct ctl_capture *c, struct tap *tap, struct lab_err *err)
{
	cleanup_close int file = -1, words = -1;
	int pipe_fds[2], r;

	file = open(tap->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (file < 0)
		return lab_err_errno(err, errno, "%s", tap->path);
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return lab_err_errno(err, errno, "pipe");
	tap->words_fd = pipe_fds[0];
	words = pipe_fds[1];
	/* The other end is the tcpdump's and stays blocking. */
	if (fcntl(tap->words_fd, F_SETFL, O_NONBLOCK) < 0)
		return lab_err_errno(err, errno, "fcntl");
	r = lab_loop_add_fd(c->params.loop, tap->words_fd, EPOLLIN, on_words, tap, &tap->words_src);
	if (r < 0)
		return lab_err_errno(err, -r, "watch a capture");
	r = tap_exec(c, tap, file, words, err);
	if (r < 0)
		return lab_err_prefix(err, r, "host %s: capture of %s: ", tap->host, tap->name);
	tap->ended = false;
	c->n_open++;
	c->n_waiting++;
	return 0;
}

static void tap_fini(struct tap *tap)
{
	lab_source_free(tap->words_src);
	close_fd(&tap->words_fd);
	lab_strbuf_fini(&tap->words);
	free(tap->path);
}

/* The last line of what it said about itself that tells why it ended. */
static void explain(const struct ctl_capture *c, const struct tap *tap)
{
	const char *text = lab_strbuf_str(&tap->words), *last = text, *line;
	char first[300];

	for (line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strcspn(line, "\n"))
			last = line;
	}
	(void)snprintf(first, sizeof(first), "%.*s", (int)LAB_MIN(strcspn(last, "\n"), (size_t)299),
		       last);
	note(c, tap, *first ? first : "it has ended at once");
}

/* "12 packets captured", "3 packets dropped by kernel" */
static uint64_t count_in(const struct tap *tap, const char *what)
{
	const char *text = lab_strbuf_str(&tap->words), *found = strstr(text, what), *start = found;
	char number[24];
	uint64_t n = 0;

	while (start && start > text && start[-1] >= '0' && start[-1] <= '9')
		start--;
	if (!found || start == found || (size_t)(found - start) >= sizeof(number))
		return 0;
	(void)snprintf(number, sizeof(number), "%.*s", (int)(found - start), start);
	(void)lab_parse_u64(number, 0, UINT64_MAX, &n);
	return n;
}

/* ---- all of them ---- */

static void on_time(struct lab_source *src LAB_UNUSED, void *user)
{
	*(bool *)user = true;
}

/* Turn the loop until a count is 0; false when the time was over first, or somebody does not want to wait. */
static bool wait_for(struct ctl_capture *c, const size_t *count, uint64_t us, const bool *cancel)
{
	struct lab_source *timer = NULL;
	bool over = false;
	int r;

	r = lab_loop_add_timer(c->params.loop, us, on_time, &over, &timer);
	while (r >= 0 && *count && !over && !(cancel && *cancel))
		r = lab_loop_step(c->params.loop, -1);
	lab_source_free(timer);
	return *count == 0;
}

int ctl_capture_dir(const char *dir, struct lab_err *err)
{
	cleanup_close int fd = -1;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return lab_err_errno(err, errno, "--packet-capture: %s cannot be made", dir);
	/* A file without a name: it is gone when it is closed. Some file systems have none, and say so. */
	fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 && errno != EOPNOTSUPP && errno != EISDIR)
		return lab_err_errno(err, errno, "--packet-capture: %s", dir);
	return 0;
}

/* File names come from ids and names of interfaces and namespaces, in which a '/' cannot be. */
static bool is_file_name(const char *s)
{
	return s && !strchr(s, '/');
}

static bool is_taken(const struct ctl_capture *c, const char *path)
{
	size_t i;

	for (i = 0; i + 1 < c->n_taps; i++) {
		if (strcmp(c->taps[i].path, path) == 0)
			return true;
	}
	return false;
}

/* The file of the last one. Names may hold a '-', so two interfaces can come to one name: the later gets a number. */
static int name_file(struct ctl_capture *c, struct tap *tap)
{
	unsigned int number;

	for (number = 1; !tap->path || is_taken(c, tap->path); number++) {
		char more[16] = "";

		if (number > 1)
			(void)snprintf(more, sizeof(more), ".%u", number);
		free(tap->path);
		if (asprintf(&tap->path, "%s/%s-%s%s%s%s.pcap", c->dir, tap->host,
			     tap->netns ? tap->netns : "", tap->netns ? "-" : "", tap->name,
			     more) < 0) {
			tap->path = NULL;
			return -ENOMEM;
		}
	}
	return 0;
}

static int add_tap(struct ctl_capture *c, json_t *host, json_t *iface, struct lab_err *err)
{
	struct tap *tap = &c->taps[c->n_taps];

	*tap = (struct tap){ .capture = c, .words_fd = -1, .ended = true };
	tap->host = json_string_value(json_object_get(host, "id"));
	tap->name = json_string_value(json_object_get(iface, "name"));
	tap->netns = json_string_value(json_object_get(iface, "netns"));
	if (!is_file_name(tap->host) || !is_file_name(tap->name) ||
	    (tap->netns && !is_file_name(tap->netns)))
		return 0;
	c->n_taps++;
	return name_file(c, tap) < 0 ? lab_err_errno(err, ENOMEM, "captures") : 0;
}

static int list_taps(struct ctl_capture *c, struct lab_err *err)
{
	json_t *host, *iface;
	size_t h, i, n = 0;
	int r;

	json_array_foreach(json_object_get(c->params.topology, "hosts"), h, host)
		n += json_array_size(json_object_get(host, "interfaces"));
	c->taps = calloc(n + 1, sizeof(*c->taps));
	if (!c->taps)
		return lab_err_errno(err, ENOMEM, "captures");
	json_array_foreach(json_object_get(c->params.topology, "hosts"), h, host) {
		json_array_foreach(json_object_get(host, "interfaces"), i, iface) {
			r = add_tap(c, host, iface, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int sync_hosts(struct ctl_capture *c, struct lab_err *err)
{
	const char *before = "";
	size_t i;
	int r;

	c->program.path = c->params.program;
	c->program.name = "Capture";
	r = lab_file_digest(&c->program, err);
	for (i = 0; i < c->n_taps && r == 0; i++) {
		if (strcmp(before, c->taps[i].host) == 0)
			continue;
		before = c->taps[i].host;
		r = lab_client_sync(c->params.client, before, &c->program, 1, NULL, err);
		if (r < 0)
			r = lab_err_prefix(err, r, "host %s: ", before);
	}
	return r;
}

static int start_all(struct ctl_capture *c, struct lab_err *err)
{
	size_t i;
	int r;

	if (asprintf(&c->dir, "%s/%s", c->params.dir, c->params.lab) < 0) {
		c->dir = NULL;
		return lab_err_errno(err, ENOMEM, "captures");
	}
	if (mkdir(c->dir, 0755) < 0 && errno != EEXIST)
		return lab_err_errno(err, errno, "--packet-capture: %s cannot be made", c->dir);
	r = list_taps(c, err);
	if (r == 0)
		r = sync_hosts(c, err);
	for (i = 0; i < c->n_taps && r == 0; i++)
		r = tap_start(c, &c->taps[i], err);
	if (r < 0)
		return r;
	(void)wait_for(c, &c->n_waiting, START_US, c->params.cancel);
	if (c->params.cancel && *c->params.cancel)
		return lab_err_set(err, ECANCELED, "interrupted");
	for (i = 0; i < c->n_taps; i++) {
		if (!c->taps[i].listening)
			explain(c, &c->taps[i]);
	}
	return 0;
}

int ctl_capture_start(const struct ctl_capture_params *params, struct ctl_capture **ret,
		      struct lab_err *err)
{
	struct ctl_capture *c = calloc(1, sizeof(*c));
	struct ctl_capture_totals totals;
	int r;

	if (!c)
		return lab_err_errno(err, ENOMEM, "captures");
	c->params = *params;
	r = start_all(c, err);
	if (r < 0) {
		ctl_capture_stop(c, &totals);
		ctl_capture_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

static void signal_all(struct ctl_capture *c, int signo)
{
	for (size_t i = 0; i < c->n_taps; i++) {
		if (c->taps[i].job)
			(void)lab_job_signal(c->taps[i].job, signo);
	}
}

void ctl_capture_stop(struct ctl_capture *c, struct ctl_capture_totals *ret)
{
	size_t i;

	*ret = (struct ctl_capture_totals){ 0 };
	signal_all(c, SIGINT);
	if (!wait_for(c, &c->n_open, STOP_US, NULL)) {
		signal_all(c, SIGKILL);
		(void)wait_for(c, &c->n_open, KILL_US, NULL);
	}
	for (i = 0; i < c->n_taps; i++) {
		struct tap *tap = &c->taps[i];
		uint64_t dropped;

		/* Its last words are in the pipe when its end has been told. */
		while (tap->words_src && take_words(tap))
			;
		if (!tap->listening)
			continue;
		ret->n_files++;
		ret->n_packets += count_in(tap, " packets captured");
		dropped = count_in(tap, " packets dropped by kernel");
		if (dropped && c->params.note) {
			char text[256];

			(void)snprintf(text, sizeof(text),
				       "host %s: the capture of %s lacks %llu packets", tap->host,
				       tap->name, (unsigned long long)dropped);
			c->params.note(text, c->params.user);
		}
	}
}

void ctl_capture_free(struct ctl_capture *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_taps; i++)
		tap_fini(&c->taps[i]);
	free(c->taps);
	free(c->dir);
	free(c);
}
