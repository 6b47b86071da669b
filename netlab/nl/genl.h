/* SPDX-License-Identifier: GPL-2.0-or-later */
/* genl.h - what rtnetlink does not say about a link: keys and peers of wireguard, associations of macsec */
#ifndef NETLAB_NL_GENL_H
#define NETLAB_NL_GENL_H

#include <stdbool.h>

#include "netlab/nl/link.h"

/**
 * lab_genl_family() - Number of a generic netlink family
 * @nl:		socket of lab_nl_open_generic() with an empty batch
 * @name:	its name
 * @ret_id:	its number, on success
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOENT the kernel lacks it. Source: CTRL_CMD_GETFAMILY in linux/genetlink.h.
 */
int lab_genl_family(struct lab_nl *nl, const char *name, uint16_t *ret_id, struct lab_err *err);

/**
 * lab_link_needs_finish() - Has a link of a kind options that lab_link_finish() sets
 * @kind:	kind
 *
 * Return: true for wireguard and macsec.
 */
bool lab_link_needs_finish(enum lab_link_kind kind);

/**
 * lab_link_finish() - Set the options that are not part of rtnetlink
 * @nl:		socket of lab_nl_open_generic() in the link's namespace, with an empty batch
 * @kind:	kind of the link; nothing is done for those that need nothing
 * @ifindex:	the link, which is there
 * @options:	options that lab_kind_check() has passed; those that rtnetlink sets are passed over
 * @err:	filled on failure; may be NULL
 *
 * Peers of a wireguard link that are named are added or changed, others stay. Associations of a macsec link are added; the channel of
 * a peer with its first one.
 * Context: CAP_NET_ADMIN; blocks for the answers.
 * Return: 0 or -errno. Errors: -EEXIST an association is there already, -EINVAL.
 * Source: WG_CMD_SET_DEVICE in linux/wireguard.h; linux/if_macsec.h.
 */
int lab_link_finish(struct lab_nl *nl, enum lab_link_kind kind, int ifindex,
		    const struct lab_link_options *options, struct lab_err *err);

#endif
