# Each host pings the other one, over IPv4 and IPv6.
from lnst.Controller.Task import ctl

hosts = ctl.get_hosts()
for name, host in hosts.items():
    for other in hosts.values():
        if other is host:
            continue
        for number, module in enumerate(("IcmpPing", "Icmp6Ping")):
            ping = ctl.get_module(module, options={
                "addr": other.get_ip("nic", number),
                "count": 3,
                "interval": 0.1,
            })
            result = host.run(ping, desc="%s from %s" % (module, name)).get_result()
            print("%s to %s: %s ms" % (name, other.get_id(), result["res_data"]["rtt_avg"]))
