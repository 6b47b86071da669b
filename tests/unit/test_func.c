/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_func.c - unit tests of controller/recipe/func.h and value.h: function calls */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "controller/recipe/func.h"
#include "controller/recipe/recipe.h"
#include "netlab/base/util.h"

/* One text in an attribute: <x y="..."/>, the value begins at 1:7. */
struct parsed {
	struct ctl_xml *xml;
	struct ctl_value value;
	struct ctl_call_link *calls;
	char *data;
	char said[2048];
};

static void parse(struct parsed *p, const char *text)
{
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_call_link **last;

	*p = (struct parsed){ .calls = NULL };
	lab_strbuf_printf(&sb, "<x y=\"%s\"/>", text);
	assert_int_equal(lab_strbuf_take(&sb, &p->data), 0);
	assert_int_equal(ctl_xml_parse("t.xml", p->data, strlen(p->data), &p->xml, &diag), 0);
	last = &p->calls;
	assert_int_equal(ctl_func_parse(p->xml, &p->xml->root->attrs[0].value, p->xml->arena, &last,
					&p->value, &diag),
			 0);
	ctl_diag_format(&diag, &sb);
	(void)snprintf(p->said, sizeof(p->said), "%s", lab_strbuf_str(&sb));
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
}

static void release(struct parsed *p)
{
	ctl_xml_free(p->xml);
	free(p->data);
}

/* --- parsing ---------------------------------------------------------------------------------- */

/* The pieces as text: calls as "<func:host:iface:index@col>". */
static void check_parts(const char *text, const char *expected)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct parsed p;
	size_t i;

	parse(&p, text);
	assert_string_equal(p.said, "");
	assert_string_equal(p.value.text, text);
	for (i = 0; i < p.value.n_parts; i++) {
		const struct ctl_call *c = p.value.parts[i].call;

		if (c)
			lab_strbuf_printf(&sb, "<%s:%s:%s:%u@%u>", ctl_func_name(c->func),
					  c->host_id, c->iface_id, c->index, c->src.col);
		else
			lab_strbuf_printf(&sb, "(%s)", p.value.parts[i].text);
	}
	assert_string_equal(lab_strbuf_str(&sb), expected);
	lab_strbuf_fini(&sb);
	release(&p);
}

static void calls_are_found_with_their_arguments(LAB_UNUSED void **state)
{
	check_parts("{ip(h1,eth0)}", "<ip:h1:eth0:0@7>");
	check_parts("a {ip(h1,eth0,1)} b", "(a )<ip:h1:eth0:1@9>( b)");
	check_parts("{ip( h1 ,  eth 0 , 12 )}{prefix(a,b)}", "<ip:h1:eth 0:12@7><prefix:a:b:0@31>");
	check_parts("{devname(h,i)}/{hwaddr(h,i)}", "<devname:h:i:0@7>(/)<hwaddr:h:i:0@22>");
	check_parts("{ip(,)}", "<ip:::0@7>");
	check_parts("{{ip(h,i)}}", "({)<ip:h:i:0@8>(})");
}

static void other_braces_are_text(LAB_UNUSED void **state)
{
	check_parts("", "");
	check_parts("no braces", "");
	check_parts("{} {ip} {ip(} {ip()", "");
	check_parts("{ip(h,i) } { ip(h,i)} {ip (h,i)} {ip(h,i)", "");
	check_parts("${x} {a,b} {1..3} awk '{ print $1 }'", "");
	check_parts("{ip(h,(i))} {(h,i)} {-ip(h,i)}", "");
	check_parts("f() { x; } {ip(", "");
}

static void check_error(const char *text, const char *expected)
{
	struct parsed p;

	parse(&p, text);
	assert_string_equal(p.said, expected);
	assert_int_equal(p.value.n_parts, 0);
	release(&p);
}

static void wrong_calls_are_reported_at_their_brace(LAB_UNUSED void **state)
{
	check_error("a {ip()}",
		    "t.xml:1:9: error: function ip() takes 2 or 3 arguments, 0 given\n");
	check_error("a {ip( )}",
		    "t.xml:1:9: error: function ip() takes 2 or 3 arguments, 0 given\n");
	check_error("{ip(a)}", "t.xml:1:7: error: function ip() takes 2 or 3 arguments, 1 given\n");
	check_error("{prefix(a,b,1,2,3)}",
		    "t.xml:1:7: error: function prefix() takes 2 or 3 arguments, 5 given\n");
	check_error("{devname(a,b,1)}",
		    "t.xml:1:7: error: function devname() takes 2 arguments, 3 given\n");
	check_error(
		"{ip(a,b,-1)}",
		"t.xml:1:7: error: the third argument of function ip() must be a whole number, 0 or more: \"-1\"\n");
	check_error(
		"{ip(a,b,)}",
		"t.xml:1:7: error: the third argument of function ip() must be a whole number, 0 or more: \"\"\n");
	check_error(
		"{ip(a,b,99999999999)}",
		"t.xml:1:7: error: the third argument of function ip() must be a whole number, 0 or more:"
		" \"99999999999\"\n");
	check_error("{ipp(a,b)} {hwadr(a,b)}",
		    "t.xml:1:7: error: unknown function ipp(); did you mean ip()?\n"
		    "t.xml:1:18: error: unknown function hwadr(); did you mean hwaddr()?\n");
	check_error(
		"{print($1)}",
		"t.xml:1:7: error: unknown function print(); a space behind \"{\" makes it plain text; functions:"
		" ip(), prefix(), devname(), hwaddr()\n");
}

static void one_wrong_call_does_not_hide_the_others(LAB_UNUSED void **state)
{
	struct parsed p;

	parse(&p, "{ip(a,b)} {ip(c)} {ip(e,f)}");
	assert_string_equal(p.said,
			    "t.xml:1:17: error: function ip() takes 2 or 3 arguments, 1 given\n");
	assert_string_equal(p.calls->call.host_id, "a");
	assert_string_equal(p.calls->next->call.host_id, "e");
	assert_null(p.calls->next->next);
	release(&p);
}

static void too_many_calls_are_refused(LAB_UNUSED void **state)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct parsed p;
	unsigned int i;

	for (i = 0; i < CTL_FUNC_CALLS_MAX; i++)
		lab_strbuf_puts(&sb, "{ip(h,i)}");
	parse(&p, sb.data);
	assert_string_equal(p.said, "");
	assert_int_equal(p.value.n_parts, CTL_FUNC_CALLS_MAX);
	release(&p);
	lab_strbuf_puts(&sb, "{ip(h,i)}");
	check_error(sb.data, "t.xml:1:7: error: more than 1000 function calls in one text\n");
	lab_strbuf_fini(&sb);
}

static void where_no_function_can_be_one_is_refused(LAB_UNUSED void **state)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct parsed p;

	parse(&p, "{x} {ip(h,i)}");
	assert_true(ctl_func_refuse(p.xml, &p.xml->root->attrs[0].value, "bg_id", &diag));
	ctl_diag_format(&diag, &sb);
	assert_string_equal(
		lab_strbuf_str(&sb),
		"t.xml:1:11: error: bg_id: functions cannot be used here: \"{x} {ip(h,i)}\"\n");
	release(&p);
	parse(&p, "{x} (h,i)");
	assert_false(ctl_func_refuse(p.xml, &p.xml->root->attrs[0].value, "bg_id", &diag));
	release(&p);
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
}

/* --- evaluating ------------------------------------------------------------------------------- */

struct live {
	unsigned int asked;
	int fails;
};

static int live_addr(void *user, size_t host, size_t iface, unsigned int index,
		     struct lab_strbuf *sb, struct lab_err *err)
{
	struct live *live = user;

	if (live->fails)
		return lab_err_set(err, live->fails, "gone");
	lab_strbuf_printf(sb, "%zu.%zu.%u#%u", host, iface, index, live->asked++);
	return 0;
}

static int live_prefix(void *user, size_t host, size_t iface, unsigned int index,
		       struct lab_strbuf *sb, struct lab_err *err)
{
	lab_strbuf_puts(sb, "/");
	return live_addr(user, host, iface, index, sb, err);
}

static int live_devname(void *user, size_t host, size_t iface, struct lab_strbuf *sb,
			struct lab_err *err)
{
	lab_strbuf_puts(sb, "dev");
	return live_addr(user, host, iface, 0, sb, err);
}

static int live_hwaddr(void *user, size_t host, size_t iface, struct lab_strbuf *sb,
		       struct lab_err *err)
{
	lab_strbuf_puts(sb, "MAC");
	return live_addr(user, host, iface, 0, sb, err);
}

static void values_are_read_anew_each_time(LAB_UNUSED void **state)
{
	struct live live = { 0 };
	const struct ctl_scope scope = { live_addr, live_prefix, live_devname, live_hwaddr, &live };
	struct ctl_call_link *link;
	struct lab_err err;
	struct parsed p;
	char *text;

	parse(&p, "a{ip(h,i,3)}b{prefix(h,i)} {devname(h,i)}{hwaddr(h,i)}");
	for (link = p.calls; link; link = link->next) {
		link->call.host = 1;
		link->call.iface = 2;
	}
	assert_int_equal(ctl_value_expand(&p.value, &scope, &text, &err), 0);
	assert_string_equal(text, "a1.2.3#0b/1.2.0#1 dev1.2.0#2MAC1.2.0#3");
	free(text);
	assert_int_equal(ctl_value_expand(&p.value, &scope, &text, &err), 0);
	assert_string_equal(text, "a1.2.3#4b/1.2.0#5 dev1.2.0#6MAC1.2.0#7");
	free(text);
	release(&p);
}

static void an_answer_that_fails_is_reported_at_the_call(LAB_UNUSED void **state)
{
	struct live live = { .fails = ENODEV };
	const struct ctl_scope scope = { live_addr, live_prefix, live_devname, live_hwaddr, &live };
	struct lab_err err = { 0 };
	char *text = NULL;
	struct parsed p;
	char buf[600];

	parse(&p, "ab {hwaddr(h,i)}");
	assert_int_equal(ctl_value_expand(&p.value, &scope, &text, &err), -ENODEV);
	assert_null(text);
	assert_string_equal(lab_err_format(&err, buf, sizeof(buf)),
			    "t.xml:1:10: error: function hwaddr(): gone");
	assert_int_equal(ctl_value_expand(&p.value, NULL, &text, &err), -EINVAL);
	assert_string_equal(err.msg, "function hwaddr(): functions cannot be used here");
	release(&p);
}

static void a_value_without_calls_needs_no_scope(LAB_UNUSED void **state)
{
	struct ctl_value value = { .text = "just {text}" };
	char *text;

	assert_int_equal(ctl_value_expand(&value, NULL, &text, NULL), 0);
	assert_string_equal(text, "just {text}");
	free(text);
	value.text = "";
	assert_int_equal(ctl_value_expand(&value, NULL, &text, NULL), 0);
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_found_with_their_arguments),
		cmocka_unit_test(other_braces_are_text),
		cmocka_unit_test(wrong_calls_are_reported_at_their_brace),
		cmocka_unit_test(one_wrong_call_does_not_hide_the_others),
		cmocka_unit_test(too_many_calls_are_refused),
		cmocka_unit_test(where_no_function_can_be_one_is_refused),
		cmocka_unit_test(values_are_read_anew_each_time),
		cmocka_unit_test(an_answer_that_fails_is_reported_at_the_call),
		cmocka_unit_test(a_value_without_calls_needs_no_scope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
