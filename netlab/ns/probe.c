/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe.c - what the kernel can make, found out by making it */
#include "netlab/ns/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openvswitch.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlab/base/util.h"
#include "netlab/nl/forward.h"
#include "netlab/nl/genl.h"
#include "netlab/nl/link.h"
#include "netlab/nl/qdisc.h"
#include "netlab/nl/tun.h"
#include "netlab/ns/clone.h"

/* Indices are high: tunnel modules that are loaded put links of their own (gre0, sit0, ...) into every new namespace. */
enum { DEADLINE_MS = 60000, NEAR = 1000, FAR, BRIDGE, FIRST };

const char *lab_probe_name(unsigned int item)
{
	static const char *const names[LAB_PROBE_MAX_] = {
		[LAB_LINK_VETH] = "link kind veth",
		[LAB_LINK_DUMMY] = "link kind dummy",
		[LAB_LINK_BRIDGE] = "link kind bridge",
		[LAB_LINK_BOND] = "link kind bond",
		[LAB_LINK_TEAM] = "link kind team",
		[LAB_LINK_VLAN] = "link kind vlan",
		[LAB_LINK_MACVLAN] = "link kind macvlan",
		[LAB_LINK_IPVLAN] = "link kind ipvlan",
		[LAB_LINK_VXLAN] = "link kind vxlan",
		[LAB_LINK_GENEVE] = "link kind geneve",
		[LAB_LINK_GRE] = "link kind gre",
		[LAB_LINK_IP6GRE] = "link kind ip6gre",
		[LAB_LINK_IPIP] = "link kind ipip",
		[LAB_LINK_SIT] = "link kind sit",
		[LAB_LINK_VTI] = "link kind vti",
		[LAB_LINK_VTI6] = "link kind vti6",
		[LAB_LINK_MACSEC] = "link kind macsec",
		[LAB_LINK_VRF] = "link kind vrf",
		[LAB_LINK_WIREGUARD] = "link kind wireguard",
		[LAB_LINK_TUN] = "link kind tun",
		[LAB_LINK_TAP] = "link kind tap",
		[LAB_LINK_IFB] = "link kind ifb",
		[LAB_LINK_LO] = "link kind lo",
		[LAB_PROBE_NETEM] = "network emulation (netem)",
		[LAB_PROBE_VLAN_FILTERING] = "VLAN filtering of bridges",
		[LAB_PROBE_OPENVSWITCH] = "datapath of Open vSwitch",
	};

	return item < LAB_PROBE_MAX_ ? names[item] : "nothing known";
}

const char *lab_probe_config(unsigned int item)
{
	static const char *const configs[LAB_PROBE_MAX_] = {
		[LAB_PROBE_NETEM] = "NET_SCH_NETEM",
		[LAB_PROBE_VLAN_FILTERING] = "BRIDGE_VLAN_FILTERING",
		[LAB_PROBE_OPENVSWITCH] = "OPENVSWITCH",
	};

	if (item < LAB_LINK_KIND_MAX_)
		return lab_kind_get((enum lab_link_kind)item)->config;
	return item < LAB_PROBE_MAX_ ? configs[item] : "";
}

/* --- in the child ------------------------------------------------------------------------------------- */

static bool made(struct lab_nl *nl)
{
	return lab_nl_flush(nl, NULL, NULL) == 0;
}

/* What the others lie on. */
static bool make_veth(struct lab_nl *nl)
{
	static const uint8_t macs[2][LAB_MAC_LEN] = { { 2, 0, 0, 0, 0, 1 }, { 2, 0, 0, 0, 0, 2 } };
	const struct lab_link_end near = {
		.netns = -1, .ifindex = NEAR, .name = "near", .mac = macs[0], .up = true
	};
	const struct lab_link_end far = {
		.netns = -1, .ifindex = FAR, .name = "far", .mac = macs[1]
	};

	lab_link_add_veth(nl, &near, &far);
	return made(nl);
}

/* The fewest options with which a link of the kind can be made. */
static struct lab_link_options least_options(enum lab_link_kind kind)
{
	static const struct lab_option vlan[] = { { .name = "vlan_tci", .value = "1" } };
	static const struct lab_option vxlan[] = { { .name = "id", .value = "1" },
						   { .name = "remote_ip", .value = "192.0.2.1" } };
	static const struct lab_option gre6[] = { { .name = "remote_ip", .value = "2001:db8::1" } };
	static const struct lab_option gre4[] = { { .name = "remote_ip", .value = "192.0.2.1" } };
	/* Without another end it would be the fall-back tunnel, which is there already. */
	static const struct lab_option vti[] = { { .name = "key", .value = "1" },
						 { .name = "remote", .value = "192.0.2.1" } };
	static const struct lab_option vti6[] = { { .name = "key", .value = "1" },
						  { .name = "remote", .value = "2001:db8::1" } };
	static const struct lab_option vrf[] = { { .name = "table", .value = "10" } };
#define OPTIONS(array) ((struct lab_link_options){ .v = (array), .n = LAB_ARRAY_SIZE(array) })

	if (kind == LAB_LINK_VLAN)
		return OPTIONS(vlan);
	if (kind == LAB_LINK_VXLAN || kind == LAB_LINK_GENEVE)
		return OPTIONS(vxlan);
	if (kind == LAB_LINK_GRE || kind == LAB_LINK_IPIP || kind == LAB_LINK_SIT)
		return OPTIONS(gre4);
	if (kind == LAB_LINK_IP6GRE)
		return OPTIONS(gre6);
	if (kind == LAB_LINK_VTI)
		return OPTIONS(vti);
	if (kind == LAB_LINK_VTI6)
		return OPTIONS(vti6);
	if (kind == LAB_LINK_VRF)
		return OPTIONS(vrf);
	return (struct lab_link_options){ .n = 0 };
}

static bool make_kind(struct lab_nl *nl, enum lab_link_kind kind)
{
	const struct lab_kind_def *def = lab_kind_get(kind);
	struct lab_link_new spec = { .kind = kind,
				     .ifindex = FIRST + (int)kind,
				     .name = "probe",
				     .netns = -1,
				     .lower = def->lower_min ? NEAR : 0,
				     .options = least_options(kind) };
	bool good;

	if (kind == LAB_LINK_LO)
		return true;
	if (kind == LAB_LINK_TUN || kind == LAB_LINK_TAP) {
		good = lab_tun_add(&spec, NULL) == 0;
	} else {
		lab_link_add(nl, &spec);
		good = made(nl);
	}
	if (good) {
		/* Ipvlan and macvlan cannot both lie on one link. */
		lab_link_del(nl, spec.ifindex);
		(void)made(nl);
	}
	return good;
}

static bool make_netem(struct lab_nl *nl)
{
	const struct lab_netem netem = { .delay_us = 1000 };

	lab_qdisc_netem(nl, NEAR, &netem, NULL);
	return made(nl);
}

static bool make_vlan_filtering(struct lab_nl *nl)
{
	static const uint8_t mac[LAB_MAC_LEN] = { 2, 0, 0, 0, 0, 3 };
	const struct lab_bridge_vlan vlan = { .ifindex = BRIDGE, .self = true, .vid = 2 };

	lab_link_add_bridge(nl, BRIDGE, "bridge", mac);
	if (!made(nl))
		return false;
	/* A kernel that lacks it takes the option vlan_filtering without a word. */
	lab_bridge_vlan_add(nl, &vlan);
	return made(nl);
}

/* Asking for its family loads the module; a datapath itself is made with its first bridge. */
static bool has_openvswitch(void)
{
	struct lab_nl generic;
	uint16_t family;
	bool good;

	if (lab_nl_open_generic(&generic, NULL) < 0)
		return false;
	good = lab_genl_family(&generic, OVS_DATAPATH_FAMILY, &family, NULL) == 0;
	lab_nl_close(&generic);
	return good;
}

/* Bits of what could not be made. */
static uint64_t try_all(uint64_t want)
{
	struct lab_nl nl;
	uint64_t missing = 0;
	bool veth;

	if (lab_nl_open(&nl, NULL) < 0)
		return want;
	veth = make_veth(&nl);
	for (unsigned int i = 0; i < LAB_PROBE_MAX_; i++) {
		bool good;

		if (!(want & LAB_PROBE_BIT(i)))
			continue;
		if (i == LAB_LINK_VETH)
			good = veth;
		else if (i == LAB_PROBE_NETEM)
			good = make_netem(&nl);
		else if (i == LAB_PROBE_VLAN_FILTERING)
			good = make_vlan_filtering(&nl);
		else if (i == LAB_PROBE_OPENVSWITCH)
			good = has_openvswitch();
		else
			good = make_kind(&nl, (enum lab_link_kind)i);
		if (!good)
			missing |= LAB_PROBE_BIT(i);
	}
	lab_nl_close(&nl);
	return missing;
}

/* --- outside ------------------------------------------------------------------------------------------- */

static int read_result(int fd, uint64_t *ret, struct lab_err *err)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;
	int r;

	do
		r = poll(&p, 1, DEADLINE_MS);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		return lab_err_set(err, ETIMEDOUT, "the kernel did not say in %d s what it has",
				   DEADLINE_MS / 1000);
	n = r < 0 ? -1 : read(fd, ret, sizeof(*ret));
	if (n < 0)
		return lab_err_errno(err, errno, "read what the kernel has");
	if (n != sizeof(*ret))
		return lab_err_set(err, EIO, "finding out what the kernel has ended early");
	return 0;
}

int lab_probe(struct lab_probe *probe, uint64_t want, struct lab_err *err)
{
	uint64_t flags = CLONE_NEWNET, missing = 0;
	int ends[2], r;
	pid_t pid;

	want &= ~probe->known & LAB_PROBE_ALL;
	if (!want)
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return lab_err_errno(err, errno, "pipe");
	if (!lab_ns_privileged())
		flags |= CLONE_NEWUSER;
	pid = lab_ns_clone(flags, err);
	if (pid == 0) {
		missing = try_all(want);
		_exit(write(ends[1], &missing, sizeof(missing)) == sizeof(missing) ? 0 : 1);
	}
	(void)close(ends[1]);
	r = pid < 0 ? (int)pid : read_result(ends[0], &missing, err);
	(void)close(ends[0]);
	if (pid > 0) {
		if (r < 0)
			(void)kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (r < 0)
		return lab_err_prefix(err, r, "find out what the kernel has: ");
	probe->known |= want;
	probe->missing |= missing & want;
	return 0;
}

/* --- modules of the kernel ---------------------------------------------------------------------------- */

bool lab_probe_module(const char *name)
{
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_flags = 0 };
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "/sys/module/%s", name);
	if (access(path, F_OK) == 0)
		return true;
	/* Asked for an interface that there is none of, the kernel looks for a module of that name. */
	if (fd < 0 || strlen(name) >= sizeof(request.ifr_name))
		return false;
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	(void)ioctl(fd, SIOCGIFFLAGS, &request);
	return access(path, F_OK) == 0;
}
