#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs inside a host, as its root: tries what a host must not be able to do, and what it must.

Nothing here does harm where it is not refused: files are opened for writing but not written, calls get
arguments with no effect. Prints one JSON object: the name of each attempt, and "ok" or the error's name.
"""

import array
import ctypes
import errno
import fcntl
import json
import os
import pty
import socket
import stat
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)
SYS = {  # the generic numbers are those of all architectures but the old ones
    "x86_64": {"reboot": 169, "init_module": 175, "delete_module": 176, "syslog": 103, "kexec_load": 246,
               "open_by_handle_at": 304, "ptrace": 101, "fsopen": 430, "mount": 165,
               "add_key": 248, "unshare": 272},
    "aarch64": {"reboot": 142, "init_module": 105, "delete_module": 106, "syslog": 116, "kexec_load": 104,
                "open_by_handle_at": 265, "ptrace": 117, "fsopen": 430, "mount": 40,
                "add_key": 217, "unshare": 97},
}[os.uname().machine]
CLONE_NEW = {"user": 0x10000000, "mnt": 0x20000, "pid": 0x20000000, "cgroup": 0x02000000}
results = {}


def name_of(code):
    return errno.errorcode.get(code, str(code))


def attempt(name, function, *args):
    """Keep "ok", or the name of the error; returns what the function does."""
    try:
        value = function(*args)
    except OSError as error:
        results[name] = name_of(error.errno)
        return None
    results[name] = "ok"
    return value


def call(name, *args):
    """A raw system call."""
    ctypes.set_errno(0)
    code = libc.syscall(SYS[name], *args)
    if code < 0:
        raise OSError(ctypes.get_errno(), name)
    return code


def open_for_writing(path):
    # O_NONBLOCK: a FIFO must not wait; nothing is written.
    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))


def writable_files(top, leave_out=()):
    """Which regular files below can be opened for writing."""
    found = []
    for folder, folders, files in os.walk(top):
        folders[:] = [f for f in folders if f"{folder}/{f}" not in leave_out and not (top == "/proc" and
                      folder == top and (f.isdigit() or f in ("self", "thread-self")))]
        for file in files:
            path = f"{folder}/{file}"
            if os.path.islink(path):
                continue
            try:
                open_for_writing(path)
            except OSError:
                continue
            found.append(path)
    return found


def kernel_files():
    for path in ("/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe",
                 "/proc/sys/vm/drop_caches", "/proc/irq/default_smp_affinity", "/sys/kernel/uevent_helper",
                 "/sys/power/state"):
        if os.path.lexists(path):
            attempt(f"open {path}", open_for_writing, path)
    results["writable in /proc"] = writable_files("/proc", ("/proc/sys/net",))
    results["writable in /sys"] = writable_files("/sys", ("/sys/devices/virtual/net",))
    results["net of /sys"] = sorted(os.listdir("/sys/class/net"))
    attempt("open /proc/sys/net/ipv4/ip_forward", open_for_writing, "/proc/sys/net/ipv4/ip_forward")
    results["mounted cgroups"] = [line.split()[4] for line in open("/proc/self/mountinfo", encoding="utf-8")
                                  if " - cgroup" in line]


def processes():
    results["processes"] = [open(f"/proc/{p}/comm", encoding="utf-8").read().strip()
                            for p in sorted(os.listdir("/proc")) if p.isdigit()]
    for file in ("mem", "environ", "maps", "auxv"):
        attempt(f"read /proc/1/{file}", lambda f=file: open(f"/proc/1/{f}", "rb").read(16))
    for file in ("exe", "cwd", "root", "fd/0", "ns/mnt", "ns/net"):
        attempt(f"follow /proc/1/{file}", os.stat, f"/proc/1/{file}")
    attempt("list /proc/1/fd", os.listdir, "/proc/1/fd")
    attempt("trace process 1", call, "ptrace", 0x4206, 1, 0, 0)  # PTRACE_SEIZE
    for pid in sys.argv[1:]:
        attempt("signal a process of the machine", os.kill, int(pid), 0)
    results["descriptors"] = [fd for fd in sorted(os.listdir("/proc/self/fd")) if os.path.lexists(f"/proc/self/fd/{fd}")]
    with open("/proc/self/status", encoding="utf-8") as status:
        for line in status:
            if line.startswith("Cap"):
                results[line[:6]] = line.split()[1]


def calls():
    page = ctypes.create_string_buffer(4096)
    attempt("reboot", call, "reboot", 0xfee1dead, 672274793, 0, 0)  # CAD_OFF
    attempt("load a module", call, "init_module", page, 0, page)
    attempt("unload a module", call, "delete_module", b"netlab_no_such_module", os.O_NONBLOCK)
    attempt("load a kernel", call, "kexec_load", 0, 0, 0, 0)
    attempt("read the kernel log", call, "syslog", 2, page, 0)
    # struct file_handle: 8 bytes of handle, type 1; whether it exists is looked at after the privilege
    handle = ctypes.create_string_buffer(struct.pack("Ii8s", 8, 1, b"\0" * 8))
    root = os.open("/", os.O_RDONLY)
    attempt("open a file by its handle", call, "open_by_handle_at", root, handle, os.O_RDONLY)
    os.close(root)
    attempt("make a block device", os.mknod, "/root/netlab-b", stat.S_IFBLK | 0o600, os.makedev(7, 0))
    attempt("make a character device", os.mknod, "/root/netlab-c", stat.S_IFCHR | 0o600, os.makedev(1, 1))
    attempt("mount a tmpfs", call, "mount", b"none", b"/mnt", b"tmpfs", 0, None)
    attempt("mount a proc", call, "mount", b"none", b"/mnt", b"proc", 0, None)
    attempt("remount /proc for writing", call, "mount", b"none", b"/proc", None, 0x20 | 0x1000, None)
    attempt("open a file system", call, "fsopen", b"tmpfs", 0)
    attempt("new mount namespace", call, "unshare", CLONE_NEW["mnt"])
    attempt("make a key", call, "add_key", b"user", b"netlab-probe", b"x", 1, -2)
    attempt("raw socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close())
    attempt("packet socket", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3).close())


def in_user_namespace(name, namespaces, function):
    """What a child finds that has all capabilities over namespaces of its own."""
    end, child_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(end)
        found = {}
        try:
            flags = CLONE_NEW["user"]
            for kind in namespaces:
                flags |= CLONE_NEW[kind]
            call("unshare", flags)
            # No map is needed for what is tried: the user that the kernel compares stays the same.
            if "pid" in namespaces and os.fork():
                os.wait()
                os._exit(0)
            found = function()
        except OSError as error:
            found = {"error": name_of(error.errno)}
        os.write(child_end, json.dumps(found).encode())
        os._exit(0)
    os.close(child_end)
    with os.fdopen(end) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    results[name] = json.loads(text or '{"error": "no answer"}')


def mounts_in_user_namespace():
    """Every way to a /proc or /sys for writing, and to the machine's cgroups."""
    found = {}
    os.makedirs("/tmp/probe", exist_ok=True)
    for fs in ("proc", "sysfs", "cgroup2", "cgroup"):
        try:
            call("mount", b"none", b"/tmp/probe", fs.encode(), 0, b"none,name=systemd" if fs == "cgroup" else None)
        except OSError as error:
            found[fs] = name_of(error.errno)
            continue
        found[fs] = [p for p in writable_files("/tmp/probe") if "/net/" not in p][:4]
        libc.umount2(b"/tmp/probe", 2)
    for path in (b"/proc", b"/sys", b"/dev"):
        for name, flags in (("remount", 0x20 | 0x1000), ("unmount", None)):
            ctypes.set_errno(0)
            if flags is None:
                code = libc.umount2(path, 2)
            else:
                code = libc.mount(b"none", path, None, flags, None)
            found[f"{name} {path.decode()}"] = name_of(ctypes.get_errno()) if code else "ok"
    try:
        open_for_writing("/proc/sysrq-trigger")
        found["sysrq"] = "ok"
    except OSError as error:
        found["sysrq"] = name_of(error.errno)
    return found


def leave_root():
    """The classic way out of a chroot; returns what lies at the top that it leads to."""
    end, child_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        top = os.open("/", os.O_RDONLY)
        os.makedirs("/tmp/jail", exist_ok=True)
        os.chroot("/tmp/jail")
        os.fchdir(top)
        for _ in range(64):
            os.chdir("..")
        os.chroot(".")
        os.write(child_end, json.dumps(sorted(os.listdir("/"))).encode())
        os._exit(0)
    os.close(child_end)
    with os.fdopen(end) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    os.rmdir("/tmp/jail")
    results["the root"] = sorted(os.listdir("/"))
    results["the root from a jail"] = json.loads(text)


def devices():
    found = []
    for folder, folders, files in os.walk("/dev"):
        folders[:] = [f for f in folders if f != "pts"]
        for file in files:
            path = f"{folder}/{file}"
            st = os.lstat(path)
            if stat.S_ISBLK(st.st_mode) or stat.S_ISCHR(st.st_mode):
                found.append(path)
            elif not stat.S_ISLNK(st.st_mode):
                found.append(f"{path} is no device")
    results["devices"] = sorted(found)
    attempt("new file in /dev", open_new, "/dev/new")
    attempt("write /dev/null", open_for_writing, "/dev/null")
    results["pts before"] = sorted(os.listdir("/dev/pts"))
    pair = attempt("terminal", pty.openpty)
    if pair:
        results["terminal's name"] = os.ttyname(pair[1])
        os.write(pair[0], b"text\n")
        results["terminal's input"] = os.read(pair[1], 5).decode()
    attempt("new file in /dev/shm", open_new, "/dev/shm/netlab-probe")
    attempt("new file in /run", open_new, "/run/netlab-probe")
    attempt("new file in /tmp", open_new, "/tmp/netlab-probe")
    results["/run"] = sorted(os.listdir("/run"))
    results["/tmp"] = sorted(os.listdir("/tmp"))
    tun = attempt("open /dev/net/tun", os.open, "/dev/net/tun", os.O_RDWR)
    if tun is not None:
        # TUNSETIFF, IFF_TAP | IFF_NO_PI
        attempt("make a tap", fcntl.ioctl, tun, 0x400454ca, struct.pack("16sH22x", b"tap0", 0x1002))
        results["links"] = [name for _, name in socket.if_nameindex()]
        os.close(tun)
    # To a terminal of somebody else's: pushing input must be refused.
    attempt("push input", fcntl.ioctl, 0, 0x5412, array.array("b", b"x"))


def open_new(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))


def main():
    results["name"] = os.uname().nodename
    processes()
    leave_root()
    kernel_files()
    calls()
    devices()
    in_user_namespace("user namespace", ("mnt", "cgroup"), mounts_in_user_namespace)
    in_user_namespace("user and pid namespace", ("mnt", "pid"), mounts_in_user_namespace)
    with open("/etc/hosts", encoding="utf-8") as file:
        results["hosts"] = sorted({word for line in file for word in line.split()[1:]})
    results["/etc/hostname"] = os.path.lexists("/etc/hostname")
    json.dump(results, sys.stdout)


main()
