/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe.h - a recipe as data: hosts, interfaces and tasks, each with its place in the file */
#ifndef CONTROLLER_RECIPE_RECIPE_H
#define CONTROLLER_RECIPE_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/recipe/diag.h"
#include "controller/recipe/value.h"
#include "netlab/base/addr.h"
#include "netlab/base/err.h"

/**
 * DOC: from XML to a recipe
 *
 *   bytes --xml.c--> struct ctl_xml --include.c--> the same, with the included files in it
 *         --alias.c--> the same, {$alias} expanded and <define> gone
 *         --schema.c, grammar_table.c--> checked against the grammar --build.c--> struct ctl_recipe
 *         --check.c--> ids, references, functions and background commands checked
 *
 * Each step reports everything it can find to struct ctl_diag and goes on; a step starts only if
 * the one before it found no error that would make it talk nonsense. A recipe that was loaded is
 * right in itself: every host, interface and background command that it names exists. Whether
 * machines can be found for it is ctl_match_topo()'s question.
 *
 * The recipe owns all that its structs point to, file names of places included. It is read-only
 * after loading.
 */
#define CTL_RECIPE_BYTES_MAX  (16u << 20)
#define CTL_TIMEOUT_DEFAULT_S 60u
#define CTL_TIMEOUT_MAX_S     31536000u /* a year */
#define CTL_HOST_NONE         SIZE_MAX

/**
 * struct ctl_param - a requirement on a host or an interface
 * @name:	its name
 * @value:	wanted value; "" = do not care
 * @src:	the element
 * @value_src:	the value
 */
struct ctl_param {
	const char *name, *value;
	struct lab_src src, value_src;
};

/**
 * struct ctl_addr - an address of an interface
 * @addr:	address with its prefix length
 * @src:	where its text begins
 */
struct ctl_addr {
	struct lab_addr addr;
	struct lab_src src;
};

/**
 * struct ctl_option - an option of a module or an interface
 * @name:	its name; several options may have one name: several values, in this order
 * @value:	its value, evaluated when the module is started
 * @src:	the element
 */
struct ctl_option {
	const char *name;
	struct ctl_value value;
	struct lab_src src;
};

enum ctl_iface_kind {
	CTL_IFACE_ETH,
	CTL_IFACE_VETH, /* one end of a <veth_pair>; the other one follows or precedes it */
	CTL_IFACE_BOND,
	CTL_IFACE_BRIDGE,
	CTL_IFACE_TEAM,
	CTL_IFACE_VLAN,
	CTL_IFACE_MACVLAN,
	CTL_IFACE_IPVLAN,
	CTL_IFACE_VXLAN,
	CTL_IFACE_GENEVE,
	CTL_IFACE_GRE,
	CTL_IFACE_IP6GRE,
	CTL_IFACE_IPIP,
	CTL_IFACE_SIT,
	CTL_IFACE_VTI,
	CTL_IFACE_VTI6,
	CTL_IFACE_DUMMY,
	CTL_IFACE_LO,
	CTL_IFACE_MACSEC,
	CTL_IFACE_VRF,
	CTL_IFACE_WIREGUARD,
	CTL_IFACE_TUN,
	CTL_IFACE_TAP,
	CTL_IFACE_OVS_BRIDGE,
	CTL_IFACE_OVS_BOND,     /* <bond> of an <ovs_bridge> */
	CTL_IFACE_OVS_TUNNEL,   /* <tunnel> of an <ovs_bridge> */
	CTL_IFACE_OVS_INTERNAL, /* <internal> of an <ovs_bridge> */
	CTL_IFACE_PAIR,         /* <veth_pair> itself, until its ends have taken its place */
	CTL_IFACE_KIND_MAX_,
};

/**
 * struct ctl_slave - an interface that another one lies on, or a port of it
 * @id:		its id, of an interface of the same host that comes first
 * @iface:	its index in ctl_host.ifaces
 * @options:	what it is to be as a port
 * @n_options:	how many
 * @src:	the element
 * @id_src:	its id
 */
struct ctl_slave {
	const char *id;
	size_t iface;
	struct ctl_option *options;
	size_t n_options;
	struct lab_src src, id_src;
};

/**
 * struct ctl_netem - one part of a <netem>
 * @name:	"delay", "loss", "duplication", "corrupt", "reordering", "rate" or "limit"; NULL = not there
 * @options:	its options
 * @n_options:	how many
 * @src:	the element
 */
struct ctl_netem {
	const char *name;
	struct ctl_option *options;
	size_t n_options;
	struct lab_src src;
};

/**
 * struct ctl_ovs_vlan - a <vlan> of an <ovs_bridge>
 * @tag:	its number
 * @slaves:	which ports are in it
 * @n_slaves:	how many
 * @src:	the element
 */
struct ctl_ovs_vlan {
	unsigned int tag;
	struct ctl_slave *slaves;
	size_t n_slaves;
	struct lab_src src;
};

/**
 * struct ctl_iface - an interface of a host
 * @kind:	what it is
 * @id:		unique in its host
 * @label:	ETH: the network that it is joined to
 * @netns:	network namespace of the host that it is in; NULL = the host's own
 * @type:	OVS_TUNNEL: vxlan, gre or geneve
 * @auto_addrs:	ETH: no <addresses> element: it gets one IPv4 and one IPv6 address, in this order, unless it is a port of another one
 * @is_port:	a bond, bridge, team or the like has it as a port
 * @addrs:	addresses in document order
 * @n_addrs:	how many
 * @params:	requirements
 * @n_params:	how many
 * @options:	options of its kind
 * @n_options:	how many
 * @slaves:	what it lies on, or its ports
 * @n_slaves:	how many
 * @netem:	parts of its <netem>
 * @n_netem:	how many
 * @vlans:	OVS_BRIDGE: its VLANs
 * @n_vlans:	how many
 * @flows:	OVS_BRIDGE: its flow entries
 * @n_flows:	how many
 * @parts:	PAIR, OVS_BRIDGE: interfaces that stand in it; while the recipe is read only
 * @n_parts:	how many
 * @owner:	OVS_...: index of the bridge that it stands in
 * @peer:	VETH: index of the other end
 * @src:	the element
 * @id_src:	its id
 * @label_src:	its label
 * @netns_src:	its namespace
 */
struct ctl_iface {
	enum ctl_iface_kind kind;
	const char *id, *label, *netns;
	int type;
	bool auto_addrs, is_port;
	struct ctl_addr *addrs;
	size_t n_addrs;
	struct ctl_param *params;
	size_t n_params;
	struct ctl_option *options;
	size_t n_options;
	struct ctl_slave *slaves;
	size_t n_slaves;
	struct ctl_netem *netem;
	size_t n_netem;
	struct ctl_ovs_vlan *vlans;
	size_t n_vlans;
	struct ctl_option *flows;
	size_t n_flows;
	struct ctl_iface *parts;
	size_t n_parts;
	size_t owner, peer;
	struct lab_src src, id_src, label_src, netns_src;
};

/**
 * struct ctl_route - a static route of a host
 * @to:		destination: address with prefix length, or "default"
 * @via:	gateway: address; both may hold functions
 * @src:	the element
 */
struct ctl_route {
	struct ctl_value to, via;
	struct lab_src src;
};

/**
 * struct ctl_host - a host
 * @id:		unique in the recipe
 * @forwarding:	it routes
 * @backend:	what makes its container; NULL = as the recipe says
 * @image:	what its root is made from; NULL = as the recipe says
 * @params:	requirements
 * @n_params:	how many
 * @ifaces:	interfaces in document order
 * @n_ifaces:	how many
 * @routes:	static routes in document order
 * @n_routes:	how many
 * @src:	the element
 * @id_src:	its id
 */
struct ctl_host {
	const char *id;
	bool forwarding;
	const char *backend, *image;
	struct ctl_param *params;
	size_t n_params;
	struct ctl_iface *ifaces;
	size_t n_ifaces;
	struct ctl_route *routes;
	size_t n_routes;
	struct lab_src src, id_src, backend_src, image_src;
};

enum ctl_command_kind {
	CTL_COMMAND_RUN,  /* a shell command or a module, in the foreground or in the background */
	CTL_COMMAND_WAIT, /* for the end of a background command */
	CTL_COMMAND_INTR, /* SIGINT to a background command */
	CTL_COMMAND_KILL, /* SIGKILL to a background command */
	CTL_COMMAND_CTL_WAIT, /* the controller waits */
	CTL_COMMAND_CONFIG,   /* settings of the kernel are written */
	CTL_COMMAND_KIND_MAX_,
};

enum ctl_expect {
	CTL_EXPECT_PASS,
	CTL_EXPECT_FAIL,
};

/**
 * struct ctl_setting - a setting of the kernel
 * @path:	below /proc or /sys; its text is NULL when there is none
 * @value:	what to write; both are evaluated when the command is run
 * @src:	the element or attribute
 */
struct ctl_setting {
	struct ctl_value path, value;
	struct lab_src src;
};

/**
 * struct ctl_command - one step of a task
 * @kind:	what it does; the fields below belong to RUN where no other kind is named
 * @host:	index into ctl_recipe.hosts; CTL_HOST_NONE for CTL_WAIT
 * @netns:	RUN, CONFIG: further network namespace of the host; NULL = the host's own
 * @command:	for /bin/bash -c; its text is NULL when @module is set
 * @from:	name of the tool in whose folder @command runs, or NULL
 * @module:	name of the test module, or NULL
 * @options:	options of the module, in document order
 * @n_options:	how many
 * @bg_id:	RUN: NULL = in the foreground. WAIT, INTR, KILL: whom
 * @target:	WAIT, INTR, KILL: index in ctl_task.commands of the RUN that @bg_id names
 * @timeout_s:	seconds, 1..CTL_TIMEOUT_MAX_S
 * @expect:	the verdict that counts as a pass
 * @desc:	description for the reports; text NULL = none
 * @wait_us:	CTL_WAIT: microseconds
 * @setting:	CONFIG: what its attributes say; no path if @settings is all
 * @settings:	CONFIG: what its options say, in document order
 * @n_settings:	how many
 * @persistent:	CONFIG: it is not taken back at the end of the task
 * @src:	the element
 */
struct ctl_command {
	enum ctl_command_kind kind;
	size_t host;
	const char *netns;
	struct ctl_value command;
	const char *from, *module;
	struct ctl_option *options;
	size_t n_options;
	const char *bg_id;
	size_t target;
	unsigned int timeout_s;
	enum ctl_expect expect;
	struct ctl_value desc;
	uint64_t wait_us;
	struct ctl_setting setting, *settings;
	size_t n_settings;
	bool persistent;
	struct lab_src src, host_src, bg_src, from_src, module_src, netns_src;
};

/**
 * struct ctl_task - commands that belong together
 * @label:	its name, or NULL
 * @quit_on_fail: a failure of it ends the recipe
 * @python:	file of a Python task, from where netlab runs; NULL: @commands is the task
 * @module_dir:	a folder of modules for this task, or NULL; a relative one is beside the file of
 *		@module_dir_src
 * @tools_dir:	a folder of tools for this task, likewise
 * @commands:	in document order, at least one; none in a Python task, which makes its own
 * @n_commands:	how many
 * @src:	the element
 * @python_src:	the attribute
 */
struct ctl_task {
	const char *label;
	bool quit_on_fail;
	const char *python;
	const char *module_dir, *tools_dir;
	struct ctl_command *commands;
	size_t n_commands;
	struct lab_src src, python_src, module_dir_src, tools_dir_src;
};

/**
 * struct ctl_alias - an alias: one given on the command line, or one that a recipe ends with
 * @name:	name without "{$" and "}"
 * @value:	its value, may use other aliases
 */
struct ctl_alias {
	const char *name, *value;
};

struct ctl_arena;

/**
 * struct ctl_recipe - a recipe
 * @file:	its file name as the user gave it
 * @name:	name for a lab of it: the root's name attribute, else the file name without folder
 *		and extension
 * @hosts:	hosts in document order, at least one
 * @n_hosts:	how many
 * @pool4:	pool for automatic IPv4 addresses; family 0 = the default
 * @pool6:	pool for automatic IPv6 addresses; family 0 = the default
 * @backend:	what makes the containers of hosts that do not say; NULL = netlab itself
 * @image:	what their roots are made from; NULL = the machine's own files
 * @tasks:	tasks in document order; there may be none
 * @n_tasks:	how many
 * @aliases:	of the outermost level, with those of the command line, as they stand at the end of
 *		the recipe: for Python tasks; those whose value is wrong are left out
 * @n_aliases:	how many
 * @src:	the root element
 */
struct ctl_recipe {
	const char *file, *name;
	struct ctl_host *hosts;
	size_t n_hosts;
	struct lab_addr pool4, pool6;
	const char *backend, *image;
	struct lab_src backend_src, image_src;
	struct ctl_task *tasks;
	size_t n_tasks;
	struct ctl_alias *aliases;
	size_t n_aliases;
	struct lab_src src;
	/* private */
	struct ctl_arena *arena;
};

/**
 * struct ctl_bytes - the bytes of a file
 * @data:	bytes
 * @len:	how many
 * @key:	what tells the file from every other, whatever path led to it
 *
 * The strings are allocated with malloc(3).
 */
struct ctl_bytes {
	char *data;
	size_t len;
	char *key;
};

/**
 * struct ctl_recipe_params - how to read a recipe
 * @defines:	aliases at the outermost level, which definitions of the recipe override (option -a)
 * @n_defines:	how many
 * @overrides:	aliases that override every definition (option -A)
 * @n_overrides: how many
 * @for_run:	tell with a note when the recipe has no task
 * @read:	reads an included file: fills @ret and returns 0, or -errno; NULL = from the file
 *		system
 * @user:	for @read
 *
 * All borrowed until the call returns.
 */
struct ctl_recipe_params {
	const struct ctl_alias *defines;
	size_t n_defines;
	const struct ctl_alias *overrides;
	size_t n_overrides;
	bool for_run;
	int (*read)(void *user, const char *path, struct ctl_bytes *ret);
	void *user;
};

/**
 * ctl_recipe_load() - Read and check a recipe file
 * @path:	file; at most CTL_RECIPE_BYTES_MAX bytes of UTF-8
 * @params:	aliases and so on; may be NULL
 * @ret:	on success; free with ctl_recipe_free()
 * @diag:	errors and notes are added, sorted; must not be NULL
 *
 * Context: reads the file and those that it includes, no network; blocks for them.
 * Return: 0 or -errno; on failure @diag has at least one error (but when out of memory perhaps
 * none). Errors: -ENOENT and the like: the file cannot be read; -EFBIG too large; -EINVAL the
 * recipe is wrong; -ENOMEM.
 * Source: docs/recipes.md; recipes/recipe.rng.
 */
int ctl_recipe_load(const char *path, const struct ctl_recipe_params *params,
		    struct ctl_recipe **ret, struct ctl_diag *diag);

/**
 * ctl_recipe_load_mem() - Read and check a recipe in memory
 * @name:	file name for places and for the lab's name; copied
 * @data:	the bytes (borrowed)
 * @len:	how many
 * @params:	aliases and so on; may be NULL
 * @ret:	on success; free with ctl_recipe_free()
 * @diag:	errors and notes are added, sorted; must not be NULL
 *
 * Return: as ctl_recipe_load().
 */
int ctl_recipe_load_mem(const char *name, const void *data, size_t len,
			const struct ctl_recipe_params *params, struct ctl_recipe **ret,
			struct ctl_diag *diag);

/**
 * ctl_recipe_free() - Release a recipe and all that it points to
 * @recipe:	may be NULL
 */
void ctl_recipe_free(struct ctl_recipe *recipe);

/**
 * ctl_recipe_find_host() - Look a host up
 * @recipe:	recipe
 * @id:		host id
 *
 * Return: its index, or -ENOENT.
 */
long ctl_recipe_find_host(const struct ctl_recipe *recipe, const char *id);

/**
 * ctl_recipe_find_iface() - Look an interface up
 * @host:	host
 * @id:		interface id
 *
 * Return: its index, or -ENOENT.
 */
long ctl_recipe_find_iface(const struct ctl_host *host, const char *id);

/**
 * ctl_iface_kind_name() - What an interface is
 * @kind:	kind
 *
 * Return: as in the topology: "eth", "veth", "bond", ..., "ovs_bridge", "ovs_bond", "ovs_tunnel", "ovs_internal"; static storage.
 */
const char *ctl_iface_kind_name(enum ctl_iface_kind kind);

/**
 * ctl_host_find_netns() - Does a host have a network namespace of this name
 * @host:	host
 * @netns:	name
 *
 * A host has those that its interfaces are in.
 * Return: true if so.
 */
bool ctl_host_find_netns(const struct ctl_host *host, const char *netns);

/**
 * ctl_command_name() - The element name of a kind of command
 * @kind:	kind
 *
 * Return: "run", "wait", "intr", "kill", "ctl_wait" or "config"; static storage.
 */
const char *ctl_command_name(enum ctl_command_kind kind);

#endif
