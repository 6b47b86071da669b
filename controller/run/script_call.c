/* SPDX-License-Identifier: GPL-2.0-or-later */
/* script_call.c - what a Python task can ask for: a table of methods */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "controller/recipe/arena.h"
#include "controller/run/script.h"
#include "netlab/base/util.h"

typedef int (*method_fn)(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err);

static int no_memory(struct lab_err *err)
{
	return lab_err_set(err, ENOMEM, "out of memory");
}

/* The task must end: the run says why. */
static int ended(struct ctl_script *s, int r, struct lab_err *err)
{
	s->failed = r;
	return lab_err_set(err, -r, "the task has been ended");
}

int ctl_script_host(const struct ctl_script *s, const char *id, size_t *ret, struct lab_err *err)
{
	const struct ctl_recipe *recipe = s->run->params->recipe;
	long host = ctl_recipe_find_host(recipe, id);
	cleanup_free const char **ids = NULL;
	const char *nearest;
	size_t i;

	if (host >= 0) {
		*ret = (size_t)host;
		return 0;
	}
	ids = calloc(recipe->n_hosts + 1, sizeof(*ids));
	if (!ids)
		return no_memory(err);
	for (i = 0; i < recipe->n_hosts; i++)
		ids[i] = recipe->hosts[i].id;
	nearest = lab_str_nearest(id, ids);
	return lab_err_set(err, ENOENT, "the recipe has no host '%s'%s%s%s", id,
			   nearest ? "; there is '" : "", nearest ? nearest : "",
			   nearest ? "'" : "");
}

/* --- the recipe ------------------------------------------------------------------------------- */

static json_t *describe_params(const struct ctl_host *host)
{
	json_t *params = json_object();
	size_t i;

	for (i = 0; i < host->n_params; i++)
		(void)json_object_set_new(params, host->params[i].name,
					  json_string(host->params[i].value));
	return params;
}

static json_t *describe_host(const struct ctl_host *host)
{
	json_t *ifaces = json_array();
	size_t i;

	for (i = 0; i < host->n_ifaces; i++) {
		const struct ctl_iface *iface = &host->ifaces[i];

		/* Nothing in the host, and nothing that a task could ask of them. */
		if (iface->kind == CTL_IFACE_OVS_BOND || iface->kind == CTL_IFACE_OVS_TUNNEL)
			continue;
		if (json_array_append_new(
			    ifaces, json_pack("{s:s, s:s, s:s?, s:s?}", "id", iface->id, "type",
					      ctl_iface_kind_name(iface->kind), "label",
					      iface->label, "netns", iface->netns)) < 0) {
			json_decref(ifaces);
			return NULL;
		}
	}
	return json_pack("{s:s, s:o, s:o}", "id", host->id, "params", describe_params(host),
			 "interfaces", ifaces);
}

/* hosts: -> [{id, params, interfaces: [{id, type, label, netns}]}] */
static int do_hosts(struct ctl_script *s, json_t *params LAB_UNUSED, json_t **ret,
		    struct lab_err *err)
{
	const struct ctl_recipe *recipe = s->run->params->recipe;
	cleanup_json json_t *hosts = json_array();
	size_t i;

	for (i = 0; i < recipe->n_hosts; i++) {
		if (json_array_append_new(hosts, describe_host(&recipe->hosts[i])) < 0)
			return no_memory(err);
	}
	*ret = json_incref(hosts);
	return 0;
}

/* aliases: -> {name: value} */
static int do_aliases(struct ctl_script *s, json_t *params LAB_UNUSED, json_t **ret,
		      struct lab_err *err)
{
	const struct ctl_recipe *recipe = s->run->params->recipe;
	cleanup_json json_t *aliases = json_object();
	size_t i;

	for (i = 0; i < recipe->n_aliases; i++) {
		const struct ctl_alias *a = &recipe->aliases[i];

		if (json_object_set_new(aliases, a->name, json_string(a->value)) < 0)
			return no_memory(err);
	}
	*ret = json_incref(aliases);
	return 0;
}

/* --- commands --------------------------------------------------------------------------------- */

/* Where in the task's program the command was made. */
static struct lab_src place(struct ctl_script *s, const char *file, json_int_t line)
{
	return (struct lab_src){
		.file = file ? ctl_script_strdup(s, file) : s->task->task->python,
		.line = line > 0 ? (unsigned int)line : 0,
	};
}

static int add_option(struct ctl_script *s, struct ctl_command *c, const char *name, json_t *value,
		      struct lab_err *err)
{
	struct ctl_option *o = &c->options[c->n_options++];

	if (!json_is_string(value))
		return lab_err_set(err, EINVAL, "option %s is no string", name);
	o->name = ctl_script_strdup(s, name);
	o->value.text = ctl_script_strdup(s, json_string_value(value));
	return o->name && o->value.text ? 0 : no_memory(err);
}

/* {name: [value...]}: an option with several values is several options, as in XML. */
static int take_options(struct ctl_script *s, struct ctl_command *c, json_t *options,
			struct lab_err *err)
{
	json_t *values, *value;
	const char *name;
	size_t n = 0, i;
	int r = 0;

	json_object_foreach(options, name, values)
		n += json_array_size(values);
	c->options = ctl_arena_alloc(s->task->arena, n, sizeof(*c->options));
	if (!c->options)
		return no_memory(err);
	json_object_foreach(options, name, values) {
		json_array_foreach(values, i, value) {
			if (r == 0)
				r = add_option(s, c, name, value, err);
		}
	}
	return r;
}

/* The first thing that is wrong, as an exception's text. */
static int first_error(const struct ctl_diag *diag, int r, struct lab_err *err)
{
	size_t i = 0;

	while (i < diag->n_items && diag->items[i].kind != CTL_DIAG_ERROR)
		i++;
	return lab_err_set(err, -r, "%s", i < diag->n_items ? diag->items[i].msg : "out of memory");
}

static int find_module(struct ctl_script *s, const struct ctl_command *c, struct ctl_module **ret,
		       struct lab_err *err)
{
	cleanup_diag struct ctl_diag diag = CTL_DIAG_INIT;
	int r;

	r = ctl_modules_add(s->run->params->modules, s->task->task, c->module, &c->module_src, ret,
			    &diag);
	if (r == -ENOENT && !diag.n_errors)
		return lab_err_set(err, ENOENT, "there is no module '%s'", c->module);
	if (r >= 0)
		r = ctl_module_check(*ret, getenv("PATH"), &diag);
	return r < 0 ? first_error(&diag, r, err) : 0;
}

static int find_tool(struct ctl_script *s, const struct ctl_command *c, struct lab_err *err)
{
	cleanup_diag struct ctl_diag diag = CTL_DIAG_INIT;
	int r;

	r = ctl_tools_add(s->run->params->modules, s->task->task, c->from, &c->from_src, NULL,
			  &diag);
	if (r == -ENOENT && !diag.n_errors)
		return lab_err_set(err, ENOENT, "there is no tool '%s'", c->from);
	return r < 0 ? first_error(&diag, r, err) : 0;
}

/* What a command uses is found, and the host gets it. */
static int prepare(struct ctl_script *s, const struct ctl_command *c, struct lab_err *err)
{
	struct ctl_module *m;
	int r = 0;

	if (c->module)
		r = find_module(s, c, &m, err);
	else if (c->from)
		r = find_tool(s, c, err);
	if (r < 0)
		return r;
	r = ctl_run_prepare(s->run, s->task->task, c, s->run->err);
	return r < 0 ? ended(s, r, err) : 0;
}

static int run_it(struct ctl_script *s, const struct ctl_command *c, json_t **ret,
		  struct lab_err *err)
{
	struct ctl_command_result *result;
	int r;

	r = ctl_script_command(s, c, &result);
	if (r < 0)
		return ended(s, r, err);
	*ret = ctl_script_result(result);
	return *ret ? 0 : no_memory(err);
}

/*
 * run: {host, netns, command [tool] | module, options, timeout, expect, bg, desc, file, line} -> result;
 * in the background its index is what wait, intr and kill ask for.
 */
static int do_run(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	const char *host = "", *command = NULL, *module = NULL, *desc = NULL, *file = NULL;
	const char *netns = NULL, *tool = NULL;
	struct ctl_command c = { .kind = CTL_COMMAND_RUN };
	json_int_t timeout = CTL_TIMEOUT_DEFAULT_S, line = 0;
	json_t *options = NULL;
	int expect_pass = 1, bg = 0, r;
	json_error_t error;
	char id[16];

	if (json_unpack_ex(params, &error, 0,
			   "{s:s, s?s, s?s, s?s, s?s, s?o, s?I, s?b, s?b, s?s, s?s, s?I !}", "host",
			   &host, "netns", &netns, "command", &command, "tool", &tool, "module",
			   &module, "options", &options, "timeout", &timeout, "expect",
			   &expect_pass, "bg", &bg, "desc", &desc, "file", &file, "line",
			   &line) < 0)
		return lab_err_set(err, EINVAL, "run(): %s", error.text);
	if (!command == !module)
		return lab_err_set(err, EINVAL, "run() needs a command or a module");
	if (timeout < 1 || timeout > (json_int_t)CTL_TIMEOUT_MAX_S)
		return lab_err_set(err, EINVAL,
				   "timeout %" JSON_INTEGER_FORMAT
				   " is not a number of seconds from 1 to %u",
				   timeout, CTL_TIMEOUT_MAX_S);
	r = ctl_script_host(s, host, &c.host, err);
	if (r == 0)
		r = take_options(s, &c, options, err);
	if (r < 0)
		return r;
	c.command.text = ctl_script_strdup(s, command);
	c.module = ctl_script_strdup(s, module);
	c.from = module ? NULL : ctl_script_strdup(s, tool);
	c.netns = ctl_script_strdup(s, netns);
	c.desc.text = ctl_script_strdup(s, desc);
	c.timeout_s = (unsigned int)timeout;
	c.expect = expect_pass ? CTL_EXPECT_PASS : CTL_EXPECT_FAIL;
	c.src = place(s, file, line);
	c.module_src = c.from_src = c.src;
	if (bg) {
		(void)snprintf(id, sizeof(id), "%zu", s->task->n_commands + 1);
		c.bg_id = ctl_script_strdup(s, id);
	}
	if (!c.src.file || (!c.command.text && !c.module) || (bg && !c.bg_id) ||
	    (netns && !c.netns) || (tool && !module && !c.from))
		return no_memory(err);
	r = prepare(s, &c, err);
	return r < 0 ? r : run_it(s, &c, ret, err);
}

static int control(struct ctl_script *s, enum ctl_command_kind kind, json_t *params, json_t **ret,
		   struct lab_err *err)
{
	struct ctl_command c = { .kind = kind };
	const struct ctl_command_result *target;
	const char *file = NULL;
	json_int_t index, line = 0;
	json_error_t error;

	if (json_unpack_ex(params, &error, 0, "{s:I, s?s, s?I !}", "target", &index, "file", &file,
			   "line", &line) < 0)
		return lab_err_set(err, EINVAL, "%s(): %s", ctl_command_name(kind), error.text);
	if (index < 0 || (size_t)index >= s->task->n_commands ||
	    !s->task->commands[index]->background)
		return lab_err_set(err, EINVAL,
				   "%s(): %" JSON_INTEGER_FORMAT
				   " is not a command in the background",
				   ctl_command_name(kind), index);
	target = s->task->commands[index];
	c.host = target->command->host;
	c.netns = target->command->netns;
	c.target = (size_t)index;
	c.bg_id = target->command->bg_id;
	c.src = place(s, file, line);
	return c.src.file ? run_it(s, &c, ret, err) : no_memory(err);
}

/* wait, intr, kill: {target, file, line} -> result */
static int do_wait(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	return control(s, CTL_COMMAND_WAIT, params, ret, err);
}

static int do_intr(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	return control(s, CTL_COMMAND_INTR, params, ret, err);
}

static int do_kill(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	return control(s, CTL_COMMAND_KILL, params, ret, err);
}

/* ctl_wait: {seconds, file, line} -> result */
static int do_ctl_wait(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	struct ctl_command c = { .kind = CTL_COMMAND_CTL_WAIT, .host = CTL_HOST_NONE };
	const char *file = NULL;
	double seconds;
	json_int_t line = 0;
	json_error_t error;

	if (json_unpack_ex(params, &error, 0, "{s:F, s?s, s?I !}", "seconds", &seconds, "file",
			   &file, "line", &line) < 0)
		return lab_err_set(err, EINVAL, "wait(): %s", error.text);
	if (!(seconds >= 0 && seconds <= CTL_TIMEOUT_MAX_S))
		return lab_err_set(err, EINVAL, "wait(): %g is not a number of seconds up to %u",
				   seconds, CTL_TIMEOUT_MAX_S);
	c.wait_us = (uint64_t)(seconds * 1e6);
	c.src = place(s, file, line);
	return c.src.file ? run_it(s, &c, ret, err) : no_memory(err);
}

/* config: {host, option, value, persistent, netns, file, line} -> result */
static int do_config(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	struct ctl_command c = { .kind = CTL_COMMAND_CONFIG };
	const char *host, *option, *value, *netns = NULL, *file = NULL;
	json_int_t line = 0;
	json_error_t error;
	int persistent = 0, r;

	if (json_unpack_ex(params, &error, 0, "{s:s, s:s, s:s, s?b, s?s, s?s, s?I !}", "host",
			   &host, "option", &option, "value", &value, "persistent", &persistent,
			   "netns", &netns, "file", &file, "line", &line) < 0)
		return lab_err_set(err, EINVAL, "config(): %s", error.text);
	r = ctl_script_host(s, host, &c.host, err);
	if (r < 0)
		return r;
	c.setting.path.text = ctl_script_strdup(s, option);
	c.setting.value.text = ctl_script_strdup(s, value);
	c.netns = ctl_script_strdup(s, netns);
	c.persistent = persistent;
	c.src = place(s, file, line);
	c.setting.src = c.src;
	if (!c.setting.path.text || !c.setting.value.text || (netns && !c.netns) || !c.src.file)
		return no_memory(err);
	return run_it(s, &c, ret, err);
}

/* A list of names, as modules or as tools. */
static int sync_names(struct ctl_script *s, const struct ctl_command *c, json_t *names, bool tools,
		      struct lab_err *err)
{
	struct ctl_command each = *c;
	json_t *name;
	size_t i;
	int r;

	json_array_foreach(names, i, name) {
		if (!json_is_string(name))
			return lab_err_set(err, EINVAL, "sync_resources(): a name is no string");
		*(tools ? &each.from : &each.module) = json_string_value(name);
		r = prepare(s, &each, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* sync: {host, modules: [name], tools: [name]} -> null: the host gets them now */
static int do_sync(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	struct ctl_command c = { .kind = CTL_COMMAND_RUN };
	json_t *modules, *tools;
	const char *host;
	json_error_t error;
	int r;

	if (json_unpack_ex(params, &error, 0, "{s:s, s:o, s:o !}", "host", &host, "modules",
			   &modules, "tools", &tools) < 0)
		return lab_err_set(err, EINVAL, "sync_resources(): %s", error.text);
	r = ctl_script_host(s, host, &c.host, err);
	if (r == 0)
		r = sync_names(s, &c, modules, false, err);
	if (r == 0)
		r = sync_names(s, &c, tools, true, err);
	if (r < 0)
		return r;
	*ret = json_null();
	return 0;
}

/* --- interfaces ------------------------------------------------------------------------------- */

/* ip, prefix, devname, hwaddr: {host, interface, index}; as the recipe's functions. */
static int ask_scope(struct ctl_script *s, enum ctl_func func, json_t *params, json_t **ret,
		     struct lab_err *err)
{
	const struct ctl_scope *scope = s->run->params->scope;
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	const char *host_id, *iface_id;
	json_int_t index = 0;
	json_error_t error;
	size_t host;
	long iface;
	int r;

	if (json_unpack_ex(params, &error, 0, "{s:s, s:s, s?I !}", "host", &host_id, "interface",
			   &iface_id, "index", &index) < 0)
		return lab_err_set(err, EINVAL, "%s: %s", ctl_func_name(func), error.text);
	r = ctl_script_host(s, host_id, &host, err);
	if (r < 0)
		return r;
	iface = ctl_recipe_find_iface(&s->run->params->recipe->hosts[host], iface_id);
	if (iface < 0)
		return lab_err_set(err, ENOENT, "host %s has no interface '%s'", host_id, iface_id);
	if (index < 0 || index > UINT16_MAX)
		return lab_err_set(err, ENOENT, "interface %s of host %s has no address %" PRIi64,
				   iface_id, host_id, (int64_t)index);
	if (func == CTL_FUNC_IP)
		r = scope->ip(scope->user, host, (size_t)iface, (unsigned int)index, &sb, err);
	else if (func == CTL_FUNC_PREFIX)
		r = scope->prefix(scope->user, host, (size_t)iface, (unsigned int)index, &sb, err);
	else if (func == CTL_FUNC_DEVNAME)
		r = scope->devname(scope->user, host, (size_t)iface, &sb, err);
	else
		r = scope->hwaddr(scope->user, host, (size_t)iface, &sb, err);
	if (r < 0)
		return r;
	*ret = json_stringn(lab_strbuf_str(&sb), sb.len);
	return *ret ? 0 : no_memory(err);
}

static int do_ip(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	return ask_scope(s, CTL_FUNC_IP, params, ret, err);
}

static int do_prefix(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	return ask_scope(s, CTL_FUNC_PREFIX, params, ret, err);
}

static int do_devname(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	return ask_scope(s, CTL_FUNC_DEVNAME, params, ret, err);
}

static int do_hwaddr(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	return ask_scope(s, CTL_FUNC_HWADDR, params, ret, err);
}

/* --- values ----------------------------------------------------------------------------------- */

/* record: {name, values: {name: value}, ...} -> null: what goes to PerfRepo elsewhere */
static int do_record(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	const struct ctl_run_params *p = s->run->params;

	if (!s->task->values)
		s->task->values = json_array();
	if (json_array_append(s->task->values, params) < 0)
		return no_memory(err);
	if (p->ops && p->ops->task_values)
		p->ops->task_values(s->task, params, p->user);
	*ret = json_null();
	return 0;
}

static const struct {
	const char *name;
	method_fn fn;
} methods[] = {
	{ "hosts", do_hosts },       { "aliases", do_aliases }, { "run", do_run },
	{ "wait", do_wait },         { "intr", do_intr },       { "kill", do_kill },
	{ "ctl_wait", do_ctl_wait }, { "sync", do_sync },       { "ip", do_ip },
	{ "prefix", do_prefix },     { "devname", do_devname }, { "hwaddr", do_hwaddr },
	{ "record", do_record },     { "config", do_config },
};

int ctl_script_call(struct ctl_script *s, const char *method, json_t *params, json_t **ret,
		    struct lab_err *err)
{
	size_t i;
	int r;

	if (s->failed)
		return ended(s, s->failed, err);
	r = ctl_script_device(s, method, params, ret, err);
	if (r)
		return r < 0 ? r : 0;
	for (i = 0; i < LAB_ARRAY_SIZE(methods); i++) {
		if (strcmp(methods[i].name, method) == 0)
			return methods[i].fn(s, params, ret, err);
	}
	return lab_err_set(err, EINVAL, "there is no method '%s'", method);
}
