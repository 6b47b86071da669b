/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_template.c - unit tests of netlab/keeper/template.c: which of the machine's mounts a host sees, and how */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "netlab/keeper/template.c" /* NOLINT(bugprone-suspicious-include) */

#include <dirent.h>
#include <stdlib.h>
#include <sys/mman.h>

static struct {
	const char *mountinfo; /* NULL: the real one */
	const char *gone;      /* a mount that has gone away */
	char trees[1024], attached[256];
} fake;

static char scratch[256];
static int home = -1;

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_lab_mount_tree(const char *path, struct lab_err *err);
int __wrap_lab_mount_attach(int tree, const char *target, struct lab_err *err);
int __wrap_lab_mount_read_only(const char *path, struct lab_err *err);

static int open_mountinfo(void)
{
	int fd = memfd_create("mountinfo", MFD_CLOEXEC);
	size_t len = strlen(fake.mountinfo);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, fake.mountinfo, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

int __wrap_open(const char *path, int flags, ...)
{
	unsigned int mode;
	va_list ap;

	va_start(ap, flags);
	mode = (flags & O_CREAT) ? va_arg(ap, unsigned int) : 0;
	va_end(ap);
	if (fake.mountinfo && strcmp(path, "/proc/self/mountinfo") == 0)
		return open_mountinfo();
	return __real_open(path, flags, mode);
}

int __wrap_open64(const char *path, int flags, ...)
{
	unsigned int mode;
	va_list ap;

	va_start(ap, flags);
	mode = (flags & O_CREAT) ? va_arg(ap, unsigned int) : 0;
	va_end(ap);
	if (fake.mountinfo && strcmp(path, "/proc/self/mountinfo") == 0)
		return open_mountinfo();
	return __real_open64(path, flags, mode);
}

int __wrap_lab_mount_tree(const char *path, struct lab_err *err)
{
	size_t len = strlen(fake.trees);

	if (fake.gone && strcmp(path, fake.gone) == 0)
		return lab_err_errno(err, ENOENT, "open_tree %s", path);
	(void)snprintf(fake.trees + len, sizeof(fake.trees) - len, "%s ", path);
	return open(path, O_RDONLY | O_CLOEXEC);
}

int __wrap_lab_mount_attach(int tree, const char *target, LAB_UNUSED struct lab_err *err)
{
	size_t len = strlen(fake.attached);

	assert_true(tree >= 0);
	(void)snprintf(fake.attached + len, sizeof(fake.attached) - len, "%s ", target);
	return 0;
}

int __wrap_lab_mount_read_only(const char *path, LAB_UNUSED struct lab_err *err)
{
	size_t len = strlen(fake.attached);

	(void)snprintf(fake.attached + len, sizeof(fake.attached) - len, "%s:ro ", path);
	return 0;
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
	home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(scratch, sizeof(scratch), "%s/template.XXXXXX", tmp ? tmp : "/tmp");
	return home < 0 || !mkdtemp(scratch) ? -1 : chdir(scratch);
}

static int tear_down(LAB_UNUSED void **state)
{
	int r = fchdir(home);

	close_fd(&home);
	remove_tree(scratch);
	return r;
}

static void assert_file(const char *path, const char *want)
{
	struct lab_strbuf sb LAB_CLEANUP(lab_strbuf_fini) = LAB_STRBUF_INIT;

	assert_int_equal(read_file(path, 1 << 20, &sb), 0);
	assert_string_equal(lab_strbuf_str(&sb), want);
}

static void put_file(const char *path, const char *text)
{
	assert_int_equal(write_file(path, text, strlen(text), NULL), 0);
}

/* --- which --- */

static void hosts_see_file_systems_that_hold_files(LAB_UNUSED void **state)
{
	static const char *const paths[] = {
		"/usr",        "/home",     "/var",     "/var/lib",           "/opt/a b",
		"/mnt/nfs",    "/boot/efi", "/srv",     "/tmpfiles",          "/running",
		"/devel",      "/system",   "/process", "/var/lib/dockerize", "/etc/resolv.conf",
		"/etc/hosts.d"
	};

	for (size_t i = 0; i < LAB_ARRAY_SIZE(paths); i++) {
		assert_true(wanted(paths[i], "ext4"));
		assert_true(wanted(paths[i], "nfs4"));
		assert_true(wanted(paths[i], "overlay"));
	}
}

static void hosts_do_not_see_the_kernels_interfaces(LAB_UNUSED void **state)
{
	static const char *const types[] = { "proc",       "sysfs",       "devtmpfs", "devpts",
					     "tmpfs",      "ramfs",       "cgroup",   "cgroup2",
					     "securityfs", "debugfs",     "tracefs",  "bpf",
					     "autofs",     "binfmt_misc", "mqueue",   "hugetlbfs",
					     "nsfs",       "configfs",    "pstore",   "efivarfs" };

	for (size_t i = 0; i < LAB_ARRAY_SIZE(types); i++)
		assert_false(wanted("/home", types[i]));
}

static void hosts_do_not_see_what_is_private_or_not_theirs(LAB_UNUSED void **state)
{
	static const char *const paths[] = { "/",
					     "/dev",
					     "/dev/shm",
					     "/proc",
					     "/proc/sys/fs/binfmt_misc",
					     "/run",
					     "/run/user/1000",
					     "/run/netlab/x",
					     "/sys",
					     "/sys/fs/cgroup",
					     "/tmp",
					     "/tmp/x",
					     "/var/run",
					     "/var/lib/docker/overlay2/1/merged",
					     "/var/lib/containers",
					     "/var/lib/lxc/a/rootfs",
					     "/var/lib/lxd/x",
					     "/var/lib/machines/m",
					     "/snap/core/1",
					     "/var/snap/x" };

	for (size_t i = 0; i < LAB_ARRAY_SIZE(paths); i++)
		assert_false(wanted(paths[i], "ext4"));
}

/* In a container both are mounts of their own; in a host of a lab they are the lab's. */
static void names_of_hosts_are_never_the_machines(LAB_UNUSED void **state)
{
	assert_false(wanted("/etc/hosts", "ext4"));
	assert_false(wanted("/etc/hostname", "ext4"));
}

static void mounts_are_found_in_their_order(LAB_UNUSED void **state)
{
	struct submount subs[LAB_SPAWN_SUBMOUNTS_MAX];
	char info[2048], path[300];
	struct lab_err err = { 0 };
	unsigned int n = 0;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(subs); i++)
		subs[i].tree = -1;
	/* The scratch folder may be below /tmp: of the machine's own places use those that are everywhere. */
	assert_int_equal(symlink("/usr", "link"), 0);
	(void)snprintf(path, sizeof(path), "%s/link", scratch);
	(void)snprintf(
		info, sizeof(info),
		"1 0 8:1 / / rw - ext4 /dev/vda rw\n2 1 0:4 / /proc rw - proc proc rw\n"
		"3 1 8:2 / /usr rw shared:1 - ext4 /dev/vdb rw\n4 3 8:3 / /usr/bin rw - xfs /dev/vdc rw\n"
		"5 1 8:4 / /nonexistent rw - ext4 /dev/vdd rw\nnonsense\n"
		"6 1 8:5 / %s rw - ext4 /dev/vde rw\n7 1 8:6 / /etc rw - btrfs /dev/vdf rw\n"
		"8 1 8:7 / /usr rw - ext4 /dev/vdg rw\n",
		path);
	fake.mountinfo = info;
	fake.gone = "/etc";
	assert_int_equal(find_submounts(subs, &n, &err), 0);
	/* The second /usr hides the first; what has gone since is no error; links are not followed. */
	assert_string_equal(fake.trees, "/usr /usr/bin /usr ");
	assert_int_equal(n, 2);
	assert_string_equal(subs[0].path, "/usr");
	assert_string_equal(subs[1].path, "/usr/bin");
	for (size_t i = 0; i < LAB_ARRAY_SIZE(subs); i++)
		close_fd(&subs[i].tree);
}

static void too_many_mounts_are_an_error(LAB_UNUSED void **state)
{
	struct submount subs[LAB_SPAWN_SUBMOUNTS_MAX];
	struct lab_err err = { 0 };
	unsigned int n = 0;
	char path[32];

	for (unsigned int i = 0; i < LAB_SPAWN_SUBMOUNTS_MAX; i++) {
		subs[i].tree = -1;
		(void)snprintf(path, sizeof(path), "dir%u", i);
		assert_int_equal(mkdir(path, 0755), 0);
		assert_int_equal(add_submount(subs, &n, path, &err), 0);
	}
	/* One that replaces another is not too many. */
	assert_int_equal(add_submount(subs, &n, "dir3", &err), 0);
	assert_int_equal(add_submount(subs, &n, "/srv", &err), -ENOSYS);
	assert_string_equal(
		err.msg,
		"this machine has more than 40 file systems that a host should see; /srv is one too "
		"many");
	for (size_t i = 0; i < LAB_ARRAY_SIZE(subs); i++)
		close_fd(&subs[i].tree);
}

/* --- into the template --- */

static void a_file_mount_is_copied_into_the_layer(LAB_UNUSED void **state)
{
	struct submount sub = { .path = "/etc/deep/er/resolv.conf" };
	struct lab_err err = { 0 };

	put_file("source", "nameserver 10.0.0.1\n");
	sub.tree = open("source", O_RDONLY | O_CLOEXEC);
	assert_int_equal(mkdir("layer", 0755), 0);
	assert_int_equal(copy_file_mount(&sub, &err), 0);
	assert_file("layer/etc/deep/er/resolv.conf", "nameserver 10.0.0.1\n");
	/* Once more: it replaces what is there. */
	(void)unlink("source");
	put_file("source", "");
	close_fd(&sub.tree);
	sub.tree = open("source", O_RDONLY | O_CLOEXEC);
	assert_int_equal(copy_file_mount(&sub, &err), 0);
	assert_file("layer/etc/deep/er/resolv.conf", "");
	close_fd(&sub.tree);
}

static void a_big_file_mount_is_left_out(LAB_UNUSED void **state)
{
	struct submount sub = { .path = "/etc/big" };
	struct lab_err err = { 0 };

	put_file("source", "x");
	assert_int_equal(truncate("source", SMALL_FILE_MAX + 1), 0);
	sub.tree = open("source", O_RDONLY | O_CLOEXEC);
	assert_int_equal(mkdir("layer", 0755), 0);
	assert_int_equal(copy_file_mount(&sub, &err), 0);
	assert_int_equal(access("layer/etc/big", F_OK), -1);
	close_fd(&sub.tree);
}

static void folders_become_further_lowers(LAB_UNUSED void **state)
{
	struct submount subs[3] = { { .path = "/usr" },
				    { .path = "/etc/machine-id" },
				    { .path = "/home" } };
	struct lab_keeper k = { .listen_fd = -1 };
	struct lab_err err = { 0 };

	assert_int_equal(mkdir("layer", 0755), 0);
	put_file("file", "0123\n");
	subs[0].tree = open(".", O_RDONLY | O_CLOEXEC);
	subs[1].tree = open("file", O_RDONLY | O_CLOEXEC);
	subs[2].tree = open(".", O_RDONLY | O_CLOEXEC);
	assert_int_equal(place_submounts(&k, subs, 3, &err), 0);
	assert_string_equal(fake.attached, "lower1 lower1:ro lower2 lower2:ro ");
	assert_int_equal(k.setup.n_submounts, 2);
	assert_string_equal(k.setup.submounts[0], "/usr");
	assert_string_equal(k.setup.submounts[1], "/home");
	assert_file("layer/etc/machine-id", "0123\n");
	for (size_t i = 0; i < LAB_ARRAY_SIZE(subs); i++)
		assert_int_equal(subs[i].tree, -1);
}

static void files_have_a_bound(LAB_UNUSED void **state)
{
	struct lab_strbuf sb LAB_CLEANUP(lab_strbuf_fini) = LAB_STRBUF_INIT;

	put_file("file", "12345678");
	assert_int_equal(read_file("file", 8, &sb), 0);
	lab_strbuf_reset(&sb);
	assert_int_equal(read_file("file", 7, &sb), -EFBIG);
	assert_int_equal(read_file("nonexistent", 7, &sb), -ENOENT);
	assert_int_equal(read_file(".", 7, &sb), -EISDIR);
}

static void a_step_that_fails_is_named(LAB_UNUSED void **state)
{
	static const char *const dirs[] = { "a", "b/c", NULL };
	struct lab_err err;

	assert_int_equal(make_dirs(dirs, 0755, &err), -ENOENT);
	assert_string_equal(err.msg,
			    "mkdir b/c in the template: No such file or directory [ENOENT]");
	put_file("file", "x");
	assert_int_equal(write_file("file", "y", 1, &err), -EEXIST);
	assert_string_equal(err.msg, "create file in the template: File exists [EEXIST]");
}

#define dir_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_see_file_systems_that_hold_files),
		cmocka_unit_test(hosts_do_not_see_the_kernels_interfaces),
		cmocka_unit_test(hosts_do_not_see_what_is_private_or_not_theirs),
		cmocka_unit_test(names_of_hosts_are_never_the_machines),
		dir_test(mounts_are_found_in_their_order),
		dir_test(too_many_mounts_are_an_error),
		dir_test(a_file_mount_is_copied_into_the_layer),
		dir_test(a_big_file_mount_is_left_out),
		dir_test(folders_become_further_lowers),
		dir_test(files_have_a_bound),
		dir_test(a_step_that_fails_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
