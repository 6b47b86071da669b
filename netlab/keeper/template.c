/* SPDX-License-Identifier: GPL-2.0-or-later */
/* template.c - the small mount namespace that every host's root is made from (netlab/ns/spawn.h) */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "netlab/base/strbuf.h"
#include "netlab/keeper/keeper_internal.h"
#include "netlab/ns/mount.h"
#include "netlab/ns/mountinfo.h"

#define WORK_DIR \
	"/tmp" /* where the template is built, hidden from everybody else by our own mount namespace */

enum {
	TREES_MAX = LAB_SPAWN_IMAGES_MAX * LAB_IMAGE_LAYERS_MAX,
	SAFE = MS_NOSUID | MS_NODEV | MS_NOEXEC,
	SMALL_FILE_MAX =
		1
		<< 20, /* a file that is mounted on its own, as /etc/resolv.conf in many containers */
	MOUNTINFO_MAX = 4 << 20,
};

/**
 * struct submount - a file system or file of the machine below its root
 * @tree:	detached copy of the mount, or -1
 * @whole:	the copy has what is mounted below, too
 * @path:	where it is
 */
struct submount {
	int tree;
	bool whole;
	char path[LAB_SPAWN_PATH_MAX];
};

static int make_dirs(const char *const *dirs, mode_t mode, struct lab_err *err)
{
	for (; *dirs; dirs++)
		if (mkdir(*dirs, mode) < 0)
			return lab_err_errno(err, errno, "mkdir %s in the template", *dirs);
	return 0;
}

static int write_file(const char *path, const void *data, size_t len, struct lab_err *err)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return lab_err_errno(err, errno, "create %s in the template", path);
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0)
			return lab_err_errno(err, errno, "write %s in the template", path);
		data = (const char *)data + n;
		len -= (size_t)n;
	}
	return 0;
}

/* Read a whole file of at most @max bytes. Caller frees. */
static int read_file(const char *path, size_t max, struct lab_strbuf *ret)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[4096];
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		lab_strbuf_add(ret, buf, (size_t)n);
		if (ret->len > max)
			return -EFBIG;
	}
	return n < 0 ? -errno : ret->error;
}

/* ---- the machine's own file systems ---- */

static bool under(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/*
 * Which mounts a host sees: those that hold files. Kernel interfaces are made afresh for each host, and what is volatile
 * on the machine (tmpfs: /run, /tmp, /dev/shm) is private to it. Other containers' roots are none of a host's business.
 */
static bool wanted(const char *path, const char *type)
{
	static const char *const kernel_types[] = {
		"autofs",     "binfmt_misc", "bpf",      "cgroup",   "cgroup2", "configfs",
		"debugfs",    "devpts",      "devtmpfs", "efivarfs", "fusectl", "hugetlbfs",
		"mqueue",     "nsfs",        "proc",     "pstore",   "ramfs",   "rpc_pipefs",
		"securityfs", "selinuxfs",   "sysfs",    "tmpfs",    "tracefs", "nfsd",
	};
	/* The last two are ours, also where the machine is a container that has them as mounts of their own. */
	static const char *const others[] = { "/dev",
					      "/proc",
					      "/run",
					      "/sys",
					      "/tmp",
					      "/var/lib/containers",
					      "/var/lib/docker",
					      "/var/lib/lxc",
					      "/var/lib/lxd",
					      "/var/lib/machines",
					      "/var/run",
					      "/var/snap",
					      "/snap",
					      "/etc/hosts",
					      "/etc/hostname" };

	if (strcmp(path, "/") == 0)
		return false;
	for (size_t i = 0; i < LAB_ARRAY_SIZE(kernel_types); i++)
		if (strcmp(type, kernel_types[i]) == 0)
			return false;
	for (size_t i = 0; i < LAB_ARRAY_SIZE(others); i++)
		if (under(path, others[i]))
			return false;
	return true;
}

/* Keep one mount; a later one on the same place hides an earlier one. */
static int add_submount(struct submount *subs, unsigned int *n, const char *path,
			struct lab_err *err)
{
	unsigned int i;

	for (i = 0; i < *n && strcmp(subs[i].path, path) != 0; i++)
		;
	if (i == *n && *n == LAB_SPAWN_SUBMOUNTS_MAX)
		return lab_err_set(
			err, ENOSYS,
			"this machine has more than %u file systems that a host should see; %s is one too many",
			LAB_SPAWN_SUBMOUNTS_MAX, path);
	if (i < *n)
		close_fd(&subs[i].tree);
	subs[i].tree = lab_mount_tree(path, err);
	subs[i].whole = subs[i].tree == -EINVAL;
	if (subs[i].whole)
		subs[i].tree = lab_mount_tree_whole(path, err);
	if (subs[i].tree < 0)
		return subs[i].tree == -ENOENT || subs[i].tree == -EACCES ? 0 : subs[i].tree;
	(void)snprintf(subs[i].path, sizeof(subs[i].path), "%s", path);
	if (i == *n)
		(*n)++;
	return 0;
}

/* Where the root cannot be copied alone: its directories. Those of another file system are mounts, found as such. */
static int find_pieces(struct submount *subs, unsigned int *n, struct lab_err *err)
{
	cleanup_dir DIR *dir = opendir("/");
	const struct dirent *de;
	struct stat root, st;
	int r = 0;

	if (!dir || fstat(dirfd(dir), &root) < 0)
		return lab_err_errno(err, errno, "read /");
	while (r == 0 && (de = readdir(dir)) != NULL) {
		char path[sizeof(de->d_name) + 1];

		(void)snprintf(path, sizeof(path), "/%s", de->d_name);
		if (strcmp(path, "/.") == 0 || strcmp(path, "/..") == 0 || !wanted(path, "") ||
		    lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_dev != root.st_dev)
			continue;
		/* One that is closed to us becomes an empty one of the host's own. */
		if (access(path, R_OK | X_OK) == 0)
			r = add_submount(subs, n, path, err);
	}
	return r;
}

/* What then stands for the root: its links, and empty directories to mount on. The working directory is the template. */
static int make_skeleton(struct lab_err *err)
{
	cleanup_dir DIR *dir = opendir("/");
	const struct dirent *de;
	struct stat st;

	if (!dir)
		return lab_err_errno(err, errno, "read /");
	while ((de = readdir(dir)) != NULL) {
		char path[sizeof(de->d_name) + 8], link[PATH_MAX];
		ssize_t len;

		(void)snprintf(path, sizeof(path), "lower/%s", de->d_name);
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0 ||
		    fstatat(dirfd(dir), de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && mkdir(path, 0755) < 0)
			return lab_err_errno(err, errno, "mkdir %s in the template", path);
		if (!S_ISLNK(st.st_mode))
			continue;
		len = readlinkat(dirfd(dir), de->d_name, link, sizeof(link) - 1);
		if (len < 0)
			continue;
		link[len] = '\0';
		if (symlink(link, path) < 0)
			return lab_err_errno(err, errno, "symlink %s in the template", path);
	}
	return 0;
}

static int find_submounts(struct submount *subs, unsigned int *ret_n, struct lab_err *err)
{
	struct lab_strbuf sb LAB_CLEANUP(lab_strbuf_fini) = LAB_STRBUF_INIT;
	struct lab_mountinfo m;
	char *save = NULL, *line;
	int r = read_file("/proc/self/mountinfo", MOUNTINFO_MAX, &sb);

	if (r < 0)
		return lab_err_errno(err, -r, "read /proc/self/mountinfo");
	for (line = strtok_r(sb.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct stat st;

		if (!lab_mountinfo_parse(line, &m) || !wanted(m.path, m.type) ||
		    strlen(m.path) >= LAB_SPAWN_PATH_MAX || lstat(m.path, &st) < 0 ||
		    (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)))
			continue;
		r = add_submount(subs, ret_n, m.path, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A single file that is mounted over another: put its content into the shared layer. */
static int copy_file_mount(const struct submount *sub, struct lab_err *err)
{
	struct lab_strbuf sb LAB_CLEANUP(lab_strbuf_fini) = LAB_STRBUF_INIT;
	char path[LAB_SPAWN_PATH_MAX + 8], proc[64];

	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", sub->tree);
	if (read_file(proc, SMALL_FILE_MAX, &sb) < 0)
		return 0; /* the machine's file below it shows instead */
	(void)snprintf(path, sizeof(path), "layer%s", sub->path);
	for (char *slash = strchr(path + 6, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0755);
		*slash = '/';
	}
	(void)unlink(path);
	return write_file(path, lab_strbuf_str(&sb), sb.len, err);
}

static int place_submounts(struct lab_keeper *k, struct submount *subs, unsigned int n,
			   struct lab_err *err)
{
	for (unsigned int i = 0; i < n; i++) {
		cleanup_close int tree = take_fd(&subs[i].tree);
		char target[32];
		struct stat st;
		int r;

		if (fstat(tree, &st) < 0)
			return lab_err_errno(err, errno, "stat %s", subs[i].path);
		if (S_ISREG(st.st_mode)) {
			subs[i].tree = tree;
			r = copy_file_mount(&subs[i], err);
			subs[i].tree = -1;
			if (r < 0)
				return r;
			continue;
		}
		(void)snprintf(target, sizeof(target), "lower%u", k->setup.n_submounts + 1);
		if (mkdir(target, 0755) < 0)
			return lab_err_errno(err, errno, "mkdir %s in the template", target);
		r = lab_mount_attach(tree, target, err);
		if (r == 0)
			r = lab_mount_read_only(target, err);
		if (r < 0)
			return r;
		k->setup.whole[k->setup.n_submounts] = subs[i].whole;
		(void)snprintf(k->setup.submounts[k->setup.n_submounts++], LAB_SPAWN_PATH_MAX, "%s",
			       subs[i].path);
	}
	return 0;
}

/* ---- the shared parts ---- */

static int make_device(const char *name, unsigned int major_, unsigned int minor_,
		       struct lab_err *err)
{
	char path[64], source[64];
	cleanup_close int fd = -1;

	(void)snprintf(path, sizeof(path), "dev/%s", name);
	if (mknod(path, S_IFCHR | 0666, makedev(major_, minor_)) == 0)
		return chmod(path, 0666) < 0 ? lab_err_errno(err, errno, "chmod %s", path) : 0;
	if (errno != EPERM)
		return lab_err_errno(err, errno, "mknod %s in the template", path);
	/* Without privilege over the machine's devices, borrow its own nodes. */
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return lab_err_errno(err, errno, "create %s in the template", path);
	(void)snprintf(source, sizeof(source), "/dev/%s", name);
	if (access(source, F_OK) < 0)
		return 0;
	return lab_mount(source, path, NULL, MS_BIND, NULL, err);
}

static int make_dev(struct lab_err *err)
{
	static const struct {
		const char *name;
		unsigned int major_, minor_;
	} nodes[] = { { "null", 1, 3 },      { "zero", 1, 5 },    { "full", 1, 7 },
		      { "random", 1, 8 },    { "urandom", 1, 9 }, { "tty", 5, 0 },
		      { "net/tun", 10, 200 } };
	static const char *const links[][2] = {
		{ "pts/ptmx", "dev/ptmx" },          { "/proc/self/fd", "dev/fd" },
		{ "/proc/self/fd/0", "dev/stdin" },  { "/proc/self/fd/1", "dev/stdout" },
		{ "/proc/self/fd/2", "dev/stderr" }, { "/run/shm", "dev/shm" },
	};
	static const char *const dirs[] = { "dev/pts", "dev/net", NULL };
	int r = make_dirs(dirs, 0755, err);

	for (size_t i = 0; i < LAB_ARRAY_SIZE(nodes) && r == 0; i++)
		r = make_device(nodes[i].name, nodes[i].major_, nodes[i].minor_, err);
	for (size_t i = 0; i < LAB_ARRAY_SIZE(links) && r == 0; i++)
		if (symlink(links[i][0], links[i][1]) < 0)
			r = lab_err_errno(err, errno, "symlink %s in the template", links[i][1]);
	if (r < 0)
		return r;
	r = lab_mount("dev", "dev", NULL, MS_BIND | MS_REC, NULL, err);
	if (r < 0)
		return r;
	return lab_mount(NULL, "dev", NULL,
			 MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL, err);
}

/* Hide what the machine has in a directory. False where the file system of the layer cannot hold the attribute. */
static bool make_opaque(const char *dir, bool userns)
{
	return setxattr(dir, userns ? "user.overlay.opaque" : "trusted.overlay.opaque", "y", 1,
			0) == 0;
}

static int fill_layer(struct lab_keeper *k, bool userns, struct lab_err *err)
{
	static const char *const dirs[] = { "dev", "etc", "proc", "run", "sys", NULL };
	static const char *const open_dirs[] = { "tmp", "run/shm", "run/lock", NULL };
	cleanup_free char *hosts = NULL;
	int r = make_dirs(dirs, 0755, err);

	if (r == 0)
		r = make_dirs(open_dirs, 01777, err);
	if (r < 0)
		return r;
	k->setup.bind_private = !make_opaque("run", userns) || !make_opaque("tmp", userns);
	r = lab_topo_hosts_file(k->topo, &hosts);
	if (r < 0)
		return lab_err_errno(err, -r, "write /etc/hosts");
	r = write_file("etc/hosts", hosts, strlen(hosts), err);
	if (r < 0)
		return r;
	/* A whiteout: the machine's own name is not the host's. */
	if (mknod("etc/hostname", S_IFCHR, makedev(0, 0)) < 0)
		return lab_err_errno(err, errno, "mknod etc/hostname in the template");
	return 0;
}

/* The working directory is the template. */
static int make_layer(struct lab_keeper *k, const char *name, bool userns, struct lab_err *err)
{
	int r;

	if (chdir(name) < 0)
		return lab_err_errno(err, errno, "chdir %s in the template", name);
	r = fill_layer(k, userns, err);
	if (r == 0 && chdir("..") < 0)
		r = lab_err_errno(err, errno, "chdir .. in the template");
	return r;
}

/* ---- images ---- */

static int image_trees(const struct lab_images *images, int *trees, struct lab_err *err)
{
	char path[LAB_IMAGE_PATH_SIZE];
	size_t n = 0;
	int r = 0;

	for (unsigned int i = 0; i < images->n && r == 0; i++) {
		const struct lab_image *image = &images->list[i];

		for (unsigned int l = 0; l < image->n_layers && r == 0; l++) {
			r = lab_image_root(image->layers[l].id, path, err);
			trees[n] = r < 0 ? r : lab_mount_tree(path, err);
			r = LAB_MIN(trees[n], 0);
			n++;
		}
	}
	return r;
}

static int place_images(struct lab_keeper *k, const int *trees, struct lab_err *err)
{
	const struct lab_images *images = &k->images;
	size_t n = 0;
	int r = 0;

	for (unsigned int i = 0; i < images->n; i++) {
		const struct lab_image *image = &images->list[i];

		k->setup.images[i] = (struct lab_spawn_image){ .n_layers = image->n_layers,
							       .machine = image->machine };
		for (unsigned int l = 0; l < image->n_layers && r == 0; l++) {
			char target[32];

			(void)snprintf(target, sizeof(target), "i%u.%u", i, l);
			if (mkdir(target, 0755) < 0)
				r = lab_err_errno(err, errno, "mkdir %s in the template", target);
			if (r == 0)
				r = lab_mount_attach(trees[n++], target, err);
			if (r == 0)
				r = lab_mount_read_only(target, err);
		}
	}
	return r;
}

/*
 * Overlayfs does not take a layer that lies in another one, and the store of images is usually one of the machine's directories. Seen through
 * an overlay of its own the machine is another file system.
 */
static int make_views(const struct lab_keeper *k, bool userns, struct lab_err *err)
{
	char options[64], target[32], number[12] = "";
	bool needed = false;
	int r = 0;

	for (unsigned int i = 0; i < k->images.n; i++)
		needed |= k->images.list[i].machine;
	if (!needed)
		return 0;
	if (mkdir("empty", 0755) < 0)
		return lab_err_errno(err, errno, "mkdir empty in the template");
	for (uint32_t n = 0; n <= k->setup.n_submounts && r == 0; n++) {
		if (n && k->setup.whole[n - 1])
			continue;
		if (n)
			(void)snprintf(number, sizeof(number), "%u", n);
		(void)snprintf(target, sizeof(target), "view%u", n);
		(void)snprintf(options, sizeof(options), "lowerdir=lower%s:empty%s", number,
			       userns ? ",userxattr" : "");
		if (mkdir(target, 0755) < 0)
			r = lab_err_errno(err, errno, "mkdir %s in the template", target);
		if (r == 0)
			r = lab_mount("netlab", target, "overlay", MS_RDONLY, options, err);
	}
	return r;
}

/*
 * The keeper's view of the lab's processes. It is not attached anywhere, so that no host copies it; but the kernel lets a user
 * namespace mount proc and sysfs only beside ones that are wholly visible.
 */
static int make_kernel_mounts(struct lab_keeper *k, bool userns, struct lab_err *err)
{
	int r;

	k->proc = lab_mount_new("proc", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
				err);
	if (k->proc < 0 || !userns)
		return k->proc < 0 ? k->proc : 0;
	if (mkdir("proc", 0755) < 0 || mkdir("sys", 0755) < 0)
		return lab_err_errno(err, errno, "mkdir proc or sys in the template");
	r = lab_mount_attach(k->proc, "proc", err);
	return r < 0 ? r : lab_mount("sysfs", "sys", "sysfs", SAFE, NULL, err);
}

static int build(struct lab_keeper *k, bool userns, int lower, struct submount *subs,
		 unsigned int n, const int *trees, struct lab_err *err)
{
	static const char *const dirs[] = { "lower", "layer", "ilayer", "dev", "up", "m", NULL };
	int r;

	r = lab_mount("netlab", WORK_DIR, "tmpfs", MS_NOSUID, "mode=0755", err);
	if (r < 0)
		return r;
	if (chdir(WORK_DIR) < 0)
		return lab_err_errno(err, errno, "chdir " WORK_DIR);
	r = make_dirs(dirs, 0755, err);
	if (r < 0)
		return r;
	r = userns ? make_skeleton(err) : lab_mount_attach(lower, "lower", err);
	if (r == 0 && !userns)
		r = lab_mount_read_only("lower", err);
	if (r < 0)
		return r;
	r = make_layer(k, "layer", userns, err);
	if (r == 0 && k->images.n)
		r = make_layer(k, "ilayer", userns, err);
	if (r < 0)
		return r;
	if (k->images.n) {
		r = place_images(k, trees, err);
		if (r < 0)
			return r;
	}
	r = place_submounts(k, subs, n, err);
	if (r == 0)
		r = make_views(k, userns, err);
	if (r < 0)
		return r;
	r = make_dev(err);
	if (r < 0)
		return r;
	return make_kernel_mounts(k, userns, err);
}

int lab_keeper_template(struct lab_keeper *k, bool userns, struct lab_err *err)
{
	cleanup_free int *trees = malloc(TREES_MAX * sizeof(*trees));
	struct submount subs[LAB_SPAWN_SUBMOUNTS_MAX];
	cleanup_close int lower = -1;
	unsigned int n = 0;
	mode_t mask;
	int r;

	if (!trees)
		return lab_err_errno(err, ENOMEM, "template of the hosts' roots");
	for (size_t i = 0; i < LAB_ARRAY_SIZE(subs); i++)
		subs[i].tree = -1;
	for (size_t i = 0; i < TREES_MAX; i++)
		trees[i] = -1;
	k->setup.userxattr = userns;
	if (chdir("/") < 0)
		return lab_err_errno(err, errno, "chdir /");
	r = lab_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL, err);
	if (r < 0)
		return r;
	r = lab_keeper_spawner_start(k, err);
	if (r < 0)
		return r;
	if (userns) {
		r = find_pieces(subs, &n, err);
	} else {
		lower = lab_mount_tree("/", err);
		r = lower < 0 ? lower : 0;
	}
	if (r == 0)
		r = find_submounts(subs, &n, err);
	if (r == 0)
		r = image_trees(&k->images, trees, err);
	mask = umask(0);
	if (r == 0)
		r = build(k, userns, lower, subs, n, trees, err);
	(void)umask(mask);
	for (size_t i = 0; i < LAB_ARRAY_SIZE(subs); i++)
		close_fd(&subs[i].tree);
	for (size_t i = 0; i < TREES_MAX; i++)
		close_fd(&trees[i]);
	if (r < 0)
		return lab_err_prefix(err, r, "template of the hosts' roots: ");
	/* The spawner must be executed and linked before its files go out of sight; then it follows us to the new root. */
	r = lab_keeper_spawner_wait(k, err);
	if (r < 0)
		return r;
	r = lab_mount_pivot(WORK_DIR, err);
	return r < 0 ? r : lab_keeper_spawner_setup(k, err);
}
