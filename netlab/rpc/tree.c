/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree.c - folders on their way to a host: their files by name and digest */
#include "netlab/rpc/tree.h"

#include <errno.h>
#include <string.h>

#include "netlab/base/strbuf.h"

static bool part_valid(const char *part, size_t len)
{
	if (len == 0 || len > LAB_TREE_NAME_MAX)
		return false;
	return !(part[0] == '.' && (len == 1 || (len == 2 && part[1] == '.')));
}

bool lab_tree_path_valid(const char *path)
{
	const char *p;
	size_t len;

	if (strlen(path) > LAB_TREE_PATH_MAX)
		return false;
	for (p = path; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	}
	for (p = path;; p += len + 1) {
		len = strcspn(p, "/");
		if (!part_valid(p, len))
			return false;
		if (!p[len])
			return true;
	}
}

int lab_tree_digest(const struct lab_tree_file *files, size_t n_files, char ret[LAB_DIGEST_STRLEN])
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t i;

	/* A name has no newline, so no two folders have one text. */
	for (i = 0; i < n_files; i++) {
		if (i && strcmp(files[i - 1].path, files[i].path) >= 0)
			return -EINVAL;
		lab_strbuf_printf(&sb, "%c %s %s\n", files[i].exec ? 'x' : '-', files[i].digest,
				  files[i].path);
	}
	if (sb.error)
		return -ENOMEM;
	lab_digest_mem(lab_strbuf_str(&sb), sb.len, ret);
	return 0;
}
