/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client.h - the client's end of a lab: find it, run jobs in its hosts, give it files, take it down */
#ifndef NETLAB_KEEPER_CLIENT_H
#define NETLAB_KEEPER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "netlab/base/err.h"
#include "netlab/base/loop.h"
#include "netlab/rpc/digest.h"
#include "netlab/rpc/json.h"
#include "netlab/rpc/tree.h"

struct lab_client;
struct lab_job;

/**
 * lab_client_connect() - Connect to a running lab
 * @loop:	loop (borrowed, must outlive the client)
 * @lab:	name of the lab
 * @ret:	on success; free with lab_client_free()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOENT no such lab (the message names the nearest one), -EACCES not ours.
 */
int lab_client_connect(struct lab_loop *loop, const char *lab, struct lab_client **ret,
		       struct lab_err *err);

/**
 * lab_client_new() - Speak to a keeper over a connected stream
 * @loop:	loop (borrowed)
 * @fd:		connected unix stream socket; moved
 * @ret:	on success
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno (then @fd is closed).
 */
int lab_client_new(struct lab_loop *loop, int fd, struct lab_client **ret, struct lab_err *err);

/**
 * lab_client_free() - Disconnect; the lab kills jobs of this client that still run
 * @c:		may be NULL; its jobs are released without a callback
 */
void lab_client_free(struct lab_client *c);

/**
 * lab_client_on_closed() - Hear when the lab goes away
 * @c:		client
 * @fn:		called once, after all running jobs got their callback; NULL = nobody
 * @user:	for @fn
 */
void lab_client_on_closed(struct lab_client *c, void (*fn)(struct lab_client *c, void *user),
			  void *user);

/**
 * lab_client_inspect() - Ask for the lab's state
 * @c:		client
 * @ret:	the answer of `inspect` (docs/rpc.md), new reference; process ids are those of this process's own PID namespace
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Runs the loop until answered (10 s at most).
 */
int lab_client_inspect(struct lab_client *c, json_t **ret, struct lab_err *err);

/**
 * lab_client_hosts() - Ask for the lab's hosts only; much shorter than lab_client_inspect()
 * @c:		client
 * @ret:	the answer of `inspect` without its topology, new reference
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Runs the loop until answered (10 s at most).
 */
int lab_client_hosts(struct lab_client *c, json_t **ret, struct lab_err *err);

/**
 * lab_client_keeper() - The process that owns the lab
 * @c:		client
 *
 * Return: its id in this process's own PID namespace; 0 when it cannot be told.
 */
pid_t lab_client_keeper(const struct lab_client *c);

/**
 * struct lab_ping - does an agent answer
 * @host:	host id (borrowed)
 * @netns:	further network namespace of the host, whose agent it is; NULL = the host's own
 * @r:		written: 0 or -errno
 * @err:	written: why not
 */
struct lab_ping {
	const char *host, *netns;
	int r;
	struct lab_err err;
};

/**
 * lab_client_ping() - Ask agents whether they are there, all at once
 * @c:		client
 * @pings:	which; results are written
 * @n:		how many
 * @timeout_ms:	how long they have
 *
 * Runs the loop until all have answered, @timeout_ms at most.
 * Return: 0 when all answer, else the first failure. Errors: -ETIMEDOUT, -EHOSTDOWN it is stopped, -EBUSY it is frozen.
 */
int lab_client_ping(struct lab_client *c, struct lab_ping *pings, size_t n, uint64_t timeout_ms);

/**
 * lab_client_check() - Have the lab compare what the kernel has with what it should have
 * @c:		client
 * @timeout_ms:	how long a neighbour has to answer, 1 to 60000
 * @ret:	the answer of `check` (docs/rpc.md), new reference
 * @err:	filled on failure; may be NULL
 *
 * Runs the loop until answered (150 s at most).
 * Return: 0 or -errno.
 */
int lab_client_check(struct lab_client *c, uint64_t timeout_ms, json_t **ret, struct lab_err *err);

/**
 * lab_client_down() - Take the lab down and wait until its last process is gone
 * @c:		client; unusable afterwards except for lab_client_free()
 * @err:	filled on failure; may be NULL
 *
 * A keeper that does not answer is killed. The lab's run directory is gone as well; the folder of all of them follows in lab_client_free().
 * Return: 0 or -errno. Errors: -ETIMEDOUT after 30 s.
 */
int lab_client_down(struct lab_client *c, struct lab_err *err);

/**
 * lab_client_release() - Let go of the leash: the lab stays when this process ends
 * @c:		client that lab_up() returned
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Runs the loop until answered (10 s at most).
 */
int lab_client_release(struct lab_client *c, struct lab_err *err);

enum lab_stdio {
	LAB_STDIO_NULL,    /* /dev/null */
	LAB_STDIO_FDS,     /* the caller's descriptors become the command's */
	LAB_STDIO_STREAMS, /* output arrives in lab_job_ops.output, input goes by lab_job_write() */
	LAB_STDIO_PTY,     /* a terminal in the host; its master arrives in lab_job_ops.started */
};

/**
 * struct lab_exec - a command to run in a host; everything is borrowed for the call only
 * @host:	host id
 * @netns:	further network namespace of the host to run in; NULL = the host's own
 * @argv:	program and arguments, NULL-terminated; or NULL with @shell
 * @shell:	text for the host's shell; or NULL
 * @file:	digest of a synchronised file to execute (then @argv[0] is only its name); or NULL
 * @files:	operation on files instead of a program, as docs/rpc.md has it (then all of the above but @host are NULL); or NULL
 * @env:	"NAME=value" strings to add, NULL-terminated; may be NULL
 * @cwd:	working directory; NULL = /
 * @timeout_ms:	killed after that; 0 = never
 * @stdio:	where standard input, output and error are
 * @fds:	LAB_STDIO_FDS: three descriptors (borrowed)
 * @with_stdin:	LAB_STDIO_STREAMS: lab_job_write() will be used; else standard input is /dev/null
 * @rows:	LAB_STDIO_PTY: window size
 * @cols:	LAB_STDIO_PTY: window size
 */
struct lab_exec {
	const char *host;
	const char *netns;
	const char *const *argv;
	const char *shell;
	const char *file;
	json_t *files;
	const char *const *env;
	const char *cwd;
	uint64_t timeout_ms;
	enum lab_stdio stdio;
	int fds[3];
	bool with_stdin;
	unsigned int rows, cols;
};

/**
 * struct lab_job_result - how a command ended
 * @error:	0, or -errno when it could not be run at all (then @err says why)
 * @err:	text for @error
 * @exited:	it ended by itself with @status; else by @signal
 * @status:	exit status 0..255
 * @signal:	signal number
 * @timed_out:	it was killed at its timeout
 * @duration_us: from its start to its end in the host
 * @utime_us:	user CPU time
 * @stime_us:	system CPU time
 */
struct lab_job_result {
	int error;
	struct lab_err err;
	bool exited;
	int status, signal;
	bool timed_out;
	uint64_t duration_us, utime_us, stime_us;
};

/**
 * struct lab_job_ops - what a job's owner wants to hear; any may be NULL
 * @started:	LAB_STDIO_PTY: the terminal's master (moved to the callee) is here
 * @output:	bytes from the command; @fd 1 or 2; @len > 0; none come after @done
 * @done:	it ended; called once; the job is released after it returns
 */
struct lab_job_ops {
	void (*started)(struct lab_job *job, int pty, void *user);
	void (*output)(struct lab_job *job, int fd, const void *data, size_t len, void *user);
	void (*done)(struct lab_job *job, const struct lab_job_result *result, void *user);
};

/**
 * lab_client_exec() - Start a command in a host
 * @c:		client
 * @exec:	what to run
 * @ops:	callbacks (borrowed, static storage)
 * @user:	for @ops
 * @ret:	the job, on success, valid until @ops->done returns; may be NULL
 * @err:	filled on failure; may be NULL
 *
 * Never calls back before it returns.
 * Return: 0 or -errno of sending; failures in the host arrive in done().
 */
int lab_client_exec(struct lab_client *c, const struct lab_exec *exec,
		    const struct lab_job_ops *ops, void *user, struct lab_job **ret,
		    struct lab_err *err);

/**
 * lab_job_write() - Give bytes to a command's standard input
 * @job:	running job started with @with_stdin
 * @data:	bytes
 * @len:	how many; 0 = end of input
 *
 * Return: 0 or -errno. Errors: -ENOBUFS the command does not read.
 */
int lab_job_write(struct lab_job *job, const void *data, size_t len);

/**
 * lab_job_signal() - Send a signal to a job's process group
 * @job:	running job
 * @signo:	signal number
 *
 * Return: 0 or -errno of sending; a job that has just ended is no error.
 */
int lab_job_signal(struct lab_job *job, int signo);

/**
 * struct lab_file - a file to have in a host's store
 * @path:	where it is read from (borrowed)
 * @name:	for messages (borrowed)
 * @digest:	its content's name, set by lab_file_digest()
 * @size_bytes:	its size, set by lab_file_digest()
 */
struct lab_file {
	const char *path, *name;
	char digest[LAB_DIGEST_STRLEN];
	uint64_t size_bytes;
};

#define LAB_FILE_MAX (64u << 20) /* bytes of one synchronised file */

/**
 * lab_file_digest() - Read a file and name its content
 * @file:	path and name set; digest and size are filled
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOENT, -EFBIG over LAB_FILE_MAX, -EINVAL not a regular file.
 */
int lab_file_digest(struct lab_file *file, struct lab_err *err);

/**
 * lab_client_sync() - Make sure that a host has files; only what it lacks is sent
 * @c:		client
 * @host:	host id
 * @files:	files with digests
 * @n_files:	how many
 * @ret_sent:	on success, how many had to be sent; may be NULL
 * @err:	filled on failure; may be NULL
 *
 * Runs the loop until done (60 s at most).
 * Return: 0 or -errno. Errors: -EAGAIN a file changed since its digest was taken.
 */
int lab_client_sync(struct lab_client *c, const char *host, const struct lab_file *files,
		    size_t n_files, size_t *ret_sent, struct lab_err *err);

/**
 * lab_client_config_write() - Write a setting of the kernel in a host
 * @c:		client
 * @host:	host id
 * @netns:	further network namespace of the host to write in; NULL = the host's own
 * @path:	path below /proc or /sys
 * @value:	what to write there
 * @ret_previous: on success, what was there before; NULL when it cannot be read; caller frees with
 *		free(3)
 * @err:	filled on failure; may be NULL
 *
 * Runs the loop until answered (60 s at most).
 * Return: 0 or -errno. Errors: -ENOENT no such host, namespace or path, -EINVAL the path is not one of these or the kernel refuses the
 * value, -EROFS it is not the host's own, -EHOSTDOWN.
 */
int lab_client_config_write(struct lab_client *c, const char *host, const char *netns,
			    const char *path, const char *value, char **ret_previous,
			    struct lab_err *err);

/**
 * lab_client_link_add() - Make an interface in a host of a running lab
 * @c:		client
 * @host:	host id
 * @spec:	what to make, as docs/rpc.md describes it for `link.add` (borrowed)
 * @ret:	on success, the interface as lab_client_link_get() tells it, new reference; may be NULL
 * @err:	filled on failure; may be NULL
 *
 * Runs the loop until answered (150 s at most).
 * Return: 0 or -errno. Errors: -ENOENT no such host, -EEXIST the id is taken, -EINVAL the description is wrong, -ENOSYS the kernel
 * lacks the kind, and whatever the kernel refuses it with.
 */
int lab_client_link_add(struct lab_client *c, const char *host, json_t *spec, json_t **ret,
			struct lab_err *err);

/**
 * lab_client_link_set() - Change an interface of a host
 * @c:		client
 * @host:	host id
 * @id:		the interface's id
 * @changes:	what to change, as docs/rpc.md describes it for `link.set` (borrowed)
 * @ret:	on success, the interface as it is now, new reference; may be NULL
 * @err:	filled on failure; may be NULL
 *
 * Changes are made in the order of the table there; what comes before the one that fails stays.
 * Runs the loop until answered (150 s at most).
 * Return: 0 or -errno. Errors: -ENOENT no such host or interface, -EINVAL.
 */
int lab_client_link_set(struct lab_client *c, const char *host, const char *id, json_t *changes,
			json_t **ret, struct lab_err *err);

/**
 * lab_client_link_del() - Take an interface away
 * @c:		client
 * @host:	host id
 * @id:		the interface's id
 * @err:	filled on failure; may be NULL
 *
 * Runs the loop until answered (150 s at most).
 * Return: 0 or -errno. Errors: -ENOENT no such host or interface.
 */
int lab_client_link_del(struct lab_client *c, const char *host, const char *id,
			struct lab_err *err);

/**
 * lab_client_link_get() - Ask the kernel how an interface is now
 * @c:		client
 * @host:	host id
 * @id:		the interface's id
 * @ret:	the answer of `link.get` (docs/rpc.md), new reference
 * @err:	filled on failure; may be NULL
 *
 * Runs the loop until answered (150 s at most).
 * Return: 0 or -errno. Errors: -ENOENT no such host or interface, -ENODEV it has gone.
 */
int lab_client_link_get(struct lab_client *c, const char *host, const char *id, json_t **ret,
			struct lab_err *err);

/**
 * lab_client_route_add() - Add a static route to a host
 * @c:		client
 * @host:	host id
 * @route:	as docs/rpc.md describes it for `route.add` (borrowed)
 * @err:	filled on failure; may be NULL
 *
 * Runs the loop until answered (150 s at most).
 * Return: 0 or -errno. Errors: -ENOENT no such host or interface, -EEXIST, -ENETUNREACH, -EINVAL.
 */
int lab_client_route_add(struct lab_client *c, const char *host, json_t *route,
			 struct lab_err *err);

/**
 * lab_client_route_del() - Take a route away
 * @c:		client
 * @host:	host id
 * @route:	as for lab_client_route_add() (borrowed)
 * @err:	filled on failure; may be NULL
 *
 * Runs the loop until answered (150 s at most).
 * Return: 0 or -errno. Errors: -ENOENT no such host or interface, -ESRCH no such route.
 */
int lab_client_route_del(struct lab_client *c, const char *host, json_t *route,
			 struct lab_err *err);

/**
 * struct lab_host_call - an operation on one host
 * @host:	host id (borrowed)
 * @params:	of the method beside `host` (borrowed); may be NULL
 * @fds:	descriptors for it (borrowed); may be NULL
 * @n_fds:	how many
 * @result:	written: the answer, new reference; NULL after a failure
 * @r:		written: 0 or -errno
 * @err:	written: why it failed
 */
struct lab_host_call {
	const char *host;
	json_t *params;
	const int *fds;
	unsigned int n_fds;
	json_t *result;
	int r;
	struct lab_err err;
};

/**
 * lab_client_host_list() - Ask for all hosts and how they are
 * @c:		client
 * @ret:	the answer of `host.list` (docs/rpc.md), new reference; process ids are those of this process's own PID namespace
 * @err:	filled on failure; may be NULL
 *
 * Runs the loop until answered (10 s at most).
 * Return: 0 or -errno.
 */
int lab_client_host_list(struct lab_client *c, json_t **ret, struct lab_err *err);

/**
 * lab_client_host_translate() - Exchange the process id in an answer about one host for that of this process's own PID namespace
 * @c:		client
 * @result:	answer of a method `host.*`; NULL does nothing
 */
void lab_client_host_translate(const struct lab_client *c, json_t *result);

/**
 * lab_client_host_call() - Do something with one or more hosts at once
 * @c:		client
 * @verb:	the method without "host.": "start", "stop", "freeze" ... (docs/rpc.md)
 * @calls:	the hosts; results and errors are written
 * @n:		how many
 * @timeout_ms:	what the hosts themselves are given for it, see `timeout_ms` in docs/rpc.md; 0 = nothing
 *
 * Finds a place for cgroups where the operation may need one that the lab does not have yet. Runs the loop until all are answered (@timeout_ms
 * and 180 s at most).
 * Return: 0 when all went well, else the first failure.
 */
int lab_client_host_call(struct lab_client *c, const char *verb, struct lab_host_call *calls,
			 size_t n, uint64_t timeout_ms);

/**
 * lab_client_host_mount() - Mount a directory or file of this machine into a host that runs
 * @c:		client
 * @host:	host id
 * @source:	path here; what is mounted below it comes along
 * @path:	absolute path there; made if it is not there
 * @read_only:	the host cannot change it
 * @err:	filled on failure; may be NULL
 *
 * It goes with lab_client_host_call() "umount", or when the host stops.
 * Return: 0 or -errno. Errors: -ENOENT no such source, -EPERM without privilege over this mount namespace, -EEXIST something is mounted there, -ENOTDIR and
 * -EISDIR something of the other kind is there.
 */
int lab_client_host_mount(struct lab_client *c, const char *host, const char *source,
			  const char *path, bool read_only, struct lab_err *err);

/**
 * lab_client_host_put() - Copy a file, or a directory with all that is in it, to a host
 * @c:		client
 * @host:	host id
 * @source:	path here
 * @path:	absolute path there; if it is a directory or ends with '/', the copy goes into it
 * @options:	`mode`, `uid`, `gid`, `parents` of docs/rpc.md (borrowed); may be NULL: modes as here, owned by the host's root
 * @err:	filled on failure; may be NULL
 *
 * What is there besides stays; symbolic links are copied as such. Forks a child that reads the files; runs the loop until all is written, however
 * long that takes.
 * Return: 0 or -errno. Errors: -ENOENT, -EISDIR, -ENOTDIR, -ENOSPC the host or this machine say which file, -EHOSTDOWN, -EBUSY.
 */
int lab_client_host_put(struct lab_client *c, const char *host, const char *source,
			const char *path, json_t *options, struct lab_err *err);

/**
 * lab_client_host_get() - Copy a file, or a directory with all that is in it, out of a host
 * @c:		client
 * @host:	host id
 * @path:	absolute path there
 * @target:	path here; if it is a directory or ends with '/', the copy goes into it
 * @err:	filled on failure; may be NULL
 *
 * The copy belongs to this process's user, and nothing in it is set-user-ID. Whatever the host sends, nothing is written outside of @target.
 * Return: 0 or -errno, as lab_client_host_put().
 */
int lab_client_host_get(struct lab_client *c, const char *host, const char *path,
			const char *target, struct lab_err *err);

/**
 * lab_client_host_files() - Delete, list or make files of a host
 * @c:		client
 * @host:	host id
 * @files:	`files` of `exec` in docs/rpc.md, with `op` "delete", "list" or "mkdir" (borrowed)
 * @ret:	on success, what it prints: one JSON object a line; caller frees with free(3); may be NULL
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno, as lab_client_host_put(). Errors: -ENOTEMPTY a directory with something in it, and not `recursive`.
 */
int lab_client_host_files(struct lab_client *c, const char *host, json_t *files, char **ret,
			  struct lab_err *err);

/**
 * struct lab_tree - a folder to have in a host
 * @files:	its files by their names in it, sorted
 * @sources:	where each of them is read from
 * @n_files:	how many
 * @digest:	the name of all that
 *
 * A zeroed struct is empty.
 */
struct lab_tree {
	struct lab_tree_file *files;
	struct lab_file *sources;
	size_t n_files;
	char digest[LAB_DIGEST_STRLEN];
	/* private */
	size_t cap_files;
	uint64_t bytes;
};

/**
 * lab_tree_read() - Read all files of a folder and name their content
 * @folder:	path
 * @ret:	written; release with lab_tree_fini(), also after a failure
 * @err:	filled on failure; may be NULL
 *
 * Follows a symbolic link to a file in the folder. A ".git" is left out.
 * Return: 0 or -errno. Errors: -EFBIG more than LAB_TREE_FILES_MAX files or LAB_TREE_BYTES_MAX bytes,
 * -EINVAL something that cannot be sent: a socket, a link out of the folder or to a folder.
 */
int lab_tree_read(const char *folder, struct lab_tree *ret, struct lab_err *err);

/**
 * lab_tree_add() - Add one file to a folder to have in a host
 * @tree:	folder; lab_tree_finish() comes after the last file
 * @path:	where the file is read from (copied)
 * @name:	its name in the folder (copied)
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno as lab_tree_read().
 */
int lab_tree_add(struct lab_tree *tree, const char *path, const char *name, struct lab_err *err);

/**
 * lab_tree_finish() - Sort the files of a folder and name it
 * @tree:	folder
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_tree_finish(struct lab_tree *tree, struct lab_err *err);

/**
 * lab_tree_fini() - Release a folder
 * @tree:	may be zeroed; left empty
 */
void lab_tree_fini(struct lab_tree *tree);

/**
 * lab_client_tree() - Make sure that a host has a folder; only what it lacks is sent
 * @c:		client
 * @host:	host id
 * @tree:	folder
 * @ret_sent:	on success, how many files had to be sent; may be NULL
 * @ret_path:	on success, where it is in the host; caller frees
 * @err:	filled on failure; may be NULL
 *
 * Runs the loop until done (120 s at most).
 * Return: 0 or -errno. Errors: -EAGAIN a file changed since its digest was taken.
 */
int lab_client_tree(struct lab_client *c, const char *host, const struct lab_tree *tree,
		    size_t *ret_sent, char **ret_path, struct lab_err *err);

#endif
