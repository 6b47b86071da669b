/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_pool.c - any bytes as a machine of a pool, matched to a recipe; or as a configuration file */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controller/match/match.h"
#include "netlab/cli/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char recipe_text[] =
	"<recipe><network><host id='h1'><params><param name='arch' value='x86'/><param name='memory' value='1G'/></params>"
	"<interfaces><eth id='e' label='a'><params><param name='driver' value='igb'/></params></eth>"
	"<eth id='f' label='b'/></interfaces></host>"
	"<host id='h2'><interfaces><eth id='e' label='a'/></interfaces></host></network></recipe>";
static const char second_text[] =
	"<slavemachine><params><param name='hostname' value='second'/></params><interfaces>"
	"<eth id='1' label='A'><params><param name='hwaddr' value='02:00:00:00:00:01'/></params></eth>"
	"<eth id='2' label='B'><params><param name='hwaddr' value='02:00:00:00:00:02'/></params></eth>"
	"</interfaces></slavemachine>";

static void build(const struct ctl_match *match)
{
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct lab_topo *topo = NULL;

	if (ctl_match_topo(match->recipe, NULL, NULL, match, &topo, &diag) < 0 && !diag.n_errors)
		abort();
	lab_topo_free(topo);
	ctl_diag_fini(&diag);
}

static void match(const struct ctl_recipe *recipe, const struct ctl_pool *pool)
{
	struct lab_strbuf why = LAB_STRBUF_INIT;
	const struct ctl_match *found;
	struct ctl_search *search;
	unsigned int n = 0;
	size_t h, m;

	if (ctl_search_new(recipe, pool, 100000, &search) < 0)
		abort();
	while (n < 20 && ctl_search_next(search, &found, NULL) > 0) {
		build(found);
		n++;
	}
	for (h = 0; !n && h < recipe->n_hosts; h++) {
		(void)ctl_search_stuck(search, h);
		for (m = 0; m < pool->n_machines; m++)
			(void)ctl_search_why(search, h, m, &why);
	}
	lab_strbuf_fini(&why);
	ctl_search_free(search);
}

static void as_machine(const uint8_t *data, size_t size)
{
	const struct ctl_pool_file files[] = {
		{ "p/m1.xml", data, size },
		{ "p/m2.xml", second_text, sizeof(second_text) - 1 },
	};
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_recipe *recipe = NULL;
	struct ctl_pool *pool = NULL;
	struct lab_strbuf said = LAB_STRBUF_INIT;

	if (ctl_recipe_load_mem("r.xml", recipe_text, sizeof(recipe_text) - 1, NULL, &recipe,
				&diag) < 0)
		abort();
	if (ctl_pool_load_mem("p", files, 2, &pool, &diag) == 0)
		match(recipe, pool);
	else if (!diag.n_errors)
		abort();
	ctl_diag_format(&diag, &said);
	lab_strbuf_fini(&said);
	ctl_pool_free(pool);
	ctl_recipe_free(recipe);
	ctl_diag_fini(&diag);
}

static void as_config(const uint8_t *data, size_t size)
{
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct lab_config cfg = { 0 };
	char *text = malloc(size + 1);

	if (!text)
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	(void)lab_config_parse(&cfg, "d/config", text, size % 2, &diag);
	lab_config_fini(&cfg);
	ctl_diag_fini(&diag);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] == '<')
		as_machine(data, size);
	else
		as_config(data, size);
	return 0;
}
