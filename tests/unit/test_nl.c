/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_nl.c - unit tests of netlab/nl/nl.h: the batch builder, and what it hears (--wrap for the kernel) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/fault.h"
#include "netlab/base/util.h"
#include "netlab/nl/nl.h"
#include "netlab/nl/nl_internal.h"

enum {
	NETNS = 1000, /* descriptors that only setns() sees */
	HOME = 1001,
	ANSWERS_MAX = 8,
	NEVER = 524, /* ENOTSUPP: the kernel's own, without a name in user space */
};

/* --- the kernel --- */

struct answer {
	_Alignas(struct nlmsghdr) uint8_t data[1024];
	size_t len;
	int error;
};

static struct {
	uint8_t *sent;
	size_t sent_len;
	unsigned int sends, polls, options;
	int send_error, socket_error, setns_error, setns_fails_for;
	size_t send_short;
	struct answer answers[ANSWERS_MAX];
	size_t n_answers, next_answer;
	int poll_results[4]; /* 1, 0 or -errno; then time-outs */
	size_t n_poll_results;
	char trace[256];
	bool no_memory;
} fake;

static void trace(const char *fmt, ...) LAB_PRINTF(1, 2);
static void trace(const char *fmt, ...)
{
	size_t len = strlen(fake.trace);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(fake.trace + len, sizeof(fake.trace) - len, fmt, ap);
	va_end(ap);
}

void *__real_realloc(void *p, size_t size);
int __wrap_socket(int domain, int type, int protocol);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_setns(int fd, int type);
ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
void *__wrap_realloc(void *p, size_t size);

int __wrap_socket(int domain, int type, int protocol)
{
	assert_int_equal(domain, AF_NETLINK);
	assert_int_equal(type, SOCK_RAW | SOCK_CLOEXEC);
	assert_int_equal(protocol, NETLINK_ROUTE);
	trace("socket ");
	if (fake.socket_error) {
		errno = fake.socket_error;
		return -1;
	}
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int __wrap_setsockopt(LAB_UNUSED int fd, int level, int name, const void *value, socklen_t len)
{
	assert_int_equal(level, SOL_NETLINK);
	assert_int_equal(len, sizeof(int));
	assert_int_equal(*(const int *)value, 1);
	fake.options |= 1u << name;
	errno = ENOPROTOOPT;
	return -1;
}

int __wrap_setns(int fd, int type)
{
	assert_int_equal(type, CLONE_NEWNET);
	trace("setns(%s) ", fd == NETNS ? "netns" : fd == HOME ? "home" : "?");
	if (fake.setns_error && fd == fake.setns_fails_for) {
		errno = fake.setns_error;
		return -1;
	}
	return 0;
}

ssize_t __wrap_send(LAB_UNUSED int fd, const void *buf, size_t len, int flags)
{
	assert_int_equal(flags, 0);
	fake.sends++;
	if (fake.send_error) {
		errno = fake.send_error;
		return -1;
	}
	free(fake.sent);
	fake.sent = malloc(len);
	assert_non_null(fake.sent);
	memcpy(fake.sent, buf, len);
	fake.sent_len = len;
	return (ssize_t)(fake.send_short ? fake.send_short : len);
}

ssize_t __wrap_recv(LAB_UNUSED int fd, void *buf, size_t len, int flags)
{
	const struct answer *a = &fake.answers[fake.next_answer];

	assert_int_equal(flags & ~MSG_DONTWAIT, 0);
	if (fake.next_answer == fake.n_answers) {
		errno = EAGAIN;
		return -1;
	}
	fake.next_answer++;
	if (a->error) {
		errno = a->error;
		return -1;
	}
	memcpy(buf, a->data, LAB_MIN(len, a->len));
	return (ssize_t)LAB_MIN(len, a->len);
}

int __wrap_poll(LAB_UNUSED struct pollfd *fds, nfds_t n, int timeout_ms)
{
	int r = fake.polls < fake.n_poll_results ? fake.poll_results[fake.polls] : 0;

	assert_int_equal(n, 1);
	assert_true(timeout_ms > 0);
	fake.polls++;
	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}

void *__wrap_realloc(void *p, size_t size)
{
	return fake.no_memory ? NULL : __real_realloc(p, size);
}

static struct nlmsghdr *sent_header(size_t index)
{
	size_t at = 0;
	struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)fake.sent;

	while (index-- > 0) {
		at += NLMSG_ALIGN(nlh->nlmsg_len);
		assert_true(at < fake.sent_len);
		nlh = (struct nlmsghdr *)(void *)(fake.sent + at);
	}
	return nlh;
}

static struct answer *new_answer(void)
{
	assert_true(fake.n_answers < ANSWERS_MAX);
	return &fake.answers[fake.n_answers++];
}

static void add_bytes(struct answer *a, const void *data, size_t len)
{
	assert_true(a->len + NLMSG_ALIGN(len) <= sizeof(a->data));
	memcpy(a->data + a->len, data, len);
	a->len += NLMSG_ALIGN(len);
}

/* An answer to @seq; with @text in the kernel's attribute, behind @echo bytes of the request if it is not capped. */
static struct answer *add_verdict(struct answer *a, uint32_t seq, int error, const char *text,
				  size_t echo)
{
	struct nlmsghdr nlh = { .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = seq };
	struct nlmsgerr e = { .error = -error,
			      .msg = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + echo) } };
	struct nlattr attr = { .nla_type = NLMSGERR_ATTR_MSG };
	size_t start = a->len;

	assert_true(echo <= 16);
	nlh.nlmsg_flags = (uint16_t)((echo ? 0 : NLM_F_CAPPED) | (text ? NLM_F_ACK_TLVS : 0));
	add_bytes(a, &nlh, sizeof(nlh));
	add_bytes(a, &e, sizeof(e));
	add_bytes(a, "################", echo);
	if (text) {
		/* A stranger comes first, as a kernel may have more to say than we know. */
		attr.nla_type = NLMSGERR_ATTR_OFFS;
		attr.nla_len = NLA_HDRLEN + 4;
		add_bytes(a, &attr, sizeof(attr));
		add_bytes(a, "\x20\0\0\0", 4);
		attr.nla_type = NLMSGERR_ATTR_MSG;
		attr.nla_len = (uint16_t)(NLA_HDRLEN + strlen(text) + 1);
		add_bytes(a, &attr, sizeof(attr));
		add_bytes(a, text, strlen(text) + 1);
	}
	nlh.nlmsg_len = (uint32_t)(a->len - start);
	memcpy(a->data + start, &nlh, sizeof(nlh));
	return a;
}

static int set_up(LAB_UNUSED void **state)
{
	memset(&fake, 0, sizeof(fake));
	return 0;
}

static int tear_down(LAB_UNUSED void **state)
{
	free(fake.sent);
	fake.sent = NULL;
	return 0;
}

static void add_requests(struct lab_nl *nl, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_non_null(lab_nl_begin(nl, RTM_NEWLINK, 0, sizeof(struct ifinfomsg)));
}

/* --- the builder --- */

static void a_request_has_header_and_attributes(LAB_UNUSED void **state)
{
	struct lab_nl nl = { .fd = -1 };
	const struct nlattr *outer, *inner;
	const struct nlmsghdr *nlh;
	size_t mark;

	assert_non_null(lab_nl_begin(&nl, 77, NLM_F_CREATE, 3));
	mark = lab_nl_nest(&nl, 5);
	lab_nl_put_str(&nl, 6, "abcd");
	lab_nl_put_u8(&nl, 7, 0xab);
	lab_nl_nest_end(&nl, mark);
	lab_nl_put_u32(&nl, 8, 0x01020304);
	assert_int_equal(nl.error, 0);
	nlh = (const void *)nl.buf;
	assert_int_equal(nlh->nlmsg_type, 77);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE);
	assert_int_equal(nlh->nlmsg_seq, 1);
	assert_int_equal(nlh->nlmsg_len, nl.len);
	assert_int_equal(nl.len, 16 + 4 + (4 + 12 + 8) + 8);
	outer = (const void *)(nl.buf + 20);
	assert_int_equal(outer->nla_type, 5 | NLA_F_NESTED);
	assert_int_equal(outer->nla_len, 4 + 12 + 8);
	inner = (const void *)(nl.buf + 24);
	assert_int_equal(inner->nla_type, 6);
	assert_int_equal(inner->nla_len, 4 + 5);
	assert_string_equal((const char *)nl.buf + 28, "abcd");
	lab_nl_close(&nl);
	assert_int_equal(nl.fd, -1);
	assert_null(nl.buf);
}

static void requests_are_numbered_one_after_the_other(LAB_UNUSED void **state)
{
	struct lab_nl nl = { .fd = -1, .seq = 41 };

	add_requests(&nl, 3);
	assert_int_equal(nl.first, 42);
	assert_int_equal(nl.seq, 44);
	add_verdict(new_answer(), 44, 0, NULL, 0);
	assert_int_equal(lab_nl_flush(&nl, NULL, NULL), 0);
	assert_int_equal(sent_header(0)->nlmsg_seq, 42);
	assert_int_equal(sent_header(2)->nlmsg_seq, 44);
	add_requests(&nl, 1);
	assert_int_equal(nl.first, 45);
	lab_nl_close(&nl);
}

static void only_the_last_request_asks_for_an_answer(LAB_UNUSED void **state)
{
	struct lab_nl nl = { .fd = -1 };

	add_requests(&nl, 3);
	add_verdict(new_answer(), 3, 0, NULL, 0);
	assert_int_equal(lab_nl_flush(&nl, NULL, NULL), 0);
	assert_int_equal(sent_header(0)->nlmsg_flags & NLM_F_ACK, 0);
	assert_int_equal(sent_header(1)->nlmsg_flags & NLM_F_ACK, 0);
	assert_int_equal(sent_header(2)->nlmsg_flags & NLM_F_ACK, NLM_F_ACK);
	lab_nl_close(&nl);
}

static void an_empty_batch_is_not_sent(LAB_UNUSED void **state)
{
	struct lab_nl nl = { .fd = -1 };

	assert_int_equal(lab_nl_flush(&nl, NULL, NULL), 0);
	assert_int_equal(fake.sends, 0);
}

static void a_batch_can_be_filled_to_its_limit(LAB_UNUSED void **state)
{
	const size_t each = NLMSG_HDRLEN + sizeof(struct ifinfomsg);
	struct lab_nl nl = { .fd = -1 };
	struct lab_err err;

	assert_int_equal(lab_nl_room(&nl), LAB_NL_BATCH_MAX);
	add_requests(&nl, LAB_NL_BATCH_MAX / each);
	assert_int_equal(lab_nl_room(&nl), 0);
	add_verdict(new_answer(), nl.seq, 0, NULL, 0);
	assert_int_equal(lab_nl_flush(&nl, NULL, &err), 0);
	assert_int_equal(fake.sent_len, LAB_NL_BATCH_MAX);
	assert_int_equal(lab_nl_room(&nl), LAB_NL_BATCH_MAX);
	lab_nl_close(&nl);
}

static void a_batch_that_is_too_long_fails_at_the_flush(LAB_UNUSED void **state)
{
	struct lab_nl nl = { .fd = -1 };
	struct lab_err err;

	add_requests(&nl, LAB_NL_BATCH_MAX / 32);
	assert_null(lab_nl_begin(&nl, RTM_NEWLINK, 0, 16));
	assert_int_equal(nl.error, -EMSGSIZE);
	/* Latched: nothing that follows is built, however short. */
	lab_nl_put_u8(&nl, 1, 1);
	lab_nl_nest_end(&nl, lab_nl_nest(&nl, 2));
	assert_null(lab_nl_append(&nl, 1));
	assert_int_equal(lab_nl_flush(&nl, NULL, &err), -EMSGSIZE);
	assert_string_equal(err.msg, "build netlink batch: Message too long [EMSGSIZE]");
	assert_int_equal(fake.sends, 0);
	/* And forgotten with the batch. */
	add_requests(&nl, 1);
	add_verdict(new_answer(), nl.seq, 0, NULL, 0);
	assert_int_equal(lab_nl_flush(&nl, NULL, &err), 0);
	assert_int_equal(fake.sends, 1);
	lab_nl_close(&nl);
}

static void an_attribute_that_is_too_long_is_latched(LAB_UNUSED void **state)
{
	static const uint8_t zeros[UINT16_MAX];
	struct lab_nl nl = { .fd = -1 };
	size_t mark;

	add_requests(&nl, 1);
	lab_nl_put(&nl, 1, zeros, UINT16_MAX - NLA_HDRLEN);
	assert_int_equal(nl.error, 0);
	lab_nl_put(&nl, 1, zeros, UINT16_MAX - NLA_HDRLEN + 1);
	assert_int_equal(lab_nl_flush(&nl, NULL, NULL), -EMSGSIZE);
	add_requests(&nl, 1);
	mark = lab_nl_nest(&nl, 1);
	lab_nl_put(&nl, 2, zeros, UINT16_MAX - 3 * NLA_HDRLEN);
	lab_nl_nest_end(&nl, mark);
	assert_int_equal(nl.error, 0);
	lab_nl_put_u8(&nl, 3, 1);
	lab_nl_nest_end(&nl, mark);
	assert_int_equal(lab_nl_flush(&nl, NULL, NULL), -EMSGSIZE);
	assert_int_equal(fake.sends, 0);
	lab_nl_close(&nl);
}

static void without_memory_the_flush_says_so(LAB_UNUSED void **state)
{
	struct lab_nl nl = { .fd = -1 };
	struct lab_err err;

	fake.no_memory = true;
	assert_null(lab_nl_begin(&nl, RTM_NEWLINK, 0, 16));
	fake.no_memory = false;
	lab_nl_put_u8(&nl, 1, 1);
	assert_int_equal(lab_nl_flush(&nl, NULL, &err), -ENOMEM);
	assert_string_equal(err.msg, "build netlink batch: Cannot allocate memory [ENOMEM]");
	add_requests(&nl, 128);
	fake.no_memory = true;
	assert_null(lab_nl_begin(&nl, RTM_NEWLINK, 0, 16));
	fake.no_memory = false;
	assert_int_equal(lab_nl_flush(&nl, NULL, &err), -ENOMEM);
	assert_int_equal(fake.sends, 0);
	lab_nl_close(&nl);
}

/* --- the answers --- */

/* Flush a batch of @n requests, the first of which has the number 1. */
static int flush(size_t n, size_t *ret_failed, struct lab_err *err)
{
	struct lab_nl nl = { .fd = -1 };
	int r;

	*ret_failed = SIZE_MAX;
	add_requests(&nl, n);
	r = lab_nl_flush(&nl, ret_failed, err);
	assert_int_equal(nl.len, 0);
	lab_nl_close(&nl);
	return r;
}

static void the_kernels_words_are_in_the_message(LAB_UNUSED void **state)
{
	struct lab_err err;
	size_t failed;

	add_verdict(new_answer(), 1, EINVAL, "mtu less than device minimum", 0);
	assert_int_equal(flush(1, &failed, &err), -EINVAL);
	assert_string_equal(err.msg,
			    "Invalid argument (kernel: mtu less than device minimum) [EINVAL]");
	assert_int_equal(err.code, EINVAL);
	assert_int_equal(failed, 0);
}

static void they_are_found_behind_the_echo_of_the_request(LAB_UNUSED void **state)
{
	struct lab_err err;
	size_t failed;

	for (size_t echo = 4; echo <= 16; echo += 4) {
		(void)set_up(NULL);
		add_verdict(new_answer(), 1, ERANGE, "too big", echo);
		assert_int_equal(flush(1, &failed, &err), -ERANGE);
		assert_string_equal(err.msg,
				    "Numerical result out of range (kernel: too big) [ERANGE]");
		(void)tear_down(NULL);
	}
}

static void an_error_without_words_has_its_name(LAB_UNUSED void **state)
{
	struct lab_err err;
	size_t failed;

	add_verdict(new_answer(), 1, EEXIST, NULL, 0);
	assert_int_equal(flush(1, &failed, &err), -EEXIST);
	assert_string_equal(err.msg, "File exists [EEXIST]");
}

static void an_error_that_only_the_kernel_knows_has_a_number(LAB_UNUSED void **state)
{
	struct lab_err err;
	size_t failed;

	add_verdict(new_answer(), 1, NEVER, NULL, 0);
	assert_int_equal(flush(1, &failed, &err), -NEVER);
	assert_string_equal(err.msg, "Unknown error 524 [E?]");
	fake.n_answers = fake.next_answer = 0;
	memset(fake.answers, 0, sizeof(fake.answers));
	add_verdict(new_answer(), 1, NEVER, "no such thing", 0);
	assert_int_equal(flush(1, &failed, &err), -NEVER);
	assert_string_equal(err.msg, "Unknown error 524 (kernel: no such thing) [E?]");
}

static void words_without_an_end_are_left_out(LAB_UNUSED void **state)
{
	struct answer *a = add_verdict(new_answer(), 1, EINVAL, "abc", 0);
	struct lab_err err;
	size_t failed;

	a->data[a->len - 1] = 'd';
	assert_int_equal(flush(1, &failed, &err), -EINVAL);
	assert_string_equal(err.msg, "Invalid argument [EINVAL]");
}

static void an_error_of_an_earlier_request_is_reported(LAB_UNUSED void **state)
{
	struct lab_err err;
	size_t failed;

	add_verdict(new_answer(), 2, EEXIST, "first", 0);
	add_verdict(new_answer(), 4, ENODEV, "second", 0);
	add_verdict(new_answer(), 5, 0, NULL, 0);
	assert_int_equal(flush(5, &failed, &err), -EEXIST);
	assert_string_equal(err.msg, "File exists (kernel: first) [EEXIST]");
	assert_int_equal(failed, 1);
	assert_int_equal(fake.next_answer, 3);
}

static void an_error_of_the_last_request_ends_the_batch(LAB_UNUSED void **state)
{
	struct lab_err err;
	size_t failed;

	add_verdict(new_answer(), 3, ENODEV, NULL, 0);
	assert_int_equal(flush(3, &failed, &err), -ENODEV);
	assert_int_equal(failed, 2);
	assert_int_equal(fake.polls, 0);
}

static void nobody_has_to_want_the_details(LAB_UNUSED void **state)
{
	struct lab_nl nl = { .fd = -1 };

	add_requests(&nl, 2);
	add_verdict(new_answer(), 1, EEXIST, "text", 0);
	add_verdict(new_answer(), 2, 0, NULL, 0);
	assert_int_equal(lab_nl_flush(&nl, NULL, NULL), -EEXIST);
	lab_nl_close(&nl);
}

static void several_answers_come_in_one_message(LAB_UNUSED void **state)
{
	struct answer *a = new_answer();
	struct lab_err err;
	size_t failed;

	add_verdict(a, 1, EEXIST, "abc", 0);
	add_verdict(a, 2, ENODEV, NULL, 8);
	add_verdict(a, 3, 0, NULL, 0);
	assert_int_equal(flush(3, &failed, &err), -EEXIST);
	assert_int_equal(fake.next_answer, 1);
}

static void answers_to_others_are_ignored(LAB_UNUSED void **state)
{
	struct lab_nl nl = { .fd = -1, .seq = 100 };
	size_t failed = SIZE_MAX;

	add_requests(&nl, 2); /* 101 and 102 */
	add_verdict(new_answer(), 100, EPERM, "before", 0);
	add_verdict(new_answer(), 103, EPERM, "after", 0);
	add_verdict(new_answer(), 0, EPERM, "nobody", 0);
	add_verdict(new_answer(), UINT32_MAX, EPERM, "far", 0);
	add_verdict(new_answer(), 102, 0, NULL, 0);
	assert_int_equal(lab_nl_flush(&nl, &failed, NULL), 0);
	assert_int_equal(failed, SIZE_MAX);
	assert_int_equal(fake.next_answer, 5);
	lab_nl_close(&nl);
}

static void numbers_may_wrap_around(LAB_UNUSED void **state)
{
	struct lab_nl nl = { .fd = -1, .seq = UINT32_MAX - 1 };
	size_t failed = SIZE_MAX;

	add_requests(&nl, 3); /* UINT32_MAX, 0, 1 */
	assert_int_equal(nl.seq, 1);
	add_verdict(new_answer(), 2, EPERM, "after", 0);
	add_verdict(new_answer(), 0, EEXIST, "ours", 0);
	add_verdict(new_answer(), 1, 0, NULL, 0);
	assert_int_equal(lab_nl_flush(&nl, &failed, NULL), -EEXIST);
	assert_int_equal(failed, 1);
	lab_nl_close(&nl);
}

static void messages_that_are_no_answers_are_ignored(LAB_UNUSED void **state)
{
	struct answer *a = new_answer();
	struct nlmsghdr nlh = { .nlmsg_len = 36, .nlmsg_type = RTM_NEWLINK, .nlmsg_seq = 1 };
	struct lab_err err;
	size_t failed;

	add_bytes(a, &nlh, sizeof(nlh));
	add_bytes(a, "\xff\xff\xff\xff____________________", 20);
	nlh.nlmsg_type = NLMSG_ERROR; /* too short to be one */
	nlh.nlmsg_len = 20;
	add_bytes(a, &nlh, sizeof(nlh));
	add_bytes(a, "\xff\xff\xff\xff", 4);
	add_verdict(a, 1, 0, NULL, 0);
	assert_int_equal(flush(1, &failed, &err), 0);
}

static void a_truncated_answer_is_no_answer(LAB_UNUSED void **state)
{
	struct lab_err err;
	size_t failed;

	for (size_t cut = 1; cut < 52; cut++) {
		struct answer *a;

		(void)set_up(NULL);
		a = add_verdict(new_answer(), 1, EINVAL, "words that do not fit", 0);
		a->len -= cut;
		assert_int_equal(flush(1, &failed, &err), -ETIMEDOUT);
		assert_string_equal(err.msg, "the kernel did not answer a netlink request in 10 s");
		(void)tear_down(NULL);
	}
}

static void silence_ends_at_the_deadline(LAB_UNUSED void **state)
{
	struct lab_err err;
	size_t failed;

	add_verdict(new_answer(), 1, EEXIST, NULL, 0);
	assert_int_equal(flush(2, &failed, &err), -ETIMEDOUT);
	assert_int_equal(fake.polls, 1);
}

static void a_late_answer_is_waited_for(LAB_UNUSED void **state)
{
	struct lab_err err;
	size_t failed;

	new_answer()->error = EAGAIN;
	new_answer()->error = EINTR;
	add_verdict(new_answer(), 1, 0, NULL, 0);
	fake.poll_results[0] = -EINTR;
	fake.poll_results[1] = 1;
	fake.poll_results[2] = 1;
	fake.n_poll_results = 3;
	assert_int_equal(flush(1, &failed, &err), 0);
	assert_int_equal(fake.polls, 3);
}

static void a_failing_poll_is_reported(LAB_UNUSED void **state)
{
	struct lab_err err;
	size_t failed;

	fake.poll_results[0] = -ENOMEM;
	fake.n_poll_results = 1;
	assert_int_equal(flush(1, &failed, &err), -ENOMEM);
	assert_string_equal(err.msg, "poll netlink socket: Cannot allocate memory [ENOMEM]");
}

static void a_failing_read_is_reported(LAB_UNUSED void **state)
{
	struct lab_err err;
	size_t failed;

	new_answer()->error = ENOMEM;
	assert_int_equal(flush(1, &failed, &err), -ENOMEM);
	assert_string_equal(err.msg, "read netlink answer: Cannot allocate memory [ENOMEM]");
}

/* So many refusals that the socket could not hold them: the first ones are there, and say what is wrong. */
static void lost_answers_do_not_hide_the_first(LAB_UNUSED void **state)
{
	struct lab_err err;
	size_t failed;

	new_answer()->error = ENOBUFS;
	add_verdict(new_answer(), 3, EACCES, "IPv6 is disabled", 0);
	assert_int_equal(flush(9, &failed, &err), -EACCES);
	assert_string_equal(err.msg, "Permission denied (kernel: IPv6 is disabled) [EACCES]");
	assert_int_equal(failed, 2);
	assert_int_equal(fake.polls, 0);
	(void)tear_down(NULL);
	(void)set_up(NULL);
	new_answer()->error = ENOBUFS;
	assert_int_equal(flush(9, &failed, &err), -ENOBUFS);
	assert_string_equal(err.msg, "read netlink answer: No buffer space available [ENOBUFS]");
	assert_int_equal(failed, SIZE_MAX);
}

static void a_failing_send_is_reported(LAB_UNUSED void **state)
{
	struct lab_err err;
	size_t failed;

	fake.send_error = ENOBUFS;
	assert_int_equal(flush(2, &failed, &err), -ENOBUFS);
	assert_string_equal(err.msg,
			    "send 64 bytes to netlink: No buffer space available [ENOBUFS]");
	assert_int_equal(failed, SIZE_MAX);
	fake.send_error = 0;
	fake.send_short = 32;
	assert_int_equal(flush(2, &failed, &err), -EIO);
	assert_string_equal(err.msg, "netlink took 32 of 64 bytes");
}

static void an_injected_fault_sends_nothing(LAB_UNUSED void **state)
{
#ifdef LAB_FAULTS
	struct lab_err err;
	size_t failed;

	assert_int_equal(setenv("NETLAB_FAULT", "netlink:4", 1), 0);
	assert_int_equal(lab_fault_init(&err), 0);
	add_verdict(new_answer(), 2, 0, NULL, 0);
	assert_int_equal(flush(2, &failed, &err), 0);
	assert_int_equal(fake.sends, 1);
	assert_int_equal(flush(3, &failed, &err), -EIO);
	assert_string_equal(err.msg, "Input/output error (injected fault) [EIO]");
	assert_int_equal(failed, 1);
	assert_int_equal(fake.sends, 1);
	assert_int_equal(unsetenv("NETLAB_FAULT"), 0);
	assert_int_equal(lab_fault_init(&err), 0);
#endif
}

/* --- sockets --- */

static void open_asks_for_words_but_goes_on_without(LAB_UNUSED void **state)
{
	struct lab_err err;
	struct lab_nl nl;

	assert_int_equal(lab_nl_open(&nl, &err), 0);
	assert_true(nl.fd >= 0);
	assert_int_equal(fake.options, 1u << NETLINK_EXT_ACK | 1u << NETLINK_CAP_ACK);
	lab_nl_close(&nl);
	assert_int_equal(nl.fd, -1);
	lab_nl_close(&nl);
}

static void open_says_what_failed(LAB_UNUSED void **state)
{
	struct lab_err err;
	struct lab_nl nl;

	fake.socket_error = EPROTONOSUPPORT;
	assert_int_equal(lab_nl_open(&nl, &err), -EPROTONOSUPPORT);
	assert_string_equal(err.msg, "netlink socket: Protocol not supported [EPROTONOSUPPORT]");
	lab_nl_close(&nl);
}

static void enter_goes_there_and_back(LAB_UNUSED void **state)
{
	struct lab_nl nl = { .fd = -1 };
	struct lab_err err;
	int first;

	assert_int_equal(lab_nl_enter(&nl, NETNS, HOME, &err), 0);
	assert_string_equal(fake.trace, "setns(netns) socket setns(home) ");
	first = nl.fd;
	add_requests(&nl, 1);
	add_verdict(new_answer(), 1, 0, NULL, 0);
	assert_int_equal(lab_nl_flush(&nl, NULL, &err), 0);
	/* The second time, the memory is kept and the old socket is closed. */
	assert_non_null(nl.buf);
	assert_int_equal(lab_nl_enter(&nl, NETNS, HOME, &err), 0);
	assert_non_null(nl.buf);
	assert_int_equal(nl.fd, first);
	lab_nl_close(&nl);
}

static void enter_that_fails_stays_at_home(LAB_UNUSED void **state)
{
	struct lab_nl nl = { .fd = -1 };
	struct lab_err err;

	fake.setns_error = EPERM;
	fake.setns_fails_for = NETNS;
	assert_int_equal(lab_nl_enter(&nl, NETNS, HOME, &err), -EPERM);
	assert_string_equal(err.msg, "enter network namespace: Operation not permitted [EPERM]");
	assert_string_equal(fake.trace, "setns(netns) ");
	fake.setns_error = 0;
	fake.socket_error = EMFILE;
	fake.trace[0] = '\0';
	assert_int_equal(lab_nl_enter(&nl, NETNS, HOME, &err), -EMFILE);
	assert_string_equal(fake.trace, "setns(netns) socket setns(home) ");
	assert_true(nl.fd < 0);
	lab_nl_close(&nl);
}

static void no_way_home_is_not_recoverable(LAB_UNUSED void **state)
{
	struct lab_nl nl = { .fd = -1 };
	struct lab_err err;

	fake.setns_error = EPERM;
	fake.setns_fails_for = HOME;
	assert_int_equal(lab_nl_enter(&nl, NETNS, HOME, &err), -ENOTRECOVERABLE);
	assert_string_equal(err.msg,
			    "cannot return to the switch namespace: Operation not permitted");
	lab_nl_close(&nl);
}

#define fake_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(a_request_has_header_and_attributes),
		fake_test(requests_are_numbered_one_after_the_other),
		fake_test(only_the_last_request_asks_for_an_answer),
		fake_test(an_empty_batch_is_not_sent),
		fake_test(a_batch_can_be_filled_to_its_limit),
		fake_test(a_batch_that_is_too_long_fails_at_the_flush),
		fake_test(an_attribute_that_is_too_long_is_latched),
		fake_test(without_memory_the_flush_says_so),
		fake_test(the_kernels_words_are_in_the_message),
		fake_test(they_are_found_behind_the_echo_of_the_request),
		fake_test(an_error_without_words_has_its_name),
		fake_test(an_error_that_only_the_kernel_knows_has_a_number),
		fake_test(words_without_an_end_are_left_out),
		fake_test(an_error_of_an_earlier_request_is_reported),
		fake_test(an_error_of_the_last_request_ends_the_batch),
		fake_test(nobody_has_to_want_the_details),
		fake_test(several_answers_come_in_one_message),
		fake_test(answers_to_others_are_ignored),
		fake_test(numbers_may_wrap_around),
		fake_test(messages_that_are_no_answers_are_ignored),
		fake_test(a_truncated_answer_is_no_answer),
		fake_test(silence_ends_at_the_deadline),
		fake_test(a_late_answer_is_waited_for),
		fake_test(a_failing_poll_is_reported),
		fake_test(a_failing_read_is_reported),
		fake_test(lost_answers_do_not_hide_the_first),
		fake_test(a_failing_send_is_reported),
		fake_test(an_injected_fault_sends_nothing),
		fake_test(open_asks_for_words_but_goes_on_without),
		fake_test(open_says_what_failed),
		fake_test(enter_goes_there_and_back),
		fake_test(enter_that_fails_stays_at_home),
		fake_test(no_way_home_is_not_recoverable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
