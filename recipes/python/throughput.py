# Iperf some times, and what it found as values in the results.
from lnst.Common.Utils import std_deviation
from lnst.Controller.Task import ctl

h1, h2 = ctl.get_host("h1"), ctl.get_host("h2")
server = h2.run(ctl.get_module("Iperf", options={"role": "server"}), bg=True)
client = ctl.get_module("Iperf", options={
    "role": "client",
    "iperf_server": h2.get_ip("nic"),
    "duration": 1,
})
rates = []
for number in range(int(ctl.get_alias("runs"))):
    process = h1.run(client, desc="run %d" % (number + 1))
    if process.passed():
        rates.append(process.get_result()["res_data"]["bits_per_second"])
server.intr()

result = ctl.connect_PerfRepo("").new_result("iperf", "TCP throughput")
result.add_value("throughput", sum(rates) / len(rates))
result.add_value("throughput_deviation", std_deviation(rates))
ctl.connect_PerfRepo("").save_result(result)
