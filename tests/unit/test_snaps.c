/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_snaps.c - unit tests of netlab/backend/snaps.h: names, what lies on what, what may go */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/backend/snaps.h"
#include "tests/unit/scratch.h"

struct fixture {
	struct lab_engine_host host;
	char dir[SCRATCH_STRLEN];
	json_t *snaps;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	*state = f;
	scratch_make(f->dir);
	f->host.dir = f->dir;
	f->host.kept = json_object();
	f->snaps = lab_snaps_get(&f->host);
	assert_non_null(f->snaps);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	json_decref(f->snaps);
	json_decref(f->host.kept);
	scratch_remove(f->dir);
	free(f);
	return 0;
}

static json_int_t add(struct fixture *f, const char *name)
{
	struct lab_err err;
	json_int_t id = 0;

	assert_int_equal(lab_snaps_add(f->snaps, name, &id, &err), 0);
	return id;
}

static json_t *find(const struct fixture *f, const char *name)
{
	struct lab_err err;
	json_t *snap = NULL;

	assert_int_equal(lab_snaps_find(f->snaps, name, &snap, &err), 0);
	return snap;
}

static void go_to(struct fixture *f, const char *name)
{
	lab_snaps_set_base(f->snaps, find(f, name));
}

/* Names in their order, with a star for the current one. */
static void listed(const struct fixture *f, const char *want)
{
	json_t *ret = json_object(), *one;
	char got[256] = "";
	size_t i, len = 0;

	lab_snaps_list(f->snaps, ret);
	json_array_foreach(json_object_get(ret, "snapshots"), i, one) {
		assert_true(json_integer_value(json_object_get(one, "created")) > 0);
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%s ",
					json_string_value(json_object_get(one, "name")),
					json_is_true(json_object_get(one, "current")) ? "*" : "");
	}
	json_decref(ret);
	assert_string_equal(got, want);
}

static void names_have_their_order(void **state)
{
	struct fixture *f = *state;

	listed(f, "");
	assert_int_equal(add(f, "b"), 1);
	assert_int_equal(add(f, "a"), 2);
	listed(f, "b a ");
	go_to(f, "b");
	listed(f, "b* a ");
}

static void they_are_kept(void **state)
{
	struct fixture *f = *state;
	json_t *ret = json_object();
	struct lab_err err;

	(void)add(f, "a");
	assert_int_equal(json_object_set_new(ret, "keep", json_pack("{s:s}", "id", "x")), 0);
	assert_int_equal(lab_snaps_keep(f->snaps, ret, &err), 0);
	assert_string_equal(json_string_value(json_object_get(json_object_get(ret, "keep"), "id")),
			    "x");
	assert_int_equal(json_object_update(f->host.kept, json_object_get(ret, "keep")), 0);
	json_decref(ret);
	json_decref(f->snaps);
	f->snaps = lab_snaps_get(&f->host);
	listed(f, "a ");
	/* It is a copy: an operation that fails has changed nothing. */
	(void)add(f, "b");
	assert_int_equal(json_array_size(
				 json_object_get(json_object_get(f->host.kept, "snaps"), "list")),
			 1);
}

static void refused(struct fixture *f, const char *name, int code, const char *message)
{
	struct lab_err err;
	json_int_t id = 7;

	assert_int_equal(lab_snaps_add(f->snaps, name, &id, &err), -code);
	assert_string_equal(err.msg, message);
	assert_int_equal(id, 7);
}

static void names_are_checked(void **state)
{
	struct fixture *f = *state;
	char name[70];

	(void)add(f, "a");
	refused(f, NULL, EINVAL, "name must be there, as text");
	refused(f, "a", EEXIST, "it has a snapshot \"a\" already");
	refused(f, "a/b", EINVAL,
		"\"a/b\" is no name of a snapshot: letters, digits, '-', '_' and '.', at most 64, the first a letter or digit");
	refused(f, "", EINVAL,
		"\"\" is no name of a snapshot: letters, digits, '-', '_' and '.', at most 64, the first a letter or digit");
	refused(f, ".a", EINVAL,
		"\".a\" is no name of a snapshot: letters, digits, '-', '_' and '.', at most 64, the first a letter or digit");
	memset(name, 'n', 64);
	name[64] = '\0';
	(void)add(f, name);
	for (int i = 2; i < (int)LAB_SNAPS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		(void)add(f, name);
	}
	refused(f, "more", ENOSPC, "it has 64 snapshots already");
}

static void the_nearest_name_is_told(void **state)
{
	struct fixture *f = *state;
	struct lab_err err;
	json_t *snap = NULL;

	(void)add(f, "first");
	assert_int_equal(lab_snaps_find(f->snaps, "frist", &snap, &err), -ENOENT);
	assert_string_equal(err.msg, "it has no snapshot \"frist\"; did you mean \"first\"?");
	assert_int_equal(lab_snaps_find(f->snaps, "other", &snap, &err), -ENOENT);
	assert_string_equal(err.msg, "it has no snapshot \"other\"");
	assert_int_equal(lab_snaps_find(f->snaps, "", &snap, &err), -ENOENT);
	assert_int_equal(lab_snaps_find(f->snaps, NULL, &snap, &err), -EINVAL);
}

static void a_name_can_change(void **state)
{
	struct fixture *f = *state;
	struct lab_err err;

	(void)add(f, "a");
	(void)add(f, "b");
	assert_int_equal(lab_snaps_rename(f->snaps, "a", "b", &err), -EEXIST);
	assert_int_equal(lab_snaps_rename(f->snaps, "c", "d", &err), -ENOENT);
	assert_int_equal(lab_snaps_rename(f->snaps, "a", "c", &err), 0);
	listed(f, "c b ");
}

/* Deletes by name, and returns which ids went. */
static int note(json_int_t id, void *user, struct lab_err *err)
{
	char *text = user;

	(void)err;
	(void)snprintf(text + strlen(text), 32, "%lld ", (long long)id);
	return 0;
}

static void deletes(struct fixture *f, const char *name, bool layers, const char *want)
{
	char gone[256] = "";
	struct lab_err err;

	assert_int_equal(json_object_set_new(find(f, name), "name", json_string("")), 0);
	assert_int_equal(lab_snaps_drop(f->snaps, layers, note, gone, &err), 0);
	assert_string_equal(gone, want);
}

static void a_layer_stays_while_something_lies_on_it(void **state)
{
	struct fixture *f = *state;

	(void)add(f, "a");
	go_to(f, "a");
	(void)add(f, "b"); /* on a */
	go_to(f, "b");
	(void)add(f, "c"); /* on b */
	deletes(f, "a", true, "");
	listed(f, "b* c ");
	deletes(f, "b", true, ""); /* the host goes on from it */
	listed(f, "c ");
	go_to(f, "c");
	deletes(f, "c", true, "");
	listed(f, "");
}

static void a_chain_goes_as_a_whole(void **state)
{
	struct fixture *f = *state;

	(void)add(f, "base");
	(void)add(f, "a");
	go_to(f, "a");
	(void)add(f, "b");
	deletes(f, "a", true, "");
	go_to(f, "base");
	deletes(f, "b", true, "3 2 "); /* and with it a, which nothing else needs */
	listed(f, "base* ");
}

static void images_need_no_others(void **state)
{
	struct fixture *f = *state;

	(void)add(f, "a");
	go_to(f, "a");
	(void)add(f, "b");
	go_to(f, "b");
	deletes(f, "a", false, "1 ");
	deletes(f, "b", false, ""); /* in use */
}

static int busy(json_int_t id, void *user, struct lab_err *err)
{
	(void)user;
	return id == 1 ? lab_err_set(err, EBUSY, "one is busy") : 0;
}

static void what_cannot_go_stays(void **state)
{
	struct fixture *f = *state;
	struct lab_err err;

	(void)add(f, "a");
	(void)add(f, "b");
	assert_int_equal(json_object_set_new(find(f, "a"), "name", json_string("")), 0);
	assert_int_equal(json_object_set_new(find(f, "b"), "name", json_string("")), 0);
	assert_int_equal(lab_snaps_drop(f->snaps, true, busy, NULL, &err), -EBUSY);
	assert_string_equal(err.msg, "one is busy");
	assert_int_equal(json_array_size(json_object_get(f->snaps, "list")), 1);
}

static void a_layer_is_a_copy(void **state)
{
	struct fixture *f = *state;
	char path[SCRATCH_STRLEN + 32];
	struct stat st;
	struct lab_err err;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/upper", f->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/upper/file", f->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, "text", 4), 4);
	(void)close(fd);
	assert_int_equal(lab_snaps_copy_layer(&f->host, add(f, "a"), &err), 0);
	(void)snprintf(path, sizeof(path), "%s/s1/upper/file", f->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 4);
	/* Not twice; what is there stays. */
	assert_int_equal(lab_snaps_copy_layer(&f->host, 1, &err), -EEXIST);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(json_object_set_new(find(f, "a"), "name", json_string("")), 0);
	assert_int_equal(lab_snaps_drop_layers(&f->host, f->snaps, &err), 0);
	assert_int_equal(stat(path, &st), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_have_their_order),  TEST(they_are_kept),
		TEST(names_are_checked),       TEST(the_nearest_name_is_told),
		TEST(a_name_can_change),       TEST(a_layer_stays_while_something_lies_on_it),
		TEST(a_chain_goes_as_a_whole), TEST(images_need_no_others),
		TEST(what_cannot_go_stays),    TEST(a_layer_is_a_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
