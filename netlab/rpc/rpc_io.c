/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rpc_io.c - the bytes and descriptors of an RPC connection: an input buffer, an output queue */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/util.h"
#include "netlab/rpc/rpc_internal.h"

enum {
	IOV_PER_WRITE = 16,
	WRITES_PER_FLUSH = 64, /* then other connections have their turn */
};

struct lab_rpc_chunk {
	struct lab_rpc_chunk *next;
	size_t off, len;
	unsigned int n_fds; /* still to be sent, with the first byte */
	int fds[LAB_RPC_FDS_MAX];
	uint8_t data[];
};

union fd_control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(int) * LAB_RPC_FDS_MAX)];
};

static int set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	if (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

/* The address family of a socket, or -1 for anything else. */
static int socket_domain(int fd)
{
	socklen_t len = sizeof(int);
	int domain;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 ? -1 : domain;
}

static void close_both(struct lab_rpc_io *io)
{
	if (io->out != io->in)
		close_fd(&io->out);
	io->out = -1;
	close_fd(&io->in);
}

int lab_rpc_io_init(struct lab_rpc_io *io, int in, int out)
{
	int r, domain;

	*io = (struct lab_rpc_io){ .in = in, .out = out };
	r = set_nonblock(in);
	if (r == 0 && out != in)
		r = set_nonblock(out);
	if (r < 0) {
		close_both(io);
		return r;
	}
	domain = socket_domain(in);
	io->in_socket = domain >= 0;
	if (out != in)
		domain = socket_domain(out);
	io->out_socket = domain >= 0;
	io->can_pass = domain == AF_UNIX;
	return 0;
}

static void close_fds(int *fds, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		close_fd(&fds[i]);
}

static void pop_chunk(struct lab_rpc_io *io)
{
	struct lab_rpc_chunk *c = io->head;

	io->head = c->next;
	if (!io->head)
		io->tail = NULL;
	io->queued -= c->len - c->off;
	close_fds(c->fds, c->n_fds);
	free(c);
}

void lab_rpc_io_drop_output(struct lab_rpc_io *io)
{
	while (io->head)
		pop_chunk(io);
}

void lab_rpc_io_close(struct lab_rpc_io *io)
{
	lab_rpc_io_drop_output(io);
	close_fds(io->fds, io->n_fds);
	io->n_fds = 0;
	close_both(io);
}

void lab_rpc_io_fini(struct lab_rpc_io *io)
{
	lab_rpc_io_close(io);
	free(io->buf);
	io->buf = NULL;
	io->off = io->len = io->cap = 0;
}

/* --- output --- */

/* Return: bytes written, > 0, or -errno. */
static ssize_t write_some(struct lab_rpc_io *io, const struct iovec *iov, unsigned int n_iov,
			  const int *fds, unsigned int n_fds)
{
	union fd_control control;
	struct msghdr mh = { .msg_iov = (struct iovec *)iov, .msg_iovlen = n_iov };
	struct cmsghdr *c;
	ssize_t n;

	if (n_fds) {
		memset(&control, 0, sizeof(control));
		mh.msg_control = control.buf;
		mh.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	do {
		if (io->out_socket)
			n = sendmsg(io->out, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
		else
			n = writev(io->out, iov, (int)n_iov);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n ? n : -EIO;
}

static int enqueue(struct lab_rpc_io *io, const struct iovec *iov, unsigned int n_iov, size_t skip,
		   const int *fds, unsigned int n_fds)
{
	struct lab_rpc_chunk *c;
	size_t total = 0;
	unsigned int i;
	int fd, r;

	for (i = 0; i < n_iov; i++)
		total += iov[i].iov_len;
	c = malloc(sizeof(*c) + total - skip);
	if (!c)
		return -ENOMEM;
	c->next = NULL;
	c->off = c->len = 0;
	c->n_fds = 0;
	for (i = 0; i < n_fds; i++) {
		fd = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
		if (fd < 0) {
			r = -errno;
			close_fds(c->fds, c->n_fds);
			free(c);
			return r;
		}
		c->fds[c->n_fds++] = fd;
	}
	for (i = 0; i < n_iov; i++) {
		size_t part = LAB_MIN(skip, iov[i].iov_len);

		memcpy(c->data + c->len, (const uint8_t *)iov[i].iov_base + part,
		       iov[i].iov_len - part);
		c->len += iov[i].iov_len - part;
		skip -= part;
	}
	if (io->tail)
		io->tail->next = c;
	else
		io->head = c;
	io->tail = c;
	io->queued += c->len;
	return 0;
}

int lab_rpc_io_send(struct lab_rpc_io *io, const struct iovec *iov, unsigned int n_iov,
		    const int *fds, unsigned int n_fds)
{
	size_t total = 0, sent = 0;
	unsigned int i;
	ssize_t n;
	int r;

	for (i = 0; i < n_iov; i++)
		total += iov[i].iov_len;
	if (io->queued + total > LAB_RPC_QUEUE_MAX)
		return -ENOBUFS;
	if (!io->head) {
		n = write_some(io, iov, n_iov, fds, n_fds);
		if (n < 0 && n != -EAGAIN)
			return (int)n;
		sent = n < 0 ? 0 : (size_t)n;
		if (sent == total)
			return 0;
	}
	r = enqueue(io, iov, n_iov, sent, fds, sent ? 0 : n_fds);
	/* Half a frame is out and its rest is lost: nothing that follows could be understood. */
	if (r < 0 && sent)
		return -EPIPE;
	return r;
}

int lab_rpc_io_flush(struct lab_rpc_io *io)
{
	struct iovec iov[IOV_PER_WRITE];
	unsigned int n_iov, turn;
	struct lab_rpc_chunk *c;
	ssize_t n;

	for (turn = 0; io->head && turn < WRITES_PER_FLUSH; turn++) {
		n_iov = 0;
		for (c = io->head; c && n_iov < IOV_PER_WRITE && (c == io->head || !c->n_fds);
		     c = c->next)
			iov[n_iov++] = (struct iovec){ c->data + c->off, c->len - c->off };
		n = write_some(io, iov, n_iov, io->head->fds, io->head->n_fds);
		if (n == -EAGAIN)
			return 1;
		if (n < 0)
			return (int)n;
		close_fds(io->head->fds, io->head->n_fds);
		io->head->n_fds = 0;
		while (n > 0) {
			size_t part = LAB_MIN((size_t)n, io->head->len - io->head->off);

			io->head->off += part;
			io->queued -= part;
			n -= (ssize_t)part;
			if (io->head->off == io->head->len)
				pop_chunk(io);
		}
	}
	return io->head ? 1 : 0;
}

/* --- input --- */

/* Bytes that the buffer must hold before the next frame is whole, as far as its header is there. */
static size_t bytes_wanted(const struct lab_rpc_io *io)
{
	const uint8_t *p = io->buf;
	size_t n;

	if (io->len < 4)
		return LAB_RPC_BUFFER_MIN;
	n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	return LAB_MAX(LAB_MIN(n, (size_t)LAB_RPC_FRAME_MAX) + 4, io->len + 1);
}

static int make_room(struct lab_rpc_io *io)
{
	size_t want, cap;
	uint8_t *buf;

	if (io->off) {
		memmove(io->buf, io->buf + io->off, io->len - io->off);
		io->len -= io->off;
		io->off = 0;
	}
	want = bytes_wanted(io);
	if (io->len < io->cap && (io->cap >= want || io->len < io->cap / 2))
		return 0;
	/* Grow with what has come, not with what was announced. */
	cap = LAB_MAX(LAB_MIN(want, io->cap * 2), (size_t)LAB_RPC_BUFFER_MIN);
	if (cap <= io->cap)
		return 0;
	buf = realloc(io->buf, cap);
	if (!buf)
		return -ENOMEM;
	io->buf = buf;
	io->cap = cap;
	return 0;
}

static int collect_fds(struct lab_rpc_io *io, struct msghdr *mh)
{
	struct cmsghdr *c;
	int fd, r = 0;
	size_t i, n;

	for (c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (io->n_fds < LAB_RPC_FDS_MAX) {
				io->fds[io->n_fds++] = fd;
			} else {
				(void)close(fd);
				r = -EPROTO;
			}
		}
	}
	/* More than the room for them, or this process has no free descriptor. */
	if (r == 0 && mh->msg_flags & MSG_CTRUNC)
		r = -EMFILE;
	return r;
}

int lab_rpc_io_fill(struct lab_rpc_io *io, bool *ret_more)
{
	union fd_control control;
	struct iovec iov;
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;
	int r;

	r = make_room(io);
	if (r < 0)
		return r;
	iov = (struct iovec){ io->buf + io->len, io->cap - io->len };
	do {
		mh.msg_control = control.buf;
		mh.msg_controllen = sizeof(control.buf);
		if (io->in_socket)
			n = recvmsg(io->in, &mh, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		else
			n = read(io->in, iov.iov_base, iov.iov_len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (io->in_socket) {
		r = collect_fds(io, &mh);
		if (r < 0)
			return r;
	}
	if (n == 0)
		return 0;
	io->len += (size_t)n;
	*ret_more = (size_t)n == iov.iov_len;
	return 1;
}

void lab_rpc_io_consumed(struct lab_rpc_io *io, size_t size)
{
	if (io->off < io->len)
		return;
	io->off = io->len = 0;
	if (io->cap > LAB_RPC_BUFFER_KEEP ||
	    (io->cap > LAB_RPC_BUFFER_MIN && size <= LAB_RPC_BUFFER_MIN)) {
		free(io->buf);
		io->buf = NULL;
		io->cap = 0;
	}
}

int lab_rpc_io_take_fds(struct lab_rpc_io *io, unsigned int n, int *ret)
{
	if (n > io->n_fds)
		return -EPROTO;
	memcpy(ret, io->fds, n * sizeof(int));
	io->n_fds -= n;
	memmove(io->fds, io->fds + n, io->n_fds * sizeof(int));
	return 0;
}
