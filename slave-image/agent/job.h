/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job.h - commands that the agent runs: `exec`, `signal`, and their ends */
#ifndef NETLAB_AGENT_JOB_H
#define NETLAB_AGENT_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "netlab/base/err.h"
#include "netlab/base/strbuf.h"
#include "netlab/rpc/json.h"
#include "netlab/rpc/rpc.h"
#include "slave-image/agent/spawn.h"
#include "slave-image/agent/stream.h"

struct agt;

/**
 * struct agt_job - one command
 * @next:	in the list of the agent
 * @a:		agent
 * @number:	the caller's number
 * @id:		request to answer at the end
 * @pid:	process, session and process group; 0 when it has been reaped
 * @ended:	reaped; its output may still be on its way
 * @timed_out:	killed at its timeout
 * @overflow:	killed because too much input came that it did not read
 * @status:	wait status
 * @start_us:	monotonic time of its start
 * @end_us:	monotonic time of its end
 * @deadline_us: monotonic time of its timeout; 0 = none
 * @utime_us:	user CPU time
 * @stime_us:	system CPU time
 * @maxrss_kib:	largest resident size
 * @timer:	for the timeout
 * @out:	output streams
 * @in:		input stream
 */
struct agt_job {
	struct agt_job *next;
	struct agt *a;
	uint64_t number, id;
	pid_t pid;
	bool ended, timed_out, overflow;
	int status;
	uint64_t start_us, end_us, deadline_us;
	uint64_t utime_us, stime_us, maxrss_kib;
	struct lab_source *timer;
	struct agt_output out[2];
	struct agt_input in;
};

/**
 * struct agt_jobs - all commands
 * @head:	list
 * @n:		how many
 * @area:	for starting programs, made when first needed
 * @null_fd:	/dev/null, opened when first needed; -1 before
 */
struct agt_jobs {
	struct agt_job *head;
	unsigned int n;
	struct agt_spawn_area *area;
	int null_fd;
};

/**
 * agt_jobs_exec() - Method `exec`
 * @a:		agent
 * @req:	request
 */
void agt_jobs_exec(struct agt *a, struct lab_rpc_req *req);

/**
 * agt_jobs_signal() - Method `signal`
 * @a:		agent
 * @req:	request
 */
void agt_jobs_signal(struct agt *a, struct lab_rpc_req *req);

/**
 * agt_jobs_reap() - Reap every child that has ended, jobs and orphans
 * @a:		agent
 */
void agt_jobs_reap(struct agt *a);

/**
 * agt_jobs_block() - A block of input has come
 * @a:		agent
 * @stream:	number
 * @data:	bytes
 * @len:	how many; 0 = end
 *
 * Return: true if a job has this stream.
 */
bool agt_jobs_block(struct agt *a, uint32_t stream, const void *data, size_t len);

/**
 * agt_jobs_drained() - The peer has read everything that was queued
 * @a:		agent
 */
void agt_jobs_drained(struct agt *a);

/**
 * agt_jobs_has_stream() - Does a job use this stream
 * @a:		agent
 * @stream:	number
 *
 * Return: true if so.
 */
bool agt_jobs_has_stream(const struct agt *a, uint32_t stream);

/**
 * agt_jobs_area() - The area for starting programs
 * @a:		agent
 *
 * Return: the area (borrowed), or NULL when out of memory.
 */
struct agt_spawn_area *agt_jobs_area(struct agt *a);

/**
 * agt_jobs_kill() - End every process that there is (as PID 1) or that came from the jobs
 * @a:		agent
 *
 * Waits for their end, at most 5 s, unless this is PID 1, whose own end completes it.
 * Source: kill(2); PR_SET_CHILD_SUBREAPER in prctl(2); /proc/PID/task/TID/children in proc(5).
 */
void agt_jobs_kill(struct agt *a);

/**
 * agt_jobs_fini() - Release everything; processes stay
 * @a:		agent
 */
void agt_jobs_fini(struct agt *a);

/**
 * agt_job_new() - Put an empty job into the list
 * @a:		agent
 *
 * Return: the job, all descriptors -1; NULL when out of memory. Released with agt_job_free().
 */
struct agt_job *agt_job_new(struct agt *a);

/**
 * agt_job_free() - Take a job out of the list and release it; its process stays
 * @job:	job
 */
void agt_job_free(struct agt_job *job);

/**
 * agt_job_watch() - Start the timeout and the streams of a running job
 * @job:	job with its descriptors and times set
 *
 * Return: 0 or -errno.
 */
int agt_job_watch(struct agt_job *job);

/**
 * agt_job_settle() - Answer and release a job if it has ended and its output is through
 * @job:	job; may be gone afterwards
 */
void agt_job_settle(struct agt_job *job);

#endif
