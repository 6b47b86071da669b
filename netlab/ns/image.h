/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image.h - the store of images as those see it who make hosts from them */
#ifndef NETLAB_NS_IMAGE_H
#define NETLAB_NS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "netlab/base/err.h"

/**
 * DOC: the store
 *
 * A folder: /var/lib/netlab/images for root, $XDG_DATA_HOME/netlab/images for others, or what NETLAB_IMAGES says. In it
 *   image/ID/root   the files of an image, or only what it changes in those of the image below it, as overlayfs has it in an upper layer
 *   image/ID/below  a link whose text is the id of that image, or LAB_IMAGE_MACHINE; not there: the files are all
 *   image/ID/meta.json  what else is known of it (slave-image/image/store.h)
 *   names/NAME      a link whose text is an id
 *   scratch/X       what is being built, locked by the one who builds
 *   lock            taken by whoever changes names or removes
 * An id is the digest of the files, so what has one id never changes. Who uses an image holds a shared lock on its folder, which
 * dies with the process; so an image is not removed under a lab.
 */
#define LAB_IMAGE_LAYERS_MAX 16u
#define LAB_IMAGE_ID_SIZE    65 /* 64 hexadecimal digits and the NUL */
#define LAB_IMAGE_NAME_SIZE  64
#define LAB_IMAGE_PATH_SIZE  1024
#define LAB_IMAGE_MACHINE    "machine"

/**
 * struct lab_image_layer - one folder of files
 * @id:		of the image that it belongs to
 * @lock:	descriptor of image/ID with the shared lock
 */
struct lab_image_layer {
	char id[LAB_IMAGE_ID_SIZE];
	int lock;
};

/**
 * struct lab_image - an image in use
 * @layers:	topmost first, as overlayfs wants them
 * @n_layers:	how many; 0 = not open
 * @machine:	below the lowest layer are the machine's own files
 */
struct lab_image {
	struct lab_image_layer layers[LAB_IMAGE_LAYERS_MAX];
	unsigned int n_layers;
	bool machine;
};

/**
 * lab_image_store() - Where the store is
 * @ret:	path, absolute
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOENT no home folder, -ENAMETOOLONG.
 */
int lab_image_store(char ret[LAB_IMAGE_PATH_SIZE], struct lab_err *err);

/**
 * lab_image_name_check() - Is this a possible name of an image
 * @name:	text
 * @err:	filled on failure; may be NULL
 *
 * Letters, digits, '-', '_' and '.', the first a letter or a digit, at most 63; and not what an id looks like.
 * Return: 0 or -EINVAL.
 */
int lab_image_name_check(const char *name, struct lab_err *err);

/**
 * lab_image_find() - From a name to an id
 * @name:	name, id, or at least eight digits with which only one id begins
 * @ret_id:	on success
 * @err:	filled on failure, with the nearest name; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOENT no such image, -EINVAL several ids begin so.
 */
int lab_image_find(const char *name, char ret_id[LAB_IMAGE_ID_SIZE], struct lab_err *err);

/**
 * lab_image_below() - What an image lies on
 * @id:		id
 * @ret:	id of the image below; "" = nothing; LAB_IMAGE_MACHINE
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_image_below(const char *id, char ret[LAB_IMAGE_ID_SIZE], struct lab_err *err);

/**
 * lab_image_open() - Use an image: nobody removes it meanwhile
 * @name:	as for lab_image_find()
 * @ret:	on success; release with lab_image_close()
 * @err:	filled on failure; may be NULL
 *
 * The locks are inherited over fork(2); they end with the last copy of their descriptors.
 * Return: 0 or -errno. Errors: as lab_image_find(); -EUCLEAN the store is damaged.
 */
int lab_image_open(const char *name, struct lab_image *ret, struct lab_err *err);

/**
 * lab_image_close() - Stop using an image
 * @image:	may be zeroed; left zeroed
 */
void lab_image_close(struct lab_image *image);

/**
 * lab_image_root() - Path of the files of a layer
 * @id:		id of its image
 * @ret:	path, absolute
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_image_root(const char *id, char ret[LAB_IMAGE_PATH_SIZE], struct lab_err *err);

#endif
