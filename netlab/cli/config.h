/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.h - configuration files: where pools are */
#ifndef NETLAB_CLI_CONFIG_H
#define NETLAB_CLI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "controller/recipe/diag.h"

/**
 * DOC: configuration
 *
 * There is one section, [pools], of lines "name = folder". A folder is relative to that of the file, "~/" is the home folder.
 * "#" and ";" begin comments in lines of their own. Read are /etc/netlab/config, then $XDG_CONFIG_HOME/netlab/config (default
 * ~/.config/netlab/config), then the file of the option -c. That one may also be LNST's lnst-ctl.conf, so there
 * further sections are left alone, "+=" is "=", and a name may come twice. A name that comes again in a later file takes the later folder.
 */
#define LAB_CONFIG_BYTES_MAX (1u << 20)
#define LAB_CONFIG_POOLS_MAX 100u

/**
 * struct lab_config_pool - where a pool is
 * @name:	its name; owned
 * @dir:	its folder; owned
 */
struct lab_config_pool {
	char *name, *dir;
};

/**
 * struct lab_config - what the files say; a zeroed struct says nothing
 * @pools:	pools in the order of the files
 * @n_pools:	how many
 */
struct lab_config {
	struct lab_config_pool *pools;
	size_t n_pools;
};

/**
 * lab_config_parse() - Take what a file says
 * @cfg:	added to
 * @file:	its name, for places and for relative folders
 * @data:	its bytes; changed
 * @foreign:	it may be LNST's
 * @diag:	what is wrong
 *
 * Return: 0, -EINVAL after errors in @diag, or -ENOMEM.
 */
int lab_config_parse(struct lab_config *cfg, const char *file, char *data, bool foreign,
		     struct ctl_diag *diag);

/**
 * lab_config_read() - Read all configuration files
 * @cfg:	zeroed
 * @file:	file of the option -c, which must be there; NULL = none
 * @diag:	what is wrong
 *
 * Return: 0, -EINVAL after errors in @diag, or -ENOMEM; release @cfg in any case.
 */
int lab_config_read(struct lab_config *cfg, const char *file, struct ctl_diag *diag);

/**
 * lab_config_fini() - Release what was read
 * @cfg:	may be zeroed; left zeroed
 */
void lab_config_fini(struct lab_config *cfg);

#endif
