/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_recipe.c - unit tests of controller/recipe/recipe.h: good and bad files */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "controller/match/match.h"
#include "controller/recipe/recipe.h"
#include "netlab/base/util.h"
#include "tests/unit/recipe_files.h"

#define DATA "tests/unit/data/recipes"

/* --- memory that runs out --------------------------------------------------------------------- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);

static unsigned int allocations, fail_at;

static bool fails(void)
{
	return fail_at && ++allocations == fail_at;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

/* --- files ------------------------------------------------------------------------------------ */

static void check_said(const char *dir, const char *name, const char *said, const char *expected)
{
	if (strcmp(said, expected) != 0)
		fail_msg("%s/%s: expected\n%ssaid\n%s", dir, name, expected, said);
}

static void check_bad(const char *dir, const char *name, const char *data, size_t len,
		      LAB_UNUSED void *user)
{
	const struct ctl_recipe_params params = { .read = recipe_files_include,
						  .user = (void *)dir };
	cleanup_free char *expected = recipe_files_read(dir, name, ".err", NULL);
	cleanup_free char *said = NULL;
	int r;

	if (!expected)
		fail_msg("%s/%s has no .err beside it", dir, name);
	said = recipe_say(name, data, len, &params, &r);
	if (r == 0)
		fail_msg("%s/%s: loaded", dir, name);
	check_said(dir, name, said, expected);
}

static void each_bad_file_gives_its_messages(LAB_UNUSED void **state)
{
	assert_true(recipe_files_each(DATA "/bad", check_bad, NULL) >= 40);
	assert_true(recipe_files_each(DATA "/bad/xml", check_bad, NULL) >= 20);
	assert_true(recipe_files_each(DATA "/bad/semantic", check_bad, NULL) >= 40);
}

static void check_good(const char *dir, const char *name, const char *data, size_t len,
		       LAB_UNUSED void *user)
{
	const struct ctl_recipe_params params = { .read = recipe_files_include,
						  .user = (void *)dir };
	cleanup_free char *expected = recipe_files_read(dir, name, ".notes", NULL);
	cleanup_free char *said = NULL;
	int r;

	said = recipe_say(name, data, len, &params, &r);
	if (r < 0)
		fail_msg("%s/%s:\n%s", dir, name, said);
	check_said(dir, name, said, expected ? expected : "");
}

static void each_good_file_loads_and_matches(LAB_UNUSED void **state)
{
	assert_true(recipe_files_each(DATA "/good", check_good, NULL) >= 15);
	assert_true(recipe_files_each("recipes", check_good, NULL) >= 10);
}

/* --- what comes before the bytes -------------------------------------------------------------- */

static void check_load(const char *path, int expected_r, const char *expected)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_recipe *recipe = NULL;

	assert_int_equal(ctl_recipe_load(path, NULL, &recipe, &diag), expected_r);
	assert_null(recipe);
	ctl_diag_format(&diag, &sb);
	assert_string_equal(lab_strbuf_str(&sb), expected);
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
}

static void a_file_that_cannot_be_read_is_named(LAB_UNUSED void **state)
{
	check_load("no/such.xml", -ENOENT,
		   "no/such.xml: error: cannot be read: No such file or directory [ENOENT]\n");
	check_load("tests", -EISDIR, "tests: error: cannot be read: Is a directory [EISDIR]\n");
	check_load("/dev/null", -EINVAL, "/dev/null: error: empty file\n");
	check_load("", -ENOENT, ": error: cannot be read: No such file or directory [ENOENT]\n");
}

static void more_than_16_mib_are_refused_whatever_the_file_claims(LAB_UNUSED void **state)
{
	char path[64], expected[128];
	int fd = memfd_create("recipe", MFD_CLOEXEC);

	check_load("/dev/zero", -EFBIG, "/dev/zero: error: larger than 16 MiB\n");
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, CTL_RECIPE_BYTES_MAX + 1), 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	(void)snprintf(expected, sizeof(expected), "%s: error: larger than 16 MiB\n", path);
	check_load(path, -EFBIG, expected);
	close(fd);
}

static void a_recipe_of_exactly_16_mib_is_read(LAB_UNUSED void **state)
{
	static const char text[] =
		"<recipe><network><host id=\"h\"><interfaces><eth id=\"e\" label=\"l\"/>"
		"</interfaces></host></network></recipe>";
	char *data = malloc(CTL_RECIPE_BYTES_MAX);
	size_t i;
	int r;

	assert_non_null(data);
	memset(data, '\n', CTL_RECIPE_BYTES_MAX);
	for (i = 0; i < sizeof(text) - 1; i++)
		data[CTL_RECIPE_BYTES_MAX - (sizeof(text) - 1) + i] = text[i];
	free(recipe_say("big.xml", data, CTL_RECIPE_BYTES_MAX, NULL, &r));
	assert_int_equal(r, 0);
	free(data);
}

/* --- what a recipe becomes -------------------------------------------------------------------- */

static struct ctl_recipe *load(const char *name, const char *text,
			       const struct ctl_recipe_params *params)
{
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_recipe *recipe = NULL;
	int r;

	r = ctl_recipe_load_mem(name, text, strlen(text), params, &recipe, &diag);
	ctl_diag_format(&diag, &sb);
	if (r < 0)
		fail_msg("%s", lab_strbuf_str(&sb));
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
	return recipe;
}

static struct ctl_recipe *load_good(const char *name)
{
	cleanup_free char *data = recipe_files_read(DATA "/good", name, NULL, NULL);

	assert_non_null(data);
	return load(name, data, NULL);
}

static void check_src(const struct lab_src *src, const char *file, unsigned int line,
		      unsigned int col)
{
	assert_string_equal(src->file, file);
	assert_int_equal(src->line, line);
	assert_int_equal(src->col, col);
}

static void check_addr(const struct lab_addr *addr, const char *expected)
{
	char buf[LAB_ADDR_STRLEN];

	assert_string_equal(lab_addr_format(addr, true, buf), expected);
}

static void hosts_have_what_the_file_says(LAB_UNUSED void **state)
{
	struct ctl_recipe *r = load_good("every-attribute.xml");
	const struct ctl_host *h1 = &r->hosts[0];
	const struct ctl_iface *eth0 = &h1->ifaces[0];

	assert_string_equal(r->name, "every-attribute.1");
	assert_string_equal(r->file, "every-attribute.xml");
	check_src(&r->src, "every-attribute.xml", 2, 1);
	check_addr(&r->pool4, "172.16.0.0/12");
	check_addr(&r->pool6, "fd12:3456::/32");
	assert_int_equal(r->n_hosts, 2);
	assert_int_equal(ctl_recipe_find_host(r, "h2"), 1);
	assert_int_equal(ctl_recipe_find_host(r, "h3"), -ENOENT);

	assert_string_equal(h1->id, "h1");
	assert_true(h1->forwarding);
	assert_false(r->hosts[1].forwarding);
	check_src(&h1->src, "every-attribute.xml", 9, 3);
	check_src(&h1->id_src, "every-attribute.xml", 9, 13);
	assert_int_equal(h1->n_params, 3);
	assert_string_equal(h1->params[0].value, "native");
	assert_string_equal(h1->params[2].name, "cpus");
	assert_string_equal(h1->params[2].value, "");
	assert_int_equal(h1->n_ifaces, 3);
	assert_int_equal(ctl_recipe_find_iface(h1, "eth2"), 2);
	assert_int_equal(ctl_recipe_find_iface(h1, "eth3"), -ENOENT);

	assert_int_equal(eth0->kind, CTL_IFACE_ETH);
	assert_string_equal(eth0->label, "lan");
	assert_false(eth0->auto_addrs);
	assert_int_equal(eth0->n_addrs, 2);
	check_addr(&eth0->addrs[0].addr, "192.0.2.1/24");
	check_src(&eth0->addrs[0].src, "every-attribute.xml", 24, 23);
	check_addr(&eth0->addrs[1].addr, "2001:db8::1/64");
	check_src(&eth0->addrs[1].src, "every-attribute.xml", 25, 16);
	assert_int_equal(eth0->n_params, 4);
	assert_string_equal(eth0->params[1].value, "9000");
	assert_true(h1->ifaces[1].auto_addrs);
	assert_int_equal(h1->ifaces[1].n_addrs, 0);
	assert_false(h1->ifaces[2].auto_addrs);
	assert_int_equal(h1->ifaces[2].n_addrs, 0);

	assert_int_equal(h1->n_routes, 3);
	assert_string_equal(h1->routes[0].to.text, "198.51.100.0/24");
	assert_int_equal(h1->routes[0].to.n_parts, 0);
	assert_string_equal(h1->routes[0].via.text, "{ip(h2,eth0)}");
	assert_int_equal(h1->routes[0].via.n_parts, 1);
	assert_int_equal(r->hosts[1].n_routes, 0);
	ctl_recipe_free(r);
}

static void commands_have_what_the_file_says(LAB_UNUSED void **state)
{
	struct ctl_recipe *r = load_good("every-attribute.xml");
	const struct ctl_task *t = &r->tasks[0];
	const struct ctl_command *c = t->commands;

	assert_int_equal(r->n_tasks, 2);
	assert_string_equal(t->label, "everything");
	assert_true(t->quit_on_fail);
	assert_null(r->tasks[1].label);
	assert_false(r->tasks[1].quit_on_fail);
	assert_int_equal(t->n_commands, 7);

	assert_int_equal(c[0].kind, CTL_COMMAND_RUN);
	assert_int_equal(c[0].host, 0);
	assert_string_equal(c[0].module, "IcmpPing");
	assert_null(c[0].command.text);
	assert_string_equal(c[0].bg_id, "p");
	assert_int_equal(c[0].timeout_s, 10);
	assert_int_equal(c[0].expect, CTL_EXPECT_PASS);
	assert_string_equal(c[0].desc.text, "some text about {devname(h1,eth0)}");
	assert_int_equal(c[0].n_options, 6);
	assert_string_equal(c[0].options[1].name, "multi");
	assert_string_equal(c[0].options[1].value.text, "1");
	assert_string_equal(c[0].options[2].value.text, "2");
	assert_string_equal(c[0].options[3].value.text, "some text");
	assert_string_equal(c[0].options[4].value.text, "");
	assert_int_equal(c[0].options[5].value.n_parts, 3);

	assert_string_equal(c[1].command.text, "sleep 1");
	assert_null(c[1].module);
	assert_int_equal(c[1].host, 1);
	assert_int_equal(c[1].expect, CTL_EXPECT_FAIL);
	assert_int_equal(c[1].timeout_s, CTL_TIMEOUT_MAX_S);
	assert_int_equal(c[2].timeout_s, CTL_TIMEOUT_DEFAULT_S);
	assert_null(c[2].desc.text);
	assert_int_equal(c[3].kind, CTL_COMMAND_CTL_WAIT);
	assert_int_equal(c[3].wait_us, 500000);
	assert_true(c[3].host == CTL_HOST_NONE);
	assert_int_equal(c[4].kind, CTL_COMMAND_WAIT);
	assert_int_equal(c[4].target, 0);
	assert_int_equal(c[5].kind, CTL_COMMAND_INTR);
	assert_int_equal(c[5].target, 1);
	assert_int_equal(c[6].kind, CTL_COMMAND_KILL);
	assert_int_equal(c[6].target, 2);
	assert_string_equal(ctl_command_name(c[6].kind), "kill");
	assert_string_equal(ctl_command_name(c[3].kind), "ctl_wait");
	ctl_recipe_free(r);
}

static void settings_have_what_the_file_says(LAB_UNUSED void **state)
{
	struct ctl_recipe *r = load_good("config.xml");
	const struct ctl_command *c = r->tasks[0].commands;

	assert_int_equal(c[0].kind, CTL_COMMAND_CONFIG);
	assert_string_equal(ctl_command_name(c[0].kind), "config");
	assert_int_equal(c[0].host, 0);
	assert_string_equal(c[0].setting.path.text, "/proc/sys/net/ipv4/ip_forward");
	assert_string_equal(c[0].setting.value.text, "1");
	assert_false(c[0].persistent);
	assert_null(c[0].netns);
	assert_int_equal(c[0].n_settings, 0);
	assert_string_equal(c[1].netns, "ns");
	assert_string_equal(c[1].setting.value.text, "");
	assert_int_equal(c[1].setting.path.n_parts, 3);
	assert_string_equal(c[1].desc.text, "d");
	assert_true(c[1].persistent);
	assert_int_equal(c[2].host, 1);
	assert_null(c[2].setting.path.text);
	assert_int_equal(c[2].n_settings, 3);
	assert_int_equal(c[2].settings[0].path.n_parts, 3);
	assert_string_equal(c[2].settings[1].path.text, "/proc/a");
	assert_string_equal(c[2].settings[1].value.text, "some text");
	assert_string_equal(c[2].settings[2].value.text, "");
	assert_false(c[2].persistent);
	assert_int_equal(c[3].kind, CTL_COMMAND_RUN);
	assert_string_equal(c[3].netns, "ns");
	ctl_recipe_free(r);
}

static void a_python_task_is_a_path_and_knows_the_outermost_aliases(LAB_UNUSED void **state)
{
	static const struct ctl_alias define = { "early", "2" }, override = { "given", "{$early}" };
	static const struct ctl_recipe_params params = {
		.defines = &define,
		.n_defines = 1,
		.overrides = &override,
		.n_overrides = 1,
	};
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_recipe *r;

	assert_int_equal(ctl_recipe_load(DATA "/good/python-task.xml", &params, &r, &diag), 0);
	assert_int_equal(r->n_tasks, 2);
	assert_string_equal(r->tasks[0].python, DATA "/good/task.py");
	assert_string_equal(r->tasks[0].label, "snake");
	assert_int_equal(r->tasks[0].n_commands, 0);
	assert_int_equal(r->tasks[0].python_src.line, 15);
	assert_int_equal(r->tasks[0].python_src.col, 16);
	assert_string_equal(r->tasks[1].python, "/abs/task.py");
	/* Neither what belongs to one task nor what is wrong. */
	assert_int_equal(r->n_aliases, 3);
	assert_string_equal(r->aliases[0].name, "given");
	assert_string_equal(r->aliases[0].value, "1");
	assert_string_equal(r->aliases[1].name, "late");
	assert_string_equal(r->aliases[1].value, "1!");
	assert_string_equal(r->aliases[2].name, "early");
	assert_string_equal(r->aliases[2].value, "1");
	ctl_recipe_free(r);
	ctl_diag_fini(&diag);
}

static void a_bg_id_may_be_used_again_once_it_is_ended(LAB_UNUSED void **state)
{
	struct ctl_recipe *r = load_good("bg-id-again.xml");
	const struct ctl_command *c = r->tasks[0].commands;

	assert_int_equal(c[2].target, 0);
	assert_int_equal(c[4].target, 3);
	assert_int_equal(c[5].target, 1);
	ctl_recipe_free(r);
}

static void the_name_comes_from_the_file_if_the_recipe_has_none(LAB_UNUSED void **state)
{
	static const struct {
		const char *file, *name;
	} cases[] = {
		{ "ping.xml", "ping" }, { "/a/b.c/ring-20.xml", "ring-20" },
		{ "ping", "ping" },     { "my lab (2).xml", "my-lab--2-" },
		{ ".xml", "xml" },      { "", "recipe" },
		{ "a.b.xml", "a.b" },   { "dir/", "recipe" },
		{ "---", "recipe" },    { "\xc3\xa4.xml", "x-" },
	};
	static const char text[] =
		"<recipe><network><host id='h'><interfaces><eth id='e' label='l'/>"
		"</interfaces></host></network></recipe>";
	struct ctl_recipe *r;
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		r = load(cases[i].file, text, NULL);
		assert_string_equal(r->name, cases[i].name);
		assert_string_equal(r->file, cases[i].file);
		ctl_recipe_free(r);
	}
}

static void without_a_task_run_gets_a_note(LAB_UNUSED void **state)
{
	static const char text[] =
		"<recipe><network><host id='h'><interfaces><eth id='e' label='l'>"
		"<addresses/></eth></interfaces></host></network></recipe>";
	const struct ctl_recipe_params params = { .for_run = true };
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_recipe *r;

	assert_int_equal(ctl_recipe_load_mem("a.xml", text, strlen(text), NULL, &r, &diag), 0);
	assert_int_equal(diag.n_items, 0);
	ctl_recipe_free(r);
	assert_int_equal(ctl_recipe_load_mem("a.xml", text, strlen(text), &params, &r, &diag), 0);
	assert_int_equal(diag.n_items, 1);
	assert_string_equal(diag.items[0].msg, "no <task> in this recipe: there is nothing to run");
	assert_int_equal(diag.items[0].src.line, 1);
	assert_string_equal(ctl_diag_kind_name(diag.items[0].kind), "note");
	ctl_recipe_free(r);
	ctl_diag_fini(&diag);
}

static void aliases_of_the_command_line_reach_the_recipe(LAB_UNUSED void **state)
{
	static const char text[] =
		"<recipe><define><alias name='t' value='5'/></define><network><host id='h'>"
		"<interfaces><eth id='e' label='l'/></interfaces></host></network>"
		"<task label='{$label}'><run host='h' command='true' timeout='{$t}'/></task>"
		"</recipe>";
	static const struct ctl_alias weak[] = { { "label", "a" }, { "t", "6" } },
				      strong[] = { { "t", "7" } };
	struct ctl_recipe_params params = { .defines = weak, .n_defines = 2 };
	struct ctl_recipe *r = load("a.xml", text, &params);

	assert_string_equal(r->tasks[0].label, "a");
	assert_int_equal(r->tasks[0].commands[0].timeout_s, 5);
	ctl_recipe_free(r);
	params.overrides = strong;
	params.n_overrides = 1;
	r = load("a.xml", text, &params);
	assert_int_equal(r->tasks[0].commands[0].timeout_s, 7);
	ctl_recipe_free(r);
}

static void nothing_points_into_the_bytes_or_the_parameters(LAB_UNUSED void **state)
{
	char *text = recipe_files_read(DATA "/good", "every-attribute.xml", NULL, NULL);
	char *name = strdup("other-name.xml");
	struct ctl_recipe *r;

	assert_non_null(text);
	assert_non_null(name);
	r = load(name, text, NULL);
	memset(text, 'x', strlen(text));
	memset(name, 'x', strlen(name));
	free(text);
	free(name);
	assert_string_equal(r->tasks[0].commands[0].options[0].value.parts[0].call->src.file,
			    "other-name.xml");
	assert_string_equal(r->hosts[0].ifaces[0].id, "eth0");
	ctl_recipe_free(r);
}

static void errors_name_the_lines_also_far_down(LAB_UNUSED void **state)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	char *said;
	int i, r;

	lab_strbuf_puts(&sb, "<recipe>\n");
	for (i = 0; i < 70000; i++)
		lab_strbuf_puts(&sb, "\n");
	lab_strbuf_puts(&sb, "<netwrk/></recipe>\n");
	said = recipe_say("a.xml", sb.data, sb.len, NULL, &r);
	assert_string_equal(
		said, "a.xml:70002:1: error: unknown element <netwrk> in <recipe>; did you mean"
		      " <network>?\n");
	free(said);
	lab_strbuf_fini(&sb);
}

static void what_a_message_quotes_cannot_break_the_line(LAB_UNUSED void **state)
{
	static const char text[] =
		"<recipe><network><host id='a'><interfaces><eth id='e' label='l'/></interfaces>"
		"</host></network><task><run host='a&#10;b&#27;[31m&#x9b;2J' command='x'/></task>"
		"</recipe>";
	char *said;
	int r;

	said = recipe_say("a.xml", text, sizeof(text) - 1, NULL, &r);
	assert_int_equal(r, -EINVAL);
	/* XML has no ESC at all. */
	assert_non_null(strstr(said, "invalid xmlChar value 27"));
	free(said);
}

static void control_characters_in_a_message_become_harmless(LAB_UNUSED void **state)
{
	struct lab_src src = { .file = "a.xml", .line = 1, .col = 2 };
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_diag diag = CTL_DIAG_INIT;

	(void)ctl_diag_error(&diag, &src, "a\nb\tc\rd\033[1m \302\233 \303\244 \377 \342\202");
	ctl_diag_format(&diag, &sb);
	assert_string_equal(lab_strbuf_str(&sb),
			    "a.xml:1:2: error: a\\nb\\tc\\rd?[1m ? \303\244 ? ??\n");
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
}

static void diagnostics_come_in_the_order_of_their_places(LAB_UNUSED void **state)
{
	struct lab_src a = { "a.xml", 5, 1 }, b = { "a.xml", 3, 7 }, c = { "a.xml", 3, 2 },
		       other = { "b.xml", 1, 1 };
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct lab_err err = { .msg = "of lab_err" };

	(void)ctl_diag_error(&diag, &a, "one");
	ctl_diag_beside(&diag, &c, "beside one");
	(void)ctl_diag_error(&diag, &other, "in b");
	ctl_diag_note(&diag, &b, "two");
	(void)ctl_diag_error(&diag, &c, "three");
	(void)ctl_diag_err(&diag, &err, NULL);
	err.src = b;
	(void)ctl_diag_err(&diag, &err, &a);
	ctl_diag_sort(&diag);
	ctl_diag_format(&diag, &sb);
	assert_string_equal(lab_strbuf_str(&sb), "error: of lab_err\n"
						 "a.xml:3:2: error: three\n"
						 "a.xml:3:7: note: two\n"
						 "a.xml:3:7: error: of lab_err\n"
						 "a.xml:5:1: error: one\n"
						 "a.xml:3:2: note: beside one\n"
						 "b.xml:1:1: error: in b\n");
	assert_int_equal(diag.n_errors, 5);
	assert_int_equal(diag.n_notes, 1);
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
	/* No diagnostics wanted: nothing happens. */
	assert_int_equal(ctl_diag_error(NULL, &a, "x"), -EINVAL);
	ctl_diag_note(NULL, &a, "x");
	ctl_diag_beside(NULL, &a, "x");
}

static int include_define(LAB_UNUSED void *user, const char *path, struct ctl_bytes *ret)
{
	static const char text[] = "<define><alias name='a' value='x'/></define>";

	if (strcmp(path, "yes") != 0)
		return -ENOENT;
	ret->data = strdup(text);
	ret->key = strdup(path);
	if (ret->data && ret->key) {
		ret->len = sizeof(text) - 1;
		return 0;
	}
	free(ret->data);
	free(ret->key);
	return -ENOMEM;
}

/* A text on which every step of loading has something to do. */
static const char *busy_text(bool bad)
{
	return bad ? "<recipe xmlns:i='http://www.w3.org/2001/XInclude'><i:include href='no'/><i:include href='yes'/><define><alias name='a' value='{$b}'/></define><network><host id='h'><interfaces>"
		     "<eth id='e' label='{$a}'/><eth id='e' labl='l'/></interfaces></host></network>"
		     "<task><run host='x' command='{ip(q,r)}' bg_id='1'/></task></recipe>"
		   : "<recipe xmlns:i='http://www.w3.org/2001/XInclude'><i:include href='yes'/><network><host id='h'><interfaces>"
		     "<eth id='e' label='{$a}'><params><param name='mtu' value='1400'/></params><addresses>"
		     "<address>10.0.0.1</address></addresses></eth></interfaces><routes>"
		     "<route to='default' via='10.0.0.2'/></routes></host></network>"
		     "<task><run host='h' command='{ip(h,e)} {$a}' bg_id='1'/><wait host='h' bg_id='1'/></task></recipe>";
}

static void out_of_memory_is_an_error(bool bad)
{
	static const struct ctl_recipe_params params = { .read = include_define };
	const char *text = busy_text(bad);
	struct ctl_recipe *recipe;
	struct ctl_diag diag;
	unsigned int n;
	int r;

	for (n = 1; n < 10000; n++) {
		diag = (struct ctl_diag)CTL_DIAG_INIT;
		recipe = NULL;
		allocations = 0;
		fail_at = n;
		r = ctl_recipe_load_mem("a.xml", text, strlen(text), &params, &recipe, &diag);
		fail_at = 0;
		if (allocations < n) {
			ctl_recipe_free(recipe);
			ctl_diag_fini(&diag);
			break;
		}
		/* A lost message leaves its count behind; a lost note is lost. */
		if (r == 0)
			assert_int_equal(diag.n_errors, 0);
		else
			assert_true(r == -ENOMEM || diag.n_errors > 0);
		assert_int_equal(r == 0, recipe != NULL);
		ctl_recipe_free(recipe);
		ctl_diag_fini(&diag);
	}
	assert_true(n > 10);
}

static void out_of_memory_is_an_error_in_a_good_recipe(LAB_UNUSED void **state)
{
	out_of_memory_is_an_error(false);
}

static void out_of_memory_is_an_error_in_a_bad_recipe(LAB_UNUSED void **state)
{
	out_of_memory_is_an_error(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_bad_file_gives_its_messages),
		cmocka_unit_test(each_good_file_loads_and_matches),
		cmocka_unit_test(a_file_that_cannot_be_read_is_named),
		cmocka_unit_test(more_than_16_mib_are_refused_whatever_the_file_claims),
		cmocka_unit_test(a_recipe_of_exactly_16_mib_is_read),
		cmocka_unit_test(hosts_have_what_the_file_says),
		cmocka_unit_test(commands_have_what_the_file_says),
		cmocka_unit_test(settings_have_what_the_file_says),
		cmocka_unit_test(a_python_task_is_a_path_and_knows_the_outermost_aliases),
		cmocka_unit_test(a_bg_id_may_be_used_again_once_it_is_ended),
		cmocka_unit_test(the_name_comes_from_the_file_if_the_recipe_has_none),
		cmocka_unit_test(without_a_task_run_gets_a_note),
		cmocka_unit_test(aliases_of_the_command_line_reach_the_recipe),
		cmocka_unit_test(nothing_points_into_the_bytes_or_the_parameters),
		cmocka_unit_test(errors_name_the_lines_also_far_down),
		cmocka_unit_test(what_a_message_quotes_cannot_break_the_line),
		cmocka_unit_test(control_characters_in_a_message_become_harmless),
		cmocka_unit_test(diagnostics_come_in_the_order_of_their_places),
		cmocka_unit_test(out_of_memory_is_an_error_in_a_good_recipe),
		cmocka_unit_test(out_of_memory_is_an_error_in_a_bad_recipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
