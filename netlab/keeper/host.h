/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host.h - the life of a host in a lab that is up: operations on it, whatever its container is made of */
#ifndef NETLAB_KEEPER_HOST_H
#define NETLAB_KEEPER_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "netlab/keeper/keeper_internal.h"

/**
 * DOC: operations on hosts
 *
 * Clients ask for them with the methods `host.*` (docs/rpc.md). host.c holds the table of methods: it finds the host, checks that the host is in
 * a state in which this can be done, that nothing else is under way with it, and calls the function of the host's backend: struct
 * lab_host_ops. That may answer at once or later, always exactly once, with lab_hostop_done() or lab_hostop_fail(). It never waits: it goes on
 * in callbacks of the keeper's loop, and what takes long runs in a child process (lab_hostop_child()).
 *
 * host_native.c has the functions for hosts of netlab's own, which are processes below the keeper; host_foreign.c passes operations on to the
 * engine process, under the names that they have there (netlab/backend/engine.h).
 */
#define LAB_WHY_LEN       160u
#define LAB_SNAPSHOTS_MAX 1000u /* of one host */
#define LAB_MOUNTS_MAX    64u   /* of one host */
#define LAB_HOST_DIR_LEN  32u   /* "/up/4294967295" with its NUL */

/**
 * struct lab_ksnap - a snapshot of a native host: a directory of layers below /up/N (netlab/ns/spawn.h), named "sID"
 * @name:	as the user has it; "" = it has been deleted, and others lie on its layers
 * @id:		from 1; in the order in which they were made
 * @parent:	id of the snapshot that its layers lie on; 0 = on the machine's files
 * @created:	seconds of the epoch
 */
struct lab_ksnap {
	char name[LAB_TOPO_ID_MAX + 1];
	uint32_t id, parent;
	int64_t created;
};

/**
 * struct lab_kmount - a directory or file of the machine that a host sees
 * @source:	where it is on the machine
 * @path:	where in the host
 * @read_only:	it cannot be changed there
 */
struct lab_kmount {
	char *source, *path;
	bool read_only;
};

/**
 * struct lab_klife - what has become of a host since its lab came up
 * @op:		what is under way with it; NULL = nothing
 * @frozen:	all its processes are stopped until it is thawed
 * @asked:	it is stopped because it was asked to
 * @why:	why it is stopped, when it was not asked to; "" = nothing is known
 * @snaps:	its snapshots, also deleted ones that others lie on, in the order in which they were made
 * @n_snaps:	how many
 * @last_snap:	the last id given out
 * @base:	id of the snapshot that it goes on from; 0 = the machine's files
 * @mounts:	what is mounted in it; gone when it stops
 * @n_mounts:	how many
 * @ephemeral:	when it stops, it is deleted
 * @environment: of all its commands: {name: text}; NULL = none
 */
struct lab_klife {
	struct lab_hostop *op;
	bool frozen, asked, ephemeral;
	char why[LAB_WHY_LEN];
	struct lab_ksnap *snaps;
	size_t n_snaps;
	uint32_t last_snap, base;
	struct lab_kmount *mounts;
	size_t n_mounts;
	json_t *environment;
};

typedef void (*lab_hostop_fn)(struct lab_hostop *op);
typedef void (*lab_hostop_stop_fn)(struct lab_hostop *op, json_int_t timeout_ms);

/**
 * struct lab_hostop_sweep - a host's processes on their way to their end
 * @pids:	those that have been asked to end
 * @n:		how many
 * @watch:	sources of their pidfds, with them; NULL where one has ended
 * @fds:	their pidfds
 * @n_left:	how many have not ended
 */
struct lab_hostop_sweep {
	pid_t *pids;
	size_t n;
	struct lab_source **watch;
	int *fds;
	size_t n_left;
};

/**
 * struct lab_hostop_child - a process that does what takes long
 * @pid:	it
 * @fd:		where it says how it went; -1 = there is none
 * @src:	source of @fd
 * @done:	called at its end, with 0 or -errno, and why
 */
struct lab_hostop_child {
	pid_t pid;
	int fd;
	struct lab_source *src;
	void (*done)(struct lab_hostop *op, int r, struct lab_err *err);
};

/**
 * struct lab_hostop - one request about a host
 * @keeper:	the lab
 * @client:	who asked; NULL = the keeper itself
 * @id:		for the answer
 * @method:	name of the method, static storage
 * @host:	the host; NULL = about all of them
 * @params:	of the request, owned
 * @fds:	descriptors that came with it, owned
 * @n_fds:	how many
 * @poke:	called when the state of @host has changed; NULL = nobody waits for that
 * @then:	goes on when a step is done; NULL = that is all
 * @timer:	of lab_hostop_timer()
 * @on_timer:	what it calls
 * @watch:	one more source of the backend's, freed with this
 * @fd:		one more descriptor of the backend's, closed with this; -1 = none
 * @deadline_us: of the backend's; CLOCK_MONOTONIC
 * @snap:	of snapshots: the one it is about
 * @again:	of snapshots: the host is to run afterwards
 * @copied:	of snapshots: it is a copy
 * @child:	of lab_hostop_child()
 * @sweep:	of stop
 * @engine_next: of foreign hosts: goes on when the engine has done what it was asked
 * @said:	of foreign hosts: what the engine said to that
 * @kept:	of config: the environment from then on
 * @limits:	of config, of foreign hosts: the limits from then on
 * @next:	list of all that are under way
 */
struct lab_hostop {
	struct lab_keeper *keeper;
	struct lab_kclient *client;
	uint64_t id;
	const char *method;
	struct lab_khost *host;
	json_t *params;
	int fds[LAB_RPC_FDS_MAX];
	unsigned int n_fds;
	lab_hostop_fn poke, then, on_timer;
	struct lab_source *timer, *watch;
	int fd;
	uint64_t deadline_us;
	struct lab_ksnap snap;
	bool again, copied;
	struct lab_hostop_child child;
	struct lab_hostop_sweep sweep;
	lab_hostop_fn engine_next;
	json_t *said, *kept;
	struct lab_limits limits;
	struct lab_hostop *next;
};

/**
 * struct lab_host_ops - what a backend does with a host; a NULL function is something it cannot do
 * @start:	start a stopped host in the network namespace it has
 * @stop:	end all that runs in it, within a time; ends with lab_hostop_next()
 * @freeze:	stop all its processes until @thaw
 * @thaw:	let them go on
 * @state:	processes, memory, processor time, into lab_hostop_done()
 * @mount:	show it a directory or file of the machine
 * @umount:	take that away
 * @snapshot_create: keep its files as they are now
 * @snapshot_list: tell what is kept
 * @snapshot_rename: give one another name
 * @snapshot_restore: go back to one
 * @snapshot_delete: forget one
 * @migrate:	go to another server of its engine
 * @publish:	write its files where an image is made of them
 */
struct lab_host_ops {
	lab_hostop_stop_fn stop;
	lab_hostop_fn start, freeze, thaw, state;
	lab_hostop_fn mount, umount;
	lab_hostop_fn snapshot_create, snapshot_list, snapshot_rename, snapshot_restore,
		snapshot_delete;
	lab_hostop_fn publish, migrate;
};

extern const struct lab_host_ops lab_host_native;  /* host_native.c */
extern const struct lab_host_ops lab_host_foreign; /* host_foreign.c */

/**
 * lab_hosts_request() - Serve a method `host.*`
 * @c:		client
 * @req:	its request; answered now or later
 */
void lab_hosts_request(struct lab_kclient *c, struct lab_rpc_req *req);

/**
 * lab_hosts_changed() - The state of a host, or of the agent of one of its namespaces, has changed
 * @host:	the host itself
 */
void lab_hosts_changed(struct lab_khost *host);

/**
 * lab_hosts_failed() - A host has said why it cannot start, or has broken its agent's protocol
 * @host:	the host itself
 * @text:	why; NULL = its channel has closed
 */
void lab_hosts_failed(struct lab_khost *host, const char *text);

/**
 * lab_hosts_reaped() - A child of the keeper of a lab that is up has ended
 * @k:		keeper
 * @pid:	child, perhaps the init of a host
 * @status:	its wait status
 */
void lab_hosts_reaped(struct lab_keeper *k, pid_t pid, int status);

/**
 * lab_hosts_frozen() - Is a host frozen
 * @host:	the host itself
 *
 * Return: true if so.
 */
bool lab_hosts_frozen(const struct lab_khost *host);

/**
 * lab_hosts_asked() - Was a host that is dead asked to stop
 * @host:	the host itself
 *
 * Return: true if so.
 */
bool lab_hosts_asked(const struct lab_khost *host);

/**
 * lab_hosts_state() - The state of a host in a word
 * @host:	the host itself
 *
 * Return: "starting", "running", "frozen", "stopped"; static storage.
 */
const char *lab_hosts_state(const struct lab_khost *host);

/**
 * lab_hosts_gone() - Has everything of a stopped host ended
 * @host:	the host itself
 *
 * Return: true when it could be started again.
 */
bool lab_hosts_gone(const struct lab_khost *host);

/**
 * lab_hostop_done() - Answer an operation, which is over
 * @op:		operation; released
 * @result:	stolen; NULL = {}
 */
void lab_hostop_done(struct lab_hostop *op, json_t *result);

/**
 * lab_hostop_fail() - Refuse an operation, which is over
 * @op:		operation; released
 * @err:	why; "host h1: " is put before it
 */
void lab_hostop_fail(struct lab_hostop *op, struct lab_err *err);

/**
 * lab_hostop_next() - A step of an operation is done: go on with what comes then, or answer
 * @op:		operation
 */
void lab_hostop_next(struct lab_hostop *op);

/**
 * lab_hostop_timer() - Call a function after a time, in place of an earlier one
 * @op:		operation
 * @delay_us:	microseconds
 * @fn:		called once, unless the operation is over by then
 *
 * Return: 0 or -errno.
 */
int lab_hostop_timer(struct lab_hostop *op, uint64_t delay_us, lab_hostop_fn fn);

/**
 * lab_hostop_child() - Do what may block in a process of its own
 * @op:		operation
 * @fn:		what it does there; a copy of all this is its to use
 * @done:	called in the keeper at its end, unless this fails
 * @err:	filled on failure; may be NULL
 *
 * It is killed after 120 s.
 * Return: 0 or -errno.
 */
int lab_hostop_child(struct lab_hostop *op, int (*fn)(struct lab_hostop *op, struct lab_err *err),
		     void (*done)(struct lab_hostop *op, int r, struct lab_err *err),
		     struct lab_err *err);

/**
 * lab_host_start() - The start of a host, whatever its backend
 * @op:		operation
 */
void lab_host_start(struct lab_hostop *op);

/**
 * lab_host_stop_now() - End a native host at once, and go on with what comes then
 * @op:		operation
 */
void lab_host_stop_now(struct lab_hostop *op);

/**
 * lab_host_state() - What is known of a host without looking at its processes
 * @host:	the host itself
 *
 * Return: new reference (docs/rpc.md, `host.state`), or NULL when out of memory.
 */
json_t *lab_host_state(struct lab_khost *host);

/**
 * struct lab_kproc - a process of a host
 * @pid:	in the lab's PID namespace
 * @parent:	its parent, there
 * @agent:	it calls itself as agents do, and is a child of the host's init or that itself
 * @tty:	it has a controlling terminal
 * @cpu_ticks:	processor time of it, and of the children that it has waited for
 * @rss_pages:	resident size
 */
struct lab_kproc {
	pid_t pid, parent;
	bool agent, tty;
	uint64_t cpu_ticks, rss_pages;
};

/**
 * lab_host_procs() - The processes of a host that descend from its init
 * @host:	the host itself
 * @ret:	array, on success; caller frees with free(3)
 * @ret_n:	how many; 0 when it is stopped
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Source: /proc/PID/stat in proc(5).
 */
int lab_host_procs(const struct lab_khost *host, struct lab_kproc **ret, size_t *ret_n,
		   struct lab_err *err);

/**
 * lab_host_kill() - End a host now; lab_hosts_reaped() tells when that is done
 * @host:	the host itself
 */
void lab_host_kill(struct lab_khost *host);

/**
 * lab_host_freeze() - The freeze of native hosts
 * @op:		operation; its parameters may bring a cgroup with them, see docs/rpc.md
 */
void lab_host_freeze(struct lab_hostop *op);

/**
 * lab_host_thaw() - Let a frozen host go on
 * @host:	the host itself
 *
 * Return: 0 or -errno.
 */
int lab_host_thaw(struct lab_khost *host);

/**
 * lab_host_need_groups() - Have the lab's cgroups for some controllers
 * @op:		operation, whose parameters may bring what is missing
 * @controllers: bits of enum lab_cgroup_controller
 * @err:	filled on failure; may be NULL
 *
 * What is made is journalled first.
 * Return: 0 or -errno. Errors: -ENOSYS one is missing and was not brought.
 */
int lab_host_need_groups(struct lab_hostop *op, unsigned int controllers, struct lab_err *err);

/**
 * lab_host_join() - Move all processes of a host into its group
 * @host:	the host itself
 * @dir:	the group
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_host_join(const struct lab_khost *host, int dir, struct lab_err *err);

/**
 * lab_host_config() - The change of what is said of a host, whatever its backend
 * @op:		operation; its parameters may bring cgroups with them
 */
void lab_host_config(struct lab_hostop *op);

/**
 * lab_host_set_limits() - Give a native host the limits that an operation names
 * @op:		operation; its parameters may bring cgroups with them
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_host_set_limits(struct lab_hostop *op, struct lab_err *err);

/**
 * lab_host_create() - Make a native host in a lab that is up, and start it
 * @op:		operation without a host, which is @host from here on; its parameters may bring cgroups with them
 */
void lab_host_create(struct lab_hostop *op);

/**
 * lab_host_delete() - Delete a host with all that it has
 * @op:		operation
 */
void lab_host_delete(struct lab_hostop *op);

/**
 * lab_host_rename() - Give a host another name
 * @op:		operation
 */
void lab_host_rename(struct lab_hostop *op);

/**
 * lab_host_stop() - The stop of a host, whatever its backend
 * @op:		operation
 * @timeout_ms:	for its processes to end by themselves
 */
void lab_host_stop(struct lab_hostop *op, json_int_t timeout_ms);

/**
 * lab_host_life_free() - Forget what has become of a host
 * @life:	may be NULL
 */
void lab_host_life_free(struct lab_klife *life);

/**
 * lab_host_destroy_foreign() - Have the engine of a host take it away
 * @op:		operation; the host is stopped
 * @next:	goes on then
 */
void lab_host_destroy_foreign(struct lab_hostop *op, lab_hostop_fn next);

/**
 * lab_host_rename_foreign() - Have the engine of a host give it another name
 * @op:		operation
 * @to:		the name
 * @next:	goes on then
 */
void lab_host_rename_foreign(struct lab_hostop *op, const char *to, lab_hostop_fn next);

/**
 * lab_host_limit_foreign() - Give a host of another engine its new limits
 * @op:		operation, with @limits
 * @next:	goes on then
 */
void lab_host_limit_foreign(struct lab_hostop *op, lab_hostop_fn next);

/**
 * lab_host_join_limits() - Move all processes of a native host into the groups of its limits
 * @host:	the host itself; the groups are there
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_host_join_limits(const struct lab_khost *host, struct lab_err *err);

/**
 * lab_hosts_environment() - The environment that all commands of a host have, but for what they say themselves
 * @host:	the host itself
 *
 * Return: {name: text} (borrowed); NULL = nothing.
 */
const json_t *lab_hosts_environment(const struct lab_khost *host);

/**
 * lab_host_mount() - The mount of native hosts
 * @op:		operation, with the mount as a descriptor
 */
void lab_host_mount(struct lab_hostop *op);

/**
 * lab_host_umount() - The umount of native hosts
 * @op:		operation
 */
void lab_host_umount(struct lab_hostop *op);

/**
 * lab_host_forget_mounts() - A host has stopped, and its mounts are gone
 * @life:	of the host
 */
void lab_host_forget_mounts(struct lab_klife *life);

/**
 * lab_host_publish() - The publish of native hosts
 * @op:		operation, with a directory as its last descriptor; its parameters may bring a cgroup with them
 */
void lab_host_publish(struct lab_hostop *op);

/**
 * lab_snap_find() - Look up the snapshot that an operation of a native host names
 * @op:		operation
 * @member:	of its parameters, which has the name
 * @ret:	on success (borrowed from the host)
 * @err:	filled on failure, with the nearest name; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOENT, -EINVAL.
 */
int lab_snap_find(const struct lab_hostop *op, const char *member, struct lab_ksnap **ret,
		  struct lab_err *err);

/**
 * lab_snap_create() - The snapshot_create of native hosts
 * @op:		operation; its parameters may bring a cgroup with them
 */
void lab_snap_create(struct lab_hostop *op);

/**
 * lab_snap_list() - The snapshot_list of native hosts
 * @op:		operation
 */
void lab_snap_list(struct lab_hostop *op);

/**
 * lab_snap_rename() - The snapshot_rename of native hosts
 * @op:		operation
 */
void lab_snap_rename(struct lab_hostop *op);

/**
 * lab_snap_restore() - The snapshot_restore of native hosts
 * @op:		operation
 */
void lab_snap_restore(struct lab_hostop *op);

/**
 * lab_snap_delete() - The snapshot_delete of native hosts
 * @op:		operation
 */
void lab_snap_delete(struct lab_hostop *op);

#endif
