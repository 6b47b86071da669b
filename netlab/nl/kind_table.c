/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kind_table.c - the rows of all link kinds and their options; data only */
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/if_macsec.h>
#include <linux/if_tunnel.h>
#include <linux/if_vlan.h>

#include "netlab/nl/kind_internal.h"

/*
 * Names: first LNST's, which are those of sysfs for bonds and bridges, then ip-link(8)'s where it differs.
 * Types and attributes: the policies in drivers/net/bonding/bond_netlink.c, net/bridge/br_netlink.c, net/8021q/vlan_netlink.c,
 * drivers/net/{macvlan,macsec,vrf,geneve}.c, drivers/net/vxlan/vxlan_core.c, net/ipv4/{ip_gre,ipip,ip_vti}.c,
 * net/ipv6/{ip6_gre,sit,ip6_vti}.c; ranges where the kernel would cut a number or say no more than EINVAL.
 */
#define TYPED(t, w, a)    .type = LAB_OPTION_##t, .wire = LAB_WIRE_##w, .attr = (a)
#define NUM(w, a, lo, hi) TYPED(NUMBER, w, a), .min = (lo), .max = (hi)
#define BOOL(w, a)        TYPED(BOOL, w, a)
#define BIT(w, a, b)      TYPED(BOOL, w, a), .bits = (b)
#define WORD(w, a, list)  TYPED(WORD, w, a), .words = (list)
#define MAC(a)            TYPED(MAC, BYTES, a)
#define LINK(a)           TYPED(LINK, IFINDEX, a)
#define IP4(a)            TYPED(IPV4, BYTES, a)
#define IP6(a)            TYPED(IPV6, BYTES, a)
#define IP(a, a6)         TYPED(IP, BYTES, a), .attr6 = (a6)
#define KEY(w, a, a6)     TYPED(KEY, w, a), .attr6 = (a6)
#define TEXT(lo, hi)      TYPED(TEXT, NONE, 0), .min = (lo), .max = (hi)
#define GROUP(rows)       TYPED(GROUP, NONE, 0), .group = (rows)
#define NEEDED            .flags = LAB_OPTION_NEEDED
#define NEEDED_AT_BIRTH   .flags = (LAB_OPTION_NEEDED | LAB_OPTION_BIRTH)
#define BIRTH             .flags = LAB_OPTION_BIRTH
#define HWADDR                                                 \
	{                                                      \
		"hwaddr", "address", TYPED(MAC, LINK_MAC, 0),  \
			.what = "Ethernet address of the link" \
	}

enum { MAX24 = 0xffffff, MAX20 = 0xfffff, SECONDS_MAX = 1000000 };
#define CENTI_MAX (UINT64_C(100) * SECONDS_MAX)

/* clang-format off */
static const struct lab_option_word inherit0[] = { { "inherit", 0 }, { NULL, 0 } };
static const struct lab_option_word inherit1[] = { { "inherit", 1 }, { NULL, 0 } };
static const struct lab_option_word auto0[] = { { "auto", 0 }, { NULL, 0 } };
static const struct lab_option_word df[] = { { "unset", 0 }, { "set", 1 }, { "inherit", 2 }, { NULL, 0 } };
static const struct lab_option_word vlan_protocols[] = { { "802.1Q", 0x8100 }, { "802.1ad", 0x88a8 }, { NULL, 0 } };

/* --- links without options of their own -------------------------------------------------------- */

static const struct lab_option_def no_options[] = { { .name = NULL } };
static const struct lab_option_def ether_options[] = { HWADDR, { .name = NULL } };

/* --- bridge -------------------------------------------------------------------------------------- */

/* Times are hundredths of a second, as in sysfs and in ip-link(8). */
static const struct lab_option_def bridge_options[] = {
	HWADDR,
	{ "stp_state", NULL, BOOL(U32, IFLA_BR_STP_STATE), .what = "spanning tree protocol" },
	{ "forward_delay", NULL, NUM(U32, IFLA_BR_FORWARD_DELAY, 0, 3000), .what = "1/100 s in each of listening and learning; 200 to 3000 with STP" },
	{ "hello_time", NULL, NUM(U32, IFLA_BR_HELLO_TIME, 100, 1000), .what = "1/100 s between hello packets" },
	{ "max_age", NULL, NUM(U32, IFLA_BR_MAX_AGE, 600, 4000), .what = "1/100 s that the root's messages are good for" },
	{ "ageing_time", NULL, NUM(U32, IFLA_BR_AGEING_TIME, 0, CENTI_MAX), .what = "1/100 s that a learned address is kept" },
	{ "priority", NULL, NUM(U16, IFLA_BR_PRIORITY, 0, UINT16_MAX), .what = "bridge priority in the spanning tree" },
	{ "group_fwd_mask", NULL, NUM(U16, IFLA_BR_GROUP_FWD_MASK, 0, UINT16_MAX), .what = "link-local groups that are forwarded" },
	{ "group_addr", "group_address", MAC(IFLA_BR_GROUP_ADDR), .what = "address of the spanning tree group" },
	{ "vlan_filtering", NULL, BOOL(U8, IFLA_BR_VLAN_FILTERING), .what = "forward by VLAN" },
	{ "vlan_protocol", NULL, WORD(BE16, IFLA_BR_VLAN_PROTOCOL, vlan_protocols), .what = "tag that is filtered by" },
	{ "default_pvid", "vlan_default_pvid", NUM(U16, IFLA_BR_VLAN_DEFAULT_PVID, 0, 4094), .what = "VLAN of untagged frames; 0 = none" },
	{ "vlan_stats_enabled", NULL, BOOL(U8, IFLA_BR_VLAN_STATS_ENABLED), .what = "count by VLAN" },
	{ "vlan_stats_per_port", NULL, BOOL(U8, IFLA_BR_VLAN_STATS_PER_PORT), .what = "count by VLAN and port" },
	{ "multicast_snooping", "mcast_snooping", BOOL(U8, IFLA_BR_MCAST_SNOOPING), .what = "forward groups to members only" },
	{ "multicast_router", "mcast_router", NUM(U8, IFLA_BR_MCAST_ROUTER, 0, 2), .what = "0 never, 1 found out, 2 always" },
	{ "multicast_querier", "mcast_querier", BOOL(U8, IFLA_BR_MCAST_QUERIER), .what = "send queries" },
	{ "multicast_query_use_ifaddr", "mcast_query_use_ifaddr", BOOL(U8, IFLA_BR_MCAST_QUERY_USE_IFADDR), .what = "query from the bridge's own address" },
	{ "hash_elasticity", "mcast_hash_elasticity", NUM(U32, IFLA_BR_MCAST_HASH_ELASTICITY, 0, UINT32_MAX), .what = "without effect in today's kernels" },
	{ "hash_max", "mcast_hash_max", NUM(U32, IFLA_BR_MCAST_HASH_MAX, 1, UINT32_MAX), .what = "most multicast entries; a power of two" },
	{ "multicast_last_member_count", "mcast_last_member_count", NUM(U32, IFLA_BR_MCAST_LAST_MEMBER_CNT, 0, UINT32_MAX), .what = "queries before a group is dropped" },
	{ "multicast_startup_query_count", "mcast_startup_query_count", NUM(U32, IFLA_BR_MCAST_STARTUP_QUERY_CNT, 0, UINT32_MAX), .what = "queries at the start" },
	{ "multicast_last_member_interval", "mcast_last_member_interval", NUM(U64, IFLA_BR_MCAST_LAST_MEMBER_INTVL, 0, CENTI_MAX), .what = "1/100 s between queries after a leave" },
	{ "multicast_membership_interval", "mcast_membership_interval", NUM(U64, IFLA_BR_MCAST_MEMBERSHIP_INTVL, 0, CENTI_MAX), .what = "1/100 s that a membership is kept" },
	{ "multicast_querier_interval", "mcast_querier_interval", NUM(U64, IFLA_BR_MCAST_QUERIER_INTVL, 0, CENTI_MAX), .what = "1/100 s until another querier is given up" },
	{ "multicast_query_interval", "mcast_query_interval", NUM(U64, IFLA_BR_MCAST_QUERY_INTVL, 0, CENTI_MAX), .what = "1/100 s between queries" },
	{ "multicast_query_response_interval", "mcast_query_response_interval", NUM(U64, IFLA_BR_MCAST_QUERY_RESPONSE_INTVL, 0, CENTI_MAX), .what = "1/100 s in which members answer" },
	{ "multicast_startup_query_interval", "mcast_startup_query_interval", NUM(U64, IFLA_BR_MCAST_STARTUP_QUERY_INTVL, 0, CENTI_MAX), .what = "1/100 s between the first queries" },
	{ "multicast_stats_enabled", "mcast_stats_enabled", BOOL(U8, IFLA_BR_MCAST_STATS_ENABLED), .what = "count IGMP and MLD" },
	{ "multicast_igmp_version", "mcast_igmp_version", NUM(U8, IFLA_BR_MCAST_IGMP_VERSION, 2, 3), .what = "IGMP version" },
	{ "multicast_mld_version", "mcast_mld_version", NUM(U8, IFLA_BR_MCAST_MLD_VERSION, 1, 2), .what = "MLD version" },
	{ "multicast_vlan_snooping", "mcast_vlan_snooping", BIT(BITS32, IFLA_BR_MULTI_BOOLOPT, 1u << BR_BOOLOPT_MCAST_VLAN_SNOOPING), .what = "snoop by VLAN" },
	{ "no_linklocal_learn", NULL, BIT(BITS32, IFLA_BR_MULTI_BOOLOPT, 1u << BR_BOOLOPT_NO_LL_LEARN), .what = "do not learn from link-local frames" },
	{ "mst_enabled", NULL, BIT(BITS32, IFLA_BR_MULTI_BOOLOPT, 1u << BR_BOOLOPT_MST_ENABLE), .what = "multiple spanning trees" },
	{ "nf_call_iptables", NULL, BOOL(U8, IFLA_BR_NF_CALL_IPTABLES), .what = "show IPv4 to iptables" },
	{ "nf_call_ip6tables", NULL, BOOL(U8, IFLA_BR_NF_CALL_IP6TABLES), .what = "show IPv6 to ip6tables" },
	{ "nf_call_arptables", NULL, BOOL(U8, IFLA_BR_NF_CALL_ARPTABLES), .what = "show ARP to arptables" },
	{ "flush", "fdb_flush", BOOL(FLAG, IFLA_BR_FDB_FLUSH), .what = "forget the learned addresses" },
	{ .name = NULL },
};

static const struct lab_option_word port_states[] = {
	{ "disabled", BR_STATE_DISABLED }, { "listening", BR_STATE_LISTENING }, { "learning", BR_STATE_LEARNING },
	{ "forwarding", BR_STATE_FORWARDING }, { "blocking", BR_STATE_BLOCKING }, { NULL, 0 },
};

static const struct lab_option_def bridge_port_options[] = {
	{ "state", NULL, WORD(U8, IFLA_BRPORT_STATE, port_states), .what = "state in the spanning tree" },
	{ "priority", NULL, NUM(U16, IFLA_BRPORT_PRIORITY, 0, 63), .what = "port priority in the spanning tree" },
	{ "path_cost", "cost", NUM(U32, IFLA_BRPORT_COST, 1, 65535), .what = "path cost in the spanning tree" },
	{ "hairpin_mode", "hairpin", BOOL(U8, IFLA_BRPORT_MODE), .what = "send back out of the port it came in" },
	{ "bpdu_guard", "guard", BOOL(U8, IFLA_BRPORT_GUARD), .what = "disable the port when it hears STP" },
	{ "root_block", NULL, BOOL(U8, IFLA_BRPORT_PROTECT), .what = "never be the root port" },
	{ "multicast_fast_leave", "fastleave", BOOL(U8, IFLA_BRPORT_FAST_LEAVE), .what = "drop a group at once" },
	{ "learning", NULL, BOOL(U8, IFLA_BRPORT_LEARNING), .what = "learn addresses" },
	{ "unicast_flood", "flood", BOOL(U8, IFLA_BRPORT_UNICAST_FLOOD), .what = "send frames to unknown addresses" },
	{ "multicast_flood", "mcast_flood", BOOL(U8, IFLA_BRPORT_MCAST_FLOOD), .what = "send frames of unknown groups" },
	{ "broadcast_flood", "bcast_flood", BOOL(U8, IFLA_BRPORT_BCAST_FLOOD), .what = "send broadcasts" },
	{ "multicast_router", "mcast_router", NUM(U8, IFLA_BRPORT_MULTICAST_ROUTER, 0, 3), .what = "0 never, 1 found out, 2 always, 3 for a time" },
	{ "multicast_to_unicast", "mcast_to_unicast", BOOL(U8, IFLA_BRPORT_MCAST_TO_UCAST), .what = "send groups as unicast" },
	{ "proxyarp", "proxy_arp", BOOL(U8, IFLA_BRPORT_PROXYARP), .what = "answer ARP from the neighbour table" },
	{ "proxyarp_wifi", "proxy_arp_wifi", BOOL(U8, IFLA_BRPORT_PROXYARP_WIFI), .what = "the same for wireless ports" },
	{ "neigh_suppress", NULL, BOOL(U8, IFLA_BRPORT_NEIGH_SUPPRESS), .what = "do not forward ARP and neighbour discovery" },
	{ "group_fwd_mask", NULL, NUM(U16, IFLA_BRPORT_GROUP_FWD_MASK, 0, UINT16_MAX), .what = "link-local groups that are forwarded" },
	{ "isolated", NULL, BOOL(U8, IFLA_BRPORT_ISOLATED), .what = "talk to ports that are not isolated only" },
	{ "vlan_tunnel", NULL, BOOL(U8, IFLA_BRPORT_VLAN_TUNNEL), .what = "map VLANs to tunnel ids" },
	{ "locked", NULL, BOOL(U8, IFLA_BRPORT_LOCKED), .what = "take frames of known addresses only" },
	{ "backup_port", NULL, LINK(IFLA_BRPORT_BACKUP_PORT), .what = "port that takes over without carrier" },
	{ "flush", NULL, BOOL(FLAG, IFLA_BRPORT_FLUSH), .what = "forget the addresses learned here" },
	{ .name = NULL },
};

/* --- bond ---------------------------------------------------------------------------------------- */

static const struct lab_option_word bond_modes[] = {
	{ "balance-rr", 0 }, { "active-backup", 1 }, { "balance-xor", 2 }, { "broadcast", 3 },
	{ "802.3ad", 4 }, { "balance-tlb", 5 }, { "balance-alb", 6 }, { NULL, 0 },
};
static const struct lab_option_word arp_validate[] = {
	{ "none", 0 }, { "active", 1 }, { "backup", 2 }, { "all", 3 },
	{ "filter", 4 }, { "filter_active", 5 }, { "filter_backup", 6 }, { NULL, 0 },
};
static const struct lab_option_word arp_targets[] = { { "any", 0 }, { "all", 1 }, { NULL, 0 } };
static const struct lab_option_word reselect[] = { { "always", 0 }, { "better", 1 }, { "failure", 2 }, { NULL, 0 } };
static const struct lab_option_word fail_over[] = { { "none", 0 }, { "active", 1 }, { "follow", 2 }, { NULL, 0 } };
static const struct lab_option_word hash_policies[] = {
	{ "layer2", 0 }, { "layer3+4", 1 }, { "layer2+3", 2 }, { "encap2+3", 3 },
	{ "encap3+4", 4 }, { "vlan+srcmac", 5 }, { NULL, 0 },
};
static const struct lab_option_word lacp_rates[] = { { "slow", 0 }, { "fast", 1 }, { NULL, 0 } };
static const struct lab_option_word ad_select[] = { { "stable", 0 }, { "bandwidth", 1 }, { "count", 2 }, { NULL, 0 } };

static const struct lab_option_def bond_options[] = {
	HWADDR,
	{ "mode", NULL, WORD(U8, IFLA_BOND_MODE, bond_modes), .what = "how ports are used" },
	{ "miimon", NULL, NUM(U32, IFLA_BOND_MIIMON, 0, INT32_MAX), .what = "ms between looks at the carrier; 0 = never" },
	{ "updelay", NULL, NUM(U32, IFLA_BOND_UPDELAY, 0, INT32_MAX), .what = "ms before a port with carrier is used" },
	{ "downdelay", NULL, NUM(U32, IFLA_BOND_DOWNDELAY, 0, INT32_MAX), .what = "ms before a port without carrier is left" },
	{ "peer_notif_delay", NULL, NUM(U32, IFLA_BOND_PEER_NOTIF_DELAY, 0, 300000), .what = "ms between announcements" },
	{ "use_carrier", NULL, BOOL(U8, IFLA_BOND_USE_CARRIER), .what = "trust the driver's carrier" },
	{ "arp_interval", NULL, NUM(U32, IFLA_BOND_ARP_INTERVAL, 0, INT32_MAX), .what = "ms between ARP probes; 0 = none" },
	{ "arp_ip_target", NULL, TYPED(IPV4, LIST, IFLA_BOND_ARP_IP_TARGET), .flags = LAB_OPTION_REPEATS, .what = "who is probed, at most 16" },
	{ "ns_ip6_target", NULL, TYPED(IPV6, LIST, IFLA_BOND_NS_IP6_TARGET), .flags = LAB_OPTION_REPEATS, .what = "who is probed by IPv6, at most 16" },
	{ "arp_validate", NULL, WORD(U32, IFLA_BOND_ARP_VALIDATE, arp_validate), .what = "which probes count" },
	{ "arp_all_targets", NULL, WORD(U32, IFLA_BOND_ARP_ALL_TARGETS, arp_targets), .what = "how many have to answer" },
	{ "arp_missed_max", "missed_max", NUM(U8, IFLA_BOND_MISSED_MAX, 1, 255), .what = "probes that may fail" },
	{ "primary", NULL, LINK(IFLA_BOND_PRIMARY), .what = "the port to prefer" },
	{ "primary_reselect", NULL, WORD(U8, IFLA_BOND_PRIMARY_RESELECT, reselect), .what = "when the primary takes over again" },
	{ "active_slave", NULL, LINK(IFLA_BOND_ACTIVE_SLAVE), .flags = LAB_OPTION_LATE, .what = "the port in use" },
	{ "fail_over_mac", NULL, WORD(U8, IFLA_BOND_FAIL_OVER_MAC, fail_over), .what = "whose address the bond has" },
	{ "xmit_hash_policy", NULL, WORD(U8, IFLA_BOND_XMIT_HASH_POLICY, hash_policies), .what = "what chooses the port of a packet" },
	{ "resend_igmp", NULL, NUM(U32, IFLA_BOND_RESEND_IGMP, 0, 255), .what = "membership reports after a failover" },
	{ "num_grat_arp", "num_peer_notif", NUM(U8, IFLA_BOND_NUM_PEER_NOTIF, 0, 255), .what = "announcements after a failover" },
	{ "num_unsol_na", NULL, NUM(U8, IFLA_BOND_NUM_PEER_NOTIF, 0, 255), .what = "the same" },
	{ "all_slaves_active", NULL, BOOL(U8, IFLA_BOND_ALL_SLAVES_ACTIVE), .what = "take frames on backup ports" },
	{ "min_links", NULL, NUM(U32, IFLA_BOND_MIN_LINKS, 0, INT32_MAX), .what = "ports that carrier takes" },
	{ "lp_interval", NULL, NUM(U32, IFLA_BOND_LP_INTERVAL, 1, INT32_MAX), .what = "s between learning packets" },
	{ "packets_per_slave", NULL, NUM(U32, IFLA_BOND_PACKETS_PER_SLAVE, 0, UINT16_MAX), .what = "packets before the next port; 0 = at random" },
	{ "lacp_active", "ad_lacp_active", BOOL(U8, IFLA_BOND_AD_LACP_ACTIVE), .what = "send LACP unasked" },
	{ "lacp_rate", "ad_lacp_rate", WORD(U8, IFLA_BOND_AD_LACP_RATE, lacp_rates), .what = "how often partners send LACP" },
	{ "ad_select", NULL, WORD(U8, IFLA_BOND_AD_SELECT, ad_select), .what = "which aggregator is chosen" },
	{ "ad_actor_sys_prio", NULL, NUM(U16, IFLA_BOND_AD_ACTOR_SYS_PRIO, 1, UINT16_MAX), .what = "system priority in LACP" },
	{ "ad_actor_system", NULL, MAC(IFLA_BOND_AD_ACTOR_SYSTEM), .what = "system address in LACP" },
	{ "ad_user_port_key", NULL, NUM(U16, IFLA_BOND_AD_USER_PORT_KEY, 0, 1023), .what = "upper bits of the port key" },
	{ "tlb_dynamic_lb", NULL, BOOL(U8, IFLA_BOND_TLB_DYNAMIC_LB), .what = "move flows by load" },
	{ .name = NULL },
};

static const struct lab_option_def bond_port_options[] = {
	{ "queue_id", NULL, NUM(U16, IFLA_BOND_SLAVE_QUEUE_ID, 0, UINT16_MAX), .what = "transmit queue that goes out here" },
	{ "prio", NULL, NUM(U32, IFLA_BOND_SLAVE_PRIO, 0, INT32_MAX), .what = "preference at a failover" },
	{ .name = NULL },
};

/* --- team: teamd makes and configures it ------------------------------------------------------------- */

static const struct lab_option_def team_options[] = {
	HWADDR,
	{ "teamd_config", NULL, TEXT(2, LAB_OPTION_VALUE_MAX), .what = "configuration of teamd, JSON" },
	{ "dbus_disabled", NULL, BOOL(NONE, 0), .what = "start teamd without D-Bus" },
	{ .name = NULL },
};

static const struct lab_option_def team_port_options[] = {
	{ "teamd_port_config", NULL, TEXT(2, LAB_OPTION_VALUE_MAX), .what = "configuration of the port for teamd, JSON" },
	{ .name = NULL },
};

/* --- what lies on one other link ------------------------------------------------------------------- */

#define VLAN_MAP(a) TYPED(MAP, MAP, a), .min = 0, .max = UINT32_MAX

static const struct lab_option_def vlan_options[] = {
	{ "vlan_tci", "id", NUM(U16, IFLA_VLAN_ID, 0, 4094), NEEDED_AT_BIRTH, .what = "VLAN id" },
	{ "protocol", NULL, WORD(BE16, IFLA_VLAN_PROTOCOL, vlan_protocols), BIRTH, .what = "kind of tag" },
	{ "reorder_hdr", NULL, BIT(BITS32, IFLA_VLAN_FLAGS, VLAN_FLAG_REORDER_HDR), .what = "hide the tag from the link" },
	{ "gvrp", NULL, BIT(BITS32, IFLA_VLAN_FLAGS, VLAN_FLAG_GVRP), .what = "register the VLAN by GVRP" },
	{ "mvrp", NULL, BIT(BITS32, IFLA_VLAN_FLAGS, VLAN_FLAG_MVRP), .what = "register the VLAN by MVRP" },
	{ "loose_binding", NULL, BIT(BITS32, IFLA_VLAN_FLAGS, VLAN_FLAG_LOOSE_BINDING), .what = "do not follow the state of the lower link" },
	{ "bridge_binding", NULL, BIT(BITS32, IFLA_VLAN_FLAGS, VLAN_FLAG_BRIDGE_BINDING), .what = "follow the ports of the bridge that are in the VLAN" },
	{ "ingress_qos_map", "ingress-qos-map", VLAN_MAP(IFLA_VLAN_INGRESS_QOS), .what = "tag's priority to the packet's, FROM:TO ..." },
	{ "egress_qos_map", "egress-qos-map", VLAN_MAP(IFLA_VLAN_EGRESS_QOS), .what = "packet's priority to the tag's, FROM:TO ..." },
	HWADDR,
	{ .name = NULL },
};

static const struct lab_option_word macvlan_modes[] = {
	{ "private", MACVLAN_MODE_PRIVATE }, { "vepa", MACVLAN_MODE_VEPA }, { "bridge", MACVLAN_MODE_BRIDGE },
	{ "passthru", MACVLAN_MODE_PASSTHRU }, { "source", MACVLAN_MODE_SOURCE }, { NULL, 0 },
};

static const struct lab_option_def macvlan_options[] = {
	HWADDR,
	{ "mode", NULL, WORD(U32, IFLA_MACVLAN_MODE, macvlan_modes), .what = "who may talk to whom" },
	{ "nopromisc", NULL, BIT(BITS16, IFLA_MACVLAN_FLAGS, MACVLAN_FLAG_NOPROMISC), .what = "leave the lower link as it is (mode passthru)" },
	{ "nodst", NULL, BIT(BITS16, IFLA_MACVLAN_FLAGS, MACVLAN_FLAG_NODST), .what = "do not look for the destination (mode source)" },
	{ "bcqueuelen", NULL, NUM(U32, IFLA_MACVLAN_BC_QUEUE_LEN, 0, UINT32_MAX), .what = "broadcasts that may wait" },
	{ .name = NULL },
};

static const struct lab_option_word ipvlan_modes[] = { { "l2", IPVLAN_MODE_L2 }, { "l3", IPVLAN_MODE_L3 }, { "l3s", IPVLAN_MODE_L3S }, { NULL, 0 } };
static const struct lab_option_word ipvlan_flags[] = { { "bridge", 0 }, { "private", IPVLAN_F_PRIVATE }, { "vepa", IPVLAN_F_VEPA }, { NULL, 0 } };

static const struct lab_option_def ipvlan_options[] = {
	{ "mode", NULL, WORD(U16, IFLA_IPVLAN_MODE, ipvlan_modes), .what = "layer that joins it with the lower link" },
	{ "flags", NULL, WORD(U16, IFLA_IPVLAN_FLAGS, ipvlan_flags), .what = "who may talk to whom" },
	{ .name = NULL },
};

static const struct lab_option_word macsec_ciphers[] = {
	{ "gcm-aes-128", MACSEC_CIPHER_ID_GCM_AES_128 }, { "gcm-aes-256", MACSEC_CIPHER_ID_GCM_AES_256 }, { NULL, 0 },
};
static const struct lab_option_word macsec_validate[] = { { "disabled", 0 }, { "check", 1 }, { "strict", 2 }, { NULL, 0 } };

static const struct lab_option_def macsec_tx_rows[] = {
	{ "sa", "an", NUM(NONE, 0, 0, 3), NEEDED, .what = "association number" },
	{ "key", NULL, TYPED(HEX, NONE, 0), .min = 16, .max = 32, .flags = LAB_OPTION_NEEDED | LAB_OPTION_SECRET, .what = "key, as long as the cipher's" },
	{ "id", "keyid", TYPED(HEX, NONE, 0), .min = 1, .max = 16, .what = "name of the key; default 0" },
	{ "pn", NULL, NUM(NONE, 0, 1, UINT32_MAX), .what = "number of the next packet; default 1" },
	{ "active", NULL, BOOL(NONE, 0), .what = "in use; default yes" },
	{ .name = NULL },
};

static const struct lab_option_def macsec_rx_rows[] = {
	{ "address", "hwaddr", TYPED(MAC, NONE, 0), NEEDED, .what = "Ethernet address of the peer's lower link" },
	{ "port", NULL, NUM(NONE, 0, 1, UINT16_MAX), .what = "port of the peer; default 1" },
	{ "sa", "an", NUM(NONE, 0, 0, 3), NEEDED, .what = "association number" },
	{ "key", NULL, TYPED(HEX, NONE, 0), .min = 16, .max = 32, .flags = LAB_OPTION_NEEDED | LAB_OPTION_SECRET, .what = "key, as long as the cipher's" },
	{ "id", "keyid", TYPED(HEX, NONE, 0), .min = 1, .max = 16, .what = "name of the key; default 0" },
	{ "pn", NULL, NUM(NONE, 0, 1, UINT32_MAX), .what = "lowest packet number taken; default 1" },
	{ "active", NULL, BOOL(NONE, 0), .what = "in use; default yes" },
	{ .name = NULL },
};

static const struct lab_option_def macsec_options[] = {
	{ "port", NULL, NUM(BE16, IFLA_MACSEC_PORT, 1, UINT16_MAX), BIRTH, .what = "port in the link's own channel id; default 1" },
	{ "sci", NULL, TYPED(HEX, BYTES, IFLA_MACSEC_SCI), .min = 8, .max = 8, BIRTH, .what = "the whole channel id" },
	{ "cipher", NULL, WORD(U64, IFLA_MACSEC_CIPHER_SUITE, macsec_ciphers), BIRTH, .what = "cipher" },
	{ "icvlen", NULL, NUM(U8, IFLA_MACSEC_ICV_LEN, 8, 16), BIRTH, .what = "bytes of the check value" },
	{ "encrypt", NULL, BOOL(U8, IFLA_MACSEC_ENCRYPT), .what = "encrypt; otherwise only protect" },
	{ "send_sci", "include_sci", BOOL(U8, IFLA_MACSEC_INC_SCI), .what = "send the channel id with each frame" },
	{ "end_station", NULL, BOOL(U8, IFLA_MACSEC_ES), .what = "set the bit for end stations" },
	{ "scb", NULL, BOOL(U8, IFLA_MACSEC_SCB), .what = "set the bit for single copy broadcast" },
	{ "protect", NULL, BOOL(U8, IFLA_MACSEC_PROTECT), .what = "protect what is sent" },
	{ "replay", NULL, BOOL(U8, IFLA_MACSEC_REPLAY_PROTECT), .what = "refuse old packets; needs window" },
	{ "window", NULL, NUM(U32, IFLA_MACSEC_WINDOW, 0, UINT32_MAX), .what = "how old is too old, in packets" },
	{ "validate", NULL, WORD(U8, IFLA_MACSEC_VALIDATION, macsec_validate), .what = "what to do with bad frames" },
	{ "encodingsa", NULL, NUM(U8, IFLA_MACSEC_ENCODING_SA, 0, 3), .what = "association that is sent with" },
	{ "tx_sa", NULL, GROUP(macsec_tx_rows), .flags = LAB_OPTION_REPEATS | LAB_OPTION_SECRET, .what = "association for sending" },
	{ "rx_sa", NULL, GROUP(macsec_rx_rows), .flags = LAB_OPTION_REPEATS | LAB_OPTION_SECRET, .what = "association for what a peer sends" },
	{ .name = NULL },
};

/* --- tunnels --------------------------------------------------------------------------------------- */

static const struct lab_option_def vxlan_options[] = {
	{ "id", "vni", NUM(U32, IFLA_VXLAN_ID, 0, MAX24), NEEDED_AT_BIRTH, .what = "network identifier" },
	{ "group_ip", "group", IP(IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6), .flags = LAB_OPTION_ONE_OF, .what = "multicast group of the network" },
	{ "remote_ip", "remote", IP(IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6), .flags = LAB_OPTION_ONE_OF, .what = "the only other end" },
	{ "local_ip", "local", IP(IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6), .what = "source address" },
	{ "dstport", NULL, NUM(BE16, IFLA_VXLAN_PORT, 0, UINT16_MAX), BIRTH, .initial = "0", .what = "UDP port; 0 = the kernel's, 8472" },
	{ "srcport", NULL, TYPED(RANGE, RANGE, IFLA_VXLAN_PORT_RANGE), .min = 1, .max = UINT16_MAX, BIRTH, .what = "source ports, FIRST-LAST" },
	{ "ttl", "hoplimit", NUM(U8, IFLA_VXLAN_TTL, 0, 255), .words = auto0, .what = "time to live; 0 = the kernel's" },
	{ "ttl_inherit", NULL, BOOL(FLAG, IFLA_VXLAN_TTL_INHERIT), .what = "that of the inner packet" },
	{ "tos", "dsfield", NUM(U8, IFLA_VXLAN_TOS, 0, 255), .words = inherit1, .what = "type of service" },
	{ "df", NULL, WORD(U8, IFLA_VXLAN_DF, df), .what = "don't fragment" },
	{ "label", "flowlabel", NUM(BE32, IFLA_VXLAN_LABEL, 0, MAX20), BIRTH, .what = "flow label of IPv6" },
	{ "learning", NULL, BOOL(U8, IFLA_VXLAN_LEARNING), .what = "learn who is where" },
	{ "proxy", NULL, BOOL(U8, IFLA_VXLAN_PROXY), BIRTH, .what = "answer ARP" },
	{ "rsc", NULL, BOOL(U8, IFLA_VXLAN_RSC), BIRTH, .what = "route short circuit" },
	{ "l2miss", NULL, BOOL(U8, IFLA_VXLAN_L2MISS), BIRTH, .what = "tell of unknown Ethernet addresses" },
	{ "l3miss", NULL, BOOL(U8, IFLA_VXLAN_L3MISS), BIRTH, .what = "tell of unknown IP addresses" },
	{ "udpcsum", NULL, BOOL(U8, IFLA_VXLAN_UDP_CSUM), BIRTH, .what = "UDP checksums over IPv4" },
	{ "udp6zerocsumtx", NULL, BOOL(U8, IFLA_VXLAN_UDP_ZERO_CSUM6_TX), BIRTH, .what = "no UDP checksums over IPv6" },
	{ "udp6zerocsumrx", NULL, BOOL(U8, IFLA_VXLAN_UDP_ZERO_CSUM6_RX), BIRTH, .what = "take such" },
	{ "remcsumtx", NULL, BOOL(U8, IFLA_VXLAN_REMCSUM_TX), BIRTH, .what = "leave inner checksums to the other end" },
	{ "remcsumrx", NULL, BOOL(U8, IFLA_VXLAN_REMCSUM_RX), BIRTH, .what = "take such" },
	{ "gbp", NULL, BOOL(FLAG, IFLA_VXLAN_GBP), BIRTH, .what = "group policy extension" },
	{ "ageing", NULL, NUM(U32, IFLA_VXLAN_AGEING, 0, SECONDS_MAX), .what = "s that a learned address is kept" },
	{ "maxaddress", "limit", NUM(U32, IFLA_VXLAN_LIMIT, 0, UINT32_MAX), .what = "most learned addresses; 0 = any" },
	{ "extra", NULL, TYPED(EXTRA, NONE, 0), .min = 0, .max = LAB_OPTION_VALUE_MAX, .what = "options as ip-link(8) has them" },
	HWADDR,
	{ .name = NULL },
};

static const struct lab_option_def geneve_options[] = {
	{ "id", "vni", NUM(U32, IFLA_GENEVE_ID, 0, MAX24), NEEDED_AT_BIRTH, .what = "network identifier" },
	{ "remote_ip", "remote", IP(IFLA_GENEVE_REMOTE, IFLA_GENEVE_REMOTE6), NEEDED, .what = "the other end" },
	{ "dstport", "port", NUM(BE16, IFLA_GENEVE_PORT, 1, UINT16_MAX), BIRTH, .what = "UDP port; default 6081" },
	{ "ttl", "hoplimit", NUM(U8, IFLA_GENEVE_TTL, 0, 255), .words = auto0, .what = "time to live; 0 = the kernel's" },
	{ "ttl_inherit", NULL, BOOL(FLAG, IFLA_GENEVE_TTL_INHERIT), .what = "that of the inner packet" },
	{ "tos", "dsfield", NUM(U8, IFLA_GENEVE_TOS, 0, 255), .words = inherit1, .what = "type of service" },
	{ "df", NULL, WORD(U8, IFLA_GENEVE_DF, df), .what = "don't fragment" },
	{ "label", "flowlabel", NUM(BE32, IFLA_GENEVE_LABEL, 0, MAX20), .what = "flow label of IPv6" },
	{ "udpcsum", NULL, BOOL(U8, IFLA_GENEVE_UDP_CSUM), BIRTH, .what = "UDP checksums over IPv4" },
	{ "udp6zerocsumtx", NULL, BOOL(U8, IFLA_GENEVE_UDP_ZERO_CSUM6_TX), BIRTH, .what = "no UDP checksums over IPv6" },
	{ "udp6zerocsumrx", NULL, BOOL(U8, IFLA_GENEVE_UDP_ZERO_CSUM6_RX), BIRTH, .what = "take such" },
	{ "inner_proto_inherit", NULL, BOOL(FLAG, IFLA_GENEVE_INNER_PROTO_INHERIT), BIRTH, .what = "carry IP without Ethernet" },
	HWADDR,
	{ .name = NULL },
};

#define GRE_KEYS \
	{ "key", NULL, KEY(KEY, IFLA_GRE_IKEY, IFLA_GRE_OKEY), .what = "key in both directions" }, \
	{ "ikey", NULL, KEY(KEY, IFLA_GRE_IKEY, 0), .what = "key of what comes in" }, \
	{ "okey", NULL, KEY(KEY, IFLA_GRE_OKEY, 0), .what = "key of what goes out" }
#define GRE_BIT(in, out, bit) TYPED(BOOL, BITS_BE16, in), .attr6 = (out), .bits = (bit)
/* RFC 2784 section 2.1 (checksum), RFC 2890 section 2 (sequence number); the bits as they stand in the header. */
#define GRE_FLAGS_ROWS \
	{ "seq", NULL, GRE_BIT(IFLA_GRE_IFLAGS, IFLA_GRE_OFLAGS, 0x1000), .what = "sequence numbers in both directions" }, \
	{ "iseq", NULL, GRE_BIT(IFLA_GRE_IFLAGS, 0, 0x1000), .what = "want sequence numbers" }, \
	{ "oseq", NULL, GRE_BIT(IFLA_GRE_OFLAGS, 0, 0x1000), .what = "send sequence numbers" }, \
	{ "csum", NULL, GRE_BIT(IFLA_GRE_IFLAGS, IFLA_GRE_OFLAGS, 0x8000), .what = "checksums in both directions" }, \
	{ "icsum", NULL, GRE_BIT(IFLA_GRE_IFLAGS, 0, 0x8000), .what = "want checksums" }, \
	{ "ocsum", NULL, GRE_BIT(IFLA_GRE_OFLAGS, 0, 0x8000), .what = "send checksums" }

static const struct lab_option_def gre_options[] = {
	{ "local_ip", "local", IP4(IFLA_GRE_LOCAL), .what = "source address" },
	{ "remote_ip", "remote", IP4(IFLA_GRE_REMOTE), .what = "the other end" },
	{ "ttl", "hoplimit", NUM(U8, IFLA_GRE_TTL, 0, 255), .words = inherit0, .what = "time to live" },
	{ "tos", "dsfield", NUM(U8, IFLA_GRE_TOS, 0, 255), .words = inherit1, .what = "type of service" },
	GRE_KEYS,
	GRE_FLAGS_ROWS,
	{ "pmtudisc", NULL, BOOL(U8, IFLA_GRE_PMTUDISC), .what = "path MTU discovery" },
	{ "ignore_df", "ignore-df", BOOL(U8, IFLA_GRE_IGNORE_DF), .what = "fragment even if the inner packet forbids it" },
	{ "fwmark", NULL, NUM(U32, IFLA_GRE_FWMARK, 0, UINT32_MAX), .what = "mark of the outer packets" },
	{ .name = NULL },
};

static const struct lab_option_def ip6gre_options[] = {
	{ "local_ip", "local", IP6(IFLA_GRE_LOCAL), .what = "source address" },
	{ "remote_ip", "remote", IP6(IFLA_GRE_REMOTE), .what = "the other end" },
	{ "ttl", "hoplimit", NUM(U8, IFLA_GRE_TTL, 0, 255), .words = inherit0, .initial = "64", .what = "hop limit" },
	{ "tos", "tclass", NUM(FLOW, IFLA_GRE_FLOWINFO, 0, 255), .bits = 20, .what = "traffic class" },
	{ "flowlabel", NULL, NUM(FLOW, IFLA_GRE_FLOWINFO, 0, MAX20), .bits = 0, .what = "flow label" },
	{ "encaplimit", NULL, NUM(U8, IFLA_GRE_ENCAP_LIMIT, 0, 255), .initial = "4", .what = "tunnels in tunnels" },
	GRE_KEYS,
	GRE_FLAGS_ROWS,
	{ "fwmark", NULL, NUM(U32, IFLA_GRE_FWMARK, 0, UINT32_MAX), .what = "mark of the outer packets" },
	{ .name = NULL },
};

#define IPTUN_ROWS \
	{ "local_ip", "local", IP4(IFLA_IPTUN_LOCAL), .what = "source address" }, \
	{ "remote_ip", "remote", IP4(IFLA_IPTUN_REMOTE), .what = "the other end" }, \
	{ "ttl", "hoplimit", NUM(U8, IFLA_IPTUN_TTL, 0, 255), .words = inherit0, .what = "time to live" }, \
	{ "tos", "dsfield", NUM(U8, IFLA_IPTUN_TOS, 0, 255), .words = inherit1, .what = "type of service" }, \
	{ "pmtudisc", NULL, BOOL(U8, IFLA_IPTUN_PMTUDISC), .what = "path MTU discovery" }, \
	{ "fwmark", NULL, NUM(U32, IFLA_IPTUN_FWMARK, 0, UINT32_MAX), .what = "mark of the outer packets" }

static const struct lab_option_word ipip_modes[] = { { "ipip", 4 }, { "mplsip", 137 }, { "any", 0 }, { NULL, 0 } };
static const struct lab_option_word sit_modes[] = { { "ip6ip", 41 }, { "ipip", 4 }, { "mplsip", 137 }, { "any", 0 }, { NULL, 0 } };

static const struct lab_option_def ipip_options[] = {
	IPTUN_ROWS,
	{ "mode", NULL, WORD(U8, IFLA_IPTUN_PROTO, ipip_modes), .what = "what is carried" },
	{ .name = NULL },
};

static const struct lab_option_def sit_options[] = {
	IPTUN_ROWS,
	{ "mode", NULL, WORD(U8, IFLA_IPTUN_PROTO, sit_modes), .what = "what is carried" },
	{ .name = NULL },
};

#define VTI_KEYS \
	{ "key", NULL, KEY(BE32, IFLA_VTI_IKEY, IFLA_VTI_OKEY), NEEDED, .what = "mark of the policies, in both directions" }, \
	{ "ikey", NULL, KEY(BE32, IFLA_VTI_IKEY, 0), .what = "mark of what comes in" }, \
	{ "okey", NULL, KEY(BE32, IFLA_VTI_OKEY, 0), .what = "mark of what goes out" }, \
	{ "fwmark", NULL, NUM(U32, IFLA_VTI_FWMARK, 0, UINT32_MAX), .what = "mark of the outer packets" }

static const struct lab_option_def vti_options[] = {
	{ "local", "local_ip", IP4(IFLA_VTI_LOCAL), .what = "source address" },
	{ "remote", "remote_ip", IP4(IFLA_VTI_REMOTE), .what = "the other end" },
	VTI_KEYS,
	{ .name = NULL },
};

static const struct lab_option_def vti6_options[] = {
	{ "local", "local_ip", IP6(IFLA_VTI_LOCAL), .what = "source address" },
	{ "remote", "remote_ip", IP6(IFLA_VTI_REMOTE), .what = "the other end" },
	{ "dev", NULL, LINK(IFLA_VTI_LINK), .what = "link it lies on" },
	VTI_KEYS,
	{ .name = NULL },
};

/* --- the others -------------------------------------------------------------------------------------- */

static const struct lab_option_def vrf_options[] = {
	HWADDR,
	{ "table", NULL, NUM(U32, IFLA_VRF_TABLE, 1, UINT32_MAX), NEEDED_AT_BIRTH, .what = "routing table" },
	{ .name = NULL },
};

static const struct lab_option_def wireguard_peer_rows[] = {
	{ "public_key", "public-key", TYPED(BASE64, NONE, 0), NEEDED, .what = "who it is" },
	{ "preshared_key", "preshared-key", TYPED(BASE64, NONE, 0), .flags = LAB_OPTION_SECRET, .what = "a second secret" },
	{ "endpoint", NULL, TYPED(ENDPOINT, NONE, 0), .what = "where it is reached, ADDRESS:PORT" },
	{ "allowed_ips", "allowed-ips", TYPED(PREFIXES, NONE, 0), .what = "subnets behind it" },
	{ "keepalive", "persistent-keepalive", NUM(NONE, 0, 0, UINT16_MAX), .what = "s between keepalives; 0 = none" },
	{ .name = NULL },
};

static const struct lab_option_def wireguard_options[] = {
	{ "private_key", "private-key", TYPED(BASE64, NONE, 0), .flags = LAB_OPTION_SECRET, .what = "who we are" },
	{ "listen_port", "listen-port", NUM(NONE, 0, 0, UINT16_MAX), .what = "UDP port; 0 = the kernel chooses" },
	{ "fwmark", NULL, NUM(NONE, 0, 0, UINT32_MAX), .what = "mark of the outer packets" },
	{ "peer", NULL, GROUP(wireguard_peer_rows), .flags = LAB_OPTION_REPEATS | LAB_OPTION_SECRET, .what = "another end" },
	{ .name = NULL },
};

/* TUNSETIFF makes them. */
#define TUN_ROWS \
	{ "user", NULL, NUM(NONE, 0, 0, INT32_MAX), .what = "user id that may use it" }, \
	{ "group", NULL, NUM(NONE, 0, 0, INT32_MAX), .what = "group id that may use it" }, \
	{ "pi", NULL, BOOL(NONE, 0), BIRTH, .what = "four bytes before each packet" }, \
	{ "vnet_hdr", NULL, BOOL(NONE, 0), BIRTH, .what = "a virtio header before each packet" }, \
	{ "multi_queue", NULL, BOOL(NONE, 0), BIRTH, .what = "several queues" }

static const struct lab_option_def tun_options[] = { TUN_ROWS, { .name = NULL } };
static const struct lab_option_def tap_options[] = { TUN_ROWS, HWADDR, { .name = NULL } };

#define KIND(i, n, k, w, c)  [LAB_LINK_##i] = { .name = (n), .kernel = (k), .what = (w), .config = (c),
#define ON_NOTHING           .lower_min = 0, .lower_max = 0
#define ON_ONE               .lower_min = 1, .lower_max = 1
#define ON_ONE_OR_NONE(a)    .lower_min = 0, .lower_max = 1, .lower_attr = (a)
#define WITH_PORTS           .lower_min = 0, .lower_max = LAB_LOWER_MANY, .ports = true

const struct lab_kind_def lab_kind_table[LAB_LINK_KIND_MAX_] = {
	KIND(VETH, "veth", "veth", "one end of a pair", "VETH")
		ON_NOTHING, .ether = true, .options = ether_options },
	KIND(DUMMY, "dummy", "dummy", "link that drops what is sent", "DUMMY")
		ON_NOTHING, .ether = true, .options = ether_options },
	KIND(BRIDGE, "bridge", "bridge", "Ethernet bridge", "BRIDGE")
		WITH_PORTS, .ether = true, .options = bridge_options, .port_options = bridge_port_options },
	KIND(BOND, "bond", "bond", "several links as one", "BONDING")
		WITH_PORTS, .ether = true, .options = bond_options, .port_options = bond_port_options },
	KIND(TEAM, "team", "team", "several links as one, by teamd", "NET_TEAM")
		WITH_PORTS, .ether = true, .options = team_options, .port_options = team_port_options },
	KIND(VLAN, "vlan", "vlan", "tagged VLAN of another link", "VLAN_8021Q")
		ON_ONE, .ether = true, .options = vlan_options },
	KIND(MACVLAN, "macvlan", "macvlan", "another Ethernet address on a link", "MACVLAN")
		ON_ONE, .ether = true, .options = macvlan_options },
	KIND(IPVLAN, "ipvlan", "ipvlan", "another IP address on a link", "IPVLAN")
		ON_ONE, .options = ipvlan_options },
	KIND(VXLAN, "vxlan", "vxlan", "Ethernet over UDP", "VXLAN")
		ON_ONE_OR_NONE(IFLA_VXLAN_LINK), .ether = true, .options = vxlan_options },
	KIND(GENEVE, "geneve", "geneve", "Ethernet over UDP", "GENEVE")
		ON_NOTHING, .ether = true, .options = geneve_options },
	KIND(GRE, "gre", "gre", "IP over GRE over IPv4", "NET_IPGRE")
		ON_ONE_OR_NONE(IFLA_GRE_LINK), .options = gre_options },
	KIND(IP6GRE, "ip6gre", "ip6gre", "IP over GRE over IPv6", "IPV6_GRE")
		ON_ONE_OR_NONE(IFLA_GRE_LINK), .options = ip6gre_options },
	KIND(IPIP, "ipip", "ipip", "IPv4 over IPv4", "NET_IPIP")
		ON_ONE_OR_NONE(IFLA_IPTUN_LINK), .options = ipip_options },
	KIND(SIT, "sit", "sit", "IPv6 over IPv4", "IPV6_SIT")
		ON_ONE_OR_NONE(IFLA_IPTUN_LINK), .options = sit_options },
	KIND(VTI, "vti", "vti", "IPv4 over IPsec", "NET_IPVTI")
		ON_ONE_OR_NONE(IFLA_VTI_LINK), .options = vti_options },
	KIND(VTI6, "vti6", "vti6", "IPv6 over IPsec", "IPV6_VTI")
		ON_ONE_OR_NONE(IFLA_VTI_LINK), .options = vti6_options },
	KIND(MACSEC, "macsec", "macsec", "Ethernet, encrypted", "MACSEC")
		ON_ONE, .options = macsec_options },
	KIND(VRF, "vrf", "vrf", "routing table of its ports", "NET_VRF")
		WITH_PORTS, .ether = true, .options = vrf_options },
	KIND(WIREGUARD, "wireguard", "wireguard", "IP over WireGuard", "WIREGUARD")
		ON_NOTHING, .options = wireguard_options },
	KIND(TUN, "tun", NULL, "IP packets to and from a program", "TUN")
		ON_NOTHING, .options = tun_options },
	KIND(TAP, "tap", NULL, "Ethernet frames to and from a program", "TUN")
		ON_NOTHING, .ether = true, .options = tap_options },
	KIND(IFB, "ifb", "ifb", "link that gives back what is sent", "IFB")
		ON_NOTHING, .ether = true, .options = ether_options },
	KIND(LO, "lo", NULL, "the loopback that is there", "NET")
		ON_NOTHING, .options = no_options },
};
/* clang-format on */
