/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_script.c - unit tests of what a Python task can ask for, and of its interpreter's process */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "controller/match/match.h"
#include "controller/recipe/arena.h"
#include "controller/run/python_wire.h"
#include "controller/run/script.h"
#include "netlab/base/util.h"
#include "tests/unit/fake_keeper.h"

static const char text[] =
	"<lnstrecipe><define><alias name='a' value='1'/></define><network>"
	"<host id='h1'><interfaces><eth id='eth1' label='A'><addresses>"
	"<address value='192.168.7.1/24'/></addresses></eth></interfaces></host>"
	"<host id='h2'><interfaces><eth id='eth1' label='A'/></interfaces></host>"
	"</network><task python='t.py'/></lnstrecipe>";

/*
 * struct lab - a task that runs, without its program
 */
struct lab {
	struct lab_loop *loop;
	struct fake_keeper keeper;
	struct lab_client *client;
	struct ctl_recipe *recipe;
	struct lab_topo *topo;
	struct ctl_scope scope;
	struct ctl_modules modules;
	struct ctl_run_result result;
	struct ctl_task_result task;
	struct ctl_run_params params;
	struct ctl_run run;
	struct ctl_script script;
	struct lab_err err;
	bool cancel;
};

static int setup(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	struct ctl_diag diag = CTL_DIAG_INIT;

	assert_non_null(lab);
	assert_int_equal(lab_loop_new(&lab->loop), 0);
	fake_keeper_start(&lab->keeper, lab->loop, &lab->client);
	assert_int_equal(
		ctl_recipe_load_mem("r.xml", text, strlen(text), NULL, &lab->recipe, &diag), 0);
	assert_int_equal(ctl_match_topo(lab->recipe, "lab", NULL, NULL, &lab->topo, &diag), 0);
	ctl_match_scope(lab->topo, &lab->scope);
	lab->result.recipe = lab->recipe;
	lab->result.tasks = &lab->task;
	lab->result.n_tasks = 1;
	lab->task.task = &lab->recipe->tasks[0];
	lab->task.arena = ctl_arena_new();
	lab->params = (struct ctl_run_params){
		.loop = lab->loop,
		.client = lab->client,
		.recipe = lab->recipe,
		.scope = &lab->scope,
		.modules = &lab->modules,
		.cancel = &lab->cancel,
	};
	lab->run = (struct ctl_run){
		.params = &lab->params,
		.result = &lab->result,
		.err = &lab->err,
	};
	lab->modules.n_hosts = lab->recipe->n_hosts;
	assert_int_equal(ctl_lazy_init(&lab->run.lazy, &lab->scope, lab->recipe, lab->client), 0);
	lab->script = (struct ctl_script){
		.run = &lab->run,
		.task = &lab->task,
	};
	*state = lab;
	return 0;
}

static int teardown(void **state)
{
	struct lab *lab = *state;
	size_t i;

	ctl_lazy_fini(&lab->run.lazy);
	lab_client_free(lab->client);
	for (i = 0; i < lab->task.n_commands; i++) {
		free(lab->task.commands[i]->text);
		free(lab->task.commands[i]->desc);
		ctl_job_free(lab->task.commands[i]->own);
		free(lab->task.commands[i]);
	}
	free(lab->task.commands);
	json_decref(lab->task.values);
	ctl_arena_free(lab->task.arena);
	ctl_modules_fini(&lab->modules);
	lab_topo_free(lab->topo);
	ctl_recipe_free(lab->recipe);
	fake_keeper_stop(&lab->keeper);
	lab_loop_free(lab->loop);
	free(lab);
	return 0;
}

/* Ask with parameters written as JSON with ' for "; the answer in the same way, or the error's text. */
static void asks(struct lab *lab, const char *method, const char *params, const char *expected)
{
	char buf[1024];
	cleanup_json json_t *object = NULL, *answer = NULL;
	cleanup_free char *said = NULL;
	struct lab_err err = { 0 };
	size_t i;
	int r;

	(void)snprintf(buf, sizeof(buf), "%s", params);
	for (i = 0; buf[i]; i++) {
		if (buf[i] == '\'')
			buf[i] = '"';
	}
	object = json_loads(buf, 0, NULL);
	assert_non_null(object);
	r = ctl_script_call(&lab->script, method, object, &answer, &err);
	if (r < 0) {
		assert_string_equal(err.msg, expected);
		return;
	}
	said = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	for (i = 0; said[i]; i++) {
		if (said[i] == '"')
			said[i] = '\'';
	}
	assert_string_equal(said, expected);
}

static void the_recipe_is_told(void **state)
{
	struct lab *lab = *state;

	asks(lab, "hosts", "{}",
	     "[{'id':'h1','interfaces':[{'id':'eth1','label':'A','netns':null,'type':'eth'}],'params':{}},"
	     "{'id':'h2','interfaces':[{'id':'eth1','label':'A','netns':null,'type':'eth'}],'params':{}}]");
	asks(lab, "aliases", "{}", "{'a':'1'}");
}

static void commands_are_added_and_counted(void **state)
{
	struct lab *lab = *state;
	const struct ctl_command *c;

	asks(lab, "run",
	     "{'host':'h1','command':'exit 3','expect':false,'desc':'d','file':'t.py','line':7}",
	     "{'index':0,'msg':'failed as expected: exit status 3','passed':true,"
	     "'res_data':{'stderr':'','stdout':''}}");
	asks(lab, "run", "{'host':'h2','command':'echo x'}",
	     "{'index':1,'msg':'','passed':true,'res_data':{'stderr':'','stdout':'x\\n'}}");
	asks(lab, "run", "{'host':'h2','command':'false'}",
	     "{'index':2,'msg':'exit status 1','passed':false,'res_data':{'stderr':'','stdout':''}}");
	asks(lab, "ctl_wait", "{'seconds':0.001}",
	     "{'index':3,'msg':'','passed':true,'res_data':null}");
	assert_int_equal(lab->task.n_commands, 4);
	assert_int_equal(lab->task.n_passed, 3);
	assert_int_equal(lab->task.n_failed, 1);
	assert_int_equal(lab->task.verdict, CTL_VERDICT_FAIL);
	c = lab->task.commands[0]->command;
	assert_string_equal(c->src.file, "t.py");
	assert_int_equal(c->src.line, 7);
	assert_string_equal(lab->task.commands[0]->host, "h1");
	assert_string_equal(lab->task.commands[0]->desc, "d");
}

static void the_background_has_numbers(void **state)
{
	struct lab *lab = *state;

	asks(lab, "run", "{'host':'h1','command':'sleep 60','bg':true}",
	     "{'index':0,'msg':'Running in background.','passed':true,'res_data':null}");
	asks(lab, "kill", "{'target':0}",
	     "{'index':1,'killed':true,'msg':'Command killed.','passed':true,"
	     "'res_data':{'stderr':'','stdout':''}}");
	asks(lab, "run", "{'host':'h1','command':'true','bg':true}",
	     "{'index':2,'msg':'Running in background.','passed':true,'res_data':null}");
	asks(lab, "wait", "{'target':2}",
	     "{'index':3,'msg':'','passed':true,'res_data':{'stderr':'','stdout':''}}");
	asks(lab, "intr", "{'target':1}", "intr(): 1 is not a command in the background");
	asks(lab, "wait", "{'target':9}", "wait(): 9 is not a command in the background");
	assert_string_equal(lab->task.commands[1]->command->bg_id, "1");
}

static void wrong_questions_are_named(void **state)
{
	struct lab *lab = *state;

	asks(lab, "nothing", "{}", "there is no method 'nothing'");
	asks(lab, "run", "{'host':'h9','command':'true'}",
	     "the recipe has no host 'h9'; there is 'h1'");
	asks(lab, "run", "{'host':'h1'}", "run() needs a command or a module");
	asks(lab, "run", "{'host':'h1','command':'true','module':'M'}",
	     "run() needs a command or a module");
	asks(lab, "run", "{'host':'h1','command':'true','colour':1}",
	     "run(): 1 object item(s) left unpacked: colour");
	asks(lab, "run", "{'host':'h1','command':'true','timeout':0}",
	     "timeout 0 is not a number of seconds from 1 to 31536000");
	asks(lab, "run", "{'host':'h1','module':'M','options':{'a':[1]}}", "option a is no string");
	asks(lab, "run", "{'host':'h1','module':'M'}", "there is no module 'M' in any folder");
	asks(lab, "run", "{'host':'h1','command':'./x','tool':'t'}",
	     "there is no tool 't' in any folder");
	asks(lab, "run", "{'host':'h1','command':'./x','tool':'t'}", "there is no tool 't'");
	asks(lab, "sync", "{'host':'h1','modules':[1],'tools':[]}",
	     "sync_resources(): a name is no string");
	asks(lab, "ctl_wait", "{'seconds':-1}",
	     "wait(): -1 is not a number of seconds up to 31536000");
	asks(lab, "ip", "{'host':'h1','interface':'eth9'}", "host h1 has no interface 'eth9'");
	assert_int_equal(lab->task.n_commands, 0);
}

static void values_are_kept(void **state)
{
	struct lab *lab = *state;

	asks(lab, "record", "{'name':'n','values':{'v':1}}", "null");
	assert_int_equal(json_array_size(lab->task.values), 1);
}

static void an_end_is_for_good(void **state)
{
	struct lab *lab = *state;

	lab->cancel = true;
	asks(lab, "run", "{'host':'h1','command':'true'}", "the task has been ended");
	assert_int_equal(lab->script.failed, -ECANCELED);
	assert_string_equal(lab->err.msg, "interrupted");
	lab->cancel = false;
	asks(lab, "hosts", "{}", "the task has been ended");
}

/* --- messages --------------------------------------------------------------------------------- */

static void messages_come_whole(LAB_UNUSED void **state)
{
	struct lab_strbuf in = LAB_STRBUF_INIT;
	json_t *message = NULL;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(ctl_python_next(&in, &message), 0);
	assert_int_equal(ctl_python_receive(fds[0], MSG_DONTWAIT, &in), -EAGAIN);
	assert_int_equal(ctl_python_send(fds[1], NULL), -ENOMEM);
	assert_int_equal(ctl_python_send(fds[1], json_pack("{s:i}", "a", 1)), 0);
	assert_int_equal(ctl_python_send(fds[1], json_pack("{s:i}", "b", 2)), 0);
	assert_true(ctl_python_receive(fds[0], 0, &in) > 0);
	assert_int_equal(ctl_python_next(&in, &message), 1);
	assert_int_equal(json_integer_value(json_object_get(message, "a")), 1);
	json_decref(message);
	assert_int_equal(ctl_python_next(&in, &message), 1);
	assert_int_equal(json_integer_value(json_object_get(message, "b")), 2);
	json_decref(message);
	assert_int_equal(ctl_python_next(&in, &message), 0);
	lab_strbuf_add(&in, "\0\0\0\3J{x", 7);
	assert_int_equal(ctl_python_next(&in, &message), -EBADMSG);
	lab_strbuf_reset(&in);
	lab_strbuf_add(&in, "\377\377\377\377J", 5);
	assert_int_equal(ctl_python_next(&in, &message), -EMSGSIZE);
	close(fds[1]);
	assert_int_equal(ctl_python_receive(fds[0], 0, &in), 0);
	close(fds[0]);
	lab_strbuf_fini(&in);
}

static void a_missing_plugin_is_named(LAB_UNUSED void **state)
{
	static const char *const dirs[] = { "/nowhere", "/neither", NULL };
	struct ctl_python *py;
	struct lab_err err;

	assert_int_equal(ctl_python_new(dirs, &py), 0);
	assert_int_equal(ctl_python_start(py, &err), -ENOSYS);
	assert_string_equal(
		err.msg,
		"Python tasks need netlab-python.so, which is not in /nowhere: build netlab where the package libpython3-dev is installed");
	ctl_python_free(py);
	ctl_python_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_recipe_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(commands_are_added_and_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(the_background_has_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_questions_are_named, setup, teardown),
		cmocka_unit_test_setup_teardown(values_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(an_end_is_for_good, setup, teardown),
		cmocka_unit_test(messages_come_whole),
		cmocka_unit_test(a_missing_plugin_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
