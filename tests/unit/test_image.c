/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_image.c - unit tests of slave-image/image and netlab/ns/image.c: names, links and archives, and the store */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/base/files.h"
#include "netlab/base/util.h"
#include "slave-image/image/path.h"
#include "slave-image/image/store.h"
#include "slave-image/image/tar.h"
#include "slave-image/image/tree.h"

static char dir[] = "/tmp/netlab-test-image.XXXXXX";

static void names_stay_in_the_tree(LAB_UNUSED void **state)
{
	static const struct {
		const char *path, *said;
	} cases[] = {
		{ "etc/passwd", NULL },
		{ "./etc//passwd/", NULL },
		{ ".", NULL },
		{ "...", NULL },
		{ "a/..b", NULL },
		{ "", "an empty name" },
		{ "/etc", "an absolute name" },
		{ "..", "a name with \"..\"" },
		{ "a/../b", "a name with \"..\"" },
		{ "a/..", "a name with \"..\"" },
	};
	struct lab_err err;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		int r = img_path_check(cases[i].path, &err);

		assert_int_equal(r, cases[i].said ? -EINVAL : 0);
		if (cases[i].said)
			assert_string_equal(err.msg, cases[i].said);
	}
}

static void a_name_has_bounds(LAB_UNUSED void **state)
{
	char path[5000] = "";
	struct lab_err err;

	memset(path, 'a', 256);
	assert_int_equal(img_path_check(path, &err), -EINVAL);
	assert_string_equal(err.msg, "a part of the name is longer than 255 bytes");
	for (size_t i = 0; i < 2 * IMG_DEPTH_MAX + 2; i += 2)
		memcpy(path + i, "a/", 3);
	assert_int_equal(img_path_check(path, &err), -EINVAL);
	assert_string_equal(err.msg, "more than 200 directories in one another");
	path[2 * IMG_DEPTH_MAX] = '\0';
	assert_int_equal(img_path_check(path, &err), 0);
	memset(path, 'a', sizeof(path) - 1);
	assert_int_equal(img_path_check(path, &err), -EINVAL);
	assert_string_equal(err.msg, "the name is longer than 4095 bytes");
}

static void links_stay_in_the_tree(LAB_UNUSED void **state)
{
	static const struct {
		const char *path, *target;
		bool good;
	} cases[] = {
		{ "a", "b", true },
		{ "a", "/usr/lib", true },
		{ "bin/sh", "../usr/bin/sh", true },
		{ "./bin//sh", "../usr/bin/sh", true },
		{ "a", "b/..", true },
		{ "a", "../b", false },
		{ "a/b", "../../c", false },
		{ "a/b", "c/../../../d", false },
		{ "a", "/..", false },
		{ "a", "", false },
	};

	for (size_t i = 0; i < LAB_ARRAY_SIZE(cases); i++)
		assert_int_equal(img_link_check(cases[i].path, cases[i].target, NULL),
				 cases[i].good ? 0 : -EINVAL);
}

static void what_is_counted_has_bounds(LAB_UNUSED void **state)
{
	struct img_count count = { 0 };
	struct lab_err err;

	assert_int_equal(img_count_add(&count, IMG_ENTRIES_MAX, IMG_BYTES_MAX, &err), 0);
	assert_int_equal(img_count_add(&count, 0, 1, &err), -EFBIG);
	assert_string_equal(err.msg, "an image has at most 64 GiB of files");
	assert_int_equal(img_count_add(&count, 0, UINT64_MAX, &err), -EFBIG);
	assert_int_equal(img_count_add(&count, 1, 0, &err), -EFBIG);
	assert_string_equal(err.msg, "an image has at most 2000000 files");
}

static void names_of_images_are_checked(LAB_UNUSED void **state)
{
	static const char *const good[] = { "a", "debian-12.1", "A_b", "0123abc" };
	static const char *const bad[] = { "",    ".a",  "-a",      "a/b",
					   "a:b", "a b", "machine", "0123abcd" };

	for (size_t i = 0; i < LAB_ARRAY_SIZE(good); i++)
		assert_int_equal(lab_image_name_check(good[i], NULL), 0);
	for (size_t i = 0; i < LAB_ARRAY_SIZE(bad); i++)
		assert_int_equal(lab_image_name_check(bad[i], NULL), -EINVAL);
}

/* An image with one file. */
static void add(const char *name, const char *file, const char *below, struct img_about *a)
{
	struct img_scratch s = IMG_SCRATCH_INIT;
	cleanup_close int fd = -1;

	*a = (struct img_about){ .created_s = 0 };
	(void)snprintf(a->name, sizeof(a->name), "%s", name);
	(void)snprintf(a->base, sizeof(a->base), "test");
	(void)snprintf(a->below, sizeof(a->below), "%s", below);
	assert_int_equal(img_scratch_new(&s, NULL), 0);
	fd = openat(s.root, file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(img_scratch_commit(&s, a, NULL), 0);
	assert_int_equal(s.dir, -1);
}

static void the_same_files_are_one_image(LAB_UNUSED void **state)
{
	struct img_about a, b, c;

	add("one", "file", "", &a);
	add("two", "file", "", &b);
	add("three", "other", "", &c);
	assert_string_equal(a.id, b.id);
	assert_string_not_equal(a.id, c.id);
	assert_int_equal(img_remove("one", NULL), 0);
	assert_int_equal(lab_image_find("one", a.id, NULL), -ENOENT);
	assert_int_equal(lab_image_find("two", a.id, NULL), 0);
	assert_int_equal(img_remove(a.id, NULL), 0);
	assert_int_equal(lab_image_find("two", a.id, NULL), -ENOENT);
	assert_int_equal(img_remove("three", NULL), 0);
}

static void an_image_in_use_stays(LAB_UNUSED void **state)
{
	struct lab_image image;
	struct img_about a, b;
	struct lab_err err;

	add("low", "file", "", &a);
	add("high", "more", a.id, &b);
	assert_int_equal(img_remove("low", &err), -EBUSY);
	assert_non_null(strstr(err.msg, ": high lies on it"));
	assert_int_equal(lab_image_open("high", &image, &err), 0);
	assert_int_equal(image.n_layers, 2);
	assert_string_equal(image.layers[0].id, b.id);
	assert_string_equal(image.layers[1].id, a.id);
	assert_false(image.machine);
	assert_int_equal(img_remove("high", &err), -EBUSY);
	assert_non_null(strstr(err.msg, ": a lab uses it"));
	lab_image_close(&image);
	assert_int_equal(img_remove("high", &err), 0);
	assert_int_equal(img_remove("low", &err), 0);
}

static void what_a_killed_builder_left_is_swept(LAB_UNUSED void **state)
{
	struct img_scratch mine = IMG_SCRATCH_INIT, next = IMG_SCRATCH_INIT;
	char path[128];

	assert_int_equal(img_scratch_new(&mine, NULL), 0);
	(void)snprintf(path, sizeof(path), "%s/scratch/dead", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(img_scratch_new(&next, NULL), 0);
	assert_int_equal(access(path, F_OK), -1);
	(void)snprintf(path, sizeof(path), "%s/scratch/%s", dir, mine.name);
	assert_int_equal(access(path, F_OK), 0);
	img_scratch_fini(&mine);
	img_scratch_fini(&next);
	assert_int_equal(access(path, F_OK), -1);
}

static void a_damaged_archive_is_refused(LAB_UNUSED void **state)
{
	static const char junk[] = "this is no archive at all";
	struct img_scratch s = IMG_SCRATCH_INIT;
	struct img_count count = { 0 };
	struct lab_err err;
	int pair[2];

	assert_int_equal(img_scratch_new(&s, NULL), 0);
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	assert_int_equal(write(pair[1], junk, sizeof(junk)), sizeof(junk));
	(void)close(pair[1]);
	assert_int_equal(img_tar_import(pair[0], "x.tar", s.root, &count, &err), -EINVAL);
	assert_ptr_equal(strstr(err.msg, "x.tar: "), err.msg);
	(void)close(pair[0]);
	img_scratch_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_stay_in_the_tree),
		cmocka_unit_test(a_name_has_bounds),
		cmocka_unit_test(links_stay_in_the_tree),
		cmocka_unit_test(what_is_counted_has_bounds),
		cmocka_unit_test(names_of_images_are_checked),
		cmocka_unit_test(the_same_files_are_one_image),
		cmocka_unit_test(an_image_in_use_stays),
		cmocka_unit_test(what_a_killed_builder_left_is_swept),
		cmocka_unit_test(a_damaged_archive_is_refused),
	};
	int r;

	if (!mkdtemp(dir) || setenv("NETLAB_IMAGES", dir, 1) < 0)
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	(void)lab_files_remove(AT_FDCWD, dir);
	return r;
}
