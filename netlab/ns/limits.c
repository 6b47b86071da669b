/* SPDX-License-Identifier: GPL-2.0-or-later */
/* limits.c - limits of hosts as users write them */
#include <string.h>

#include "netlab/base/parse.h"
#include "netlab/ns/cgroup.h"

static int set_memory(struct lab_limits *limits, const char *value, struct lab_err *err)
{
	uint64_t bytes;

	if (lab_parse_size(value, &bytes) < 0 || bytes < LAB_LIMIT_MEMORY_MIN || bytes > INT64_MAX)
		return lab_err_set(
			err, EINVAL,
			"memory: \"%.60s\" is not a size of at least %uMiB; write 256M, 512MiB or 1GiB",
			value, LAB_LIMIT_MEMORY_MIN >> 20);
	limits->memory_bytes = bytes;
	return 0;
}

static int set_cpus(struct lab_limits *limits, const char *value, struct lab_err *err)
{
	uint32_t milli;

	if (lab_parse_milli(value, &milli) < 0 || milli < LAB_LIMIT_CPUS_MIN ||
	    milli > LAB_LIMIT_CPUS_MAX)
		return lab_err_set(
			err, EINVAL,
			"cpus: \"%.60s\" is not a number of processors from 0.01 to %u; write 2 or 0.5",
			value, LAB_LIMIT_CPUS_MAX / 1000);
	limits->cpus_milli = milli;
	return 0;
}

static int set_pids(struct lab_limits *limits, const char *value, struct lab_err *err)
{
	unsigned int pids;

	if (lab_parse_uint(value, LAB_LIMIT_PIDS_MIN, LAB_LIMIT_PIDS_MAX, &pids) < 0)
		return lab_err_set(err, EINVAL,
				   "pids: \"%.60s\" is not a number of processes from %u to %u",
				   value, LAB_LIMIT_PIDS_MIN, LAB_LIMIT_PIDS_MAX);
	limits->pids = pids;
	return 0;
}

int lab_limits_set(struct lab_limits *limits, const char *name, const char *value,
		   struct lab_err *err)
{
	if (strcmp(name, "memory") == 0)
		return set_memory(limits, value, err);
	if (strcmp(name, "cpus") == 0)
		return set_cpus(limits, value, err);
	if (strcmp(name, "pids") == 0)
		return set_pids(limits, value, err);
	return lab_err_set(err, EINVAL, "there is no limit \"%.60s\"; there are memory, cpus, pids",
			   name);
}
