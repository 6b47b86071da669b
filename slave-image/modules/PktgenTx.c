/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PktgenTx.c - module: send packets with the kernel's packet generator */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slave-image/modules/module.h"
#include "slave-image/modules/parse.h"

enum {
	DEVICES_MAX = 64,
	OPTIONS_MAX = 64,
	TEXT_MAX = 8192,
	KERNEL_ENOTSUPP =
		524, /* a number that the kernel means to keep to itself; pktgen gives it away */
};

static const char about[] = MOD_KERNEL("pktgen", "NET_PKTGEN")
	MOD_OPTION("netdev_name needed multi") MOD_OPTION("pktgen_option needed multi")
		MOD_OPTION("thread_option multi");

/* A host shows /proc read-only, but this folder of its PID 1; on a machine the first one is right. */
static const char *const folders[] = { "/proc/1/net/pktgen", "/proc/net/pktgen" };

/* Taken unless a recipe's option has the same first word. */
static const char *const defaults[] = { "count 10000000", "clone_skb 100000", "pkt_size 60" };

static const char *folder;

/* One line to one of pktgen's files, which answers at once. */
static int tell(const char *file, const char *line)
{
	cleanup_close int fd = -1;
	cleanup_free char *path = NULL, *text = NULL;

	if (asprintf(&path, "%s/%s", folder, file) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	/* pgctrl cuts the last character off, whatever it is. */
	if (asprintf(&text, "%s\n", line) < 0) {
		text = NULL;
		return -ENOMEM;
	}
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, text, strlen(text)) >= 0)
		return 0;
	return errno == KERNEL_ENOTSUPP ? -EOPNOTSUPP : -errno;
}

static enum mod_verdict failed(struct mod *m, const char *file, const char *line, int r)
{
	return mod_verdict(m, MOD_FAIL, "pktgen failed: %.32s: \"%.64s\": %s [%s]", file, line,
			   strerror(-r), strerrorname_np(-r));
}

static bool find_pktgen(struct mod *m)
{
	cleanup_free char *path = NULL;
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(folders); i++) {
		free(path);
		folder = folders[i];
		if (asprintf(&path, "%s/pgctrl", folder) < 0)
			path = NULL;
		if (path && access(path, W_OK) == 0)
			return true;
	}
	if (access("/proc/net/pktgen", F_OK) == 0)
		(void)mod_verdict(m, MOD_ERROR,
				  "/proc/net/pktgen cannot be written here: pktgen needs real root");
	else
		(void)mod_verdict(
			m, MOD_ERROR,
			"the kernel has no pktgen: load its module on the machine before the lab is built (modprobe pktgen, CONFIG_NET_PKTGEN)");
	return false;
}

static bool same_word(const char *a, const char *b)
{
	size_t n = strcspn(a, " ");

	return strcspn(b, " ") == n && strncmp(a, b, n) == 0;
}

static bool is_overridden(const struct mod *m, const char *option)
{
	const char *o;
	size_t i;

	for (i = 0; (o = mod_option_nth(m, "pktgen_option", i)); i++) {
		if (same_word(o, option))
			return true;
	}
	return false;
}

static bool set_options(struct mod *m, const char *device)
{
	const char *o;
	size_t i;
	int r;

	for (i = 0; i < LAB_ARRAY_SIZE(defaults); i++) {
		if (is_overridden(m, defaults[i]))
			continue;
		r = tell(device, defaults[i]);
		/* Devices that may not see one packet twice, such as veth, refuse clone_skb. */
		if (r < 0 && !(r == -EOPNOTSUPP && same_word(defaults[i], "clone_skb"))) {
			(void)failed(m, device, defaults[i], r);
			return false;
		}
	}
	for (i = 0; (o = mod_option_nth(m, "pktgen_option", i)); i++) {
		r = tell(device, o);
		if (r < 0) {
			(void)failed(m, device, o, r);
			return false;
		}
	}
	return true;
}

/* The n-th thread_option has the options of the n-th device, separated by commas. */
static bool set_thread_options(struct mod *m, const char *device, size_t n)
{
	const char *all = mod_option_nth(m, "thread_option", n);
	cleanup_free char *copy = all ? strdup(all) : NULL;
	char *rest = copy, *o;
	int r;

	while ((o = strsep(&rest, ","))) {
		if (!*o)
			continue;
		r = tell(device, o);
		if (r < 0) {
			(void)failed(m, device, o, r);
			return false;
		}
	}
	return true;
}

static bool add_device(struct mod *m, const char *device, size_t n, long n_cpus)
{
	char thread[32], line[64];
	size_t cpu = n % (size_t)n_cpus;
	int r = 0;

	(void)snprintf(thread, sizeof(thread), "kpktgend_%zu", cpu);
	if (n < (size_t)n_cpus)
		r = tell(thread, "rem_device_all");
	(void)snprintf(line, sizeof(line), "add_device %.48s", device);
	if (r == 0)
		r = tell(thread, line);
	if (r < 0) {
		(void)failed(m, thread, line, r);
		return false;
	}
	return set_options(m, device) && set_thread_options(m, device, n);
}

static void remove_devices(size_t n_devices, long n_cpus)
{
	char thread[32];
	size_t i;

	for (i = 0; i < n_devices && i < (size_t)n_cpus; i++) {
		(void)snprintf(thread, sizeof(thread), "kpktgend_%zu", i);
		(void)tell(thread, "rem_device_all");
	}
}

static void read_result(const char *device, struct mod_pktgen *ret)
{
	cleanup_free char *path = NULL;
	cleanup_file FILE *f = NULL;
	char line[TEXT_MAX];

	if (asprintf(&path, "%s/%s", folder, device) < 0)
		return;
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		mod_parse_pktgen(line, ret);
}

static enum mod_verdict report(struct mod *m, size_t n_devices)
{
	unsigned long long packets = 0, pps = 0, bps = 0;
	json_t *devices = json_object();
	bool ok = true;
	size_t i;

	for (i = 0; i < n_devices; i++) {
		const char *device = mod_option_nth(m, "netdev_name", i);
		struct mod_pktgen p = { 0 };

		read_result(device, &p);
		ok &= p.ok;
		packets += p.packets;
		pps += p.pps;
		bps += p.bps;
		(void)json_object_set_new(devices, device,
					  json_pack("{s:I,s:I,s:I,s:I}", "packets",
						    (json_int_t)p.packets, "pps", (json_int_t)p.pps,
						    "bits_per_second", (json_int_t)p.bps, "errors",
						    (json_int_t)p.errors));
	}
	(void)json_object_set_new(m->data, "devices", devices);
	mod_int_data(m, "packets", (long long)packets);
	mod_int_data(m, "pps", (long long)pps);
	mod_int_data(m, "bits_per_second", (long long)bps);
	if (!ok && !mod_interrupted())
		return mod_verdict(m, MOD_FAIL, "pktgen failed: it reports no result");
	return mod_verdict(m, MOD_PASS, "%llu packets, %llu packets per second", packets, pps);
}

static enum mod_verdict run(struct mod *m)
{
	long n_cpus = LAB_MAX(sysconf(_SC_NPROCESSORS_ONLN), 1L);
	const char *device, *option;
	enum mod_verdict v = MOD_FAIL;
	size_t n;
	int r;

	if (!mod_need(m, "netdev_name", &device) || !mod_need(m, "pktgen_option", &option))
		return MOD_FAIL;
	if (!find_pktgen(m))
		return MOD_ERROR;
	for (n = 0; (device = mod_option_nth(m, "netdev_name", n)); n++) {
		if (n == DEVICES_MAX || strchr(device, '/') || *device == '.')
			return mod_bad_option(
				m, "option netdev_name: \"%.64s\" is wrong, or one too many",
				device);
		if (!add_device(m, device, n, n_cpus)) {
			remove_devices(n + 1, n_cpus);
			return MOD_FAIL;
		}
	}
	/* Until all has been sent, or a signal comes. */
	r = tell("pgctrl", "start");
	if (r < 0 && r != -EINTR)
		(void)failed(m, "pgctrl", "start", r);
	else
		v = report(m, n);
	remove_devices(n, n_cpus);
	return v;
}

int main(int argc, char **argv)
{
	(void)argv;
	return mod_main(argc, about, run);
}
