/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_image_publish.c - netlab image publish: what a host of a lab has written becomes an image */
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/cli/cmd_host.h"
#include "netlab/cli/cmd_image.h"

/**
 * struct publish_args - options
 * @about:	its description
 * @snapshot:	which one; NULL = none
 */
struct publish_args {
	struct img_about about;
	const char *snapshot;
};

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	struct publish_args *args = user;

	if (strcmp(name, "snapshot") != 0)
		return lab_imagecmd_option(cli, name, arg, &args->about);
	args->snapshot = arg;
	return 0;
}

/* Have the lab write the host's files into the scratch directory. What they lie on, it knows. */
static int fetch(const struct lab_hostcmd *cmd, const char *host, const char *snapshot,
		 const struct img_scratch *scratch, struct img_about *about)
{
	char path[LAB_IMAGE_PATH_SIZE];
	json_t *params;
	struct lab_host_call call = { .host = host, .fds = &scratch->root, .n_fds = 1 };
	const char *below;
	int r = img_scratch_path(scratch, path, &call.err);

	if (r < 0)
		return lab_hostcmd_fail(cmd, r, &call.err);
	call.params = params = json_pack("{s:s, s:s*}", "path", path, "snapshot", snapshot);
	r = lab_client_host_call(cmd->client, "publish", &call, 1, 0);
	json_decref(params);
	if (r < 0)
		return lab_hostcmd_fail(cmd, r, &call.err);
	below = json_string_value(json_object_get(call.result, "below"));
	(void)snprintf(about->below, sizeof(about->below), "%.64s", below ? below : "");
	json_decref(call.result);
	return 0;
}

int lab_imagecmd_publish(struct lab_cli *cli, const char *lab, const char *host,
			 const char *snapshot, struct img_about *about)
{
	struct img_scratch scratch = IMG_SCRATCH_INIT;
	struct lab_hostcmd cmd;
	struct lab_err err;
	int code = lab_hostcmd_open(cli, lab, &cmd), r;

	(void)snprintf(about->base, sizeof(about->base), "host");
	if (code == 0) {
		r = img_scratch_new(&scratch, &err);
		code = r < 0 ? lab_imagecmd_fail(cli, r, &err)
			     : fetch(&cmd, host, snapshot, &scratch, about);
	}
	if (code == 0) {
		r = img_scratch_commit(&scratch, about, &err);
		code = r < 0 ? lab_imagecmd_fail(cli, r, &err) : 0;
	}
	img_scratch_fini(&scratch);
	lab_hostcmd_close(&cmd);
	return code ? code : lab_imagecmd_show(cli, about->name);
}

static int image_publish(struct lab_cli *cli, int argc, char **argv)
{
	static const char *const what[] = { "lab", "host", "name for the image" };
	struct publish_args args = { .snapshot = NULL };
	int first, code;

	if (lab_cli_parse(cli, argc, argv, &args, &first) != 0)
		return first;
	if (argc - first < 3)
		return lab_cli_usage_error(cli, "no %s given", what[argc - first]);
	if (argc - first > 3)
		return lab_cli_usage_error(cli, "one word too many: '%s'", argv[first + 3]);
	code = lab_imagecmd_option(cli, "name", argv[first + 2], &args.about);
	return code ? code
		    : lab_imagecmd_publish(cli, argv[first], argv[first + 1], args.snapshot,
					   &args.about);
}

static const struct lab_cli_option publish_options[] = {
	{ "snapshot", 's', "SNAPSHOT", "the host as it was then" },
	{ "description", 'd', "TEXT", "what the image is" },
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_image_publish = {
	.name = "image publish",
	.operands = "LAB HOST NAME",
	.help = "Make an image of a host of a lab as it is now",
	.options = publish_options,
	.option = on_option,
	.run = image_publish,
};
