/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_archive.c - unit tests of netlab/base/archive.c and files.c: streams that mean harm, and whole ones */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/base/archive.h"
#include "netlab/base/files.h"
#include "netlab/base/util.h"
#include "tests/unit/scratch.h"

static char folder[SCRATCH_STRLEN];
static const struct lab_archive_opts plain = { .mode_mask = 0777, .mode = -1, .uid = -1, .gid = -1 };

static int set_up(LAB_UNUSED void **state)
{
	scratch_make(folder);
	return chdir(folder);
}

static int tear_down(LAB_UNUSED void **state)
{
	if (chdir("/") < 0)
		return -1;
	return lab_files_remove(AT_FDCWD, folder);
}

static void put_number(uint8_t *at, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* One entry by hand. */
static void entry(int fd, char type, const char *name, const char *content)
{
	uint8_t head[LAB_ARCHIVE_HEAD] = { 'N', (uint8_t)type };

	put_number(head + 2, type == 'd' ? 0755 : 0644, 4);
	put_number(head + 22, strlen(content), 8);
	put_number(head + 30, strlen(name), 2);
	assert_int_equal(write(fd, head, sizeof(head)), sizeof(head));
	assert_int_equal(write(fd, name, strlen(name)), strlen(name));
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
}

static int stream(void)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int take(int fd, const char *path, struct lab_err *err)
{
	int r;

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	r = lab_archive_receive(fd, path, "name", &plain, err);
	(void)close(fd);
	return r;
}

static bool exists(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void names_that_lead_out_are_refused(LAB_UNUSED void **state)
{
	static const char *const names[] = { "..", "../x", "a/../../x", "/x", "a//x", "./x", "a/" };
	struct lab_err err;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(names); i++) {
		int fd = stream();

		entry(fd, 'd', "", "");
		entry(fd, 'd', "a", "");
		entry(fd, 'f', names[i], "evil");
		entry(fd, 'e', "", "");
		assert_int_equal(take(fd, "into", &err), -EBADMSG);
		assert_string_equal(err.msg, "into: what came is not whole [EBADMSG]");
		assert_false(exists("x"));
		assert_int_equal(lab_files_remove(AT_FDCWD, "into"), 0);
	}
}

static void a_link_that_came_is_not_followed(LAB_UNUSED void **state)
{
	struct lab_err err;
	int fd = stream();

	assert_int_equal(mkdir("outside", 0755), 0);
	entry(fd, 'd', "", "");
	entry(fd, 'l', "way", "../outside");
	entry(fd, 'f', "way/x", "evil");
	entry(fd, 'e', "", "");
	assert_int_equal(take(fd, "into", &err), -ELOOP);
	assert_false(exists("outside/x"));
	/* Nor one that was there before, as a directory or as a file. */
	fd = stream();
	entry(fd, 'd', "", "");
	entry(fd, 'd', "way", "");
	assert_int_equal(take(fd, "into/", &err), -EBADMSG);
	fd = stream();
	assert_int_equal(symlink("../outside/x", "into/file"), 0);
	entry(fd, 'd', "", "");
	entry(fd, 'f', "file", "good");
	entry(fd, 'e', "", "");
	assert_int_equal(rename("into", "name"), 0);
	assert_int_equal(take(fd, "./", &err), 0);
	assert_false(exists("outside/x"));
	assert_true(exists("name/file"));
}

static void what_ends_early_is_not_taken(LAB_UNUSED void **state)
{
	struct lab_err err;
	int fd = stream();

	assert_int_equal(take(fd, "empty", &err), -EBADMSG);
	assert_string_equal(err.msg, "empty: what came is not whole [EBADMSG]");
	fd = stream();
	entry(fd, 'f', "", "content");
	assert_int_equal(ftruncate(fd, LAB_ARCHIVE_HEAD + 3), 0);
	assert_int_equal(take(fd, "half", &err), -EBADMSG);
	assert_false(exists("half"));
	fd = stream();
	entry(fd, 'e', "", "");
	assert_int_equal(take(fd, "nothing", &err), -EBADMSG);
	fd = stream();
	entry(fd, 'x', "", "");
	assert_int_equal(take(fd, "kind", &err), -EBADMSG);
	fd = stream();
	entry(fd, 'f', "", "one");
	entry(fd, 'f', "below", "a file has nothing below it");
	assert_int_equal(take(fd, "file", &err), -EBADMSG);
	fd = stream();
	assert_int_equal(write(fd, "GET / HTTP/1.1\r\nHost: example\r\n\r\n", 33), 33);
	assert_int_equal(take(fd, "http", &err), -EBADMSG);
}

static void a_tree_goes_through(LAB_UNUSED void **state)
{
	char text[8] = "";
	struct lab_err err;
	struct stat st;
	int fd = stream();

	assert_int_equal(mkdir("from", 0750), 0);
	assert_int_equal(mkdir("from/sub", 0700), 0);
	assert_int_equal(symlink("nowhere", "from/sub/link"), 0);
	assert_int_equal(mkfifo("from/pipe", 0600), 0);
	assert_int_equal(close(open("from/sub/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0640)), 0);
	assert_int_equal(truncate("from/sub/file", 300000), 0);
	assert_int_equal(lab_archive_send("from", fd, &err), 0);
	assert_int_equal(take(fd, "to", &err), 0);
	assert_int_equal(stat("to/sub/file", &st), 0);
	assert_int_equal(st.st_size, 300000);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(stat("to/sub", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(readlink("to/sub/link", text, sizeof(text)), 7);
	assert_false(exists("to/pipe"));
	assert_int_equal(lab_archive_send("missing", 1, &err), -ENOENT);
	assert_string_equal(err.msg, "missing: No such file or directory [ENOENT]");
	assert_int_equal(lab_archive_send("/dev/null", 1, &err), -EINVAL);
	assert_string_equal(err.msg, "/dev/null: neither a file nor a directory");
}

static void removing_follows_no_link(LAB_UNUSED void **state)
{
	assert_int_equal(mkdir("kept", 0755), 0);
	assert_int_equal(mkdir("kept/sub", 0755), 0);
	assert_int_equal(mkdir("tree", 0755), 0);
	assert_int_equal(symlink("../kept", "tree/link"), 0);
	assert_int_equal(lab_files_remove(AT_FDCWD, "tree"), 0);
	assert_true(exists("kept/sub"));
	assert_false(exists("tree"));
	assert_int_equal(lab_files_remove(AT_FDCWD, "tree"), 0);
	assert_int_equal(symlink("kept", "link"), 0);
	assert_int_equal(lab_files_remove(AT_FDCWD, "link"), 0);
	assert_true(exists("kept/sub"));
}

int main(void)
{
#define lab_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		lab_test(names_that_lead_out_are_refused),
		lab_test(a_link_that_came_is_not_followed),
		lab_test(what_ends_early_is_not_taken),
		lab_test(a_tree_goes_through),
		lab_test(removing_follows_no_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
