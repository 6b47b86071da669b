/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run_lab.h - for tests of runs: a recipe, a fake keeper, and what came out */
#ifndef TESTS_UNIT_RUN_LAB_H
#define TESTS_UNIT_RUN_LAB_H

#include "controller/match/match.h"
#include "controller/run/run.h"
#include "tests/unit/fake_keeper.h"

#define HOSTS                                                                                             \
	"<lnstrecipe><network>"                                                                           \
	"<host id='h1'><interfaces><eth id='eth1' label='A'><addresses>"                                  \
	"<address value='192.168.7.1/24'/></addresses></eth><tun id='d' netns='ns'/></interfaces></host>" \
	"<host id='h2'><interfaces><eth id='eth1' label='A'><addresses>"                                  \
	"<address value='192.168.7.2/24'/></addresses></eth></interfaces></host>"                         \
	"</network>"
#define TASK(commands)    HOSTS "<task>" commands "</task></lnstrecipe>"
#define RUN(attrs)        "<run host='h1' " attrs "/>"
#define PAUSE(seconds)    "<ctl_wait seconds='" seconds "'/>"
#define CONTROL(kind, id) "<" kind " host='h1' bg_id='" id "'/>"

/**
 * struct lab - everything that a run needs
 * @loop:	of all
 * @keeper:	the lab's end
 * @client:	this end
 * @recipe:	what is run
 * @topo:	what it matched
 * @modules:	that it uses
 * @result:	of the last run
 * @diag:	of reading and matching
 * @err:	why it could not be run
 * @dir:	folder of modules
 * @events:	what the run told, as "start 0;pass 0;"
 * @shrunk_to:	for the test
 * @cancel:	ends the run
 */
struct lab {
	struct lab_loop *loop;
	struct fake_keeper keeper;
	struct lab_client *client;
	struct ctl_recipe *recipe;
	struct lab_topo *topo;
	struct ctl_modules modules;
	struct ctl_run_result result;
	struct ctl_diag diag;
	struct lab_err err;
	char dir[64];
	struct lab_strbuf events;
	size_t shrunk_to;
	bool cancel;
};

/**
 * run_lab_setup() - Make a lab before a test
 * @state:	takes it
 *
 * Return: 0.
 */
int run_lab_setup(void **state);

/**
 * run_lab_teardown() - Release it after the test
 * @state:	has it
 *
 * Return: 0.
 */
int run_lab_teardown(void **state);

/**
 * add_module() - Write a module of the user
 * @lab:	lab
 * @name:	its name
 * @text:	of its script
 */
void add_module(const struct lab *lab, const char *name, const char *text);

/**
 * load_recipe() - Read a recipe, which must be right
 * @lab:	lab
 * @text:	of the recipe
 */
void load_recipe(struct lab *lab, const char *text);

/**
 * run_with() - Run the recipe that was read
 * @lab:	lab
 * @scope:	answers its functions
 *
 * Return: as ctl_run().
 */
int run_with(struct lab *lab, const struct ctl_scope *scope);

/**
 * run_recipe() - Read and run a recipe
 * @lab:	lab
 * @text:	of the recipe
 *
 * Return: as ctl_run().
 */
int run_recipe(struct lab *lab, const char *text);

/**
 * command_of() - A command of the first task
 * @lab:	lab
 * @i:		which
 *
 * Return: its result.
 */
const struct ctl_command_result *command_of(const struct lab *lab, size_t i);

/**
 * verdict_is() - Compare what came out of a command of the first task
 * @lab:	lab
 * @i:		which
 * @verdict:	expected
 * @message:	expected
 */
void verdict_is(const struct lab *lab, size_t i, enum ctl_verdict verdict, const char *message);

/**
 * stdout_is() - Compare the standard output of a command of the first task
 * @lab:	lab
 * @i:		which
 * @text:	expected
 */
void stdout_is(const struct lab *lab, size_t i, const char *text);

#endif
