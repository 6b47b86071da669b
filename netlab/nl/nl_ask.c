/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nl_ask.c - requests that are answered with more than yes or no */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/fault.h"
#include "netlab/base/util.h"
#include "netlab/nl/nl_internal.h"

enum {
	BUFFER = 64 << 10, /* more than the kernel puts into one answer (32 KiB) */
	RESTARTS_MAX = 20,
	ANSWERS_MAX = 1000000,
};
#define BYTES_MAX ((size_t)256 << 20)

/* One message: true if it is the last. */
static bool hear_message(struct lab_nl_hearing *h, const struct nlmsghdr *nlh, struct lab_err *err)
{
	size_t len = mnl_nlmsg_get_payload_len(nlh);
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	int r = 0;

	if (nlh->nlmsg_type == NLMSG_ERROR) {
		if (len < sizeof(*e))
			r = lab_err_set(err, EBADMSG, "a netlink answer is cut short");
		else if (e->error)
			r = lab_nl_note_error(nlh, err);
		h->result = h->result ? h->result : r;
		return true;
	}
	if (nlh->nlmsg_type == NLMSG_DONE)
		return true;
	if (nlh->nlmsg_type < NLMSG_MIN_TYPE || h->result ||
	    (h->ear->type && nlh->nlmsg_type != h->ear->type))
		return false;
	if (len < h->ear->min_len)
		h->result = lab_err_set(err, EBADMSG, "a netlink answer is cut short");
	else
		h->result = h->ear->hear(h->ear->data, nlh, err);
	return !(nlh->nlmsg_flags & NLM_F_MULTI);
}

bool lab_nl_hear_buffer(struct lab_nl_hearing *h, const void *buf, size_t len, uint32_t seq,
			struct lab_err *err)
{
	const struct nlmsghdr *nlh = buf;
	int left = (int)len;
	bool last = false;

	for (; !last && lab_nl_whole(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		/* What is left of an earlier request that was given up. */
		if (nlh->nlmsg_seq != seq)
			continue;
		h->changed |= (nlh->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		last = hear_message(h, nlh, err);
	}
	return last;
}

/* Read one answer into @buf: bytes, or -errno. */
static ssize_t read_answer(int fd, void *buf, struct lab_err *err)
{
	for (;;) {
		ssize_t n = recv(fd, buf, BUFFER, MSG_DONTWAIT | MSG_TRUNC);
		int r;

		if (n > BUFFER)
			return lab_err_set(err, EMSGSIZE, "a netlink answer has %zd bytes", n);
		if (n >= 0)
			return n;
		if (errno != EAGAIN && errno != EINTR)
			return lab_err_errno(err, errno, "read netlink answer");
		r = lab_nl_wait(fd, err);
		if (r < 0)
			return r;
	}
}

/* Always to the end: the kernel takes no other request for a list while one is being told. */
static int hear_all(struct lab_nl *nl, struct lab_nl_hearing *h, void *buf, struct lab_err *err)
{
	size_t total = 0, answers = 0;

	for (;;) {
		ssize_t n = read_answer(nl->fd, buf, err);

		if (n < 0)
			return (int)n;
		total += (size_t)n;
		if (total > BYTES_MAX || answers++ > ANSWERS_MAX)
			return lab_err_set(err, EMSGSIZE, "a netlink answer does not end");
		if (lab_nl_hear_buffer(h, buf, (size_t)n, nl->seq, err))
			return h->result;
	}
}

int lab_nl_ask(struct lab_nl *nl, const struct lab_nl_ear *ear, struct lab_err *err)
{
	cleanup_free void *buf = malloc(BUFFER);
	size_t len = nl->len;
	int r = nl->error, fault;

	nl->len = 0;
	nl->error = 0;
	if (r < 0 || !buf)
		return lab_err_errno(err, r ? -r : ENOMEM, "build netlink request");
	fault = lab_fault(LAB_FAULT_NETLINK);
	if (fault)
		return lab_err_set(err, fault, "%s (injected fault) [%s]", strerror(fault),
				   lab_err_name(fault));
	for (int i = 0; i < RESTARTS_MAX; i++) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)nl->buf;
		struct lab_nl_hearing h = { .ear = ear };

		/* A number of its own: what an interrupted list still has to say is not taken for the next one. */
		nlh->nlmsg_seq = ++nl->seq;
		if (ear->restart)
			ear->restart(ear->data);
		if (send(nl->fd, nl->buf, len, 0) != (ssize_t)len)
			return lab_err_errno(err, errno, "send %zu bytes to netlink", len);
		r = hear_all(nl, &h, buf, err);
		if (r < 0 || !h.changed)
			return r;
	}
	return lab_err_set(err, EAGAIN, "a list of the kernel did not stand still");
}
