/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store.c - files synchronised to this host, by the SHA-256 of their content: `file.missing`, `file.put` */
#include "slave-image/agent/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/rpc/digest.h"
#include "slave-image/agent/agent_internal.h"

#define DEFAULT_DIR "/run/netlab/store"
#define PUTS_MAX    64u
#define FILES_MAX   4096u
#define TMP_STRLEN  32

/*
 * A file on its way. After a failure it stays until its stream ends, so that what is still coming is dropped.
 */
struct agt_put {
	struct agt_put *next;
	uint64_t id; /* request to answer; 0 when that has been done */
	uint32_t stream;
	uint64_t size, got;
	int fd;
	char digest[LAB_DIGEST_STRLEN];
	char tmp[TMP_STRLEN];
};

/* --- the folder --- */

/* Make a folder and its parent; only ours, and closed to others: the store's files are executed. */
static int open_dir(const char *path)
{
	cleanup_free char *parent = strdup(path);
	cleanup_close int fd = -1;
	struct stat st;
	char *slash;

	if (!parent)
		return -ENOMEM;
	slash = strrchr(parent, '/');
	if (slash && slash != parent) {
		*slash = '\0';
		if (mkdir(parent, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid() || (st.st_mode & 077) ||
	    faccessat(fd, ".", W_OK, AT_EACCESS) < 0)
		return -EACCES;
	return take_fd(&fd);
}

static int use_dir(struct agt_store *s, const char *path)
{
	cleanup_free char *dir = strdup(path);
	int fd;

	if (!dir)
		return -ENOMEM;
	fd = open_dir(path);
	if (fd < 0)
		return fd;
	s->dirfd = fd;
	s->dir = take_ptr(&dir);
	return 0;
}

int agt_store_open(struct agt *a, struct lab_err *err)
{
	struct agt_store *s = &a->store;
	const char *tmp = getenv("TMPDIR");
	char path[PATH_MAX];
	int n, r;

	if (s->dirfd >= 0)
		return 0;
	if (a->opts.store_dir) {
		r = use_dir(s, a->opts.store_dir);
		return r < 0 ? lab_err_errno(err, -r, "store %s", a->opts.store_dir) : 0;
	}
	if (use_dir(s, DEFAULT_DIR) == 0)
		return 0;
	n = snprintf(path, sizeof(path), "%s/netlab-store-%u", tmp && *tmp ? tmp : "/tmp",
		     (unsigned int)geteuid());
	if (n < 0 || (size_t)n >= sizeof(path))
		return lab_err_errno(err, ENAMETOOLONG, "store");
	r = use_dir(s, path);
	return r < 0 ? lab_err_errno(err, -r, "store %s", path) : 0;
}

int agt_store_path(struct agt *a, const char *digest, char *buf, size_t size, struct lab_err *err)
{
	int n, r;

	if (!lab_digest_valid(digest))
		return lab_err_set(err, EINVAL, "file: not a digest");
	r = agt_store_open(a, err);
	if (r < 0)
		return r;
	if (faccessat(a->store.dirfd, digest, F_OK, 0) < 0)
		return lab_err_set(err, errno, "file %.12s is not in this host's store", digest);
	n = snprintf(buf, size, "%s/%s", a->store.dir, digest);
	if (n < 0 || (size_t)n >= size)
		return lab_err_errno(err, ENAMETOOLONG, "store");
	return 0;
}

/* --- file.missing --- */

static int find_missing(struct agt *a, json_t *params, json_t **ret, struct lab_err *err)
{
	cleanup_json json_t *missing = json_array();
	json_t *files, *v;
	const char *digest;
	json_error_t je;
	size_t i;
	int r;

	if (json_unpack_ex(params, &je, 0, "{s:o !}", "files", &files) < 0)
		return lab_err_set(err, EINVAL, "file.missing: %s", je.text);
	if (!json_is_array(files) || json_array_size(files) > FILES_MAX)
		return lab_err_set(err, EINVAL,
				   "file.missing: files must be an array of at most %u", FILES_MAX);
	r = agt_store_open(a, err);
	if (r < 0)
		return r;
	json_array_foreach(files, i, v) {
		digest = json_string_value(v);
		if (!digest || !lab_digest_valid(digest))
			return lab_err_set(err, EINVAL, "file.missing: file %zu is not a digest",
					   i);
		if (faccessat(a->store.dirfd, digest, F_OK, 0) < 0 &&
		    json_array_append(missing, v) < 0)
			return lab_err_errno(err, ENOMEM, "file.missing");
	}
	*ret = json_pack("{s:O}", "missing", missing);
	return *ret ? 0 : lab_err_errno(err, ENOMEM, "file.missing");
}

void agt_store_missing(struct agt *a, struct lab_rpc_req *req)
{
	json_t *result = NULL;
	struct lab_err err;

	if (find_missing(a, req->params, &result, &err) < 0)
		(void)lab_rpc_reply_err(a->rpc, req->id, &err);
	else
		(void)lab_rpc_reply(a->rpc, req->id, result, NULL, 0);
}

/* --- file.put --- */

static void put_free(struct agt *a, struct agt_put *put)
{
	struct agt_put **p = &a->store.puts;

	while (*p != put)
		p = &(*p)->next;
	*p = put->next;
	a->store.n_puts--;
	if (put->fd >= 0)
		(void)unlinkat(a->store.dirfd, put->tmp, 0);
	close_fd(&put->fd);
	free(put);
}

static void put_failed(struct agt *a, struct agt_put *put, const struct lab_err *err)
{
	if (put->fd >= 0)
		(void)unlinkat(a->store.dirfd, put->tmp, 0);
	close_fd(&put->fd);
	(void)lab_rpc_reply_err(a->rpc, put->id, err);
	put->id = 0;
}

static int put_start(struct agt *a, const struct lab_rpc_req *req, struct lab_err *err)
{
	json_int_t size, stream;
	const char *digest;
	struct agt_put *put;
	json_error_t je;
	int r;

	if (json_unpack_ex(req->params, &je, 0, "{s:s,s:I,s:I !}", "file", &digest, "size", &size,
			   "stream", &stream) < 0)
		return lab_err_set(err, EINVAL, "file.put: %s", je.text);
	if (!lab_digest_valid(digest))
		return lab_err_set(err, EINVAL, "file.put: file is not a digest");
	if (size < 0 || size > AGT_FILE_MAX)
		return lab_err_set(err, EFBIG, "file.put: a file of %lld bytes, %u is the limit",
				   (long long)size, AGT_FILE_MAX);
	if (stream <= 0 || stream > UINT32_MAX)
		return lab_err_set(err, EINVAL, "file.put: stream out of range");
	if (agt_stream_busy(a, (uint32_t)stream))
		return lab_err_set(err, EEXIST, "file.put: stream %lld is in use",
				   (long long)stream);
	if (a->store.n_puts >= PUTS_MAX)
		return lab_err_set(err, EAGAIN, "file.put: %u files are on their way already",
				   a->store.n_puts);
	if (agt_upgrade_active(a))
		return lab_err_set(err, EBUSY, "file.put: the agent is being replaced");
	r = agt_store_open(a, err);
	if (r < 0)
		return r;

	put = calloc(1, sizeof(*put));
	if (!put)
		return lab_err_errno(err, ENOMEM, "file.put");
	put->id = req->id;
	put->stream = (uint32_t)stream;
	put->size = (uint64_t)size;
	memcpy(put->digest, digest, sizeof(put->digest));
	(void)snprintf(put->tmp, sizeof(put->tmp), ".%d-%llu", (int)getpid(),
		       (unsigned long long)a->store.next_tmp++);
	put->next = a->store.puts;
	a->store.puts = put;
	a->store.n_puts++;
	(void)unlinkat(a->store.dirfd, put->tmp, 0);
	put->fd = openat(a->store.dirfd, put->tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0500);
	if (put->fd < 0) {
		(void)lab_err_errno(err, errno, "store %s", a->store.dir);
		put_failed(a, put, err);
	}
	return 0;
}

void agt_store_put(struct agt *a, struct lab_rpc_req *req)
{
	struct lab_err err;

	if (put_start(a, req, &err) < 0)
		(void)lab_rpc_reply_err(a->rpc, req->id, &err);
}

static int put_finish(struct agt *a, struct agt_put *put, struct lab_err *err)
{
	char digest[LAB_DIGEST_STRLEN];
	int r;

	if (put->got != put->size)
		return lab_err_set(err, EBADMSG, "file %.12s: %llu bytes came, %llu were announced",
				   put->digest, (unsigned long long)put->got,
				   (unsigned long long)put->size);
	if (lseek(put->fd, 0, SEEK_SET) < 0)
		return lab_err_errno(err, errno, "store %s", a->store.dir);
	r = lab_digest_fd(put->fd, digest);
	if (r < 0)
		return lab_err_errno(err, -r, "store %s", a->store.dir);
	if (strcmp(digest, put->digest) != 0)
		return lab_err_set(err, EBADMSG,
				   "file %.12s: its content is not what its digest says",
				   put->digest);
	if (fchmod(put->fd, 0500) < 0 ||
	    renameat(a->store.dirfd, put->tmp, a->store.dirfd, put->digest) < 0)
		return lab_err_errno(err, errno, "store %s", a->store.dir);
	/* Closed before anybody can run it: a file that is open for writing answers ETXTBSY. */
	close_fd(&put->fd);
	return 0;
}

static int put_write(struct agt_put *put, const char *data, size_t len)
{
	ssize_t n;

	for (; len; data += n, len -= (size_t)n) {
		n = write(put->fd, data, len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n < 0)
			n = 0;
	}
	return 0;
}

static void put_block(struct agt *a, struct agt_put *put, const void *data, size_t len)
{
	struct lab_err err;
	int r;

	if (len > put->size - put->got) {
		agt_fail(a, EMSGSIZE);
		return;
	}
	put->got += len;
	if (len && put->fd >= 0) {
		r = put_write(put, data, len);
		if (r < 0) {
			(void)lab_err_errno(&err, -r, "store %s", a->store.dir);
			put_failed(a, put, &err);
		}
	}
	if (len)
		return;
	if (put->fd >= 0 && put_finish(a, put, &err) < 0)
		put_failed(a, put, &err);
	else
		(void)lab_rpc_reply(a->rpc, put->id, NULL, NULL, 0);
	put_free(a, put);
}

bool agt_store_block(struct agt *a, uint32_t stream, const void *data, size_t len)
{
	struct agt_put *put;

	for (put = a->store.puts; put; put = put->next) {
		if (put->stream == stream) {
			put_block(a, put, data, len);
			return true;
		}
	}
	return false;
}

bool agt_store_has_stream(const struct agt *a, uint32_t stream)
{
	const struct agt_put *put;

	for (put = a->store.puts; put; put = put->next) {
		if (put->stream == stream)
			return true;
	}
	return false;
}

void agt_store_fini(struct agt *a)
{
	while (a->store.puts)
		put_free(a, a->store.puts);
	free(a->store.dir);
	a->store.dir = NULL;
	close_fd(&a->store.dirfd);
}
