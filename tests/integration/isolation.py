#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# A host sees the machine's files and changes only its own copy; its root cannot harm the machine, nor look into it.
# timeout: 300
# vm: yes
"""One lab with two hosts. Most of what is tried is tried by tests/lib/host_probe.py, inside the first."""

import json
import os
import socket
import subprocess
import sys

sys.path.insert(0, os.environ["NETLAB_TOP"] + "/tests/lib")
from labtest import (DEADLINE, NETLAB, PAIR, SLOW, TMP, TOP, Audit, check, done, in_host, netlab,  # noqa: E402
                     private_run, said)

CANARY = f"/var/tmp/netlab-canary-{os.getpid()}"
REMOVE_ALL_S = 90 if SLOW == 1 else 10  # it need not come to an end on a machine with many files

# netlab/ns/caps.h says which and why
CAPABILITIES = ("chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "net_bind_service",
                "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_chroot", "sys_nice", "lease",
                "audit_write", "setfcap")
ALL_CAPABILITIES = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service "
    "net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin "
    "sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap").split()
DEVICES = ["/dev/full", "/dev/net/tun", "/dev/null", "/dev/random", "/dev/tty", "/dev/urandom", "/dev/zero"]
# What modules of the kernel, once loaded, put into every network namespace.
OF_EACH_NAMESPACE = {"gre0", "gretap0", "erspan0", "ip6gre0", "ip6tnl0", "tunl0", "sit0", "ip_vti0", "ip6_vti0", "bonding_masters"}
REFUSED = {"EPERM", "EACCES", "EROFS", "ENOSYS"}


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def host_read(lab, host, path):
    return in_host(lab, host, "cat", path).stdout


def probe():
    """What host_probe.py says, run in h1 while a process of the machine and one of h2 are there to be looked at."""
    with subprocess.Popen(["sleep", "600"]) as outside, \
            subprocess.Popen([NETLAB, "exec", "iso", "h2", "--", "sleep", "601"], stdin=subprocess.DEVNULL), \
            open(f"{TOP}/tests/lib/host_probe.py", encoding="utf-8") as source, \
            open(f"{TMP}/inherited", "w", encoding="utf-8") as inherited:
        os.set_inheritable(inherited.fileno(), True)
        result = in_host("iso", "h1", "/usr/bin/python3", "-", str(outside.pid), stdin=source, close_fds=False)
        check(outside.poll() is None, "a process of the machine is still there")
        outside.kill()
        in_host("iso", "h2", "pkill", "-x", "sleep")
    try:
        return json.loads(result.stdout)
    except ValueError:
        check(False, "the attempts ran to their end", said(result))
        return {}


def test_attempts(found):
    for name, want in sorted(found.items()):
        if not isinstance(want, str):
            continue
        if name.startswith(("open /proc/sys/net", "raw socket", "packet socket", "write /dev/null", "terminal",
                            "new file in /dev/shm", "new file in /run", "new file in /tmp", "open /dev/net/tun",
                            "make a tap", "list /proc/1/fd")):
            if "'" not in name:
                check(want == "ok", f"allowed: {name}", want)
        elif name.startswith(("open ", "read ", "follow ", "trace ", "reboot", "load ", "unload ", "make ", "mount ",
                              "remount ", "new ")):
            check(want in REFUSED, f"refused: {name}", want)
    check(found.get("signal a process of the machine") == "ESRCH", "processes of the machine cannot be signalled",
          found.get("signal a process of the machine"))
    check(found.get("push input") in ("ENOTTY", "EPERM", "EIO", "EBADF"), "nothing is typed into the caller's terminal",
          found.get("push input"))


def test_lists(found):
    check(found.get("writable in /proc") == [], "no file of /proc outside its net can be opened for writing",
          found.get("writable in /proc"))
    check(found.get("writable in /sys") == [], "no file of /sys outside its net can be opened for writing",
          found.get("writable in /sys"))
    own = [name for name in found.get("net of /sys", []) if name not in OF_EACH_NAMESPACE]
    check(own == ["eth0", "lo"], "/sys shows the host's own interfaces", found.get("net of /sys"))
    check(found.get("mounted cgroups") == [], "no cgroups are mounted", found.get("mounted cgroups"))
    check(sorted(found.get("processes", [])) == ["netlab-agent", "python3"],
          "a host sees its own processes, no other's", found.get("processes"))
    check(found.get("descriptors") == ["0", "1", "2"], "a command has three descriptors", found.get("descriptors"))
    want = f"{sum(1 << ALL_CAPABILITIES.index(c) for c in CAPABILITIES):016x}"
    for kind in ("CapPrm", "CapEff", "CapBnd"):
        check(found.get(kind) == want, f"{kind} is what network tests need", (found.get(kind), want))
    for kind in ("CapInh", "CapAmb"):
        check(found.get(kind) == "0" * 16, f"{kind} is empty", found.get(kind))
    check(found.get("devices") == DEVICES, "/dev has seven devices", found.get("devices"))
    check(found.get("pts before") == ["ptmx"], "terminals of others are not seen", found.get("pts before"))
    check(found.get("terminal's name") == "/dev/pts/0" and found.get("terminal's input") == "text\n",
          "a terminal of its own works", found)
    check(found.get("/run") == ["lock", "netlab-probe", "shm"], "/run is private", found.get("/run"))
    check(found.get("/tmp") == ["netlab-probe"], "/tmp is private", found.get("/tmp"))
    check("tap0" in found.get("links", []), "a tap appears in the host", found.get("links"))
    check(found.get("name") == "h1" and not found.get("/etc/hostname"), "the name is the host's, and no other is seen",
          found.get("name"))
    check(found.get("the root") == found.get("the root from a jail"), "no way leads out of the host's root",
          found.get("the root from a jail"))
    check({"h1", "h2", "localhost"} <= set(found.get("hosts", [])), "/etc/hosts names every host", found.get("hosts"))
    for kind in ("user namespace", "user and pid namespace"):
        inside = found.get(kind, {"error": "not tried"})
        bad = {name: what for name, what in inside.items() if name != "error" and what == "ok" or
               isinstance(what, list) and what}
        check(not bad and inside.get("error", "EPERM") in REFUSED | {"ENOSPC"},
              f"a {kind} made in a host leads to no file system of the machine's kernel", inside)


def test_network():
    mine = read("/proc/sys/net/ipv4/ip_forward")
    result = in_host("iso", "h1", "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward && cat /proc/sys/net/ipv4/ip_forward")
    check(result.stdout == "1\n", "a host sets its own ip_forward", said(result))
    check(host_read("iso", "h2", "/proc/sys/net/ipv4/ip_forward") == "0\n", "the other host keeps its own")
    check(read("/proc/sys/net/ipv4/ip_forward") == mine, "the machine keeps its own")
    result = in_host("iso", "h1", "ping", "-c", "1", "-W", "5", "h2")
    check(result.returncode == 0, "a host pings another by its name", said(result))


def test_private_places():
    check(in_host("iso", "h2", "ls", "-A", "/dev/shm").stdout == "", "/dev/shm of the other host is another")
    check(not os.path.exists("/dev/shm/netlab-probe"), "/dev/shm of the machine is another")
    check(in_host("iso", "h2", "ls", "-A", "/tmp").stdout == "", "/tmp of the other host is another")
    check(os.path.exists("/run/netlab/iso/control") and
          in_host("iso", "h1", "sh", "-c", "find /run /tmp -name control").stdout == "",
          "the lab's control socket is not seen in a host")


def test_sockets():
    """A socket and a FIFO of the machine, on a file system that the hosts see."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{CANARY}/socket")
        server.listen(1)
        os.chmod(f"{CANARY}/socket", 0o777)
        code = ("import socket, sys\ns = socket.socket(socket.AF_UNIX)\n"
                "try:\n s.connect(sys.argv[1])\n print('connected')\nexcept OSError as e:\n print(e.errno)\n")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{CANARY}/socket")
        result = in_host("iso", "h1", "/usr/bin/python3", "-c", code, f"{CANARY}/socket")
        check(result.stdout == "111\n", "a unix socket of the machine cannot be connected to", said(result))
    os.mkfifo(f"{CANARY}/fifo")
    reader = os.open(f"{CANARY}/fifo", os.O_RDONLY | os.O_NONBLOCK)
    code = ("import os, sys\ntry:\n os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)\n print('open')\n"
            "except OSError as e:\n print(e.errno)\n")
    result = in_host("iso", "h1", "/usr/bin/python3", "-c", code, f"{CANARY}/fifo")
    check(result.stdout == "6\n", "a FIFO of the machine has no reader in a host", said(result))
    os.close(reader)


def tree(path):
    """Names and kinds of what lies directly in a directory."""
    return {(name, os.lstat(f"{path}/{name}").st_mode) for name in os.listdir(path)}


def test_files():
    """Last, for h1 has no files afterwards."""
    check(host_read("iso", "h1", f"{CANARY}/file") == "alive", "a host sees the machine's files")
    in_host("iso", "h1", "sh", "-c", f"echo other >{CANARY}/file; chmod 0 {CANARY}/file; touch {CANARY}/new")
    check(host_read("iso", "h1", f"{CANARY}/file") == "other\n", "a host changes its copy")
    check(host_read("iso", "h2", f"{CANARY}/file") == "alive", "another host does not see that")
    in_host("iso", "h1", "rm", "-rf", CANARY)
    check(in_host("iso", "h1", "ls", CANARY).returncode == 2, "a host removes its copy")
    safe = read(f"{CANARY}/file") == "alive" and os.stat(f"{CANARY}/file").st_mode & 0o777 == 0o644 and \
        sorted(os.listdir(CANARY)) == ["fifo", "file", "link", "socket"]
    check(safe, "the machine's files are as they were", os.listdir(CANARY))
    kinds = {fields[4]: fields[fields.index("-") + 1] for fields in
             (line.split() for line in host_read("iso", "h2", "/proc/self/mountinfo").splitlines())}
    # Only with all of that it is right to go on.
    if not check(safe and kinds.get("/") == "overlay" and set(kinds.values()) <= {
            "overlay", "proc", "sysfs", "devpts", "tmpfs"}, "nothing in a host is the machine's own mount", kinds):
        return
    before = {path: tree(path) for path in ("/", "/etc", "/usr", "/usr/bin", "/var", "/root", CANARY)}
    result = in_host("iso", "h1", "timeout", str(REMOVE_ALL_S), "rm", "-rf", "--no-preserve-root", "/",
                     timeout=REMOVE_ALL_S + DEADLINE)
    check(result.returncode in (1, 124), "rm -rf / runs as far as it can", result.returncode)
    for path, want in before.items():
        check(want <= tree(path), f"{path} of the machine is as it was", want - tree(path))
    check(in_host("iso", "h1", "/bin/ls").returncode == 127 or result.returncode == 124, "the host that did it has no programs any more")
    check(in_host("iso", "h2", "cat", f"{CANARY}/file").stdout == "alive", "the other host works as before")


def main():
    private_run()
    audit = Audit()
    os.mkdir(CANARY)
    write(f"{CANARY}/file", "alive")
    os.chmod(f"{CANARY}/file", 0o644)
    os.symlink("file", f"{CANARY}/link")
    write(f"{TMP}/iso.xml", PAIR)
    try:
        result = netlab("topo", "up", f"{TMP}/iso.xml")
        if not check(result.returncode == 0, "the lab comes up", said(result)):
            done()
        found = probe()
        test_attempts(found)
        test_lists(found)
        test_network()
        test_private_places()
        test_sockets()
        test_files()
        result = netlab("topo", "down", "iso")
        check(result.returncode == 0, "and goes down", said(result))
    finally:
        netlab("topo", "down", "--all")
        subprocess.run(["rm", "-rf", CANARY], check=False)
    audit.check("nothing is left")
    done()


main()
