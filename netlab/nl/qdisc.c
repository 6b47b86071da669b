/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qdisc.c - network emulation as root qdisc, and the tables of its delays */
#include "netlab/nl/qdisc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlab/base/parse.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/nl/nl_internal.h"

enum { LIMIT = 1000, FILE_MAX = 1 << 20, TICK_SHIFT = 6 };

/* --- tables ---------------------------------------------------------------------------------------- */

int lab_dist_parse(const char *text, struct lab_dist_table *ret)
{
	static const char blanks[] = " \t\r\n\f\v";
	struct lab_dist_table *t = ret;
	char word[16];

	t->n = 0;
	for (;;) {
		size_t len;
		uint64_t v;
		bool minus;

		text += strspn(text, blanks);
		if (!*text)
			return t->n ? 0 : -EBADMSG;
		if (*text == '#') {
			text += strcspn(text, "\n");
			continue;
		}
		len = strcspn(text, blanks);
		minus = *text == '-';
		if (len >= sizeof(word))
			return -EBADMSG;
		memcpy(word, text, len);
		word[len] = '\0';
		if (lab_parse_u64(word + minus, 0, (uint64_t)INT16_MAX + minus, &v) < 0)
			return -EBADMSG;
		if (t->n == LAB_DIST_MAX)
			return -EFBIG;
		t->v[t->n++] = (int16_t)(minus ? -(int32_t)v : (int32_t)v);
		text += len;
	}
}

/* A file into @sb; -EFBIG above FILE_MAX. */
static int read_file(const char *path, struct lab_strbuf *sb)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	char chunk[4096];
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0 && sb->len < FILE_MAX)
		lab_strbuf_add(sb, chunk, (size_t)n);
	if (n < 0)
		return -errno;
	return n > 0 ? -EFBIG : sb->error;
}

int lab_dist_load(enum lab_netem_dist dist, struct lab_dist_table *ret, struct lab_err *err)
{
	static const char *const names[] = { "", "normal", "pareto", "paretonormal" };
#if defined(__x86_64__)
	static const char multiarch[] = "/usr/lib/x86_64-linux-gnu/tc";
#elif defined(__aarch64__)
	static const char multiarch[] = "/usr/lib/aarch64-linux-gnu/tc";
#else
	static const char multiarch[] = "/usr/lib64/tc";
#endif
	const char *const dirs[] = { getenv("TC_LIB_DIR"), "/usr/lib/tc", multiarch,
				     "/usr/share/tc" };
	struct lab_strbuf sb cleanup_strbuf = LAB_STRBUF_INIT;
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < LAB_ARRAY_SIZE(dirs); i++) {
		char path[PATH_MAX];

		if (!dirs[i])
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s.dist", dirs[i], names[dist]);
		r = read_file(path, &sb);
	}
	if (r == 0)
		r = lab_dist_parse(lab_strbuf_str(&sb), ret);
	if (r == -ENOENT)
		return lab_err_set(
			err, ENOENT,
			"distribution %s: no file %s.dist of tc; the package iproute2 has it",
			names[dist], names[dist]);
	return r < 0 ? lab_err_errno(err, -r, "distribution %s: its file of tc", names[dist]) : 0;
}

/* --- requests -------------------------------------------------------------------------------------- */

static bool begin(struct lab_nl *nl, uint16_t type, uint16_t flags, int ifindex)
{
	struct tcmsg *tc = lab_nl_begin(nl, type, flags, sizeof(*tc));

	if (!tc)
		return false;
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = ifindex;
	tc->tcm_parent = TC_H_ROOT;
	return true;
}

/* The kernel's chances are parts of 2^32 - 1. */
static uint32_t chance(uint32_t percent)
{
	return (uint32_t)(((uint64_t)percent * UINT32_MAX + LAB_PERCENT_100 / 2) / LAB_PERCENT_100);
}

/* The old unit of times, 64 ns; the exact ones follow in attributes of their own. */
static uint32_t ticks(uint32_t us)
{
	return (uint32_t)LAB_MIN((uint64_t)us * 1000 >> TICK_SHIFT, (uint64_t)UINT32_MAX);
}

static void put_delay(struct lab_nl *nl, const struct lab_netem *netem)
{
	const int64_t delay_ns = (int64_t)netem->delay_us * 1000;
	const int64_t jitter_ns = (int64_t)netem->jitter_us * 1000;

	lab_nl_put(nl, TCA_NETEM_LATENCY64, &delay_ns, sizeof(delay_ns));
	lab_nl_put(nl, TCA_NETEM_JITTER64, &jitter_ns, sizeof(jitter_ns));
}

static void put_chances(struct lab_nl *nl, const struct lab_netem *netem)
{
	const struct tc_netem_corr corr = {
		.delay_corr = chance(netem->delay_correlation),
		.loss_corr = chance(netem->loss.correlation),
		.dup_corr = chance(netem->duplication.correlation),
	};
	const struct tc_netem_reorder reorder = {
		.probability = chance(netem->reordering.percent),
		.correlation = chance(netem->reordering.correlation),
	};
	const struct tc_netem_corrupt corrupt = {
		.probability = chance(netem->corrupt.percent),
		.correlation = chance(netem->corrupt.correlation),
	};

	lab_nl_put(nl, TCA_NETEM_CORR, &corr, sizeof(corr));
	lab_nl_put(nl, TCA_NETEM_REORDER, &reorder, sizeof(reorder));
	lab_nl_put(nl, TCA_NETEM_CORRUPT, &corrupt, sizeof(corrupt));
}

static void put_rate(struct lab_nl *nl, uint64_t rate_bps)
{
	const uint64_t bytes = LAB_MAX(rate_bps / 8, (uint64_t)1);
	const struct tc_netem_rate rate = { .rate = (uint32_t)LAB_MIN(bytes,
								      (uint64_t)UINT32_MAX) };

	if (bytes > UINT32_MAX)
		lab_nl_put(nl, TCA_NETEM_RATE64, &bytes, sizeof(bytes));
	lab_nl_put(nl, TCA_NETEM_RATE, &rate, sizeof(rate));
}

void lab_qdisc_netem(struct lab_nl *nl, int ifindex, const struct lab_netem *netem,
		     const struct lab_dist_table *table)
{
	struct tc_netem_qopt *opt;
	size_t mark;

	if (!begin(nl, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, ifindex))
		return;
	lab_nl_put_str(nl, TCA_KIND, "netem");
	mark = lab_nl_nest(nl, TCA_OPTIONS);
	opt = lab_nl_append(nl, sizeof(*opt));
	if (!opt)
		return;
	*opt = (struct tc_netem_qopt){
		.latency = ticks(netem->delay_us),
		.limit = netem->limit ? netem->limit : LIMIT,
		.loss = chance(netem->loss.percent),
		/* Reordering without a gap is that of every packet (tc does so, too). */
		.gap = netem->reordering.percent && !netem->gap ? 1 : netem->gap,
		.duplicate = chance(netem->duplication.percent),
		.jitter = ticks(netem->jitter_us),
	};
	put_delay(nl, netem);
	put_chances(nl, netem);
	if (netem->rate_bps)
		put_rate(nl, netem->rate_bps);
	if (table)
		lab_nl_put(nl, TCA_NETEM_DELAY_DIST, table->v, table->n * sizeof(table->v[0]));
	lab_nl_nest_end(nl, mark);
}

void lab_qdisc_del(struct lab_nl *nl, int ifindex)
{
	(void)begin(nl, RTM_DELQDISC, 0, ifindex);
}
