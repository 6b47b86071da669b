/* SPDX-License-Identifier: GPL-2.0-or-later */
/* overlay.h - layers as overlayfs writes them, put on one another without mounting them */
#ifndef NETLAB_NS_OVERLAY_H
#define NETLAB_NS_OVERLAY_H

#include <stdbool.h>

#include "netlab/base/err.h"

/**
 * DOC: layers
 *
 * A layer is what an overlay mount has written into its upper directory. It holds what was changed; a character device 0:0, a whiteout, where something
 * was removed; and the attribute trusted.overlay.opaque (user.overlay.opaque of mounts with "userxattr") at a directory that
 * hides what lies below it.
 */
enum lab_overlay_how {
	LAB_OVERLAY_LAYER =
		1 << 0, /* what it is put on is a layer, too: what is hidden stays marked */
	LAB_OVERLAY_LINK =
		1 << 1, /* files get one more name instead of a copy, within a file system */
};

/**
 * lab_overlay_put() - Put a layer on a tree
 * @layer:	directory
 * @to:		directory; what the layer says nothing of stays
 * @how:	enum lab_overlay_how
 * @skip:	paths in the layer, without a '/' at either end, that are left out with all that is in them; NULL-terminated
 * @err:	filled on failure, naming the file; may be NULL
 *
 * Sockets are left out, and what overlayfs keeps for itself.
 * Context: blocks; as root, nobody else changes the two meanwhile.
 * Return: 0 or -errno. Errors: -EOPNOTSUPP a directory that was renamed, or a file without its content (redirect_dir and metacopy of overlayfs).
 * Source: Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories".
 */
int lab_overlay_put(int layer, int to, unsigned int how, const char *const *skip,
		    struct lab_err *err);

/**
 * lab_overlay_is_opaque() - Does a directory of a layer hide what lies below
 * @dir:	directory, open
 *
 * Return: true if so.
 */
bool lab_overlay_is_opaque(int dir);

#endif
