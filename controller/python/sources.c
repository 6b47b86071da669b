/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources.c - the pure Python modules, in memory: nothing is looked for on disk */
#include "controller/python/py.h"

/* The bytes of a file, between the symbols NAME and NAME_end. */
#define SOURCE(name, path)                                                       \
	__asm__(".pushsection .rodata\n"                                         \
		".local ctl_py_" #name "\n.local ctl_py_" #name "_end\n"         \
		"ctl_py_" #name ":\n\t.incbin \"controller/python/" path "\"\n"  \
		"ctl_py_" #name "_end:\n\t.byte 0\n"                             \
		".popsection\n");                                                \
	extern const char ctl_py_##name[] __attribute__((visibility("hidden"))); \
	extern const char ctl_py_##name##_end[] __attribute__((visibility("hidden")))
#define MODULE(full, name)                                  \
	{                                                   \
		full, 0, ctl_py_##name, ctl_py_##name##_end \
	}
#define PACKAGE(full, name)                                 \
	{                                                   \
		full, 1, ctl_py_##name, ctl_py_##name##_end \
	}

SOURCE(netlab, "netlab/__init__.py");
SOURCE(bootstrap, "netlab/bootstrap.py");
SOURCE(runner, "netlab/runner.py");
SOURCE(task, "netlab/task.py");
SOURCE(host, "netlab/host.py");
SOURCE(device, "netlab/device.py");
SOURCE(interface, "netlab/interface.py");
SOURCE(perfrepo, "netlab/perfrepo.py");
SOURCE(lnst, "lnst/__init__.py");
SOURCE(controller, "lnst/Controller/__init__.py");
SOURCE(controller_task, "lnst/Controller/Task.py");
SOURCE(controller_perfrepo, "lnst/Controller/PerfRepoUtils.py");
SOURCE(common, "lnst/Common/__init__.py");
SOURCE(common_consts, "lnst/Common/Consts.py");
SOURCE(common_logs, "lnst/Common/Logs.py");
SOURCE(common_utils, "lnst/Common/Utils.py");
SOURCE(recipe_common, "lnst/RecipeCommon/__init__.py");
SOURCE(recipe_irq, "lnst/RecipeCommon/IRQ.py");
SOURCE(recipe_modules, "lnst/RecipeCommon/ModuleWrap.py");
SOURCE(recipe_offloads, "lnst/RecipeCommon/Offloads.py");
SOURCE(recipe_perfrepo, "lnst/RecipeCommon/PerfRepo.py");

const struct ctl_py_source ctl_py_sources[] = {
	PACKAGE("netlab", netlab),
	MODULE("netlab.bootstrap", bootstrap),
	MODULE("netlab.runner", runner),
	MODULE("netlab.task", task),
	MODULE("netlab.host", host),
	MODULE("netlab.device", device),
	MODULE("netlab.interface", interface),
	MODULE("netlab.perfrepo", perfrepo),
	PACKAGE("lnst", lnst),
	PACKAGE("lnst.Controller", controller),
	MODULE("lnst.Controller.Task", controller_task),
	MODULE("lnst.Controller.PerfRepoUtils", controller_perfrepo),
	PACKAGE("lnst.Common", common),
	MODULE("lnst.Common.Consts", common_consts),
	MODULE("lnst.Common.Logs", common_logs),
	MODULE("lnst.Common.Utils", common_utils),
	PACKAGE("lnst.RecipeCommon", recipe_common),
	MODULE("lnst.RecipeCommon.IRQ", recipe_irq),
	MODULE("lnst.RecipeCommon.ModuleWrap", recipe_modules),
	MODULE("lnst.RecipeCommon.Offloads", recipe_offloads),
	MODULE("lnst.RecipeCommon.PerfRepo", recipe_perfrepo),
	{ NULL, 0, NULL, NULL },
};
