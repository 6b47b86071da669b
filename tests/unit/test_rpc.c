/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_rpc.c - unit tests of netlab/rpc/rpc.h: messages, errors, descriptors, bad peers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/util.h"
#include "tests/unit/rpc_ends.h"

static struct ends e;

static int setup(LAB_UNUSED void **state)
{
	ends_open(&e, &ends_ops);
	return 0;
}

static int setup_deaf(LAB_UNUSED void **state)
{
	ends_open(&e, &ends_deaf_ops);
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

static unsigned int open_fds(void)
{
	cleanup_dir DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	return n;
}

/* --- the bytes of each kind of message --- */

static void request_is_these_bytes(LAB_UNUSED void **state)
{
	assert_int_equal(lab_rpc_call(e.rpc, "ping", json_pack("{s:i}", "a", 1), NULL, 0,
				      ends_note_answer, &e),
			 0);
	ends_expect_frame(
		&e, 'J', "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":1}}");
	assert_int_equal(lab_rpc_call(e.rpc, "pong", NULL, NULL, 0, ends_note_answer, &e), 0);
	ends_expect_frame(&e, 'J', "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"pong\"}");
	ends_expect(&e, "");
}

static void notification_is_these_bytes(LAB_UNUSED void **state)
{
	assert_int_equal(lab_rpc_notify(e.rpc, "done", json_pack("{s:s}", "h", "h1"), NULL, 0), 0);
	ends_expect_frame(&e, 'J',
			  "{\"jsonrpc\":\"2.0\",\"method\":\"done\",\"params\":{\"h\":\"h1\"}}");
}

static void answers_are_these_bytes(LAB_UNUSED void **state)
{
	struct lab_err err;

	assert_int_equal(lab_rpc_reply(e.rpc, 5, json_integer(3), NULL, 0), 0);
	ends_expect_frame(&e, 'J', "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":3}");
	assert_int_equal(lab_rpc_reply(e.rpc, 6, NULL, NULL, 0), 0);
	ends_expect_frame(&e, 'J', "{\"jsonrpc\":\"2.0\",\"id\":6,\"result\":{}}");
	(void)lab_err_set(&err, ENOENT, "no host h9");
	assert_int_equal(lab_rpc_reply_err(e.rpc, 7, &err), 0);
	ends_expect_frame(&e, 'J',
			  "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32000,"
			  "\"message\":\"no host h9\",\"data\":{\"errno\":\"ENOENT\"}}}");
	err.src = (struct lab_src){ "ping.xml", 3, 9 };
	assert_int_equal(lab_rpc_reply_err(e.rpc, 8, &err), 0);
	ends_expect_frame(&e, 'J',
			  "{\"jsonrpc\":\"2.0\",\"id\":8,\"error\":{\"code\":-32000,"
			  "\"message\":\"no host h9\",\"data\":{\"errno\":\"ENOENT\","
			  "\"file\":\"ping.xml\",\"line\":3,\"col\":9}}}");
}

static void blocks_are_these_bytes(LAB_UNUSED void **state)
{
	static const uint8_t expected[] = { 0,   0, 0, 7, 'B', 1,   2, 3, 4, 'h',
					    'i', 0, 0, 0, 5,   'B', 1, 2, 3, 4 };
	uint8_t bytes[64];

	assert_int_equal(lab_rpc_send_block(e.rpc, 0x01020304, "hi", 2), 0);
	assert_int_equal(lab_rpc_send_block(e.rpc, 0x01020304, NULL, 0), 0);
	assert_int_equal(recv(e.peer, bytes, sizeof(bytes), MSG_DONTWAIT), sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
}

static void notification_gets_no_answer(LAB_UNUSED void **state)
{
	struct lab_err err;

	(void)lab_err_set(&err, EIO, "x");
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}");
	ends_expect(&e, "request 0 echo {} 0\n");
	assert_int_equal(lab_rpc_reply(e.rpc, 0, json_object(), NULL, 0), 0);
	assert_int_equal(lab_rpc_reply_err(e.rpc, 0, &err), 0);
	ends_expect_silence(&e);
}

static void text_that_is_not_utf8_still_travels(LAB_UNUSED void **state)
{
	struct lab_err err;

	(void)lab_err_set(&err, ENOENT, "file \xff\xfe.xml");
	assert_int_equal(lab_rpc_reply_err(e.rpc, 1, &err), 0);
	ends_expect_frame(&e, 'J',
			  "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,"
			  "\"message\":\"file ??.xml\",\"data\":{\"errno\":\"ENOENT\"}}}");
	assert_int_equal(lab_rpc_notify(e.rpc, "\xff", NULL, NULL, 0), -ENOMEM);
	ends_expect_silence(&e);
}

/* --- receiving --- */

static void requests_and_blocks_arrive(LAB_UNUSED void **state)
{
	ends_say(&e, 'J',
		 "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"echo\",\"params\":{\"x\":[1,2]}}");
	ends_expect(&e, "request 4 echo {\"x\":[1,2]} 0\n");
	ends_expect_frame(&e, 'J', "{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{\"x\":[1,2]}}");
	/* stream number "\1\1\1\1" */
	ends_say(&e, 'B', "\1\1\1\1some bytes");
	ends_say(&e, 'B', "\1\1\1\1");
	ends_expect(&e, "block 16843009 some bytes\nblock 16843009 \n");
}

static void frames_may_come_byte_by_byte(LAB_UNUSED void **state)
{
	static const char text[] = "\0\0\0\x2aJ{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"later\"}"
				   "\0\0\0\x06"
				   "B\1\1\1\1x";
	size_t i;

	for (i = 0; i < sizeof(text) - 1; i++) {
		assert_int_equal(send(e.peer, text + i, 1, MSG_NOSIGNAL), 1);
		ends_run(&e);
	}
	ends_expect(&e, "request 9 later {} 0\nblock 16843009 x\n");
}

static void several_frames_may_come_at_once(LAB_UNUSED void **state)
{
	static const char one[] = "\0\0\0\x2aJ{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"later\"}";
	char many[200 * (sizeof(one) - 1)];
	size_t i, n = 0;
	char *p;

	for (i = 0; i < 200; i++)
		memcpy(many + i * (sizeof(one) - 1), one, sizeof(one) - 1);
	assert_int_equal(send(e.peer, many, sizeof(many), MSG_NOSIGNAL), sizeof(many));
	ends_run(&e);
	for (p = e.trace.data; p && *p; p = strchr(p, '\n') + 1)
		n++;
	assert_int_equal(n, 200);
}

static void requests_to_a_deaf_end_are_refused(LAB_UNUSED void **state)
{
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"echo\"}");
	ends_expect_frame(&e, 'J',
			  "{\"jsonrpc\":\"2.0\",\"id\":4,\"error\":{\"code\":-32000,\"message\":"
			  "\"no requests are served here\",\"data\":{\"errno\":\"EOPNOTSUPP\"}}}");
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}");
	ends_expect_silence(&e);
	ends_say(&e, 'B', "\1\1\1\1");
	ends_expect(&e, "closed EPROTO rpc: a block, but no stream is open\n");
}

/* --- what a peer may not do --- */

static const struct bad {
	char type;
	const char *text, *why;
} bad[] = {
	{ 'J', "", "not JSON: '[' or '{' expected near end of file" },
	{ 'J', "{", "not JSON: string or '}' expected near end of file" },
	{ 'J', "[]", "Expected object, got array" },
	{ 'J', "\"x\"", "not JSON: '[' or '{' expected near '\"x\"'" },
	{ 'J', "{}", "Object item not found: jsonrpc" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"m\"}x",
	  "not JSON: end of file expected near 'x'" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"\x1b[2J\"}",
	  "not JSON: control character 0x1b near '\"'" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}",
	  "not JSON: unable to decode byte 0xff near '\"'" },
	{ 'J', "{\"jsonrpc\":\"1.0\",\"method\":\"m\"}", "jsonrpc is not \"2.0\"" },
	{ 'J', "{\"jsonrpc\":2.0,\"method\":\"m\"}", "Expected string, got real" },
	{ 'J', "{\"jsonrpc\":\"2.0\"}", "neither method nor id" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":null}", "Expected string, got null" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":0}", "id is out of range" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":-1}", "id is out of range" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":9007199254740993}",
	  "id is out of range" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":\"1\"}",
	  "Expected integer, got string" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":1.0}", "Expected integer, got real" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":null}", "Expected integer, got null" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[1]}", "params is not an object" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"result\":1}",
	  "a request has a result or an error" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"extra\":1}",
	  "1 object item(s) left unpacked: extra" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"method\":\"n\"}",
	  "not JSON: duplicate object key near '\"method\"'" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"fds\":9}", "fds is out of range" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"fds\":-1}", "fds is out of range" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"fds\":4294967296}", "fds is out of range" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"fds\":1}",
	  "1 descriptors announced, fewer came" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"id\":1}", "a response needs one of result and error" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":{}}",
	  "a response needs one of result and error" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"params\":{}}",
	  "a response has params" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"result\":1}", "neither method nor id" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"id\":77,\"result\":1}", "an answer to no call" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":1}",
	  "error: Expected object, got integer" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1}}",
	  "error: Object item not found: message" },
	{ 'J',
	  "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"m\",\"data\":{\"x\":1}}}",
	  "error data: 1 object item(s) left unpacked: x" },
	{ 'J', "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"m\"},\"fds\":0}",
	  "an error has fds" },
	{ 'B', "\1\1\1", "a block without a stream number" },
	{ 'X', "{}", "a frame of unknown type" },
};

static void each_breach_closes_the_connection(LAB_UNUSED void **state)
{
	char expected[300];
	size_t i;
	char c;

	for (i = 0; i < LAB_ARRAY_SIZE(bad); i++) {
		ends_open(&e, &ends_ops);
		ends_say(&e, bad[i].type, bad[i].text);
		(void)snprintf(expected, sizeof(expected), "closed EPROTO rpc: %s\n", bad[i].why);
		ends_expect(&e, expected);
		/* the peer learns it at once, and nothing works any more */
		assert_int_equal(recv(e.peer, &c, 1, MSG_DONTWAIT), 0);
		assert_int_equal(lab_rpc_notify(e.rpc, "x", NULL, NULL, 0), -EPIPE);
		assert_int_equal(lab_rpc_send_block(e.rpc, 1, "x", 1), -EPIPE);
		ends_run(&e);
		ends_expect(&e, "");
		ends_close(&e);
	}
}

static void oversize_is_refused_by_its_header(LAB_UNUSED void **state)
{
	static const uint8_t head[] = { 1, 0, 0, 1 };

	assert_int_equal(send(e.peer, head, sizeof(head), MSG_NOSIGNAL), 4);
	ends_run(&e);
	ends_expect(&e, "closed EPROTO rpc: a frame of a length that is not allowed\n");
	assert_int_equal(lab_rpc_reply(e.rpc, 1, NULL, NULL, 0), -EPIPE);
}

static void oversize_is_not_sent(LAB_UNUSED void **state)
{
	cleanup_free char *text = malloc(LAB_RPC_FRAME_MAX);

	assert_non_null(text);
	memset(text, 'x', LAB_RPC_FRAME_MAX);
	assert_int_equal(lab_rpc_reply(e.rpc, 1, json_stringn(text, LAB_RPC_FRAME_MAX - 10), NULL,
				       0),
			 -EMSGSIZE);
	ends_expect_silence(&e);
	assert_int_equal(lab_rpc_notify(e.rpc, "still", NULL, NULL, 0), 0);
	ends_expect_frame(&e, 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"still\"}");
}

static void nesting_and_number_of_values_are_bounded(LAB_UNUSED void **state)
{
	enum { MANY = 3 << 20 };
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"x\":";
	cleanup_free char *text = malloc(MANY + 100);
	size_t len = sizeof(head) - 1;

	assert_non_null(text);
	memcpy(text, head, len);
	memset(text + len, '[', 62);
	memset(text + len + 62, ']', 62);
	memcpy(text + len + 124, "}}", 3);
	ends_say(&e, 'J', text);
	assert_non_null(strstr(lab_strbuf_str(&e.trace), "request 0 m"));
	lab_strbuf_reset(&e.trace);

	memset(text + len, '[', 63);
	memset(text + len + 63, ']', 63);
	memcpy(text + len + 126, "}}", 3);
	ends_say(&e, 'J', text);
	ends_expect(&e, "closed EPROTO rpc: message with too many or too deep values\n");
}

static void number_of_values_is_bounded(LAB_UNUSED void **state)
{
	uint8_t head[5] = { 0, 0x30, 0, 1, 'J' }, pattern[4096];
	size_t done, i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = i % 2 ? ',' : '0';
	pattern[0] = '[';
	assert_int_equal(send(e.peer, head, sizeof(head), MSG_NOSIGNAL), 5);
	for (done = 0; done < 0x300000; done += sizeof(pattern)) {
		assert_int_equal(send(e.peer, pattern, sizeof(pattern), MSG_NOSIGNAL),
				 sizeof(pattern));
		pattern[0] = '0';
		ends_run(&e);
	}
	ends_expect(&e, "closed EPROTO rpc: message with too many or too deep values\n");
}

static void string_is_not_taken_for_structure(LAB_UNUSED void **state)
{
	ends_say(
		&e, 'J',
		"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"x\":"
		"\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"{{{\"}}");
	assert_non_null(strstr(lab_strbuf_str(&e.trace), "request 0 m"));
}

/* --- errors --- */

static void note_place(LAB_UNUSED struct lab_rpc *rpc, json_t *result, const struct lab_err *err,
		       LAB_UNUSED int *fds, LAB_UNUSED unsigned int n_fds, void *user)
{
	assert_null(result);
	*(struct lab_err *)user = *err;
}

static void error_brings_errno_text_and_place(LAB_UNUSED void **state)
{
	struct lab_err err = { 0 };

	assert_int_equal(lab_rpc_call(e.client, "fail", NULL, NULL, 0, note_place, &err), 0);
	ends_run(&e);
	/* it outlives the connection */
	lab_rpc_free(e.client);
	e.client = NULL;
	assert_int_equal(err.code, ENODEV);
	assert_string_equal(err.msg, "no such link");
	assert_string_equal(err.src.file, "ring.xml");
	assert_int_equal(err.src.line, 12);
	assert_int_equal(err.src.col, 7);
}

static void error_text_of_a_peer_is_one_harmless_line(LAB_UNUSED void **state)
{
	assert_int_equal(lab_rpc_call(e.rpc, "x", NULL, NULL, 0, ends_note_answer, &e), 0);
	ends_say(&e, 'J',
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-1,\"message\":"
		 "\"a\\nb\\u001b[2J\\u009b2Jc\\u007f \\u00e9\",\"data\":{\"errno\":\"EWHAT\"}}}");
	ends_expect(&e, "error EREMOTEIO a?b?[2J??2Jc? \u00e9\n");
}

static void error_without_data_has_a_code_all_the_same(LAB_UNUSED void **state)
{
	assert_int_equal(lab_rpc_call(e.rpc, "x", NULL, NULL, 0, ends_note_answer, &e), 0);
	ends_say(
		&e, 'J',
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,\"message\":\"Method not found\"}}");
	ends_expect(&e, "error EREMOTEIO Method not found\n");
}

/* --- answers --- */

static void answers_may_come_in_any_order(LAB_UNUSED void **state)
{
	int i;

	for (i = 0; i < 3; i++)
		assert_int_equal(lab_rpc_call(e.rpc, "x", NULL, NULL, 0, ends_note_answer, &e), 0);
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":\"three\"}");
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}");
	assert_int_equal(lab_rpc_call(e.rpc, "x", NULL, NULL, 0, ends_note_answer, &e), 0);
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":4.5}");
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":[]}");
	ends_expect(&e, "result \"three\" 0\nresult null 0\nresult 4.5 0\nresult [] 0\n");
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":[]}");
	ends_expect(&e, "closed EPROTO rpc: an answer to no call\n");
}

static void both_ends_may_call(LAB_UNUSED void **state)
{
	assert_int_equal(lab_rpc_call(e.client, "echo", json_pack("{s:i}", "n", 1), NULL, 0,
				      ends_note_answer, &e),
			 0);
	assert_int_equal(lab_rpc_call(e.rpc, "echo", json_pack("{s:i}", "n", 2), NULL, 0,
				      ends_note_answer, &e),
			 0);
	ends_run(&e);
	assert_non_null(strstr(lab_strbuf_str(&e.trace), "result {\"n\":1} 0\n"));
	assert_non_null(strstr(lab_strbuf_str(&e.trace), "result {\"n\":2} 0\n"));
}

static void answer_may_come_later(LAB_UNUSED void **state)
{
	assert_int_equal(lab_rpc_call(e.client, "later", NULL, NULL, 0, ends_note_answer, &e), 0);
	ends_run(&e);
	ends_expect(&e, "request 1 later {} 0\n");
	assert_int_equal(lab_rpc_reply(e.rpc, e.later_id, NULL, NULL, 0), 0);
	ends_run(&e);
	ends_expect(&e, "result {} 0\n");
}

static void peer_that_goes_away_answers_open_calls_first(LAB_UNUSED void **state)
{
	assert_int_equal(lab_rpc_call(e.rpc, "a", NULL, NULL, 0, ends_note_answer, &e), 0);
	assert_int_equal(lab_rpc_call(e.rpc, "b", NULL, NULL, 0, ends_note_answer, &e), 0);
	close_fd(&e.peer);
	ends_run(&e);
	ends_expect(&e, "error ECONNRESET the peer is gone\nerror ECONNRESET the peer is gone\n"
			"closed 0 the peer is gone\n");
	assert_int_equal(lab_rpc_call(e.rpc, "c", NULL, NULL, 0, ends_note_answer, &e), -EPIPE);
}

static void peer_that_goes_away_in_a_message_is_just_gone(LAB_UNUSED void **state)
{
	assert_int_equal(send(e.peer, "\0\0\0\x20J{", 6, MSG_NOSIGNAL), 6);
	close_fd(&e.peer);
	ends_run(&e);
	ends_expect(&e, "closed 0 the peer is gone in the middle of a message\n");
}

static void last_words_are_heard_although_writing_fails(LAB_UNUSED void **state)
{
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"pause\"}");
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"bye\"}");
	close_fd(&e.peer);
	assert_int_equal(lab_rpc_notify(e.rpc, "x", NULL, NULL, 0), -EPIPE);
	ends_run(&e);
	ends_expect(&e, "request 0 pause {} 0\n");
	lab_rpc_pause(e.rpc, false);
	ends_expect(&e, "");
	ends_run(&e);
	ends_expect(&e, "request 0 bye {} 0\nclosed 0 the peer is gone\n");
}

/* --- a call that waits --- */

static void waiting_call_returns_the_answer(LAB_UNUSED void **state)
{
	cleanup_json json_t *result = NULL;
	struct lab_err err;
	json_int_t n = 0;

	assert_int_equal(lab_rpc_call_wait(e.client, "echo", json_pack("{s:i}", "n", 5), 5000,
					   &result, &err),
			 0);
	assert_int_equal(json_unpack(result, "{s:I}", "n", &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(lab_rpc_call_wait(e.client, "echo", NULL, 5000, NULL, NULL), 0);
	assert_int_equal(lab_rpc_call_wait(e.client, "fail", NULL, 5000, NULL, &err), -ENODEV);
	assert_string_equal(err.src.file, "ring.xml");
}

static void waiting_call_ends_in_time_and_a_late_answer_is_dropped(LAB_UNUSED void **state)
{
	uint64_t start = lab_loop_now_us();
	struct lab_err err;

	assert_int_equal(lab_rpc_call_wait(e.client, "later", NULL, 20, NULL, &err), -ETIMEDOUT);
	assert_true(lab_loop_now_us() - start >= 20000);
	assert_string_equal(err.msg, "later: no answer within 20 ms");
	assert_int_equal(lab_rpc_reply(e.rpc, e.later_id, NULL, NULL, 0), 0);
	ends_run(&e);
	ends_expect(&e, "request 1 later {} 0\n");
	assert_int_equal(lab_rpc_call_wait(e.client, "echo", NULL, 5000, NULL, &err), 0);
}

static void waiting_call_notices_the_end(LAB_UNUSED void **state)
{
	struct lab_err err;

	/* the other end frees itself on this request */
	assert_int_equal(lab_rpc_call_wait(e.client, "free", NULL, 5000, NULL, &err), -ECONNRESET);
	assert_string_equal(err.msg, "the peer is gone");
	assert_int_equal(lab_rpc_call_wait(e.client, "echo", NULL, 5000, NULL, &err), -EPIPE);
	assert_string_equal(err.msg, "echo: Broken pipe [EPIPE]");
}

static void free_client(LAB_UNUSED struct lab_source *src, LAB_UNUSED void *user)
{
	lab_rpc_free(e.client);
	e.client = NULL;
}

static void waiting_call_notices_that_its_connection_was_freed(LAB_UNUSED void **state)
{
	struct lab_err err;

	assert_int_equal(lab_loop_add_timer(e.loop, 1000, free_client, NULL, NULL), 0);
	assert_int_equal(lab_rpc_call_wait(e.client, "later", NULL, 5000, NULL, &err), -ECONNRESET);
	assert_string_equal(err.msg, "later: the connection was closed");
}

/* --- descriptors --- */

static void descriptors_travel_both_ways(LAB_UNUSED void **state)
{
	cleanup_close int rd = -1, wr = -1;
	int p[2];
	char c = 0;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	rd = p[0];
	wr = p[1];
	assert_int_equal(lab_rpc_call(e.client, "echo", NULL, &wr, 1, ends_note_answer, &e), 0);
	/* lent for the call only */
	close_fd(&wr);
	ends_run(&e);
	ends_expect(&e, "request 1 echo {} 1\nresult {} 1\n");
	assert_int_equal(fcntl(e.kept_fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(e.kept_fd, "x", 1), 1);
	close_fd(&e.kept_fd);
	assert_int_equal(read(rd, &c, 1), 1);
	assert_int_equal(c, 'x');
	/* every copy on the way has been closed */
	assert_int_equal(read(rd, &c, 1), 0);
}

static void descriptors_are_matched_in_order(LAB_UNUSED void **state)
{
	int a[8], i;
	unsigned int before;

	for (i = 0; i < 8; i++)
		a[i] = e.peer;
	before = open_fds();
	ends_say_fds(&e, "{\"jsonrpc\":\"2.0\",\"method\":\"drop\",\"fds\":8}", a, 8);
	ends_say_fds(&e, "{\"jsonrpc\":\"2.0\",\"method\":\"keep\",\"fds\":2}", a, 2);
	ends_say(&e, 'J', "{\"jsonrpc\":\"2.0\",\"method\":\"none\",\"fds\":0}");
	ends_expect(&e, "request 0 drop {} 8\nrequest 0 keep {} 2\nrequest 0 none {} 0\n");
	assert_int_equal(open_fds(), before + 1);
}

static void descriptors_wait_in_the_queue_with_their_message(LAB_UNUSED void **state)
{
	cleanup_free char *data = calloc(1, 1 << 20);
	cleanup_close int rd = -1, wr = -1;
	int p[2];
	char c;

	assert_non_null(data);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	rd = p[0];
	wr = p[1];
	assert_int_equal(lab_rpc_send_block(e.client, 1, data, 1 << 20), 0);
	assert_true(lab_rpc_queued(e.client) > 0);
	assert_int_equal(lab_rpc_call(e.client, "keep", NULL, &wr, 1, ends_note_answer, &e), 0);
	assert_int_equal(lab_rpc_call(e.client, "echo", NULL, &wr, 1, ends_note_answer, &e), 0);
	close_fd(&wr);
	ends_run(&e);
	assert_non_null(
		strstr(lab_strbuf_str(&e.trace), "request 1 keep {} 1\nrequest 2 echo {} 1\n"));
	assert_non_null(strstr(lab_strbuf_str(&e.trace), "result {} 1\n"));
	close_fd(&e.kept_fd);
	assert_int_equal(read(rd, &c, 1), 0);
}

static void queued_descriptors_are_closed_with_the_connection(LAB_UNUSED void **state)
{
	cleanup_free char *data = calloc(1, 1 << 20);
	unsigned int before = open_fds();

	assert_non_null(data);
	assert_int_equal(lab_rpc_send_block(e.rpc, 1, data, 1 << 20), 0);
	assert_int_equal(lab_rpc_notify(e.rpc, "x", NULL, &e.peer, 1), 0);
	assert_int_equal(open_fds(), before + 1);
	lab_rpc_free(e.rpc);
	e.rpc = NULL;
	assert_int_equal(open_fds(), before - 1);
}

static void missing_and_surplus_descriptors_are_breaches(LAB_UNUSED void **state)
{
	int fds[16], i;
	unsigned int before;

	for (i = 0; i < 16; i++)
		fds[i] = 0;
	ends_say_fds(&e, "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"fds\":2}", fds, 1);
	ends_expect(&e, "closed EPROTO rpc: 2 descriptors announced, fewer came\n");
	ends_close(&e);

	ends_open(&e, &ends_ops);
	before = open_fds();
	ends_say_fds(&e, "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"fds\":1}", fds, 2);
	ends_expect(&e,
		    "request 0 m {} 1\nclosed EPROTO rpc: descriptors that no message announced\n");
	assert_int_equal(open_fds(), before - 1);
	ends_close(&e);

	ends_open(&e, &ends_ops);
	before = open_fds();
	ends_say_fds(&e, "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"fds\":8}", fds, 9);
	ends_expect(&e, "closed EMFILE rpc: Too many open files [EMFILE]\n");
	assert_int_equal(open_fds(), before - 1);
	ends_close(&e);

	/* half a frame with 8, its rest with 1 */
	ends_open(&e, &ends_ops);
	before = open_fds();
	assert_int_equal(send(e.peer, "\0\0\1\0J", 5, MSG_NOSIGNAL), 5);
	ends_say_fds(&e, "", fds, 8);
	ends_say_fds(&e, "", fds, 1);
	ends_expect(&e, "closed EPROTO rpc: more descriptors than a message may have\n");
	assert_int_equal(open_fds(), before - 1);
}

static void descriptors_need_a_unix_socket(LAB_UNUSED void **state)
{
	struct lab_rpc *rpc;
	int p[2], q[2];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(pipe2(q, O_CLOEXEC), 0);
	assert_int_equal(lab_rpc_new_pair(e.loop, p[0], q[1], &ends_ops, &e, &rpc), 0);
	assert_int_equal(lab_rpc_notify(rpc, "m", NULL, &q[0], 1), -EOPNOTSUPP);
	assert_int_equal(lab_rpc_notify(rpc, "m", NULL, NULL, 0), 0);
	lab_rpc_free(rpc);
	(void)close(p[1]);
	(void)close(q[0]);
	/* none at all, and too many */
	assert_int_equal(lab_rpc_notify(e.rpc, "m", NULL, &e.peer, LAB_RPC_FDS_MAX + 1), -EINVAL);
	/* one that is not open: this message fails, the connection goes on */
	assert_int_equal(lab_rpc_notify(e.rpc, "m", NULL, &q[0], 1), -EBADF);
	assert_int_equal(lab_rpc_notify(e.rpc, "m", NULL, NULL, 0), 0);
	ends_run(&e);
	ends_expect(&e, "");
}

int main(void)
{
#define TEST(name, start) cmocka_unit_test_setup_teardown(name, start, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(request_is_these_bytes, setup),
		TEST(notification_is_these_bytes, setup),
		TEST(answers_are_these_bytes, setup),
		TEST(blocks_are_these_bytes, setup),
		TEST(notification_gets_no_answer, setup),
		TEST(text_that_is_not_utf8_still_travels, setup),
		TEST(requests_and_blocks_arrive, setup),
		TEST(frames_may_come_byte_by_byte, setup),
		TEST(several_frames_may_come_at_once, setup),
		TEST(requests_to_a_deaf_end_are_refused, setup_deaf),
		cmocka_unit_test(each_breach_closes_the_connection),
		TEST(oversize_is_refused_by_its_header, setup),
		TEST(oversize_is_not_sent, setup),
		TEST(nesting_and_number_of_values_are_bounded, setup),
		TEST(number_of_values_is_bounded, setup),
		TEST(string_is_not_taken_for_structure, setup),
		TEST(error_brings_errno_text_and_place, setup_pair),
		TEST(error_text_of_a_peer_is_one_harmless_line, setup),
		TEST(error_without_data_has_a_code_all_the_same, setup),
		TEST(answers_may_come_in_any_order, setup),
		TEST(both_ends_may_call, setup_pair),
		TEST(answer_may_come_later, setup_pair),
		TEST(peer_that_goes_away_answers_open_calls_first, setup),
		TEST(peer_that_goes_away_in_a_message_is_just_gone, setup),
		TEST(last_words_are_heard_although_writing_fails, setup),
		TEST(waiting_call_returns_the_answer, setup_pair),
		TEST(waiting_call_ends_in_time_and_a_late_answer_is_dropped, setup_pair),
		TEST(waiting_call_notices_the_end, setup_pair),
		TEST(waiting_call_notices_that_its_connection_was_freed, setup_pair),
		TEST(descriptors_travel_both_ways, setup_pair),
		TEST(descriptors_are_matched_in_order, setup),
		TEST(descriptors_wait_in_the_queue_with_their_message, setup_pair),
		TEST(queued_descriptors_are_closed_with_the_connection, setup),
		TEST(missing_and_surplus_descriptors_are_breaches, setup),
		TEST(descriptors_need_a_unix_socket, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
