/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_image.h - what the files of netlab image share, and netlab host publish with them */
#ifndef NETLAB_CLI_CMD_IMAGE_H
#define NETLAB_CLI_CMD_IMAGE_H

#include "netlab/cli/cli.h"
#include "slave-image/image/store.h"

/**
 * lab_imagecmd_fail() - Print an error of an operation on images
 * @cli:	command line
 * @r:		negative errno
 * @err:	why
 *
 * Return: exit code: LAB_EXIT_USAGE for an image that is in use; else as lab_cli_exit_of().
 */
int lab_imagecmd_fail(const struct lab_cli *cli, int r, const struct lab_err *err);

/**
 * lab_imagecmd_show() - Print what is known of an image
 * @cli:	command line
 * @name:	as for lab_image_find()
 *
 * Return: exit code.
 */
int lab_imagecmd_show(const struct lab_cli *cli, const char *name);

/**
 * lab_imagecmd_option() - Take one of the options --name and --description
 * @cli:	command line
 * @option:	its name
 * @arg:	its argument
 * @about:	name or description is filled
 *
 * Return: 0, or an exit code after having printed why.
 */
int lab_imagecmd_option(const struct lab_cli *cli, const char *option, const char *arg,
			struct img_about *about);

/**
 * lab_imagecmd_publish() - Make an image of the files of a host
 * @cli:	command line
 * @lab:	name of the lab
 * @host:	host id
 * @snapshot:	of the host as it was then; NULL = as it is now
 * @about:	name and description are given
 *
 * The image lies on that of the host, or on the machine's files. Prints it, or why not.
 * Return: exit code.
 */
int lab_imagecmd_publish(struct lab_cli *cli, const char *lab, const char *host,
			 const char *snapshot, struct img_about *about);

#endif
