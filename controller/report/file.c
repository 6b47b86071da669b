/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file.c - the files that a report writes at its end: all of it or nothing */
#include "controller/report/file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/base/util.h"

static int cannot(const struct ctl_report_file *file, int r, struct lab_err *err)
{
	return lab_err_errno(err, -r, "%s: cannot be written", file->path);
}

/* A new file beside the one to be written; the caller closes it and frees its name. */
static int open_beside(const struct ctl_report_file *file, char **ret_name)
{
	cleanup_free char *name = NULL;
	int fd;

	if (asprintf(&name, "%s.XXXXXX", file->real) < 0) {
		name = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_name = take_ptr(&name);
	return fd;
}

static int try_it(struct ctl_report_file *file)
{
	cleanup_free char *name = NULL;
	cleanup_close int fd = -1;
	struct stat st;
	mode_t mask;

	mask = umask(0);
	(void)umask(mask);
	file->mode = 0666u & ~mask;
	if (stat(file->path, &st) < 0) {
		if (errno != ENOENT)
			return -errno;
		file->real = strdup(file->path);
	} else {
		if (S_ISDIR(st.st_mode))
			return -EISDIR;
		file->direct = !S_ISREG(st.st_mode);
		if (access(file->path, W_OK) < 0)
			return -errno;
		if (file->direct)
			return 0;
		file->mode = st.st_mode & 0777u;
		file->real = realpath(file->path, NULL);
	}
	if (!file->real)
		return -ENOMEM;
	fd = open_beside(file, &name);
	if (fd < 0)
		return fd;
	return unlink(name) < 0 ? -errno : 0;
}

int ctl_report_file_open(struct ctl_report_file *file, const char *path, struct lab_err *err)
{
	int r;

	*file = (struct ctl_report_file){ .path = path };
	r = *path ? try_it(file) : -ENOENT;
	if (r < 0) {
		(void)cannot(file, r, err);
		ctl_report_file_close(file);
	}
	return r;
}

void ctl_report_file_close(struct ctl_report_file *file)
{
	free(file->real);
	*file = (struct ctl_report_file){ 0 };
}

static int write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, data, len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int write_direct(const struct ctl_report_file *file, const struct lab_strbuf *sb)
{
	cleanup_close int fd = open(file->path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : write_all(fd, sb->data, sb->len);
}

static int replace(const struct ctl_report_file *file, const struct lab_strbuf *sb)
{
	cleanup_free char *name = NULL;
	int fd, r;

	fd = open_beside(file, &name);
	if (fd < 0)
		return fd;
	r = write_all(fd, sb->data, sb->len);
	if (r == 0 && fchmod(fd, (mode_t)file->mode) < 0)
		r = -errno;
	/* Some file systems tell only now that there was no room. */
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(name, file->real) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(name);
	return r;
}

int ctl_report_file_write(const struct ctl_report_file *file, enum ctl_report_format format,
			  const struct ctl_model *model, struct lab_err *err)
{
	static void (*const writers[])(const struct ctl_model *, struct lab_strbuf *) = {
		[CTL_REPORT_RESULT] = ctl_report_result,
		[CTL_REPORT_JUNIT] = ctl_report_junit,
		[CTL_REPORT_HTML] = ctl_report_html,
	};
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	int r;

	if (!file->path)
		return 0;
	writers[format](model, &sb);
	r = sb.error;
	if (r == 0)
		r = file->direct ? write_direct(file, &sb) : replace(file, &sb);
	return r < 0 ? cannot(file, r, err) : 0;
}
