/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_rundir.c - unit tests of netlab/keeper/rundir.h in a scratch folder, as a user who is not root */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { UID = 1000, HOOK_LIMIT = 1000 };

/*
 * What the module asks the system for its answers come from here: who we are (the tests may run as root), and what somebody
 * else does to the folder between two of its calls.
 */
static struct {
	uid_t uid, owner;
	void (*before_flock)(int fd);
	void (*before_openat)(void);
	void (*on_poll)(void);
	unsigned int polls;
} fake;

static uid_t fake_geteuid(void)
{
	return fake.uid;
}

static int fake_fstat(int fd, struct stat *st)
{
	int r = fstat(fd, st);

	st->st_uid = fake.owner;
	return r;
}

static int fake_flock(int fd, int operation)
{
	if (fake.before_flock)
		fake.before_flock(fd);
	return flock(fd, operation);
}

static int fake_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	assert_null(fds);
	assert_int_equal(n, 0);
	assert_int_equal(timeout_ms, 1);
	fake.polls++;
	if (fake.on_poll)
		fake.on_poll();
	return 0;
}

static int fake_mkdirat(int dir, const char *name, mode_t mode)
{
	int r = mkdirat(dir, name, mode), saved = errno;

	if (fake.before_openat)
		fake.before_openat();
	errno = saved;
	return r;
}

#define geteuid()               fake_geteuid()
#define fstat(fd, st)           fake_fstat(fd, st)
#define flock(fd, op)           fake_flock(fd, op)
#define poll(fds, n, ms)        fake_poll(fds, n, ms)
#define mkdirat(fd, name, mode) fake_mkdirat(fd, name, mode)
#include "netlab/keeper/rundir.c" /* NOLINT(bugprone-suspicious-include) */
#undef geteuid
#undef fstat
#undef flock
#undef poll
#undef mkdirat

static char scratch[256], base_dir[300];

static void path_of(char *ret, size_t size, const char *name)
{
	(void)snprintf(ret, size, "%s/%s", base_dir, name);
}

/* The mode of a file in BASE, or 0 if it is not there. */
static mode_t mode_of(const char *name)
{
	char path[400];
	struct stat st;

	path_of(path, sizeof(path), name);
	return lstat(path, &st) < 0 ? 0 : st.st_mode;
}

static void make_dir(const char *name)
{
	char path[400];

	path_of(path, sizeof(path), name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_file(const char *name)
{
	char path[400];
	int fd;

	path_of(path, sizeof(path), name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
}

static void make_link(const char *target, const char *name)
{
	char path[400];

	path_of(path, sizeof(path), name);
	assert_int_equal(symlink(target, path), 0);
}

static void remove_tree(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *de;
	char entry[1024];

	while (dir && (de = readdir(dir)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		(void)snprintf(entry, sizeof(entry), "%s/%s", path, de->d_name);
		if (unlink(entry) < 0)
			remove_tree(entry);
	}
	if (dir)
		(void)closedir(dir);
	(void)rmdir(path);
}

static int set_up(LAB_UNUSED void **state)
{
	const char *tmp = getenv("TMPDIR");

	memset(&fake, 0, sizeof(fake));
	fake.uid = fake.owner = UID;
	(void)umask(022);
	(void)snprintf(scratch, sizeof(scratch), "%s/rundir.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(scratch))
		return -1;
	(void)snprintf(base_dir, sizeof(base_dir), "%s/netlab", scratch);
	return setenv("XDG_RUNTIME_DIR", scratch, 1);
}

static int tear_down(LAB_UNUSED void **state)
{
	remove_tree(scratch);
	return unsetenv("XDG_RUNTIME_DIR");
}

static struct lab_rundir claim(const char *name)
{
	struct lab_rundir rd = LAB_RUNDIR_INIT;
	struct lab_err err = { 0 };

	if (lab_rundir_claim(name, &rd, &err) < 0)
		fail_msg("claim: %s", err.msg);
	return rd;
}

static void assert_claim_fails(const char *name, int code, const char *msg)
{
	struct lab_rundir rd = LAB_RUNDIR_INIT;
	struct lab_err err = { 0 };

	assert_int_equal(lab_rundir_claim(name, &rd, &err), -code);
	assert_string_equal(err.msg, msg);
	assert_int_equal(rd.fd, -1);
	assert_int_equal(rd.base, -1);
}

static void assert_no_lab(const char *name, const char *msg)
{
	struct lab_err err = { 0 };

	assert_int_equal(lab_rundir_connect(name, NULL, &err), -ENOENT);
	assert_string_equal(err.msg, msg);
}

/* The names of the labs that run, each with a blank behind it. */
static void assert_labs(const char *want)
{
	struct lab_entry *labs = NULL;
	struct lab_err err = { 0 };
	char got[512] = "";
	size_t n = 99;

	assert_int_equal(lab_list(&labs, &n, &err), 0);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(got);

		(void)snprintf(got + len, sizeof(got) - len, "%s ", labs[i].name);
	}
	assert_string_equal(got, want);
	free(labs);
}

/* --- where --- */

static void root_has_its_labs_in_run(LAB_UNUSED void **state)
{
	char path[PATH_MAX];

	fake.uid = 0;
	base_path(path);
	assert_string_equal(path, "/run/netlab");
}

static void others_have_them_in_their_runtime_folder(LAB_UNUSED void **state)
{
	char path[PATH_MAX];

	base_path(path);
	assert_string_equal(path, base_dir);
	/* The base directory specification: a relative path is invalid and ignored. */
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "run/user", 1), 0);
	base_path(path);
	assert_string_equal(path, "/tmp/netlab-1000");
	assert_int_equal(unsetenv("XDG_RUNTIME_DIR"), 0);
	base_path(path);
	assert_string_equal(path, "/tmp/netlab-1000");
}

/* --- claims --- */

static void a_claim_makes_folders_for_us_alone(LAB_UNUSED void **state)
{
	struct lab_rundir rd;

	(void)umask(0);
	rd = claim("ring");
	assert_int_equal(mode_of("."), S_IFDIR | 0700);
	assert_int_equal(mode_of("ring"), S_IFDIR | 0700);
	assert_string_equal(rd.name, "ring");
	assert_int_equal(fcntl(rd.fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(rd.base, F_GETFD), FD_CLOEXEC);
	lab_rundir_close(&rd);
	assert_int_equal(rd.fd, -1);
	assert_int_equal(rd.base, -1);
	lab_rundir_close(&rd);
}

static void the_second_claim_of_a_name_is_told_at_once(LAB_UNUSED void **state)
{
	struct lab_rundir rd = claim("ring"), other;
	cleanup_close int fd = lab_rundir_bind(&rd, NULL);

	assert_int_equal(listen(fd, 1), 0);
	assert_claim_fails(
		"ring", EEXIST,
		"lab \"ring\" is up already (choose another name with -n, or: netlab topo down ring)");
	assert_int_equal(fake.polls, 0);
	other = claim("ring2");
	lab_rundir_close(&other);
	lab_rundir_close(&rd);
}

static void a_claim_does_not_keep_the_base_locked(LAB_UNUSED void **state)
{
	struct lab_rundir rd = claim("a"), other = claim("b");

	assert_labs("a b ");
	assert_int_equal(fake.polls, 0);
	lab_rundir_close(&rd);
	lab_rundir_close(&other);
}

/* As the keeper has it: the command closes its copies and ends. */
static void the_last_copy_of_the_descriptor_holds_the_name(LAB_UNUSED void **state)
{
	struct lab_rundir rd = claim("ring");
	int copy = fcntl(rd.fd, F_DUPFD_CLOEXEC, 3);

	assert_true(copy >= 0);
	lab_rundir_close(&rd);
	assert_claim_fails(
		"ring", EEXIST,
		"lab \"ring\" is up already (choose another name with -n, or: netlab topo down ring)");
	assert_labs("ring ");
	(void)close(copy);
	rd = claim("ring");
	lab_rundir_close(&rd);
}

static void what_a_dead_lab_left_is_taken_over(LAB_UNUSED void **state)
{
	struct lab_rundir rd;

	make_dir("");
	make_dir("ring");
	make_file("ring/control");
	rd = claim("ring");
	assert_int_equal(mode_of("ring/control"), 0);
	lab_rundir_close(&rd);
}

static void a_longest_name_is_kept_whole(LAB_UNUSED void **state)
{
	char name[64];
	struct lab_rundir rd;

	memset(name, 'x', 63);
	name[63] = '\0';
	rd = claim(name);
	assert_string_equal(rd.name, name);
	lab_rundir_close(&rd);
}

static void a_base_that_others_can_read_is_refused(LAB_UNUSED void **state)
{
	struct lab_entry *labs = NULL;
	struct lab_err err;
	char msg[512];
	size_t n;

	make_dir("");
	(void)snprintf(msg, sizeof(msg),
		       "run directory %s must be ours and closed to others (mode 0700)", base_dir);
	assert_int_equal(chmod(base_dir, 0750), 0);
	assert_claim_fails("ring", EACCES, msg);
	assert_int_equal(lab_list(&labs, &n, &err), -EACCES);
	assert_string_equal(err.msg, msg);
	assert_int_equal(lab_rundir_connect("ring", NULL, &err), -EACCES);
	assert_int_equal(chmod(base_dir, 0701), 0);
	assert_claim_fails("ring", EACCES, msg);
	assert_int_equal(mode_of("ring"), 0);
}

static void a_base_of_somebody_else_is_refused(LAB_UNUSED void **state)
{
	char msg[512];

	make_dir("");
	fake.owner = UID + 1;
	(void)snprintf(msg, sizeof(msg),
		       "run directory %s must be ours and closed to others (mode 0700)", base_dir);
	assert_claim_fails("ring", EACCES, msg);
}

static void a_base_that_is_a_link_is_not_followed(LAB_UNUSED void **state)
{
	char msg[512], other[300];

	(void)snprintf(other, sizeof(other), "%s/other", scratch);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(symlink(other, base_dir), 0);
	(void)snprintf(msg, sizeof(msg), "open run directory %s: Not a directory [ENOTDIR]",
		       base_dir);
	assert_claim_fails("ring", ENOTDIR, msg);
	/* Nor is the folder of a lab. */
	assert_int_equal(unlink(base_dir), 0);
	make_dir("");
	make_link(other, "ring");
	assert_claim_fails("ring", ENOTDIR,
			   "open run directory of lab ring: Not a directory [ENOTDIR]");
}

static void a_base_that_cannot_be_made_says_why(LAB_UNUSED void **state)
{
	char msg[512];

	assert_int_equal(setenv("XDG_RUNTIME_DIR", "/nonexistent", 1), 0);
	(void)snprintf(msg, sizeof(msg),
		       "make run directory /nonexistent/netlab: No such file or directory [ENOENT]");
	assert_claim_fails("ring", ENOENT, msg);
}

/* --- races --- */

static unsigned int hooks;
static int locker = -1;

static void remove_base(LAB_UNUSED int fd)
{
	assert_true(hooks++ < HOOK_LIMIT);
	assert_int_equal(rmdir(base_dir), 0);
}

static void remove_base_once(int fd)
{
	fake.before_flock = NULL;
	remove_base(fd);
}

static void lock_base_for_good(LAB_UNUSED int fd)
{
	if (hooks++ > 0)
		return;
	locker = open(base_dir, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(locker, LOCK_EX), 0);
}

static void lock_base_for_a_while(int fd)
{
	lock_base_for_good(fd);
	if (hooks == 5)
		close_fd(&locker);
}

static void remove_lab(void)
{
	char path[400];

	path_of(path, sizeof(path), "ring");
	assert_int_equal(rmdir(path), 0);
}

/* The first lock is that of the base, the second that of the stale directory being swept. */
static void remove_lab_at_its_lock(LAB_UNUSED int fd)
{
	if (hooks++ == 2)
		remove_lab();
}

static void a_base_that_is_swept_meanwhile_is_made_again(LAB_UNUSED void **state)
{
	struct lab_rundir rd;

	hooks = 0;
	fake.before_flock = remove_base_once;
	rd = claim("ring");
	assert_int_equal(hooks, 1);
	assert_int_equal(mode_of("ring"), S_IFDIR | 0700);
	lab_rundir_close(&rd);
}

static void a_base_that_always_goes_away_is_given_up(LAB_UNUSED void **state)
{
	char msg[512];

	hooks = 0;
	fake.before_flock = remove_base;
	(void)snprintf(msg, sizeof(msg), "run directory %s is being removed and made all the time",
		       base_dir);
	assert_claim_fails("ring", EAGAIN, msg);
}

static void a_locked_base_is_waited_for(LAB_UNUSED void **state)
{
	struct lab_rundir rd;

	hooks = 0;
	fake.before_flock = lock_base_for_a_while;
	rd = claim("ring");
	assert_true(fake.polls > 0);
	lab_rundir_close(&rd);
}

static void a_base_that_stays_locked_is_given_up(LAB_UNUSED void **state)
{
	hooks = 0;
	fake.before_flock = lock_base_for_good;
	assert_claim_fails("ring", ETIMEDOUT, "the run directory is locked by another process");
	assert_int_equal(fake.polls, LOCK_TRIES_MS);
	close_fd(&locker);
}

static void remove_lab_once(void)
{
	fake.before_openat = NULL;
	remove_lab();
}

static void a_lab_that_ends_during_the_claim_leaves_its_name(LAB_UNUSED void **state)
{
	struct lab_rundir rd;

	fake.before_openat = remove_lab_once;
	rd = claim("ring");
	assert_int_equal(fake.polls, 1);
	assert_int_equal(mode_of("ring"), S_IFDIR | 0700);
	lab_rundir_close(&rd);
	hooks = 0;
	fake.before_flock = remove_lab_at_its_lock;
	rd = claim("ring");
	assert_int_equal(fake.polls, 2);
	assert_int_equal(mode_of("ring"), S_IFDIR | 0700);
	lab_rundir_close(&rd);
}

static void a_lab_that_never_ends_is_told(LAB_UNUSED void **state)
{
	fake.before_openat = remove_lab;
	assert_claim_fails("ring", EEXIST, "lab \"ring\" is going down at this moment");
	assert_int_equal(fake.polls, SETTLE_MS);
}

static int dying = -1;

static void die_at_the_third_look(void)
{
	if (fake.polls == 3)
		close_fd(&dying);
}

/* Its lock is there, but nobody listens: a moment later it is gone, or up. */
static void a_keeper_that_is_just_ending_is_waited_for(LAB_UNUSED void **state)
{
	struct lab_rundir rd = claim("ring"), next;

	dying = take_fd(&rd.fd);
	fake.on_poll = die_at_the_third_look;
	next = claim("ring");
	assert_int_equal(fake.polls, 3);
	lab_rundir_close(&rd);
	lab_rundir_close(&next);
}

/* --- the control socket --- */

static void connecting_finds_the_listener(LAB_UNUSED void **state)
{
	struct lab_rundir rd = claim("ring");
	struct lab_err err = { 0 };
	pid_t pid = 0;
	int fd, client;

	fd = lab_rundir_bind(&rd, &err);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(mode_of("ring/control") & S_IFMT, S_IFSOCK);
	/* It comes up: bound, but nobody listens. */
	assert_int_equal(lab_rundir_connect("ring", &pid, &err), -EAGAIN);
	assert_string_equal(err.msg, "lab \"ring\" is just coming up or going down");
	assert_int_equal(listen(fd, 4), 0);
	client = lab_rundir_connect("ring", &pid, &err);
	assert_true(client >= 0);
	assert_int_equal(pid, getpid());
	assert_int_equal(fcntl(client, F_GETFD), FD_CLOEXEC);
	(void)close(client);
	client = lab_rundir_connect("ring", NULL, &err);
	assert_true(client >= 0);
	(void)close(client);
	(void)close(fd);
	assert_int_equal(lab_rundir_connect("ring", &pid, &err), -EAGAIN);
	lab_rundir_close(&rd);
}

static void a_name_without_its_socket_is_coming_up(LAB_UNUSED void **state)
{
	struct lab_rundir rd = claim("ring");
	struct lab_err err = { 0 };

	assert_int_equal(lab_rundir_connect("ring", NULL, &err), -EAGAIN);
	assert_string_equal(err.msg, "lab \"ring\" is just coming up or going down");
	assert_int_equal(fake.polls, SETTLE_MS);
	lab_rundir_close(&rd);
}

static struct lab_rundir rising;
static int listener = -1;

static void rise_at_the_third_look(void)
{
	if (fake.polls != 3)
		return;
	listener = lab_rundir_bind(&rising, NULL);
	assert_int_equal(listen(listener, 1), 0);
}

static void a_lab_that_comes_up_is_waited_for(LAB_UNUSED void **state)
{
	struct lab_err err = { 0 };
	int client;

	rising = claim("ring");
	fake.on_poll = rise_at_the_third_look;
	client = lab_rundir_connect("ring", NULL, &err);
	assert_true(client >= 0);
	assert_int_equal(fake.polls, 3);
	(void)close(client);
	close_fd(&listener);
	lab_rundir_close(&rising);
}

static void a_lab_that_goes_down_is_waited_for(LAB_UNUSED void **state)
{
	struct lab_rundir rd = claim("ring");

	dying = take_fd(&rd.fd);
	fake.on_poll = die_at_the_third_look;
	assert_no_lab("ring", "no lab \"ring\" is up (no lab is)");
	assert_int_equal(fake.polls, 3);
	lab_rundir_close(&rd);
}

/* sun_path has 108 bytes. */
static void a_long_base_has_room_for_the_socket(LAB_UNUSED void **state)
{
	char deep[700], part[201];
	struct lab_rundir rd;
	struct lab_err err = { 0 };
	int fd, client;

	memset(part, 'd', 200);
	part[200] = '\0';
	(void)snprintf(deep, sizeof(deep), "%s/%s", scratch, part);
	assert_int_equal(mkdir(deep, 0700), 0);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", deep, 1), 0);
	rd = claim("ring");
	fd = lab_rundir_bind(&rd, &err);
	assert_true(fd >= 0);
	assert_int_equal(listen(fd, 1), 0);
	client = lab_rundir_connect("ring", NULL, &err);
	assert_true(client >= 0);
	(void)close(client);
	(void)close(fd);
	lab_rundir_remove(&rd);
	lab_rundir_close(&rd);
}

static void a_socket_that_is_there_already_is_an_error(LAB_UNUSED void **state)
{
	struct lab_rundir rd = claim("ring");
	struct lab_err err = { 0 };

	make_file("ring/control");
	assert_int_equal(lab_rundir_bind(&rd, &err), -EADDRINUSE);
	assert_string_equal(
		err.msg,
		"bind the control socket of lab ring: Address already in use [EADDRINUSE]");
	lab_rundir_close(&rd);
}

static void no_lab_at_all_is_said(LAB_UNUSED void **state)
{
	assert_no_lab("ring", "no lab \"ring\" is up (no lab is)");
	make_dir("");
	assert_no_lab("ring", "no lab \"ring\" is up (no lab is)");
	/* And the empty base is swept. */
	assert_int_equal(mode_of("."), 0);
}

static void a_name_that_is_nearly_right_is_suggested(LAB_UNUSED void **state)
{
	struct lab_rundir rd = claim("ring");

	assert_no_lab("rong", "no lab \"rong\" is up; did you mean \"ring\"?");
	assert_no_lab("completely-different",
		      "no lab \"completely-different\" is up (netlab topo ls lists those that are)");
	lab_rundir_close(&rd);
}

static void connecting_to_a_dead_lab_sweeps_it(LAB_UNUSED void **state)
{
	struct lab_rundir rd = claim("other");

	make_dir("ring");
	make_file("ring/control");
	assert_no_lab("ring", "no lab \"ring\" is up (netlab topo ls lists those that are)");
	assert_int_equal(mode_of("ring"), 0);
	assert_int_equal(mode_of("other"), S_IFDIR | 0700);
	lab_rundir_close(&rd);
}

static void an_impossible_name_is_not_looked_for(LAB_UNUSED void **state)
{
	struct lab_err err;

	assert_int_equal(lab_rundir_connect("../ring", NULL, &err), -EINVAL);
	assert_int_equal(mode_of("."), 0);
}

/* --- lists and sweeps --- */

static void labs_are_listed_by_name_with_their_keepers(LAB_UNUSED void **state)
{
	static const char *const names[] = { "b", "a10", "a9", "c", "a", "z", "k", "l", "m", "n" };
	struct lab_rundir rds[LAB_ARRAY_SIZE(names)];
	struct lab_entry *labs = NULL;
	struct lab_err err = { 0 };
	size_t n = 0;
	int fd;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(names); i++)
		rds[i] = claim(names[i]);
	fd = lab_rundir_bind(&rds[4], &err);
	assert_true(fd >= 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_labs("a a10 a9 b c k l m n z ");
	assert_int_equal(lab_list(&labs, &n, NULL), 0);
	assert_int_equal(labs[0].pid, getpid());
	assert_int_equal(labs[1].pid, 0); /* it is just coming up */
	free(labs);
	(void)close(fd);
	for (size_t i = 0; i < LAB_ARRAY_SIZE(names); i++)
		lab_rundir_close(&rds[i]);
}

static void no_base_is_no_labs(LAB_UNUSED void **state)
{
	assert_labs("");
	assert_int_equal(mode_of("."), 0);
}

static void a_sweep_removes_what_dead_labs_left(LAB_UNUSED void **state)
{
	struct lab_rundir rd = claim("alive");

	make_dir("dead");
	make_file("dead/control");
	make_dir("dead2");
	lab_rundir_sweep();
	assert_int_equal(mode_of("dead"), 0);
	assert_int_equal(mode_of("dead2"), 0);
	assert_int_equal(mode_of("alive"), S_IFDIR | 0700);
	lab_rundir_close(&rd);
	lab_rundir_sweep();
	assert_int_equal(mode_of("."), 0);
	lab_rundir_sweep();
}

/* Plain folders stand for cgroups. */
static void put_journal(const char *name, const char *cgroup)
{
	struct lab_rundir rd = claim(name);
	char text[400];

	path_of(text, sizeof(text), cgroup);
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "\n");
	assert_int_equal(lab_rundir_journal(&rd, text, NULL), 0);
	lab_rundir_close(&rd);
}

static void a_sweep_undoes_the_journal_first(LAB_UNUSED void **state)
{
	put_journal("dead", ".c/netlab.dead.1");
	make_dir(".c");
	make_dir(".c/netlab.dead.1");
	make_dir(".c/netlab.dead.1/host.h1");
	assert_labs("");
	assert_int_equal(mode_of(".c/netlab.dead.1"), 0);
	assert_int_equal(mode_of("dead"), 0);
}

static void removing_a_lab_removes_its_journal(LAB_UNUSED void **state)
{
	struct lab_rundir rd = claim("ring");

	assert_int_equal(lab_rundir_journal(&rd, "/nowhere/netlab.ring.1\n", NULL), 0);
	assert_int_equal(mode_of("ring/cgroups"), S_IFREG | 0600);
	lab_rundir_remove(&rd);
	assert_int_equal(mode_of("ring"), 0);
	lab_rundir_close(&rd);
}

static void a_sweep_leaves_alone_what_is_not_ours(LAB_UNUSED void **state)
{
	char other[300];

	(void)snprintf(other, sizeof(other), "%s/other", scratch);
	assert_int_equal(mkdir(other, 0700), 0);
	make_dir("");
	make_file("file");
	make_dir(".hidden");
	make_dir("full");
	make_file("full/control");
	make_file("full/notes");
	make_link(other, "link");
	assert_labs("");
	assert_int_equal(mode_of("file"), S_IFREG | 0600);
	assert_int_equal(mode_of(".hidden"), S_IFDIR | 0700);
	assert_int_equal(mode_of("full/notes"), S_IFREG | 0600);
	assert_int_equal(mode_of("link") & S_IFMT, S_IFLNK);
	assert_int_equal(access(other, F_OK), 0);
}

static void removing_keeps_the_name_until_the_end(LAB_UNUSED void **state)
{
	struct lab_rundir rd = claim("ring"), next;
	struct lab_err err = { 0 };
	int fd = lab_rundir_bind(&rd, &err);

	assert_true(fd >= 0);
	lab_rundir_remove(&rd);
	assert_int_equal(mode_of("ring"), 0);
	assert_int_equal(mode_of("."), S_IFDIR | 0700);
	/* A lab of the same name may come up while the old one is still ending, and is not touched by it. */
	next = claim("ring");
	lab_rundir_remove(&rd);
	assert_int_equal(mode_of("ring"), S_IFDIR | 0700);
	(void)close(fd);
	lab_rundir_close(&rd);
	assert_labs("ring ");
	lab_rundir_close(&next);
}

static void tidying_removes_an_empty_base(LAB_UNUSED void **state)
{
	struct lab_rundir rd = claim("ring");

	lab_rundir_tidy();
	assert_int_equal(mode_of("ring"), S_IFDIR | 0700);
	lab_rundir_remove(&rd);
	lab_rundir_close(&rd);
	lab_rundir_tidy();
	assert_int_equal(mode_of("."), 0);
	lab_rundir_tidy();
}

/* --- names --- */

static void names_are_checked(LAB_UNUSED void **state)
{
	static const char *const good[] = { "a", "9", "A-b_c.d", "x..y", "ring-1.2" };
	static const char *const bad[] = { ".",   "..",  ".a",       "-a",  "_a", "a/b",
					   "a b", "a\n", "\xc3\xa4", "a:b", "~" };
	char name[66], msg[200];
	struct lab_err err;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(good); i++)
		assert_int_equal(lab_name_check(good[i], &err), 0);
	for (size_t i = 0; i < LAB_ARRAY_SIZE(bad); i++) {
		assert_int_equal(lab_name_check(bad[i], &err), -EINVAL);
		(void)snprintf(
			msg, sizeof(msg),
			"lab name \"%s\" may have letters, digits, '-', '_' and '.', and must begin with a "
			"letter or digit",
			strcmp(bad[i], "a\n") == 0 ? "a?" : bad[i]);
		assert_string_equal(err.msg, msg);
	}
	assert_int_equal(lab_name_check("", &err), -EINVAL);
	assert_string_equal(err.msg, "lab name \"\" must have 1 to 63 bytes");
	memset(name, 'x', 64);
	name[64] = '\0';
	assert_int_equal(lab_name_check(name, &err), -EINVAL);
	name[63] = '\0';
	assert_int_equal(lab_name_check(name, &err), 0);
}

#define dir_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		dir_test(root_has_its_labs_in_run),
		dir_test(others_have_them_in_their_runtime_folder),
		dir_test(a_claim_makes_folders_for_us_alone),
		dir_test(the_second_claim_of_a_name_is_told_at_once),
		dir_test(a_claim_does_not_keep_the_base_locked),
		dir_test(the_last_copy_of_the_descriptor_holds_the_name),
		dir_test(what_a_dead_lab_left_is_taken_over),
		dir_test(a_longest_name_is_kept_whole),
		dir_test(a_base_that_others_can_read_is_refused),
		dir_test(a_base_of_somebody_else_is_refused),
		dir_test(a_base_that_is_a_link_is_not_followed),
		dir_test(a_base_that_cannot_be_made_says_why),
		dir_test(a_base_that_is_swept_meanwhile_is_made_again),
		dir_test(a_base_that_always_goes_away_is_given_up),
		dir_test(a_locked_base_is_waited_for),
		dir_test(a_base_that_stays_locked_is_given_up),
		dir_test(a_lab_that_ends_during_the_claim_leaves_its_name),
		dir_test(a_lab_that_never_ends_is_told),
		dir_test(a_keeper_that_is_just_ending_is_waited_for),
		dir_test(connecting_finds_the_listener),
		dir_test(a_name_without_its_socket_is_coming_up),
		dir_test(a_lab_that_comes_up_is_waited_for),
		dir_test(a_lab_that_goes_down_is_waited_for),
		dir_test(a_long_base_has_room_for_the_socket),
		dir_test(a_socket_that_is_there_already_is_an_error),
		dir_test(no_lab_at_all_is_said),
		dir_test(a_name_that_is_nearly_right_is_suggested),
		dir_test(connecting_to_a_dead_lab_sweeps_it),
		dir_test(an_impossible_name_is_not_looked_for),
		dir_test(labs_are_listed_by_name_with_their_keepers),
		dir_test(no_base_is_no_labs),
		dir_test(a_sweep_removes_what_dead_labs_left),
		dir_test(a_sweep_undoes_the_journal_first),
		dir_test(removing_a_lab_removes_its_journal),
		dir_test(a_sweep_leaves_alone_what_is_not_ours),
		dir_test(removing_keeps_the_name_until_the_end),
		dir_test(tidying_removes_an_empty_base),
		dir_test(names_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
