/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image.c - finds images in the store and locks them for use */
#include "netlab/ns/image.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"

#define HEX "0123456789abcdef"

enum { NAMES_MAX = 1024, ID_DIGITS = LAB_IMAGE_ID_SIZE - 1, PREFIX_MIN = 8 };

int lab_image_store(char ret[LAB_IMAGE_PATH_SIZE], struct lab_err *err)
{
	const char *env = getenv("NETLAB_IMAGES"), *data = getenv("XDG_DATA_HOME"),
		   *home = getenv("HOME");
	int n;

	if (env && env[0] == '/')
		n = snprintf(ret, LAB_IMAGE_PATH_SIZE, "%s", env);
	else if (geteuid() == 0)
		n = snprintf(ret, LAB_IMAGE_PATH_SIZE, "/var/lib/netlab/images");
	else if (data && data[0] == '/')
		n = snprintf(ret, LAB_IMAGE_PATH_SIZE, "%s/netlab/images", data);
	else if (home && home[0] == '/')
		n = snprintf(ret, LAB_IMAGE_PATH_SIZE, "%s/.local/share/netlab/images", home);
	else
		return lab_err_set(
			err, ENOENT,
			"no home folder for images: set HOME, XDG_DATA_HOME or NETLAB_IMAGES");
	/* Room for what is put behind it. */
	if (n >= LAB_IMAGE_PATH_SIZE - 200)
		return lab_err_set(err, ENAMETOOLONG,
				   "the path of the store of images is too long");
	return 0;
}

static bool looks_like_id(const char *name)
{
	return strlen(name) >= PREFIX_MIN && strlen(name) <= ID_DIGITS &&
	       strspn(name, HEX) == strlen(name);
}

int lab_image_name_check(const char *name, struct lab_err *err)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!isascii((unsigned char)name[i]) ||
		    (!isalnum((unsigned char)name[i]) && (i == 0 || !strchr("-_.", name[i]))))
			return lab_err_set(
				err, EINVAL,
				"\"%.60s\" is no name of an image: letters, digits, '-', '_' and '.', the first a letter or a digit",
				name);
	if (len == 0 || len >= LAB_IMAGE_NAME_SIZE)
		return lab_err_set(err, EINVAL, "the name of an image has 1 to %d characters",
				   LAB_IMAGE_NAME_SIZE - 1);
	if (looks_like_id(name) || strcmp(name, LAB_IMAGE_MACHINE) == 0)
		return lab_err_set(
			err, EINVAL,
			"\"%.64s\" cannot be the name of an image: it means something else", name);
	return 0;
}

static int open_store(const char *sub, struct lab_err *err)
{
	char path[LAB_IMAGE_PATH_SIZE];
	int fd, r = lab_image_store(path, err);

	if (r < 0)
		return r;
	(void)snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", sub);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? lab_err_errno(err, errno, "%s", path) : fd;
}

static int read_link(int dir, const char *path, char ret[LAB_IMAGE_ID_SIZE])
{
	ssize_t n = readlinkat(dir, path, ret, LAB_IMAGE_ID_SIZE);

	if (n < 0)
		return -errno;
	if (n >= LAB_IMAGE_ID_SIZE)
		return -EUCLEAN;
	ret[n] = '\0';
	return 0;
}

static int unknown(const char *name, struct lab_err *err)
{
	cleanup_close int fd = open_store("names", NULL);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char *names[NAMES_MAX + 1] = { NULL };
	const struct dirent *de;
	const char *near;
	size_t n = 0;

	if (dir)
		fd = -1;
	while (dir && n < NAMES_MAX && (de = readdir(dir)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		names[n] = strdup(de->d_name);
		if (!names[n++])
			break;
	}
	near = n ? lab_str_nearest(name, (const char *const *)names) : NULL;
	if (near)
		(void)lab_err_set(err, ENOENT, "there is no image \"%.70s\"; did you mean %s?",
				  name, near);
	else
		(void)lab_err_set(err, ENOENT, "there is no image \"%.70s\"; %s", name,
				  n ? "netlab image ls lists them"
				    : "there are none yet: netlab image import brings one");
	while (n > 0)
		free(names[--n]);
	return -ENOENT;
}

static int find_prefix(const char *name, char ret[LAB_IMAGE_ID_SIZE], struct lab_err *err)
{
	cleanup_close int fd = open_store("image", NULL);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *de;
	unsigned int found = 0;

	if (dir)
		fd = -1;
	while (dir && (de = readdir(dir)) != NULL) {
		if (strncmp(de->d_name, name, strlen(name)) != 0 || strlen(de->d_name) != ID_DIGITS)
			continue;
		(void)snprintf(ret, LAB_IMAGE_ID_SIZE, "%.64s", de->d_name);
		found++;
	}
	if (found > 1)
		return lab_err_set(err, EINVAL, "more than one image has an id that begins with %s",
				   name);
	return found ? 0 : unknown(name, err);
}

int lab_image_find(const char *name, char ret_id[LAB_IMAGE_ID_SIZE], struct lab_err *err)
{
	char store[LAB_IMAGE_PATH_SIZE], path[LAB_IMAGE_PATH_SIZE + LAB_IMAGE_NAME_SIZE];
	int r = lab_image_store(store, err);

	if (r < 0)
		return r;
	if (looks_like_id(name))
		return find_prefix(name, ret_id, err);
	if (lab_image_name_check(name, NULL) < 0)
		return unknown(name, err);
	(void)snprintf(path, sizeof(path), "%s/names/%s", store, name);
	r = read_link(AT_FDCWD, path, ret_id);
	if (r == 0 && !looks_like_id(ret_id))
		r = -EUCLEAN;
	if (r == -ENOENT || r == -ENOTDIR)
		return unknown(name, err);
	return r < 0 ? lab_err_errno(err, -r, "image %s: %s", name, path) : 0;
}

int lab_image_below(const char *id, char ret[LAB_IMAGE_ID_SIZE], struct lab_err *err)
{
	char path[LAB_IMAGE_PATH_SIZE];
	int r = lab_image_store(path, err);

	if (r < 0)
		return r;
	(void)snprintf(path + strlen(path), sizeof(path) - strlen(path), "/image/%.64s/below", id);
	ret[0] = '\0';
	r = read_link(AT_FDCWD, path, ret);
	return r == 0 || r == -ENOENT ? 0 : lab_err_errno(err, -r, "%s", path);
}

int lab_image_root(const char *id, char ret[LAB_IMAGE_PATH_SIZE], struct lab_err *err)
{
	int r = lab_image_store(ret, err);

	if (r == 0)
		(void)snprintf(ret + strlen(ret), LAB_IMAGE_PATH_SIZE - strlen(ret),
			       "/image/%.64s/root", id);
	return r;
}

/* One who removes holds the lock only as long as it renames the folder away: there is nothing to wait for. */
static int lock_layer(const char *id, struct lab_image_layer *layer, struct lab_err *err)
{
	cleanup_close int fd = -1;
	char sub[80];

	(void)snprintf(sub, sizeof(sub), "image/%.64s", id);
	fd = open_store(sub, err);
	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_SH | LOCK_NB) < 0)
		return lab_err_errno(err, errno, "it is being removed: lock %s", sub);
	(void)snprintf(layer->id, sizeof(layer->id), "%.64s", id);
	layer->lock = take_fd(&fd);
	return 0;
}

int lab_image_open(const char *name, struct lab_image *ret, struct lab_err *err)
{
	struct lab_image image = { .n_layers = 0 };
	char id[LAB_IMAGE_ID_SIZE];
	int r = lab_image_find(name, id, err);

	if (r < 0)
		return r;
	while (r == 0 && id[0] && !image.machine) {
		if (image.n_layers == LAB_IMAGE_LAYERS_MAX) {
			r = lab_err_set(err, EUCLEAN, "it lies on more than %u others",
					LAB_IMAGE_LAYERS_MAX - 1);
			break;
		}
		r = lock_layer(id, &image.layers[image.n_layers], err);
		if (r < 0)
			break;
		r = lab_image_below(image.layers[image.n_layers++].id, id, err);
		image.machine = r == 0 && strcmp(id, LAB_IMAGE_MACHINE) == 0;
	}
	if (r < 0) {
		lab_image_close(&image);
		return lab_err_prefix(err, r, "image %.70s: ", name);
	}
	*ret = image;
	return 0;
}

void lab_image_close(struct lab_image *image)
{
	while (image->n_layers > 0)
		close_fd(&image->layers[--image->n_layers].lock);
	image->machine = false;
}
