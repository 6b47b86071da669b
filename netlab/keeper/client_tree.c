/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client_tree.c - give a host a folder: its files, and where they belong */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/base/util.h"
#include "netlab/keeper/client.h"
#include "netlab/keeper/client_internal.h"

enum { DEPTH_MAX = 16 };

static int grow(struct lab_tree *tree)
{
	size_t cap = tree->cap_files ? 2 * tree->cap_files : 16;
	struct lab_tree_file *files;
	struct lab_file *sources;

	if (tree->n_files < tree->cap_files)
		return 0;
	files = reallocarray(tree->files, cap, sizeof(*files));
	if (!files)
		return -ENOMEM;
	tree->files = files;
	sources = reallocarray(tree->sources, cap, sizeof(*sources));
	if (!sources)
		return -ENOMEM;
	tree->sources = sources;
	tree->cap_files = cap;
	return 0;
}

int lab_tree_add(struct lab_tree *tree, const char *path, const char *name, struct lab_err *err)
{
	struct lab_tree_file *f;
	struct lab_file *source;
	struct stat st;
	int r;

	if (tree->n_files >= LAB_TREE_FILES_MAX)
		return lab_err_set(err, EFBIG, "more than %u files", LAB_TREE_FILES_MAX);
	if (!lab_tree_path_valid(name))
		return lab_err_set(err, EINVAL, "%.128s: a name that cannot be sent", name);
	if (grow(tree) < 0)
		return lab_err_errno(err, ENOMEM, "%s", name);
	f = &tree->files[tree->n_files];
	source = &tree->sources[tree->n_files];
	*f = (struct lab_tree_file){ .path = strdup(name) };
	*source = (struct lab_file){ .path = strdup(path), .name = f->path };
	tree->n_files++;
	if (!f->path || !source->path)
		return lab_err_errno(err, ENOMEM, "%s", name);
	r = lab_file_digest(source, err);
	if (r < 0)
		return r;
	if (stat(path, &st) < 0)
		return lab_err_errno(err, errno, "%s", name);
	f->exec = st.st_mode & 0100;
	memcpy(f->digest, source->digest, sizeof(f->digest));
	tree->bytes += source->size_bytes;
	if (tree->bytes > LAB_TREE_BYTES_MAX)
		return lab_err_set(err, EFBIG, "more than %u bytes", LAB_TREE_BYTES_MAX);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct lab_tree_file *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

/* Files and sources lie side by side, so the order is found with pointers first. */
static int sort(struct lab_tree *tree)
{
	cleanup_free struct lab_tree_file **order = calloc(tree->n_files + 1, sizeof(*order));
	cleanup_free struct lab_tree_file *files = calloc(tree->n_files + 1, sizeof(*files));
	cleanup_free struct lab_file *sources = calloc(tree->n_files + 1, sizeof(*sources));
	size_t i;

	if (!order || !files || !sources)
		return -ENOMEM;
	for (i = 0; i < tree->n_files; i++)
		order[i] = &tree->files[i];
	if (tree->n_files)
		qsort(order, tree->n_files, sizeof(struct lab_tree_file *), compare);
	for (i = 0; i < tree->n_files; i++) {
		files[i] = *order[i];
		sources[i] = tree->sources[order[i] - tree->files];
	}
	free(tree->files);
	free(tree->sources);
	tree->files = take_ptr(&files);
	tree->sources = take_ptr(&sources);
	tree->cap_files = tree->n_files + 1;
	return 0;
}

int lab_tree_finish(struct lab_tree *tree, struct lab_err *err)
{
	int r = sort(tree);

	if (r == 0)
		r = lab_tree_digest(tree->files, tree->n_files, tree->digest);
	return r < 0 ? lab_err_errno(err, -r, "folder") : 0;
}

void lab_tree_fini(struct lab_tree *tree)
{
	size_t i;

	for (i = 0; i < tree->n_files; i++) {
		free((char *)tree->files[i].path);
		free((char *)tree->sources[i].path);
	}
	free(tree->files);
	free(tree->sources);
	*tree = (struct lab_tree){ .files = NULL };
}

/* --- a folder of this machine --- */

/**
 * struct walk - a folder that is being read
 * @tree:	takes its files
 * @root:	its real path
 */
struct walk {
	struct lab_tree *tree;
	char *root;
};

/* A link may name a file in the folder only: nothing else is meant to travel. */
static int check_link(const struct walk *w, const char *path, const char *name, struct lab_err *err)
{
	cleanup_free char *target = realpath(path, NULL);
	size_t len = strlen(w->root);

	if (!target)
		return lab_err_errno(err, errno, "%s: symbolic link", name);
	if (strncmp(target, w->root, len) != 0 || target[len] != '/')
		return lab_err_set(err, EINVAL, "%s: a symbolic link out of the folder", name);
	return 0;
}

static int read_folder(const struct walk *w, const char *name, unsigned int depth,
		       struct lab_err *err);

static int read_entry(const struct walk *w, const char *name, unsigned int depth,
		      struct lab_err *err)
{
	cleanup_free char *path = NULL;
	struct stat st, target;
	int r;

	if (asprintf(&path, "%s/%s", w->root, name) < 0) {
		path = NULL;
		return lab_err_errno(err, ENOMEM, "%s", name);
	}
	if (lstat(path, &st) < 0 || stat(path, &target) < 0)
		return lab_err_errno(err, errno, "%s", name);
	if (S_ISDIR(st.st_mode))
		return read_folder(w, name, depth + 1, err);
	if (S_ISLNK(st.st_mode)) {
		r = check_link(w, path, name, err);
		if (r < 0)
			return r;
	}
	if (!S_ISREG(target.st_mode))
		return lab_err_set(err, EINVAL, "%s: neither a file nor a folder", name);
	return lab_tree_add(w->tree, path, name, err);
}

/* @name: the folder's name in the walk, "" for its root */
static int read_folder(const struct walk *w, const char *name, unsigned int depth,
		       struct lab_err *err)
{
	cleanup_free char *path = NULL;
	cleanup_dir DIR *d = NULL;
	struct dirent *e;
	int r = 0;

	if (depth > DEPTH_MAX)
		return lab_err_set(err, EINVAL, "%.128s: more than %d folders deep", name,
				   DEPTH_MAX);
	if (asprintf(&path, "%s/%s", w->root, name) < 0) {
		path = NULL;
		return lab_err_errno(err, ENOMEM, "%s", name);
	}
	d = opendir(path);
	if (!d)
		return lab_err_errno(err, errno, "%s", *name ? name : w->root);
	while (r == 0 && (e = readdir(d))) {
		cleanup_free char *entry = NULL;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    strcmp(e->d_name, ".git") == 0)
			continue;
		if (asprintf(&entry, "%s%s%s", name, *name ? "/" : "", e->d_name) < 0) {
			entry = NULL;
			return lab_err_errno(err, ENOMEM, "%s", name);
		}
		r = read_entry(w, entry, depth, err);
	}
	return r;
}

int lab_tree_read(const char *folder, struct lab_tree *ret, struct lab_err *err)
{
	cleanup_free char *root = realpath(folder, NULL);
	const struct walk w = { .tree = ret, .root = root };
	int r;

	*ret = (struct lab_tree){ .files = NULL };
	if (!root)
		return lab_err_errno(err, errno, "%s", folder);
	r = read_folder(&w, "", 0, err);
	return r < 0 ? r : lab_tree_finish(ret, err);
}

/* --- to a host --- */

static json_t *files_to_json(const struct lab_tree *tree)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; array && i < tree->n_files; i++) {
		const struct lab_tree_file *f = &tree->files[i];

		/* A name that is not UTF-8 cannot be packed. */
		if (json_array_append_new(array, json_pack("{s:s,s:s,s:b}", "path", f->path, "file",
							   f->digest, "exec", f->exec)) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

int lab_client_tree(struct lab_client *c, const char *host, const struct lab_tree *tree,
		    size_t *ret_sent, char **ret_path, struct lab_err *err)
{
	cleanup_json json_t *answer = NULL;
	json_t *files, *params = NULL;
	const char *path;
	int r;

	r = lab_client_sync(c, host, tree->sources, tree->n_files, ret_sent, err);
	if (r < 0)
		return r;
	files = files_to_json(tree);
	if (files)
		params = json_pack("{s:s,s:s,s:o}", "host", host, "tree", tree->digest, "files",
				   files);
	if (!params)
		return lab_err_set(err, EINVAL, "host %s: a file's name is not UTF-8", host);
	r = lab_rpc_call_wait(c->rpc, "tree.put", params, LAB_CLIENT_SYNC_MS, &answer, err);
	if (r < 0)
		return lab_err_prefix(err, r, "host %s: ", host);
	path = json_string_value(json_object_get(answer, "path"));
	if (!path)
		return lab_err_set(err, EPROTO, "host %s: tree.put: the answer has no path", host);
	*ret_path = strdup(path);
	return *ret_path ? 0 : lab_err_errno(err, ENOMEM, "host %s", host);
}
