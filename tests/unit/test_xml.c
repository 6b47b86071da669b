/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_xml.c - unit tests of controller/recipe/xml.h: the tree, and places in it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "controller/recipe/text.h"
#include "controller/recipe/xml.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"

static struct ctl_xml *parse_len(const char *text, size_t len)
{
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_xml *xml = NULL;
	int r;

	r = ctl_xml_parse("t.xml", text, len, &xml, &diag);
	ctl_diag_format(&diag, &sb);
	if (r < 0)
		fail_msg("%s", lab_strbuf_str(&sb));
	assert_int_equal(diag.n_items, 0);
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
	return xml;
}

static struct ctl_xml *parse(const char *text)
{
	return parse_len(text, strlen(text));
}

static void check_error(const char *text, size_t len, int expected_r, const char *expected)
{
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_xml *xml = NULL;

	assert_int_equal(ctl_xml_parse("t.xml", text, len, &xml, &diag), expected_r);
	assert_null(xml);
	ctl_diag_format(&diag, &sb);
	assert_string_equal(lab_strbuf_str(&sb), expected);
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
}

static void check_src(struct lab_src src, unsigned int line, unsigned int col)
{
	assert_string_equal(src.file, "t.xml");
	if (src.line != line || src.col != col)
		fail_msg("%u:%u, expected %u:%u", src.line, src.col, line, col);
}

static void a_tree_has_the_elements_attributes_and_texts(LAB_UNUSED void **state)
{
	struct ctl_xml *xml = parse("<a x='1' y=\"2\">\n <b>  hello\n world </b><c/>\n</a>");
	const struct ctl_xml_elem *a = xml->root, *b = a->first, *c = b->next;

	assert_string_equal(a->name, "a");
	assert_null(a->parent);
	assert_null(a->ns);
	assert_int_equal(a->n_attrs, 2);
	assert_string_equal(a->attrs[1].name, "y");
	assert_string_equal(a->attrs[1].value.s, "2");
	assert_ptr_equal(ctl_xml_attr(a, "x"), &a->attrs[0]);
	assert_null(ctl_xml_attr(a, "z"));
	assert_int_equal(a->text.len, 0);
	assert_string_equal(a->text.s, "");
	assert_string_equal(b->text.s, "hello\n world");
	assert_ptr_equal(b->parent, a);
	assert_string_equal(c->name, "c");
	assert_null(c->next);
	assert_null(c->first);
	assert_ptr_equal(a->last, c);
	ctl_xml_free(xml);
}

/* Builds a document and remembers where each piece of it stands. */
struct maker {
	struct lab_strbuf sb;
	unsigned int line, col;
	struct piece {
		unsigned int line, col;
	} * pieces;
	size_t n;
};

static void put(struct maker *m, const char *s)
{
	lab_strbuf_puts(&m->sb, s);
	for (; *s; s++) {
		if (*s == '\n') {
			m->line++;
			m->col = 1;
		} else {
			m->col++;
		}
	}
}

static void mark(struct maker *m)
{
	m->pieces[m->n++] = (struct piece){ m->line, m->col };
}

/* A small generator: the same numbers each time. */
static unsigned int next_random(unsigned int *seed, unsigned int below)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 16) % below;
}

static const char *pick_space(unsigned int *seed)
{
	static const char *const spaces[] = { " ", "\n", "\t ", " \n\n  ", "\r\n" };

	return spaces[next_random(seed, LAB_ARRAY_SIZE(spaces))];
}

/* Between elements: all that could confuse whoever walks over the bytes. */
static void put_noise(struct maker *m, unsigned int *seed)
{
	static const char *const noise[] = {
		"",
		"\n",
		"text \xc3\xa4\xe2\x82\xac\xf0\x9d\x84\x9e ",
		"<!-- <a b='c'> -- >",
		"<?pi x=\"<\" ?>",
		"<![CDATA[<x y=']]]]>",
		"&amp;&#x41;&lt;",
	};
	const char *s = noise[next_random(seed, LAB_ARRAY_SIZE(noise))];

	put(m, !strncmp(s, "<!--", 4) ? "<!-- <a b='c'> - -->" : s);
}

static void put_value(struct maker *m, unsigned int *seed)
{
	static const char *const values[] = {
		"plain",
		"",
		"a &gt; b > c",
		"it's",
		"\xc3\xbc\xf0\x9f\x98\x80",
		"/>",
		"x=&quot;y&quot;",
		"l1\nl2",
	};
	const char *s = values[next_random(seed, LAB_ARRAY_SIZE(values))];
	const char *quote = strchr(s, '\'') || next_random(seed, 2) ? "\"" : "'";

	put(m, quote);
	mark(m);
	put(m, s);
	put(m, quote);
}

static void put_tag(struct maker *m, unsigned int *seed)
{
	static const char *const names[] = { "a", "b-1", "p:c", "\xc3\xa4", "xmlnsx" };
	unsigned int i, n = next_random(seed, 5);

	put_noise(m, seed);
	mark(m);
	put(m, "<e");
	if (next_random(seed, 4) == 0)
		put(m, " xmlns:q='urn:q'");
	for (i = 0; i < n; i++) {
		put(m, pick_space(seed));
		mark(m);
		put(m, names[i]);
		if (next_random(seed, 3) == 0)
			put(m, pick_space(seed));
		put(m, "=");
		if (next_random(seed, 3) == 0)
			put(m, pick_space(seed));
		put_value(m, seed);
	}
	if (next_random(seed, 3) == 0)
		put(m, pick_space(seed));
}

static void check_elem_places(const struct ctl_xml_elem *e, const struct maker *m, size_t *at)
{
	size_t i;

	for (; e; e = e->next) {
		check_src(e->src, m->pieces[*at].line, m->pieces[*at].col);
		++*at;
		for (i = 0; i < e->n_attrs; i++) {
			check_src(e->attrs[i].src, m->pieces[*at].line, m->pieces[*at].col);
			++*at;
			check_src(e->attrs[i].value.src, m->pieces[*at].line, m->pieces[*at].col);
			++*at;
		}
		check_elem_places(e->first, m, at);
	}
}

static void places_of_4000_elements_and_their_attributes_are_exact(LAB_UNUSED void **state)
{
	struct maker m = { .line = 1, .col = 1 };
	unsigned int seed = 1, depth = 0, i;
	struct ctl_xml *xml;
	size_t at = 0;

	m.pieces = calloc(4000 * 11 + 1, sizeof(*m.pieces));
	assert_non_null(m.pieces);
	put(&m, "<?xml version='1.0' encoding='utf-8' standalone=\"yes\"?>\n<!-- < -->\n");
	mark(&m);
	put(&m, "<root xmlns:p='urn:p'>");
	for (i = 0; i < 4000; i++) {
		put_tag(&m, &seed);
		if (depth < 20 && next_random(&seed, 3) == 0) {
			put(&m, ">");
			depth++;
		} else {
			put(&m, "/>");
		}
		while (depth && next_random(&seed, 3) == 0) {
			put(&m, "</e>");
			depth--;
		}
	}
	while (depth--)
		put(&m, "</e>");
	put(&m, "</root>\n");

	xml = parse_len(m.sb.data, m.sb.len);
	check_elem_places(xml->root, &m, &at);
	assert_int_equal(at, m.n);
	ctl_xml_free(xml);
	free(m.pieces);
	lab_strbuf_fini(&m.sb);
}

static void a_byte_order_mark_is_no_column(LAB_UNUSED void **state)
{
	struct ctl_xml *xml = parse("\xef\xbb\xbf<a b='c'>\n<d/></a>");

	check_src(xml->root->src, 1, 1);
	check_src(xml->root->attrs[0].src, 1, 4);
	check_src(xml->root->first->src, 2, 1);
	ctl_xml_free(xml);
	check_error(
		"\xef\xbb\xbf<a b='c>", 11, -EINVAL,
		"t.xml:1:9: error: not well-formed XML: the value of an attribute has no closing quote\n");
}

static void bytes_of_a_value_are_traced_through_references(LAB_UNUSED void **state)
{
	/*                                1         2         3 */
	/*                       123456789012345678901234567890123456789 */
	struct ctl_xml *xml = parse("<a b=' x&amp;y&#233;z&#x1D11E;!&#9;\r\n  w '/>");
	const struct ctl_xml_text *t = &xml->root->attrs[0].value;

	assert_string_equal(t->s, "x&y\xc3\xa9z\xf0\x9d\x84\x9e!\t   w");
	check_src(t->src, 1, 8);
	check_src(ctl_xml_text_src(xml, t, 0), 1, 8);   /* x */
	check_src(ctl_xml_text_src(xml, t, 1), 1, 9);   /* & */
	check_src(ctl_xml_text_src(xml, t, 2), 1, 14);  /* y */
	check_src(ctl_xml_text_src(xml, t, 3), 1, 15);  /* e acute */
	check_src(ctl_xml_text_src(xml, t, 5), 1, 21);  /* z */
	check_src(ctl_xml_text_src(xml, t, 6), 1, 22);  /* clef */
	check_src(ctl_xml_text_src(xml, t, 10), 1, 31); /* ! */
	check_src(ctl_xml_text_src(xml, t, 12), 1, 36); /* the line end */
	check_src(ctl_xml_text_src(xml, t, 15), 2, 3);  /* w */
	check_src(ctl_xml_text_src(xml, t, 16), 2, 4);  /* behind it */
	ctl_xml_free(xml);
}

static void bytes_of_an_element_are_traced_through_everything_else_in_it(LAB_UNUSED void **state)
{
	struct ctl_xml *xml = parse(
		"<a>\n <!-- x <b> -->  o<c d='>'>no<e/>no</c>n<?p > ?>e<![CDATA[ t<o>\n]]>w&#48;</a>");
	const struct ctl_xml_text *t = &xml->root->text;

	assert_string_equal(t->s, "one t<o>\nw0");
	check_src(t->src, 1, 1); /* between children: whoever reports it asks */
	check_src(ctl_xml_text_src(xml, t, 0), 2, 18); /* o */
	check_src(ctl_xml_text_src(xml, t, 1), 2, 40); /* n */
	check_src(ctl_xml_text_src(xml, t, 2), 2, 49); /* e */
	check_src(ctl_xml_text_src(xml, t, 4), 2, 60); /* t */
	check_src(ctl_xml_text_src(xml, t, 5), 2, 61); /* < */
	check_src(ctl_xml_text_src(xml, t, 9), 3, 4);  /* w */
	check_src(ctl_xml_text_src(xml, t, 10), 3, 5); /* 0 */
	ctl_xml_free(xml);
}

static void text_of_a_leaf_begins_behind_its_white_space(LAB_UNUSED void **state)
{
	struct ctl_xml *xml = parse(
		"<a><b>\n\t <!-- c -->\n  text</b><b>&#32;&#10;x</b><b><![CDATA[  ]]> y</b></a>");
	const struct ctl_xml_elem *b = xml->root->first;

	assert_string_equal(b->text.s, "text");
	check_src(b->text.src, 3, 3);
	assert_string_equal(b->next->text.s, "x");
	check_src(b->next->text.src, 3, 24);
	assert_string_equal(b->next->next->text.s, "y");
	check_src(b->next->next->text.src, 3, 47);
	ctl_xml_free(xml);
}

static void namespaces_are_kept_and_their_declarations_are_no_attributes(LAB_UNUSED void **state)
{
	struct ctl_xml *xml =
		parse("<a xmlns='urn:a' xmlns:b='urn:b' b:c='1' xml:lang='en'><b:d xmlns=''/></a>");
	const struct ctl_xml_elem *a = xml->root;

	assert_string_equal(a->ns, "urn:a");
	assert_int_equal(a->n_attrs, 2);
	assert_string_equal(a->attrs[0].name, "b:c");
	check_src(a->attrs[0].src, 1, 34);
	assert_string_equal(a->attrs[1].name, "xml:lang");
	assert_string_equal(a->first->name, "b:d");
	assert_string_equal(a->first->ns, "urn:b");
	ctl_xml_free(xml);
}

static void places_are_right_in_any_order(LAB_UNUSED void **state)
{
	static const char text[] = "<a>\n\n<b/>\n<c/>\n\n\n\n\n\n<d/>\n</a>\n";
	struct ctl_xml *xml = parse(text);
	size_t offsets[sizeof(text)], i;

	for (i = 0; i < sizeof(text); i++)
		offsets[i] = (i * 17) % sizeof(text);
	for (i = 0; i < sizeof(text); i++) {
		unsigned int line = 1, col = 1;
		size_t k;

		for (k = 0; k < offsets[i]; k++) {
			col = text[k] == '\n' ? 1 : col + 1;
			line += text[k] == '\n';
		}
		check_src(ctl_xml_src(xml, offsets[i]), line, col);
	}
	ctl_xml_free(xml);
}

static void depth_and_numbers_are_bounded(LAB_UNUSED void **state)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_xml *xml;
	unsigned int i;

	for (i = 0; i < CTL_XML_DEPTH_MAX; i++)
		lab_strbuf_puts(&sb, "<a>");
	for (i = 0; i < CTL_XML_DEPTH_MAX; i++)
		lab_strbuf_puts(&sb, "</a>");
	xml = parse_len(sb.data, sb.len);
	ctl_xml_free(xml);

	lab_strbuf_reset(&sb);
	for (i = 0; i <= CTL_XML_DEPTH_MAX; i++)
		lab_strbuf_puts(&sb, "<a>");
	check_error(sb.data, sb.len, -EINVAL,
		    "t.xml:1:193: error: elements nested more than 64 deep\n");

	lab_strbuf_reset(&sb);
	lab_strbuf_puts(&sb, "<a>\n");
	for (i = 0; i < CTL_XML_ELEMS_MAX; i++)
		lab_strbuf_puts(&sb, "<b/>\n");
	check_error(sb.data, sb.len, -EINVAL, "t.xml:500001:1: error: more than 500000 elements\n");

	lab_strbuf_reset(&sb);
	lab_strbuf_puts(&sb, "<a");
	for (i = 0; i < CTL_XML_ATTRS_OF_ONE; i++)
		lab_strbuf_printf(&sb, " a%u=''", i);
	lab_strbuf_puts(&sb, "/>");
	xml = parse_len(sb.data, sb.len);
	assert_int_equal(xml->root->n_attrs, CTL_XML_ATTRS_OF_ONE);
	ctl_xml_free(xml);
	lab_strbuf_fini(&sb);
}

static void utf8_is_checked_to_the_letter(LAB_UNUSED void **state)
{
	static const struct {
		const char *s;
		size_t len, expected;
	} cases[] = {
		{ "a", 1, 1 },
		{ "\x7f", 1, 1 },
		{ "\xc2\x80", 2, 2 },
		{ "\xdf\xbf", 2, 2 },
		{ "\xe0\xa0\x80", 3, 3 },
		{ "\xef\xbf\xbf", 3, 3 },
		{ "\xf0\x90\x80\x80", 4, 4 },
		{ "\xf4\x8f\xbf\xbf", 4, 4 },
		{ "\x80", 1, 0 },
		{ "\xc0\x80", 2, 0 },
		{ "\xc1\xbf", 2, 0 },
		{ "\xe0\x9f\xbf", 3, 0 },
		{ "\xed\xa0\x80", 3, 0 },
		{ "\xf0\x8f\xbf\xbf", 4, 0 },
		{ "\xf4\x90\x80\x80", 4, 0 },
		{ "\xf5\x80\x80\x80", 4, 0 },
		{ "\xc3", 1, 0 },
		{ "\xe2\x82", 2, 0 },
		{ "\xe2\x82\x41", 3, 0 },
		{ "\xff", 1, 0 },
	};
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(cases); i++)
		assert_int_equal(ctl_utf8_len(cases[i].s, cases[i].len), cases[i].expected);
}

static void hints_name_the_nearest_or_list_what_there_is(LAB_UNUSED void **state)
{
	struct ctl_hint hint = { .word = "adress" };
	char buf[CTL_HINT_MAX];
	unsigned int i;

	assert_string_equal(ctl_hint_text(&hint, "<", ">", "; there: ", buf), "");
	ctl_hint_add(&hint, "address");
	ctl_hint_add(&hint, "addresses");
	assert_string_equal(ctl_hint_text(&hint, "<", ">", "; there: ", buf),
			    "; did you mean <address>?");
	hint.word = "x";
	assert_string_equal(ctl_hint_text(&hint, "<", ">", "; there: ", buf),
			    "; there: <address>, <addresses>");
	for (i = 0; i < 300; i++)
		ctl_hint_add(&hint, "name");
	assert_true(hint.more);
	assert_non_null(strstr(ctl_hint_text(&hint, "", "", "; there: ", buf), ", name, ..."));
	hint = (struct ctl_hint){ .word = "x" };
	ctl_hint_add(
		&hint,
		"long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-"
		"long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-"
		"long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-");
	assert_string_equal(ctl_hint_text(&hint, "", "", "; there: ", buf), "; there: ...");
}

static void arenas_and_maps_grow(LAB_UNUSED void **state)
{
	struct ctl_arena *arena = ctl_arena_new();
	struct ctl_map map = { .arena = arena };
	struct ctl_map_entry *e;
	char key[32], *copy;
	int is_new;
	size_t i;

	assert_non_null(arena);
	assert_null(ctl_map_find(&map, 1, "a", 1));
	for (i = 0; i < 5000; i++) {
		(void)snprintf(key, sizeof(key), "key %zu", i);
		copy = ctl_arena_strndup(arena, key, strlen(key));
		assert_non_null(copy);
		e = ctl_map_get(&map, i % 3, copy, strlen(copy), &is_new);
		assert_non_null(e);
		assert_true(is_new);
		assert_null(e->ptr);
		e->value = i;
	}
	for (i = 0; i < 5000; i++) {
		(void)snprintf(key, sizeof(key), "key %zu", i);
		e = ctl_map_get(&map, i % 3, key, strlen(key), &is_new);
		assert_non_null(e);
		assert_false(is_new);
		assert_int_equal(e->value, i);
		assert_null(ctl_map_find(&map, 3, key, strlen(key)));
	}
	/* A block larger than a chunk, and one after it from the chunk that was in use. */
	copy = ctl_arena_alloc(arena, 3, 1 << 20);
	assert_non_null(copy);
	copy[(3 << 20) - 1] = 'x';
	assert_int_equal((uintptr_t)ctl_arena_alloc(arena, 1, 1) % _Alignof(max_align_t), 0);
	assert_null(ctl_arena_alloc(arena, SIZE_MAX / 2, 3));
	assert_null(ctl_arena_alloc(arena, SIZE_MAX / 2, 1));
	assert_non_null(ctl_arena_alloc(arena, 0, 8));
	ctl_arena_free(arena);
	ctl_arena_free(NULL);
	ctl_xml_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_has_the_elements_attributes_and_texts),
		cmocka_unit_test(places_of_4000_elements_and_their_attributes_are_exact),
		cmocka_unit_test(a_byte_order_mark_is_no_column),
		cmocka_unit_test(bytes_of_a_value_are_traced_through_references),
		cmocka_unit_test(bytes_of_an_element_are_traced_through_everything_else_in_it),
		cmocka_unit_test(text_of_a_leaf_begins_behind_its_white_space),
		cmocka_unit_test(namespaces_are_kept_and_their_declarations_are_no_attributes),
		cmocka_unit_test(places_are_right_in_any_order),
		cmocka_unit_test(depth_and_numbers_are_bounded),
		cmocka_unit_test(utf8_is_checked_to_the_letter),
		cmocka_unit_test(hints_name_the_nearest_or_list_what_there_is),
		cmocka_unit_test(arenas_and_maps_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
