/* SPDX-License-Identifier: GPL-2.0-or-later */
/* veth.c - a veth is born in its final place: both namespaces, names, addresses, indices and the master in one message */
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "netlab/nl/link.h"
#include "netlab/nl/nl_internal.h"
#include "tests/kernel/kernel.h"

/*
 * Who depends on it: netlab/nl/link.c and op_veth(), op_port() in netlab/keeper/apply.c. Moving an interface to another
 * namespace costs 16 ms under a lock of the whole machine; a link that is born in place costs a hundredth of that.
 */
static const uint8_t near_mac[LAB_MAC_LEN] = { 0x52, 0x54, 1, 0, 0, 1 };
static const uint8_t far_mac[LAB_MAC_LEN] = { 0x52, 0x54, 1, 0, 0, 2 };
static int home;

static int new_netns(void)
{
	int fd;

	must(unshare(CLONE_NEWNET) == 0, "unshare");
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	must(fd >= 0, "open a network namespace");
	must(setns(home, CLONE_NEWNET) == 0, "setns");
	return fd;
}

/* An interface of a namespace as ioctl(2) sees it; false if there is none of this name. */
static bool look(int netns, const char *name, int *index, uint8_t *mac, int *mtu, bool *up)
{
	struct ifreq ifr = { 0 };
	int fd, r;

	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	must(setns(netns, CLONE_NEWNET) == 0, "setns");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(fd >= 0, "socket");
	r = ioctl(fd, SIOCGIFINDEX, &ifr);
	*index = ifr.ifr_ifindex;
	if (r == 0) {
		must(ioctl(fd, SIOCGIFHWADDR, &ifr) == 0, "SIOCGIFHWADDR");
		memcpy(mac, ifr.ifr_hwaddr.sa_data, LAB_MAC_LEN);
		must(ioctl(fd, SIOCGIFMTU, &ifr) == 0, "SIOCGIFMTU");
		*mtu = ifr.ifr_mtu;
		must(ioctl(fd, SIOCGIFFLAGS, &ifr) == 0, "SIOCGIFFLAGS");
		*up = ifr.ifr_flags & IFF_UP;
	}
	(void)close(fd);
	must(setns(home, CLONE_NEWNET) == 0, "setns");
	return r == 0;
}

static bool exists(int netns, const char *name)
{
	uint8_t mac[LAB_MAC_LEN];
	int index, mtu;
	bool up;

	return look(netns, name, &index, mac, &mtu, &up);
}

static int flush(struct lab_nl *nl)
{
	struct lab_err err = { 0 };
	int r = lab_nl_flush(nl, NULL, &err);

	if (r < 0)
		printf("# %s\n", err.msg);
	return r;
}

static void born_in_two_namespaces(struct lab_nl *nl, int a, int b)
{
	const struct lab_link_end near = { .netns = a,
					   .ifindex = 20,
					   .name = "eth0",
					   .mac = near_mac,
					   .mtu_bytes = 9000,
					   .up = true };
	const struct lab_link_end far = {
		.netns = b, .ifindex = 21, .name = "eth0", .mac = far_mac, .mtu_bytes = 1400
	};
	uint8_t mac[LAB_MAC_LEN];
	int index = 0, mtu = 0;
	bool up = false;

	lab_link_add_veth(nl, &near, &far);
	check(flush(nl) == 0, "one message makes a veth between two other namespaces");
	check(look(a, "eth0", &index, mac, &mtu, &up),
	      "its near end is in the first one under its name");
	check(index == 20 && memcmp(mac, near_mac, sizeof(mac)) == 0 && mtu == 9000,
	      "with the index, the address and the MTU that were asked for");
	check(up, "and up");
	check(look(b, "eth0", &index, mac, &mtu, &up),
	      "its far end is in the second one, under the same name");
	check(index == 21 && memcmp(mac, far_mac, sizeof(mac)) == 0 && mtu == 1400,
	      "with the index, the address and the MTU that were asked for");
	check(!up, "and down");
	check(!exists(home, "eth0"), "nothing of it is in the namespace of the socket");
}

/* The message of lab_link_add_veth(), with a far end that wants to be born up. */
static void far_end_up(struct lab_nl *nl, int a, int b)
{
	struct ifinfomsg *ifi = lab_nl_begin(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
					     sizeof(*ifi));
	size_t info, data, peer;

	lab_nl_put_str(nl, IFLA_IFNAME, "v1");
	lab_nl_put_u32(nl, IFLA_NET_NS_FD, (uint32_t)a);
	info = lab_nl_nest(nl, IFLA_LINKINFO);
	lab_nl_put(nl, IFLA_INFO_KIND, "veth", 4);
	data = lab_nl_nest(nl, IFLA_INFO_DATA);
	peer = lab_nl_nest(nl, VETH_INFO_PEER);
	ifi = lab_nl_append(nl, sizeof(*ifi));
	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	lab_nl_put_str(nl, IFLA_IFNAME, "v1");
	lab_nl_put_u32(nl, IFLA_NET_NS_FD, (uint32_t)b);
	lab_nl_nest_end(nl, peer);
	lab_nl_nest_end(nl, data);
	lab_nl_nest_end(nl, info);
	check(flush(nl) == -ENOTCONN, "a far end cannot be born up: ENOTCONN");
	check(!exists(a, "v1") && !exists(b, "v1"), "and then neither end is there");
}

static void born_as_a_port(struct lab_nl *nl, int b)
{
	const struct lab_link_end port = {
		.netns = -1, .ifindex = 42, .name = "p1", .mac = near_mac, .master = 40, .up = true
	};
	const struct lab_link_end far = {
		.netns = b, .ifindex = 43, .name = "eth1", .mac = far_mac
	};
	char master[128];
	ssize_t n;

	lab_link_add_bridge(nl, 40, "br0", near_mac);
	lab_link_add_veth(nl, &port, &far);
	check(flush(nl) == 0,
	      "a bridge, and in the same batch a veth whose near end is born as its port");
	must(mount("sysfs", "/sys", "sysfs", 0, NULL) == 0, "mount sysfs");
	n = readlink("/sys/class/net/p1/master", master, sizeof(master) - 1);
	master[n > 0 ? n : 0] = '\0';
	check(strcmp(master, "../br0") == 0, "the near end has its master");
	check(exists(b, "eth1"), "the far end is in another namespace");
}

/* The keeper holds a descriptor of each host's namespace: a host that dies keeps its links. */
static void outlives_its_processes(struct lab_nl *nl, int b)
{
	struct lab_link_end near = { .ifindex = 50, .name = "eth0", .mac = near_mac, .up = true };
	const struct lab_link_end far = {
		.netns = b, .ifindex = 51, .name = "eth2", .mac = far_mac
	};
	pid_t pid = clone_with(CLONE_NEWNET, SIGCHLD);
	char path[64];

	must(pid >= 0, "clone3");
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	near.netns = open(path, O_RDONLY | O_CLOEXEC);
	must(near.netns >= 0, "open a network namespace");
	lab_link_add_veth(nl, &near, &far);
	must(flush(nl) == 0, "make a veth");
	must(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid, "kill a child");
	check(exists(near.netns, "eth0") && exists(b, "eth2"),
	      "a link stays when the last process of its namespace ends, as long as a descriptor is open");
	(void)close(near.netns);
}

int main(void)
{
	struct lab_err err;
	struct lab_nl nl;
	int a, b;

	leave_for(CLONE_NEWNET | CLONE_NEWNS);
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	must(home >= 0, "open a network namespace");
	a = new_netns();
	b = new_netns();
	must(lab_nl_open(&nl, &err) == 0, "netlink socket");
	lab_link_up(&nl, 1);
	must(flush(&nl) == 0, "set lo up");
	born_in_two_namespaces(&nl, a, b);
	far_end_up(&nl, a, b);
	born_as_a_port(&nl, b);
	outlives_its_processes(&nl, b);
	lab_nl_close(&nl);
	return done_checking();
}
