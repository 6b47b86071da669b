/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool_table.c - the files of a pool: each element and attribute is a row, as in pool.rng */
#include "controller/recipe/grammar_rows.h"
#include "controller/recipe/pool.h"

static const struct ctl_elem_def machine_params = {
	.children = ctl_grammar_params_children,
	.shift = LIST(ctl_machine, params),
	NO_SRC,
};
static const struct ctl_elem_def nic_params = {
	.children = ctl_grammar_params_children,
	.shift = LIST(ctl_iface, params),
	NO_SRC,
};

static const struct ctl_attr_def eth_attrs[] = {
	{ "id", CTL_TYPE_NAME, true, NULL, AT(ctl_iface, id), SRC(ctl_iface, id_src) },
	{ "label", CTL_TYPE_NAME, true, NULL, AT(ctl_iface, label), SRC(ctl_iface, label_src) },
	END,
};
static const struct ctl_child_def eth_children[] = { { "params", CTL_ONE, &nic_params }, END };
static const struct ctl_elem_def eth = {
	.attrs = eth_attrs,
	.children = eth_children,
	.size = sizeof(struct ctl_iface),
	.list = LIST(ctl_machine, nics),
	SRC(ctl_iface, src),
};
static const struct ctl_child_def interfaces_children[] = { { "eth", CTL_ANY, &eth }, END };
static const struct ctl_elem_def interfaces = { .children = interfaces_children, NO_SRC };

/* In the order of enum ctl_auth. */
static const char *const auth_words[] = { "none", "ssh", "pubkey", "password", NULL };

static const struct ctl_attr_def auth_type_content = {
	"value", CTL_TYPE_ENUM, false, auth_words, AT(ctl_machine, auth), NO_SRC,
};
static const struct ctl_elem_def auth_type = { .content = &auth_type_content, NO_SRC };
static const struct ctl_attr_def auth_password_content = {
	"value", CTL_TYPE_WORD, false, NULL, AT(ctl_machine, auth_password), NO_SRC,
};
static const struct ctl_elem_def auth_password = { .content = &auth_password_content, NO_SRC };
static const struct ctl_attr_def pubkey_path_content = {
	"value", CTL_TYPE_NAME, false, NULL, AT(ctl_machine, pubkey_path), NO_SRC,
};
static const struct ctl_elem_def pubkey_path = { .content = &pubkey_path_content, NO_SRC };
static const struct ctl_child_def security_children[] = {
	{ "auth_type", CTL_ONE, &auth_type },
	{ "auth_password", CTL_OPTIONAL, &auth_password },
	{ "pubkey_path", CTL_OPTIONAL, &pubkey_path },
	END,
};
static const struct ctl_elem_def security = { .children = security_children, NO_SRC };

static const struct ctl_child_def machine_children[] = {
	{ "params", CTL_OPTIONAL, &machine_params },
	{ "interfaces", CTL_OPTIONAL, &interfaces },
	{ "security", CTL_OPTIONAL, &security },
	END,
};
static const struct ctl_elem_def machine = {
	.children = machine_children,
	SRC(ctl_machine, src),
};

static const char *const machine_names[] = { "slavemachine", "agentmachine", NULL };

const struct ctl_root_def ctl_grammar_machine = { "a machine of a pool", machine_names, &machine };
