# SPDX-License-Identifier: GPL-2.0-or-later
"""The controller, modules and processes, as a Python task sees them."""
import json
import sys

from _netlab import TaskError
from netlab.host import HostAPI
from netlab.perfrepo import PerfRepoAPI


class Lab:
    """A task's way to netlab: what is asked for, and where in the task."""

    def __init__(self, session):
        self._session = session

    def ask(self, method, **params):
        """Ask for something that is no command of the task."""
        return self._session.call(method, params)

    def command(self, method, **params):
        """Run a command; the reports name the line of the task that it stands in."""
        frame = sys._getframe(1)
        while frame and frame.f_code.co_filename.startswith("<"):
            frame = frame.f_back
        if frame:
            params["file"] = frame.f_code.co_filename
            params["line"] = frame.f_lineno
        return self._session.call(method, {k: v for k, v in params.items() if v is not None})


class ControllerAPI:
    """The controller: hosts, modules, aliases, values for reports. A task has it as ctl."""

    def __init__(self, session):
        self._lab = Lab(session)
        self._hosts = {}
        for host in self._lab.ask("hosts"):
            self._hosts[host["id"]] = HostAPI(self._lab, host)
        self._aliases = None
        self._perfrepo = None

    def get_host(self, host_id):
        """The host with this id."""
        host = self._hosts.get(str(host_id))
        if host is None:
            raise TaskError("Host '%s' not found; the recipe has %s." %
                            (host_id, ", ".join(self._hosts)))
        return host

    def get_hosts(self):
        """All hosts: a dict from ids to them."""
        return dict(self._hosts)

    def get_module(self, name, options=None):
        """A test module with its options, to be run on a host."""
        return ModuleAPI(name, options)

    def wait(self, seconds):
        """Wait so long; background commands go on. Returns the result of a command."""
        result = self._lab.command("ctl_wait", seconds=float(seconds))
        del result["index"]
        return result

    def get_aliases(self):
        """The recipe's aliases of the outermost level and those of the command line: a dict."""
        if self._aliases is None:
            self._aliases = self._lab.ask("aliases")
        return dict(self._aliases)

    def get_alias(self, alias):
        """The value of an alias; None if it is not defined."""
        return self.get_aliases().get(str(alias))

    def connect_PerfRepo(self, mapping_file, url=None, username=None, password=None, max_retries=3):
        """What would be sent to PerfRepo goes into the results. The arguments do not matter."""
        if self._perfrepo is None:
            self._perfrepo = PerfRepoAPI(self)
        return self._perfrepo

    def get_configuration(self):
        """What each host is: a dict of the dicts of get_configuration() of hosts."""
        return {"machine_" + i: host.get_configuration() for i, host in self._hosts.items()}

    def get_mapping(self):
        """Which machine and interface stands for which of the recipe: a list of dicts."""
        return [{"id": i, "pool_id": i, "hostname": i,
                 "interface": [{"id": name, "pool_id": str(iface.get_devname()),
                                "hwaddr": str(iface.get_hwaddr())}
                               for name, iface in host.get_interfaces().items()]}
                for i, host in self._hosts.items()]


class ModuleAPI:
    """A test module and its options."""

    def __init__(self, module_name, options=None):
        self._name = str(module_name)
        self._opts = {}
        self.update_options(options or {})

    def get_options(self):
        """The options: a dict from names to lists of {"value": text}."""
        return self._opts

    def set_options(self, options):
        """These options and no others."""
        self._opts = {}
        self.update_options(options)

    def update_options(self, options):
        """Add options, or give them other values. A list gives an option several values."""
        for name, value in options.items():
            values = value if isinstance(value, list) else [value]
            self._opts[str(name)] = [{"value": str(v)} for v in values]

    def unset_option(self, option_name):
        """Take an option away, if it is there."""
        self._opts.pop(option_name, None)

    def _values(self):
        return {name: [v["value"] for v in values] for name, values in self._opts.items()}


class ProcessAPI:
    """A command or module that runs or has run on a host."""

    def __init__(self, lab, result, background, parse_json):
        self._lab = lab
        self._index = result.pop("index") if background else None
        self._json = parse_json
        self._take(result)

    def _take(self, result):
        result.pop("index", None)
        data = result["res_data"]
        if data is None:
            del result["res_data"]
        elif self._json and data.get("stdout"):
            data["stdout"] = json.loads(data["stdout"])
        self._result = result

    def passed(self):
        """Did it pass? In the background: could it be started; after wait() and so on: its verdict."""
        return self._result["passed"]

    def get_result(self):
        """A dict: passed, msg, and res_data once it has ended: stdout and stderr of a command, the data of a module."""
        return self._result

    def out(self):
        """What a command wrote to its standard output."""
        return self._result["res_data"]["stdout"]

    def _control(self, method):
        if self._index is not None:
            index, self._index = self._index, None
            self._take(self._lab.command(method, target=index))

    def wait(self):
        """Wait for the end of a command in the background."""
        self._control("wait")

    def intr(self):
        """Interrupt a command in the background, and wait for its end."""
        self._control("intr")

    def kill(self):
        """Kill a command in the background. It passes."""
        self._control("kill")
