/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keeper_internal.h - the state of a lab, shared by the files of the keeper */
#ifndef NETLAB_KEEPER_KEEPER_INTERNAL_H
#define NETLAB_KEEPER_KEEPER_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "netlab/base/err.h"
#include "netlab/base/loop.h"
#include "netlab/base/map.h"
#include "netlab/base/strbuf.h"
#include "netlab/keeper/lab.h"
#include "netlab/keeper/rundir.h"
#include "netlab/nl/nl.h"
#include "netlab/ns/spawn.h"
#include "netlab/rpc/rpc.h"
#include "netlab/topo/plan.h"

/**
 * DOC: the keeper
 *
 * One process owns a lab. lab_up() (up.c) clones it from the command's process into new namespaces; keeper.c is its life: template.c builds
 * the template of the hosts' roots, apply.c carries out the plan, relay.c passes requests between clients and agents. It is PID 1 of the lab's PID
 * namespace: when it ends, in whatever way, the kernel ends everything else.
 */

struct lab_keeper;
struct lab_klife;
struct lab_hostop;

enum lab_host_state {
	LAB_HOST_PLANNED,  /* nothing asked for yet */
	LAB_HOST_ASKED,    /* the spawner has the request */
	LAB_HOST_STARTING, /* cloned; its network namespace is there */
	LAB_HOST_RUNNING,  /* its agent has said hello */
	LAB_HOST_DEAD,     /* it is stopped: its agent is gone; the namespace and its links stay */
};

#define LAB_HOSTS_MORE     1000u /* that can be made while the lab is up */
#define LAB_GROUP_NAME_LEN (LAB_TOPO_ID_MAX + 12u)
#define LAB_RUN_OUTPUT_MAX (1u << 20) /* of a program that the keeper runs in a host */

#define LAB_SPAWNERS_MAX \
	2u /* while two clone, the keeper makes links; a third gained nothing on two CPUs */

/**
 * struct lab_kspawner - one spawner
 * @keeper:	back pointer
 * @fd:		socket to it; -1 when it is gone
 * @src:	source of @fd
 * @ready:	it runs and waits for requests
 * @in_hand:	requests that it has not answered
 */
struct lab_kspawner {
	struct lab_keeper *keeper;
	int fd;
	struct lab_source *src;
	bool ready;
	size_t in_hand;
};

/**
 * struct lab_klink - what the keeper holds of an interface
 * @ifindex:	its index in its namespace; 0 = it is not there
 * @up:		it was born up, or is always so
 */
struct lab_klink {
	int ifindex;
	bool up;
};

/**
 * struct lab_khost - what the keeper holds of a host, or of one of its further network namespaces, which has an agent of its own
 * @keeper:	back pointer
 * @index:	in the topology
 * @space:	0: the host itself; else which of its namespaces, as lab_iface.netns
 * @state:	how far it is
 * @pid:	its init, in the lab's PID namespace
 * @netns_ready: of the host: it has said that links may be made in its network namespace
 * @netns:	its network namespace; the keeper's descriptor keeps it alive beyond its processes
 * @rpc:	the agent's channel; NULL while there is none
 * @paused:	its output is paused because a client does not read
 * @links:	of the host: by interface
 * @spaces:	of the host: its further namespaces, in the topology's order; NULL = none
 * @ovs:	of the host: the daemons of Open vSwitch run
 * @engine:	of the host: its number in the engine process, from 1; 0 = it is native
 * @group:	of the host: name of its cgroups in those of the lab; stays when the host gets another name
 * @life:	of the host: what has become of it since the lab came up (netlab/keeper/host.h); NULL = nothing yet
 */
struct lab_khost {
	struct lab_keeper *keeper;
	uint32_t index, space;
	enum lab_host_state state;
	pid_t pid;
	bool netns_ready;
	int netns;
	struct lab_rpc *rpc;
	bool paused;
	struct lab_klink *links;
	struct lab_khost *spaces;
	bool ovs;
	uint32_t engine;
	char group[LAB_GROUP_NAME_LEN];
	struct lab_klife *life;
};

/**
 * struct lab_kclient - a connected client
 * @keeper:	back pointer
 * @rpc:	its connection
 * @streams:	its stream number -> struct lab_kstream (towards an agent)
 * @jobs:	its job number -> struct lab_kjob
 * @n_pending:	requests of it that agents have not answered yet
 * @gone:	it has hung up; released when @n_pending is 0
 * @next:	list
 */
struct lab_kclient {
	struct lab_keeper *keeper;
	struct lab_rpc *rpc;
	struct lab_map streams, jobs;
	size_t n_pending;
	bool gone;
	struct lab_kclient *next;
};

/**
 * struct lab_images - the images of a lab
 * @list:	they, locked; owned, room for LAB_SPAWN_IMAGES_MAX
 * @n:		how many
 */
struct lab_images {
	struct lab_image *list;
	uint32_t n;
};

/**
 * struct lab_keeper - a lab
 * @loop:	the keeper's loop
 * @plan:	what to build (borrowed from the command's memory, which this process copied)
 * @topo:	of the plan; link.add and the like change this process's copy of it
 * @recipe:	path of the recipe or NULL
 * @agent:	path of the agent program
 * @created:	seconds of the epoch
 * @rundir:	the claimed name
 * @listen_fd:	bound control socket
 * @cgroups:	of the hosts that have limits; made by the command
 * @images:	of the hosts that are made from some; locked as long as the lab is
 * @engine:	connection to the process that drives container engines; NULL = the lab has no foreign hosts, or it has ended
 * @engine_dir:	folder for its files
 * @engine_closing: it was asked to end everything
 * @proc:	root directory of the lab's own proc
 * @home:	the switch namespace, in which the keeper is
 * @setup:	for the spawner
 * @spawners:	the processes that clone hosts
 * @n_spawners:	how many
 * @spawning:	the template is there: hosts may be asked for
 * @next_spawn:	first operation of the plan whose HOST request has not been sent
 * @nl:		socket in the switch namespace
 * @conf:	socket that visits hosts
 * @next_ifindex: next even interface index in the switch namespace
 * @bridges:	ifindex of each bridge; @bridge_base[network] is where a network's chain starts
 * @bridge_base: see @bridges
 * @n_bridges:	in @bridges
 * @hosts:	by topology index; it never moves
 * @cap_hosts:	room in it
 * @n_running:	hosts whose agent has said hello
 * @n_paused:	hosts whose output is paused
 * @starter:	the client that brought the lab up
 * @leash:	the lab ends with @starter
 * @up:		the plan has been carried out
 * @failed:	a host could not be started; @err says why
 * @err:	see @failed
 * @clients:	all clients
 * @streams:	agent's stream number -> struct lab_kstream (towards a client)
 * @next_job:	last job number given out
 * @next_stream: last stream number given out
 * @last_progress_us: when the starter was last told
 * @ops:	operations on hosts that are under way
 */
struct lab_keeper {
	struct lab_loop *loop;
	const struct lab_plan *plan;
	struct lab_topo *topo;
	const char *recipe, *agent;
	int64_t created;
	struct lab_rundir rundir;
	int listen_fd;
	struct lab_cgroups cgroups;
	struct lab_images images;
	struct lab_rpc *engine;
	char *engine_dir;
	bool engine_closing;
	int proc, home;
	struct lab_spawn_setup setup;
	struct lab_kspawner spawners[LAB_SPAWNERS_MAX];
	size_t n_spawners;
	bool spawning;
	size_t next_spawn;
	struct lab_nl nl, conf;
	int next_ifindex;
	int *bridges;
	uint32_t *bridge_base, n_bridges;
	struct lab_khost *hosts;
	size_t cap_hosts, n_running, n_paused;
	struct lab_kclient *starter;
	bool leash, up, failed;
	struct lab_err err;
	struct lab_kclient *clients;
	struct lab_map streams;
	uint32_t next_job, next_stream;
	uint64_t last_progress_us;
	struct lab_hostop *ops;
};

/**
 * lab_images_open() - Use all images that native hosts are made from
 * @topo:	topology
 * @ret:	written, also on failure; release with lab_images_close()
 * @err:	filled on failure, with the host's place; may be NULL
 *
 * Return: 0 or -errno. Errors: those of lab_image_open(), -EINVAL more than LAB_SPAWN_IMAGES_MAX.
 */
int lab_images_open(const struct lab_topo *topo, struct lab_images *ret, struct lab_err *err);

/**
 * lab_images_close() - Stop using them
 * @images:	may be zeroed; left zeroed
 */
void lab_images_close(struct lab_images *images);

/**
 * lab_keeper_image() - Which of the lab's images is a host made from
 * @topo:	topology
 * @index:	of the host
 *
 * Return: its number among the different images of native hosts, in the order of the hosts, counted from 1; 0 = none.
 */
uint32_t lab_keeper_image(const struct lab_topo *topo, uint32_t index);

/**
 * struct lab_keeper_args - what the clone takes from lab_up()
 * @plan:	what to build
 * @params:	as given to lab_up(), with @agent filled in
 * @rundir:	claimed name; the keeper's copy
 * @listen_fd:	bound control socket
 * @starter:	this end of the starter's connection
 * @cgroups:	of the hosts that have limits; the keeper's copy
 * @images:	of the hosts that are made from some; the keeper's copy
 * @machine_netns: the machine's network namespace, if there are foreign hosts; else -1
 * @userns:	the lab is in a user namespace; wait for a byte on @starter until it is mapped
 */
struct lab_keeper_args {
	const struct lab_plan *plan;
	const struct lab_up_params *params;
	const struct lab_rundir *rundir;
	int listen_fd;
	int starter;
	const struct lab_cgroups *cgroups;
	const struct lab_images *images;
	int machine_netns;
	bool userns;
};

/**
 * lab_keeper_main() - Be the keeper of a lab
 * @args:	everything it needs; borrowed for good
 *
 * Context: a fresh clone, PID 1 of its PID namespace. Never returns; the process ends with the lab.
 */
void lab_keeper_main(const struct lab_keeper_args *args) __attribute__((noreturn));

/**
 * lab_keeper_end() - End the lab now
 * @k:		keeper
 *
 * Removes the run directory, and what its journal names; the kernel does the rest. Does not return.
 */
void lab_keeper_end(struct lab_keeper *k) __attribute__((noreturn));

/**
 * lab_keeper_fail() - The lab cannot come up; the first reason counts
 * @k:		keeper
 * @code:	positive errno
 * @text:	why
 */
void lab_keeper_fail(struct lab_keeper *k, int code, const char *text);

/**
 * lab_keeper_fail_host() - The same, because of a host
 * @k:		keeper
 * @index:	of the host
 * @code:	positive errno
 * @text:	why; the host's name is put in front if it is not there
 */
void lab_keeper_fail_host(struct lab_keeper *k, uint32_t index, int code, const char *text);

/**
 * lab_keeper_template() - Build the template of the hosts' roots, start the spawner, and make the template the root
 * @k:		keeper in its own mount namespace
 * @userns:	the lab is in a user namespace
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_keeper_template(struct lab_keeper *k, bool userns, struct lab_err *err);

/**
 * lab_keeper_spawner_start() - Execute the spawners
 * @k:		keeper
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno; they are ready later, see lab_keeper_spawner_wait().
 */
int lab_keeper_spawner_start(struct lab_keeper *k, struct lab_err *err);

/**
 * lab_keeper_spawner_rest() - Let all spawners end but one, which waits until a host is to start again
 * @k:		keeper whose lab is up
 */
void lab_keeper_spawner_rest(struct lab_keeper *k);

/**
 * lab_keeper_spawner_again() - Ask for one host of a lab that is up
 * @k:		keeper
 * @index:	of a host that is stopped; if it has a network namespace, it goes there again
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno; what becomes of it is told by lab_hosts_changed().
 */
int lab_keeper_spawner_again(struct lab_keeper *k, uint32_t index, struct lab_err *err);

/**
 * lab_keeper_spawner_setup() - Tell the spawner about the template, and have it make its twin
 * @k:		keeper whose root is the template already: what is cloned while the root changes may be left with the old one
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_keeper_spawner_setup(struct lab_keeper *k, struct lab_err *err);

/**
 * lab_keeper_spawner_wait() - Wait until the spawner runs
 * @k:		keeper
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_keeper_spawner_wait(struct lab_keeper *k, struct lab_err *err);

/**
 * lab_keeper_spawner_pump() - Ask the spawners for the next hosts of the plan, as many as they should have in hand
 * @k:		keeper
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_keeper_spawner_pump(struct lab_keeper *k, struct lab_err *err);

/**
 * lab_keeper_apply() - Carry out the plan
 * @k:		keeper with a template and a spawner
 * @ret_phase_us: written: time by phase, LAB_PHASE_KEEPER is left alone
 * @err:	filled on failure, with the place in the recipe; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_keeper_apply(struct lab_keeper *k, uint64_t ret_phase_us[LAB_PHASE_MAX_],
		     struct lab_err *err);

/**
 * lab_keeper_make_port() - Join an interface to a network that has a bridge, in a lab that is up
 * @k:		keeper
 * @host:	index of the host
 * @iface:	index of the interface; its port is numbered
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOSPC the bridge is full.
 */
int lab_keeper_make_port(struct lab_keeper *k, uint32_t host, uint32_t iface, struct lab_err *err);

/**
 * lab_keeper_wait() - Run the loop once, for at most the time that is left until a deadline
 * @k:		keeper
 * @deadline_us: CLOCK_MONOTONIC
 * @what:	what is waited for, for the message
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ETIMEDOUT, and whatever made a host fail meanwhile.
 */
int lab_keeper_wait(struct lab_keeper *k, uint64_t deadline_us, const char *what,
		    struct lab_err *err);

/**
 * lab_khost_space() - One of the namespaces of a host
 * @host:	host
 * @netns:	as lab_iface.netns
 *
 * Return: @host itself for 0.
 */
static inline struct lab_khost *lab_khost_space(struct lab_khost *host, unsigned int netns)
{
	return netns ? &host->spaces[netns - 1] : host;
}

/**
 * lab_keeper_ifindex() - The index that an interface is to have in its namespace
 * @iface:	index of the interface in its host
 * @near:	it is no far end of a veth
 *
 * The two ends of a link never have the same number (see lab_link_add_veth()): near ends are even, far ends odd.
 * Return: index; unique in the whole host.
 */
int lab_keeper_ifindex(uint32_t iface, bool near);

/**
 * lab_keeper_need_agents() - Wait until the agents of a host, and of all its namespaces, have said hello
 * @k:		keeper
 * @host:	index of the host
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_keeper_need_agents(struct lab_keeper *k, uint32_t host, struct lab_err *err);

/**
 * lab_keeper_add_hosts() - Make what the keeper holds of each host and its namespaces
 * @k:		keeper with a topology
 *
 * Return: 0 or -ENOMEM.
 */
int lab_keeper_add_hosts(struct lab_keeper *k);

/**
 * lab_keeper_add_host() - The same for one host
 * @k:		keeper with room for it
 * @index:	in the topology
 *
 * Return: 0 or -ENOMEM.
 */
int lab_keeper_add_host(struct lab_keeper *k, uint32_t index);

/**
 * lab_keeper_drop_host() - Forget what the keeper holds of a host
 * @k:		keeper
 * @index:	of a host without processes and operations; an empty place from here on
 */
void lab_keeper_drop_host(struct lab_keeper *k, uint32_t index);

/**
 * lab_relay_accept() - Serve a new client
 * @k:		keeper
 * @fd:		its connection; moved
 * @ret:	the client, on success; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_relay_accept(struct lab_keeper *k, int fd, struct lab_kclient **ret);

/**
 * lab_relay_released() - A request of a client has been answered that was kept for later
 * @c:		client, whose @n_pending counted the request; it may be gone afterwards
 */
void lab_relay_released(struct lab_kclient *c);

/**
 * lab_relay_attach() - Speak to the agent of a host
 * @host:	host without a channel
 * @fd:		the keeper's end of the agent's channel; moved
 *
 * Return: 0 or -errno.
 */
int lab_relay_attach(struct lab_khost *host, int fd);

/**
 * lab_relay_run() - Run a program in a host, and wait for its end
 * @space:	host, or one of its namespaces; its agent has said hello
 * @argv:	program and arguments, NULL-terminated
 * @out:	what it wrote is added, at most LAB_RUN_OUTPUT_MAX bytes; may be NULL
 * @err:	filled on failure with its last line of output; may be NULL
 *
 * Context: runs the loop (125 s at most).
 * Return: 0 when it ended with 0, or -errno. Errors: -EINVAL it did not, -ENOENT there is no such program, -EHOSTDOWN, -ETIMEDOUT.
 */
int lab_relay_run(struct lab_khost *space, const char *const *argv, struct lab_strbuf *out,
		  struct lab_err *err);

/**
 * lab_relay_inspect() - Describe the lab
 * @k:		keeper
 * @topology:	with all interfaces and addresses, not only the hosts and how they are
 *
 * Return: new reference (see docs/rpc.md), or NULL when out of memory.
 */
json_t *lab_relay_inspect(const struct lab_keeper *k, bool topology);

/**
 * lab_keeper_foreign() - Are there hosts that are not netlab's own containers
 * @topo:	topology
 *
 * Return: true if so.
 */
bool lab_keeper_foreign(const struct lab_topo *topo);

/**
 * lab_keeper_engine_start() - Execute the engine process
 * @k:		keeper whose mount namespace still has the machine's root
 * @machine_netns: the machine's network namespace (borrowed)
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_keeper_engine_start(struct lab_keeper *k, int machine_netns, struct lab_err *err);

/**
 * lab_keeper_engine_setup() - Make the network namespaces of all foreign hosts, and let their containers be made
 * @k:		keeper
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. A host that cannot be made is told later, as lab_keeper.failed.
 */
int lab_keeper_engine_setup(struct lab_keeper *k, struct lab_err *err);

/**
 * lab_keeper_engine_begin() - Start the container of a foreign host, whose links are there now
 * @k:		keeper
 * @index:	of the host; nothing happens if it is native or has been started
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_keeper_engine_begin(struct lab_keeper *k, uint32_t index, struct lab_err *err);

/**
 * typedef lab_engine_reply_fn - how an operation on a foreign host went
 * @k:		keeper
 * @host:	index of the host
 * @result:	borrowed; NULL if it failed
 * @err:	why, else NULL
 * @fds:	descriptors with the answer (taken by setting to -1)
 * @n_fds:	how many
 * @user:	as given
 */
typedef void (*lab_engine_reply_fn)(struct lab_keeper *k, uint32_t host, const json_t *result,
				    const struct lab_err *err, int *fds, unsigned int n_fds,
				    void *user);

/**
 * lab_keeper_engine_call() - Ask for an operation on a foreign host
 * @k:		keeper
 * @host:	index of the host
 * @op:		name of the operation, as lab_host_op_name() of netlab/backend/engine.h has it
 * @args:	object, stolen (also on failure); NULL = {}
 * @fn:		called once, later
 * @user:	for @fn
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors (of the answer as well): -EOPNOTSUPP the backend cannot.
 */
int lab_keeper_engine_call(struct lab_keeper *k, uint32_t host, const char *op, json_t *args,
			   lab_engine_reply_fn fn, void *user, struct lab_err *err);

/**
 * lab_keeper_engine_close() - Let the engines take back what the kernel does not
 * @k:		keeper at its end
 *
 * Context: runs the loop (90 s at most).
 */
void lab_keeper_engine_close(struct lab_keeper *k);

#endif
