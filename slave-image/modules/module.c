/* SPDX-License-Identifier: GPL-2.0-or-later */
/* module.c - what every test module does: options in, progress and a result out, a verdict as exit status */
#include "slave-image/modules/module.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "slave-image/modules/parse.h"

#define OPTIONS_MAX (1u << 20) /* bytes */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signo)
{
	(void)signo;
	interrupted = 1;
}

bool mod_interrupted(void)
{
	return interrupted;
}

void mod_wait_interrupt(void)
{
	sigset_t block, old;

	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGINT);
	/* It comes only while we wait, so none is missed between looking for it and waiting. */
	(void)sigprocmask(SIG_BLOCK, &block, &old);
	while (!interrupted)
		(void)sigsuspend(&old);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
}

enum mod_verdict mod_verdict(struct mod *m, enum mod_verdict v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(m->message, sizeof(m->message), fmt, ap);
	va_end(ap);
	return v;
}

/* --- options --- */

const char *mod_option_nth(const struct mod *m, const char *name, size_t n)
{
	json_t *v = json_object_get(m->options, name);

	if (json_is_array(v))
		return json_string_value(json_array_get(v, n));
	return n == 0 ? json_string_value(v) : NULL;
}

const char *mod_option(const struct mod *m, const char *name)
{
	return mod_option_nth(m, name, 0);
}

/* What LNST gives as result when a module cannot use its options. */
static void set_exception(struct mod *m)
{
	mod_string_data(m, "Exception", m->message);
}

bool mod_need(struct mod *m, const char *name, const char **ret)
{
	*ret = mod_option(m, name);
	if (*ret)
		return true;
	(void)mod_bad_option(m, "mandatory option %s is missing", name);
	return false;
}

enum mod_verdict mod_bad_option(struct mod *m, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(m->message, sizeof(m->message), fmt, ap);
	va_end(ap);
	set_exception(m);
	return MOD_FAIL;
}

bool mod_flag(const struct mod *m, const char *name)
{
	static const char *const yes[] = { "true", "yes", "on", "up" };
	const char *s = mod_option(m, name), *end;
	double v;
	size_t i;

	if (!s)
		return false;
	for (i = 0; i < LAB_ARRAY_SIZE(yes); i++) {
		if (strncasecmp(s, yes[i], strlen(yes[i])) == 0)
			return true;
	}
	return mod_parse_number(s, &end, &v) && !*end && v != 0;
}

bool mod_number(struct mod *m, const char *name, double *ret)
{
	const char *s = mod_option(m, name), *end;
	double v;

	if (!s)
		return true;
	if (mod_parse_number(s, &end, &v) && !*end && v >= 0) {
		*ret = v;
		return true;
	}
	(void)mod_bad_option(m, "option %s: \"%.64s\" is not a number", name, s);
	return false;
}

static bool is_option(json_t *v)
{
	json_t *e;
	size_t i;

	if (!json_is_array(v))
		return json_is_string(v);
	json_array_foreach(v, i, e) {
		if (!json_is_string(e))
			return false;
	}
	return json_array_size(v) > 0;
}

static char *read_all(FILE *f, size_t *ret_len)
{
	char *buf = malloc(OPTIONS_MAX + 1);

	if (!buf)
		return NULL;
	*ret_len = fread(buf, 1, OPTIONS_MAX + 1, f);
	if (ferror(f) || *ret_len > OPTIONS_MAX) {
		free(buf);
		return NULL;
	}
	buf[*ret_len] = '\0';
	return buf;
}

static enum mod_verdict read_options(struct mod *m)
{
	cleanup_free char *text = NULL;
	json_error_t je = { .text = "out of memory" };
	const char *name;
	size_t len = 0;
	json_t *v;

	text = read_all(stdin, &len);
	if (!text)
		return mod_verdict(m, MOD_ERROR, "options: cannot be read, or longer than %u bytes",
				   OPTIONS_MAX);
	/* Run by hand, a module without options may be given nothing at all. */
	if (strspn(text, " \t\r\n") < len)
		m->options = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je);
	else
		m->options = json_object();
	if (!m->options)
		return mod_verdict(m, MOD_ERROR, "options: line %d column %d: %s", je.line,
				   je.column, je.text);
	if (!json_is_object(m->options))
		return mod_verdict(m, MOD_ERROR, "options: must be one JSON object");
	json_object_foreach(m->options, name, v) {
		if (!is_option(v))
			return mod_verdict(m, MOD_ERROR,
					   "option %s: must be a string or an array of strings",
					   name);
	}
	return MOD_PASS;
}

/* --- output --- */

static void print_line(const json_t *o)
{
	if (!o || json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15)) < 0)
		return;
	(void)putchar('\n');
	(void)fflush(stdout);
}

void mod_progress(json_t *o)
{
	print_line(o);
	json_decref(o);
}

/* @s with every byte that is not ASCII text replaced. */
static json_t *plain_string(const char *s)
{
	cleanup_free char *copy = strdup(s);
	char *p;

	for (p = copy; p && *p; p++) {
		if ((unsigned char)*p >= 0x7f || (unsigned char)*p < ' ')
			*p = '?';
	}
	return copy ? json_string(copy) : NULL;
}

static json_t *any_string(const char *s)
{
	json_t *v = json_string(s);

	return v ? v : plain_string(s);
}

void mod_string_data(struct mod *m, const char *name, const char *s)
{
	(void)json_object_set_new(m->data, name, any_string(s));
}

void mod_ready(bool ready)
{
	mod_progress(json_pack("{s:b}", "ready", ready));
}

void mod_int_data(struct mod *m, const char *name, long long v)
{
	(void)json_object_set_new(m->data, name, json_integer(v));
}

void mod_real_data(struct mod *m, const char *name, double v)
{
	(void)json_object_set_new(m->data, name, json_real(v));
}

enum mod_verdict mod_by_role(struct mod *m, enum mod_verdict (*server)(struct mod *m),
			     enum mod_verdict (*client)(struct mod *m))
{
	const char *role;

	if (!mod_need(m, "role", &role))
		return MOD_FAIL;
	if (strcmp(role, "server") == 0)
		return server(m);
	mod_ready(false);
	if (strcmp(role, "client") == 0)
		return client(m);
	return mod_bad_option(m, "option role: \"%.64s\" must be server or client", role);
}

int mod_main(int argc, const char *about, enum mod_verdict (*run)(struct mod *m))
{
	struct sigaction sa = { .sa_handler = on_interrupt, .sa_flags = SA_RESTART };
	struct mod m = { .data = json_object() };
	enum mod_verdict v;
	json_t *result;

	if (argc > 1) {
		json_decref(m.data);
		return fputs(about, stdout) < 0 ? MOD_ERROR : MOD_PASS;
	}
	(void)sigaction(SIGINT, &sa, NULL);
	v = m.data ? read_options(&m) : mod_verdict(&m, MOD_ERROR, "out of memory");
	if (v == MOD_PASS)
		v = run(&m);
	result = json_pack("{s:O,s:o}", "result", m.data, "message", any_string(m.message));
	print_line(result);
	if (!result || ferror(stdout))
		v = MOD_ERROR;
	json_decref(result);
	json_decref(m.data);
	json_decref(m.options);
	return (int)v;
}
