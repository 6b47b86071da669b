/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kind.h - the kinds of links and their options, as tables, and the check of what a recipe says about them */
#ifndef NETLAB_NL_KIND_H
#define NETLAB_NL_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlab/base/err.h"

/**
 * DOC: link kinds
 *
 * What can be made of one kind of link is data: its name in recipes and in the kernel, what it lies on, and a row for each
 * option with its names, type, range and netlink attribute. The check of a recipe (lab_kind_check(), which needs neither
 * privileges nor a kernel), the messages (netlab/nl/link.h) and the documentation come from the same rows.
 * A new kind is an enumerator here and its row in kind_table.c.
 */
enum lab_link_kind {
	LAB_LINK_VETH,
	LAB_LINK_DUMMY,
	LAB_LINK_BRIDGE,
	LAB_LINK_BOND,
	LAB_LINK_TEAM,
	LAB_LINK_VLAN,
	LAB_LINK_MACVLAN,
	LAB_LINK_IPVLAN,
	LAB_LINK_VXLAN,
	LAB_LINK_GENEVE,
	LAB_LINK_GRE,
	LAB_LINK_IP6GRE,
	LAB_LINK_IPIP,
	LAB_LINK_SIT,
	LAB_LINK_VTI,
	LAB_LINK_VTI6,
	LAB_LINK_MACSEC,
	LAB_LINK_VRF,
	LAB_LINK_WIREGUARD,
	LAB_LINK_TUN,
	LAB_LINK_TAP,
	LAB_LINK_IFB,
	LAB_LINK_LO,
	LAB_LINK_KIND_MAX_
};

#define LAB_LOWER_MANY UINT8_MAX /* of lab_kind_def.lower_max */

/**
 * enum lab_option_type - how the text of an option is read
 * @LAB_OPTION_NUMBER:	whole number within its range; words may stand for single numbers
 * @LAB_OPTION_BOOL:	yes, no, true, false, on, off, 1, 0
 * @LAB_OPTION_TIME:	duration, in microseconds; a bare number is that, too, as in tc(8)
 * @LAB_OPTION_PERCENT:	percentage with or without "%", in millionths of a percent
 * @LAB_OPTION_RATE:	data rate in bits per second; with units as in tc(8)
 * @LAB_OPTION_WORD:	one of its words, or the number that one stands for
 * @LAB_OPTION_IPV4:	IPv4 address without a prefix length; one that may stand several times also takes a list with
 *			commas, in which each may begin with '+', as sysfs has it
 * @LAB_OPTION_IPV6:	IPv6 address without a prefix length; the same
 * @LAB_OPTION_IP:	either
 * @LAB_OPTION_PREFIXES: subnets, separated by commas
 * @LAB_OPTION_ENDPOINT: ADDRESS:PORT or [ADDRESS]:PORT
 * @LAB_OPTION_MAC:	Ethernet address
 * @LAB_OPTION_KEY:	key of a tunnel: number of 32 bits, or four decimal parts
 * @LAB_OPTION_HEX:	bytes as hexadecimal digits, min..max bytes
 * @LAB_OPTION_BASE64:	32 bytes in base64, as `wg genkey` writes them
 * @LAB_OPTION_LINK:	another interface of the same host and namespace, by its id
 * @LAB_OPTION_RANGE:	two numbers FIRST-LAST, within its range
 * @LAB_OPTION_MAP:	pairs FROM:TO separated by blanks, each within its range
 * @LAB_OPTION_TEXT:	any text of min..max bytes
 * @LAB_OPTION_GROUP:	NAME=VALUE words separated by blanks, for the rows of lab_option_def.group
 * @LAB_OPTION_EXTRA:	arguments as ip-link(8) takes them ("ttl 64 nolearning"), for the other rows of the same table
 */
enum lab_option_type {
	LAB_OPTION_NUMBER,
	LAB_OPTION_BOOL,
	LAB_OPTION_TIME,
	LAB_OPTION_PERCENT,
	LAB_OPTION_RATE,
	LAB_OPTION_WORD,
	LAB_OPTION_IPV4,
	LAB_OPTION_IPV6,
	LAB_OPTION_IP,
	LAB_OPTION_PREFIXES,
	LAB_OPTION_ENDPOINT,
	LAB_OPTION_MAC,
	LAB_OPTION_KEY,
	LAB_OPTION_HEX,
	LAB_OPTION_BASE64,
	LAB_OPTION_LINK,
	LAB_OPTION_RANGE,
	LAB_OPTION_MAP,
	LAB_OPTION_TEXT,
	LAB_OPTION_GROUP,
	LAB_OPTION_EXTRA,
};

/**
 * enum lab_option_wire - how the value of an option is written into a message
 * @LAB_WIRE_NONE:	not by rtnetlink; what makes the link knows the option by its name (teamd, generic netlink, tun)
 * @LAB_WIRE_U8:	8 bits
 * @LAB_WIRE_U16:	16 bits
 * @LAB_WIRE_U32:	32 bits
 * @LAB_WIRE_U64:	64 bits
 * @LAB_WIRE_BE16:	16 bits, network byte order
 * @LAB_WIRE_BE32:	32 bits, network byte order
 * @LAB_WIRE_FLAG:	an attribute without payload, for yes
 * @LAB_WIRE_BYTES:	the bytes of an address; IPv6 in lab_option_def.attr6
 * @LAB_WIRE_IFINDEX:	the index of the interface, 32 bits
 * @LAB_WIRE_LINK_MAC:	the address of the link itself (IFLA_ADDRESS)
 * @LAB_WIRE_LIST:	one of a list: repeated options share one nested attribute, with 0, 1, ... as types
 * @LAB_WIRE_BITS32:	bits (lab_option_def.bits) of a value and a mask of 32 bits each, which other options share
 * @LAB_WIRE_BITS16:	bits of a value of 16 bits that other options share
 * @LAB_WIRE_BITS_BE16:	the same in network byte order; with @attr6, in both attributes
 * @LAB_WIRE_KEY:	key of a GRE tunnel in @attr (and @attr6), with its bit in the flags
 * @LAB_WIRE_RANGE:	struct ifla_vxlan_port_range
 * @LAB_WIRE_MAP:	nested list of struct ifla_vlan_qos_mapping
 * @LAB_WIRE_FLOW:	bits, shifted by lab_option_def.bits, of the first word of an IPv6 header, which other options share
 */
enum lab_option_wire {
	LAB_WIRE_NONE,
	LAB_WIRE_U8,
	LAB_WIRE_U16,
	LAB_WIRE_U32,
	LAB_WIRE_U64,
	LAB_WIRE_BE16,
	LAB_WIRE_BE32,
	LAB_WIRE_FLAG,
	LAB_WIRE_BYTES,
	LAB_WIRE_IFINDEX,
	LAB_WIRE_LINK_MAC,
	LAB_WIRE_LIST,
	LAB_WIRE_BITS32,
	LAB_WIRE_BITS16,
	LAB_WIRE_BITS_BE16,
	LAB_WIRE_KEY,
	LAB_WIRE_RANGE,
	LAB_WIRE_MAP,
	LAB_WIRE_FLOW,
};

enum {
	LAB_OPTION_NEEDED = 1 << 0,  /* a link cannot be made without it */
	LAB_OPTION_ONE_OF = 1 << 1,  /* exactly one of the options with this flag is needed */
	LAB_OPTION_REPEATS = 1 << 2, /* may stand several times */
	LAB_OPTION_BIRTH = 1 << 3,   /* only when the link is made: cannot be changed */
	LAB_OPTION_LATE = 1 << 4, /* only when the ports are there: to be set with lab_link_set() */
	LAB_OPTION_SECRET = 1 << 5,   /* its value does not belong into logs */
	LAB_OPTIONS_MAX = 256,        /* options of one link, and words of one group */
	LAB_OPTION_VALUE_MAX = 65536, /* bytes of one value */
};

/**
 * struct lab_option_word - a word that stands for a number
 * @word:	as it is written
 * @value:	as the kernel has it
 */
struct lab_option_word {
	const char *word;
	uint64_t value;
};

/**
 * struct lab_option_def - one option of a kind
 * @name:	name in recipes: LNST's where it has one, else the kernel's
 * @other:	a second name for the same (iproute2's, or the kernel's in sysfs); NULL = none
 * @type:	how its text is read
 * @wire:	how its value is written
 * @attr:	netlink attribute in IFLA_INFO_DATA (IFLA_INFO_SLAVE_DATA for ports)
 * @attr6:	that of an IPv6 address, or a second place for the same value; 0 = none
 * @bits:	of LAB_WIRE_BITS...: which; of LAB_WIRE_FLOW: how far to shift
 * @min:	smallest number, or fewest bytes
 * @max:	largest number, or most bytes
 * @words:	words that stand for numbers, ended by one without a word; NULL = none
 * @group:	rows of a LAB_OPTION_GROUP, ended by one without a name
 * @initial:	what is sent when a link is made without the option; NULL = nothing, the kernel's own default
 * @flags:	LAB_OPTION_...
 * @what:	what it is, one line for documentation and hints
 */
struct lab_option_def {
	const char *name, *other;
	enum lab_option_type type;
	enum lab_option_wire wire;
	uint16_t attr, attr6;
	uint32_t bits;
	uint64_t min, max;
	const struct lab_option_word *words;
	const struct lab_option_def *group;
	const char *initial;
	unsigned int flags;
	const char *what;
};

/**
 * struct lab_kind_def - one kind of link
 * @name:	name in recipes
 * @kernel:	IFLA_INFO_KIND; NULL if it is not made by rtnetlink (tun, tap, lo)
 * @what:	what it is, a few words
 * @config:	kernel option that brings it, without CONFIG_
 * @lower_min:	fewest links it lies on
 * @lower_max:	most links it lies on; LAB_LOWER_MANY = no limit
 * @ports:	the links it lies on become its ports (IFLA_MASTER)
 * @lower_attr:	attribute in IFLA_INFO_DATA that names the link it lies on; 0 = IFLA_LINK
 * @ether:	has an Ethernet address that can be chosen
 * @options:	its options, ended by one without a name
 * @port_options: options of each of its ports, ended by one without a name; NULL = none
 */
struct lab_kind_def {
	const char *name, *kernel, *what, *config;
	uint8_t lower_min, lower_max;
	bool ports, ether;
	uint16_t lower_attr;
	const struct lab_option_def *options;
	const struct lab_option_def *port_options;
};

/**
 * struct lab_option - an option as a recipe has it
 * @name:	name; borrowed
 * @value:	text; borrowed
 * @src:	where it stands, for messages
 */
struct lab_option {
	const char *name, *value;
	struct lab_src src;
};

/**
 * enum lab_option_use - what options are meant for
 * @LAB_USE_NEW:	a link that is to be made
 * @LAB_USE_CHANGE:	a link that is there
 * @LAB_USE_PORT:	a port of a link of the kind
 */
enum lab_option_use { LAB_USE_NEW, LAB_USE_CHANGE, LAB_USE_PORT };

/**
 * lab_kind_get() - The row of a kind
 * @kind:	which
 *
 * Return: its row; static.
 */
const struct lab_kind_def *lab_kind_get(enum lab_link_kind kind);

/**
 * lab_kind_find() - A kind by its name in recipes
 * @name:	name
 *
 * Return: enum lab_link_kind, or -ENOENT.
 */
int lab_kind_find(const char *name);

/**
 * lab_kind_of_kernel() - A kind by its name in the kernel
 * @kernel:	IFLA_INFO_KIND
 *
 * Return: enum lab_link_kind, or -ENOENT.
 */
int lab_kind_of_kernel(const char *kernel);

/**
 * lab_kind_near() - The kind that was probably meant
 * @name:	what was written
 *
 * Return: a name in recipes, or NULL; static.
 */
const char *lab_kind_near(const char *name);

/**
 * lab_kind_option() - The row of an option
 * @kind:	kind of the link (of the master for LAB_USE_PORT)
 * @use:	what the option is meant for
 * @name:	either of its names
 *
 * For callers that have to know which options name an interface (LAB_OPTION_LINK) or are set late.
 * Return: its row, or NULL; static.
 */
const struct lab_option_def *lab_kind_option(enum lab_link_kind kind, enum lab_option_use use,
					     const char *name);

/**
 * lab_kind_check() - Are these options right for a link of a kind
 * @kind:	kind of the link (of the master for LAB_USE_PORT)
 * @use:	what they are meant for
 * @options:	names and texts
 * @n:		how many
 * @ret_failed:	on failure, which option is wrong; @n = one is missing; may be NULL
 * @err:	filled on failure with one line and the place of the option: `no option milmon for bond; did you mean miimon?`; may be NULL
 *
 * Whether an interface that an option names is there is for the caller to check.
 * Context: no privileges, no kernel.
 * Return: 0 or -EINVAL.
 */
int lab_kind_check(enum lab_link_kind kind, enum lab_option_use use,
		   const struct lab_option *options, size_t n, size_t *ret_failed,
		   struct lab_err *err);

#endif
