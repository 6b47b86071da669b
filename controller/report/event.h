/* SPDX-License-Identifier: GPL-2.0-or-later */
/* event.h - what happens as JSON objects: the one form in which all parts of a report hear of it */
#ifndef CONTROLLER_REPORT_EVENT_H
#define CONTROLLER_REPORT_EVENT_H

#include "controller/report/report.h"
#include "netlab/rpc/json.h"

/*
 * Each function makes a new event, described in docs/json.md. NULL or an event that lacks a member:
 * out of memory. rep is the report, for the time and the recipe.
 */

/**
 * ctl_event_new() - An event without members of its own
 * @rep:	report
 * @name:	"recipe", "end", ...
 *
 * Return: new reference.
 */
json_t *ctl_event_new(const struct ctl_report *rep, const char *name);

/**
 * ctl_event_start() - The program has started
 * @rep:	report
 *
 * Return: new reference.
 */
json_t *ctl_event_start(const struct ctl_report *rep);

/**
 * ctl_event_diag() - An error or note of a recipe
 * @rep:	report
 * @item:	what
 *
 * Return: new reference.
 */
json_t *ctl_event_diag(const struct ctl_report *rep, const struct ctl_diag_item *item);

/**
 * ctl_event_error() - Something went wrong
 * @rep:	report
 * @err:	what
 *
 * Return: new reference.
 */
json_t *ctl_event_error(const struct ctl_report *rep, const struct lab_err *err);

/**
 * ctl_event_note() - Something that the user should know
 * @rep:	report
 * @text:	one line
 *
 * Return: new reference.
 */
json_t *ctl_event_note(const struct ctl_report *rep, const char *text);

/**
 * ctl_event_phase() - A phase begins
 * @rep:	report
 * @phase:	which
 *
 * Return: new reference.
 */
json_t *ctl_event_phase(const struct ctl_report *rep, enum ctl_report_phase phase);

/**
 * ctl_event_match() - It is known which machines of a pool the hosts are
 * @rep:	report
 * @match:	which
 *
 * Return: new reference.
 */
json_t *ctl_event_match(const struct ctl_report *rep, const struct ctl_report_match *match);

/**
 * ctl_event_topology() - What the lab is
 * @rep:	report
 * @topology:	as lab_topo_to_json() writes it; stolen
 *
 * Return: new reference.
 */
json_t *ctl_event_topology(const struct ctl_report *rep, json_t *topology);

/**
 * ctl_event_up() - The lab is up
 * @rep:	report
 * @up:		what it is, and how long it took
 *
 * Return: new reference.
 */
json_t *ctl_event_up(const struct ctl_report *rep, const struct ctl_report_lab_up *up);

/**
 * ctl_event_synced() - The modules that a host needs are there
 * @rep:	report
 * @host:	host
 * @n_files:	modules that it needs
 * @n_sent:	how many of them had to be sent
 * @duration_us: how long it took
 *
 * Return: new reference.
 */
json_t *ctl_event_synced(const struct ctl_report *rep, const char *host, size_t n_files,
			 size_t n_sent, uint64_t duration_us);

/**
 * ctl_event_task_start() - A task begins
 * @rep:	report
 * @t:		task
 *
 * Return: new reference.
 */
json_t *ctl_event_task_start(const struct ctl_report *rep, const struct ctl_task_result *t);

/**
 * ctl_event_command_start() - A command begins
 * @rep:	report
 * @c:		command
 *
 * Return: new reference.
 */
json_t *ctl_event_command_start(const struct ctl_report *rep, const struct ctl_command_result *c);

/**
 * ctl_event_output() - A line that a command wrote
 * @rep:	report
 * @c:		the run that started it
 * @fd:		1 or 2
 * @line:	without its newline
 * @len:	bytes in @line
 *
 * Return: new reference.
 */
json_t *ctl_event_output(const struct ctl_report *rep, const struct ctl_command_result *c, int fd,
			 const char *line, size_t len);

/**
 * ctl_event_command_end() - A command is done
 * @rep:	report
 * @c:		command
 *
 * Return: new reference.
 */
json_t *ctl_event_command_end(const struct ctl_report *rep, const struct ctl_command_result *c);

/**
 * ctl_event_task_output() - A Python task itself wrote a line
 * @rep:	report
 * @t:		task
 * @fd:		1 or 2
 * @line:	the line, without its newline
 * @len:	bytes in it
 *
 * Return: new reference.
 */
json_t *ctl_event_task_output(const struct ctl_report *rep, const struct ctl_task_result *t, int fd,
			      const char *line, size_t len);

/**
 * ctl_event_values() - A Python task gave values to keep
 * @rep:	report
 * @t:		task
 * @values:	object (borrowed): its members become the event's
 *
 * Return: new reference.
 */
json_t *ctl_event_values(const struct ctl_report *rep, const struct ctl_task_result *t,
			 const json_t *values);

/**
 * ctl_event_task_end() - A task is over
 * @rep:	report
 * @t:		task
 *
 * Return: new reference.
 */
json_t *ctl_event_task_end(const struct ctl_report *rep, const struct ctl_task_result *t);

/**
 * ctl_event_verdict() - A recipe is over
 * @rep:	report
 * @v:		how
 *
 * Return: new reference.
 */
json_t *ctl_event_verdict(const struct ctl_report *rep, const struct ctl_report_verdict *v);

/**
 * ctl_event_kept() - The lab stays up
 * @rep:	report
 * @host:	id of its first host
 *
 * Return: new reference.
 */
json_t *ctl_event_kept(const struct ctl_report *rep, const char *host);

/**
 * ctl_event_down() - The lab is down
 * @rep:	report
 * @duration_us: how long that took
 *
 * Return: new reference.
 */
json_t *ctl_event_down(const struct ctl_report *rep, uint64_t duration_us);

/**
 * ctl_event_end() - All recipes are over
 * @rep:	report
 * @exit_code:	the worst exit code
 *
 * Return: new reference.
 */
json_t *ctl_event_end(const struct ctl_report *rep, int exit_code);

#endif
