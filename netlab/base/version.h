/* SPDX-License-Identifier: GPL-2.0-or-later */
/* version.h - what this build is */
#ifndef NETLAB_BASE_VERSION_H
#define NETLAB_BASE_VERSION_H

/**
 * lab_version() - Version of the program
 *
 * Return: "0.1.0" or what git describe says; static storage.
 */
const char *lab_version(void);

/**
 * lab_build_id() - Identity of the agent's source
 *
 * Two programs with one build id speak the same RPC and behave alike; the controller replaces an
 * agent whose id differs.
 * Return: hexadecimal text, static storage.
 */
const char *lab_build_id(void);

#endif
