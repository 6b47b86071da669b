# SPDX-License-Identifier: GPL-2.0-or-later
"""A host, as a Python task sees it."""
from _netlab import TaskError
from netlab.interface import InterfaceAPI


def _plain(result):
    """The result of a command that is no process."""
    result.pop("index", None)
    return result


class HostAPI:
    """A host of the recipe."""

    def __init__(self, lab, host):
        self._lab = lab
        self._id = host["id"]
        self._ifaces = {i["id"]: InterfaceAPI(self, i) for i in host["interfaces"]}

    def get_id(self):
        """Its id in the recipe."""
        return self._id

    def run(self, what, **kwargs):
        """Run a shell command (str) or a module (ModuleAPI) on the host.

        netns: a namespace of the host. bg: in the background. expect: "pass" or "fail"; fail_expected: the same as a bool.
        timeout: seconds. desc: a text for the reports. json: res_data["stdout"] is parsed.
        Returns a ProcessAPI.
        """
        from netlab.task import ModuleAPI, ProcessAPI

        params = {"host": self._id, "bg": False}
        parse_json = False
        for arg, value in kwargs.items():
            if arg == "bg":
                params["bg"] = bool(value)
            elif arg == "expect":
                if str(value) not in ("pass", "fail"):
                    raise TaskError("Unrecognised value of the expect attribute (%s)." % value)
                params["expect"] = str(value) == "pass"
            elif arg == "fail_expected":
                params["expect"] = not value
            elif arg == "timeout":
                try:
                    params["timeout"] = int(value)
                except (TypeError, ValueError):
                    raise TaskError("Timeout must be integer, not '%s'." % value) from None
            elif arg == "desc":
                params["desc"] = None if value is None else str(value)
            elif arg == "netns":
                params["netns"] = None if value is None else str(value)
            elif arg == "json":
                parse_json = bool(value)
            elif arg != "save_output":
                raise TaskError("Argument '%s' not recognised by the run() method." % arg)
        if isinstance(what, ModuleAPI):
            params.update(module=what._name, options=what._values())
        elif isinstance(what, str):
            params["command"] = what
        else:
            raise TaskError("Unable to run '%s'." % (what,))
        result = self._lab.command("run", **params)
        return ProcessAPI(self._lab, result, params["bg"], parse_json)

    def config(self, option, value, persistent=False, netns=None):
        """Write a setting below /proc or /sys. It is taken back at the end of the task, unless it is persistent."""
        return _plain(self._lab.command("config", host=self._id, option=str(option), value=str(value),
                                        persistent=bool(persistent),
                                        netns=None if netns is None else str(netns)))

    def sync_resources(self, modules=(), tools=()):
        """Send modules to the host now. Others are sent when they are first run."""
        self._lab.ask("sync", host=self._id, modules=[str(m) for m in modules])

    def get_interfaces(self):
        """All interfaces: a dict from ids to them."""
        return self._ifaces

    def get_interface(self, if_id):
        """The interface with this id."""
        iface = self._ifaces.get(str(if_id))
        if iface is None:
            raise TaskError("Host '%s' has no interface '%s'; it has %s." %
                            (self._id, if_id, ", ".join(self._ifaces)))
        return iface

    def get_devname(self, if_id):
        """The same as get_interface(if_id).get_devname()."""
        return self.get_interface(if_id).get_devname()

    def get_hwaddr(self, if_id):
        """The same as get_interface(if_id).get_hwaddr()."""
        return self.get_interface(if_id).get_hwaddr()

    def get_ip(self, if_id, addr_number=0):
        """The same as get_interface(if_id).get_ip(addr_number)."""
        return self.get_interface(if_id).get_ip(addr_number)

    def get_prefix(self, if_id, addr_number=0):
        """The same as get_interface(if_id).get_prefix(addr_number)."""
        return self.get_interface(if_id).get_prefix(addr_number)

    def get_configuration(self):
        """What the host is: a dict with its id, kernel_release and interfaces."""
        import os

        return {"id": self._id, "kernel_release": os.uname().release,
                "interfaces": {name: {"devname": str(iface.get_devname()),
                                      "hwaddr": str(iface.get_hwaddr())}
                               for name, iface in self._ifaces.items()}}
