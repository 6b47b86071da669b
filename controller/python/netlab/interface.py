# SPDX-License-Identifier: GPL-2.0-or-later
"""An interface of a host, as a Python task sees it."""
from _netlab import TaskError


class VolatileValue:
    """A value that is looked up each time it is used as text."""

    def __init__(self, func, *args, **kwargs):
        self._func = func
        self._args = args
        self._kwargs = kwargs

    def get_val(self):
        """The value now."""
        return self._func(*self._args, **self._kwargs)

    def __str__(self):
        return str(self.get_val())

    def __repr__(self):
        return repr(self.get_val())

    def __int__(self):
        return int(self.get_val())

    def __eq__(self, other):
        if isinstance(other, VolatileValue):
            other = other.get_val()
        return self.get_val() == other

    __hash__ = None


def texts(values):
    """One value, a list of them, or None, as a list of texts."""
    if values is None:
        return []
    if isinstance(values, (list, tuple)):
        return [str(v) for v in values]
    return [str(values)]


def bridge_words(self_flag, master):
    """The words of bridge(8) for LNST's self= and master=."""
    return (" self" if self_flag else "") + (" master" if master else "")


def on_off(value):
    return "on" if value else "off"


class InterfaceAPI:
    """An interface of the recipe, or one that a task has made."""

    def __init__(self, host, iface, made=False):
        self._host = host
        self._id = iface["id"]
        self._type = iface["type"]
        self._label = iface.get("label")
        self._netns = iface.get("netns")
        self._made = made

    def _lab(self):
        return self._host._lab

    def _get(self, member=None):
        """How the kernel has it now."""
        now = self._lab().ask("link_get", host=self._host.get_id(), id=self._id)
        return now[member] if member else now

    def _set(self, **changes):
        self._lab().ask("link_set", host=self._host.get_id(), id=self._id, changes=changes)

    def _tool(self, text):
        """Run a tool on it in its namespace; DEV stands for its name."""
        return self._host._tool(text.replace("DEV", str(self.get_devname())), self._netns)

    def _ask(self, method, **params):
        return self._lab().ask(method, host=self._host.get_id(), interface=self._id, **params)

    def _address(self, index):
        """An address with its prefix length, of an interface that the recipe does not know."""
        addresses = self._get("addresses")
        if not 0 <= index < len(addresses):
            raise TaskError("host %s: interface %s has no address %d; it has %d" %
                            (self._host.get_id(), self._id, index, len(addresses)))
        return addresses[index]

    # What it is.

    def get_id(self):
        """Its id."""
        return self._id

    def get_type(self):
        """What it is: "eth", "bond" and so on, as the element of the recipe."""
        return self._type

    def get_network(self):
        """The label of the network that it is joined to, or None."""
        return self._label

    def get_host(self):
        """The host that it belongs to."""
        return self._host

    def get_netns(self):
        """The namespace of the host that it is in; None for the host's own."""
        return self._netns

    def get_devname(self):
        """Its name in the host: the text of the result."""
        return VolatileValue(lambda: self._get("name") if self._made else self._ask("devname"))

    def get_hwaddr(self):
        """Its Ethernet address in upper case: the text of the result."""
        return VolatileValue(lambda: self._get("mac").upper() if self._made
                             else self._ask("hwaddr"))

    def get_ip(self, ip_index=0, selector=None):
        """One of its addresses, without the prefix length: the text of the result."""
        index = int(ip_index)
        return VolatileValue(lambda: self._address(index).split("/")[0] if self._made
                             else self._ask("ip", index=index))

    get_ip_addr = get_ip

    def get_prefix(self, ip_index=0):
        """The prefix length of one of its addresses: the text of the result."""
        index = int(ip_index)
        return VolatileValue(lambda: self._address(index).split("/")[1] if self._made
                             else self._ask("prefix", index=index))

    get_ip_prefix = get_prefix

    def get_ips(self, selector=None):
        """All its addresses: get_val() of the result is a list of (address, prefix length)."""
        return VolatileValue(lambda: [tuple(a.split("/")) for a in self._get("addresses")])

    get_ip_addrs = get_ips

    def get_mtu(self):
        """Its MTU: the text, or int(), of the result."""
        return VolatileValue(self._get, "mtu")

    def get_driver(self):
        """The driver, as ethtool names it: the text of the result."""
        return VolatileValue(lambda: self._host._driver(str(self.get_devname()), self._netns))

    def link_stats(self):
        """Its counters: a dict with devname, hwaddr, rx_packets, rx_bytes, tx_packets and so on."""
        now = self._get()
        return dict(now["stats"], devname=now["name"], hwaddr=now["mac"].upper())

    def link_cpu_ifstat(self):
        """The packets that the CPU has seen: of an interface without hardware, all of them."""
        return self.link_stats()

    # What it shall be.

    def set_mtu(self, mtu):
        """Set its MTU."""
        self._set(mtu=int(mtu))

    def set_link_up(self):
        """Switch it on."""
        self._set(up=True)

    def set_link_down(self):
        """Switch it off."""
        self._set(up=False)

    def set_addresses(self, ips):
        """It shall have these addresses, with their prefix lengths, and no others."""
        self._set(flush_addresses=True, add_addresses=texts(ips))

    def reset(self, ip=None, netns=None):
        """Switch it off and on again, with further addresses if there are any."""
        if netns is not None and netns != self._netns:
            raise TaskError("host %s: interface %s cannot change its namespace; the recipe says where it is" %
                            (self._host.get_id(), self._id))
        have = [str(a) for a in self._get("addresses") if not a.startswith("fe80:")]
        self._set(up=False)
        self._set(up=True, flush_addresses=True,
                  add_addresses=have + [a for a in texts(ip) if a not in have])

    def set_netem(self, netem):
        """Delay, lose and so on: a dict of sections with their options, as <netem> of a recipe."""
        self._set(netem={section: {name: str(value) for name, value in options.items()}
                         for section, options in netem.items()})

    def unset_netem(self):
        """No delay and so on any more."""
        self._set(netem=None)

    def set_options(self, options):
        """Options of its kind, as the recipe has them."""
        self._set(options=[[str(n), str(v)] for n, v in options.items()])

    def slave_add(self, slave_id):
        """Make an interface a port of this one."""
        self._host.get_interface(slave_id)._set(master=self._id)

    def slave_del(self, slave_id):
        """It is a port no more."""
        self._host.get_interface(slave_id)._set(master=None)

    def destroy(self):
        """Take it away."""
        self._lab().ask("link_del", host=self._host.get_id(), id=self._id)
        self._host._forget(self._id)

    # Routes.

    def _route(self, method, **route):
        if self._netns is not None:
            route["netns"] = self._netns
        self._lab().ask(method, host=self._host.get_id(), route=route)

    def add_route(self, dest, ipv6=False):
        """Add a route to a network that is reached over it."""
        self._route("route_add", to=str(dest), dev=self._id)

    def del_route(self, dest, ipv6=False):
        """Take it away."""
        self._route("route_del", to=str(dest), dev=self._id)

    def _nhs(self, verb, dest, nhs, ipv6):
        hops = "".join(" nexthop via %s" % hop for hop in nhs)
        self._host._tool("ip %s route %s %s%s" % ("-6" if ipv6 else "-4", verb, dest, hops),
                         self._netns)

    def add_nhs_route(self, dest, nhs, ipv6=False):
        """Add a route over one or more gateways."""
        self._nhs("add", dest, nhs, ipv6)

    def del_nhs_route(self, dest, nhs, ipv6=False):
        """Take it away."""
        self._nhs("del", dest, nhs, ipv6)

    def enable_multicast(self):
        """Multicast goes out of this interface."""
        self.add_route("224.0.0.0/4")

    def disable_multicast(self):
        """No more."""
        self.del_route("224.0.0.0/4")

    # A bridge, or a port of one.

    @staticmethod
    def _vlan(vid, pvid, untagged):
        return {"vid": int(vid), "pvid": bool(pvid), "untagged": bool(untagged)}

    def add_br_vlan(_self, vlan_tci, pvid=False, untagged=False, self=False, master=False):
        """Put it into a VLAN of its bridge."""
        _self._set(add_vlans=[_self._vlan(vlan_tci, pvid, untagged)])

    def del_br_vlan(_self, vlan_tci, pvid=False, untagged=False, self=False, master=False):
        """Take it out."""
        _self._set(del_vlans=[_self._vlan(vlan_tci, pvid, untagged)])

    def get_br_vlans(self):
        """Its VLANs: a list of dicts with vlan_id, pvid and untagged."""
        found = self._host._json("bridge -j vlan show dev %s" % self.get_devname(), self._netns)
        vlans = found[0]["vlans"] if found else []
        return [{"vlan_id": v["vlan"], "pvid": "PVID" in v.get("flags", []),
                 "untagged": "Egress Untagged" in v.get("flags", [])} for v in vlans]

    def _fdb(_self, verb, hwaddr, self, master, vlan_tci):
        vlan = " vlan %d" % int(vlan_tci) if vlan_tci is not None else ""
        _self._tool("bridge fdb %s %s dev DEV%s%s" % (verb, hwaddr, bridge_words(self, master), vlan))

    def add_br_fdb(_self, hwaddr, self=False, master=False, vlan_tci=None):
        """Add an entry to the forwarding table."""
        _self._fdb("add", hwaddr, self, master, vlan_tci)

    def del_br_fdb(_self, hwaddr, self=False, master=False, vlan_tci=None):
        """Take it out."""
        _self._fdb("del", hwaddr, self, master, vlan_tci)

    def get_br_fdbs(self):
        """The forwarding table: a list of dicts with hwaddr, vlan_id, self, master, offload, extern_learn."""
        found = self._host._json("bridge -j fdb show dev %s" % self.get_devname(), self._netns)
        return [{"hwaddr": e["mac"].upper(), "vlan_id": e.get("vlan", 0),
                 "self": "self" in e.get("flags", []), "master": "master" in e,
                 "offload": "offload" in e.get("flags", []),
                 "extern_learn": "extern_learn" in e.get("flags", [])} for e in found]

    def _port(_self, words, self=False, master=False):
        _self._tool("bridge link set dev DEV %s%s" % (words, bridge_words(self, master)))

    def set_br_learning(_self, on=True, self=False, master=False):
        """Does the bridge learn addresses on this port?"""
        _self._port("learning " + on_off(on), self, master)

    def set_br_learning_sync(_self, on=True, self=False, master=False):
        """Does it learn from the hardware?"""
        _self._port("learning_sync " + on_off(on), self, master)

    def set_br_flooding(_self, on=True, self=False, master=False):
        """Does the bridge flood to this port?"""
        _self._port("flood " + on_off(on), self, master)

    def set_br_state(_self, state, self=False, master=False):
        """The state of the port: 0 disabled to 4 blocking."""
        _self._port("state %d" % int(state), self, master)

    def set_mcast_flood(self, on):
        """Does the bridge flood multicast to this port?"""
        self._port("mcast_flood " + on_off(on))

    def set_mcast_router(self, state):
        """Is there a router of multicast behind this port? See MCAST_ROUTER_PORT."""
        self._port("mcast_router %d" % int(state))

    def set_br_mcast_snooping(_self, set_on=True):
        """Does the bridge look at who is in which group?"""
        _self._set(options=[["multicast_snooping", "1" if set_on else "0"]])

    def set_br_mcast_querier(_self, set_on=True):
        """Does the bridge ask who is in which group?"""
        _self._set(options=[["multicast_querier", "1" if set_on else "0"]])

    # Hardware.

    def set_speed(self, speed):
        """Fix the speed, in Mbit/s."""
        self._tool("ethtool -s DEV speed %d autoneg off" % int(speed))

    def set_autoneg(self):
        """Find out the speed."""
        self._tool("ethtool -s DEV autoneg on")

    def set_pause_on(self):
        """Switch pause frames on."""
        self._tool("ethtool -A DEV rx on tx on")

    def set_pause_off(self):
        """Switch pause frames off."""
        self._tool("ethtool -A DEV rx off tx off")

    def get_ethtool_stats(self):
        """The counters of the driver: a dict of numbers."""
        stats = {}
        for line in self._tool("ethtool -S DEV").splitlines()[1:]:
            name, _, value = line.strip().rpartition(":")
            if name and value.strip().isdigit():
                stats[name.strip()] = int(value)
        return stats

    def get_coalesce(self):
        """How interrupts are gathered: a dict."""
        found = {}
        for line in self._tool("ethtool -c DEV").splitlines():
            name, _, value = line.partition(":")
            if value.strip().isdigit():
                found[name.strip().replace("-", "_")] = int(value)
        return found

    def set_coalesce(self, cdata):
        """Gather interrupts like that."""
        words = " ".join("%s %s" % (n.replace("_", "-"), v) for n, v in cdata.items())
        self._tool("ethtool -C DEV " + words)

    def save_coalesce(self):
        """Remember how interrupts are gathered."""
        self._coalesce = self.get_coalesce()

    def restore_coalesce(self):
        """As it was when save_coalesce() was called."""
        self.set_coalesce(getattr(self, "_coalesce", None) or self.get_coalesce())

    def get_devlink_name(self):
        """The device of a switch: interfaces of a lab have none."""
        return None

    get_devlink_port_name = get_devlink_name

    def _never(self, what, why):
        raise TaskError("host %s: interface %s: %s: %s" % (self._host.get_id(), self._id, what, why))

    def enable_lldp(self):
        """Not possible in a lab."""
        self._never("enable_lldp()", "it needs lldpad and a card with DCB, which the hosts of a lab lack")

    def mroute_add_vif(self, vif_index, table_id=None):
        """Not possible in a lab."""
        self._never("mroute_add_vif()", "multicast routing sockets are for switch hardware; run a daemon such as smcrouted in the host instead")

    def mroute_del_vif(self, vif_index, table_id=None):
        """Not possible in a lab."""
        self._never("mroute_del_vif()", "multicast routing sockets are for switch hardware; run a daemon such as smcrouted in the host instead")
