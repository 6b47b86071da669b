#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Python tasks: what the Task API gives, how a task ends, that the interpreter is isolated and leaves nothing.
# timeout: 600
# asan: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"
cd "$work" || exit 4

# shellcheck disable=SC2317
netlab() { "$NETLAB" "$@"; }

# recipe FILE TASKS: two hosts with known addresses
recipe() {
	cat >"$1" <<-XML
		<lnstrecipe>
		  <define><alias name="one" value="1"/><alias name="both" value="{\$one}2"/></define>
		  <network>
		    <define><alias name="inner" value="x"/></define>
		    <host id="h1"><interfaces><eth id="nic" label="net"><addresses><address value="192.168.7.1/24"/><address value="fd00:7::1/64"/></addresses></eth></interfaces></host>
		    <host id="h2"><interfaces><eth id="nic" label="net"><addresses><address value="192.168.7.2/20"/></addresses></eth></interfaces></host>
		  </network>
		  $2
		</lnstrecipe>
	XML
}

# task: the program on standard input becomes the only task; $out is the JSON lines
task() {
	mkdir -p tasks
	cat >tasks/t.py
	recipe r.xml '<task python="tasks/t.py"/>'
	run netlab --json run "$@" r.xml
}

# printed: what the task printed
printed() { jq -r 'select(.event == "task_output" and .stream == "stdout") | .line' <<<"$out"; }
ends() { jq -c 'select(.event == "command_end")' <<<"$out"; }
# end N FILTER: something of the n-th command's end, from 1
end() { ends | sed -n "$1p" | jq -r "$2"; }
fault() { jq -r 'select(.event == "error") | "\(.file):\(.line): \(.message)"' <<<"$out"; }

# --- hosts, interfaces, aliases ---

task <<'PY'
from lnst.Controller.Task import ctl

h1, h2 = ctl.get_host("h1"), ctl.get_hosts()["h2"]
nic = h1.get_interface("nic")
print(sorted(ctl.get_hosts()), h1.get_id(), sorted(h1.get_interfaces()), nic.get_id(), nic.get_type(), nic.get_network())
print("%s %s %s" % (h1.get_ip("nic"), nic.get_ip(1), h2.get_prefix("nic")))
print("%s %s" % (h1.get_devname("nic"), nic.get_hwaddr()))
print(nic.get_host() is h1, ctl.get_alias("one"), ctl.get_alias("both"), ctl.get_alias("inner"), ctl.get_alias("given"), ctl.get_aliases())
PY
is 'a task that only asks passes' "$status" 0
is 'hosts and interfaces' "$(printed | sed -n 1p)" "['h1', 'h2'] h1 ['nic'] nic eth net"
is 'addresses and prefix lengths are text' "$(printed | sed -n 2p)" '192.168.7.1 fd00:7::1 20'
like 'names and hardware addresses as well' "$(printed | sed -n 3p)" '^[a-z0-9]+ 52:54:01:00:00:0[0-9A-F]$'
is 'aliases of the outermost level' "$(printed | sed -n 4p)" "True 1 12 None None {'both': '12', 'one': '1'}"

task -A one=3 -a given=4 <<'PY'
from lnst.Controller.Task import ctl
print(ctl.get_alias("one"), ctl.get_alias("both"), ctl.get_alias("given"))
PY
is 'aliases of the command line' "$(printed)" '3 32 4'

# --- commands ---

task <<'PY'
from lnst.Controller.Task import ctl
h1 = ctl.get_host("h1")
p = h1.run("echo out; echo err >&2")
print(p.passed(), p.out() == "out\n", p.get_result())
p = h1.run("exit 3", expect="fail", desc="it fails", timeout="7")
print(p.passed(), p.get_result()["msg"])
print(h1.run("true", fail_expected=True).passed())
print(h1.run("echo '{\"a\": [1, 2.5, null]}'", json=True).get_result()["res_data"]["stdout"]["a"])
print(h1.run("hostname").out().strip(), ctl.get_host("h2").run("hostname").out().strip())
print(h1.run("sleep 60", timeout=1).get_result()["msg"])
PY
is 'a failed command fails the task' "$status" 1
is 'the result of a command' "$(printed | sed -n 1p)" \
	"True True {'passed': True, 'msg': '', 'res_data': {'stdout': 'out\\n', 'stderr': 'err\\n'}}"
is 'expect' "$(printed | sed -n 2p)" 'True failed as expected: exit status 3'
is 'fail_expected' "$(printed | sed -n 3p)" 'False'
is 'json' "$(printed | sed -n 4p)" '[1, 2.5, None]'
is 'each on its host' "$(printed | sed -n 5p)" 'h1 h2'
is 'a timeout' "$(printed | sed -n 6p)" 'RPC connection to machine h1 timed out'
is 'commands are reported as those of XML' \
	"$(end 2 '[.type, .text, .desc, .expect, .verdict, .file, .line] | map(tostring) | join(" ")')" \
	'run exit 3 it fails fail pass tasks/t.py 5'
is 'all of them' "$(ends | wc -l)" 7

task <<'PY'
from lnst.Controller.Task import ctl
h1, h2 = ctl.get_host("h1"), ctl.get_host("h2")
h1.sync_resources(modules=["Custom"], tools=[])
m = ctl.get_module("Custom", options={"a": 1, "b": ["x", True]})
m.update_options({"c": h2.get_ip("nic")})
m.unset_option("a")
m.unset_option("never")
print(m.get_options())
print(h1.run(m).get_result()["res_data"])
m.set_options({"fail": "yes"})
print(h1.run(m, expect="fail").get_result())
print(h1.run(ctl.get_module("IcmpPing", {"addr": h2.get_ip("nic"), "count": 2, "interval": 0.1})).get_result()["res_data"]["rate"])
PY
is 'modules' "$status" 0
is 'their options are text' "$(printed | sed -n 1p)" \
	"{'b': [{'value': 'x'}, {'value': 'True'}], 'c': [{'value': '192.168.7.2'}]}"
is 'the data of a module' "$(printed | sed -n 2p)" "{'b': ['x', 'True'], 'c': '192.168.7.2'}"
like 'a module that fails' "$(printed | sed -n 3p)" "^.'passed': True, 'msg': 'failed as expected: asked"
is 'a ping' "$(printed | sed -n 4p)" 100
is 'modules are sent once' "$(jq -c 'select(.event == "synced") | [.host, .files, .sent]' <<<"$out" | tr '\n' ' ')" '["h1",1,1] ["h1",1,1] '

task <<'PY'
from lnst.Controller.Task import ctl
h1 = ctl.get_host("h1")
path = "/proc/sys/net/ipv4/conf/all/rp_filter"
before = h1.run("cat " + path).out()
r = h1.config(path, 2)
print(r["passed"], h1.run("cat " + path).out().strip(), r["res_data"]["options"][0]["previous_val"] == before.strip())
print(h1.config("/etc/passwd", "x")["msg"] != "", ctl.wait(0))
PY
is 'a setting is written' "$(printed | sed -n 1p)" 'True 2 True'
is 'only below /proc and /sys' "$(printed | sed -n 2p)" "True {'passed': True, 'msg': '', 'res_data': None}"
is 'it is a command' "$(ends | jq -r .type | tr '\n' ' ')" 'run config run config ctl_wait '

# --- what is asked of hosts beside commands ---

task <<'PY'
from lnst.Controller.Task import ctl
h1, h2 = ctl.get_host("h1"), ctl.get_host("h2")
nic = h1.get_interface("nic")
d = h1.get_device(str(nic.get_devname()))
print(d.get_ips({"family": "inet"}), d.get_ip(0, {"family": "inet"}), d.get_hwaddr() == str(nic.get_hwaddr()), d.get_ifi_type(), d.get_mtu(), "UP" in d.get_state(), d.get_slaves(), d.get_netns(), d.get_devlink_name())
print(d.get_driver(), nic.get_driver() == "veth", h1.get_device("lo").get_driver(), d.get_if_index() == int(h1.run("cat /sys/class/net/%s/ifindex" % nic.get_devname()).out()))
d.set_mtu(1400)
print(d.get_mtu(), h1.run("cat /sys/class/net/%s/mtu" % nic.get_devname()).out().strip())
nic.add_nhs_route("198.51.100.0/24", ["192.168.7.2", "192.168.7.3"])
nic.add_nhs_route("fd00:99::/64", ["fd00:7::2"], ipv6=True)
direct, over = h1.get_routes("198.51.100.0/24")
print(direct, over[0]["prefix"], [h["ip"] for h in over[0]["nexthops"]])
print([r["prefix"] for r in h1.get_routes()[1]], [r["prefix"] for r in h1.get_routes("table local 192.168.7.1")[0]])
nic.del_nhs_route("198.51.100.0/24", ["192.168.7.2", "192.168.7.3"])
print(h1.get_routes("198.51.100.0/24"))
print(h1.get_num_cpus() > 0, h1.get_params(), ctl.get_mapping()[0]["id"], ctl.get_configuration()["machine_h2"]["id"])
open("big", "wb").write(bytes(range(256)) * 8192)
there = h1.copy_file_to_machine("big")
print(there, h1.run("sha256sum <%s" % there).out() == __import__("subprocess").run("sha256sum <big", shell=True, capture_output=True, text=True).stdout)
print(h1.copy_file_to_machine("t.py", "/tmp/it's"), h1.run("ls /tmp").out().split())
PY
is 'tools are asked' "$(fault)" ''
is 'a device by its name' "$(printed | sed -n 1p)" "['192.168.7.1/24'] 192.168.7.1 True 1 1500 True [] None None"
is 'its driver' "$(printed | sed -n 2p)" 'veth True None True'
is 'is changed' "$(printed | sed -n 3p)" '1400 1400'
is 'routes over gateways' "$(printed | sed -n 4p)" "[] 198.51.100.0/24 ['192.168.7.2', '192.168.7.3']"
is 'routes of both families, and of another table' "$(printed | sed -n 5p)" "['198.51.100.0/24', 'fd00:99::/64'] ['local 192.168.7.1']"
is 'are taken away' "$(printed | sed -n 6p)" '([], [])'
is 'the machine' "$(printed | sed -n 7p)" 'True {} h1 h2'
is 'a file of 2 MiB is copied' "$(printed | sed -n 8p)" '/tmp/big True'
is 'under any name' "$(printed | sed -n 9p)" "/tmp/it's ['big', \"it's\"]"
is 'none of that is a command' "$(ends | wc -l)" 4

# --- in the background ---

task <<'PY'
from lnst.Controller.Task import ctl
h1 = ctl.get_host("h1")
p = h1.run("echo one; sleep 60", bg=True)
print(p.passed(), p.get_result())
h1.run("until pgrep -x sleep; do :; done")
p.intr()
print(p.passed(), p.out(), p.get_result()["msg"])
p = h1.run("echo two", bg=True)
p.wait()
print(p.out())
p = h1.run("sleep 60", bg=True)
p.kill()
print(p.passed(), p.get_result()["killed"])
p.kill(); p.wait()
print(ctl.wait(0.01)["passed"])
h1.run("sleep 1000", bg=True)
PY
is 'the background' "$status" 0
is 'a command is started' "$(printed | sed -n 1p)" "True {'passed': True, 'msg': 'Running in background.'}"
is 'interrupted' "$(printed | sed -n 2,3p | tr '\n' ' ')" 'True one  interrupted: Command execution failed (exited with -2) '
is 'waited for' "$(printed | sed -n 4p)" 'two'
is 'killed' "$(printed | sed -n 6p)" 'True True'
is 'the controller waits' "$(printed | sed -n 7p)" 'True'
is 'what has ended is ended once' "$(ends | jq -r .type | tr '\n' ' ')" 'run run intr run wait run kill ctl_wait run '

recipe two.xml '<task python="tasks/t.py" quit_on_fail="yes"/><task><run host="h1" command="! pgrep -x sleep"/></task>'
run netlab run two.xml
is 'what is left in the background is killed' "$status" 0

# --- how a task ends ---

task <<'PY'
from lnst.Controller.Task import ctl
ctl.get_host("h1").run("true")

def deep():
    return {}["key"]

deep()
PY
is 'an exception fails the task' "$status" 1
is 'and says where' "$(fault)" "tasks/t.py:5: KeyError: 'key'"
like 'its traceback is in the results' "$(jq -r 'select(.event == "task_end").traceback' <<<"$out")" \
	'line 7, in <module>.*line 5, in deep'
run netlab run r.xml
is 'an editor finds the place' "$err" "tasks/t.py:5: error: KeyError: 'key'"
like 'the summary counts it' "$out" 'FAIL  r.xml: 1 of 1 command passed, 1 task broken off'
run netlab run -v r.xml
like 'the traceback with -v' "$out" '! +File "tasks/t.py", line 7, in <module>'

task < <(printf 'import lnst.Controller.Task\n\nif True\n    pass\n')
is 'a syntax error' "$(fault)" "tasks/t.py:3: SyntaxError: expected ':'"
is 'fails the task' "$status" 1
printf 'def f():\n    raise OSError("no such luck")\n' >tasks/beside.py
task < <(printf 'import beside\nbeside.f()\n')
is 'a module beside the task can be imported, and named' "$(fault)" \
	"$work/tasks/beside.py:2: OSError: no such luck"
task < <(printf 'import sys\nsys.exit()\n')
is 'exit() ends a task' "$status" 0
task < <(printf 'import sys\nsys.exit(3)\n')
is 'exit(3) fails it' "$(fault)" 'tasks/t.py:2: exit: status 3'
task < <(printf 'import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n')
is 'a crash is only a failed task' "$status" 1
is 'that says so' "$(jq -r 'select(.event == "error").message' <<<"$out")" \
	'the task broke off: the process of the interpreter was killed by SIGTERM'
recipe two.xml '<task python="tasks/t.py"/><task python="tasks/u.py"/><task><run host="h1" command="true"/></task>'
printf 'print("next")\n' >tasks/u.py
run netlab --json run two.xml
is 'and the next one runs' "$(printed)" next
recipe two.xml '<task python="tasks/t.py" quit_on_fail="yes"/><task python="tasks/u.py"/>'
run netlab --json run two.xml
is 'unless it has quit_on_fail' "$(printed)" ''

# error TEXT MESSAGE: the program on standard input ends with it
error() {
	cat >program
	task < <(printf 'from lnst.Controller.Task import ctl\nh1 = ctl.get_host("h1")\n' && cat program)
	is "$1" "$(jq -r 'select(.event == "error").message' <<<"$out")" "$2"
}
error 'no such host' "TaskError: Host 'h3' not found; the recipe has h1, h2." <<<'ctl.get_host("h3")'
error 'no such interface' "TaskError: Host 'h1' has no interface 'eth0'; it has nic." <<<'h1.get_interface("eth0")'
error 'no such address' 'TaskError: There is no address with index 7 on machine h1, interface nic; it has 2' <<<'str(h1.get_ip("nic", 7))'
error 'no such module' "TaskError: there is no module 'IcmpPink'; did you mean 'IcmpPing'?" <<<'h1.run(ctl.get_module("IcmpPink"))'
error 'to be sent, too' "TaskError: there is no module 'IcmpPink'; did you mean 'IcmpPing'?" <<<'h1.sync_resources(modules=["IcmpPink"])'
error 'nothing that runs' "TaskError: Unable to run '7'." <<<'h1.run(7)'
error 'an argument that is not known' "TaskError: Argument 'timout' not recognised by the run() method." <<<'h1.run("true", timout=1)'
error 'expect is a word' 'TaskError: Unrecognised value of the expect attribute (maybe).' <<<'h1.run("true", expect="maybe")'
error 'a timeout is a number' "TaskError: Timeout must be integer, not 'soon'." <<<'h1.run("true", timeout="soon")'
error 'of a year at most' 'TaskError: timeout 0 is not a number of seconds from 1 to 31536000' <<<'h1.run("true", timeout=0)'
error 'time does not go back' 'TaskError: wait(): -1 is not a number of seconds up to 31536000' <<<'ctl.wait(-1)'
error 'no such device' "TaskError: host h1: ip -j -d addr show dev nix: Device \"nix\" does not exist." <<<'h1.get_device("nix")'
error 'what a tool says' 'TaskError: host h1: ip -4 route del 192.0.2.0/24 nexthop via 192.168.7.2: RTNETLINK answers: No such process' <<<'h1.get_interface("nic").del_nhs_route("192.0.2.0/24", ["192.168.7.2"])'
error 'no services' "TaskError: host h1: enable_service('lldpad'): there is no service manager in the hosts of a lab; start the program with run(..., bg=True)" <<<'h1.enable_service("lldpad")'
error 'no LLDP' 'TaskError: host h1: interface nic: enable_lldp(): it needs lldpad and a card with DCB, which the hosts of a lab lack' <<<'h1.get_interface("nic").enable_lldp()'
error 'no multicast routing sockets' 'TaskError: host h1: mroute_init(): multicast routing sockets are for switch hardware; run a daemon such as smcrouted in the host instead' <<<'h1.mroute_init()'
error 'threads cannot speak to the lab' 'RuntimeError: the lab can be asked only in the task'\''s main thread' <<'PY'
import threading
caught = []
def work():
    try:
        h1.run("true")
    except RuntimeError as e:
        caught.append(e)
t = threading.Thread(target=work)
t.start()
t.join()
raise caught[0]
PY
error 'nor can child processes' 'exit: status 1' <<'PY'
import os, sys
if os.fork() == 0:
    try:
        h1.run("true")
    except RuntimeError:
        os._exit(1)
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
PY

# --- what goes to PerfRepo elsewhere ---

task <<'PY'
from lnst.Controller.Task import ctl
from lnst.Controller.PerfRepoUtils import netperf_baseline_template, netperf_result_template
from lnst.RecipeCommon.PerfRepo import generate_perfrepo_comment
from lnst.RecipeCommon.Offloads import parse_offloads
from lnst.Common.Utils import bool_it, Noop
from lnst.Common.Logs import log_exc_traceback
from lnst.Common.Consts import MROUTE, MCAST_ROUTER_PORT
api = ctl.connect_PerfRepo("nowhere.mapping", url="http://127.0.0.1:9/")
r = api.new_result("key", "some name", hash_ignore=["x"])
r.add_value("throughput", 12.5)
r.add_tag("a"); r.set_tags(["b"])
r.set_parameter("n", 3); r.set_parameters([("m", 4)])
r.set_comment(generate_perfrepo_comment([ctl.get_host("h1")], "by me"))
b = api.get_baseline_of_result(r)
m = netperf_baseline_template(ctl.get_module("Netperf", {"threshold": "1"}), b)
api.save_result(r)
print(b.get_texec(), m.get_options(), bool_it("Yes"), parse_offloads("gso on tso off; rx off"))
PY
is 'PerfRepo calls pass' "$(printed)" \
	"None {} True (['gso', 'tso', 'rx'], [[('gso', 'on'), ('tso', 'off'), ('rx', 'on')], [('gso', 'on'), ('tso', 'on'), ('rx', 'off')]])"
is 'their values are in the results' \
	"$(jq -r 'select(.event == "values") | [.key, .name, .values.throughput, .tags, .parameters.n, .parameters.m] | tostring' <<<"$out")" \
	'["key","some name",12.5,["a","b"],"3","4"]'
like 'with what describes them' "$(jq -r 'select(.event == "values") | .comment' <<<"$out")" '^Kernel \(h1\): [0-9].*<BR>by me$'

run "$NETLAB" run --result result.xml r.xml
is 'also in --result' "$(xmllint --xpath 'string(//perfrepo_result[@key="key"]/values/throughput)' result.xml) $(xmllint --xpath 'count(//perfrepo_result/tags/tags_item)' result.xml)" '12.5 2'

recipe two.xml '<task python="tasks/none.py"/><task label="x"><run host="h1" command="true"/></task>'
run netlab run --only x two.xml
is 'a task that is left out need not be there' "$status" 0

# --- the documentation: each piece of Python in it runs, after those before it ---

{
	printf 'from lnst.Controller.Task import ctl\nh1, h2 = ctl.get_host("h1"), ctl.get_host("h2")\n'
	# shellcheck disable=SC2016
	sed -n '/^```python$/,/^```$/ { /^```/d; p }' "$NETLAB_TOP/docs/tasks-python.md"
} >document
task <document
is 'what docs/tasks-python.md shows' "$status" 0
is 'runs to its end' "$(fault)" ''
like 'and does something' "$(ends | wc -l)" '^[1-9][0-9]*$'
sed -n '/^\.Sh PYTHON TASKS/,/^\.Sh MODULES/ { /^from lnst/,/^\.Ed/ { /^\.Ed/d; s/eth0/nic/; p } }' "$NETLAB_TOP/docs/man/netlab-recipe.5" >document
task <document
is 'what netlab-recipe(5) shows' "$status $(ends | wc -l)" '0 4'

# --- isolation ---

mkdir -p evil/lnst home/.local/lib/python3.11/site-packages
for f in evil/usercustomize evil/sitecustomize evil/lnst/__init__ evil/random home/.local/lib/python3.11/site-packages/usercustomize; do
	printf 'raise SystemExit("hidden by the environment")\n' >"$f.py"
done
cat >tasks/lnst.py <<-'PY'
	raise RuntimeError("a file in the task's folder hides the API")
PY
mkdir -p tasks/iso
printf 'value = 1\n' >tasks/iso/extra.py
recipe r.xml '<task python="tasks/iso/t.py"/><task python="tasks/u.py"/>'
cat >tasks/iso/t.py <<-'PY'
	import os, sys, random
	import ctypes, decimal, multiprocessing, socket, ssl
	import extra
	from lnst.Controller.Task import ctl
	stdlib = os.path.dirname(os.__file__)
	print([p for p in sys.path if not (p + "/").startswith(stdlib + "/") and not p.endswith(".zip")] == [os.path.dirname(extra.__file__)])
	print(os.getcwd() == os.path.dirname(extra.__file__), __name__, os.path.basename(__file__), sys.argv, "site" in sys.modules)
	print(sys.flags.isolated, sys.flags.ignore_environment, sys.flags.no_user_site, sys.dont_write_bytecode)
	print(sorted(int(f) for f in os.listdir("/proc/self/fd"))[:4], sys.stdin.read() == "")
	os.environ["LEFT"] = "1"
	os.chdir("/")
	sys.path.append("/left")
	sys.stdout = None
PY
cat >tasks/u.py <<-'PY'
	import os, sys
	print("LEFT" in os.environ, "/left" in sys.path, "extra" in sys.modules, os.path.basename(os.getcwd()))
	sys.stderr.write("to stderr\n")
PY
run env PYTHONPATH="$work/evil" PYTHONHOME="$work/evil" PYTHONSTARTUP="$work/evil/random.py" HOME="$work/home" "$NETLAB" --json run r.xml
is 'the environment does not change Python' "$status" 0
is 'sys.path has the library and the folder of the task' "$(printed | sed -n 1p)" True
is 'a task is in its folder' "$(printed | sed -n 2p)" "True t t.py ['tasks/iso/t.py'] False"
is 'isolated' "$(printed | sed -n 3p)" '1 1 1 True'
is 'it has its socket and no other descriptor of netlab' "$(printed | sed -n 4p)" '[0, 1, 2, 3] True'
is 'nothing is left for the next task' "$(printed | sed -n 5p)" 'False False False tasks'
is 'its standard error is in the report' \
	"$(jq -r 'select(.event == "task_output" and .stream == "stderr") | .line' <<<"$out")" 'to stderr'
is 'no byte code is written' "$(find . -name __pycache__)" ''
run netlab run r.xml
like 'print() is in the report' "$out" $'\n  \| True t t.py'

task < <(printf 'import subprocess\nsubprocess.run(["echo", "not JSON"])\n')
is 'what a program of the task prints is not among the events' "$(jq -r .event <<<"$out" | tail -1)" end
is 'but on standard error' "$err" 'not JSON'

# --- the controller has the last word ---

# interrupt PROGRAM: ^C once the task has said that it is there
interrupt() {
	local pid
	recipe r.xml '<task python="tasks/t.py"/>'
	printf 'from lnst.Controller.Task import ctl\nh1 = ctl.get_host("h1")\nh1.run("touch /tmp/here")\n%s\n' "$1" >tasks/t.py
	: >events
	"$NETLAB" --json run r.xml >>events 2>"$work/err" &
	pid=$!
	until grep -q command_end events; do kill -0 "$pid" || break; done
	kill -INT "$pid"
	wait "$pid"
	status=$?
}
interrupt 'import time; time.sleep(1000)'
is '^C while Python sleeps' "$status" 130
interrupt 'while True: pass'
is '^C while Python computes' "$status" 130
interrupt 'h1.run("sleep 1000", timeout=1000)'
is '^C while a host works' "$status" 130
interrupt 'ctl.wait(1000)'
is '^C while the controller waits' "$status" 130
interrupt 'import subprocess; subprocess.run(["sleep", "4711"])'
is '^C while a program of the task works' "$status" 130
for _ in $(seq 100); do pgrep -f 'sleep 4711' >/dev/null || break; done
is 'that ends, too' "$(pgrep -cf 'sleep 4711')" 0

printf 'while True: pass\n' >tasks/t.py
printf 'print("second")\n' >tasks/u.py
recipe second.xml '<task python="tasks/u.py"/>'
run netlab --json run --timeout 1 r.xml second.xml
is '--timeout ends a task' "$status" 1
is 'and the next recipe runs' "$(printed)" second

printf 'import os, signal\nfrom lnst.Controller.Task import ctl\nh = ctl.get_host("h1")\nh.run("true")\nk = int(open("keeper").read())\nos.kill(k, signal.SIGKILL)\nwhile True: pass\n' >tasks/t.py
recipe r.xml '<task python="tasks/t.py"/>'
"$NETLAB" topo up -n gone r.xml >/dev/null
"$NETLAB" --json topo ls | jq -r 'select(.lab == "gone") | .pid' >tasks/keeper
run netlab run --lab gone r.xml
is 'a lab that goes away ends a task' "$err" 'error: lab gone went away'

# --- what is missing ---

recipe r.xml '<task python="tasks/none.py"/>'
run netlab run r.xml
is 'a file that is not there: exit 2' "$status" 2
is 'and where it is named' "$err" 'r.xml:8:17: error: Python task tasks/none.py cannot be read: No such file or directory'
mkdir tasks/none.py
run netlab run r.xml
is 'nor a folder' "$err" 'r.xml:8:17: error: Python task tasks/none.py cannot be read: Is a directory'

mkdir bare
cp "$NETLAB" bare/
ln -s "$(dirname "$NETLAB")/modules" bare/modules
ln -s "$(dirname "$NETLAB")/agent" bare/agent
recipe r.xml '<task python="tasks/u.py"/>'
run bare/netlab run r.xml
is 'without the plugin: exit 3' "$status" 3
is 'and what to do' "$err" "r.xml:8:17: error: Python tasks need netlab-python.so, which is not in $work/bare/: build netlab where the package libpython3-dev is installed"
echo 'no library' >bare/netlab-python.so
run bare/netlab run r.xml
is 'a plugin that cannot be loaded: exit 3' "$status" 3
like 'says which package' "$err" '^r.xml:8:17: error: Python tasks need libpython3, which cannot be loaded \(install the package libpython3.11\): '
recipe r.xml '<task><run host="h1" command="true"/></task>'
run bare/netlab run r.xml
is 'other recipes do not need it' "$status" 0

# --- the interpreter starts once for a run, and is in no lab ---

cat >tasks/u.py <<-'PY'
	import os
	def start(pid):
	    with open("/proc/%s/stat" % pid) as f:
	        return f.read().rsplit(") ", 1)[1].split()[19]
	print(os.getpid(), os.getppid(), start(os.getppid()))
PY
cat >tasks/v.py <<-'PY'
	import os
	def maps(pid):
	    try:
	        with open("/proc/%s/maps" % pid) as f:
	            return "libpython" in f.read()
	    except OSError:
	        return False
	def children(pid):
	    with open("/proc/%s/task/%s/children" % (pid, pid)) as f:
	        return f.read().split()
	with open("/proc/%s/status" % os.getppid()) as f:
	    todo, found = [l.split()[1] for l in f if l.startswith("PPid:")], []
	while todo:
	    pid = todo.pop()
	    found.append((pid, maps(pid)))
	    todo += children(pid)
	print(len(found) >= 6, sorted(p for p, has in found if has) ==
	      sorted([str(os.getpid()), str(os.getppid())]))
PY
recipe a.xml '<task python="tasks/u.py"/><task python="tasks/u.py"/>'
recipe b.xml '<task python="tasks/u.py"/><task python="tasks/v.py"/>'
run netlab --json run a.xml b.xml
is 'one interpreter for all tasks of a run' "$(printed | sed -n 1,3p | sort -u | wc -l)" 1
is 'no keeper and no agent has it' "$(printed | sed -n 4p)" 'True True'
is 'nor has it lost memory' "$(grep -c LeakSanitizer <<<"$err")" 0

printf 'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n' >tasks/crash.py
recipe a.xml '<task python="tasks/u.py"/><task python="tasks/crash.py"/><task python="tasks/u.py"/>'
run netlab --json run a.xml
is 'a crash costs an interpreter' "$(printed | cut -d' ' -f1 | sort -u | wc -l)" 2
is 'but does not start Python again' "$(printed | cut -d' ' -f2- | sort -u | wc -l)" 1

printf 'import time\ntime.sleep(0.1)\n' >tasks/slow.py
recipe a.xml '<task python="tasks/slow.py"/><task python="tasks/u.py"/>'
run netlab --json run --jobs 3 --repeat 6 a.xml
is '--jobs: all recipes pass' "$status" 0
is 'with an interpreter for each worker' "$(printed | cut -d' ' -f1 | sort -u | wc -l)" 3
is 'from one start of Python' "$(printed | cut -d' ' -f2- | sort -u | wc -l)" 1
recipe c.xml '<task python="tasks/crash.py"/>'
run netlab --json run --jobs 2 c.xml a.xml c.xml a.xml
is '--jobs: crashes are failed tasks' "$(jq -r 'select(.event == "error").message' <<<"$out" | sort -u)" \
	'the task broke off: the process of the interpreter was killed by SIGKILL'
is 'and the other recipes pass' "$(printed | cut -d' ' -f2- | uniq -c | awk '{ print $1 }')" 2

done_testing
