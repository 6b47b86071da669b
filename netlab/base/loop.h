/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop.h - one epoll loop: descriptors, timers, signals, children, deferred calls */
#ifndef NETLAB_BASE_LOOP_H
#define NETLAB_BASE_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * DOC: the loop
 *
 * One loop per process, no threads. Sources (struct lab_source) are owned by the loop until
 * lab_source_free(); freeing a source inside its own or another source's callback is safe: no
 * callback of a freed source runs. After fork(2) a child must not use its parent's loop except for
 * lab_loop_free() (which only closes descriptors).
 */
struct lab_loop;
struct lab_source;

typedef void (*lab_fd_fn)(struct lab_source *src, int fd, uint32_t events, void *user);
typedef void (*lab_timer_fn)(struct lab_source *src, void *user);
typedef void (*lab_signal_fn)(struct lab_source *src, const siginfo_t *info, void *user);
typedef void (*lab_child_fn)(struct lab_source *src, pid_t pid, int wait_status, void *user);

/**
 * lab_loop_new() - Make a loop
 * @ret:	the loop, on success; free with lab_loop_free()
 *
 * Return: 0 or -errno.
 */
int lab_loop_new(struct lab_loop **ret);

/**
 * lab_loop_free() - Release a loop and all its sources
 * @loop:	may be NULL
 */
void lab_loop_free(struct lab_loop *loop);

/**
 * lab_loop_now_us() - Monotonic time
 *
 * Return: microseconds of CLOCK_MONOTONIC.
 */
uint64_t lab_loop_now_us(void);

/**
 * lab_loop_step() - Wait for events and dispatch them once
 * @loop:	loop
 * @timeout_ms:	longest wait; 0 polls, -1 waits as long as there is no event
 *
 * Return: number of callbacks run (>= 0; 0 = timed out), or -errno.
 */
int lab_loop_step(struct lab_loop *loop, int timeout_ms);

/**
 * lab_loop_run() - Dispatch until lab_loop_quit()
 * @loop:	loop
 *
 * Return: the code given to lab_loop_quit(), or -errno of the loop itself.
 */
int lab_loop_run(struct lab_loop *loop);

/**
 * lab_loop_quit() - Make lab_loop_run() return after the current callback
 * @loop:	loop
 * @code:	what lab_loop_run() returns, >= 0
 */
void lab_loop_quit(struct lab_loop *loop, int code);

/**
 * lab_loop_quitting() - Has lab_loop_quit() been called, and lab_loop_run() not returned since
 * @loop:	loop
 *
 * For code that steps the loop itself while it waits for something.
 * Return: true if so.
 */
bool lab_loop_quitting(const struct lab_loop *loop);

/**
 * lab_loop_add_fd() - Watch a descriptor
 * @loop:	loop
 * @fd:		borrowed; close it after lab_source_free()
 * @events:	EPOLLIN | EPOLLOUT | ... (EPOLLHUP and EPOLLERR always come)
 * @fn:		called with the events that are there, level triggered
 * @user:	for @fn
 * @ret:	the source, on success; may be NULL
 *
 * Return: 0 or -errno. Source: epoll(7).
 */
int lab_loop_add_fd(struct lab_loop *loop, int fd, uint32_t events, lab_fd_fn fn, void *user,
		    struct lab_source **ret);

/**
 * lab_source_set_events() - Change what a descriptor source waits for
 * @src:	source of lab_loop_add_fd()
 * @events:	new event mask; 0 leaves only EPOLLHUP and EPOLLERR
 *
 * Return: 0 or -errno.
 */
int lab_source_set_events(struct lab_source *src, uint32_t events);

/**
 * lab_loop_add_timer() - Call once after a time
 * @loop:	loop
 * @delay_us:	microseconds from now; 0 = in the next step
 * @fn:		called once; arm again with lab_source_set_timer()
 * @user:	for @fn
 * @ret:	the source, on success; may be NULL (then freed after it fired)
 *
 * Return: 0 or -errno.
 */
int lab_loop_add_timer(struct lab_loop *loop, uint64_t delay_us, lab_timer_fn fn, void *user,
		       struct lab_source **ret);

/**
 * lab_source_set_timer() - Arm a timer again, or disarm it
 * @src:	source of lab_loop_add_timer()
 * @delay_us:	microseconds from now; UINT64_MAX disarms
 *
 * Return: 0 or -errno.
 */
int lab_source_set_timer(struct lab_source *src, uint64_t delay_us);

/**
 * lab_loop_add_signal() - Receive a signal as an event
 * @loop:	loop
 * @signo:	blocked for the process by this call (sigprocmask), and unblocked again when the
 *		source is freed
 * @fn:		called for each delivery
 * @user:	for @fn
 * @ret:	the source, on success; may be NULL
 *
 * Return: 0 or -errno. Errors: -EINVAL no such signal, -EEXIST the loop has a source for it.
 * Source: signalfd(2).
 */
int lab_loop_add_signal(struct lab_loop *loop, int signo, lab_signal_fn fn, void *user,
			struct lab_source **ret);

/**
 * lab_loop_add_child() - Wait for the end of a child process by its pidfd
 * @loop:	loop
 * @pid:	a child of this process, not reaped by anyone else
 * @pidfd:	its pidfd, moved to the loop; -1 to have it opened
 * @fn:		called once, after the child has been reaped, with its wait status; the source is
 *		then freed by itself
 * @user:	for @fn
 * @ret:	the source, on success; may be NULL; freeing it leaves the child unreaped
 *
 * If someone else reaps the child all the same, @fn gets the wait status of exit code 255.
 * Return: 0 or -errno (then @pidfd is closed). Source: pidfd_open(2), waitid(2) with P_PIDFD.
 */
int lab_loop_add_child(struct lab_loop *loop, pid_t pid, int pidfd, lab_child_fn fn, void *user,
		       struct lab_source **ret);

/**
 * lab_loop_defer() - Call a function in the next step, before waiting
 * @loop:	loop
 * @fn:		called once; the source is then freed by itself
 * @user:	for @fn
 * @ret:	the source, on success (to cancel it); may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_loop_defer(struct lab_loop *loop, lab_timer_fn fn, void *user, struct lab_source **ret);

/**
 * lab_source_free() - Stop watching and release a source
 * @src:	may be NULL; a timer or child source that freed itself must not be freed again
 */
void lab_source_free(struct lab_source *src);

#endif
