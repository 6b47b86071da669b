/* SPDX-License-Identifier: GPL-2.0-or-later */
/* python_wire.c - messages on the interpreter's socket */
#include "controller/run/python_wire.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "netlab/rpc/frame.h"

enum { READ_BYTES = 8 << 10 };

static int send_all(int fd, struct iovec *iov, size_t n)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };
	ssize_t sent;

	while (msg.msg_iovlen) {
		sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		while (msg.msg_iovlen && (size_t)sent >= msg.msg_iov->iov_len) {
			sent -= (ssize_t)msg.msg_iov->iov_len;
			msg.msg_iov++;
			msg.msg_iovlen--;
		}
		if (msg.msg_iovlen) {
			msg.msg_iov->iov_base = (char *)msg.msg_iov->iov_base + sent;
			msg.msg_iov->iov_len -= (size_t)sent;
		}
	}
	return 0;
}

int ctl_python_send(int fd, json_t *message)
{
	cleanup_free char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	uint8_t header[LAB_FRAME_HEADER];
	struct iovec iov[2];

	json_decref(message);
	if (!text)
		return -ENOMEM;
	lab_frame_encode_header(LAB_FRAME_JSON, strlen(text), header);
	iov[0] = (struct iovec){ .iov_base = header, .iov_len = sizeof(header) };
	iov[1] = (struct iovec){ .iov_base = text, .iov_len = strlen(text) };
	return send_all(fd, iov, 2);
}

int ctl_python_receive(int fd, int flags, struct lab_strbuf *in)
{
	char buf[READ_BYTES];
	ssize_t n;

	do {
		n = recv(fd, buf, sizeof(buf), flags);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	lab_strbuf_add(in, buf, (size_t)n);
	return in->error < 0 ? in->error : (int)n;
}

int ctl_python_next(struct lab_strbuf *in, json_t **ret)
{
	struct lab_frame frame;
	int r;

	if (!in->len)
		return 0;
	r = lab_frame_decode((const uint8_t *)in->data, in->len, CTL_PYTHON_FRAME_MAX, &frame);
	if (r <= 0)
		return r;
	*ret = json_loadb((const char *)frame.body, frame.len, JSON_ALLOW_NUL, NULL);
	lab_strbuf_consume(in, frame.size);
	return *ret ? 1 : -EBADMSG;
}
