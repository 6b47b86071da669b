#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# SIGKILL at random moments: the command, the keeper, the spawner or an agent; then all goes on, and nothing is left.
# timeout: 300
# vm: yes
"""NETLAB_CRASH_COUNT moments (200) of run, topo up and topo down of a lab with 20 hosts.

NETLAB_CRASH_SEED repeats a series (the moments; what the kernel does at them is its own affair). The work is
divided among as many processes as there are processors; each is this script with --worker, in a mount
namespace with a /run of its own and a NETLAB_TMP of its own, so that each sees only its labs and their rest.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.environ["NETLAB_TOP"] + "/tests/lib")
from labtest import (NETLAB, PAIR, SLOW, TMP, TOP, Audit, check, done, in_host, netlab, private_run, said)  # noqa: E402

COUNT = int(os.environ.get("NETLAB_CRASH_COUNT", "200"))
SEED = int(os.environ.get("NETLAB_CRASH_SEED", str(random.SystemRandom().randrange(10**6))))
LAB = "crash"
COMMAND_S = 20 * SLOW  # a command whose lab was killed must say so, not wait
OPERATIONS = ("up", "up", "run", "down")
VICTIMS = ("command", "keeper", "spawner", "agent")
# Exit statuses that a command may have whose keeper, spawner or agent was killed.
EXITS = {"up": {0, 3, 4}, "run": {0, 1, 3, 4}, "down": {0, 2, 4}}
TASKS = """	<task label="something is always running">
		<run host="h2" bg_id="endless" command="sleep 600"/>
		<run host="h1" module="IcmpPing">
			<options>
				<option name="addr" value="{ip(h2,left)}"/>
				<option name="count" value="5"/>
				<option name="interval" value="0.01"/>
			</options>
		</run>
		<run host="h20" command="ping -c 5 -i 0.01 {ip(h1,left)}"/>
		<kill host="h2" bg_id="endless"/>
	</task>
</recipe>"""


LIMITS = '<params><param name="memory" value="256M"/><param name="cpus" value="0.9"/></params>'


def with_limits(recipe):
    """The recipe with limits of its first host, where this machine has the cgroups for them."""
    limited = recipe.replace('<host id="h1">', f'<host id="h1">{LIMITS}')
    path = f"{TMP}/crash-probe.xml"
    with open(path, "w", encoding="utf-8") as out:
        out.write(PAIR.replace('<host id="h1">', f'<host id="h1">{LIMITS}'))
    return recipe if netlab("run", path).returncode == 3 else limited


# ---- whom to kill ----

def text_of(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def children(pid):
    return [int(p) for p in text_of(f"/proc/{pid}/task/{pid}/children").split()]


def comm(pid):
    return text_of(f"/proc/{pid}/comm").strip()


def keeper_of(command):
    """The keeper that a command has started, if it is there."""
    for pid in children(command):
        return pid
    return None


def choose(kind, command, keeper, rng):
    """(what it is, its pid): one of the wanted kind if there is one now, else the command."""
    keeper = keeper or keeper_of(command)
    if kind == "keeper" and keeper:
        return kind, keeper
    if kind in ("spawner", "agent") and keeper:
        # The spawner is in the keeper's PID namespace; a host is the first process of its own.
        spaces = {pid: len(text_of(f"/proc/{pid}/status").partition("NSpid:")[2].partition("\n")[0].split())
                  for pid in children(keeper)}
        depth = min(spaces.values(), default=0)
        found = [pid for pid, d in spaces.items() if d and (comm(pid) == "agent" and d == depth) == (kind == "spawner")]
        if found:
            return kind, rng.choice(found)
    return "command", command


def kill(pid):
    """Returns whether it was there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


# ---- one worker ----

class Worker:
    """A part of the moments, one after the other."""

    def __init__(self, number, count):
        self.rng = random.Random(f"{SEED}/{number}")
        self.count = count
        self.number = number
        self.ring = f"{TMP}/crash-ring.xml"
        self.tasks = f"{TMP}/crash-run.xml"
        self.pair = f"{TMP}/crash-pair.xml"
        with open(f"{TOP}/recipes/ring-20.xml", encoding="utf-8") as source:
            ring = with_limits(source.read())
        with open(self.ring, "w", encoding="utf-8") as out:
            out.write(ring)
        with open(self.tasks, "w", encoding="utf-8") as out:
            out.write(ring.replace("</recipe>", TASKS))
        with open(self.pair, "w", encoding="utf-8") as out:
            out.write(PAIR)
        self.audit = Audit()
        self.usual_s = {}
        self.done = {}
        self.problems = []

    def command(self, operation):
        return {"up": [NETLAB, "topo", "up", "-n", LAB, self.ring], "down": [NETLAB, "topo", "down", LAB],
                "run": [NETLAB, "run", "-n", LAB, self.tasks]}[operation]

    def measure(self):
        """How long each operation takes when nobody is killed; a check that they work, too."""
        times = {"up": [], "run": [], "down": []}
        for operation in ("run", "run", "up", "down", "up", "down"):
            began = time.monotonic()
            result = subprocess.run(self.command(operation), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                    stdin=subprocess.DEVNULL, timeout=COMMAND_S, check=False)
            times[operation].append(time.monotonic() - began)
            if result.returncode:
                self.problems.append(f"{operation} without a kill: exit {result.returncode}\n{result.stdout}")
        self.usual_s = {operation: min(t) for operation, t in times.items()}

    def moment(self):
        """Start something, wait, kill. Returns what went wrong, and what was done."""
        operation = self.rng.choice(OPERATIONS)
        wanted = self.rng.choice(VICTIMS)
        part = self.rng.random() * 1.1
        keeper = None
        if operation == "down":
            up = netlab("topo", "up", "-n", LAB, self.ring)
            if up.returncode:
                return [f"up before down: {said(up)}"], "down"
            keeper = json.loads(netlab("topo", "ls", "--json").stdout.splitlines()[0])["pid"]
        began = time.monotonic()
        # A command that is killed leaves its output in files, not in a pipe that its lab might hold open.
        with open(f"{TMP}/crash-out", "w+", encoding="utf-8") as out:
            command = subprocess.Popen(self.command(operation), stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=subprocess.STDOUT)
            moment = began + part * self.usual_s[operation]
            while time.monotonic() < moment:
                pass
            victim, pid = choose(wanted, command.pid, keeper, self.rng)
            hit = kill(pid)
            what = f"{operation}: {victim if hit else 'nobody'}"
            try:
                status = command.wait(COMMAND_S)
            except subprocess.TimeoutExpired:
                command.kill()
                command.wait()
                return [f"the command did not end within {COMMAND_S} s"], what
            out.seek(0)
            text = out.read()
        return self.judge(operation, victim, hit, status, text), what

    def judge(self, operation, victim, hit, status, text):
        problems = []
        if status == -signal.SIGKILL and victim == "command" and hit:
            pass
        elif status not in (EXITS[operation] if hit and victim != "command" else {0}):
            problems.append(f"the command: exit {status}\n{text}")
        elif status and operation != "run" and text.count("error: ") != 1:
            problems.append(f"the command: not one line that says why\n{text}")
        return problems + self.afterwards()

    def afterwards(self):
        """The next commands: a lab that stayed goes down, and its name can be taken again."""
        problems = []
        listed = netlab("topo", "ls", "-q")
        if listed.returncode or listed.stdout not in ("", f"{LAB}\n"):
            problems.append(f"topo ls: {said(listed)}")
        if listed.stdout:
            down = netlab("topo", "down", LAB)
            # It may have been about to go.
            if down.returncode and "no lab" not in down.stderr:
                problems.append(f"topo down: {said(down)}")
        for step in (("topo", "up", "-n", LAB, self.pair), ("exec", LAB, "h1", "--", "true"), ("topo", "down", LAB)):
            result = netlab(*step)
            if result.returncode:
                problems.append(f"{' '.join(step)}: {said(result)}")
        left = self.audit.left()
        if left:
            problems.append(left)
            netlab("topo", "down", "--all")
            self.audit = Audit()
        return problems

    def work(self):
        self.measure()
        for i in range(self.count):
            problems, what = self.moment()
            self.done[what] = self.done.get(what, 0) + 1
            self.problems += [f"worker {self.number}, moment {i}, {what}: {p}" for p in problems]
        netlab("topo", "down", "--all")
        json.dump({"done": self.done, "problems": self.problems}, sys.stdout)


# ---- all of them ----

def namespaces_in_kernel():
    """Network namespaces that the kernel has, those that nobody can name any more among them; 0: not known."""
    for line in text_of("/proc/slabinfo").splitlines():
        if line.startswith("net_namespace "):
            return int(line.split()[1])
    return 0


def settled(before, more):
    """Wait until the kernel has freed what it frees behind us; how many there are at last."""
    end = time.monotonic() + 30
    while namespaces_in_kernel() > before + more and time.monotonic() < end:
        time.sleep(0.1)
    return namespaces_in_kernel()


def start_worker(number, count):
    folder = f"{TMP}/worker{number}"
    os.mkdir(folder)
    env = {**os.environ, "NETLAB_TMP": folder, "NETLAB_CRASH_SEED": str(SEED)}
    return subprocess.Popen([sys.executable, __file__, "--worker", str(number), str(count)], env=env,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def main():
    if sys.argv[1:2] == ["--worker"]:
        private_run()
        Worker(int(sys.argv[2]), int(sys.argv[3])).work()
        return
    print(f"# NETLAB_CRASH_SEED={SEED} NETLAB_CRASH_COUNT={COUNT}", flush=True)
    before = namespaces_in_kernel()
    began = time.monotonic()
    n = max(1, min(len(os.sched_getaffinity(0)), COUNT, 8))
    workers = [start_worker(i, COUNT // n + (i < COUNT % n)) for i in range(n)]
    done_of, problems = {}, []
    for i, worker in enumerate(workers):
        text = worker.communicate()[0]
        try:
            result = json.loads(text)
        except ValueError:
            problems.append(f"worker {i} failed: exit {worker.returncode}\n{text}")
            continue
        problems += result["problems"]
        for what, times in result["done"].items():
            done_of[what] = done_of.get(what, 0) + times
    for what, times in sorted(done_of.items()):
        print(f"# {times:4} times killed during {what}")
    print(f"# {time.monotonic() - began:.1f} s", flush=True)
    check(sum(done_of.values()) == COUNT, f"{COUNT} moments", done_of)
    for operation in ("up", "run", "down"):
        kinds = {what.partition(": ")[2] for what in done_of if what.startswith(f"{operation}:")}
        check(kinds >= {"command", "keeper", "agent"} or COUNT < 100, f"{operation}: each kind of process was hit", kinds)
    check(not problems, "after each the next command works, and nothing is left", "\n".join(problems[:20]))
    after = settled(before, COUNT)
    check(after <= before + COUNT or not before, "the kernel holds no network namespaces of them", (before, after))
    done()


main()
