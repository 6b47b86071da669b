/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.h - the method `config.write`: settings of the kernel below /proc and /sys */
#ifndef NETLAB_AGENT_CONFIG_H
#define NETLAB_AGENT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "netlab/base/err.h"
#include "netlab/rpc/rpc.h"

#define AGT_CONFIG_MAX 4096u /* bytes of a value: what the kernel takes and gives in one piece */

struct agt;

/**
 * agt_config_write() - Write a setting
 * @path:	absolute path below /proc or /sys; no link in it may lead out of there
 * @value:	what to write; a newline is added
 * @previous:	written on success: what was in it before, without white space at the end
 * @ret_known:	false: it cannot be read, or what is in it is too long
 * @err:	filled on failure; may be NULL
 *
 * Context: blocks as long as the kernel works on it.
 * Return: 0 or -errno. Errors: -EINVAL not such a path or value, or refused by the kernel; -ENOENT;
 * -EROFS it is not the host's own.
 * Source: openat2(2) with RESOLVE_BENEATH; proc(5), sysfs(5).
 */
int agt_config_write(const char *path, const char *value, char previous[AGT_CONFIG_MAX],
		     bool *ret_known, struct lab_err *err);

/**
 * agt_config_method() - Method `config.write`
 * @a:		agent
 * @req:	request
 */
void agt_config_method(struct agt *a, struct lab_rpc_req *req);

#endif
