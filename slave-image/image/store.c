/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store.c - the store of images: put in, list, take out */
#include "slave-image/image/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "netlab/base/files.h"
#include "netlab/base/loop.h"
#include "netlab/base/util.h"
#include "netlab/rpc/json.h"
#include "slave-image/image/tree.h"

enum { META_MAX = 4096, IMAGES_MAX = 4096, DIR_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

/* --- the folder ------------------------------------------------------------------------------- */

static int make_parents(const char *path, struct lab_err *err)
{
	char buf[LAB_IMAGE_PATH_SIZE];
	char *slash = buf;

	(void)snprintf(buf, sizeof(buf), "%s", path);
	while (slash) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(buf, slash ? 0755 : 0700) < 0 && errno != EEXIST)
			return lab_err_errno(err, errno, "mkdir %s", buf);
		if (slash)
			*slash = '/';
	}
	return 0;
}

/* Returns a descriptor of the store, locked if asked for. The lock is held for moments only, so there is no deadline on it. */
static int open_store(bool make, bool lock, struct lab_err *err)
{
	static const char *const dirs[] = { "image", "names", "scratch" };
	char path[LAB_IMAGE_PATH_SIZE];
	cleanup_close int fd = -1;
	int r = lab_image_store(path, err);

	if (r == 0 && make)
		r = make_parents(path, err);
	if (r < 0)
		return r;
	fd = open(path, DIR_FLAGS);
	if (fd < 0)
		return lab_err_errno(err, errno, "%s", path);
	for (size_t i = 0; make && i < LAB_ARRAY_SIZE(dirs); i++)
		if (mkdirat(fd, dirs[i], 0700) < 0 && errno != EEXIST)
			return lab_err_errno(err, errno, "mkdir %s/%s", path, dirs[i]);
	if (lock && flock(fd, LOCK_EX) < 0)
		return lab_err_errno(err, errno, "lock %s", path);
	return take_fd(&fd);
}

/* What a builder left that was killed: nobody holds its lock. The store is locked. */
static void sweep(int store)
{
	cleanup_close int fd = openat(store, "scratch", DIR_FLAGS);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *de;

	if (!dir)
		return;
	fd = -1;
	while ((de = readdir(dir)) != NULL) {
		cleanup_close int one = -1;

		if (de->d_name[0] == '.')
			continue;
		one = openat(dirfd(dir), de->d_name, DIR_FLAGS | O_NOFOLLOW);
		if (one >= 0 && flock(one, LOCK_EX | LOCK_NB) == 0)
			(void)lab_files_remove(dirfd(dir), de->d_name);
	}
}

int img_scratch_new(struct img_scratch *ret, struct lab_err *err)
{
	struct img_scratch s = IMG_SCRATCH_INIT;
	cleanup_close int store = open_store(true, true, err);
	char path[80];
	int r = 0;

	if (store < 0)
		return store;
	sweep(store);
	(void)snprintf(s.name, sizeof(s.name), "%d-%llx", (int)getpid(),
		       (unsigned long long)lab_loop_now_us());
	(void)snprintf(path, sizeof(path), "scratch/%s", s.name);
	if (mkdirat(store, path, 0700) < 0)
		return lab_err_errno(err, errno, "mkdir %s in the store of images", path);
	s.dir = openat(store, path, DIR_FLAGS);
	if (s.dir < 0 || flock(s.dir, LOCK_EX | LOCK_NB) < 0 || mkdirat(s.dir, "root", 0755) < 0)
		r = lab_err_errno(err, errno, "make %s in the store of images", path);
	if (r == 0)
		s.root = openat(s.dir, "root", DIR_FLAGS);
	if (r == 0 && s.root < 0)
		r = lab_err_errno(err, errno, "open %s in the store of images", path);
	if (r < 0)
		img_scratch_fini(&s);
	else
		*ret = s;
	return r;
}

int img_scratch_path(const struct img_scratch *scratch, char ret[LAB_IMAGE_PATH_SIZE],
		     struct lab_err *err)
{
	int r = lab_image_store(ret, err);

	if (r == 0)
		(void)snprintf(ret + strlen(ret), LAB_IMAGE_PATH_SIZE - strlen(ret),
			       "/scratch/%s/root", scratch->name);
	return r;
}

void img_scratch_fini(struct img_scratch *scratch)
{
	cleanup_close int store = -1;
	char path[80];

	close_fd(&scratch->root);
	if (scratch->dir < 0)
		return;
	store = open_store(false, false, NULL);
	(void)snprintf(path, sizeof(path), "scratch/%s", scratch->name);
	if (store >= 0)
		(void)lab_files_remove(store, path);
	close_fd(&scratch->dir);
}

/* --- about an image --------------------------------------------------------------------------- */

static int write_meta(int dir, const struct img_about *a, struct lab_err *err)
{
	cleanup_json json_t *meta = json_pack("{s:s, s:s, s:I, s:I, s:I}", "base", a->base,
					      "description", a->description, "created",
					      (json_int_t)a->created_s, "size",
					      (json_int_t)a->bytes, "files", (json_int_t)a->files);
	cleanup_close int fd = openat(dir, "meta.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				      0644);

	if (!meta)
		return lab_err_set(err, EINVAL, "the description of an image is UTF-8");
	if (fd < 0 || json_dumpfd(meta, fd, JSON_COMPACT) < 0)
		return lab_err_errno(err, fd < 0 ? errno : EIO, "write meta.json of the image");
	return 0;
}

/* A meta.json that cannot be read says nothing, and the image is good all the same. */
static void read_meta(int dir, struct img_about *a)
{
	cleanup_close int fd = openat(dir, "meta.json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_json json_t *meta = NULL;
	const char *base = "?", *description = "";
	json_int_t created = 0, bytes = 0, files = 0;
	char text[META_MAX];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (n > 0)
		meta = json_loadb(text, (size_t)n, 0, NULL);
	(void)json_unpack(meta, "{s:s, s:s, s:I, s:I, s:I}", "base", &base, "description",
			  &description, "created", &created, "size", &bytes, "files", &files);
	(void)snprintf(a->base, sizeof(a->base), "%.63s", base);
	(void)snprintf(a->description, sizeof(a->description), "%.255s", description);
	a->created_s = created;
	a->bytes = (uint64_t)bytes;
	a->files = (uint64_t)files;
}

static int about(int store, const char *id, const char *name, struct img_about *ret,
		 struct lab_err *err)
{
	cleanup_close int dir = -1;
	char path[80];

	*ret = (struct img_about){ .created_s = 0 };
	(void)snprintf(ret->id, sizeof(ret->id), "%s", id);
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	(void)snprintf(path, sizeof(path), "image/%s", id);
	dir = openat(store, path, DIR_FLAGS);
	if (dir < 0)
		return lab_err_errno(err, errno, "image %s: %s in the store", name, path);
	read_meta(dir, ret);
	return lab_image_below(id, ret->below, err);
}

int img_about_get(const char *name, struct img_about *ret, struct lab_err *err)
{
	char id[LAB_IMAGE_ID_SIZE];
	cleanup_close int store = -1;
	bool named = lab_image_name_check(name, NULL) == 0;
	int r = lab_image_find(name, id, err);

	if (r < 0)
		return r;
	store = open_store(false, false, err);
	return store < 0 ? store : about(store, id, named ? name : "", ret, err);
}

/* --- into the store --------------------------------------------------------------------------- */

static int set_name(int store, const char *name, const char *id, struct lab_err *err)
{
	char path[LAB_IMAGE_NAME_SIZE + 8];

	(void)snprintf(path, sizeof(path), "names/%s", name);
	(void)unlinkat(store, "names/.new", 0);
	if (symlinkat(id, store, "names/.new") < 0 ||
	    renameat(store, "names/.new", store, path) < 0)
		return lab_err_errno(err, errno, "name the image %s", name);
	return 0;
}

/* An image lies on whole images, and not on too many. The store is locked. */
static int check_below(int store, const char *below, struct lab_err *err)
{
	char path[80], id[LAB_IMAGE_ID_SIZE];
	unsigned int n = 1;
	int r = 0;

	(void)snprintf(id, sizeof(id), "%s", below);
	for (; r == 0 && id[0] && strcmp(id, LAB_IMAGE_MACHINE) != 0; n++) {
		(void)snprintf(path, sizeof(path), "image/%s", id);
		if (faccessat(store, path, F_OK, 0) < 0)
			return lab_err_set(
				err, ENOENT,
				"image %.12s, on which this one is to lie, is not there any more",
				id);
		r = lab_image_below(id, id, err);
	}
	if (n > LAB_IMAGE_LAYERS_MAX)
		return lab_err_set(
			err, EINVAL,
			"it would lie on %u images; at most %u lie on one another: netlab image update makes a whole one of the lower ones",
			n - 1, LAB_IMAGE_LAYERS_MAX);
	return r;
}

int img_scratch_commit(struct img_scratch *scratch, struct img_about *a, struct lab_err *err)
{
	cleanup_close int store = -1;
	struct img_count count;
	char from[80], to[80];
	int r = a->name[0] ? lab_image_name_check(a->name, err) : 0;

	if (r == 0)
		r = img_tree_digest(scratch->root, a->below, a->id, &count, err);
	if (r == 0) {
		a->bytes = count.bytes;
		a->files = count.entries;
		a->created_s = (int64_t)time(NULL);
		r = write_meta(scratch->dir, a, err);
	}
	if (r == 0 && a->below[0] && symlinkat(a->below, scratch->dir, "below") < 0)
		r = lab_err_errno(err, errno, "write what the image lies on");
	if (r == 0) {
		store = open_store(true, true, err);
		r = LAB_MIN(store, 0);
	}
	if (r == 0)
		r = check_below(store, a->below, err);
	if (r == 0) {
		(void)snprintf(from, sizeof(from), "scratch/%s", scratch->name);
		(void)snprintf(to, sizeof(to), "image/%s", a->id);
		/* One that is there already has the same files. */
		if (renameat(store, from, store, to) < 0 && errno != EEXIST && errno != ENOTEMPTY)
			r = lab_err_errno(err, errno, "put the image into the store");
	}
	if (r == 0 && a->name[0])
		r = set_name(store, a->name, a->id, err);
	close_fd(&store);
	img_scratch_fini(scratch);
	return r;
}

/* --- list and remove -------------------------------------------------------------------------- */

/**
 * struct names - the names in the store
 * @list:	names and what they mean
 * @n:		how many
 */
struct names {
	struct {
		char name[LAB_IMAGE_NAME_SIZE], id[LAB_IMAGE_ID_SIZE];
	} list[IMAGES_MAX];
	size_t n;
};

static void read_names(struct names *names)
{
	cleanup_close int store = open_store(false, false, NULL);
	cleanup_close int fd = store < 0 ? -1 : openat(store, "names", DIR_FLAGS);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *de;

	names->n = 0;
	if (!dir)
		return;
	fd = -1;
	while (names->n < IMAGES_MAX && (de = readdir(dir)) != NULL) {
		if (lab_image_name_check(de->d_name, NULL) < 0 ||
		    lab_image_find(de->d_name, names->list[names->n].id, NULL) < 0)
			continue;
		(void)snprintf(names->list[names->n++].name, LAB_IMAGE_NAME_SIZE, "%.63s",
			       de->d_name);
	}
}

static int by_name(const void *pa, const void *pb)
{
	const struct img_about *a = pa, *b = pb;

	if (!a->name[0] != !b->name[0])
		return a->name[0] ? -1 : 1;
	return a->name[0] ? strcmp(a->name, b->name) : strcmp(a->id, b->id);
}

static bool has_name(const struct names *names, const char *id)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->list[i].id, id) == 0)
			return true;
	return false;
}

int img_list(struct img_about **ret, size_t *ret_n, struct lab_err *err)
{
	cleanup_close int store = open_store(false, false, NULL);
	cleanup_free struct img_about *list = calloc(IMAGES_MAX, sizeof(*list));
	cleanup_free struct names *names = calloc(1, sizeof(*names));
	cleanup_close int fd = store < 0 ? -1 : openat(store, "image", DIR_FLAGS);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *de;
	size_t n = 0;

	if (!list || !names)
		return lab_err_errno(err, ENOMEM, "list images");
	read_names(names);
	if (dir)
		fd = -1;
	for (size_t i = 0; i < names->n; i++)
		n += about(store, names->list[i].id, names->list[i].name, &list[n], NULL) == 0;
	while (dir && n < IMAGES_MAX && (de = readdir(dir)) != NULL)
		if (strlen(de->d_name) == LAB_IMAGE_ID_SIZE - 1 && !has_name(names, de->d_name))
			n += about(store, de->d_name, "", &list[n], NULL) == 0;
	qsort(list, n, sizeof(*list), by_name);
	*ret = take_ptr(&list);
	*ret_n = n;
	return 0;
}

/* Is there an image that lies on this one? The store is locked. */
static int find_above(const char *id, char ret[LAB_IMAGE_ID_SIZE], struct lab_err *err)
{
	cleanup_free struct img_about *list = NULL;
	size_t n;
	int r = img_list(&list, &n, err);

	ret[0] = '\0';
	for (size_t i = 0; r == 0 && i < n; i++)
		if (strcmp(list[i].below, id) == 0)
			(void)snprintf(ret, LAB_IMAGE_ID_SIZE, "%s",
				       list[i].name[0] ? list[i].name : list[i].id);
	return r;
}

static int remove_image(int store, const char *id, struct lab_err *err)
{
	char path[80], gone[100], above[LAB_IMAGE_ID_SIZE];
	cleanup_close int dir = -1;
	int r = find_above(id, above, err);

	if (r < 0)
		return r;
	if (above[0])
		return lab_err_set(err, EBUSY, "image %.12s: %s lies on it", id, above);
	(void)snprintf(path, sizeof(path), "image/%s", id);
	(void)snprintf(gone, sizeof(gone), "scratch/gone-%s", id);
	dir = openat(store, path, DIR_FLAGS);
	if (dir < 0)
		return lab_err_errno(err, errno, "image %.12s", id);
	if (flock(dir, LOCK_EX | LOCK_NB) < 0)
		return lab_err_set(err, EBUSY, "image %.12s: a lab uses it", id);
	/* Out of sight at once; if we are killed meanwhile, the next one sweeps it. */
	if (renameat(store, path, store, gone) < 0)
		return lab_err_errno(err, errno, "remove image %.12s", id);
	r = lab_files_remove(store, gone);
	return r < 0 ? lab_err_errno(err, -r, "remove image %.12s", id) : 0;
}

int img_remove(const char *name, struct lab_err *err)
{
	cleanup_free struct names *names = calloc(1, sizeof(*names));
	bool named = lab_image_name_check(name, NULL) == 0, others = false;
	cleanup_close int store = -1;
	char id[LAB_IMAGE_ID_SIZE];
	int r = names ? lab_image_find(name, id, err) : lab_err_errno(err, ENOMEM, "remove");

	if (r < 0)
		return r;
	store = open_store(false, true, err);
	if (store < 0)
		return store;
	read_names(names);
	for (size_t i = 0; named && i < names->n; i++)
		others |= strcmp(names->list[i].id, id) == 0 &&
			  strcmp(names->list[i].name, name) != 0;
	if (!others)
		r = remove_image(store, id, err);
	for (size_t i = 0; r == 0 && i < names->n; i++) {
		char path[LAB_IMAGE_NAME_SIZE + 8];

		if (strcmp(names->list[i].id, id) != 0 ||
		    (named && strcmp(names->list[i].name, name) != 0))
			continue;
		(void)snprintf(path, sizeof(path), "names/%s", names->list[i].name);
		if (unlinkat(store, path, 0) < 0)
			r = lab_err_errno(err, errno, "remove the name %s", names->list[i].name);
	}
	return r;
}
