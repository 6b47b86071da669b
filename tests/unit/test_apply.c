/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_apply.c - unit tests of netlab/keeper/apply.c: which request belongs to what, and the words of its refusal */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "netlab/keeper/apply.c" /* NOLINT(bugprone-suspicious-include) */

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

enum { NETNS = 1000, HOME = 999, BIG_IFACES = 150, BIG_ROUTES = 1000 };

/**
 * struct fake - the kernel
 * @fail_at:	which request is refused, counted over all batches from 0; SIZE_MAX = none
 * @lost:	the refusal belongs to no request
 * @enter_error: positive errno of entering a namespace
 * @requests:	how many there were
 * @batches:	how many
 * @entered:	namespace of the last visit
 * @last:	copy of the last batch
 * @step_result: of lab_loop_step()
 * @on_step:	what happens meanwhile
 * @step_ms:	time-out of the last step
 */
static struct {
	size_t fail_at;
	bool lost;
	int enter_error;
	size_t requests, batches;
	int entered;
	uint8_t last[LAB_NL_BATCH_MAX];
	size_t last_len;
	int step_result;
	void (*on_step)(void);
	int step_ms;
} fake;

static struct lab_keeper keeper;
static struct lab_topo *topo;

int __wrap_lab_nl_enter(struct lab_nl *nl, int netns, int home, struct lab_err *err);
int __wrap_lab_nl_flush(struct lab_nl *nl, size_t *ret_failed, struct lab_err *err);
int __wrap_lab_loop_step(struct lab_loop *loop, int timeout_ms);

int __wrap_lab_nl_enter(struct lab_nl *nl, int netns, int home, struct lab_err *err)
{
	assert_int_equal(home, HOME);
	assert_int_equal(nl->len, 0);
	fake.entered = netns;
	if (fake.enter_error)
		return lab_err_errno(err, fake.enter_error, "enter network namespace");
	return 0;
}

int __wrap_lab_nl_flush(struct lab_nl *nl, size_t *ret_failed, struct lab_err *err)
{
	size_t n = nl->len ? nl->seq - nl->first + 1 : 0;

	assert_int_equal(nl->error, 0);
	fake.batches++;
	fake.last_len = nl->len;
	memcpy(fake.last, nl->buf, nl->len);
	nl->len = 0;
	if (fake.fail_at - fake.requests < n) {
		if (ret_failed && !fake.lost)
			*ret_failed = fake.fail_at - fake.requests;
		return lab_err_set(err, EINVAL, "refused");
	}
	fake.requests += n;
	return 0;
}

int __wrap_lab_loop_step(LAB_UNUSED struct lab_loop *loop, int timeout_ms)
{
	fake.step_ms = timeout_ms;
	if (fake.on_step)
		fake.on_step();
	return fake.step_result;
}

static struct lab_src src(unsigned int line)
{
	return (struct lab_src){ "ring.xml", line, 7 };
}

static struct lab_addr addr(const char *text)
{
	struct lab_addr a;

	if (lab_addr_parse(text, &a) < 0)
		fail_msg("not an address: %s", text);
	return a;
}

static struct lab_iface *add_iface(size_t host, const char *id, const char *label,
				   unsigned int line)
{
	const struct lab_src place = src(line);
	struct lab_iface *iface;

	assert_int_equal(lab_topo_add_iface(topo, host, id, label, &place, &iface, NULL), 0);
	return iface;
}

static void add_addr(struct lab_iface *iface, const char *text)
{
	const struct lab_addr a = addr(text);

	assert_int_equal(lab_topo_add_addr(iface, &a, NULL), 0);
}

static void add_route(size_t host, const char *to, const char *via, unsigned int line)
{
	const struct lab_addr dst = addr(to), gateway = addr(via);
	const struct lab_src place = src(line);

	assert_int_equal(lab_topo_add_route(topo, host, &dst, &gateway, &place, NULL), 0);
}

/* A pair h1 - h2, and a LAN with h1, h2 and h3. */
static void add_small_lab(void)
{
	static const char *const ids[] = { "h1", "h2", "h3" };
	struct lab_iface *iface;
	struct lab_src place;
	size_t host;

	for (unsigned int i = 0; i < 3; i++) {
		place = src(10 * (i + 1));
		assert_int_equal(lab_topo_add_host(topo, ids[i], &place, &host, NULL), 0);
		iface = add_iface(host, "eth0", "lan", 10 * (i + 1) + 1);
		iface->mtu_bytes = 9000;
		iface->auto_addrs = true;
	}
	iface = add_iface(0, "eth1", "pair", 12);
	add_addr(iface, "192.0.2.1/24");
	add_addr(iface, "2001:db8::1/64");
	iface->mtu_bytes = 1400;
	iface = add_iface(1, "eth1", "pair", 22);
	add_addr(iface, "192.0.2.2/24");
	add_route(0, "198.51.100.0/24", "192.0.2.2", 13);
	add_route(0, "2001:db8:1::/48", "2001:db8::2", 14);
}

static void start(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.fail_at = SIZE_MAX;
	assert_int_equal(lab_topo_new("ring", &topo), 0);
}

/* The topology is whole: make a keeper for it. */
static void finish(void)
{
	struct lab_err err;

	if (lab_topo_finish(topo, NULL, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	keeper = (struct lab_keeper){
		.topo = topo,
		.home = HOME,
		.nl = { .fd = -1 },
		.conf = { .fd = -1 },
		.next_ifindex = FIRST_SWITCH_IFINDEX,
	};
	keeper.hosts = calloc(topo->n_hosts, sizeof(*keeper.hosts));
	keeper.bridge_base = calloc(topo->n_networks, sizeof(*keeper.bridge_base));
	keeper.bridges = calloc(topo->n_networks + 3, sizeof(*keeper.bridges));
	assert_true(keeper.hosts && keeper.bridge_base && keeper.bridges);
	for (size_t i = 0; i < topo->n_hosts; i++) {
		keeper.hosts[i] = (struct lab_khost){ .keeper = &keeper,
						      .index = (uint32_t)i,
						      .netns = NETNS + (int)i };
		keeper.hosts[i].links = calloc(topo->hosts[i].n_ifaces,
					       sizeof(*keeper.hosts[i].links));
		assert_non_null(keeper.hosts[i].links);
	}
}

static int set_up(LAB_UNUSED void **state)
{
	start();
	add_small_lab();
	finish();
	return 0;
}

static int tear_down(LAB_UNUSED void **state)
{
	for (size_t i = 0; i < topo->n_hosts; i++)
		free(keeper.hosts[i].links);
	free(keeper.hosts);
	free(keeper.bridge_base);
	free(keeper.bridges);
	lab_nl_close(&keeper.nl);
	lab_nl_close(&keeper.conf);
	lab_topo_free(topo);
	return 0;
}

/* --- what is in a batch --- */

struct veth {
	int ifindex, peer_ifindex, netns, peer_netns, master;
	unsigned int flags, mtu, peer_mtu;
	char name[LAB_IFNAME_LEN], peer_name[LAB_IFNAME_LEN];
	uint8_t mac[LAB_MAC_LEN], peer_mac[LAB_MAC_LEN];
};

static void read_end(const struct nlattr *attr, char *name, uint8_t *mac, unsigned int *mtu,
		     int *netns)
{
	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		assert_true(mnl_attr_get_payload_len(attr) <= LAB_IFNAME_LEN);
		(void)snprintf(name, LAB_IFNAME_LEN, "%s", mnl_attr_get_str(attr));
		break;
	case IFLA_ADDRESS:
		memcpy(mac, mnl_attr_get_payload(attr), LAB_MAC_LEN);
		break;
	case IFLA_MTU:
		*mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_NET_NS_FD:
		*netns = (int)mnl_attr_get_u32(attr);
		break;
	default:
		break;
	}
}

static const struct nlattr *nested(const struct nlattr *in, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, in)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	fail_msg("no attribute %u", type);
	return NULL;
}

/* The first request of the last batch, which makes a veth. */
static struct veth last_veth(void)
{
	const struct nlmsghdr *nlh = (const void *)fake.last;
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh), *peer_ifi;
	struct veth v = { .netns = -1, .peer_netns = -1 };
	const struct nlattr *attr, *peer;

	assert_int_equal(nlh->nlmsg_type, RTM_NEWLINK);
	v.ifindex = ifi->ifi_index;
	v.flags = ifi->ifi_flags;
	mnl_attr_for_each(attr, nlh, sizeof(*ifi)) {
		read_end(attr, v.name, v.mac, &v.mtu, &v.netns);
		if (mnl_attr_get_type(attr) == IFLA_MASTER)
			v.master = (int)mnl_attr_get_u32(attr);
		if (mnl_attr_get_type(attr) != IFLA_LINKINFO)
			continue;
		peer = nested(nested(attr, IFLA_INFO_DATA), VETH_INFO_PEER);
		peer_ifi = mnl_attr_get_payload(peer);
		v.peer_ifindex = peer_ifi->ifi_index;
		assert_int_equal(peer_ifi->ifi_flags, 0);
		for (attr = (const void *)(peer_ifi + 1);
		     (const char *)attr < (const char *)peer + peer->nla_len;
		     attr = mnl_attr_next(attr))
			read_end(attr, v.peer_name, v.peer_mac, &v.peer_mtu, &v.peer_netns);
		break; /* it is the last */
	}
	return v;
}

static void a_veth_has_even_and_odd_ends(LAB_UNUSED void **state)
{
	const struct lab_op op = {
		.kind = LAB_OP_VETH, .host = 1, .iface = 1, .peer_host = 0, .peer_iface = 1
	};
	struct apply a = { .k = &keeper };
	struct veth v;

	assert_int_equal(op_veth(&a, &op, NULL), 0);
	v = last_veth();
	assert_int_equal(v.ifindex, FIRST_IFINDEX + 2);
	assert_int_equal(v.peer_ifindex, FIRST_IFINDEX + 3);
	assert_int_equal(v.netns, NETNS + 1);
	assert_int_equal(v.peer_netns, NETNS);
	assert_int_equal(v.flags, IFF_UP);
	assert_int_equal(v.mtu, 0);
	assert_int_equal(v.peer_mtu, 1400);
	assert_int_equal(v.master, 0);
	assert_string_equal(v.name, "eth1");
	assert_string_equal(v.peer_name, "eth1");
	assert_memory_equal(v.mac, topo->hosts[1].ifaces[1].mac, LAB_MAC_LEN);
	assert_memory_equal(v.peer_mac, topo->hosts[0].ifaces[1].mac, LAB_MAC_LEN);
	assert_true(keeper.hosts[1].links[1].up);
	assert_false(keeper.hosts[0].links[1].up);
}

/* Within one host the near end still differs from the far end. */
static void a_link_of_a_host_to_itself_has_two_numbers(LAB_UNUSED void **state)
{
	const struct lab_op op = {
		.kind = LAB_OP_VETH, .host = 0, .iface = 0, .peer_host = 0, .peer_iface = 1
	};
	struct apply a = { .k = &keeper };
	struct veth v;

	assert_int_equal(op_veth(&a, &op, NULL), 0);
	v = last_veth();
	assert_int_equal(v.ifindex, FIRST_IFINDEX);
	assert_int_equal(v.peer_ifindex, FIRST_IFINDEX + 3);
}

static void a_port_is_born_in_its_bridge(LAB_UNUSED void **state)
{
	const struct lab_op op = { .kind = LAB_OP_PORT, .host = 2, .iface = 0, .network = 0 };
	struct veth v;

	keeper.bridges[0] = switch_ifindex(&keeper);
	assert_int_equal(op_port(&keeper, &op, NULL), 0);
	v = last_veth();
	assert_int_equal(v.ifindex, FIRST_SWITCH_IFINDEX + 2);
	assert_int_equal(v.master, FIRST_SWITCH_IFINDEX);
	assert_int_equal(v.netns, -1);
	assert_int_equal(v.flags, IFF_UP);
	assert_string_equal(v.name, "p2.0");
	assert_int_equal(v.mtu, 9000);
	assert_int_equal(v.peer_ifindex, FIRST_IFINDEX + 1);
	assert_int_equal(v.peer_netns, NETNS + 2);
	assert_string_equal(v.peer_name, "eth0");
	assert_int_equal(v.peer_mtu, 9000);
	/* The next one has another number and address. */
	assert_int_equal(op_port(&keeper, &(struct lab_op){ .kind = LAB_OP_PORT, .host = 1 }, NULL),
			 0);
	assert_int_equal(last_veth().ifindex, FIRST_SWITCH_IFINDEX + 4);
	assert_memory_not_equal(last_veth().mac, v.mac, LAB_MAC_LEN);
}

static void a_trunk_joins_two_bridges_and_carries_every_frame(LAB_UNUSED void **state)
{
	const struct lab_op op = { .kind = LAB_OP_TRUNK, .network = 0, .bridge = 1 };
	const struct nlmsghdr *enslave;
	struct veth v;

	keeper.bridges[1] = 100;
	keeper.bridges[2] = 102;
	assert_int_equal(op_trunk(&keeper, &op, NULL), 0);
	v = last_veth();
	assert_int_equal(v.ifindex % 2, 0);
	assert_int_equal(v.peer_ifindex, v.ifindex + 1);
	assert_int_equal(v.master, 100);
	assert_int_equal(v.mtu, 65535);
	assert_int_equal(v.peer_mtu, 65535);
	assert_string_equal(v.name, "t0.1a");
	assert_string_equal(v.peer_name, "t0.1b");
	assert_memory_not_equal(v.mac, v.peer_mac, LAB_MAC_LEN);
	enslave =
		(const void *)(fake.last + ((const struct nlmsghdr *)(void *)fake.last)->nlmsg_len);
	assert_int_equal(((const struct ifinfomsg *)mnl_nlmsg_get_payload(enslave))->ifi_index,
			 v.peer_ifindex);
	assert_int_equal(mnl_attr_get_u32((const void *)((const char *)enslave + 32)), 102);
}

/* Bit 1 of the first byte: locally administered; bit 0: not a group. */
static void addresses_of_the_switch_are_local_and_differ(LAB_UNUSED void **state)
{
	uint8_t a[LAB_MAC_LEN], b[LAB_MAC_LEN];

	switch_mac(0x123456, a);
	assert_int_equal(a[0] & 3, 2);
	switch_mac(0x123457, b);
	assert_memory_not_equal(a, b, LAB_MAC_LEN);
	switch_mac(0x133456, b);
	assert_memory_not_equal(a, b, LAB_MAC_LEN);
}

/* --- what a refusal says --- */

static void assert_config_fails(size_t at, const char *msg, unsigned int line)
{
	const struct lab_op op = { .kind = LAB_OP_CONFIG };
	struct lab_err err = { 0 };

	fake.fail_at = at;
	fake.requests = 0;
	assert_int_equal(op_config(&keeper, &op, &err), -EINVAL);
	assert_string_equal(err.msg, msg);
	assert_int_equal(err.src.line, line);
}

static void each_request_of_a_host_is_named(LAB_UNUSED void **state)
{
	const struct lab_op op = { .kind = LAB_OP_CONFIG };

	assert_config_fails(0, "host h1: set lo up: refused", 0);
	assert_config_fails(1, "host h1: address 10.0.0.1/24 on eth0: refused", 11);
	assert_config_fails(2, "host h1: address fd00:6e65:746c::1/64 on eth0: refused", 11);
	assert_config_fails(3, "host h1: set eth0 up: refused", 11);
	assert_config_fails(4, "host h1: address 192.0.2.1/24 on eth1: refused", 12);
	assert_config_fails(5, "host h1: address 2001:db8::1/64 on eth1: refused", 12);
	assert_config_fails(6, "host h1: set eth1 up: refused", 12);
	assert_config_fails(7, "host h1: route to 198.51.100.0/24 via 192.0.2.2: refused", 13);
	assert_config_fails(8, "host h1: route to 2001:db8:1::/48 via 2001:db8::2: refused", 14);
	fake.fail_at = SIZE_MAX;
	fake.requests = 0;
	assert_int_equal(op_config(&keeper, &op, NULL), 0);
	assert_int_equal(fake.requests, 9);
	assert_int_equal(fake.batches, 10);
	assert_int_equal(fake.entered, NETNS);
}

/* The near end of a link came up with it. */
static void a_near_end_is_not_set_up_again(LAB_UNUSED void **state)
{
	const struct lab_op op = { .kind = LAB_OP_CONFIG };

	keeper.hosts[0].links[0].up = true;
	assert_config_fails(2, "host h1: address fd00:6e65:746c::1/64 on eth0: refused", 11);
	assert_config_fails(3, "host h1: address 192.0.2.1/24 on eth1: refused", 12);
	assert_config_fails(5, "host h1: set eth1 up: refused", 12);
	fake.fail_at = SIZE_MAX;
	fake.requests = 0;
	assert_int_equal(op_config(&keeper, &op, NULL), 0);
	assert_int_equal(fake.requests, 8);
}

static void a_refusal_of_nothing_names_the_host(LAB_UNUSED void **state)
{
	struct lab_err err = { 0 };

	fake.lost = true;
	assert_config_fails(3, "host h1: refused", 0);
	fake.enter_error = EPERM;
	assert_int_equal(op_config(&keeper, &(struct lab_op){ .kind = LAB_OP_CONFIG, .host = 2 },
				   &err),
			 -EPERM);
	assert_string_equal(err.msg,
			    "host h3: enter network namespace: Operation not permitted [EPERM]");
	assert_int_equal(fake.entered, NETNS + 2);
}

/* A host with as much as a recipe may ask for: several batches, and still the right name for each request. */
static void in_many_batches_each_request_is_named(LAB_UNUSED void **state)
{
	const size_t each = LAB_TOPO_ADDRS_MAX + 1, n = 1 + BIG_IFACES * each + BIG_ROUTES;
	size_t host;
	struct lab_iface *iface;
	char text[64], msg[160];

	start();
	assert_int_equal(lab_topo_add_host(topo, "big", NULL, &host, NULL), 0);
	for (unsigned int i = 0; i < BIG_IFACES; i++) {
		(void)snprintf(text, sizeof(text), "eth%u", i);
		iface = add_iface(0, text, text, 1000 + i);
		for (unsigned int j = 0; j < LAB_TOPO_ADDRS_MAX; j++) {
			(void)snprintf(text, sizeof(text), "fd00:%x::%x/64", i + 1, j + 1);
			add_addr(iface, text);
		}
	}
	for (unsigned int i = 0; i < BIG_ROUTES; i++) {
		(void)snprintf(text, sizeof(text), "fd01:%x::/48", i + 1);
		add_route(0, text, "fd00:1::ffff", 5000 + i);
	}
	finish();
	fake.fail_at = SIZE_MAX;
	assert_int_equal(op_config(&keeper, &(struct lab_op){ .kind = LAB_OP_CONFIG }, NULL), 0);
	assert_int_equal(fake.requests, n);
	assert_true(fake.batches > 2);
	for (size_t i = 0, at = 1; i < BIG_IFACES; i++, at += each) {
		(void)snprintf(msg, sizeof(msg),
			       "host big: address fd00:%zx::1/64 on eth%zu: refused", i + 1, i);
		assert_config_fails(at, msg, 1000 + (unsigned int)i);
		(void)snprintf(msg, sizeof(msg),
			       "host big: address fd00:%zx::40/64 on eth%zu: refused", i + 1, i);
		assert_config_fails(at + LAB_TOPO_ADDRS_MAX - 1, msg, 1000 + (unsigned int)i);
		(void)snprintf(msg, sizeof(msg), "host big: set eth%zu up: refused", i);
		assert_config_fails(at + each - 1, msg, 1000 + (unsigned int)i);
	}
	for (size_t i = 0; i < BIG_ROUTES; i += 37) {
		(void)snprintf(msg, sizeof(msg),
			       "host big: route to fd01:%zx::/48 via fd00:1::ffff: refused", i + 1);
		assert_config_fails(n - BIG_ROUTES + i, msg, 5000 + (unsigned int)i);
	}
	(void)tear_down(NULL);
}

static void assert_link_fails(struct lab_op op, const char *msg, unsigned int line)
{
	struct apply a = { .k = &keeper };
	struct lab_err err = { 0 };

	fake.fail_at = 0;
	assert_int_equal(apply_op(&a, &op, &err), -EINVAL);
	assert_string_equal(err.msg, msg);
	assert_int_equal(err.src.line, line);
}

static void each_link_is_named(LAB_UNUSED void **state)
{
	assert_link_fails((struct lab_op){ .kind = LAB_OP_VETH,
					   .host = 1,
					   .iface = 1,
					   .peer_host = 0,
					   .peer_iface = 1 },
			  "link h2:eth1 - h1:eth1: refused", 22);
	assert_link_fails((struct lab_op){ .kind = LAB_OP_PORT, .host = 2 },
			  "link h3:eth0 to network \"lan\": refused", 31);
	assert_link_fails((struct lab_op){ .kind = LAB_OP_BRIDGE },
			  "bridge of network \"lan\": refused", 11);
	assert_link_fails((struct lab_op){ .kind = LAB_OP_TRUNK },
			  "bridge of network \"lan\": refused", 11);
	assert_link_fails((struct lab_op){ .kind = LAB_OP_BRIDGE_UP },
			  "bridge of network \"lan\": refused", 11);
	assert_link_fails((struct lab_op){ .kind = LAB_OP_CONFIG, .host = 1 },
			  "host h2: set lo up: refused", 0);
}

/* --- waits --- */

static void break_a_host(void)
{
	keeper.failed = true;
	(void)lab_err_set(&keeper.err, ENOSPC, "host h2: no space");
}

static void start_the_host(void)
{
	keeper.hosts[0].netns = NETNS;
}

static void say_hello(void)
{
	keeper.hosts[0].state = LAB_HOST_RUNNING;
}

static void a_wait_has_an_end(LAB_UNUSED void **state)
{
	struct lab_err err;

	assert_int_equal(lab_keeper_wait(&keeper, lab_loop_now_us(), "a host to start", &err),
			 -ETIMEDOUT);
	assert_string_equal(err.msg, "waited in vain for a host to start");
	assert_int_equal(lab_keeper_wait(&keeper, lab_loop_now_us() + 5000000, "it", &err), 0);
	assert_in_range(fake.step_ms, 4900, 5001);
	fake.step_result = -EBADF;
	assert_int_equal(lab_keeper_wait(&keeper, lab_loop_now_us() + 5000000, "it", &err), -EBADF);
	assert_string_equal(err.msg, "event loop: Bad file descriptor [EBADF]");
}

static void a_wait_ends_with_the_failure_of_any_host(LAB_UNUSED void **state)
{
	const struct lab_op op = {
		.kind = LAB_OP_VETH, .host = 0, .iface = 1, .peer_host = 1, .peer_iface = 1
	};
	struct apply a = { .k = &keeper };
	struct lab_err err;

	keeper.hosts[0].netns = -1;
	fake.on_step = break_a_host;
	/* It says what it is about itself; the link that waited for it is not to blame. */
	assert_int_equal(apply_op(&a, &op, &err), -ENOSPC);
	assert_string_equal(err.msg, "host h2: no space");
	assert_int_equal(fake.batches, 0);
	keeper.failed = false;
	keeper.hosts[0].netns = NETNS;
	keeper.hosts[1].netns = -1;
	assert_int_equal(apply_op(&a, &op, &err), -ENOSPC);
	assert_string_equal(err.msg, "host h2: no space");
}

static void hosts_and_agents_are_waited_for(LAB_UNUSED void **state)
{
	const struct lab_op config = { .kind = LAB_OP_CONFIG }, agent = { .kind = LAB_OP_AGENT };
	struct apply a = { .k = &keeper };

	keeper.hosts[0].netns = -1;
	fake.on_step = start_the_host;
	assert_int_equal(apply_op(&a, &config, NULL), 0);
	assert_int_equal(fake.entered, NETNS);
	fake.on_step = say_hello;
	assert_int_equal(apply_op(&a, &agent, NULL), 0);
	assert_int_equal(keeper.hosts[0].state, LAB_HOST_RUNNING);
}

#define lab_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(a_veth_has_even_and_odd_ends),
		lab_test(a_link_of_a_host_to_itself_has_two_numbers),
		lab_test(a_port_is_born_in_its_bridge),
		lab_test(a_trunk_joins_two_bridges_and_carries_every_frame),
		lab_test(addresses_of_the_switch_are_local_and_differ),
		lab_test(each_request_of_a_host_is_named),
		lab_test(a_near_end_is_not_set_up_again),
		lab_test(a_refusal_of_nothing_names_the_host),
		cmocka_unit_test(in_many_batches_each_request_is_named),
		lab_test(each_link_is_named),
		lab_test(a_wait_has_an_end),
		lab_test(a_wait_ends_with_the_failure_of_any_host),
		lab_test(hosts_and_agents_are_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
