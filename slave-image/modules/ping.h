/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ping.h - the modules IcmpPing and Icmp6Ping */
#ifndef NETLAB_MODULES_PING_H
#define NETLAB_MODULES_PING_H

#include "slave-image/modules/module.h"

#define MOD_PING_ABOUT                    \
	MOD_NEEDS("ping", "iputils-ping") \
	MOD_OPTION("addr needed")         \
	MOD_OPTION("count")               \
	MOD_OPTION("interval")            \
	MOD_OPTION("iface") MOD_OPTION("size") MOD_OPTION("ttl") MOD_OPTION("limit_rate")

/**
 * mod_ping() - Ping an address and judge the share of answers
 * @m:		module; options addr, count, interval, iface, size, ttl, limit_rate
 * @version:	option of ping(8) that says which IP: "-6"; NULL = as the address has it
 *
 * Return: verdict.
 */
enum mod_verdict mod_ping(struct mod *m, const char *version);

#endif
