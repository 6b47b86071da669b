/* SPDX-License-Identifier: GPL-2.0-or-later */
/* podman_image.c - what the root of a container is made from: an image by name, a file, a directory, the machine */
#include <string.h>
#include <sys/stat.h>

#include "netlab/backend/lend.h"
#include "netlab/backend/podman_internal.h"
#include "netlab/base/util.h"
#include "netlab/ns/image.h"

enum { NAMES_MAX = 512 };

/* "registry.example/path:tag", "localhost:5000/path": podman asks whom the name says, and nobody else. */
static bool names_registry(const char *image)
{
	size_t len = strcspn(image, "/");

	return image[len] == '/' && strncmp(image, "localhost/", 10) != 0 &&
	       (memchr(image, '.', len) || memchr(image, ':', len));
}

static bool is_file(const char *image)
{
	struct stat st;

	return *image == '/' && stat(image, &st) == 0 && S_ISREG(st.st_mode);
}

bool lab_podman_brings(const char *image)
{
	return image && (is_file(image) || names_registry(image));
}

/* --- images by name ---------------------------------------------------------------------------- */

static int exists(struct lab_podman *pd, const char *image, struct lab_err *err)
{
	cleanup_free char *name = lab_http_escape(image);
	int r;

	if (!name)
		return lab_err_set(err, ENOMEM, "out of memory");
	r = lab_podman_call(pd, (struct lab_http_req){ .method = "GET", .also = 404 }, NULL, err,
			    "/images/%s/exists", name);
	return r < 0 ? r : r != 404;
}

/* As one would say it: without "localhost/", and without ":latest". */
static char *short_name(const char *tag)
{
	size_t len;

	if (!tag)
		tag = "";
	if (strncmp(tag, "localhost/", 10) == 0)
		tag += 10;
	len = strlen(tag);
	if (len > 7 && strcmp(tag + len - 7, ":latest") == 0)
		len -= 7;
	return strndup(tag, len);
}

/* Of podman's and of netlab's. */
static int no_image(struct lab_podman *pd, const char *image, struct lab_err *err)
{
	cleanup_json json_t *list = NULL;
	char *names[NAMES_MAX + 1] = { NULL };
	const char *near;
	size_t n = 0;
	int r = lab_podman_call(pd, (struct lab_http_req){ .method = "GET" }, &list, err,
				"/images/json");

	if (r < 0)
		return r;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *tags = json_object_get(json_array_get(list, i), "RepoTags");

		for (size_t k = 0; k < json_array_size(tags) && n < NAMES_MAX; k++)
			names[n++] = short_name(json_string_value(json_array_get(tags, k)));
	}
	near = lab_str_nearest(image, (const char *const *)names);
	if (near)
		r = lab_err_set(err, ENOENT, "there is no image \"%.100s\"; did you mean %s?",
				image, near);
	else if (n == 0)
		r = lab_err_set(err, ENOENT, "there is no image \"%.100s\" (there is none at all)",
				image);
	else
		r = lab_err_set(
			err, ENOENT,
			"there is no image \"%.100s\": podman images and netlab image ls list those that there are",
			image);
	while (n > 0)
		free(names[--n]);
	return r;
}

/* Into the storage that all labs share: the lab's own service reads from it. */
static int pull(struct lab_podman *pd, const char *image, struct lab_err *err)
{
	const char *const args[] = { "pull", "--quiet", image, NULL };
	cleanup_json json_t *answer = NULL;
	cleanup_free char *name = NULL;

	if (!pd->uri)
		return lab_podman_own_program(pd, args, err);
	name = lab_http_escape(image);
	if (!name)
		return lab_err_set(err, ENOMEM, "out of memory");
	return lab_podman_call(pd, (struct lab_http_req){ .method = "POST" }, &answer, err,
			       "/images/pull?quiet=true&reference=%s", name);
}

/* Returns 1 if the image is one of netlab's store. */
static int by_name(struct lab_podman *pd, const char *image, json_t *spec, struct lab_err *err)
{
	char id[LAB_IMAGE_ID_SIZE];
	int r = exists(pd, image, err);

	if (r == 0 && names_registry(image)) {
		r = pull(pd, image, err);
		if (r < 0)
			return lab_err_prefix(err, r, "image %.100s: ", image);
		r = exists(pd, image, err);
	}
	if (r == 0 && lab_image_find(image, id, NULL) == 0)
		return 1;
	if (r == 0)
		return no_image(pd, image, err);
	if (r > 0 && json_object_set_new(spec, "image", json_string(image)) < 0)
		return lab_err_set(err, EINVAL, "the name of the image is not UTF-8");
	return r < 0 ? r : 0;
}

/* --- files ------------------------------------------------------------------------------------- */

/* The name that a file has in the storage: another file, or a changed one, has another. */
static void import_name(const char *path, const struct stat *st, char *ret, size_t size)
{
	const char *base = strrchr(path, '/') + 1;
	char safe[41];
	size_t n = 0;

	for (; *base && n < sizeof(safe) - 1; base++) {
		bool alnum = (*base >= 'a' && *base <= 'z') || (*base >= '0' && *base <= '9');

		if (alnum)
			safe[n++] = *base;
		else if (*base >= 'A' && *base <= 'Z')
			safe[n++] = (char)(*base - 'A' + 'a');
		else if (n > 0 && safe[n - 1] != '-')
			safe[n++] = '-';
	}
	while (n > 0 && safe[n - 1] == '-')
		n--;
	safe[n] = '\0';
	(void)snprintf(ret, size, "localhost/netlab-import/%s:%llx-%llx-%llx-%llx.%09ld",
		       n ? safe : "x", (unsigned long long)st->st_dev,
		       (unsigned long long)st->st_ino, (unsigned long long)st->st_size,
		       (unsigned long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
}

static int by_file(struct lab_podman *pd, const char *path, const struct stat *st, json_t *spec,
		   struct lab_err *err)
{
	char name[256];
	int r;

	if (pd->uri)
		return lab_err_set(
			err, EINVAL,
			"%.100s: the service at %.100s has images of its own: podman import FILE NAME, and name it",
			path, pd->uri);
	import_name(path, st, name, sizeof(name));
	r = exists(pd, name, err);
	if (r == 0) {
		const char *const args[] = { "import", "--quiet", path, name, NULL };

		r = lab_podman_own_program(pd, args, err);
		if (r < 0)
			return lab_err_prefix(err, r, "import %.100s: ", path);
	}
	if (r >= 0 && json_object_set_new(spec, "image", json_string(name)) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	return r < 0 ? r : 0;
}

/* --- directories, and images of netlab ------------------------------------------------------------------------------- */

/* @lower: from lab_lend_lower() */
static int by_lower(struct lab_podman *pd, const char *lower, json_t *spec, struct lab_err *err)
{
	cleanup_free char *root = NULL;
	int r = 0;

	/* The user's service does not see what is mounted for this lab, but can do the same for one directory. */
	if (pd->uri && strchr(lower, ':'))
		return lab_err_set(
			err, EOPNOTSUPP,
			"image %.100s has several layers, which the service at %.100s cannot put together",
			pd->host->image, pd->uri);
	if (pd->uri && json_object_set_new(spec, "rootfs_overlay", json_true()) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	if (!pd->uri)
		r = lab_lend_root(pd->engine, pd->host, lower, &root, err);
	if (r == 0 && json_object_set_new(spec, "rootfs", json_string(root ? root : lower)) < 0)
		return lab_err_set(err, EINVAL, "the path of the root is not UTF-8");
	return r;
}

int lab_podman_root(struct lab_podman *pd, json_t *spec, json_t *keep, struct lab_err *err)
{
	const char *image = pd->host->image;
	cleanup_free char *lower = NULL;
	struct stat st;
	int r;

	if (image && *image == '.')
		return lab_err_set(err, EINVAL, "image \"%.100s\": the path must be absolute",
				   image);
	if (image && *image == '/' && stat(image, &st) == 0 && S_ISREG(st.st_mode))
		r = by_file(pd, image, &st, spec, err);
	else if (image && *image != '/')
		r = by_name(pd, image, spec, err);
	else
		r = 1;
	if (r == 0)
		return json_object_set(keep, "image", json_object_get(spec, "image")) < 0
			       ? lab_err_set(err, ENOMEM, "out of memory")
			       : 0;
	if (r > 0)
		r = lab_lend_lower(image, &lower, err);
	if (r == 0 && !pd->uri && json_object_set_new(keep, "lower", json_string(lower)) < 0)
		r = lab_err_set(err, EINVAL, "the path of the root is not UTF-8");
	return r < 0 ? r : by_lower(pd, lower, spec, err);
}
