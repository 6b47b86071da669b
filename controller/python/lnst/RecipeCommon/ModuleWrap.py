# SPDX-License-Identifier: GPL-2.0-or-later
"""Test modules with fewer words. src and dst are tuples: host, interface, number of its address, and optionally a selector."""
from netlab.task import ModuleAPI


def _take(spec, what, least):
    if not isinstance(spec, tuple) or not least <= len(spec) <= 4:
        raise ValueError("Invalid %s specification" % what)
    return spec


def _refuse(options, names):
    for name in names:
        if name in options:
            raise ValueError("options can't contain the key '%s'" % name)


def _ping(module, src, dst, options, expect, bg):
    _refuse(options, ("addr", "iface"))
    src, dst = _take(src, "source", 2), _take(dst, "destination", 3)
    iface = src[1].get_devname() if len(src) == 2 else src[1].get_ip(src[2])
    options = dict(options, iface=iface, addr=dst[1].get_ip(dst[2]))
    return src[0].run(ModuleAPI(module, options), expect=expect, bg=bg)


def ping(src, dst, options={}, expect="pass", bg=False):
    """IcmpPing from src to dst."""
    return _ping("IcmpPing", src, dst, options, expect, bg)


def ping6(src, dst, options={}, expect="pass", bg=False):
    """Icmp6Ping from src to dst."""
    return _ping("Icmp6Ping", src, dst, options, expect, bg)


def netperf(src, dst, server_opts={}, client_opts={}, baseline={}, timeout=60):
    """Netperf: a server at dst, a client at src. Returns the client's process."""
    _refuse(server_opts, ("bind", "role"))
    _refuse(client_opts, ("bind", "role", "netperf_server"))
    src, dst = _take(src, "source", 3), _take(dst, "destination", 3)
    server_ip = dst[1].get_ip(dst[2])
    server = dst[0].run(ModuleAPI("Netperf", dict(server_opts, role="server", bind=server_ip)),
                        bg=True)
    options = dict(client_opts, role="client", bind=src[1].get_ip(src[2]),
                   netperf_server=server_ip)
    for name in ("threshold", "threshold_deviation"):
        if name in baseline:
            options[name] = baseline[name]
    result = src[0].run(ModuleAPI("Netperf", options), timeout=timeout)
    server.intr()
    return result
