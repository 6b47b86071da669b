/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop.c - one epoll loop: descriptors, timers, signals, children, deferred calls */
#include "netlab/base/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

#include "netlab/base/util.h"

enum { EVENTS_PER_STEP = 256 };

#define NOT_ARMED SIZE_MAX

enum source_kind {
	SOURCE_FD,
	SOURCE_TIMER,
	SOURCE_SIGNAL,
	SOURCE_CHILD,
	SOURCE_DEFER,
};

/*
 * Every source stands in exactly one list: live, deferred (waiting for the next step), or dead
 * (freed while a step that may still hold a pointer to it runs; released when the outermost step
 * ends).
 */
struct list {
	struct list *prev, *next;
};

struct lab_source {
	struct list link;
	struct lab_loop *loop;
	enum source_kind kind;
	bool dead;
	bool free_when_run; /* nobody holds a pointer to it */
	int fd; /* watched: borrowed for SOURCE_FD, else ours; -1 for timers and deferred calls */
	uint32_t events;
	uint64_t step; /* the last one that dispatched it */
	int signo;
	pid_t pid;
	uint64_t due_us, seq; /* timers: when, and in which order those of one moment were armed */
	size_t heap_pos;
	union {
		lab_fd_fn fd;
		lab_timer_fn timer;
		lab_signal_fn signal;
		lab_child_fn child;
	} fn;
	void *user;
};

struct lab_loop {
	int epfd;
	unsigned int depth; /* steps running, one inside the other */
	bool running, quit, no_pwait2;
	int quit_code;
	struct list live, deferred, dead;
	struct lab_source **heap; /* armed timers, the next one first */
	size_t n_armed, n_timers, heap_cap;
	uint64_t n_steps, seq, cutoff_us; /* timers due after the cutoff wait for the next step */
	sigset_t signals;
};

static void list_init(struct list *l)
{
	l->prev = l;
	l->next = l;
}

static void list_del(struct list *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
}

static void list_add_tail(struct list *head, struct list *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

static struct lab_source *source_of(struct list *l)
{
	return LAB_CONTAINER_OF(l, struct lab_source, link);
}

uint64_t lab_loop_now_us(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

/* --- the heap of armed timers --- */

static bool before(const struct lab_source *a, const struct lab_source *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->seq < b->seq;
}

static void heap_put(struct lab_loop *loop, size_t pos, struct lab_source *s)
{
	loop->heap[pos] = s;
	s->heap_pos = pos;
}

static void heap_up(struct lab_loop *loop, size_t pos, struct lab_source *s)
{
	while (pos > 0 && before(s, loop->heap[(pos - 1) / 2])) {
		heap_put(loop, pos, loop->heap[(pos - 1) / 2]);
		pos = (pos - 1) / 2;
	}
	heap_put(loop, pos, s);
}

static void heap_down(struct lab_loop *loop, size_t pos, struct lab_source *s)
{
	for (;;) {
		size_t child = 2 * pos + 1;

		if (child + 1 < loop->n_armed && before(loop->heap[child + 1], loop->heap[child]))
			child++;
		if (child >= loop->n_armed || !before(loop->heap[child], s))
			break;
		heap_put(loop, pos, loop->heap[child]);
		pos = child;
	}
	heap_put(loop, pos, s);
}

static void disarm(struct lab_source *s)
{
	struct lab_loop *loop = s->loop;
	struct lab_source *last;
	size_t pos = s->heap_pos;

	if (pos == NOT_ARMED)
		return;
	s->heap_pos = NOT_ARMED;
	last = loop->heap[--loop->n_armed];
	if (last == s)
		return;
	if (pos > 0 && before(last, loop->heap[(pos - 1) / 2]))
		heap_up(loop, pos, last);
	else
		heap_down(loop, pos, last);
}

static void arm(struct lab_source *s, uint64_t delay_us)
{
	struct lab_loop *loop = s->loop;

	disarm(s);
	if (delay_us == UINT64_MAX)
		return;
	if (__builtin_add_overflow(lab_loop_now_us(), delay_us, &s->due_us))
		s->due_us = UINT64_MAX;
	/* Armed from a callback: not again in this step, or a timer of 0 us would never let go. */
	if (loop->depth && s->due_us <= loop->cutoff_us)
		s->due_us = loop->cutoff_us + 1;
	s->seq = loop->seq++;
	heap_up(loop, loop->n_armed++, s);
}

/* --- making and freeing --- */

int lab_loop_new(struct lab_loop **ret)
{
	struct lab_loop *loop;
	int r;

	loop = calloc(1, sizeof(*loop));
	if (!loop)
		return -ENOMEM;
	loop->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epfd < 0) {
		r = -errno;
		free(loop);
		return r;
	}
	list_init(&loop->live);
	list_init(&loop->deferred);
	list_init(&loop->dead);
	(void)sigemptyset(&loop->signals);
	*ret = loop;
	return 0;
}

static struct lab_source *source_new(struct lab_loop *loop, enum source_kind kind, void *user)
{
	struct lab_source *s;

	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->loop = loop;
	s->kind = kind;
	s->fd = -1;
	s->heap_pos = NOT_ARMED;
	s->user = user;
	list_add_tail(kind == SOURCE_DEFER ? &loop->deferred : &loop->live, &s->link);
	return s;
}

/* Close what the source owns. No epoll_ctl(): a forked child shares it with the parent. */
static void source_close(struct lab_source *s)
{
	sigset_t set;

	if (s->kind == SOURCE_SIGNAL || s->kind == SOURCE_CHILD)
		close_fd(&s->fd);
	if (s->kind == SOURCE_SIGNAL && s->signo) {
		(void)sigdelset(&s->loop->signals, s->signo);
		(void)sigemptyset(&set);
		(void)sigaddset(&set, s->signo);
		(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	}
}

void lab_source_free(struct lab_source *src)
{
	struct lab_loop *loop;
	int saved = errno;

	if (!src || src->dead)
		return;
	loop = src->loop;
	src->dead = true;
	if (src->fd >= 0)
		(void)epoll_ctl(loop->epfd, EPOLL_CTL_DEL, src->fd, NULL);
	source_close(src);
	if (src->kind == SOURCE_TIMER) {
		disarm(src);
		loop->n_timers--;
	}
	list_del(&src->link);
	if (loop->depth)
		list_add_tail(&loop->dead, &src->link);
	else
		free(src);
	errno = saved;
}

static void free_list(struct list *head)
{
	while (head->next != head) {
		struct lab_source *s = source_of(head->next);

		list_del(&s->link);
		if (!s->dead)
			source_close(s);
		free(s);
	}
}

void lab_loop_free(struct lab_loop *loop)
{
	int saved = errno;

	if (!loop)
		return;
	free_list(&loop->live);
	free_list(&loop->deferred);
	free_list(&loop->dead);
	free(loop->heap);
	(void)close(loop->epfd);
	free(loop);
	errno = saved;
}

static int watch(struct lab_source *s, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };

	if (epoll_ctl(s->loop->epfd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return -errno;
	s->fd = fd;
	s->events = events;
	return 0;
}

int lab_loop_add_fd(struct lab_loop *loop, int fd, uint32_t events, lab_fd_fn fn, void *user,
		    struct lab_source **ret)
{
	struct lab_source *s;
	int r;

	s = source_new(loop, SOURCE_FD, user);
	if (!s)
		return -ENOMEM;
	s->fn.fd = fn;
	r = watch(s, fd, events);
	if (r < 0) {
		lab_source_free(s);
		return r;
	}
	if (ret)
		*ret = s;
	return 0;
}

int lab_source_set_events(struct lab_source *src, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = src };

	if (src->kind != SOURCE_FD || src->dead)
		return -EINVAL;
	if (src->events == events)
		return 0;
	if (epoll_ctl(src->loop->epfd, EPOLL_CTL_MOD, src->fd, &ev) < 0)
		return -errno;
	src->events = events;
	return 0;
}

int lab_loop_add_timer(struct lab_loop *loop, uint64_t delay_us, lab_timer_fn fn, void *user,
		       struct lab_source **ret)
{
	struct lab_source *s, **heap;
	size_t cap;

	/* Room for all timers, so that arming one again cannot fail. */
	if (loop->n_timers == loop->heap_cap) {
		cap = loop->heap_cap ? loop->heap_cap * 2 : 16;
		heap = reallocarray(loop->heap, cap, sizeof(*heap));
		if (!heap)
			return -ENOMEM;
		loop->heap = heap;
		loop->heap_cap = cap;
	}
	s = source_new(loop, SOURCE_TIMER, user);
	if (!s)
		return -ENOMEM;
	loop->n_timers++;
	s->fn.timer = fn;
	s->free_when_run = !ret;
	arm(s, delay_us);
	if (ret)
		*ret = s;
	return 0;
}

int lab_source_set_timer(struct lab_source *src, uint64_t delay_us)
{
	if (src->kind != SOURCE_TIMER || src->dead)
		return -EINVAL;
	arm(src, delay_us);
	return 0;
}

int lab_loop_add_signal(struct lab_loop *loop, int signo, lab_signal_fn fn, void *user,
			struct lab_source **ret)
{
	cleanup_close int fd = -1;
	struct lab_source *s;
	sigset_t set;
	int r;

	(void)sigemptyset(&set);
	if (sigaddset(&set, signo) < 0)
		return -EINVAL;
	if (sigismember(&loop->signals, signo))
		return -EEXIST;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	s = source_new(loop, SOURCE_SIGNAL, user);
	if (!s)
		return -ENOMEM;
	s->fn.signal = fn;
	r = watch(s, fd, EPOLLIN);
	if (r < 0) {
		lab_source_free(s);
		return r;
	}
	(void)take_fd(&fd);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)sigaddset(&loop->signals, signo);
	s->signo = signo;
	if (ret)
		*ret = s;
	return 0;
}

int lab_loop_add_child(struct lab_loop *loop, pid_t pid, int pidfd, lab_child_fn fn, void *user,
		       struct lab_source **ret)
{
	cleanup_close int fd = pidfd;
	struct lab_source *s;
	int r;

	if (fd < 0)
		fd = pidfd_open(pid, 0);
	if (fd < 0)
		return -errno;
	s = source_new(loop, SOURCE_CHILD, user);
	if (!s)
		return -ENOMEM;
	s->pid = pid;
	s->fn.child = fn;
	r = watch(s, fd, EPOLLIN);
	if (r < 0) {
		lab_source_free(s);
		return r;
	}
	(void)take_fd(&fd);
	if (ret)
		*ret = s;
	return 0;
}

int lab_loop_defer(struct lab_loop *loop, lab_timer_fn fn, void *user, struct lab_source **ret)
{
	struct lab_source *s;

	s = source_new(loop, SOURCE_DEFER, user);
	if (!s)
		return -ENOMEM;
	s->fn.timer = fn;
	s->seq = loop->seq;
	if (ret)
		*ret = s;
	return 0;
}

/* --- dispatching --- */

static int dispatch_signal(struct lab_source *s)
{
	struct signalfd_siginfo si;
	siginfo_t info;
	int n = 0;

	while (!s->dead && read(s->fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		memset(&info, 0, sizeof(info));
		info.si_signo = (int)si.ssi_signo;
		info.si_errno = si.ssi_errno;
		info.si_code = si.ssi_code;
		info.si_pid = (pid_t)si.ssi_pid;
		info.si_uid = si.ssi_uid;
		info.si_status = si.ssi_status;
		s->fn.signal(s, &info, s->user);
		n++;
	}
	return n;
}

static int dispatch_child(struct lab_source *s)
{
	siginfo_t info = { 0 };
	int status;

	/* __WALL: a child of clone(2) without SIGCHLD as its exit signal is a child as well. */
	if (waitid(P_PIDFD, (id_t)s->fd, &info, WEXITED | WNOHANG | __WALL) < 0) {
		if (errno != ECHILD)
			return 0;
		status = W_EXITCODE(255, 0);
	} else if (info.si_pid == 0) {
		return 0;
	} else if (info.si_code == CLD_EXITED) {
		status = W_EXITCODE(info.si_status & 0xff, 0);
	} else {
		status = info.si_status | (info.si_code == CLD_DUMPED ? WCOREFLAG : 0);
	}
	lab_source_free(s);
	s->fn.child(s, s->pid, status, s->user);
	return 1;
}

static int dispatch_event(struct lab_source *s, uint32_t events, uint64_t step)
{
	/* A step inside a callback of this step may have freed it, or seen to its event already. */
	if (s->dead || s->step > step)
		return 0;
	s->step = step;
	if (s->kind == SOURCE_SIGNAL)
		return dispatch_signal(s);
	if (s->kind == SOURCE_CHILD)
		return dispatch_child(s);
	s->fn.fd(s, s->fd, events, s->user);
	return 1;
}

/* lab_loop_quit() ends the outermost step after the current callback; what is left stays ready. */
static bool stopped(const struct lab_loop *loop)
{
	return loop->quit && loop->running && loop->depth == 1;
}

static int run_deferred(struct lab_loop *loop)
{
	/* Those of this moment; calls that they defer come in the next step. */
	uint64_t limit = loop->seq++;
	int n = 0;

	while (loop->deferred.next != &loop->deferred && !stopped(loop)) {
		struct lab_source *s = source_of(loop->deferred.next);

		if (s->seq > limit)
			break;
		lab_source_free(s);
		s->fn.timer(s, s->user);
		n++;
	}
	return n;
}

static int run_timers(struct lab_loop *loop, uint64_t now)
{
	int n = 0;

	while (loop->n_armed && loop->heap[0]->due_us <= now && !stopped(loop)) {
		struct lab_source *s = loop->heap[0];

		disarm(s);
		if (s->free_when_run)
			lab_source_free(s);
		s->fn.timer(s, s->user);
		n++;
	}
	return n;
}

/* Microseconds to wait: the caller's limit, or until the next timer; UINT64_MAX without end. */
static uint64_t wait_time(const struct lab_loop *loop, int timeout_ms)
{
	uint64_t wait_us = timeout_ms < 0 ? UINT64_MAX : (uint64_t)timeout_ms * 1000u, now;

	if (loop->deferred.next != &loop->deferred)
		return 0;
	if (!loop->n_armed || !wait_us)
		return wait_us;
	now = lab_loop_now_us();
	if (loop->heap[0]->due_us <= now)
		return 0;
	return LAB_MIN(wait_us, loop->heap[0]->due_us - now);
}

static int wait_events(struct lab_loop *loop, struct epoll_event *events, uint64_t wait_us)
{
	struct timespec ts;
	int n, ms;

	if (!loop->no_pwait2) {
		ts.tv_sec = (time_t)(wait_us / 1000000u);
		ts.tv_nsec = (long)(wait_us % 1000000u) * 1000;
		n = epoll_pwait2(loop->epfd, events, EVENTS_PER_STEP,
				 wait_us == UINT64_MAX ? NULL : &ts, NULL);
		if (n >= 0)
			return n;
		if (errno == EINTR)
			return 0;
		/* Before Linux 5.11, and where a container engine refuses what it does not know. */
		if (errno != ENOSYS && errno != EPERM)
			return -errno;
		loop->no_pwait2 = true;
	}
	ms = wait_us >= (uint64_t)INT_MAX * 1000u ? -1 : (int)((wait_us + 999u) / 1000u);
	n = epoll_wait(loop->epfd, events, EVENTS_PER_STEP, ms);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n;
}

int lab_loop_step(struct lab_loop *loop, int timeout_ms)
{
	struct epoll_event events[EVENTS_PER_STEP];
	uint64_t now = 0, step = ++loop->n_steps;
	int n_events, i, n = 0;

	loop->depth++;
	n = run_deferred(loop);
	if (stopped(loop))
		goto out;
	n_events = wait_events(loop, events, n ? 0 : wait_time(loop, timeout_ms));
	if (n_events < 0) {
		n = n_events;
		goto out;
	}
	if (loop->n_armed) {
		now = lab_loop_now_us();
		loop->cutoff_us = now;
	}
	for (i = 0; i < n_events && !stopped(loop); i++)
		n += dispatch_event(events[i].data.ptr, events[i].events, step);
	n += run_timers(loop, now);
out:
	loop->depth--;
	if (!loop->depth)
		free_list(&loop->dead);
	return n;
}

int lab_loop_run(struct lab_loop *loop)
{
	int r = 0;

	loop->running = true;
	while (!loop->quit) {
		r = lab_loop_step(loop, -1);
		if (r < 0)
			break;
	}
	loop->running = false;
	if (loop->quit)
		r = loop->quit_code;
	loop->quit = false;
	return r;
}

void lab_loop_quit(struct lab_loop *loop, int code)
{
	loop->quit = true;
	loop->quit_code = code;
}

bool lab_loop_quitting(const struct lab_loop *loop)
{
	return loop->quit;
}
