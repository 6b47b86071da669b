/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_backends.c - netlab backends: what can make a host's container here, and what each can do */
#include <string.h>

#include "netlab/backend/probe.h"
#include "netlab/base/util.h"
#include "netlab/cli/cli.h"
#include "netlab/cli/table.h"
#include "netlab/doctor/machine.h"

enum { BACKENDS_MAX = 16 };

static const struct {
	enum lab_backend_can can;
	const char *word;
} abilities[] = {
	{ LAB_BACKEND_ROOTLESS, "rootless" }, { LAB_BACKEND_LIMITS, "limits" },
	{ LAB_BACKEND_FREEZE, "freeze" },     { LAB_BACKEND_SNAPSHOT, "snapshot" },
	{ LAB_BACKEND_IMAGE, "image" },       { LAB_BACKEND_PUBLISH, "publish" },
	{ LAB_BACKEND_MIGRATE, "migrate" },
};

static json_t *can_json(const struct lab_backend_info *info)
{
	json_t *list = json_array();

	for (size_t i = 0; i < LAB_ARRAY_SIZE(abilities); i++)
		if (info->can & abilities[i].can)
			(void)json_array_append_new(list, json_string(abilities[i].word));
	return list;
}

static json_t *settings_json(const struct lab_backend_info *info)
{
	json_t *obj = json_object();

	for (const struct lab_backend_setting *s = info->settings; s->name; s++)
		(void)json_object_set_new(obj, s->name, json_string(s->what));
	return obj;
}

static const char *can_text(const struct lab_backend_info *info, struct lab_strbuf *sb)
{
	lab_strbuf_reset(sb);
	for (size_t i = 0; i < LAB_ARRAY_SIZE(abilities); i++)
		if (info->can & abilities[i].can)
			lab_strbuf_printf(sb, "%s%s", sb->len ? " " : "", abilities[i].word);
	return lab_strbuf_str(sb);
}

/* netlab's own containers need no engine, but the kernel may lack what they are made of. */
static void probe_native(struct lab_backend_state *state)
{
	LAB_CLEANUP(lab_findings_fini) struct lab_findings list = { 0 };

	lab_doctor_machine(&list);
	state->asked = true;
	for (size_t i = 0; i < list.n; i++) {
		if (list.v[i].verdict != LAB_FINDING_LACKS)
			continue;
		(void)snprintf(state->missing, sizeof(state->missing), "%s: %s", list.v[i].what,
			       list.v[i].text);
		(void)snprintf(state->fix, sizeof(state->fix), "%s",
			       list.v[i].fix ? list.v[i].fix : "");
		return;
	}
}

static void print_json(const struct lab_backend_info *info, const struct lab_backend_state *s)
{
	lab_cli_json(json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:o, s:o}", "event", "backend",
			       "backend", info->name, "title", info->title, "there", !s->missing[0],
			       "version", s->version, "missing", s->missing, "fix", s->fix, "can",
			       can_json(info), "params", settings_json(info)));
}

static int print_table(const struct lab_backend_state *states, bool colour)
{
	static const struct lab_column columns[] = {
		{ "BACKEND", false }, { "HERE", false }, { "VERSION", false }, { "CAN", false }
	};
	LAB_CLEANUP(lab_table_freep) struct lab_table *table = NULL;
	cleanup_strbuf struct lab_strbuf can = LAB_STRBUF_INIT;
	int r = lab_table_new(columns, LAB_ARRAY_SIZE(columns), &table);

	for (size_t i = 0; r == 0 && lab_backends[i].name; i++) {
		lab_table_add(table, "%s", lab_backends[i].name);
		lab_table_add(table, "%s", states[i].missing[0] ? "no" : "yes");
		lab_table_add(table, "%s", states[i].version[0] ? states[i].version : "-");
		lab_table_add(table, "%s", can_text(&lab_backends[i], &can));
	}
	if (r == 0)
		r = lab_table_print(table, colour);
	if (r < 0)
		return r;
	for (size_t i = 0; lab_backends[i].name; i++)
		if (states[i].missing[0])
			printf("%s lacks %s%s%s\n", lab_backends[i].name, states[i].missing,
			       states[i].fix[0] ? ": " : "", states[i].fix);
	return 0;
}

static int backends(struct lab_cli *cli, int argc, char **argv)
{
	static const char *const all[] = { NULL };
	struct lab_backend_state states[BACKENDS_MAX];
	struct lab_err err;
	int first, r;

	r = lab_cli_parse(cli, argc, argv, NULL, &first);
	if (r != 0)
		return first;
	if (first < argc)
		return lab_cli_usage_error(cli, "unexpected argument '%s'", argv[first]);
	r = lab_backend_probe(all, states, LAB_ARRAY_SIZE(states), &err);
	if (r == 0)
		probe_native(&states[0]);
	if (r == 0 && cli->json) {
		for (size_t i = 0; lab_backends[i].name; i++)
			print_json(&lab_backends[i], &states[i]);
	} else if (r == 0) {
		r = print_table(states, cli->colour);
		if (r < 0)
			(void)lab_err_errno(&err, -r, "backends");
	}
	if (r == 0)
		return 0;
	lab_cli_error(cli, &err);
	return lab_cli_exit_of(r);
}

static const struct lab_cli_option options[] = {
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_backends = {
	.name = "backends",
	.operands = "",
	.help = "List what can make hosts here, and what each can do",
	.options = options,
	.run = backends,
};
