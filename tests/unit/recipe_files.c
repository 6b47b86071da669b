/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe_files.c - for tests of recipes: files of a folder, and what is said of a recipe */
#include "tests/unit/recipe_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <string.h>

#include "controller/match/match.h"
#include "netlab/base/util.h"

static int is_recipe(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 4 && !strcmp(e->d_name + len - 4, ".xml");
}

char *recipe_files_read(const char *dir, const char *name, const char *suffix, size_t *ret_len)
{
	int cut = suffix ? (int)strlen(name) - 4 : (int)strlen(name);
	cleanup_file FILE *f = NULL;
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	char path[512], buf[4096], *data;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/%.*s%s", dir, cut, name, suffix ? suffix : "");
	f = fopen(path, "re");
	if (!f)
		return NULL;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		lab_strbuf_add(&sb, buf, n);
	if (ret_len)
		*ret_len = sb.len;
	assert_int_equal(lab_strbuf_take(&sb, &data), 0);
	return data;
}

unsigned int recipe_files_each(const char *dir, recipe_file_fn fn, void *user)
{
	struct dirent **names;
	size_t len;
	char *data;
	int i, n;

	n = scandir(dir, &names, is_recipe, alphasort);
	if (n < 0)
		fail_msg("%s: run this from the root of the source tree", dir);
	for (i = 0; i < n; i++) {
		data = recipe_files_read(dir, names[i]->d_name, NULL, &len);
		assert_non_null(data);
		fn(dir, names[i]->d_name, data, len, user);
		free(data);
		free(names[i]);
	}
	free(names);
	return (unsigned int)n;
}

int recipe_files_include(void *dir, const char *path, struct ctl_bytes *ret)
{
	ret->data = recipe_files_read(dir, path, NULL, &ret->len);
	if (!ret->data)
		return -ENOENT;
	ret->key = strdup(path);
	assert_non_null(ret->key);
	return 0;
}

char *recipe_say(const char *name, const char *data, size_t len,
		 const struct ctl_recipe_params *params, int *ret)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_recipe *recipe = NULL;
	struct lab_topo *topo = NULL;
	char *said;

	*ret = ctl_recipe_load_mem(name, data, len, params, &recipe, &diag);
	if (*ret == 0)
		*ret = ctl_match_topo(recipe, NULL, NULL, NULL, &topo, &diag);
	assert_int_equal(*ret == 0, diag.n_errors == 0);
	ctl_diag_format(&diag, &sb);
	assert_int_equal(lab_strbuf_take(&sb, &said), 0);
	lab_topo_free(topo);
	ctl_recipe_free(recipe);
	ctl_diag_fini(&diag);
	return said;
}
