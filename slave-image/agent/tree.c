/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree.c - folders made of files of the store: `tree.put` */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/rpc/tree.h"
#include "slave-image/agent/agent_internal.h"

enum { DEPTH_MAX = 64 };

/* A folder that is being made under a temporary name. */
struct making {
	int store, dir;
	struct lab_tree_file *files;
	size_t n_files;
	uint64_t bytes;
};

/* Remove a folder and all that is in it. Only we write there, so nobody can lead us astray. */
static void remove_tree(int parent, const char *name, unsigned int depth)
{
	cleanup_dir DIR *d = NULL;
	struct dirent *e;
	int fd;

	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		close_fd(&fd);
	while (d && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(d), e->d_name, 0) < 0 && depth)
			remove_tree(dirfd(d), e->d_name, depth - 1);
	}
	(void)unlinkat(parent, name, AT_REMOVEDIR);
}

/* Make the folders that a file is in. */
static int make_parents(int dir, const char *path)
{
	char part[LAB_TREE_PATH_MAX + 1];
	const char *slash;

	for (slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (mkdirat(dir, part, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int copy_content(int from, int to)
{
	ssize_t n;

	do
		n = sendfile(to, from, NULL, 1u << 20);
	while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

/* A copy: what a command does to the file of a folder must not change the store. */
static int copy_file(struct making *m, const struct lab_tree_file *f)
{
	cleanup_close int from = openat(m->store, f->digest, O_RDONLY | O_CLOEXEC);
	cleanup_close int to = -1;
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0)
		return -errno;
	m->bytes += (uint64_t)st.st_size;
	if (m->bytes > LAB_TREE_BYTES_MAX)
		return -EFBIG;
	to = openat(m->dir, f->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	r = copy_content(from, to);
	if (r == 0 && fchmod(to, f->exec ? 0755 : 0644) < 0)
		r = -errno;
	return r;
}

/* One file under several names, as tools that look at their own name have it, is there once. */
static const struct lab_tree_file *find_twin(const struct making *m, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++) {
		if (m->files[k].exec == m->files[i].exec &&
		    strcmp(m->files[k].digest, m->files[i].digest) == 0)
			return &m->files[k];
	}
	return NULL;
}

static int make_file(struct making *m, size_t i)
{
	const struct lab_tree_file *f = &m->files[i], *twin = find_twin(m, i);
	int r = make_parents(m->dir, f->path);

	if (r < 0)
		return r;
	if (twin)
		return linkat(m->dir, twin->path, m->dir, f->path, 0) < 0 ? -errno : 0;
	return copy_file(m, f);
}

static int make_files(struct making *m, struct lab_err *err)
{
	size_t i;
	int r;

	for (i = 0; i < m->n_files; i++) {
		r = make_file(m, i);
		if (r < 0)
			return lab_err_errno(err, -r, "tree.put: %s", m->files[i].path);
	}
	return 0;
}

/* It gets its name when it is whole. */
static int make_tree(struct agt *a, struct making *m, const char *name, struct lab_err *err)
{
	char tmp[64];
	int r;

	(void)snprintf(tmp, sizeof(tmp), ".tree-%d-%llu", (int)getpid(),
		       (unsigned long long)a->store.next_tmp++);
	if (mkdirat(m->store, tmp, 0755) < 0)
		return lab_err_errno(err, errno, "store %s", a->store.dir);
	m->dir = openat(m->store, tmp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = m->dir < 0 ? lab_err_errno(err, errno, "store %s", a->store.dir) : make_files(m, err);
	if (r == 0 && renameat(m->store, tmp, m->store, name) < 0)
		r = lab_err_errno(err, errno, "store %s", a->store.dir);
	close_fd(&m->dir);
	if (r < 0)
		remove_tree(m->store, tmp, DEPTH_MAX);
	return r;
}

/* --- the request --- */

static int parse_file(json_t *o, struct lab_tree_file *ret, struct lab_err *err)
{
	const char *digest;
	json_error_t je;
	int exec;

	if (json_unpack_ex(o, &je, 0, "{s:s,s:s,s:b !}", "path", &ret->path, "file", &digest,
			   "exec", &exec) < 0)
		return lab_err_set(err, EINVAL, "tree.put: %s", je.text);
	if (!lab_tree_path_valid(ret->path))
		return lab_err_set(err, EINVAL, "tree.put: \"%.64s\" is no name of a file",
				   ret->path);
	if (!lab_digest_valid(digest))
		return lab_err_set(err, EINVAL, "tree.put: %s: not a digest", ret->path);
	memcpy(ret->digest, digest, sizeof(ret->digest));
	ret->exec = exec;
	return 0;
}

static int parse(json_t *params, struct making *m, const char **ret_digest, struct lab_err *err)
{
	char digest[LAB_DIGEST_STRLEN];
	json_error_t je;
	json_t *files, *o;
	size_t i;
	int r;

	if (json_unpack_ex(params, &je, 0, "{s:s,s:o !}", "tree", ret_digest, "files", &files) < 0)
		return lab_err_set(err, EINVAL, "tree.put: %s", je.text);
	if (!json_is_array(files) || json_array_size(files) > LAB_TREE_FILES_MAX)
		return lab_err_set(err, EINVAL, "tree.put: files must be an array of at most %u",
				   LAB_TREE_FILES_MAX);
	m->files = calloc(json_array_size(files) + 1, sizeof(*m->files));
	if (!m->files)
		return lab_err_errno(err, ENOMEM, "tree.put");
	json_array_foreach(files, i, o) {
		r = parse_file(o, &m->files[i], err);
		if (r < 0)
			return r;
		m->n_files++;
	}
	r = lab_tree_digest(m->files, m->n_files, digest);
	if (r == -ENOMEM)
		return lab_err_errno(err, ENOMEM, "tree.put");
	if (r < 0 || strcmp(digest, *ret_digest) != 0)
		return lab_err_set(err, EBADMSG,
				   "tree.put: the files are not what the digest says");
	return 0;
}

static int put(struct agt *a, json_t *params, json_t **ret, struct lab_err *err)
{
	struct making m = { .dir = -1 };
	char name[LAB_DIGEST_STRLEN + 8];
	bool made = false;
	const char *digest;
	int r;

	r = parse(params, &m, &digest, err);
	if (r == 0)
		r = agt_store_open(a, err);
	if (r == 0) {
		m.store = a->store.dirfd;
		(void)snprintf(name, sizeof(name), "tree-%s", digest);
		made = faccessat(m.store, name, F_OK, 0) < 0;
		r = made ? make_tree(a, &m, name, err) : 0;
	}
	free(m.files);
	if (r < 0)
		return r;
	*ret = json_pack("{s:o,s:b}", "path", json_sprintf("%s/%s", a->store.dir, name), "made",
			 made);
	return *ret ? 0 : lab_err_errno(err, ENOMEM, "tree.put");
}

void agt_tree_put(struct agt *a, struct lab_rpc_req *req)
{
	json_t *result = NULL;
	struct lab_err err;

	if (put(a, req->params, &result, &err) < 0)
		(void)lab_rpc_reply_err(a->rpc, req->id, &err);
	else
		(void)lab_rpc_reply(a->rpc, req->id, result, NULL, 0);
}
