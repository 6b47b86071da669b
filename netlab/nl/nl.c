/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nl.c - rtnetlink sockets: the batch builder and the one function that sends and hears the answers */
#include "netlab/nl/nl.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/fault.h"
#include "netlab/base/util.h"
#include "netlab/nl/nl_internal.h"

enum {
	ANSWER_MS =
		10000, /* the kernel answers before send(2) returns; this is for a kernel that does not */
	ANSWER_BYTES = 8192,
};

static int open_socket(int protocol, struct lab_err *err)
{
	const int on = 1;
	int fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		return lab_err_errno(err, errno, "netlink socket");
	/* Both are only about the wording of errors: an old kernel without them still works. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return fd;
}

int lab_nl_open(struct lab_nl *nl, struct lab_err *err)
{
	*nl = (struct lab_nl){ .fd = -1, .protocol = NETLINK_ROUTE };
	nl->fd = open_socket(nl->protocol, err);
	return nl->fd < 0 ? nl->fd : 0;
}

int lab_nl_open_generic(struct lab_nl *nl, struct lab_err *err)
{
	*nl = (struct lab_nl){ .fd = -1, .protocol = NETLINK_GENERIC };
	nl->fd = open_socket(nl->protocol, err);
	return nl->fd < 0 ? nl->fd : 0;
}

int lab_nl_enter(struct lab_nl *nl, int netns, int home, struct lab_err *err)
{
	close_fd(&nl->fd);
	if (setns(netns, CLONE_NEWNET) < 0)
		return lab_err_errno(err, errno, "enter network namespace");
	nl->fd = open_socket(nl->protocol, err);
	if (setns(home, CLONE_NEWNET) < 0)
		return lab_err_set(err, ENOTRECOVERABLE,
				   "cannot return to the switch namespace: %s", strerror(errno));
	return nl->fd < 0 ? nl->fd : 0;
}

void lab_nl_close(struct lab_nl *nl)
{
	close_fd(&nl->fd);
	free(nl->buf);
	*nl = (struct lab_nl){ .fd = -1 };
}

size_t lab_nl_room(const struct lab_nl *nl)
{
	return LAB_NL_BATCH_MAX - nl->len;
}

/* Make room for @extra more bytes behind the batch; the buffer may move. */
static int reserve(struct lab_nl *nl, size_t extra)
{
	size_t need = nl->len + extra, cap;
	uint8_t *buf;

	if (nl->error)
		return nl->error;
	if (need > LAB_NL_BATCH_MAX) {
		nl->error = -EMSGSIZE;
		return nl->error;
	}
	if (need <= nl->cap)
		return 0;
	cap = LAB_MAX(need, nl->cap ? nl->cap * 2 : (size_t)4096);
	buf = realloc(nl->buf, cap);
	if (!buf) {
		nl->error = -ENOMEM;
		return nl->error;
	}
	nl->buf = buf;
	nl->cap = cap;
	return 0;
}

static struct nlmsghdr *current_msg(const struct lab_nl *nl)
{
	return (struct nlmsghdr *)(void *)(nl->buf + nl->msg);
}

/* Grow the request being built by @len zeroed bytes, aligned as netlink wants. */
void *lab_nl_append(struct lab_nl *nl, size_t len)
{
	size_t aligned = MNL_ALIGN(len);
	uint8_t *at;

	if (reserve(nl, aligned) < 0)
		return NULL;
	at = nl->buf + nl->len;
	memset(at, 0, aligned);
	nl->len += aligned;
	current_msg(nl)->nlmsg_len = (uint32_t)(nl->len - nl->msg);
	return at;
}

void *lab_nl_begin(struct lab_nl *nl, uint16_t type, uint16_t flags, size_t extra_len)
{
	struct nlmsghdr *nlh;

	if (reserve(nl, MNL_NLMSG_HDRLEN) < 0)
		return NULL;
	nl->msg = nl->len;
	nlh = mnl_nlmsg_put_header(nl->buf + nl->msg);
	nl->len += MNL_NLMSG_HDRLEN;
	nl->seq++;
	if (nl->msg == 0)
		nl->first = nl->seq;
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	nlh->nlmsg_seq = nl->seq;
	return lab_nl_append(nl, extra_len);
}

void lab_nl_put(struct lab_nl *nl, uint16_t type, const void *data, size_t len)
{
	struct nlmsghdr *nlh;

	if (reserve(nl, MNL_ATTR_HDRLEN + MNL_ALIGN(len)) < 0)
		return;
	nlh = current_msg(nl);
	/* libmnl 1.0.4 cuts the length to 16 bits, and leaves the padding as it was. */
	memset(nl->buf + nl->len, 0, MNL_ATTR_HDRLEN + MNL_ALIGN(len));
	if (len > UINT16_MAX - MNL_ATTR_HDRLEN ||
	    !mnl_attr_put_check(nlh, nl->cap - nl->msg, type, len, data)) {
		nl->error = -EMSGSIZE;
		return;
	}
	nl->len = nl->msg + nlh->nlmsg_len;
}

void lab_nl_put_u32(struct lab_nl *nl, uint16_t type, uint32_t value)
{
	lab_nl_put(nl, type, &value, sizeof(value));
}

void lab_nl_put_u8(struct lab_nl *nl, uint16_t type, uint8_t value)
{
	lab_nl_put(nl, type, &value, sizeof(value));
}

void lab_nl_put_str(struct lab_nl *nl, uint16_t type, const char *s)
{
	lab_nl_put(nl, type, s, strlen(s) + 1);
}

size_t lab_nl_nest(struct lab_nl *nl, uint16_t type)
{
	size_t mark = nl->len;

	lab_nl_put(nl, type | NLA_F_NESTED, NULL, 0);
	return mark;
}

void lab_nl_nest_end(struct lab_nl *nl, size_t mark)
{
	struct nlattr *nest;

	if (!nl->error && nl->len - mark > UINT16_MAX)
		nl->error = -EMSGSIZE;
	if (nl->error)
		return;
	nest = (struct nlattr *)(void *)(nl->buf + mark);
	nest->nla_len = (uint16_t)(nl->len - mark);
}

bool lab_nl_whole(const struct nlmsghdr *nlh, int left)
{
	/* With its padding: attributes are looked for up to there. The kernel always sends it. */
	return mnl_nlmsg_ok(nlh, left) && nlh->nlmsg_len <= (uint32_t)left &&
	       MNL_ALIGN(nlh->nlmsg_len) <= (uint32_t)left;
}

/* Remember the first refusal of the batch, with the kernel's own words where it has some. */
int lab_nl_note_error(const struct nlmsghdr *nlh, struct lab_err *err)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	const char *text = NULL;
	/* Errors of the kernel are above -4096. */
	int code = e->error < 0 && e->error > -4096 ? -e->error : EBADMSG;

	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS) {
		size_t off = sizeof(*e);
		const struct nlattr *attr;

		if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
			off += mnl_nlmsg_get_payload_len(&e->msg);
		if (off > mnl_nlmsg_get_payload_len(nlh))
			off = mnl_nlmsg_get_payload_len(nlh);
		mnl_attr_for_each(attr, nlh, off)
			if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
			    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
				text = mnl_attr_get_str(attr);
	}
	if (text)
		return lab_err_set(err, code, "%s (kernel: %s) [%s]", strerror(code), text,
				   lab_err_name(code));
	return lab_err_set(err, code, "%s [%s]", strerror(code), lab_err_name(code));
}

int lab_nl_wait(int fd, struct lab_err *err)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int r;

	do
		r = poll(&p, 1, ANSWER_MS);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		return lab_err_set(err, ETIMEDOUT,
				   "the kernel did not answer a netlink request in %d s",
				   ANSWER_MS / 1000);
	return r < 0 ? lab_err_errno(err, errno, "poll netlink socket") : 0;
}

/* Read answers until the last request of the batch has been acknowledged. */
static int hear(struct lab_nl *nl, uint32_t last, size_t *ret_failed, struct lab_err *err)
{
	_Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
	int result = 0, r;
	bool lost = false;

	for (;;) {
		const struct nlmsghdr *nlh = (const void *)answer;
		ssize_t n = recv(nl->fd, answer, sizeof(answer), MSG_DONTWAIT);
		int left = (int)n;

		/* So many refusals that the socket could not hold them all: the first ones are there, the end is not. */
		if (n < 0 && errno == ENOBUFS && !lost) {
			lost = true;
			continue;
		}
		if (n < 0 && errno == EAGAIN && lost)
			return result ? result : lab_err_errno(err, ENOBUFS, "read netlink answer");
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			r = lab_nl_wait(nl->fd, err);
			if (r < 0)
				return r;
			continue;
		}
		if (n < 0)
			return lab_err_errno(err, errno, "read netlink answer");
		for (; lab_nl_whole(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

			if (nlh->nlmsg_type != NLMSG_ERROR ||
			    mnl_nlmsg_get_payload_len(nlh) < sizeof(*e) ||
			    nlh->nlmsg_seq - nl->first > last - nl->first)
				continue;
			if (e->error && !result) {
				result = lab_nl_note_error(nlh, err);
				if (ret_failed)
					*ret_failed = nlh->nlmsg_seq - nl->first;
			}
			if (nlh->nlmsg_seq == last)
				return result;
		}
	}
}

int lab_nl_flush(struct lab_nl *nl, size_t *ret_failed, struct lab_err *err)
{
	uint32_t last = nl->seq;
	size_t len = nl->len;
	ssize_t n;
	int r;

	nl->len = 0;
	r = nl->error;
	nl->error = 0;
	if (r < 0)
		return lab_err_errno(err, -r, "build netlink batch");
	if (!len)
		return 0;
	for (uint32_t seq = nl->first; seq - nl->first <= last - nl->first; seq++) {
		int fault = lab_fault(LAB_FAULT_NETLINK);

		if (!fault)
			continue;
		if (ret_failed)
			*ret_failed = seq - nl->first;
		return lab_err_set(err, fault, "%s (injected fault) [%s]", strerror(fault),
				   lab_err_name(fault));
	}
	current_msg(nl)->nlmsg_flags |= NLM_F_ACK;
	n = send(nl->fd, nl->buf, len, 0);
	if (n < 0)
		return lab_err_errno(err, errno, "send %zu bytes to netlink", len);
	if ((size_t)n != len)
		return lab_err_set(err, EIO, "netlink took %zd of %zu bytes", n, len);
	return hear(nl, last, ret_failed, err);
}
