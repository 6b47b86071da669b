/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_rpc_flow.c - unit tests of netlab/rpc/rpc.h: streams, queues, lifetimes, cost (--wrap) */
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

#include "netlab/base/util.h"
#include "netlab/rpc/rpc_internal.h"
#include "tests/unit/rpc_ends.h"

/* --- calls counted, allocations that fail --- */

static unsigned int n_sendmsg, n_recvmsg, allocations, fail_at;
static bool counting; /* allocations */

ssize_t __real_sendmsg(int fd, const struct msghdr *mh, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *mh, int flags);
ssize_t __real_recvmsg(int fd, struct msghdr *mh, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *mh, int flags);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);

ssize_t __wrap_sendmsg(int fd, const struct msghdr *mh, int flags)
{
	n_sendmsg++;
	return __real_sendmsg(fd, mh, flags);
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *mh, int flags)
{
	n_recvmsg++;
	return __real_recvmsg(fd, mh, flags);
}

static bool fails(void)
{
	return counting && ++allocations == fail_at;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

static struct ends e;

static int setup(LAB_UNUSED void **state)
{
	ends_open(&e, &ends_ops);
	return 0;
}

static int setup_pair(LAB_UNUSED void **state)
{
	ends_open(&e, &ends_ops);
	ends_connect(&e);
	return 0;
}

static int teardown(LAB_UNUSED void **state)
{
	ends_close(&e);
	return 0;
}

/* --- streams --- */

enum { STREAM_BYTES = 20 << 20, PIECE = 300000, QUEUE_LOW = 1 << 20 };

/* One end that sends numbered bytes while its queue is short, and checks those that come. */
struct streamer {
	struct lab_rpc *rpc;
	uint64_t sent, received;
	size_t queued_most;
	bool ended, closed;
};

static uint8_t byte_at(uint64_t n)
{
	return (uint8_t)(n ^ n >> 8 ^ n >> 16);
}

static void fill(uint8_t *piece, uint64_t from, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		piece[i] = byte_at(from + i);
}

static void send_more(struct streamer *s)
{
	static uint8_t piece[PIECE];
	size_t n;

	while (s->sent < STREAM_BYTES && lab_rpc_queued(s->rpc) < QUEUE_LOW) {
		n = LAB_MIN((uint64_t)PIECE, STREAM_BYTES - s->sent);
		fill(piece, s->sent, n);
		assert_int_equal(lab_rpc_send_block(s->rpc, 9, piece, n), 0);
		s->queued_most = LAB_MAX(s->queued_most, lab_rpc_queued(s->rpc));
		s->sent += n;
		if (s->sent == STREAM_BYTES)
			assert_int_equal(lab_rpc_send_block(s->rpc, 9, NULL, 0), 0);
	}
}

static void stream_block(LAB_UNUSED struct lab_rpc *rpc, uint32_t stream, const void *data,
			 size_t len, void *user)
{
	struct streamer *s = user;
	const uint8_t *p = data;
	size_t i;

	assert_int_equal(stream, 9);
	assert_false(s->ended);
	for (i = 0; i < len; i++)
		if (p[i] != byte_at(s->received + i))
			fail_msg("byte %ju differs", (uintmax_t)(s->received + i));
	s->received += len;
	s->ended = len == 0;
}

static void stream_drained(LAB_UNUSED struct lab_rpc *rpc, void *user)
{
	send_more(user);
}

static void stream_closed(LAB_UNUSED struct lab_rpc *rpc, LAB_UNUSED const struct lab_err *err,
			  void *user)
{
	((struct streamer *)user)->closed = true;
}

static const struct lab_rpc_ops stream_ops = {
	.block = stream_block,
	.drained = stream_drained,
	.closed = stream_closed,
};

static void stream_both_ways(struct streamer *a, struct streamer *b)
{
	uint64_t end = lab_loop_now_us() + 60000000;

	send_more(a);
	send_more(b);
	while (!a->ended || !b->ended) {
		assert_true(lab_loop_now_us() < end);
		assert_true(lab_loop_step(e.loop, 1000) >= 0);
		if (lab_rpc_queued(a->rpc) == 0)
			send_more(a);
		if (lab_rpc_queued(b->rpc) == 0)
			send_more(b);
	}
	assert_int_equal(a->received, STREAM_BYTES);
	assert_int_equal(b->received, STREAM_BYTES);
	assert_true(a->queued_most < QUEUE_LOW + PIECE + 100);
	/* the input buffers have become small again */
	assert_true(a->rpc->io.cap <= LAB_RPC_BUFFER_MIN);
	assert_true(b->rpc->io.cap <= LAB_RPC_BUFFER_MIN);
}

static void much_flows_both_ways_over_a_socket(LAB_UNUSED void **state)
{
	struct streamer a = { 0 }, b = { 0 };
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(lab_rpc_new(e.loop, sv[0], &stream_ops, &a, &a.rpc), 0);
	assert_int_equal(lab_rpc_new(e.loop, sv[1], &stream_ops, &b, &b.rpc), 0);
	stream_both_ways(&a, &b);
	lab_rpc_free(a.rpc);
	ends_run(&e);
	assert_true(b.closed);
	lab_rpc_free(b.rpc);
}

static void much_flows_both_ways_over_pipes(LAB_UNUSED void **state)
{
	struct streamer a = { 0 }, b = { 0 };
	int p[2], q[2];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(pipe2(q, O_CLOEXEC), 0);
	assert_int_equal(lab_rpc_new_pair(e.loop, p[0], q[1], &stream_ops, &a, &a.rpc), 0);
	assert_int_equal(lab_rpc_new_pair(e.loop, q[0], p[1], &stream_ops, &b, &b.rpc), 0);
	stream_both_ways(&a, &b);
	lab_rpc_free(a.rpc);
	ends_run(&e);
	assert_true(b.closed);
	lab_rpc_free(b.rpc);
}

static void pipe_without_a_reader_ends_the_connection(LAB_UNUSED void **state)
{
	struct streamer a = { 0 };
	int p[2], q[2];

	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(pipe2(q, O_CLOEXEC), 0);
	assert_int_equal(lab_rpc_new_pair(e.loop, p[0], q[1], &stream_ops, &a, &a.rpc), 0);
	(void)close(q[0]);
	assert_int_equal(lab_rpc_notify(a.rpc, "x", NULL, NULL, 0), -EPIPE);
	assert_false(a.closed);
	ends_run(&e);
	/* although the pipe to read from is still open */
	assert_true(a.closed);
	lab_rpc_free(a.rpc);
	(void)close(p[1]);
	(void)signal(SIGPIPE, SIG_DFL);
}

static void bad_descriptors_are_closed(LAB_UNUSED void **state)
{
	char path[] = "/tmp/test_rpc.XXXXXX";
	struct lab_rpc *rpc = NULL;
	int fd;

	assert_int_equal(lab_rpc_new(e.loop, -1, &ends_ops, &e, &rpc), -EBADF);
	/* a plain file cannot be waited for */
	fd = mkostemp(path, O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(lab_rpc_new(e.loop, fd, &ends_ops, &e, &rpc), -EPERM);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_null(rpc);
}

/* --- queues and pauses --- */

static void queue_has_an_end(LAB_UNUSED void **state)
{
	size_t mib = 1 << 20, before;
	cleanup_free char *data = calloc(1, mib);
	int i, r = 0;

	assert_non_null(data);
	for (i = 0; r == 0; i++) {
		before = lab_rpc_queued(e.rpc);
		r = lab_rpc_send_block(e.rpc, 1, data, mib);
	}
	assert_int_equal(r, -ENOBUFS);
	assert_true(i >= 63);
	assert_int_equal(lab_rpc_queued(e.rpc), before);
	assert_true(before <= LAB_RPC_QUEUE_MAX);
	assert_int_equal(lab_rpc_send_block(e.rpc, 1, data, SIZE_MAX), -ENOBUFS);
	/* small things still fit */
	assert_int_equal(lab_rpc_notify(e.rpc, "x", NULL, NULL, 0), 0);
}

static void owner_is_told_when_the_queue_is_empty(LAB_UNUSED void **state)
{
	cleanup_free char *data = calloc(1, 1 << 20);
	static char sink[65536];

	assert_non_null(data);
	assert_int_equal(lab_rpc_notify(e.rpc, "x", NULL, NULL, 0), 0);
	ends_run(&e);
	ends_expect(&e, "");
	assert_int_equal(lab_rpc_send_block(e.rpc, 1, data, 1 << 20), 0);
	ends_run(&e);
	ends_expect(&e, "");
	while (lab_rpc_queued(e.rpc)) {
		assert_true(recv(e.peer, sink, sizeof(sink), MSG_DONTWAIT) > 0);
		ends_run(&e);
	}
	ends_expect(&e, "drained\n");
}

static void paused_end_reads_nothing_and_loses_nothing(LAB_UNUSED void **state)
{
	static const char three[] = "\0\0\0\x23J{\"jsonrpc\":\"2.0\",\"method\":\"pause\"}"
				    "\0\0\0\x1fJ{\"jsonrpc\":\"2.0\",\"method\":\"a\"}"
				    "\0\0\0\x1fJ{\"jsonrpc\":\"2.0\",\"method\":\"b\"}";

	assert_int_equal(send(e.peer, three, sizeof(three) - 1, MSG_NOSIGNAL), sizeof(three) - 1);
	ends_run(&e);
	ends_expect(&e, "request 0 pause {} 0\n");
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"c\"}");
	/* the end of the stream does not make the loop spin */
	close_fd(&e.peer);
	assert_int_equal(lab_loop_step(e.loop, 1), 0);
	ends_expect(&e, "");
	lab_rpc_pause(e.rpc, false);
	ends_expect(&e, "");
	ends_run(&e);
	ends_expect(
		&e,
		"request 0 a {} 0\nrequest 0 b {} 0\nrequest 0 c {} 0\nclosed 0 the peer is gone\n");
}

/* --- lifetimes --- */

static void free_all(void)
{
	lab_rpc_free(e.rpc);
	e.rpc = NULL;
}

static void free_in_block(struct lab_rpc *rpc, LAB_UNUSED uint32_t stream, const void *data,
			  size_t len, LAB_UNUSED void *user)
{
	free_all();
	/* the bytes stay until the callback returns; what is called now does nothing */
	assert_memory_equal(data, "bytes", len);
	assert_int_equal(lab_rpc_notify(rpc, "x", NULL, NULL, 0), -EPIPE);
}

static void free_in_closed(LAB_UNUSED struct lab_rpc *rpc, LAB_UNUSED const struct lab_err *err,
			   LAB_UNUSED void *user)
{
	free_all();
}

static void free_in_drained(LAB_UNUSED struct lab_rpc *rpc, LAB_UNUSED void *user)
{
	free_all();
}

static const struct lab_rpc_ops freeing_ops = {
	.block = free_in_block,
	.closed = free_in_closed,
	.drained = free_in_drained,
};

static void free_in_answer(LAB_UNUSED struct lab_rpc *rpc, LAB_UNUSED json_t *result,
			   LAB_UNUSED const struct lab_err *err, LAB_UNUSED int *fds,
			   LAB_UNUSED unsigned int n_fds, LAB_UNUSED void *user)
{
	assert_non_null(e.rpc);
	free_all();
}

static void connection_may_be_freed_in_each_callback(LAB_UNUSED void **state)
{
	cleanup_free char *data = calloc(1, 1 << 20);
	static char sink[65536];

	assert_non_null(data);
	/* in a block, with more frames behind it */
	ends_open(&e, &freeing_ops);
	assert_int_equal(send(e.peer,
			      "\0\0\0\x0a"
			      "B\1\1\1\1bytes\0\0\0\x0a"
			      "B\1\1\1\1bytes",
			      28, 0),
			 28);
	ends_run(&e);
	assert_null(e.rpc);
	ends_close(&e);
	/* in closed */
	ends_open(&e, &freeing_ops);
	close_fd(&e.peer);
	ends_run(&e);
	assert_null(e.rpc);
	ends_close(&e);
	/* in drained, while input is there as well */
	ends_open(&e, &freeing_ops);
	assert_int_equal(lab_rpc_send_block(e.rpc, 1, data, 300000), 0);
	assert_int_equal(send(e.peer,
			      "\0\0\0\x0a"
			      "B\1\1\1\1bytes",
			      14, 0),
			 14);
	while (recv(e.peer, sink, sizeof(sink), MSG_DONTWAIT) > 0)
		;
	ends_run(&e);
	assert_null(e.rpc);
	ends_close(&e);
	/* in an answer, another call open: that one is dropped */
	ends_open(&e, &freeing_ops);
	assert_int_equal(lab_rpc_call(e.rpc, "a", NULL, NULL, 0, free_in_answer, NULL), 0);
	assert_int_equal(lab_rpc_call(e.rpc, "b", NULL, NULL, 0, free_in_answer, NULL), 0);
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}");
	assert_null(e.rpc);
	ends_close(&e);
	/* in the answer -ECONNRESET: no further callback */
	ends_open(&e, &freeing_ops);
	assert_int_equal(lab_rpc_call(e.rpc, "a", NULL, NULL, 0, free_in_answer, NULL), 0);
	assert_int_equal(lab_rpc_call(e.rpc, "b", NULL, NULL, 0, free_in_answer, NULL), 0);
	close_fd(&e.peer);
	ends_run(&e);
	assert_null(e.rpc);
	ends_close(&e);
	/* in a request */
	ends_open(&e, &ends_ops);
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"free\"}");
	ends_expect(&e, "request 0 free {} 0\n");
	ends_close(&e);
}

static void run_the_loop(LAB_UNUSED struct lab_rpc *rpc, LAB_UNUSED json_t *result,
			 LAB_UNUSED const struct lab_err *err, LAB_UNUSED int *fds,
			 LAB_UNUSED unsigned int n_fds, LAB_UNUSED void *user)
{
	lab_strbuf_puts(&e.trace, "<");
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"b\"}");
	lab_strbuf_puts(&e.trace, ">");
}

static void callbacks_of_one_connection_do_not_nest(LAB_UNUSED void **state)
{
	assert_int_equal(lab_rpc_call(e.rpc, "x", NULL, NULL, 0, run_the_loop, NULL), 0);
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}");
	ends_expect(&e, "<>request 0 b {} 0\n");
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"c\"}");
	ends_expect(&e, "request 0 c {} 0\n");
}

static void released_stream_goes_on_elsewhere(LAB_UNUSED void **state)
{
	int in, out;

	/* half a frame read, output queued: not now */
	assert_int_equal(send(e.peer, "\0\0", 2, MSG_NOSIGNAL), 2);
	ends_run(&e);
	assert_int_equal(lab_rpc_release(e.rpc, &in, &out), -EBUSY);
	assert_int_equal(send(e.peer, "\0\x25J{\"jsonrpc\":\"2.0\",\"method\":\"release\"}", 39,
			      MSG_NOSIGNAL),
			 39);
	ends_run(&e);
	ends_expect(&e, "request 0 release {} 0\n");
	assert_null(e.rpc);
	assert_int_equal(lab_rpc_new(e.loop, take_fd(&e.kept_fd), &ends_ops, &e, &e.rpc), 0);
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}");
	ends_expect_frame(&e, 'J', "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
}

static void stream_with_queued_output_is_not_released(LAB_UNUSED void **state)
{
	cleanup_free char *data = calloc(1, 1 << 20);
	int in, out;

	assert_non_null(data);
	assert_int_equal(lab_rpc_send_block(e.rpc, 1, data, 1 << 20), 0);
	assert_int_equal(lab_rpc_release(e.rpc, &in, &out), -EBUSY);
	close_fd(&e.peer);
	ends_run(&e);
	ends_expect(&e, "closed 0 the peer is gone\n");
	assert_int_equal(lab_rpc_release(e.rpc, &in, &out), -EBUSY);
}

/* --- cost --- */

static void small_call_costs_one_write_and_one_read_an_end(LAB_UNUSED void **state)
{
	int i;

	assert_int_equal(lab_rpc_call_wait(e.client, "echo", NULL, 5000, NULL, NULL), 0);
	n_sendmsg = 0;
	n_recvmsg = 0;
	for (i = 0; i < 10; i++)
		assert_int_equal(lab_rpc_call_wait(e.client, "echo", NULL, 5000, NULL, NULL), 0);
	assert_int_equal(n_sendmsg, 20);
	assert_int_equal(n_recvmsg, 20);
}

static void large_message_leaves_no_large_buffer(LAB_UNUSED void **state)
{
	size_t len = 5 << 20;
	cleanup_free char *text = malloc(len);

	assert_non_null(text);
	memset(text, 'x', len);
	assert_null(e.rpc->io.buf);
	assert_int_equal(lab_rpc_call(e.client, "echo", json_pack("{s:s#}", "x", text, len), NULL,
				      0, ends_note_answer, &e),
			 0);
	ends_run(&e);
	assert_non_null(strstr(lab_strbuf_str(&e.trace), "result {\"x\":\"xxx"));
	assert_true(e.rpc->io.cap <= LAB_RPC_BUFFER_MIN);
	assert_true(e.client->io.cap <= LAB_RPC_BUFFER_MIN);
}

static void announced_length_takes_no_memory(LAB_UNUSED void **state)
{
	char bytes[5000] = "\1\0\0\0J";

	assert_int_equal(send(e.peer, bytes, sizeof(bytes), MSG_NOSIGNAL), sizeof(bytes));
	ends_run(&e);
	assert_true(e.rpc->io.cap <= 4 * sizeof(bytes));
}

/* --- out of memory --- */

/* A call of 10 kB; the answer, if one comes, is in the trace. */
static void open_and_call(int sv[2], json_t *params)
{
	struct lab_rpc *a = NULL, *b = NULL;
	int r;

	r = lab_rpc_new(e.loop, sv[0], &ends_ops, &e, &a);
	if (r < 0) {
		(void)close(sv[1]);
		return;
	}
	r = lab_rpc_new(e.loop, sv[1], &ends_ops, &e, &b);
	if (r == 0)
		r = lab_rpc_call(a, "echo", json_incref(params), NULL, 0, ends_note_answer, &e);
	if (r == 0)
		ends_run(&e);
	lab_rpc_free(a);
	lab_rpc_free(b);
}

static void out_of_memory_at_each_allocation(LAB_UNUSED void **state)
{
	static char text[10000];
	cleanup_json json_t *params = NULL;
	unsigned int n, n_failed = 0;
	bool answered;
	int sv[2];

	memset(text, 'x', sizeof(text));
	params = json_pack("{s:s%}", "x", text, sizeof(text));
	assert_non_null(params);
	json_set_alloc_funcs(__wrap_malloc, free);
	for (n = 1;; n++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
		allocations = 0;
		fail_at = n;
		counting = true;
		open_and_call(sv, params);
		counting = false;
		answered = strstr(lab_strbuf_str(&e.trace), "result ") != NULL;
		lab_strbuf_reset(&e.trace);
		if (allocations < n)
			break;
		n_failed += !answered;
	}
	json_set_alloc_funcs(malloc, free);
	assert_true(answered);
	assert_true(n_failed > 20);
}

int main(void)
{
#define TEST(name, start) cmocka_unit_test_setup_teardown(name, start, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(much_flows_both_ways_over_a_socket, setup),
		TEST(much_flows_both_ways_over_pipes, setup),
		TEST(pipe_without_a_reader_ends_the_connection, setup),
		TEST(bad_descriptors_are_closed, setup),
		TEST(queue_has_an_end, setup),
		TEST(owner_is_told_when_the_queue_is_empty, setup),
		TEST(paused_end_reads_nothing_and_loses_nothing, setup),
		cmocka_unit_test(connection_may_be_freed_in_each_callback),
		TEST(callbacks_of_one_connection_do_not_nest, setup),
		TEST(released_stream_goes_on_elsewhere, setup),
		TEST(stream_with_queued_output_is_not_released, setup),
		TEST(small_call_costs_one_write_and_one_read_an_end, setup_pair),
		TEST(large_message_leaves_no_large_buffer, setup_pair),
		TEST(announced_length_takes_no_memory, setup),
		TEST(out_of_memory_at_each_allocation, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
