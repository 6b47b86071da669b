/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.c - the method `config.write`: settings of the kernel below /proc and /sys */
#include "slave-image/agent/config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "netlab/base/util.h"
#include "slave-image/agent/agent_internal.h"

/* Open what is below a folder and stays there; links of the kind /proc/self/root are not followed at all. */
static int open_below(const char *root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	cleanup_close int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int fd = -1;
	struct stat st;

	if (dir < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	return take_fd(&fd);
}

static const char *below(const char *path, const char **ret_root)
{
	static const char *const roots[] = { "/proc", "/sys" };
	size_t i, len;

	for (i = 0; i < LAB_ARRAY_SIZE(roots); i++) {
		len = strlen(roots[i]);
		if (strncmp(path, roots[i], len) != 0 || path[len] != '/')
			continue;
		*ret_root = roots[i];
		for (path += len; *path == '/'; path++)
			;
		return *path ? path : NULL;
	}
	return NULL;
}

static bool get(const char *root, const char *rest, char buf[AGT_CONFIG_MAX])
{
	cleanup_close int fd = open_below(root, rest, O_RDONLY);
	size_t len = 0;
	ssize_t n = 1;

	while (fd >= 0 && n > 0 && len < AGT_CONFIG_MAX) {
		n = read(fd, buf + len, AGT_CONFIG_MAX - len);
		if (n > 0)
			len += (size_t)n;
	}
	if (fd < 0 || n != 0 || memchr(buf, '\0', len))
		return false;
	while (len && strchr(" \t\r\n", buf[len - 1]))
		len--;
	buf[len] = '\0';
	return true;
}

static int put(int fd, const char *path, const char *value, struct lab_err *err)
{
	cleanup_strbuf struct lab_strbuf line = LAB_STRBUF_INIT;
	ssize_t n;

	lab_strbuf_puts(&line, value);
	lab_strbuf_putc(&line, '\n');
	if (line.error)
		return lab_err_errno(err, -line.error, "%s", path);
	/* The kernel takes a setting in one piece. */
	n = write(fd, line.data, line.len);
	if (n < 0)
		return lab_err_errno(err, errno, "%s: the kernel refuses \"%.60s\"", path, value);
	if ((size_t)n < line.len)
		return lab_err_set(err, EINVAL, "%s: the kernel takes only a part of \"%.60s\"",
				   path, value);
	return 0;
}

static int explain(const char *path, int code, struct lab_err *err)
{
	switch (code) {
	case EXDEV:
	case ELOOP:
		return lab_err_set(err, EINVAL, "%s leads out of /proc and /sys", path);
	case EROFS:
		return lab_err_errno(
			err, code,
			"%s is the machine's, not the host's: a host can write below /proc/sys/net and"
			" /sys/devices/virtual/net",
			path);
	default:
		return lab_err_errno(err, code, "%s cannot be written", path);
	}
}

int agt_config_write(const char *path, const char *value, char previous[AGT_CONFIG_MAX],
		     bool *ret_known, struct lab_err *err)
{
	const char *root = NULL, *rest = below(path, &root);
	cleanup_close int fd = -1;
	char before[AGT_CONFIG_MAX];
	bool known;
	int r;

	/* The text is LNST's. */
	if (!rest)
		return lab_err_set(err, EINVAL,
				   "Wrong config option %s. Only /proc or /sys paths are allowed.",
				   path);
	if (strlen(value) >= AGT_CONFIG_MAX - 1)
		return lab_err_set(err, EINVAL, "%s: a value of more than %u bytes", path,
				   AGT_CONFIG_MAX - 2);
	fd = open_below(root, rest, O_WRONLY | O_TRUNC);
	if (fd < 0)
		return explain(path, -fd, err);
	known = get(root, rest, before);
	r = put(fd, path, value, err);
	if (r < 0)
		return r;
	*ret_known = known;
	if (known)
		memcpy(previous, before, sizeof(before));
	return 0;
}

static int write_one(const json_t *params, json_t **ret, struct lab_err *err)
{
	char previous[AGT_CONFIG_MAX];
	const char *path, *value;
	json_error_t je;
	bool known;
	int r;

	if (json_unpack_ex((json_t *)params, &je, 0, "{s:s, s:s !}", "path", &path, "value",
			   &value) < 0)
		return lab_err_set(err, EINVAL, "config.write: %s", je.text);
	r = agt_config_write(path, value, previous, &known, err);
	if (r < 0)
		return r;
	/* Not there as well when it is no UTF-8: it cannot be told. */
	*ret = json_pack("{s:o*}", "previous", known ? json_string(previous) : NULL);
	return *ret ? 0 : lab_err_errno(err, ENOMEM, "config.write");
}

void agt_config_method(struct agt *a, struct lab_rpc_req *req)
{
	json_t *result = NULL;
	struct lab_err err;

	if (write_one(req->params, &result, &err) < 0)
		(void)lab_rpc_reply_err(a->rpc, req->id, &err);
	else
		(void)lab_rpc_reply(a->rpc, req->id, result, NULL, 0);
}
