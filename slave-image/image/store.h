/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store.h - the store of images: put in, list, take out */
#ifndef SLAVE_IMAGE_IMAGE_STORE_H
#define SLAVE_IMAGE_IMAGE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "netlab/base/err.h"
#include "netlab/ns/image.h"

/**
 * DOC: how an image comes into the store
 *
 * netlab/ns/image.h says what the store looks like. An image is built in a scratch directory, which its builder holds locked; then its
 * id is known, and one rename puts it into place, another its name. So a name always means a whole image: a builder that was killed leaves
 * a scratch directory that nobody holds, and the next one removes it. Two that build the same at once make the same id: the second finds it there.
 */

/**
 * struct img_scratch - an image on its way
 * @dir:	descriptor of its directory, locked; -1 = none
 * @root:	descriptor of its files
 * @name:	of the directory in scratch/
 */
struct img_scratch {
	int dir, root;
	char name[64];
};

#define IMG_SCRATCH_INIT              \
	{                             \
		.dir = -1, .root = -1 \
	}

/**
 * struct img_about - what is known of an image
 * @id:		its id
 * @name:	its name; "" = it has none
 * @base:	what it was made from: "directory", "tarball"
 * @description: in words; may be ""
 * @below:	id of the image that it lies on, LAB_IMAGE_MACHINE, or ""
 * @created_s:	since 1970
 * @bytes:	in its files
 * @files:	how many, with directories
 */
struct img_about {
	char id[LAB_IMAGE_ID_SIZE], name[LAB_IMAGE_NAME_SIZE], base[64], description[256],
		below[LAB_IMAGE_ID_SIZE];
	int64_t created_s;
	uint64_t bytes, files;
};

/**
 * img_scratch_new() - Begin an image
 * @ret:	on success; ends in img_scratch_commit() or img_scratch_fini()
 * @err:	filled on failure; may be NULL
 *
 * Makes the store where there is none, readable by its owner only, as images hold programs with the rights of their owners. Removes
 * what builders left that were killed.
 * Return: 0 or -errno.
 */
int img_scratch_new(struct img_scratch *ret, struct lab_err *err);

/**
 * img_scratch_path() - Where the files of an image on its way are
 * @scratch:	image
 * @ret:	path, absolute
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int img_scratch_path(const struct img_scratch *scratch, char ret[LAB_IMAGE_PATH_SIZE],
		     struct lab_err *err);

/**
 * img_scratch_commit() - Put an image into the store
 * @scratch:	its files are whole; left as after img_scratch_fini()
 * @about:	name (may be ""), base, description and below are given; the rest is filled
 * @err:	filled on failure; may be NULL
 *
 * The name, if another image had it, is this one's from here on; the other one stays without.
 * Return: 0 or -errno. Errors: -ENOENT what it lies on is not there any more; -EINVAL too many images lie on one another.
 */
int img_scratch_commit(struct img_scratch *scratch, struct img_about *about, struct lab_err *err);

/**
 * img_scratch_fini() - Give an image up
 * @scratch:	may be without a directory
 */
void img_scratch_fini(struct img_scratch *scratch);

/**
 * img_about_get() - What is known of an image
 * @name:	as for lab_image_find()
 * @ret:	on success
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int img_about_get(const char *name, struct img_about *ret, struct lab_err *err);

/**
 * img_list() - List all images
 * @ret:	sorted by name, those without one last; caller frees with free(3)
 * @ret_n:	how many
 * @err:	filled on failure; may be NULL
 *
 * Each name is an entry of its own; an image without one has one entry.
 * Return: 0 or -errno.
 */
int img_list(struct img_about **ret, size_t *ret_n, struct lab_err *err);

/**
 * img_remove() - Remove a name, and the image if it has no other
 * @name:	as for lab_image_find(); an id removes all names
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOENT, -EBUSY a lab uses it, or another image lies on it.
 */
int img_remove(const char *name, struct lab_err *err);

#endif
