/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine.h - the table of functions that a foreign backend is, and what they work with */
#ifndef NETLAB_BACKEND_ENGINE_H
#define NETLAB_BACKEND_ENGINE_H

#include <sys/types.h>

#include "netlab/backend/backend.h"
#include "netlab/base/err.h"
#include "netlab/rpc/json.h"

/**
 * DOC: the engine process
 *
 * A lab with foreign hosts has one process of the program netlab-engine. It is a child of the keeper, in the lab's PID namespace, so it and what
 * it starts end with the keeper. It has a mount namespace of its own with the machine's mounts and the lab's /proc, and the machine's network
 * namespace. The libraries of the engines are here and nowhere else.
 *
 * The lab owns each host's network namespace, and the container joins it: lab_engine_host.netns is a path to it. Files are made
 * below lab_engine.dir, in the run directory, which whoever sweeps a dead lab removes as a whole.
 *
 * lab_backend.open and .close run in the engine process itself. Each operation runs in a child that is forked for it, at most
 * LAB_ENGINE_AT_ONCE of them, those of one host one after another; so it may block, and it is killed at its deadline.
 * What later operations need to know it returns as the member "keep" of its result: they find it in lab_engine_host.kept.
 */
#define LAB_ENGINE_AT_ONCE 8u
#define LAB_ENGINE_OP_MS   120000

/* The journal's name in lab_engine.dir, see journal.h; the keeper looks for it. */
#define LAB_ENGINE_JOURNAL "journal"

enum lab_host_op {
	LAB_HOST_CREATE,  /* make the container, not running */
	LAB_HOST_START,   /* -> {"pid"?}, and a descriptor: the channel of the agent in it */
	LAB_HOST_STOP,    /* {"timeout_ms"}: it stays */
	LAB_HOST_FREEZE,  /* */
	LAB_HOST_THAW,    /* */
	LAB_HOST_STATE,   /* -> {"status", "processes"?, "memory"?, "cpu_us"?} */
	LAB_HOST_CONFIG,  /* {"memory"?, "cpus_milli"?, "pids"?}: change a host */
	LAB_HOST_RENAME,  /* {"name"} */
	LAB_HOST_DESTROY, /* {"closing"?}: nothing of it stays; closing: the lab ends, what ends with it may be left to that */
	LAB_HOST_SNAPSHOT_CREATE,  /* {"name"} */
	LAB_HOST_SNAPSHOT_LIST,    /* -> {"snapshots": [{"name", "created"}]} */
	LAB_HOST_SNAPSHOT_RENAME,  /* {"name", "to"} */
	LAB_HOST_SNAPSHOT_RESTORE, /* {"name"}: of a host that is stopped */
	LAB_HOST_SNAPSHOT_DELETE,  /* {"name"} */
	LAB_HOST_PUBLISH, /* {"path", "snapshot"?} -> {"below"}: write its files into an empty directory; "" = all, else what it changes in that image */
	LAB_HOST_MIGRATE, /* {"to"} */
	LAB_HOST_OP_MAX_,
};

struct lab_backend;

/**
 * struct lab_engine_host - a foreign host
 * @id:		name in the lab, and host name
 * @backend:	name of its backend
 * @image:	what its root is made from; NULL = the machine's own files
 * @netns:	path of its network namespace, in the engine's /proc
 * @netns_outside: the same for processes of the machine that are outside of the lab
 * @dir:	its folder below lab_engine.dir: made, mode 0700
 * @memory_bytes: limit; 0 = none
 * @cpus_milli:	limit, thousandths of a processor; 0 = none
 * @pids:	limit of processes; 0 = none
 * @settings:	params of the backend: {name: value}
 * @kept:	what its operations have returned as "keep": {}
 * @driver:	functions of its backend
 */
struct lab_engine_host {
	char *id, *backend, *image;
	char *netns, *netns_outside, *dir;
	uint64_t memory_bytes;
	uint32_t cpus_milli, pids;
	json_t *settings, *kept;
	const struct lab_backend *driver;
};

/**
 * struct lab_engine - a lab, as its engine process sees it
 * @lab:	its name
 * @key:	eight random letters: makes names on the machine unique that have the lab's in them
 * @dir:	folder for files of engines, in the run directory
 * @agent:	path of the static agent program
 * @hosts_file:	path of the /etc/hosts of all hosts
 * @keeper:	process id of the keeper as the machine sees it
 * @keeper_start: when that started, in clock ticks after boot
 * @hosts:	the foreign hosts
 * @n_hosts:	how many
 */
struct lab_engine {
	char *lab, key[9], *dir, *agent, *hosts_file;
	pid_t keeper;
	uint64_t keeper_start;
	struct lab_engine_host *hosts;
	size_t n_hosts;
};

/**
 * typedef lab_host_op_fn - an operation
 * @engine:	lab
 * @host:	host of this backend
 * @args:	object, never NULL
 * @ret:	object, empty at first: the result
 * @ret_fd:	for LAB_HOST_START: the agent's channel, moved
 * @err:	filled on failure
 *
 * Context: a child of its own; single-threaded when it begins.
 * Return: 0 or -errno.
 */
typedef int (*lab_host_op_fn)(const struct lab_engine *engine, const struct lab_engine_host *host,
			      const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * struct lab_backend_probe - what a backend needs on this machine
 * @version:	of the engine; "" = not known
 * @missing:	"" = it can be used; else what is missing
 * @fix:	what brings it, as "apt-get install podman"
 */
struct lab_backend_probe {
	char version[64], missing[200], fix[200];
};

/**
 * struct lab_backend - a foreign backend
 * @name:	as in backend.h
 * @probe:	fill @ret; changes nothing on the machine
 * @open:	before the first host of this backend is made, in the engine process; may be NULL
 * @close:	at the end of the lab, in the engine process; hosts that have been created are destroyed before; may be NULL
 * @sweep:	undo a line of the journal, given without the backend's name; may be NULL. @until_us: the lab was killed, and what was being made at that
 *		moment may appear until then (lab_loop_now_us()); 0 = it was not
 * @ops:	NULL = it cannot
 */
struct lab_backend {
	const char *name;
	void (*probe)(struct lab_backend_probe *ret);
	int (*open)(struct lab_engine *engine, struct lab_err *err);
	void (*close)(struct lab_engine *engine);
	int (*sweep)(const char *line, uint64_t until_us, struct lab_err *err);
	lab_host_op_fn ops[LAB_HOST_OP_MAX_];
};

extern const struct lab_backend lab_backend_nspawn, lab_backend_lxc, lab_backend_lxd,
	lab_backend_podman;

/**
 * lab_engine_backend() - The functions of a backend
 * @name:	as in backend.h
 *
 * Return: static storage, or NULL: native, or there is none of this name.
 */
const struct lab_backend *lab_engine_backend(const char *name);

/**
 * lab_host_op_name() - Name of an operation
 * @op:		operation
 *
 * Return: "create", "start", ..., "snapshot.create"; static storage.
 */
const char *lab_host_op_name(enum lab_host_op op);

/**
 * lab_engine_main() - Serve a keeper until it hangs up
 * @fd:		connection to it; moved
 * @netns:	the machine's network namespace; moved; -1 = this process is in it
 *
 * Context: PID namespace of the lab, a mount namespace of its own.
 * Return: exit status.
 */
int lab_engine_main(int fd, int netns);

#endif
