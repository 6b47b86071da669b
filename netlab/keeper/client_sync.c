/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client_sync.c - give a host the files that it lacks */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/base/util.h"
#include "netlab/keeper/client.h"
#include "netlab/keeper/client_internal.h"

#define PUT_STREAMS 0x80000000u /* stream numbers of files start here, those of jobs stay below */
#define CHUNK       65536u

/*
 * A file on its way. It belongs to the client, not to the sync that sent it: an answer may come after that has given up.
 */
struct lab_put {
	struct lab_put *next;
	struct lab_client *c;
	struct sync *sync; /* NULL when nobody waits any more */
	char name[128];
};

/* One run of lab_client_sync(). */
struct sync {
	uint64_t end_us;
	size_t n_waiting;
	int error; /* of the first put that failed */
	struct lab_err err;
};

int lab_file_digest(struct lab_file *file, struct lab_err *err)
{
	/* O_NONBLOCK: the name of a FIFO must not make us wait. */
	cleanup_close int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char digest[LAB_DIGEST_STRLEN];
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return lab_err_errno(err, errno, "%s", file->name);
	if (!S_ISREG(st.st_mode))
		return lab_err_set(err, EINVAL, "%s: not a regular file", file->name);
	if (st.st_size > LAB_FILE_MAX)
		return lab_err_set(err, EFBIG, "%s: %lld bytes, the limit is %u", file->name,
				   (long long)st.st_size, LAB_FILE_MAX);
	r = lab_digest_fd(fd, digest);
	if (r < 0)
		return lab_err_errno(err, -r, "%s", file->name);
	memcpy(file->digest, digest, sizeof(digest));
	file->size_bytes = (uint64_t)st.st_size;
	return 0;
}

/* --- one file --- */

static void put_free(struct lab_put *put)
{
	struct lab_put **p = &put->c->puts;

	while (*p != put)
		p = &(*p)->next;
	*p = put->next;
	free(put);
}

void lab_client_free_puts(struct lab_client *c)
{
	while (c->puts)
		put_free(c->puts);
}

static void on_put(struct lab_rpc *rpc, json_t *result, const struct lab_err *err, int *fds,
		   unsigned int n_fds, void *user)
{
	struct lab_put *put = user;
	struct sync *sync = put->sync;

	(void)rpc;
	(void)result;
	(void)fds;
	(void)n_fds;
	if (sync)
		sync->n_waiting--;
	if (sync && err && !sync->error) {
		sync->err = *err;
		sync->error = err->code ? -err->code : -EREMOTEIO;
		/* Its size was right, so its content has changed since. */
		if (err->code == EBADMSG)
			sync->error = lab_err_set(&sync->err, EAGAIN,
						  "changed while it was being sent");
		(void)lab_err_prefix(&sync->err, 0, "%s: ", put->name);
	}
	put_free(put);
}

static int put_call(struct lab_client *c, struct sync *sync, const char *host,
		    const struct lab_file *file, uint32_t stream)
{
	struct lab_put *put = calloc(1, sizeof(*put));
	json_t *params;
	int r = -ENOMEM;

	if (!put)
		return -ENOMEM;
	put->c = c;
	put->sync = sync;
	(void)snprintf(put->name, sizeof(put->name), "%s", file->name);
	put->next = c->puts;
	c->puts = put;
	params = json_pack("{s:s,s:s,s:I,s:I}", "host", host, "file", file->digest, "size",
			   (json_int_t)file->size_bytes, "stream", (json_int_t)stream);
	if (params)
		r = lab_rpc_call(c->rpc, "file.put", params, NULL, 0, on_put, put);
	if (r < 0)
		put_free(put);
	else
		sync->n_waiting++;
	return r;
}

/* --- waiting --- */

static int step(struct lab_client *c, const struct sync *sync, struct lab_err *err)
{
	uint64_t now = lab_loop_now_us();
	int r;

	if (c->closed)
		return lab_err_set(err, ECONNRESET, "the lab has gone away");
	if (now >= sync->end_us)
		return lab_err_set(err, ETIMEDOUT, "no answer within %d s",
				   LAB_CLIENT_SYNC_MS / 1000);
	r = lab_loop_step(c->loop, (int)((sync->end_us - now) / 1000 + 1));
	return r < 0 ? lab_err_errno(err, -r, "waiting for an answer") : 0;
}

static int copy_content(struct lab_client *c, const struct sync *sync, int fd, uint32_t stream,
			uint64_t size, struct lab_err *err)
{
	cleanup_free char *buf = malloc(CHUNK);
	uint64_t done = 0;
	ssize_t n;
	int r;

	if (!buf)
		return lab_err_errno(err, ENOMEM, "sync");
	/* Never more than was announced; less is found out by the other side. */
	while (done < size) {
		n = read(fd, buf, LAB_MIN((uint64_t)CHUNK, size - done));
		if (n < 0)
			return lab_err_errno(err, errno, "read");
		if (n == 0)
			return 0;
		r = lab_rpc_send_block(c->rpc, stream, buf, (size_t)n);
		if (r < 0)
			return lab_err_errno(err, -r, "send");
		done += (uint64_t)n;
		while (lab_rpc_queued(c->rpc) > LAB_CLIENT_QUEUE_HIGH) {
			r = step(c, sync, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int send_content(struct lab_client *c, const struct sync *sync, int fd, uint32_t stream,
			uint64_t size, struct lab_err *err)
{
	int r = copy_content(c, sync, fd, stream, size, err);
	int end = lab_rpc_send_block(c->rpc, stream, NULL, 0);

	if (r == 0 && end < 0)
		return lab_err_errno(err, -end, "send");
	return r;
}

static int send_file(struct lab_client *c, struct sync *sync, const char *host,
		     const struct lab_file *file, struct lab_err *err)
{
	cleanup_close int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	uint32_t stream;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return lab_err_errno(err, errno, "%s", file->name);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != file->size_bytes)
		return lab_err_set(err, EAGAIN, "%s: changed while it was being sent", file->name);
	stream = PUT_STREAMS | (c->next_put++ & ~PUT_STREAMS);
	r = put_call(c, sync, host, file, stream);
	if (r < 0)
		return lab_err_errno(err, -r, "%s", file->name);
	r = send_content(c, sync, fd, stream, file->size_bytes, err);
	return r < 0 ? lab_err_prefix(err, r, "%s: ", file->name) : 0;
}

/* --- the whole --- */

static json_t *digests_to_json(const struct lab_file *files, size_t n)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; array && i < n; i++) {
		if (json_array_append_new(array, json_string(files[i].digest)) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static int ask_missing(struct lab_client *c, const char *host, const struct lab_file *files,
		       size_t n, json_t **ret, struct lab_err *err)
{
	json_t *digests = digests_to_json(files, n);
	json_t *params = digests ? json_pack("{s:s,s:o}", "host", host, "files", digests) : NULL;
	json_t *missing, *answer = NULL;
	int r;

	if (!params)
		return lab_err_errno(err, ENOMEM, "sync");
	r = lab_rpc_call_wait(c->rpc, "file.missing", params, LAB_CLIENT_SYNC_MS, &answer, err);
	if (r < 0)
		return r;
	missing = json_object_get(answer, "missing");
	if (json_is_array(missing))
		*ret = json_incref(missing);
	else
		r = lab_err_set(err, EPROTO, "file.missing: the answer has no list");
	json_decref(answer);
	return r;
}

static bool contains(json_t *array, const char *digest)
{
	size_t i;
	json_t *v;

	json_array_foreach(array, i, v) {
		if (json_is_string(v) && strcmp(json_string_value(v), digest) == 0)
			return true;
	}
	return false;
}

static bool is_repeated(const struct lab_file *files, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++) {
		if (strcmp(files[k].digest, files[i].digest) == 0)
			return true;
	}
	return false;
}

static int send_missing(struct lab_client *c, struct sync *sync, const char *host,
			const struct lab_file *files, size_t n, json_t *missing, size_t *n_sent,
			struct lab_err *err)
{
	size_t i;
	int r;

	for (i = 0; i < n; i++) {
		if (!contains(missing, files[i].digest) || is_repeated(files, i))
			continue;
		r = send_file(c, sync, host, &files[i], err);
		if (r < 0)
			return r;
		(*n_sent)++;
	}
	while (sync->n_waiting) {
		r = step(c, sync, err);
		if (r < 0)
			return r;
	}
	if (sync->error && err)
		*err = sync->err;
	return sync->error;
}

int lab_client_sync(struct lab_client *c, const char *host, const struct lab_file *files,
		    size_t n_files, size_t *ret_sent, struct lab_err *err)
{
	struct sync sync = { .end_us = lab_loop_now_us() + (uint64_t)LAB_CLIENT_SYNC_MS * 1000 };
	cleanup_json json_t *missing = NULL;
	struct lab_put *put;
	size_t n_sent = 0;
	int r = 0;

	if (n_files)
		r = ask_missing(c, host, files, n_files, &missing, err);
	if (r == 0)
		r = send_missing(c, &sync, host, files, n_files, missing, &n_sent, err);
	for (put = c->puts; put; put = put->next) {
		if (put->sync == &sync)
			put->sync = NULL;
	}
	if (r < 0)
		return lab_err_prefix(err, r, "host %s: ", host);
	if (ret_sent)
		*ret_sent = n_sent;
	return 0;
}
