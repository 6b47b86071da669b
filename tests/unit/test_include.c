/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_include.c - unit tests of controller/recipe/include.h and file.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/recipe/file.h"
#include "controller/recipe/include.h"
#include "netlab/base/util.h"
#include "tests/unit/scratch.h"

#define XI "xmlns:xi='http://www.w3.org/2003/XInclude'"

/**
 * struct page - a file that is not there but can be included
 * @path:	its path
 * @text:	its bytes
 */
struct page {
	const char *path, *text;
};

static int read_page(void *user, const char *path, struct ctl_bytes *ret)
{
	const struct page *p;

	for (p = user; p->path; p++) {
		if (strcmp(p->path, path) != 0)
			continue;
		ret->data = strdup(p->text);
		ret->len = strlen(p->text);
		ret->key = strdup(path);
		assert_non_null(ret->data);
		assert_non_null(ret->key);
		return 0;
	}
	return -ENOENT;
}

/* Write the tree as <name attr=value>text(children). */
static void dump(const struct ctl_xml_elem *e, struct lab_strbuf *sb)
{
	const struct ctl_xml_elem *child, *last = NULL;
	size_t i;

	lab_strbuf_printf(sb, "<%s", e->name);
	for (i = 0; i < e->n_attrs; i++)
		lab_strbuf_printf(sb, " %s=%s", e->attrs[i].name, e->attrs[i].value.s);
	lab_strbuf_printf(sb, ">%s", e->text.s);
	for (child = e->first; child; child = child->next) {
		assert_ptr_equal(child->parent, e);
		last = child;
		dump(child, sb);
	}
	assert_ptr_equal(e->last, last);
	lab_strbuf_puts(sb, ";");
}

static struct ctl_xml *expand(const char *name, const struct page *pages, struct ctl_arena *names,
			      int expected_r, struct ctl_diag *diag)
{
	const struct ctl_recipe_params params = { .read = read_page, .user = (void *)pages };
	struct ctl_xml *xml = NULL;
	const struct page *p;
	int r = -ENOENT;

	for (p = pages; p->path; p++) {
		if (strcmp(p->path, name) == 0)
			r = ctl_xml_parse(name, p->text, strlen(p->text), &xml, diag);
	}
	assert_int_equal(r, 0);
	assert_non_null(xml);
	xml->files[0]->key = name;
	assert_int_equal(ctl_include_expand(xml, &params, names, diag), expected_r);
	return xml;
}

static void check(const char *name, const struct page *pages, const char *expected)
{
	struct ctl_arena *names = ctl_arena_new();
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_xml *xml = expand(name, pages, names, 0, &diag);

	ctl_diag_format(&diag, &sb);
	dump(xml->root, &sb);
	assert_string_equal(lab_strbuf_str(&sb), expected);
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
	ctl_xml_free(xml);
	ctl_arena_free(names);
}

static void check_error(const char *name, const struct page *pages, int expected_r,
			const char *expected)
{
	struct ctl_arena *names = ctl_arena_new();
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_xml *xml = expand(name, pages, names, expected_r, &diag);

	ctl_diag_format(&diag, &sb);
	assert_string_equal(lab_strbuf_str(&sb), expected);
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
	ctl_xml_free(xml);
	ctl_arena_free(names);
}

static void the_included_root_replaces_the_element(LAB_UNUSED void **state)
{
	static const struct page pages[] = {
		{ "a.xml", "<r " XI ">1<xi:include href='b.xml'/>2<x/><xi:include href=' b.xml '"
			   " parse='xml'/></r>" },
		{ "b.xml", "<?xml version='1.0'?><!-- text --><b y='z'>t<c/></b>" },
		{ NULL, NULL },
	};

	check("a.xml", pages, "<r>12<b y=z>t<c>;;<x>;<b y=z>t<c>;;;");
}

static void paths_are_relative_to_the_file_they_stand_in(LAB_UNUSED void **state)
{
	static const struct page pages[] = {
		{ "d/a.xml",
		  "<r " XI "><xi:include href='e/b.xml'/><xi:include href='/f.xml'/></r>" },
		{ "d/e/b.xml", "<b " XI "><xi:include href='../c.xml'/></b>" },
		{ "d/e/../c.xml", "<c " XI "><xi:include href='/f.xml'/></c>" },
		{ "/f.xml", "<f " XI "><xi:include href='g.xml'/></f>" },
		{ "/g.xml", "<g/>" },
		{ NULL, NULL },
	};

	check("d/a.xml", pages, "<r><b><c><f><g>;;;;<f><g>;;;");
}

static void any_year_of_the_namespace_and_any_prefix_will_do(LAB_UNUSED void **state)
{
	static const struct page pages[] = {
		{ "a.xml",
		  "<r><include xmlns='http://www.w3.org/2001/XInclude' href='b.xml'/>"
		  "<i:include xmlns:i='http://www.w3.org/1999/XInclude' href='b.xml'/></r>" },
		{ "b.xml", "<b/>" },
		{ NULL, NULL },
	};

	check("a.xml", pages, "<r><b>;<b>;;");
}

static void what_only_looks_like_an_include_stays(LAB_UNUSED void **state)
{
	static const struct page pages[] = {
		{ "a.xml", "<r><include href='b.xml'/>"
			   "<include xmlns='http://www.w3.org/20x1/XInclude' href='b.xml'/>"
			   "<include xmlns='http://www.w3.org/20011/XInclude' href='b.xml'/>"
			   "<includes xmlns='http://www.w3.org/2001/XInclude' href='b.xml'/></r>" },
		{ NULL, NULL },
	};

	check("a.xml", pages,
	      "<r><include href=b.xml>;<include href=b.xml>;<include href=b.xml>;"
	      "<includes href=b.xml>;;");
}

static void the_root_itself_may_be_included(LAB_UNUSED void **state)
{
	static const struct page pages[] = {
		{ "a.xml", "<xi:include " XI " href='b.xml'/>" },
		{ "b.xml", "<xi:include " XI " href='c/c.xml'/>" },
		{ "c/c.xml", "<c " XI "><xi:include href='d.xml'/></c>" },
		{ "c/d.xml", "<d/>" },
		{ NULL, NULL },
	};
	static const struct page missing[] = {
		{ "a.xml", "<xi:include " XI " href='b.xml'/>" },
		{ NULL, NULL },
	};

	check("a.xml", pages, "<c><d>;;");
	check_error("a.xml", missing, -EINVAL,
		    "a.xml:1:62: error: b.xml cannot be read: No such file or directory"
		    " [ENOENT]\n");
}

static void a_cycle_is_refused_and_its_chain_named(LAB_UNUSED void **state)
{
	static const struct page pages[] = {
		{ "a.xml", "<r " XI ">\n<xi:include href='b.xml'/></r>" },
		{ "b.xml", "<b " XI ">\n\n<xi:include href='c.xml'/></b>" },
		{ "c.xml", "<c " XI "> <xi:include href='b.xml'/></c>" },
		{ NULL, NULL },
	};
	static const struct page self[] = {
		{ "a.xml", "<r " XI ">\n<xi:include href='a.xml'/></r>" },
		{ NULL, NULL },
	};

	check_error("a.xml", pages, 0,
		    "c.xml:1:66: error: b.xml includes itself: b.xml > c.xml > b.xml\n"
		    "b.xml:3:1: note: included from here\n"
		    "a.xml:2:1: note: included from here\n");
	check_error("a.xml", self, 0, "a.xml:2:19: error: a.xml includes itself: a.xml > a.xml\n");
}

static void errors_are_in_the_included_file_and_name_the_including_one(LAB_UNUSED void **state)
{
	static const struct page pages[] = {
		{ "d/a.xml", "<r " XI "><xi:include href='b.xml'/>\n<xi:include href='no.xml'/>"
			     "<xi:include href='{$x}.xml'/></r>" },
		{ "d/b.xml", "<b " XI "><c>\n</b>" },
		{ NULL, NULL },
	};
	static const struct page empty[] = {
		{ "a.xml", "<r " XI "><xi:include href='b.xml'/></r>" },
		{ "b.xml", "" },
		{ NULL, NULL },
	};

	check_error("d/a.xml", pages, 0,
		    "d/b.xml:2:1: error: not well-formed XML: end tag </b>, but <c> is open\n"
		    "d/a.xml:1:47: note: included from here\n"
		    "d/b.xml:1:47: note: <c> begins here\n"
		    "d/a.xml:2:19: error: d/no.xml cannot be read: No such file or directory"
		    " [ENOENT]\n"
		    "d/a.xml:2:46: error: d/{$x}.xml cannot be read (files are included before"
		    " aliases are expanded): No such file or directory [ENOENT]\n");
	check_error("a.xml", empty, 0,
		    "b.xml: error: empty file\n"
		    "a.xml:1:47: note: included from here\n");
}

static void an_include_has_nothing_but_the_path_of_a_file(LAB_UNUSED void **state)
{
	static const struct page pages[] = {
		{ "a.xml", "<r " XI ">\n"
			   "<xi:include/>\n"
			   "<xi:include href=''/>\n"
			   "<xi:include href='b.xml' xpointer='x'/>\n"
			   "<xi:include href='b.xml' parse='text'/>\n"
			   "<xi:include href='http://example.com/b.xml'/>\n"
			   "<xi:include href='b.xml'><xi:fallback/></xi:include>\n"
			   "<xi:include href='b.xml'>b</xi:include>\n"
			   "</r>" },
		{ "b.xml", "<b/>" },
		{ NULL, NULL },
	};

	check_error("a.xml", pages, 0,
		    "a.xml:2:1: error: <xi:include> needs the attribute href\n"
		    "a.xml:3:19: error: href is empty\n"
		    "a.xml:4:26: error: unknown attribute xpointer of <xi:include>; allowed: href;"
		    " a whole file is included\n"
		    "a.xml:5:33: error: parse: \"text\": only \"xml\" can be included\n"
		    "a.xml:6:19: error: href: \"http://example.com/b.xml\": only a file of this"
		    " machine can be included\n"
		    "a.xml:7:26: error: <xi:fallback> is not allowed in <xi:include>: there is no"
		    " fallback for a file\n"
		    "a.xml:8:26: error: text is not allowed in <xi:include>\n");
}

/* Each name is a new file that includes the next one, without an end. */
static int read_next(void *user, const char *path, struct ctl_bytes *ret)
{
	unsigned int *n = user;

	assert_true(asprintf(&ret->data, "<n " XI "><xi:include href='%u.xml'/></n>", ++*n) > 0);
	ret->len = strlen(ret->data);
	ret->key = strdup(path);
	assert_non_null(ret->key);
	return 0;
}

/* Two of the next one in each: 2^depth files. */
static int read_two(void *user, const char *path, struct ctl_bytes *ret)
{
	unsigned int n = (unsigned int)strlen(path), *reads = user;

	++*reads;
	if (n < 12)
		assert_true(asprintf(&ret->data,
				     "<n " XI
				     "><xi:include href='%.*s'/><xi:include href='%.*s'/></n>",
				     n + 1, "xxxxxxxxxxxxxxxx", n + 1, "xxxxxxxxxxxxxxxx") > 0);
	else
		ret->data = strdup("<end/>");
	assert_non_null(ret->data);
	ret->len = strlen(ret->data);
	ret->key = strdup(path);
	assert_non_null(ret->key);
	return 0;
}

static int read_large(LAB_UNUSED void *user, const char *path, struct ctl_bytes *ret)
{
	ret->len = CTL_RECIPE_BYTES_MAX / 2;
	ret->data = malloc(ret->len);
	assert_non_null(ret->data);
	memset(ret->data, ' ', ret->len);
	memcpy(ret->data, "<l/>", 4);
	ret->key = strdup(path);
	assert_non_null(ret->key);
	return 0;
}

static void check_bound(int (*read)(void *user, const char *path, struct ctl_bytes *ret),
			const char *text, int expected_r, const char *expected)
{
	unsigned int n = 0;
	const struct ctl_recipe_params params = { .read = read, .user = &n };
	struct ctl_arena *names = ctl_arena_new();
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_xml *xml;
	char *line;

	assert_int_equal(ctl_xml_parse("a.xml", text, strlen(text), &xml, &diag), 0);
	assert_int_equal(ctl_include_expand(xml, &params, names, &diag), expected_r);
	ctl_diag_format(&diag, &sb);
	/* The first line is the error, the rest the way to it. */
	line = strchr(sb.data, '\n');
	assert_non_null(line);
	*line = '\0';
	assert_string_equal(sb.data, expected);
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
	ctl_xml_free(xml);
	ctl_arena_free(names);
}

static void depth_number_and_size_are_bounded(LAB_UNUSED void **state)
{
	check_bound(read_next, "<r " XI "><xi:include href='0.xml'/></r>", 0,
		    "14.xml:1:65: error: files included in one another more than 16 deep");
	check_bound(read_two, "<r " XI "><xi:include href='x'/></r>", -EFBIG,
		    "xxxxxxxxxx:1:79: error: more than 1000 files included");
	check_bound(read_large, "<r " XI "><xi:include href='b'/>\n<xi:include href='c'/></r>",
		    -EFBIG, "c: error: the recipe with all that it includes is larger than 16 MiB");
}

static void places_in_all_files_are_found(LAB_UNUSED void **state)
{
	static const struct page pages[] = {
		{ "a.xml",
		  "<r " XI " x='1'>\n<xi:include href='b.xml'/>\n<xi:include href='c.xml'/>"
		  "\n <y>t</y></r>" },
		{ "b.xml", "\n\n <b><i>\n q</i></b>" },
		{ "c.xml", "<c\n v='w'/>" },
		{ NULL, NULL },
	};
	struct ctl_arena *names = ctl_arena_new();
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_xml *xml = expand("a.xml", pages, names, 0, &diag);
	const struct ctl_xml_elem *b = xml->root->first, *c = b->next, *y = c->next;
	struct lab_src src;

	assert_int_equal(diag.n_items, 0);
	src = ctl_xml_text_src(xml, &y->text, 0);
	assert_string_equal(src.file, "a.xml");
	assert_int_equal(src.line, 4);
	assert_int_equal(src.col, 5);
	src = ctl_xml_text_src(xml, &b->first->text, 0);
	assert_string_equal(src.file, "b.xml");
	assert_int_equal(src.line, 4);
	assert_int_equal(src.col, 2);
	src = ctl_xml_text_src(xml, &c->attrs[0].value, 0);
	assert_string_equal(src.file, "c.xml");
	assert_int_equal(src.line, 2);
	assert_int_equal(src.col, 5);
	assert_int_equal(b->src.line, 3);
	assert_string_equal(c->src.file, "c.xml");
	ctl_diag_fini(&diag);
	ctl_xml_free(xml);
	ctl_arena_free(names);
}

/* --- a whole recipe --- */

static char *say(const char *path)
{
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_recipe *recipe = NULL;
	char *said;

	(void)ctl_recipe_load(path, NULL, &recipe, &diag);
	ctl_diag_format(&diag, &sb);
	ctl_recipe_free(recipe);
	ctl_diag_fini(&diag);
	assert_int_equal(lab_strbuf_take(&sb, &said), 0);
	return said;
}

static void check_said(const char *dir, const char *name, const char *expected)
{
	cleanup_free char *path = NULL, *said = NULL, *with_dir = NULL;
	const char *p;
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
	said = say(path);
	/* "@" in @expected is the folder. */
	for (p = expected; *p; p++) {
		if (*p == '@')
			lab_strbuf_puts(&sb, dir);
		else
			lab_strbuf_putc(&sb, *p);
	}
	lab_strbuf_putc(&sb, '\0');
	assert_int_equal(lab_strbuf_take(&sb, &with_dir), 0);
	assert_string_equal(said, with_dir);
}

static void put(const char *dir, const char *name, const char *text)
{
	cleanup_file FILE *f = NULL;
	char path[SCRATCH_STRLEN + 16];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
}

static void files_include_files(LAB_UNUSED void **state)
{
	char dir[SCRATCH_STRLEN];

	scratch_make(dir);
	put(dir, "net.xml",
	    "<network><host id='h'><interfaces><eth id='e' label='{$l}'/></interfaces></host>"
	    "</network>");
	put(dir, "good.xml",
	    "<recipe " XI "><define><alias name='l' value='x'/></define>"
	    "<xi:include href='net.xml'/><task><run host='h' command='true'/></task></recipe>");
	put(dir, "bad.xml",
	    "<recipe " XI "><xi:include href='net.xml'/>\n"
	    "<task><run host='g' command='true'/></task></recipe>");
	put(dir, "self.xml", "<recipe " XI "><xi:include href='./self.xml'/></recipe>");
	check_said(dir, "good.xml", "");
	check_said(dir, "bad.xml",
		   "@/net.xml:1:54: error: alias l is not defined here\n"
		   "@/bad.xml:1:52: note: included from here\n");
	check_said(
		dir, "self.xml",
		"@/self.xml:1:70: error: @/self.xml includes itself: @/self.xml > @/./self.xml\n");
	scratch_remove(dir);
}

static void nothing_but_a_regular_file_is_included(LAB_UNUSED void **state)
{
	struct ctl_bytes bytes = { .data = NULL };
	char dir[SCRATCH_STRLEN], path[SCRATCH_STRLEN + 16];

	scratch_make(dir);
	(void)snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(ctl_file_read(path, true, &bytes), -EINVAL);
	assert_int_equal(ctl_file_read(dir, true, &bytes), -EISDIR);
	assert_int_equal(ctl_file_read("/dev/zero", true, &bytes), -EINVAL);
	assert_int_equal(ctl_file_read("/no/such", true, &bytes), -ENOENT);
	assert_null(bytes.data);
	scratch_remove(dir);
}

static void a_path_is_beside_the_file_it_stands_in(LAB_UNUSED void **state)
{
	struct ctl_arena *arena = ctl_arena_new();

	assert_string_equal(ctl_file_beside(arena, "a.xml", "t.py"), "t.py");
	assert_string_equal(ctl_file_beside(arena, "d/a.xml", "e/t.py"), "d/e/t.py");
	assert_string_equal(ctl_file_beside(arena, "/d/a.xml", "../t.py"), "/d/../t.py");
	assert_string_equal(ctl_file_beside(arena, "/a.xml", "t.py"), "/t.py");
	assert_string_equal(ctl_file_beside(arena, "d/a.xml", "/t.py"), "/t.py");
	ctl_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_included_root_replaces_the_element),
		cmocka_unit_test(paths_are_relative_to_the_file_they_stand_in),
		cmocka_unit_test(any_year_of_the_namespace_and_any_prefix_will_do),
		cmocka_unit_test(what_only_looks_like_an_include_stays),
		cmocka_unit_test(the_root_itself_may_be_included),
		cmocka_unit_test(a_cycle_is_refused_and_its_chain_named),
		cmocka_unit_test(errors_are_in_the_included_file_and_name_the_including_one),
		cmocka_unit_test(an_include_has_nothing_but_the_path_of_a_file),
		cmocka_unit_test(depth_number_and_size_are_bounded),
		cmocka_unit_test(places_in_all_files_are_found),
		cmocka_unit_test(files_include_files),
		cmocka_unit_test(nothing_but_a_regular_file_is_included),
		cmocka_unit_test(a_path_is_beside_the_file_it_stands_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
