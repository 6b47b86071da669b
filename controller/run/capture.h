/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capture.h - packet captures of a lab's interfaces while its tasks run */
#ifndef CONTROLLER_RUN_CAPTURE_H
#define CONTROLLER_RUN_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlab/keeper/client.h"
#include "netlab/rpc/json.h"

/**
 * DOC: captures
 *
 * Each interface, of any kind, has a tcpdump in its host and namespace, whose standard output is the file
 * DIR/LAB/HOST-INTERFACE.pcap itself (HOST-NETNS-INTERFACE.pcap in further namespaces; .2.pcap where a name is that of another one): no packet passes through netlab. A capture that could not be started, or lost packets, is a note and no failure: the
 * verdict is that of the tasks.
 */
struct ctl_capture;

/**
 * struct ctl_capture_params - what to capture, and where to; all borrowed for the life of the capture
 * @loop:	the client's loop
 * @client:	the lab
 * @lab:	its name
 * @topology:	as lab_topo_to_json() writes it: all interfaces of all hosts are captured
 * @dir:	folder, made if it is not there
 * @program:	path of the module Capture
 * @note:	hears what went wrong with one interface: one line; may be NULL
 * @user:	for @note
 * @cancel:	looked at after each turn of the loop: true ends the start; may be NULL
 */
struct ctl_capture_params {
	struct lab_loop *loop;
	struct lab_client *client;
	const char *lab;
	json_t *topology;
	const char *dir, *program;
	void (*note)(const char *text, void *user);
	void *user;
	const bool *cancel;
};

/**
 * struct ctl_capture_totals - what was captured
 * @n_files:	files with packets of one interface each
 * @n_packets:	packets in them
 */
struct ctl_capture_totals {
	size_t n_files;
	uint64_t n_packets;
};

/**
 * ctl_capture_dir() - Make the folder of all captures, and prove that files can be made in it
 * @dir:	folder; its parent is there
 * @err:	filled on failure; may be NULL
 *
 * To be called before anything is built.
 * Return: 0 or -errno. Errors: -ENOENT no parent, -EACCES, -EROFS, -ENOTDIR.
 */
int ctl_capture_dir(const char *dir, struct lab_err *err);

/**
 * ctl_capture_start() - Start to capture, and wait until all captures run
 * @params:	what and where
 * @ret:	on success; free with ctl_capture_free()
 * @err:	filled on failure; may be NULL
 *
 * Runs the loop, for 30 s at most.
 * Return: 0 or -errno. Errors: -ECANCELED, those of the folder, of files and of lab_client_sync().
 */
int ctl_capture_start(const struct ctl_capture_params *params, struct ctl_capture **ret,
		      struct lab_err *err);

/**
 * ctl_capture_stop() - End all captures and wait until their files are complete
 * @capture:	captures; only to be freed afterwards
 * @ret:	written
 *
 * Runs the loop, for 10 s at most; what has not ended by then is killed.
 */
void ctl_capture_stop(struct ctl_capture *capture, struct ctl_capture_totals *ret);

/**
 * ctl_capture_free() - Release captures
 * @capture:	may be NULL; stopped, or the client has been freed
 */
void ctl_capture_free(struct ctl_capture *capture);

#endif
