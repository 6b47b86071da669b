/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_relay.c - unit tests of netlab/keeper/relay.c: a keeper between fake agents and fake clients, all in one loop */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlab/base/strbuf.h"
#include "netlab/keeper/host.h"
#include "netlab/keeper/keeper_internal.h"

enum {
	HOSTS = 2,
	CLIENTS = 2,
	ENDED = 42, /* exit status of a keeper that ended its lab */
	IDS_MAX = 64,
	CHUNK = 64 << 10,
	FLOOD = 20 << 20, /* more than the keeper queues for one side */
};

/**
 * struct end - a fake agent or client
 * @rpc:	its end of the connection; NULL when it is gone
 * @trace:	one line for each thing that came
 * @ids:	of the requests that came, in order
 * @n_ids:	how many
 * @flood:	bytes that came in long blocks, which are not traced
 * @fd:	last descriptor that came, or -1
 */
struct end {
	struct lab_rpc *rpc;
	struct lab_strbuf trace;
	uint64_t ids[IDS_MAX];
	size_t n_ids;
	uint64_t flood;
	int fd;
};

static struct {
	struct lab_keeper k;
	struct lab_khost hosts[HOSTS];
	struct lab_topo *topo;
	struct end agents[HOSTS], clients[CLIENTS];
} t;

void __wrap_lab_keeper_end(struct lab_keeper *k) __attribute__((noreturn));
void __wrap_lab_keeper_end(LAB_UNUSED struct lab_keeper *k)
{
	_exit(ENDED);
}

/* --- the ends --- */

static void add_json(struct lab_strbuf *sb, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);

	lab_strbuf_puts(sb, text ? text : "?");
	free(text);
}

static void note_fds(struct end *e, int *fds, unsigned int n)
{
	if (n)
		lab_strbuf_printf(&e->trace, " +%u", n);
	lab_strbuf_putc(&e->trace, '\n');
	if (n) {
		close_fd(&e->fd);
		e->fd = take_fd(&fds[0]);
	}
}

static void on_request(struct lab_rpc_req *req, void *user)
{
	struct end *e = user;

	if (req->id) {
		assert_true(e->n_ids < IDS_MAX);
		e->ids[e->n_ids++] = req->id;
	}
	lab_strbuf_printf(&e->trace, "%s%s ", req->id ? "" : "note ", req->method);
	add_json(&e->trace, req->params);
	note_fds(e, req->fds, req->n_fds);
}

static void on_block(LAB_UNUSED struct lab_rpc *rpc, uint32_t stream, const void *data, size_t len,
		     void *user)
{
	struct end *e = user;

	if (len > 64) {
		e->flood += len;
		return;
	}
	lab_strbuf_printf(&e->trace, "block %u %.*s\n", stream, (int)len, (const char *)data);
}

static void on_closed(LAB_UNUSED struct lab_rpc *rpc, LAB_UNUSED const struct lab_err *err,
		      void *user)
{
	struct end *e = user;

	lab_strbuf_puts(&e->trace, "closed\n");
}

static const struct lab_rpc_ops ops = { .request = on_request,
					.block = on_block,
					.closed = on_closed };

static void on_answer(LAB_UNUSED struct lab_rpc *rpc, json_t *result, const struct lab_err *err,
		      int *fds, unsigned int n_fds, void *user)
{
	struct end *e = user;

	if (err) {
		lab_strbuf_printf(&e->trace, "error %s: %s\n", lab_err_name(err->code), err->msg);
		return;
	}
	lab_strbuf_puts(&e->trace, "answer ");
	add_json(&e->trace, result);
	note_fds(e, fds, n_fds);
}

static void run(void)
{
	int r, turns = 0;

	while ((r = lab_loop_step(t.k.loop, 0)) > 0)
		assert_true(turns++ < 1000000);
	assert_int_equal(r, 0);
}

static void expect(struct end *e, const char *want)
{
	run();
	assert_string_equal(lab_strbuf_str(&e->trace), want);
	lab_strbuf_reset(&e->trace);
}

/* JSON with ' for ", so that it can be read here. */
static json_t *json(const char *text)
{
	char *copy = strdup(text);
	json_t *value;

	assert_non_null(copy);
	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	value = json_loads(copy, JSON_DECODE_ANY, NULL);
	if (!value)
		fail_msg("not JSON: %s", text);
	free(copy);
	return value;
}

static void call_fds(struct end *e, const char *method, const char *params, const int *fds,
		     unsigned int n)
{
	assert_int_equal(lab_rpc_call(e->rpc, method, json(params), fds, n, on_answer, e), 0);
	run();
}

static void call(struct end *e, const char *method, const char *params)
{
	call_fds(e, method, params, NULL, 0);
}

static void note(struct end *e, const char *method, const char *params)
{
	assert_int_equal(lab_rpc_notify(e->rpc, method, json(params), NULL, 0), 0);
	run();
}

static void answer(struct end *e, size_t request, const char *result)
{
	assert_true(request < e->n_ids);
	assert_int_equal(lab_rpc_reply(e->rpc, e->ids[request], json(result), NULL, 0), 0);
	run();
}

static void block(struct end *e, uint32_t stream, const char *text)
{
	assert_int_equal(lab_rpc_send_block(e->rpc, stream, text, strlen(text)), 0);
	run();
}

static void hang_up(struct end *e)
{
	lab_rpc_free(e->rpc);
	e->rpc = NULL;
	run();
}

/* Send more than the keeper is willing to hold; what is not taken stays in the queue of @e. */
static void flood(struct end *e, uint32_t stream)
{
	static const uint8_t zeros[CHUNK];

	for (size_t sent = 0; sent < FLOOD; sent += CHUNK)
		assert_int_equal(lab_rpc_send_block(e->rpc, stream, zeros, CHUNK), 0);
	run();
}

/* --- the lab --- */

static int connect_end(struct end *e)
{
	int sv[2];

	*e = (struct end){ .fd = -1 };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		return -1;
	assert_int_equal(lab_rpc_new(t.k.loop, sv[0], &ops, e, &e->rpc), 0);
	return sv[1];
}

static void make_topo(void)
{
	static const char *const ids[HOSTS] = { "h1", "h2" };
	struct lab_src src = { "ring.xml", 3, 5 };
	struct lab_iface *iface;
	size_t host;

	assert_int_equal(lab_topo_new("ring", &t.topo), 0);
	for (size_t i = 0; i < HOSTS; i++) {
		assert_int_equal(lab_topo_add_host(t.topo, ids[i], &src, &host, NULL), 0);
		assert_int_equal(
			lab_topo_add_iface(t.topo, host, "eth0", "net", &src, &iface, NULL), 0);
		src.line++;
	}
	assert_int_equal(lab_topo_finish(t.topo, NULL, NULL, NULL), 0);
}

static int set_up(LAB_UNUSED void **state)
{
	memset(&t, 0, sizeof(t));
	make_topo();
	t.k = (struct lab_keeper){
		.topo = t.topo,
		.hosts = t.hosts,
		.recipe = "ring.xml",
		.created = 1234567890,
		.rundir = { .base = -1, .fd = -1, .name = "ring" },
		.up = true,
	};
	assert_int_equal(lab_loop_new(&t.k.loop), 0);
	for (uint32_t i = 0; i < HOSTS; i++) {
		t.hosts[i] = (struct lab_khost){
			.keeper = &t.k,
			.index = i,
			.state = LAB_HOST_RUNNING,
			.pid = 100 + (pid_t)i,
			.netns = -1,
		};
		assert_int_equal(lab_relay_attach(&t.hosts[i], connect_end(&t.agents[i])), 0);
	}
	for (size_t i = 0; i < CLIENTS; i++)
		assert_int_equal(lab_relay_accept(&t.k, connect_end(&t.clients[i]), NULL), 0);
	return 0;
}

static void end_fini(struct end *e)
{
	lab_rpc_free(e->rpc);
	e->rpc = NULL;
	close_fd(&e->fd);
	lab_strbuf_fini(&e->trace);
}

static int tear_down(LAB_UNUSED void **state)
{
	/* Clients first: their pending requests are answered by the end of the agents. */
	for (size_t i = 0; i < CLIENTS; i++)
		end_fini(&t.clients[i]);
	run();
	for (size_t i = 0; i < HOSTS; i++)
		end_fini(&t.agents[i]);
	run();
	assert_null(t.k.clients);
	assert_null(t.k.ops);
	for (size_t i = 0; i < HOSTS; i++)
		free(t.hosts[i].life);
	assert_int_equal(t.k.n_paused, 0);
	assert_int_equal(t.k.streams.n, 0);
	lab_map_fini(&t.k.streams);
	lab_loop_free(t.k.loop);
	lab_topo_free(t.topo);
	return 0;
}

#define a1 (&t.agents[0])
#define a2 (&t.agents[1])
#define c1 (&t.clients[0])
#define c2 (&t.clients[1])

/* --- numbers --- */

static void each_side_has_numbers_of_its_own(LAB_UNUSED void **state)
{
	call(c1, "exec", "{'host':'h1','job':1,'argv':['a'],'stdio':'streams','streams':[1,2,3]}");
	call(c2, "exec", "{'host':'h1','job':1,'argv':['b'],'stdio':'streams','streams':[1,2,3]}");
	call(c1, "exec", "{'host':'h1','job':7,'argv':['c'],'stdio':'streams','streams':[0,9,0]}");
	expect(a1, "exec {\"argv\":[\"a\"],\"job\":1,\"stdio\":\"streams\",\"streams\":[1,2,3]}\n"
		   "exec {\"argv\":[\"b\"],\"job\":2,\"stdio\":\"streams\",\"streams\":[4,5,6]}\n"
		   "exec {\"argv\":[\"c\"],\"job\":3,\"stdio\":\"streams\",\"streams\":[0,7,0]}\n");
	expect(a2, "");
	/* Output goes to the client whose it is, under its number; input to the agent. */
	block(a1, 2, "one");
	block(a1, 6, "two");
	block(a1, 7, "three");
	block(c1, 1, "to a");
	block(c2, 1, "to b");
	expect(c1, "block 2 one\nblock 9 three\n");
	expect(c2, "block 3 two\n");
	expect(a1, "block 1 to a\nblock 4 to b\n");
	/* Answers come in another order. */
	answer(a1, 2, "{'exit':3}");
	answer(a1, 1, "{'exit':2}");
	answer(a1, 0, "{'exit':1}");
	expect(c1, "answer {\"exit\":3}\nanswer {\"exit\":1}\n");
	expect(c2, "answer {\"exit\":2}\n");
}

static void numbers_of_an_ended_job_are_free_again(LAB_UNUSED void **state)
{
	for (size_t i = 0; i < 3; i++) {
		char want[128];

		call(c1, "exec", "{'host':'h2','job':5,'argv':['a'],'streams':[1,2,2]}");
		(void)snprintf(want, sizeof(want),
			       "exec {\"argv\":[\"a\"],\"job\":%zu,\"streams\":[%zu,%zu,%zu]}\n",
			       i + 1, 2 * i + 1, 2 * i + 2, 2 * i + 2);
		expect(a2, want);
		answer(a2, i, "{'exit':0}");
		expect(c1, "answer {\"exit\":0}\n");
	}
	assert_int_equal(t.k.streams.n, 0);
}

static void blocks_of_nobodys_streams_are_dropped(LAB_UNUSED void **state)
{
	call(c1, "exec", "{'host':'h1','job':1,'argv':['a'],'streams':[1,2,3]}");
	expect(a1, "exec {\"argv\":[\"a\"],\"job\":1,\"streams\":[1,2,3]}\n");
	block(a1, 77, "no such stream");
	block(a1, 1, "the wrong direction");
	block(a2, 2, "of another host");
	block(c1, 77, "no such stream");
	block(c1, 2, "the wrong direction");
	block(c2, 1, "of another client");
	expect(c1, "");
	expect(c2, "");
	expect(a1, "");
	expect(a2, "");
	answer(a1, 0, "{'exit':0}");
	/* Late: the command has ended. */
	block(a1, 2, "late");
	block(c1, 1, "late");
	expect(c1, "answer {\"exit\":0}\n");
	expect(a1, "");
}

static void nothing_follows_the_end_of_an_input(LAB_UNUSED void **state)
{
	call(c1, "exec", "{'host':'h1','job':1,'argv':['a'],'streams':[1,2,3]}");
	lab_strbuf_reset(&a1->trace);
	block(c1, 1, "");
	block(c1, 1, "more");
	expect(a1, "block 1 \n");
}

static void wrong_numbers_are_refused(LAB_UNUSED void **state)
{
	static const char *const params[] = {
		"{'host':'h1','argv':['a']}",
		"{'host':'h1','job':0,'argv':['a']}",
		"{'host':'h1','job':-1,'argv':['a']}",
		"{'host':'h1','job':4294967296,'argv':['a']}",
		"{'host':'h1','job':'1','argv':['a']}",
		"{'host':'h1','job':2,'streams':[1,2]}",
		"{'host':'h1','job':2,'streams':[1,2,3,4]}",
		"{'host':'h1','job':2,'streams':{}}",
		"{'host':'h1','job':2,'streams':[1,2,-3]}",
		"{'host':'h1','job':2,'streams':[1,2,4294967296]}",
	};

	for (size_t i = 0; i < LAB_ARRAY_SIZE(params); i++) {
		call(c1, "exec", params[i]);
		expect(c1, "error EINVAL: bad job or stream number\n");
	}
	expect(a1, "");
	assert_int_equal(t.k.streams.n, 0);
	call(c1, "exec", "{'host':'h1','job':2,'streams':[1,2,3]}");
	call(c1, "exec", "{'host':'h1','job':2,'streams':[4,5,6]}");
	expect(c1, "error EINVAL: bad job or stream number\n");
	call(c1, "exec", "{'host':'h1','job':3,'streams':[1,5,6]}");
	expect(c1, "error EINVAL: bad job or stream number\n");
	/* A refused request holds no number. */
	lab_strbuf_reset(&a1->trace);
	call(c1, "exec", "{'host':'h1','job':3,'streams':[7,8,9]}");
	assert_non_null(strstr(lab_strbuf_str(&a1->trace), "exec {"));
}

static void descriptors_are_passed_on(LAB_UNUSED void **state)
{
	int fds[3], pipes[2];
	char byte;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	fds[0] = fds[1] = fds[2] = pipes[1];
	call_fds(c1, "exec", "{'host':'h1','job':1,'argv':['a'],'stdio':'fds'}", fds, 3);
	expect(a1, "exec {\"argv\":[\"a\"],\"job\":1,\"stdio\":\"fds\"} +3\n");
	assert_int_equal(write(a1->fd, "x", 1), 1);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
}

static void a_terminal_reaches_its_client(LAB_UNUSED void **state)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	call(c1, "exec", "{'host':'h1','job':1,'argv':['a']}");
	call(c2, "exec", "{'host':'h1','job':8,'argv':['b'],'stdio':'pty'}");
	lab_strbuf_reset(&a1->trace);
	assert_int_equal(
		lab_rpc_notify(a1->rpc, "job.started", json("{'job':2,'pid':33}"), &null, 1), 0);
	expect(c1, "");
	expect(c2, "note job.started {\"job\":8,\"pid\":33} +1\n");
	/* Of a job that nobody has, or that runs elsewhere. */
	assert_int_equal(
		lab_rpc_notify(a1->rpc, "job.started", json("{'job':3,'pid':33}"), &null, 1), 0);
	assert_int_equal(
		lab_rpc_notify(a2->rpc, "job.started", json("{'job':1,'pid':33}"), &null, 1), 0);
	expect(c1, "");
	expect(c2, "");
	(void)close(null);
}

static void input_that_was_taken_is_told(LAB_UNUSED void **state)
{
	call(c1, "exec", "{'host':'h1','job':1,'argv':['a']}");
	call(c2, "exec", "{'host':'h1','job':5,'argv':['b'],'streams':[1,2,3]}");
	note(a1, "job.input", "{'job':2,'taken':65536}");
	expect(c1, "");
	expect(c2, "note job.input {\"job\":5,\"taken\":65536}\n");
	note(a2, "job.input", "{'job':2,'taken':65536}");
	note(a1, "job.input", "{'job':99,'taken':65536}");
	note(a1, "job.input", "{}");
	expect(c2, "");
}

static void a_signal_reaches_its_job(LAB_UNUSED void **state)
{
	call(c1, "exec", "{'host':'h1','job':1,'argv':['a']}");
	call(c2, "exec", "{'host':'h1','job':1,'argv':['b']}");
	lab_strbuf_reset(&a1->trace);
	call(c2, "signal", "{'host':'h1','job':1,'signal':2}");
	expect(a1, "signal {\"job\":2,\"signal\":2}\n");
	answer(a1, 2, "{}");
	expect(c2, "answer {}\n");
	call(c1, "signal", "{'host':'h1','job':2,'signal':2}");
	expect(c1, "error ESRCH: no such job\n");
	answer(a1, 0, "{'exit':0}");
	expect(c1, "answer {\"exit\":0}\n");
	call(c1, "signal", "{'host':'h1','job':1,'signal':2}");
	expect(c1, "error ESRCH: no such job\n");
	call(c1, "signal", "{'host':'h1'}");
	expect(c1, "error ESRCH: no such job\n");
	expect(a1, "");
}

/* --- settings --- */

static void a_setting_goes_to_its_host(LAB_UNUSED void **state)
{
	call(c1, "config.write", "{'host':'h1','path':'/proc/x','value':'1'}");
	expect(a1, "config.write {\"path\":\"/proc/x\",\"value\":\"1\"}\n");
	answer(a1, 0, "{'previous':'0'}");
	expect(c1, "answer {\"previous\":\"0\"}\n");
}

/* --- files --- */

static void a_file_has_a_stream_of_its_own(LAB_UNUSED void **state)
{
	call(c1, "file.missing", "{'host':'h1','files':['x']}");
	answer(a1, 0, "{'missing':['x']}");
	expect(a1, "file.missing {\"files\":[\"x\"]}\n");
	expect(c1, "answer {\"missing\":[\"x\"]}\n");
	call(c1, "file.put", "{'host':'h1','file':'x','size':4,'stream':50}");
	call(c2, "file.put", "{'host':'h1','file':'y','size':4,'stream':50}");
	block(c2, 50, "yyyy");
	block(c1, 50, "xxxx");
	block(c1, 50, "");
	block(c2, 50, "");
	expect(a1,
	       "file.put {\"file\":\"x\",\"size\":4,\"stream\":1}\nfile.put {\"file\":\"y\",\"size\":4,\"stream\":2}\n"
	       "block 2 yyyy\nblock 1 xxxx\nblock 1 \nblock 2 \n");
	answer(a1, 1, "{}");
	answer(a1, 2, "{}");
	expect(c1, "answer {}\n");
	expect(c2, "answer {}\n");
	expect(a1, "");
}

static void a_file_needs_a_free_stream(LAB_UNUSED void **state)
{
	call(c1, "file.put", "{'host':'h1','file':'x','size':4,'stream':50}");
	lab_strbuf_reset(&a1->trace);
	call(c1, "file.put", "{'host':'h1','file':'y','size':4,'stream':50}");
	expect(c1, "error EINVAL: bad job or stream number\n");
	call(c1, "file.put", "{'host':'h1','file':'y','size':4,'stream':0}");
	expect(c1, "error EINVAL: bad job or stream number\n");
	call(c1, "file.put", "{'host':'h1','file':'y','size':4}");
	expect(c1, "error EINVAL: bad job or stream number\n");
	expect(a1, "");
}

/* An agent answers early when it cannot store a file, and still waits for the end of its stream. */
static void a_refused_file_is_ended(LAB_UNUSED void **state)
{
	struct lab_err err;

	call(c1, "file.put", "{'host':'h1','file':'x','size':4,'stream':50}");
	block(c1, 50, "xx");
	(void)lab_err_set(&err, ENOSPC, "store /run: no space");
	assert_int_equal(lab_rpc_reply_err(a1->rpc, a1->ids[0], &err), 0);
	expect(a1, "file.put {\"file\":\"x\",\"size\":4,\"stream\":1}\nblock 1 xx\nblock 1 \n");
	block(c1, 50, "xx");
	block(c1, 50, "");
	expect(a1, "");
	expect(c1, "error ENOSPC: store /run: no space\n");
}

static void the_file_of_a_dead_client_is_ended(LAB_UNUSED void **state)
{
	call(c1, "file.put", "{'host':'h1','file':'x','size':4,'stream':50}");
	block(c1, 50, "xx");
	hang_up(c1);
	expect(a1, "file.put {\"file\":\"x\",\"size\":4,\"stream\":1}\nblock 1 xx\nblock 1 \n");
	answer(a1, 0, "{}");
	expect(a1, "");
}

/* --- what is refused --- */

static void unknown_hosts_are_named(LAB_UNUSED void **state)
{
	call(c1, "exec", "{'host':'h3','job':1,'argv':['a']}");
	expect(c1, "error ENOENT: no host \"h3\" in lab ring\n");
	call(c1, "exec", "{'job':1,'argv':['a']}");
	expect(c1, "error EINVAL: no host \"\" in lab ring\n");
	call(c1, "exec", "{'host':1,'job':1,'argv':['a']}");
	expect(c1, "error EINVAL: no host \"\" in lab ring\n");
	call(c1, "file.missing", "{'host':'H1','files':[]}");
	expect(c1, "error ENOENT: no host \"H1\" in lab ring\n");
}

static void unknown_methods_are_refused(LAB_UNUSED void **state)
{
	call(c1, "format", "{}");
	expect(c1, "error ENOSYS: no such method\n");
	/* An agent's methods that are not for clients. */
	call(c1, "upgrade", "{'host':'h1'}");
	expect(c1, "error ENOSYS: no such method\n");
	call(c1, "hello", "{}");
	expect(c1, "error ENOSYS: no such method\n");
	/* And the other way round. */
	call(a1, "exec", "{'host':'h2','job':1,'argv':['a']}");
	expect(a1, "error ENOSYS: no such method\n");
	call(a1, "down", "{}");
	expect(a1, "error ENOSYS: no such method\n");
	note(a1, "inspect", "{}");
	expect(a1, "");
	expect(a2, "");
}

static void a_host_that_is_not_up_is_told(LAB_UNUSED void **state)
{
	t.hosts[0].state = LAB_HOST_STARTING;
	call(c1, "exec", "{'host':'h1','job':1,'argv':['a']}");
	expect(c1, "error EHOSTDOWN: host h1 is not up yet\n");
	note(a1, "hello", "{'version':'1'}");
	assert_int_equal(t.hosts[0].state, LAB_HOST_RUNNING);
	assert_int_equal(t.k.n_running, 1);
	note(a1, "hello", "{'version':'2'}");
	assert_int_equal(t.k.n_running, 1);
	call(c1, "exec", "{'host':'h1','job':1,'argv':['a']}");
	expect(c1, "");
}

/* --- deaths --- */

static void a_host_that_dies_answers_everything(LAB_UNUSED void **state)
{
	call(c1, "exec", "{'host':'h1','job':1,'argv':['a'],'streams':[1,2,3]}");
	call(c2, "file.put", "{'host':'h1','file':'x','size':4,'stream':5}");
	call(c2, "exec", "{'host':'h2','job':1,'argv':['b'],'streams':[1,2,3]}");
	hang_up(a1);
	expect(c1, "error EHOSTDOWN: the host has died\n");
	expect(c2, "error EHOSTDOWN: the host has died\n");
	assert_int_equal(t.hosts[0].state, LAB_HOST_DEAD);
	assert_null(t.hosts[0].rpc);
	block(c1, 1, "to nobody");
	block(c2, 5, "to nobody");
	call(c1, "exec", "{'host':'h1','job':1,'argv':['a']}");
	expect(c1, "error EHOSTDOWN: host h1 has died\n");
	/* The other host goes on. */
	block(a2, 6, "out");
	answer(a2, 0, "{'exit':0}");
	expect(c2, "block 2 out\nanswer {\"exit\":0}\n");
	assert_false(t.k.failed);
}

static void an_agent_that_answers_what_nobody_asked_is_hung_up(LAB_UNUSED void **state)
{
	call(c1, "exec", "{'host':'h1','job':1,'argv':['a']}");
	lab_strbuf_reset(&a1->trace);
	assert_int_equal(lab_rpc_reply(a1->rpc, 4711, json("{'exit':0}"), NULL, 0), 0);
	expect(a1, "closed\n");
	expect(c1, "error EHOSTDOWN: the host has died\n");
	call(c1, "inspect", "{}");
	assert_non_null(strstr(lab_strbuf_str(&c1->trace),
			       "{\"id\":\"h1\",\"pid\":100,\"state\":\"stopped\"}"));
}

static void an_answer_comes_once(LAB_UNUSED void **state)
{
	call(c1, "exec", "{'host':'h1','job':1,'argv':['a']}");
	answer(a1, 0, "{'exit':0}");
	answer(a1, 0, "{'exit':1}");
	expect(c1, "answer {\"exit\":0}\n");
	assert_int_equal(t.hosts[0].state, LAB_HOST_DEAD);
}

static void a_client_that_talks_nonsense_is_hung_up(LAB_UNUSED void **state)
{
	assert_int_equal(lab_rpc_reply(c1->rpc, 4711, json("{}"), NULL, 0), 0);
	expect(c1, "closed\n");
	call(c2, "exec", "{'host':'h1','job':1,'argv':['a']}");
	expect(a1, "exec {\"argv\":[\"a\"],\"job\":1}\n");
}

static void the_jobs_of_a_dead_client_are_killed(LAB_UNUSED void **state)
{
	call(c1, "exec", "{'host':'h1','job':1,'argv':['a'],'streams':[0,2,3]}");
	call(c1, "exec", "{'host':'h2','job':2,'argv':['b'],'streams':[0,4,5]}");
	call(c2, "exec", "{'host':'h1','job':1,'argv':['c'],'streams':[0,2,3]}");
	lab_strbuf_reset(&a1->trace);
	lab_strbuf_reset(&a2->trace);
	hang_up(c1);
	expect(a1, "note signal {\"job\":1,\"signal\":9}\n");
	expect(a2, "note signal {\"job\":2,\"signal\":9}\n");
	/* What still comes of them finds nobody. */
	block(a1, 1, "late");
	answer(a1, 0, "{'signal':9}");
	block(a1, 5, "alive");
	answer(a1, 1, "{'exit':0}");
	expect(c2, "block 2 alive\nanswer {\"exit\":0}\n");
	/* The other host dies before it answers. */
	hang_up(a2);
	assert_int_equal(t.k.streams.n, 0);
}

/* --- flow --- */

static void a_client_that_does_not_read_pauses_its_host(LAB_UNUSED void **state)
{
	call(c1, "exec", "{'host':'h1','job':1,'argv':['yes'],'streams':[0,2,3]}");
	lab_strbuf_reset(&a1->trace);
	lab_rpc_pause(c1->rpc, true);
	flood(a1, 1);
	assert_true(t.hosts[0].paused);
	assert_int_equal(t.k.n_paused, 1);
	assert_true(lab_rpc_queued(a1->rpc) > 0);
	assert_false(t.hosts[1].paused);
	/* The other host answers all the same. */
	call(c2, "exec", "{'host':'h2','job':1,'argv':['a']}");
	answer(a2, 0, "{'exit':0}");
	expect(c2, "answer {\"exit\":0}\n");
	lab_rpc_pause(c1->rpc, false);
	run();
	assert_int_equal(c1->flood, FLOOD);
	assert_int_equal(t.k.n_paused, 0);
	assert_int_equal(lab_rpc_queued(a1->rpc), 0);
}

static void the_end_of_such_a_client_lets_the_host_go_on(LAB_UNUSED void **state)
{
	call(c1, "exec", "{'host':'h1','job':1,'argv':['yes'],'streams':[0,2,3]}");
	call(c2, "exec", "{'host':'h1','job':1,'argv':['a']}");
	lab_strbuf_reset(&a1->trace);
	lab_rpc_pause(c1->rpc, true);
	flood(a1, 1);
	assert_true(t.hosts[0].paused);
	hang_up(c1);
	assert_false(t.hosts[0].paused);
	assert_int_equal(t.k.n_paused, 0);
	expect(a1, "note signal {\"job\":1,\"signal\":9}\n");
	answer(a1, 1, "{'exit':0}");
	expect(c2, "answer {\"exit\":0}\n");
}

static void a_paused_host_can_die(LAB_UNUSED void **state)
{
	call(c1, "exec", "{'host':'h1','job':1,'argv':['yes'],'streams':[0,2,3]}");
	lab_rpc_pause(c1->rpc, true);
	flood(a1, 1);
	assert_true(t.hosts[0].paused);
	hang_up(a1);
	lab_rpc_pause(c1->rpc, false);
	expect(c1, "error EHOSTDOWN: the host has died\n");
	assert_int_equal(t.k.n_paused, 0);
	assert_int_equal(t.hosts[0].state, LAB_HOST_DEAD);
}

static void an_agent_that_does_not_read_pauses_the_client(LAB_UNUSED void **state)
{
	call(c1, "exec", "{'host':'h1','job':1,'argv':['cat'],'streams':[1,2,3]}");
	lab_strbuf_reset(&a1->trace);
	lab_rpc_pause(a1->rpc, true);
	flood(c1, 1);
	assert_true(lab_rpc_queued(c1->rpc) > 0);
	lab_rpc_pause(a1->rpc, false);
	run();
	assert_int_equal(a1->flood, FLOOD);
	assert_int_equal(lab_rpc_queued(c1->rpc), 0);
}

static void the_end_of_such_an_agent_lets_the_client_go_on(LAB_UNUSED void **state)
{
	call(c1, "exec", "{'host':'h1','job':1,'argv':['cat'],'streams':[1,2,3]}");
	lab_rpc_pause(a1->rpc, true);
	flood(c1, 1);
	assert_true(lab_rpc_queued(c1->rpc) > 0);
	hang_up(a1);
	assert_int_equal(lab_rpc_queued(c1->rpc), 0);
	expect(c1, "error EHOSTDOWN: the host has died\n");
	call(c1, "exec", "{'host':'h2','job':1,'argv':['a']}");
	expect(a2, "exec {\"argv\":[\"a\"],\"job\":2}\n");
}

/* --- the life of the lab --- */

/* Run @scenario in a process of its own, with a keeper of its own. Returns its exit status. */
static int life_of(void (*scenario)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)set_up(NULL);
		t.k.starter = t.k.clients; /* the last that was accepted: c2 */
		scenario();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void another_client_leaves(void)
{
	t.k.leash = true;
	hang_up(c1);
}

static void starter_leaves_on_its_leash(void)
{
	t.k.leash = true;
	hang_up(c2);
}

static void starter_leaves_before_the_lab_is_up(void)
{
	t.k.up = false;
	hang_up(c2);
}

static void starter_leaves_without_a_leash(void)
{
	hang_up(c2);
	if (t.k.starter)
		_exit(1);
}

static void starter_lets_go_and_leaves(void)
{
	t.k.leash = true;
	call(c2, "release", "{}");
	if (t.k.leash || t.k.starter || strcmp(lab_strbuf_str(&c2->trace), "answer {}\n") != 0)
		_exit(1);
	hang_up(c2);
	call(c1, "inspect", "{}");
}

static void another_client_lets_go(void)
{
	t.k.leash = true;
	call(c1, "release", "{}");
	if (!t.k.leash || strcmp(lab_strbuf_str(&c1->trace), "error ENOSYS: no such method\n") != 0)
		_exit(1);
}

static void any_client_ends_the_lab(void)
{
	call(c1, "down", "{}");
}

static void the_leash_is_the_starters(LAB_UNUSED void **state)
{
	assert_int_equal(life_of(another_client_leaves), 0);
	assert_int_equal(life_of(starter_leaves_on_its_leash), ENDED);
	assert_int_equal(life_of(starter_leaves_before_the_lab_is_up), ENDED);
	assert_int_equal(life_of(starter_leaves_without_a_leash), 0);
	assert_int_equal(life_of(starter_lets_go_and_leaves), 0);
	assert_int_equal(life_of(another_client_lets_go), 0);
}

static void down_ends_the_lab(LAB_UNUSED void **state)
{
	assert_int_equal(life_of(any_client_ends_the_lab), ENDED);
}

static void a_host_that_cannot_start_fails_the_lab(LAB_UNUSED void **state)
{
	t.k.up = false;
	t.hosts[0].state = t.hosts[1].state = LAB_HOST_STARTING;
	note(a2, "host.failed",
	     "{'code':28,'message':'mount overlay on /m: No space left on device [ENOSPC]'}");
	assert_true(t.k.failed);
	assert_int_equal(t.k.err.code, ENOSPC);
	assert_string_equal(t.k.err.msg,
			    "host h2: mount overlay on /m: No space left on device [ENOSPC]");
	assert_int_equal(t.k.err.src.line, 4);
	assert_string_equal(t.k.err.src.file, "ring.xml");
	assert_int_equal(t.hosts[1].state, LAB_HOST_DEAD);
	/* The first one is told. */
	note(a1, "host.failed", "{'code':1,'message':'other'}");
	hang_up(a1);
	assert_int_equal(t.k.err.code, ENOSPC);
}

static void a_host_that_ends_while_it_starts_fails_the_lab(LAB_UNUSED void **state)
{
	t.k.up = false;
	t.hosts[0].state = LAB_HOST_STARTING;
	hang_up(a1);
	assert_true(t.k.failed);
	assert_int_equal(t.k.err.code, ECONNRESET);
	assert_string_equal(t.k.err.msg, "host h1: its agent ended while it started");
}

static void a_failure_without_words_has_some(LAB_UNUSED void **state)
{
	t.k.up = false;
	note(a1, "host.failed", "{'code':100000}");
	assert_int_equal(t.k.err.code, EPROTO);
	assert_string_equal(t.k.err.msg, "host h1: cannot start");
}

/* --- operations on hosts --- */

static void operations_that_are_wrong_are_refused(LAB_UNUSED void **state)
{
	call(c1, "host.fly", "{'host':'h1'}");
	expect(c1, "error ENOSYS: no such method\n");
	call(c1, "host.stop", "{}");
	expect(c1, "error EINVAL: host must be there, as text\n");
	call(c1, "host.stop", "{'host':'h3'}");
	expect(c1, "error ENOENT: lab ring has no host \"h3\"; did you mean \"h1\"?\n");
	call(c1, "host.start", "{'host':'router'}");
	expect(c1, "error ENOENT: lab ring has no host \"router\"\n");
	call(c1, "host.thaw", "{'host':'h1','fast':true}");
	expect(c1, "error EINVAL: host.thaw: no member \"fast\"\n");
	call(c1, "host.list", "{'host':'h1'}");
	expect(c1, "error EINVAL: host.list: no member \"host\"\n");
	call(c1, "host.stop", "{'host':'h1','timeout_ms':-1}");
	expect(c1, "error EINVAL: host h1: timeout_ms must be 0 to 3600000\n");
	call(c1, "host.freeze", "{'host':'h1','cgroups':[]}");
	expect(c1, "error ENOSYS: host h1: no cgroup was found for this [ENOSYS]\n");
	call(c1, "host.freeze",
	     "{'host':'h1','cgroups':[{'controllers':8,'v2':true,'parent':'/cg','name':'netlab.x'}]}");
	expect(c1, "error EINVAL: host h1: cgroups: not a group of a lab\n");
	assert_null(t.hosts[0].life->op);
}

static void a_host_does_what_its_state_allows(LAB_UNUSED void **state)
{
	call(c1, "host.start", "{'host':'h1'}");
	expect(c1, "error EBUSY: host h1 is running already\n");
	call(c1, "host.thaw", "{'host':'h1'}");
	expect(c1, "error EBUSY: host h1 is not frozen\n");
	t.hosts[0].life->frozen = true;
	call(c1, "host.freeze", "{'host':'h1'}");
	expect(c1, "error EBUSY: host h1 is frozen already\n");
	call(c1, "host.start", "{'host':'h1'}");
	expect(c1, "error EBUSY: host h1 is frozen; unfreeze it first\n");
	t.hosts[0].life->frozen = false;
	hang_up(a1);
	call(c1, "host.stop", "{'host':'h1'}");
	expect(c1, "error EBUSY: host h1 is stopped already\n");
	call(c1, "host.restart", "{'host':'h1'}");
	expect(c1, "error EBUSY: host h1 is stopped; start it first\n");
	t.hosts[1].state = LAB_HOST_STARTING;
	call(c1, "host.freeze", "{'host':'h2'}");
	expect(c1, "error EBUSY: host h2 is starting\n");
}

static void a_frozen_host_runs_no_command(LAB_UNUSED void **state)
{
	call(c1, "host.thaw", "{'host':'h1'}");
	expect(c1, "error EBUSY: host h1 is not frozen\n");
	t.hosts[0].life->frozen = true;
	call(c1, "exec", "{'host':'h1','job':1,'argv':['a']}");
	expect(c1, "error EBUSY: host h1 is frozen; unfreeze it first\n");
	expect(a1, "");
}

static void an_init_that_ended_is_told(LAB_UNUSED void **state)
{
	lab_hosts_reaped(&t.k, 4711, 0);
	lab_hosts_reaped(&t.k, 100, SIGKILL);
	lab_hosts_reaped(&t.k, 101, 3 << 8);
	assert_string_equal(t.hosts[0].life->why, "its init was killed by signal 9 (Killed)");
	assert_string_equal(t.hosts[1].life->why, "its init ended with status 3");
	assert_int_equal(t.hosts[0].state, LAB_HOST_DEAD);
	assert_int_equal(t.hosts[0].pid, 0);
	/* Its channel closes a moment later. */
	assert_false(lab_hosts_gone(&t.hosts[0]));
	hang_up(a1);
	assert_true(lab_hosts_gone(&t.hosts[0]));
	call(c1, "exec", "{'host':'h1','job':1,'argv':['a']}");
	expect(c1, "error EHOSTDOWN: host h1 has died\n");
	t.hosts[0].life->asked = true;
	call(c1, "exec", "{'host':'h1','job':1,'argv':['a']}");
	expect(c1, "error EHOSTDOWN: host h1 is stopped\n");
}

static void hosts_are_listed(LAB_UNUSED void **state)
{
	struct lab_addr addr;

	assert_int_equal(lab_addr_parse("10.0.0.1/24", &addr), 0);
	assert_int_equal(lab_topo_add_addr(&t.topo->hosts[0].ifaces[0], &addr, NULL), 0);
	t.topo->hosts[0].limits = (struct lab_limits){ .memory_bytes = 1 << 30, .pids = 50 };
	lab_hosts_reaped(&t.k, 101, 0);
	call(c1, "host.list", "{}");
	expect(c1,
	       "answer {\"hosts\":[{\"addresses\":[\"10.0.0.1/24\"],\"backend\":\"native\",\"id\":\"h1\","
	       "\"limits\":{\"memory\":1073741824,\"pids\":50},\"pid\":100,\"state\":\"running\"},"
	       "{\"addresses\":[],\"backend\":\"native\",\"id\":\"h2\",\"limits\":{},\"state\":\"stopped\","
	       "\"why\":\"it was powered off\"}],\"lab\":\"ring\"}\n");
}

static void inspect_describes_the_lab(LAB_UNUSED void **state)
{
	json_t *got;

	t.hosts[1].state = LAB_HOST_STARTING;
	got = lab_relay_inspect(&t.k, true);
	assert_non_null(got);
	assert_string_equal(json_string_value(json_object_get(got, "lab")), "ring");
	assert_string_equal(json_string_value(json_object_get(got, "recipe")), "ring.xml");
	assert_int_equal(json_integer_value(json_object_get(got, "created")), 1234567890);
	assert_true(json_is_object(json_object_get(got, "topology")));
	add_json(&c1->trace, json_object_get(got, "hosts"));
	expect(c1,
	       "[{\"id\":\"h1\",\"pid\":100,\"state\":\"running\"},{\"id\":\"h2\",\"pid\":101,\"state\":\"starting\"}]");
	json_decref(got);
	t.k.recipe = NULL;
	got = lab_relay_inspect(&t.k, true);
	assert_null(json_object_get(got, "recipe"));
	json_decref(got);
}

#define lab_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(each_side_has_numbers_of_its_own),
		lab_test(numbers_of_an_ended_job_are_free_again),
		lab_test(blocks_of_nobodys_streams_are_dropped),
		lab_test(nothing_follows_the_end_of_an_input),
		lab_test(wrong_numbers_are_refused),
		lab_test(descriptors_are_passed_on),
		lab_test(a_terminal_reaches_its_client),
		lab_test(input_that_was_taken_is_told),
		lab_test(a_signal_reaches_its_job),
		lab_test(a_setting_goes_to_its_host),
		lab_test(a_file_has_a_stream_of_its_own),
		lab_test(a_file_needs_a_free_stream),
		lab_test(a_refused_file_is_ended),
		lab_test(the_file_of_a_dead_client_is_ended),
		lab_test(unknown_hosts_are_named),
		lab_test(unknown_methods_are_refused),
		lab_test(a_host_that_is_not_up_is_told),
		lab_test(a_host_that_dies_answers_everything),
		lab_test(an_agent_that_answers_what_nobody_asked_is_hung_up),
		lab_test(an_answer_comes_once),
		lab_test(a_client_that_talks_nonsense_is_hung_up),
		lab_test(the_jobs_of_a_dead_client_are_killed),
		lab_test(a_client_that_does_not_read_pauses_its_host),
		lab_test(the_end_of_such_a_client_lets_the_host_go_on),
		lab_test(a_paused_host_can_die),
		lab_test(an_agent_that_does_not_read_pauses_the_client),
		lab_test(the_end_of_such_an_agent_lets_the_client_go_on),
		cmocka_unit_test(the_leash_is_the_starters),
		cmocka_unit_test(down_ends_the_lab),
		lab_test(a_host_that_cannot_start_fails_the_lab),
		lab_test(a_host_that_ends_while_it_starts_fails_the_lab),
		lab_test(a_failure_without_words_has_some),
		lab_test(operations_that_are_wrong_are_refused),
		lab_test(a_host_does_what_its_state_allows),
		lab_test(a_frozen_host_runs_no_command),
		lab_test(an_init_that_ended_is_told),
		lab_test(hosts_are_listed),
		lab_test(inspect_describes_the_lab),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
