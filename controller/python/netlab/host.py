# SPDX-License-Identifier: GPL-2.0-or-later
"""A host, as a Python task sees it."""
import base64
import json
import os
import re

from _netlab import TaskError
from netlab.device import DeviceAPI
from netlab.interface import InterfaceAPI, texts


def _plain(result):
    """The result of a command that is no process."""
    result.pop("index", None)
    return result


def _options(**options):
    """Options that are given, as the recipe writes them."""
    return [[name, ("yes" if value else "no") if isinstance(value, bool) else str(value)]
            for name, value in options.items() if value is not None]


class HostAPI:
    """A host of the recipe."""

    def __init__(self, lab, host):
        self._lab = lab
        self._id = host["id"]
        self._params = host["params"]
        self._ifaces = {i["id"]: InterfaceAPI(self, i) for i in host["interfaces"]}

    def get_id(self):
        """Its id in the recipe."""
        return self._id

    def get_params(self):
        """What the recipe asks of it: a dict from the names of its params to their values."""
        return dict(self._params)

    # Commands.

    def run(self, what, **kwargs):
        """Run a shell command (str) or a module (ModuleAPI) on the host.

        bg: in the background. expect: "pass" or "fail"; fail_expected: the same as a bool.
        timeout: seconds. netns: a namespace of the host. desc: a text for the reports. json: res_data["stdout"] is parsed. Returns a ProcessAPI.
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
            elif arg in ("desc", "netns", "tool"):
                params[arg] = None if value is None else str(value)
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
        """Send modules and tools to the host now. Others are sent when they are first run."""
        self._lab.ask("sync", host=self._id, modules=[str(m) for m in modules],
                      tools=[str(t) for t in tools])

    # Tools: what is asked of a host and is no command of the task.

    def _tool(self, text, netns=None, input=None):
        params = {"host": self._id, "shell": text}
        if netns is not None:
            params["netns"] = str(netns)
        if input is not None:
            params["input"] = input
        answer = self._lab.ask("tool", **params)
        if answer["status"] == 127:
            program = text.split()[0]
            raise TaskError("host %s has no program %s; install the package that has it" %
                            (self._id, program))
        if answer["status"] != 0:
            words = (answer["stderr"] or answer["stdout"]).strip().split("\n")[-1]
            raise TaskError("host %s: %s: %s" %
                            (self._id, text, words or "exit status %d" % answer["status"]))
        return answer["stdout"]

    def _json(self, text, netns=None):
        return json.loads(self._tool(text, netns) or "[]")

    def _driver(self, name, netns):
        """The driver of a real card; else the kind of the interface is its name."""
        found = self._json("ip -j -d link show dev %s" % name, netns)
        kind = found[0].get("linkinfo", {}).get("info_kind") if found else None
        if kind:
            return kind
        link = self._tool("readlink /sys/class/net/%s/device/driver || true" % name, netns)
        return os.path.basename(link.strip()) or None

    # Interfaces.

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

    def get_device(self, name, netns=None):
        """Any interface of the host, by its name there: a DeviceAPI."""
        return DeviceAPI(self, str(name), netns)

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

    def _forget(self, if_id):
        self._ifaces.pop(if_id, None)

    def _new_id(self, kind):
        number = 0
        while "%s%d" % (kind, number) in self._ifaces:
            number += 1
        return "%s%d" % (kind, number)

    def _create(self, kind, if_id, netns, ip, options=(), slaves=()):
        """Make an interface. A slave is an InterfaceAPI, or a tuple of one and a dict of its options as a port."""
        if_id = str(if_id) if if_id is not None else self._new_id(kind)
        spec = {"id": if_id, "kind": kind, "addresses": texts(ip), "options": list(options),
                "slaves": []}
        if netns is not None:
            spec["netns"] = str(netns)
        for slave in slaves or ():
            slave, port = slave if isinstance(slave, tuple) else (slave, {})
            entry = {"id": slave.get_id()}
            if port:
                entry["options"] = _options(**port)
            spec["slaves"].append(entry)
        self._lab.ask("link_add", host=self._id, spec=spec)
        iface = InterfaceAPI(self, {"id": if_id, "type": kind, "netns": spec.get("netns")}, made=True)
        self._ifaces[if_id] = iface
        return iface

    def create_bond(self, if_id=None, netns=None, ip=None, options=None, slaves=None):
        """Make a bond of interfaces."""
        return self._create("bond", if_id, netns, ip, _options(**(options or {})), slaves)

    def create_bridge(self, if_id=None, netns=None, ip=None, options=None, slaves=None):
        """Make a bridge with interfaces as its ports."""
        return self._create("bridge", if_id, netns, ip, _options(**(options or {})), slaves)

    def create_team(self, config=None, if_id=None, netns=None, ip=None, slaves=None):
        """Make a team; config and that of a slave (in a tuple with it) are JSON texts for teamd."""
        ports = [(s[0], {"teamd_port_config": s[1]}) if isinstance(s, tuple) else s
                 for s in slaves or ()]
        return self._create("team", if_id, netns, ip, _options(teamd_config=config), ports)

    def create_vlan(self, realdev_iface, vlan_tci, if_id=None, netns=None, ip=None):
        """Make a VLAN on an interface."""
        return self._create("vlan", if_id, netns, ip, _options(vlan_tci=vlan_tci), [realdev_iface])

    def create_macvlan(self, realdev_iface, if_id=None, netns=None, ip=None, options=None):
        """Make a macvlan on an interface."""
        return self._create("macvlan", if_id, netns, ip, _options(**(options or {})), [realdev_iface])

    def create_vxlan(self, vxlan_id, realdev_iface=None, group_ip=None, remote_ip=None, if_id=None,
                     netns=None, ip=None, options=None):
        """Make a VXLAN to a group or a remote address."""
        if group_ip is None and remote_ip is None:
            raise TaskError("Either group_ip or remote_ip must be specified.")
        given = dict(options or {}, id=vxlan_id, group_ip=group_ip, remote_ip=remote_ip)
        return self._create("vxlan", if_id, netns, ip, _options(**given),
                            [realdev_iface] if realdev_iface is not None else ())

    def create_gre(self, ttl=None, tos=None, key=None, ikey=None, okey=None, seq=None, iseq=None,
                   oseq=None, csum=None, icsum=None, ocsum=None, ul_iface=None, local_ip=None,
                   remote_ip=None, if_id=None, netns=None, ip=None, options=None):
        """Make a GRE tunnel."""
        for both, name, one in ((key, "ikey", ikey), (key, "okey", okey), (seq, "iseq", iseq),
                                (seq, "oseq", oseq), (csum, "icsum", icsum), (csum, "ocsum", ocsum)):
            if both is not None and one is not None and one != both:
                raise TaskError("%s is overspecified" % name)
        given = dict(options or {}, ttl=ttl, tos=tos, key=key, ikey=ikey, okey=okey, seq=seq,
                     iseq=iseq, oseq=oseq, csum=csum, icsum=icsum, ocsum=ocsum, local_ip=local_ip,
                     remote_ip=remote_ip)
        return self._create("gre", if_id, netns, ip, _options(**given),
                            [ul_iface] if ul_iface is not None else ())

    def create_ipip(self, ttl=None, tos=None, ul_iface=None, local_ip=None, remote_ip=None,
                    if_id=None, netns=None, ip=None, options=None):
        """Make an IP in IP tunnel."""
        given = dict(options or {}, ttl=ttl, tos=tos, local_ip=local_ip, remote_ip=remote_ip)
        return self._create("ipip", if_id, netns, ip, _options(**given),
                            [ul_iface] if ul_iface is not None else ())

    def create_dummy(self, if_id=None, netns=None, ip=None):
        """Make a dummy interface."""
        return self._create("dummy", if_id, netns, ip)

    # Routes.

    def get_routes(self, routes_filter="", netns=None):
        """(routes without a gateway, routes with gateways) of `ip route show FILTER`: lists of dicts."""
        found = []
        for family in ("-4", "-6"):
            if family == "-6" and re.search(r"\d+\.\d+\.\d+\.\d+", routes_filter):
                continue
            if family == "-4" and ":" in routes_filter:
                continue
            found += self._json("ip %s -j route show %s" % (family, routes_filter), netns)
        direct, over = [], []
        for route in found:
            prefix = route["dst"]
            if route.get("type") == "local":
                prefix = "local " + prefix
            hops = route.get("nexthops") or ([route] if "gateway" in route else [])
            flags = " ".join(route.get("flags", []))
            if hops:
                over.append({"prefix": prefix, "flags": flags,
                             "nexthops": [{"ip": h.get("gateway"), "dev": h.get("dev"),
                                           "flags": " ".join(h.get("flags", []))} for h in hops]})
            else:
                direct.append({"prefix": prefix, "dev": route.get("dev"), "flags": flags})
        return direct, over

    # The machine.

    def get_configuration(self):
        """What the host is: a dict with its id, kernel_release and interfaces."""
        return {"id": self._id, "kernel_release": os.uname().release,
                "interfaces": {name: {"devname": str(iface.get_devname()),
                                      "hwaddr": str(iface.get_hwaddr())}
                               for name, iface in self._ifaces.items()}}

    def get_num_cpus(self):
        """How many CPUs it can use."""
        return int(self._tool("nproc"))

    def copy_file_to_machine(self, local_path, remote_path=None, netns=None):
        """Copy a file to the host; gives its path there, which is one below /tmp by default."""
        with open(local_path, "rb") as file:
            data = file.read()
        if remote_path is None:
            remote_path = "/tmp/" + os.path.basename(local_path)
        quoted = "'" + str(remote_path).replace("'", "'\\''") + "'"
        self._tool("base64 -d >%s" % quoted, input=base64.b64encode(data).decode("ascii"))
        return remote_path

    def _service(self, verb, service):
        raise TaskError("host %s: %s_service('%s'): there is no service manager in the hosts of a lab; start the program with run(..., bg=True)" %
                        (self._id, verb, service))

    def enable_service(self, service):
        """Not possible in a lab."""
        self._service("enable", service)

    def disable_service(self, service):
        """Not possible in a lab."""
        self._service("disable", service)

    def restart_service(self, service):
        """Not possible in a lab."""
        self._service("restart", service)

    def _mroute(self, what):
        raise TaskError("host %s: %s(): multicast routing sockets are for switch hardware; run a daemon such as smcrouted in the host instead" %
                        (self._id, what))


def _never(name):
    def method(self, *args, **kwargs):
        """Not possible in a lab."""
        self._mroute(name)

    method.__name__ = name
    return method


for _name in ("mroute_init", "mroute_finish", "mroute_pim_init", "mroute_pim_finish", "mroute_table",
              "mroute_add_vif_reg", "mroute_del_vif_reg", "mroute_add_mfc", "mroute_add_mfc_proxi",
              "mroute_del_mfc", "mroute_del_mfc_proxi", "mroute_get_notif"):
    setattr(HostAPI, _name, _never(_name))
