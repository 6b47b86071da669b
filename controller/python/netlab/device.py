# SPDX-License-Identifier: GPL-2.0-or-later
"""Any interface of a host, by its name there: also one that neither the recipe nor the task has made."""
from _netlab import TaskError


class DeviceAPI:
    """What get_device() of a host gives."""

    def __init__(self, host, name, netns=None):
        self._host = host
        self._name = name
        self._netns = netns
        self._now()

    def _now(self):
        found = self._host._json("ip -j -d addr show dev %s" % self._name, self._netns)
        found = [d for d in found if d.get("ifname") == self._name]
        if not found:
            raise TaskError("No device with name '%s' found." % self._name)
        return found[0]

    def get_if_index(self):
        """Its number."""
        return self._now()["ifindex"]

    def get_hwaddr(self):
        """Its hardware address, in upper case."""
        return self._now().get("address", "").upper()

    def get_devname(self):
        """Its name."""
        return self._name

    def get_ips(self, selector=None):
        """Its addresses with their prefix lengths; selector: {"family": "inet" or "inet6"}."""
        family = (selector or {}).get("family")
        return ["%s/%d" % (a["local"], a["prefixlen"]) for a in self._now()["addr_info"]
                if "local" in a and family in (None, a["family"])]

    def get_ip(self, num, selector=None):
        """One of them, without its prefix length."""
        ips = self.get_ips(selector)
        if not 0 <= int(num) < len(ips):
            raise TaskError("device %s has no address %s; it has %d" % (self._name, num, len(ips)))
        return ips[int(num)].split("/")[0]

    def get_ifi_type(self):
        """Its ARPHRD_ number, if_arp.h."""
        return int(self._host._tool("cat /sys/class/net/%s/type" % self._name, self._netns))

    def get_state(self):
        """Its flags: a list such as ["BROADCAST", "UP", "LOWER_UP"]."""
        return self._now()["flags"]

    def get_slaves(self):
        """The names of its ports."""
        return [d["ifname"] for d in
                self._host._json("ip -j link show master %s" % self._name, self._netns) if d]

    def get_netns(self):
        """The namespace of the host that it is in; None for the host's own."""
        return self._netns

    def get_mtu(self):
        """Its MTU."""
        return self._now()["mtu"]

    def set_mtu(self, mtu):
        """Set its MTU."""
        self._host._tool("ip link set dev %s mtu %d" % (self._name, int(mtu)), self._netns)

    def get_driver(self):
        """The driver, as ethtool names it."""
        return self._host._driver(self._name, self._netns)

    def get_devlink_name(self):
        """The device of a switch: interfaces of a lab have none."""
        return None

    get_devlink_port_name = get_devlink_name
