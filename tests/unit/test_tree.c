/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_tree.c - unit tests of folders on their way to a host: names, digests, reading */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/base/util.h"
#include "netlab/keeper/client.h"
#include "netlab/rpc/tree.h"
#include "tests/unit/scratch.h"

static void names_stay_in_their_folder(void **state)
{
	static const char *const good[] = {
		"a", "a/b", ".hidden", "a/..b", "a..", "a b", "\xc3\xa4"
	};
	static const char *const bad[] = { "",     "/",    "/a",    "a/",     "a//b", ".",    "..",
					   "../a", "a/..", "a/./b", "a/../b", "a\nb", "a\x7f" };
	char longest[LAB_TREE_PATH_MAX + 2];
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(good); i++)
		assert_true(lab_tree_path_valid(good[i]));
	for (i = 0; i < LAB_ARRAY_SIZE(bad); i++)
		assert_false(lab_tree_path_valid(bad[i]));
	memset(longest, 'a', sizeof(longest));
	longest[LAB_TREE_NAME_MAX + 1] = '\0';
	assert_false(lab_tree_path_valid(longest));
	longest[LAB_TREE_NAME_MAX] = '\0';
	assert_true(lab_tree_path_valid(longest));
	for (i = 0; i < LAB_TREE_PATH_MAX; i++)
		longest[i] = i % 2 ? '/' : 'a';
	longest[LAB_TREE_PATH_MAX] = '\0';
	assert_true(lab_tree_path_valid(longest));
	longest[LAB_TREE_PATH_MAX] = '/';
	longest[LAB_TREE_PATH_MAX + 1] = '\0';
	assert_false(lab_tree_path_valid(longest));
}

static void digest_is_of_names_modes_and_contents(void **state)
{
	struct lab_tree_file files[2] = { { .path = "a" }, { .path = "b", .exec = true } };
	char digest[LAB_DIGEST_STRLEN], other[LAB_DIGEST_STRLEN], expected[LAB_DIGEST_STRLEN];
	char text[512];

	(void)state;
	lab_digest_mem("1", 1, files[0].digest);
	lab_digest_mem("2", 1, files[1].digest);
	(void)snprintf(text, sizeof(text), "- %s a\nx %s b\n", files[0].digest, files[1].digest);
	lab_digest_mem(text, strlen(text), expected);
	assert_int_equal(lab_tree_digest(files, 2, digest), 0);
	assert_string_equal(digest, expected);
	files[0].exec = true;
	assert_int_equal(lab_tree_digest(files, 2, other), 0);
	assert_string_not_equal(digest, other);
	files[1].path = "a";
	assert_int_equal(lab_tree_digest(files, 2, other), -EINVAL);
	files[1].path = "Z";
	assert_int_equal(lab_tree_digest(files, 2, other), -EINVAL);
	assert_int_equal(lab_tree_digest(NULL, 0, other), 0);
}

/* --- reading --- */

static void write_file(const char *dir, const char *name, const char *text, mode_t mode)
{
	char path[SCRATCH_STRLEN + 64];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

static int setup(void **state)
{
	char *dir = calloc(1, SCRATCH_STRLEN);
	char path[SCRATCH_STRLEN + 64];

	assert_non_null(dir);
	scratch_make(dir);
	(void)snprintf(path, sizeof(path), "%s/sub", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/.git", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	write_file(dir, "z", "last", 0644);
	write_file(dir, "run", "#!/bin/sh\n", 0755);
	write_file(dir, "sub/.x", "hidden", 0600);
	write_file(dir, ".git/config", "not sent", 0600);
	*state = dir;
	return 0;
}

static int teardown(void **state)
{
	scratch_remove(*state);
	free(*state);
	return 0;
}

static void all_files_of_a_folder_are_read(void **state)
{
	char path[SCRATCH_STRLEN + 64], digest[LAB_DIGEST_STRLEN];
	const char *dir = *state;
	struct lab_tree tree;
	struct lab_err err;

	(void)snprintf(path, sizeof(path), "%s/link", dir);
	assert_int_equal(symlink("sub/.x", path), 0);
	assert_int_equal(lab_tree_read(dir, &tree, &err), 0);
	assert_int_equal(tree.n_files, 4);
	assert_string_equal(tree.files[0].path, "link");
	assert_string_equal(tree.files[1].path, "run");
	assert_string_equal(tree.files[2].path, "sub/.x");
	assert_string_equal(tree.files[3].path, "z");
	assert_true(tree.files[1].exec && !tree.files[0].exec && !tree.files[3].exec);
	assert_string_equal(tree.files[0].digest, tree.files[2].digest);
	assert_non_null(strstr(tree.sources[3].path, "/z"));
	memcpy(digest, tree.digest, sizeof(digest));
	lab_tree_fini(&tree);
	write_file(dir, "z", "other", 0644);
	assert_int_equal(lab_tree_read(dir, &tree, &err), 0);
	assert_string_not_equal(tree.digest, digest);
	lab_tree_fini(&tree);
	assert_int_equal(tree.n_files, 0);
}

static void refused(const char *dir, int code, const char *text)
{
	struct lab_tree tree;
	struct lab_err err;

	assert_int_equal(lab_tree_read(dir, &tree, &err), -code);
	assert_non_null(strstr(err.msg, text));
	lab_tree_fini(&tree);
}

static void what_leads_out_of_the_folder_is_refused(void **state)
{
	static const struct {
		const char *target, *text;
		int code;
	} t[] = {
		{ "/etc/passwd", "link: a symbolic link out of the folder", EINVAL },
		{ "../../../../../../etc/passwd", "link: a symbolic link out of the folder",
		  EINVAL },
		{ "sub", "link: neither a file nor a folder", EINVAL },
		{ "nowhere", "link: No such file or directory", ENOENT },
		{ "link", "link: ", ELOOP },
	};
	char path[SCRATCH_STRLEN + 64];
	const char *dir = *state;
	size_t i;

	(void)snprintf(path, sizeof(path), "%s/link", dir);
	for (i = 0; i < LAB_ARRAY_SIZE(t); i++) {
		assert_int_equal(symlink(t[i].target, path), 0);
		refused(dir, t[i].code, t[i].text);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(dir, EINVAL, "link: neither a file nor a folder");
	assert_int_equal(unlink(path), 0);
	refused("/nowhere/at/all", ENOENT, "/nowhere/at/all");
}

static void too_much_is_refused(void **state)
{
	char path[SCRATCH_STRLEN + 64], name[32];
	const char *dir = *state;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		(void)snprintf(path, sizeof(path), "%s/big%u", dir, i);
		write_file(dir, strrchr(path, '/') + 1, "", 0600);
		assert_int_equal(truncate(path, (off_t)LAB_FILE_MAX), 0);
	}
	refused(dir, EFBIG, "more than 268435456 bytes");
	for (i = 0; i < 5; i++) {
		(void)snprintf(path, sizeof(path), "%s/big%u", dir, i);
		assert_int_equal(unlink(path), 0);
	}
	for (i = 0; i <= LAB_TREE_FILES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "f%u", i);
		write_file(dir, name, "", 0600);
	}
	refused(dir, EFBIG, "more than 4096 files");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_stay_in_their_folder),
		cmocka_unit_test(digest_is_of_names_modes_and_contents),
		TEST(all_files_of_a_folder_are_read),
		TEST(what_leads_out_of_the_folder_is_refused),
		TEST(too_much_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
