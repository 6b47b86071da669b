/* SPDX-License-Identifier: GPL-2.0-or-later */
/* grammar_table.c - the recipe language: each element and attribute is a row, as in recipe.rng */
#include "controller/recipe/grammar_rows.h"

/* --- params, options --------------------------------------------------------------- */

static const struct ctl_attr_def param_attrs[] = {
	{ "name", CTL_TYPE_NAME, true, NULL, AT(ctl_param, name), NO_SRC },
	END,
};
static const struct ctl_attr_def param_content = {
	"value", CTL_TYPE_WORD, false, NULL, AT(ctl_param, value), SRC(ctl_param, value_src),
};
static const struct ctl_elem_def param = {
	.attrs = param_attrs,
	.content = &param_content,
	.size = sizeof(struct ctl_param),
	.list = 0,
	SRC(ctl_param, src),
};
const struct ctl_child_def ctl_grammar_params_children[] = { { "param", CTL_ANY, &param }, END };
static const struct ctl_elem_def host_params = {
	.children = ctl_grammar_params_children,
	.shift = LIST(ctl_host, params),
	NO_SRC,
};

static const struct ctl_attr_def option_attrs[] = {
	{ "name", CTL_TYPE_NAME, true, NULL, AT(ctl_option, name), NO_SRC },
	END,
};
static const struct ctl_attr_def option_content = {
	"value", CTL_TYPE_TEXT, false, NULL, AT(ctl_option, value), NO_SRC,
};
static const struct ctl_elem_def option = {
	.attrs = option_attrs,
	.content = &option_content,
	.size = sizeof(struct ctl_option),
	.list = 0,
	SRC(ctl_option, src),
};
const struct ctl_child_def ctl_grammar_options_children[] = { { "option", CTL_ANY, &option }, END };
static const struct ctl_elem_def run_options = {
	.children = ctl_grammar_options_children,
	.shift = LIST(ctl_command, options),
	NO_SRC,
};

/* --- hosts ------------------------------------------------------------------------------------ */

static const struct ctl_attr_def route_attrs[] = {
	{ "to", CTL_TYPE_COMMAND, true, NULL, AT(ctl_route, to), NO_SRC },
	{ "via", CTL_TYPE_COMMAND, true, NULL, AT(ctl_route, via), NO_SRC },
	END,
};
static const struct ctl_elem_def route = {
	.attrs = route_attrs,
	.size = sizeof(struct ctl_route),
	.list = LIST(ctl_host, routes),
	SRC(ctl_route, src),
};
static const struct ctl_child_def routes_children[] = { { "route", CTL_ANY, &route }, END };
static const struct ctl_elem_def routes = { .children = routes_children, NO_SRC };

static const struct ctl_attr_def host_attrs[] = {
	{ "id", CTL_TYPE_NAME, true, NULL, AT(ctl_host, id), SRC(ctl_host, id_src) },
	{ "forwarding", CTL_TYPE_YESNO, false, NULL, AT(ctl_host, forwarding), NO_SRC },
	{ "backend", CTL_TYPE_NAME, false, NULL, AT(ctl_host, backend),
	  SRC(ctl_host, backend_src) },
	{ "image", CTL_TYPE_NAME, false, NULL, AT(ctl_host, image), SRC(ctl_host, image_src) },
	END,
};
static const struct ctl_child_def host_children[] = {
	{ "params", CTL_OPTIONAL, &host_params },
	{ "interfaces", CTL_ONE, &ctl_grammar_interfaces },
	{ "routes", CTL_OPTIONAL, &routes },
	END,
};
static const struct ctl_elem_def host = {
	.attrs = host_attrs,
	.children = host_children,
	.size = sizeof(struct ctl_host),
	.list = LIST(ctl_recipe, hosts),
	SRC(ctl_host, src),
};

static const struct ctl_attr_def network_attrs[] = {
	{ "pool4", CTL_TYPE_POOL4, false, NULL, AT(ctl_recipe, pool4), NO_SRC },
	{ "pool6", CTL_TYPE_POOL6, false, NULL, AT(ctl_recipe, pool6), NO_SRC },
	{ "backend", CTL_TYPE_NAME, false, NULL, AT(ctl_recipe, backend),
	  SRC(ctl_recipe, backend_src) },
	{ "image", CTL_TYPE_NAME, false, NULL, AT(ctl_recipe, image), SRC(ctl_recipe, image_src) },
	END,
};
static const struct ctl_child_def network_children[] = { { "host", CTL_SOME, &host }, END };
static const struct ctl_elem_def network = {
	.attrs = network_attrs,
	.children = network_children,
	NO_SRC,
};

/* --- tasks ------------------------------------------------------------------------------------ */

static void begin_run(void *object)
{
	struct ctl_command *command = object;

	command->kind = CTL_COMMAND_RUN;
	command->timeout_s = CTL_TIMEOUT_DEFAULT_S;
}

static void begin_wait(void *object)
{
	struct ctl_command *command = object;

	command->kind = CTL_COMMAND_WAIT;
}

static void begin_intr(void *object)
{
	struct ctl_command *command = object;

	command->kind = CTL_COMMAND_INTR;
}

static void begin_kill(void *object)
{
	struct ctl_command *command = object;

	command->kind = CTL_COMMAND_KILL;
}

static void begin_ctl_wait(void *object)
{
	struct ctl_command *command = object;

	command->kind = CTL_COMMAND_CTL_WAIT;
	command->host = CTL_HOST_NONE;
}

static void end_run(void *object, struct ctl_diag *diag)
{
	const struct ctl_command *command = object;

	if (command->n_options && !command->module && command->command.text)
		ctl_diag_note(diag, &command->options[0].src,
			      "options are for modules; a command has none, and they are ignored");
	if (command->from && command->module)
		ctl_diag_note(
			diag, &command->from_src,
			"from is for commands; a module says itself which tools it runs, and it is ignored");
}

static const char *const expect_words[] = { "pass", "fail", NULL };
static const char *const run_one_of[] = { "command", "module", NULL };

static const struct ctl_attr_def run_attrs[] = {
	{ "host", CTL_TYPE_HOST, true, NULL, AT(ctl_command, host), SRC(ctl_command, host_src) },
	{ "command", CTL_TYPE_COMMAND, false, NULL, AT(ctl_command, command), NO_SRC },
	{ "module", CTL_TYPE_NAME, false, NULL, AT(ctl_command, module),
	  SRC(ctl_command, module_src) },
	{ "bg_id", CTL_TYPE_NAME, false, NULL, AT(ctl_command, bg_id), SRC(ctl_command, bg_src) },
	{ "timeout", CTL_TYPE_SECONDS, false, NULL, AT(ctl_command, timeout_s), NO_SRC },
	{ "expect", CTL_TYPE_ENUM, false, expect_words, AT(ctl_command, expect), NO_SRC },
	{ "desc", CTL_TYPE_TEXT, false, NULL, AT(ctl_command, desc), NO_SRC },
	{ "netns", CTL_TYPE_NAME, false, NULL, AT(ctl_command, netns),
	  SRC(ctl_command, netns_src) },
	{ "from", CTL_TYPE_NAME, false, NULL, AT(ctl_command, from), SRC(ctl_command, from_src) },
	END,
};
static const struct ctl_child_def run_children[] = {
	{ "options", CTL_OPTIONAL, &run_options },
	END,
};
static const struct ctl_elem_def run = {
	.attrs = run_attrs,
	.children = run_children,
	.one_of = run_one_of,
	.size = sizeof(struct ctl_command),
	.list = LIST(ctl_task, commands),
	SRC(ctl_command, src),
	.begin = begin_run,
	.end = end_run,
};

static const struct ctl_attr_def signal_attrs[] = {
	{ "host", CTL_TYPE_HOST, true, NULL, AT(ctl_command, host), SRC(ctl_command, host_src) },
	{ "bg_id", CTL_TYPE_NAME, true, NULL, AT(ctl_command, bg_id), SRC(ctl_command, bg_src) },
	END,
};
static const struct ctl_elem_def wait = {
	.attrs = signal_attrs,
	.size = sizeof(struct ctl_command),
	.list = LIST(ctl_task, commands),
	SRC(ctl_command, src),
	.begin = begin_wait,
};
static const struct ctl_elem_def intr = {
	.attrs = signal_attrs,
	.size = sizeof(struct ctl_command),
	.list = LIST(ctl_task, commands),
	SRC(ctl_command, src),
	.begin = begin_intr,
};
static const struct ctl_elem_def kill = {
	.attrs = signal_attrs,
	.size = sizeof(struct ctl_command),
	.list = LIST(ctl_task, commands),
	SRC(ctl_command, src),
	.begin = begin_kill,
};

static const struct ctl_attr_def ctl_wait_attrs[] = {
	{ "seconds", CTL_TYPE_DURATION, true, NULL, AT(ctl_command, wait_us), NO_SRC },
	END,
};
static const struct ctl_elem_def ctl_wait = {
	.attrs = ctl_wait_attrs,
	.size = sizeof(struct ctl_command),
	.list = LIST(ctl_task, commands),
	SRC(ctl_command, src),
	.begin = begin_ctl_wait,
};

static void begin_config(void *object)
{
	struct ctl_command *command = object;

	command->kind = CTL_COMMAND_CONFIG;
}

static const struct ctl_attr_def setting_attrs[] = {
	{ "name", CTL_TYPE_COMMAND, true, NULL, AT(ctl_setting, path), NO_SRC },
	END,
};
static const struct ctl_attr_def setting_content = {
	"value", CTL_TYPE_TEXT, false, NULL, AT(ctl_setting, value), NO_SRC,
};
static const struct ctl_elem_def setting = {
	.attrs = setting_attrs,
	.content = &setting_content,
	.size = sizeof(struct ctl_setting),
	.list = LIST(ctl_command, settings),
	SRC(ctl_setting, src),
};
static const struct ctl_child_def settings_children[] = { { "option", CTL_SOME, &setting }, END };
static const struct ctl_elem_def config_options = { .children = settings_children, NO_SRC };

static const char *const config_pair[] = { "option", "value", NULL };

/* How long it takes is the kernel's business: timeout is read and has no meaning, as in LNST. */
static const struct ctl_attr_def config_attrs[] = {
	{ "host", CTL_TYPE_HOST, true, NULL, AT(ctl_command, host), SRC(ctl_command, host_src) },
	{ "option", CTL_TYPE_COMMAND, false, NULL, AT(ctl_command, setting.path), NO_SRC },
	{ "value", CTL_TYPE_TEXT, false, NULL, AT(ctl_command, setting.value), NO_SRC },
	{ "persistent", CTL_TYPE_FLAG, false, NULL, AT(ctl_command, persistent), NO_SRC },
	{ "netns", CTL_TYPE_NAME, false, NULL, AT(ctl_command, netns),
	  SRC(ctl_command, netns_src) },
	{ "timeout", CTL_TYPE_SECONDS, false, NULL, AT(ctl_command, timeout_s), NO_SRC },
	{ "desc", CTL_TYPE_TEXT, false, NULL, AT(ctl_command, desc), NO_SRC },
	END,
};
static const struct ctl_child_def config_children[] = {
	{ "options", CTL_ONE, &config_options },
	END,
};
static const struct ctl_elem_def config = {
	.attrs = config_attrs,
	.children = config_children,
	.instead = "option",
	.pair = config_pair,
	.size = sizeof(struct ctl_command),
	.list = LIST(ctl_task, commands),
	SRC(ctl_command, src),
	.begin = begin_config,
};

static const struct ctl_attr_def task_attrs[] = {
	{ "label", CTL_TYPE_WORD, false, NULL, AT(ctl_task, label), NO_SRC },
	{ "quit_on_fail", CTL_TYPE_YESNO, false, NULL, AT(ctl_task, quit_on_fail), NO_SRC },
	{ "python", CTL_TYPE_PATH, false, NULL, AT(ctl_task, python), SRC(ctl_task, python_src) },
	{ "module_dir", CTL_TYPE_NAME, false, NULL, AT(ctl_task, module_dir),
	  SRC(ctl_task, module_dir_src) },
	{ "tools_dir", CTL_TYPE_NAME, false, NULL, AT(ctl_task, tools_dir),
	  SRC(ctl_task, tools_dir_src) },
	END,
};
static const struct ctl_child_def task_children[] = {
	{ "run", CTL_SOME, &run },
	{ "wait", CTL_SOME, &wait },
	{ "intr", CTL_SOME, &intr },
	{ "kill", CTL_SOME, &kill },
	{ "ctl_wait", CTL_SOME, &ctl_wait },
	{ "config", CTL_SOME, &config },
	END,
};
static const struct ctl_elem_def task = {
	.attrs = task_attrs,
	.children = task_children,
	.instead = "python",
	.size = sizeof(struct ctl_task),
	.list = LIST(ctl_recipe, tasks),
	SRC(ctl_task, src),
};

/* --- the recipe, and what may stand anywhere in it -------------------------------------------- */

static const char *const root_names[] = { "recipe", "lnstrecipe", NULL };

static const struct ctl_attr_def root_attrs[] = {
	{ "name", CTL_TYPE_LAB, false, NULL, AT(ctl_recipe, name), NO_SRC },
	END,
};
static const struct ctl_child_def root_children[] = {
	{ "network", CTL_ONE, &network },
	{ "task", CTL_ANY, &task },
	END,
};
static const struct ctl_elem_def root = {
	.attrs = root_attrs,
	.children = root_children,
	SRC(ctl_recipe, src),
};
const struct ctl_root_def ctl_grammar_recipe = { "a recipe", root_names, &root };

static const struct ctl_attr_def alias_attrs[] = {
	{ "name", CTL_TYPE_NAME, true, NULL, 0, NO_SRC },
	END,
};
static const struct ctl_attr_def alias_content = { "value", CTL_TYPE_WORD, false, NULL, 0, NO_SRC };
static const struct ctl_elem_def alias = {
	.attrs = alias_attrs,
	.content = &alias_content,
	NO_SRC,
};
static const struct ctl_child_def define_children[] = { { "alias", CTL_SOME, &alias }, END };
const struct ctl_elem_def ctl_grammar_define = { .children = define_children, NO_SRC };
