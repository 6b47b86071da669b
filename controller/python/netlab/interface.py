# SPDX-License-Identifier: GPL-2.0-or-later
"""An interface of a host, as a Python task sees it."""


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


class InterfaceAPI:
    """An interface of the recipe."""

    def __init__(self, host, iface):
        self._host = host
        self._id = iface["id"]
        self._type = iface["type"]
        self._label = iface["label"]

    def _ask(self, method, **params):
        return self._host._lab.ask(method, host=self._host.get_id(), interface=self._id, **params)

    def get_id(self):
        """Its id in the recipe."""
        return self._id

    def get_type(self):
        """What it is: "eth" and so on, as the element of the recipe."""
        return self._type

    def get_network(self):
        """The label of the network that it is joined to."""
        return self._label

    def get_host(self):
        """The host that it belongs to."""
        return self._host

    def get_devname(self):
        """Its name in the host: the text of the result."""
        return VolatileValue(self._ask, "devname")

    def get_hwaddr(self):
        """Its Ethernet address in upper case: the text of the result."""
        return VolatileValue(self._ask, "hwaddr")

    def get_ip(self, ip_index=0, selector=None):
        """One of its addresses, without the prefix length: the text of the result."""
        return VolatileValue(self._ask, "ip", index=int(ip_index))

    def get_prefix(self, ip_index=0):
        """The prefix length of one of its addresses: the text of the result."""
        return VolatileValue(self._ask, "prefix", index=int(ip_index))
