/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stream.h - a command's pipes as streams of the connection, with flow control in both directions */
#ifndef NETLAB_AGENT_STREAM_H
#define NETLAB_AGENT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlab/base/loop.h"
#include "netlab/base/strbuf.h"
#include "netlab/rpc/json.h"

struct agt;
struct agt_job;

#define AGT_INPUT_MAX (1u << 20) /* bytes of input that a command has not taken; docs/rpc.md */

/**
 * struct agt_output - what a command writes
 * @job:	whose it is
 * @fd:		our end of the pipe, owned; -1 = closed or never opened
 * @stream:	number
 * @source:	set while the pipe is being watched
 * @left:	bytes still to be read once the command has ended; SIZE_MAX before
 */
struct agt_output {
	struct agt_job *job;
	int fd;
	uint32_t stream;
	struct lab_source *source;
	size_t left;
};

/**
 * struct agt_input - what a command reads
 * @job:	whose it is
 * @fd:		our end of the pipe, owned; -1 = closed or never opened
 * @stream:	number; 0 = none
 * @source:	set while @pending waits for room in the pipe
 * @pending:	bytes not yet written to the pipe
 * @eof:	no more will come
 * @taken:	bytes that have left for the pipe
 * @told:	what the peer was last told of @taken
 */
struct agt_input {
	struct agt_job *job;
	int fd;
	uint32_t stream;
	struct lab_source *source;
	struct lab_strbuf pending;
	bool eof;
	uint64_t taken, told;
};

/**
 * agt_output_start() - Watch the pipe, if it is open and the peer keeps up
 * @a:		agent
 * @o:		stream
 *
 * Return: 0 or -errno.
 */
int agt_output_start(struct agt *a, struct agt_output *o);

/**
 * agt_output_finish() - Take what is in the pipe now that the command has ended, and then end the stream
 * @a:		agent
 * @o:		stream
 *
 * Does not wait for the end of file: a grandchild may hold the pipe open for good.
 */
void agt_output_finish(struct agt *a, struct agt_output *o);

/**
 * agt_output_resume() - Go on after the peer has read what was queued
 * @a:		agent
 * @o:		stream
 */
void agt_output_resume(struct agt *a, struct agt_output *o);

/**
 * agt_output_fini() - Close without a word
 * @o:		stream
 */
void agt_output_fini(struct agt_output *o);

/**
 * agt_input_add() - Bytes for the command have come
 * @a:		agent
 * @in:		stream
 * @data:	bytes
 * @len:	how many; 0 = end of the input
 *
 * Bytes for a command that has closed its input are dropped.
 * Return: 0 or -errno. Errors: -ENOBUFS more than AGT_INPUT_MAX bytes wait.
 */
int agt_input_add(struct agt *a, struct agt_input *in, const void *data, size_t len);

/**
 * agt_input_flush() - Write what fits, and wait for room for the rest
 * @a:		agent
 * @in:		stream
 *
 * Return: 0 or -errno.
 */
int agt_input_flush(struct agt *a, struct agt_input *in);

/**
 * agt_input_fini() - Close and forget what is pending
 * @in:		stream
 */
void agt_input_fini(struct agt_input *in);

#endif
