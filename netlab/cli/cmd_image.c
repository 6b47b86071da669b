/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_image.c - netlab image import, export, ls, show and rm: what hosts can be made from */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "netlab/base/util.h"
#include "netlab/cli/cmd_image.h"
#include "netlab/cli/table.h"
#include "slave-image/image/tar.h"
#include "slave-image/image/tree.h"

enum { SHORT_ID = 12 };

/* --- printing --------------------------------------------------------------------------------- */

int lab_imagecmd_fail(const struct lab_cli *cli, int r, const struct lab_err *err)
{
	lab_cli_error(cli, err);
	return r == -EBUSY ? LAB_EXIT_USAGE : lab_cli_exit_of(r);
}

static void when(const struct img_about *a, char *buf, size_t size)
{
	time_t t = (time_t)a->created_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
		*buf = '\0';
}

static void print_json(const struct img_about *a)
{
	char created[64], root[LAB_IMAGE_PATH_SIZE] = "";

	when(a, created, sizeof(created));
	(void)lab_image_root(a->id, root, NULL);
	lab_cli_json(json_pack("{s:s*, s:s, s:s, s:s*, s:s, s:I, s:I, s:s*, s:s}", "name",
			       a->name[0] ? a->name : NULL, "id", a->id, "base", a->base,
			       "description", a->description[0] ? a->description : NULL, "created",
			       created, "size", (json_int_t)a->bytes, "files", (json_int_t)a->files,
			       "below", a->below[0] ? a->below : NULL, "path", root));
}

static void print_size(uint64_t bytes, char *buf, size_t size)
{
	if (bytes >= 1ULL << 30)
		(void)snprintf(buf, size, "%.1f GiB", (double)bytes / (double)(1ULL << 30));
	else if (bytes >= 1ULL << 20)
		(void)snprintf(buf, size, "%.1f MiB", (double)bytes / (double)(1ULL << 20));
	else
		(void)snprintf(buf, size, "%.1f KiB", (double)bytes / 1024.0);
}

static int print_table(const struct lab_cli *cli, const struct img_about *list, size_t n)
{
	static const struct lab_column columns[] = {
		{ "NAME", false }, { "ID", false },      { "SIZE", true },
		{ "FILES", true }, { "CREATED", false }, { "BASE", false },
	};
	LAB_CLEANUP(lab_table_freep) struct lab_table *table = NULL;
	char created[64], size[32];
	int r = lab_table_new(columns, LAB_ARRAY_SIZE(columns), &table);

	for (size_t i = 0; i < n && r == 0; i++) {
		when(&list[i], created, sizeof(created));
		print_size(list[i].bytes, size, sizeof(size));
		lab_table_add(table, "%s", list[i].name[0] ? list[i].name : "-");
		lab_table_add(table, "%.*s", SHORT_ID, list[i].id);
		lab_table_add(table, "%s", size);
		lab_table_add(table, "%llu", (unsigned long long)list[i].files);
		lab_table_add(table, "%.10s", created);
		lab_table_add(table, "%s", list[i].base);
	}
	return r == 0 ? lab_table_print(table, cli->colour) : r;
}

/* --- ls, show, rm ----------------------------------------------------------------------------- */

static int image_ls(struct lab_cli *cli, int argc, char **argv)
{
	cleanup_free struct img_about *list = NULL;
	struct lab_err err;
	size_t n = 0;
	int first, r = lab_cli_parse(cli, argc, argv, NULL, &first);

	if (r != 0)
		return first;
	if (first != argc)
		return lab_cli_usage_error(cli, "what is '%s'? it lists all images", argv[first]);
	r = img_list(&list, &n, &err);
	for (size_t i = 0; i < n && r == 0 && cli->json; i++)
		print_json(&list[i]);
	if (r == 0 && !cli->json && n) {
		r = print_table(cli, list, n);
		if (r < 0)
			(void)lab_err_errno(&err, -r, "images");
	} else if (r == 0 && !n && !cli->json) {
		(void)fprintf(stderr, "there are no images; netlab image import brings one\n");
	}
	return r == 0 ? LAB_EXIT_PASS : lab_imagecmd_fail(cli, r, &err);
}

/* Do something with each image that is named; the first exit code that is not 0 counts. */
static int for_each(struct lab_cli *cli, int argc, char **argv,
		    int (*fn)(const struct lab_cli *cli, const char *name))
{
	int first, code = LAB_EXIT_PASS, r = lab_cli_parse(cli, argc, argv, NULL, &first);

	if (r != 0)
		return first;
	if (first == argc)
		return lab_cli_usage_error(cli, "which image?");
	for (; first < argc; first++) {
		r = fn(cli, argv[first]);
		code = code ? code : r;
	}
	return code;
}

int lab_imagecmd_show(const struct lab_cli *cli, const char *name)
{
	char created[64], size[32], root[LAB_IMAGE_PATH_SIZE] = "";
	struct img_about a;
	struct lab_err err;
	int r = img_about_get(name, &a, &err);

	if (r < 0)
		return lab_imagecmd_fail(cli, r, &err);
	if (cli->json) {
		print_json(&a);
		return LAB_EXIT_PASS;
	}
	when(&a, created, sizeof(created));
	print_size(a.bytes, size, sizeof(size));
	(void)lab_image_root(a.id, root, NULL);
	(void)printf("image %s\n", a.name[0] ? a.name : a.id);
	(void)printf("  id           %s\n", a.id);
	if (a.description[0])
		(void)printf("  description  %s\n", a.description);
	(void)printf("  base         %s\n  created      %s\n", a.base, created);
	(void)printf("  size         %s in %llu files\n", size, (unsigned long long)a.files);
	(void)printf("  files        %s\n", root);
	return LAB_EXIT_PASS;
}

static int rm_one(const struct lab_cli *cli, const char *name)
{
	struct lab_err err;
	int r = img_remove(name, &err);

	return r < 0 ? lab_imagecmd_fail(cli, r, &err) : LAB_EXIT_PASS;
}

static int image_show(struct lab_cli *cli, int argc, char **argv)
{
	return for_each(cli, argc, argv, lab_imagecmd_show);
}

static int image_rm(struct lab_cli *cli, int argc, char **argv)
{
	return for_each(cli, argc, argv, rm_one);
}

/* --- import ----------------------------------------------------------------------------------- */

int lab_imagecmd_option(const struct lab_cli *cli, const char *option, const char *arg,
			struct img_about *about)
{
	struct lab_err err;

	if (!strcmp(option, "description")) {
		if (strlen(arg) >= sizeof(about->description))
			return lab_cli_usage_error(cli, "--description: at most %zu bytes",
						   sizeof(about->description) - 1);
		(void)snprintf(about->description, sizeof(about->description), "%s", arg);
		return 0;
	}
	if (lab_image_name_check(arg, &err) < 0)
		return lab_cli_usage_error(cli, "%s", err.msg);
	(void)snprintf(about->name, sizeof(about->name), "%s", arg);
	return 0;
}

static int on_import_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	return lab_imagecmd_option(cli, name, arg, user);
}

/* The name of the file without its folder and what says how it is packed. */
static void name_from_path(const char *path, char ret[LAB_IMAGE_NAME_SIZE])
{
	size_t len = strlen(path), from;

	while (len > 1 && path[len - 1] == '/')
		len--;
	for (from = len; from > 0 && path[from - 1] != '/';)
		from--;
	(void)snprintf(ret, LAB_IMAGE_NAME_SIZE, "%.*s",
		       (int)LAB_MIN(len - from, (size_t)LAB_IMAGE_NAME_SIZE - 1), path + from);
	for (char *dot = ret + (*ret != '\0'); *dot; dot++)
		if (!strncmp(dot, ".tar", 4) || !strcmp(dot, ".tgz") || !strcmp(dot, ".txz"))
			*dot-- = '\0';
}

static int fill(const char *path, int root, struct img_about *a, struct lab_err *err)
{
	cleanup_close int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
						      : open(path, O_RDONLY | O_CLOEXEC);
	struct img_count count = { 0 };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return lab_err_errno(err, errno, "%s", path);
	if (S_ISDIR(st.st_mode)) {
		(void)snprintf(a->base, sizeof(a->base), "directory");
		return img_tree_copy(fd, path, root, &count, err);
	}
	(void)snprintf(a->base, sizeof(a->base), "tarball");
	return img_tar_import(fd, path, root, &count, err);
}

static int image_import(struct lab_cli *cli, int argc, char **argv)
{
	struct img_scratch scratch = IMG_SCRATCH_INIT;
	struct img_about a = { .created_s = 0 };
	struct lab_err err;
	int first, r = lab_cli_parse(cli, argc, argv, &a, &first);

	if (r != 0)
		return first;
	if (argc - first != 1)
		return lab_cli_usage_error(cli, first == argc ? "no tarball and no directory given"
							      : "more than one to import");
	if (!a.name[0])
		name_from_path(argv[first], a.name);
	if (lab_image_name_check(a.name, &err) < 0)
		return lab_cli_usage_error(cli, "%s; --name gives another", err.msg);
	r = img_scratch_new(&scratch, &err);
	if (r == 0)
		r = fill(argv[first], scratch.root, &a, &err);
	if (r == 0)
		r = img_scratch_commit(&scratch, &a, &err);
	img_scratch_fini(&scratch);
	if (r < 0)
		return lab_imagecmd_fail(cli, r, &err);
	return lab_imagecmd_show(cli, a.name);
}

/* --- export ----------------------------------------------------------------------------------- */

static int write_archive(const char *path, const char *root, struct lab_err *err)
{
	cleanup_close int fd = -1;
	char part[LAB_IMAGE_PATH_SIZE];
	int r;

	if (strcmp(path, "-") == 0)
		return img_tar_export(root, STDOUT_FILENO, "standard output", err);
	if (snprintf(part, sizeof(part), "%s.part", path) >= (int)sizeof(part))
		return lab_err_errno(err, ENAMETOOLONG, "%.100s", path);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return lab_err_errno(err, errno, "%s", part);
	r = img_tar_export(root, fd, path, err);
	if (r == 0 && rename(part, path) < 0)
		r = lab_err_errno(err, errno, "%s", path);
	if (r < 0)
		(void)unlink(part);
	return r;
}

static int image_export(struct lab_cli *cli, int argc, char **argv)
{
	LAB_CLEANUP(lab_image_close) struct lab_image image = { .n_layers = 0 };
	char path[LAB_IMAGE_PATH_SIZE];
	struct lab_err err;
	int first, r = lab_cli_parse(cli, argc, argv, NULL, &first);

	if (r != 0)
		return first;
	if (argc - first != 2)
		return lab_cli_usage_error(cli, "an image and a file are needed");
	r = lab_image_open(argv[first], &image, &err);
	if (r == 0)
		r = lab_image_root(image.layers[0].id, path, &err);
	if (r == 0)
		r = write_archive(argv[first + 1], path, &err);
	return r < 0 ? lab_imagecmd_fail(cli, r, &err) : LAB_EXIT_PASS;
}

static const struct lab_cli_option import_options[] = {
	{ "name", 't', "NAME", "name of the image (default: of the file or directory)" },
	{ "description", 'd', "TEXT", "what it is" },
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_image_import = {
	.name = "image import",
	.operands = "TARBALL|DIRECTORY|-",
	.help = "Make an image of the files in a tar archive or a directory",
	.options = import_options,
	.option = on_import_option,
	.run = image_import,
};

const struct lab_cli_command lab_cmd_image_export = {
	.name = "image export",
	.operands = "IMAGE FILE|-",
	.help = "Write the files of an image into a tar archive",
	.run = image_export,
};

const struct lab_cli_command lab_cmd_image_ls = {
	.name = "image ls",
	.help = "List the images",
	.run = image_ls,
};

const struct lab_cli_command lab_cmd_image_show = {
	.name = "image show",
	.operands = "IMAGE...",
	.help = "Show what is known of images",
	.run = image_show,
};

const struct lab_cli_command lab_cmd_image_rm = {
	.name = "image rm",
	.operands = "IMAGE...",
	.help = "Remove images",
	.run = image_rm,
};
