#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab shell: a real terminal in a host, driven through a pty of ours: job control, window size, restored settings.
# timeout: 120
# asan: yes
"""Each Terminal is a pty with netlab shell behind it; what comes out is matched with deadlines."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

NETLAB = os.environ["NETLAB"]
DEADLINE = 20

RECIPE = """<lnstrecipe name="sh"><network>
<host id="h1"><interfaces><eth id="eth0" label="net"/></interfaces></host>
<host id="h2"><interfaces><eth id="eth0" label="net"/></interfaces></host>
</network></lnstrecipe>
"""

count = failed = 0


def report(good, text, detail=""):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {text}", flush=True)
    if not good:
        print("\n".join("#   " + line for line in str(detail).splitlines()), flush=True)


def private_run():
    """Go on in a mount namespace with a /run of its own."""
    if os.environ.get("NETLAB_TEST_PRIVATE") == str(os.getpid()):
        return
    os.environ["NETLAB_TEST_PRIVATE"] = str(os.getpid())
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c",
                          'mount -t tmpfs -o mode=755 netlab-test /run && exec "$@"', "sh",
                          sys.executable, os.path.abspath(__file__)])


class Terminal:
    """A program on a pty whose settings can be looked at from here."""

    def __init__(self, *argv, rows=24, cols=80):
        self.master, self.slave = pty.openpty()
        self.resize(rows, cols)
        self.before = termios.tcgetattr(self.slave)
        self.seen = b""
        # A dumb terminal: readline adds no escape sequences.
        self.process = subprocess.Popen(argv, stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                        preexec_fn=self.own_terminal, env={**os.environ, "TERM": "dumb"})

    def own_terminal(self):
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def resize(self, rows, cols):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def send(self, data):
        os.write(self.master, data.encode())

    def expect(self, pattern):
        """Wait for text; what stands before and in the match is used up. None at the deadline."""
        end = time.monotonic() + DEADLINE
        while True:
            match = re.search(pattern.encode(), self.seen, re.S)
            if match:
                self.seen = self.seen[match.end():]
                return match
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                return None
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return None
            self.seen += data

    def run(self, command, pattern):
        """Type a command; the pattern must come behind its echo."""
        self.send(command + "\n")
        return self.expect(pattern)

    def drain(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.seen += os.read(self.master, 65536)
        return True

    def wait(self):
        """Wait for its end, and take what it wrote until then. None at the deadline."""
        end = time.monotonic() + DEADLINE
        while self.process.poll() is None and time.monotonic() < end:
            self.drain(0.02)
        while self.drain(0):
            pass
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            return None
        return self.process.returncode

    def restored(self):
        return termios.tcgetattr(self.slave) == self.before

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ECHO)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


def shell(*command, **size):
    argv = [NETLAB, "shell", "sh", "h1"]
    if command:
        argv += ["--", *command]
    return Terminal(*argv, **size)


def bash():
    """An interactive bash without start-up files, so that its prompt is known."""
    term = shell("bash", "--norc", "--noprofile", "-i")
    term.run("PS1='READY''> '; PROMPT_COMMAND=", "READY> ")
    return term


def foreground(program):
    """Wait until a program is what the terminal in the host listens to."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        ps = subprocess.run([NETLAB, "exec", "sh", "h1", "--", "ps", "-o", "pid=,tpgid=,stat=", "-C", program],
                            stdout=subprocess.PIPE, check=False).stdout.split()
        if len(ps) == 3 and ps[0] == ps[1] and ps[2].startswith(b"S"):
            return


def test_default_shell():
    term = shell()
    report(term.run("echo host=$(uname -n) lab=$NETLAB_LAB tty=$(tty) flags=$-",
                    r"host=h1 lab=sh tty=/dev/pts/\d+ flags=\w*i"),
           "the default is an interactive shell on a terminal in the host", term.seen)
    report(term.run("echo pwd=$PWD home=$HOME", r"pwd=/\S* home=/\S*"), "it is in root's home", term.seen)
    report(term.run("", r"\(sh\)[^\r\n]*h1"), "the prompt names lab and host", term.seen)
    report(term.is_raw(), "our terminal is in raw mode meanwhile")
    term.send("exit 5\n")
    report(term.wait() == 5, "the shell's exit status is ours", term.process.returncode)
    report(term.restored(), "our terminal has its settings back")
    term.close()


def test_job_control():
    term = bash()
    report(term.run("sleep 100 &", r"\[1\] \d+.*READY> "), "a job in the background", term.seen)
    report(term.run("jobs", r"\[1\]\+ +Running +sleep 100 &.*READY> "), "jobs lists it", term.seen)
    term.run("fg", r"fg\r\n.*sleep 100\r\n")
    foreground("sleep")
    term.send("\x1a")
    report(term.expect(r"\^Z.*Stopped.*READY> "), "^Z stops the job in the foreground", term.seen)
    report(term.run("bg; jobs", r"Running.*READY> "), "bg continues it", term.seen)
    term.run("fg", r"fg\r\n.*sleep 100\r\n")
    foreground("sleep")
    term.send("\x03")
    report(term.expect(r"\^C.*READY> "), "^C ends it", term.seen)
    report(term.run("echo status=$?", r"status=130\r\n"), "with SIGINT", term.seen)
    report(term.run("cat", r"cat\r\n"), "a program that reads", term.seen)
    foreground("cat")
    term.send("typed\n\x04")
    report(term.expect(r"typed\r\ntyped\r\n.*READY> "), "gets what is typed, and ^D", term.seen)
    term.send("\x04")
    report(term.wait() == 0, "^D at the prompt ends the shell", term.process.returncode)
    report(term.restored(), "our terminal has its settings back")
    term.close()


def test_window_size():
    term = shell("bash", "--norc", "--noprofile", "-i", rows=33, cols=111)
    term.run("PS1='READY''> '", "READY> ")
    report(term.run("stty size", r"\n33 111\r\n"), "the window's size is there from the start", term.seen)
    term.run("""sh -c 'trap "echo winch=\\$(stty size); exit" WINCH; echo arm""ed; while :; do sleep 0.1; done'""",
             r"armed\r\n")
    term.resize(44, 122)
    term.process.send_signal(signal.SIGWINCH)
    report(term.expect(r"winch=44 122\r\n.*READY> "), "a change arrives, with SIGWINCH", term.seen)
    report(term.run("stty size", r"\n44 122\r\n"), "and stays", term.seen)
    term.close()


def test_large_output():
    term = shell("sh", "-c", "seq 1 200000; echo the-end")
    match = term.expect(r"^.*the-end\r\n")
    report(term.wait() == 0, "a command instead of the shell, its status", term.process.returncode)
    report(match and b"\n200000\r\nthe-end" in match.group(0) and match.group(0).count(b"\n") == 200001,
           "1.3 MB of output are complete", match and match.group(0)[-200:])
    term.close()
    term = shell("sh", "-c", "echo last words; exit 3")
    status = term.wait()
    report(status == 3 and b"last words" in term.seen, "the last output of a short command is not lost",
           (status, term.seen))
    term.close()


def test_signals():
    for signo in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        term = bash()
        term.run("exec sleep 1234", r"1234\r\n")
        term.process.send_signal(signo)
        status = term.wait()
        report(status == 128 + signo and term.restored(),
               f"{signo.name}: exit {128 + signo}, and the terminal has its settings back",
               (status, term.restored()))
        term.close()
    end = time.monotonic() + DEADLINE
    left = b"?"
    while left and time.monotonic() < end:
        left = subprocess.run([NETLAB, "exec", "sh", "h1", "--", "pgrep", "-x", "sleep"],
                              stdout=subprocess.PIPE, check=False).stdout
    report(not left, "the commands are gone with it", left)
    term = bash()
    os.close(term.slave)
    os.close(term.master)
    try:
        term.process.wait(DEADLINE)
        report(True, "a terminal that goes away ends it")
    except subprocess.TimeoutExpired:
        report(False, "a terminal that goes away ends it")
        term.process.kill()
        term.process.wait()


def test_stop():
    term = bash()
    term.process.send_signal(signal.SIGTSTP)
    os.waitid(os.P_PID, term.process.pid, os.WSTOPPED)
    report(term.restored(), "stopped from outside: the terminal has its settings back")
    term.process.send_signal(signal.SIGCONT)
    report(term.run("echo go''ing on", "going on\r\n"), "and goes on", term.seen)
    report(term.is_raw(), "in raw mode")
    term.send("exit\n")
    term.wait()
    term.close()


def test_errors():
    for argv, want in ((["sh", "h3"], r'error: lab sh has no host "h3"; did you mean "h[12]"\?'),
                       (["shh", "h1"], r'error: [^\n]*shh[^\n]*did you mean "sh"'),
                       (["sh"], "netlab shell: no host named"), ([], "netlab shell: no lab named"),
                       (["sh", "h1", "h2"], "netlab shell: more than one host")):
        term = Terminal(NETLAB, "shell", *argv)
        status = term.wait()
        report(status == 2 and re.search(want.encode(), term.seen) and term.restored(),
               f"shell {' '.join(argv)}: exit 2 and why", (status, term.seen))
        term.close()
    term = shell("nosuchprogram")
    status = term.wait()
    report(status == 127 and b"error: host h1: nosuchprogram: command not found" in term.seen
           and term.restored(), "a program that is not there: 127", (status, term.seen))
    term.close()
    done = subprocess.run([NETLAB, "shell", "sh", "h1"], stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)
    report(done.returncode == 2 and b"no terminal" in done.stderr, "without a terminal: exit 2", done)


def test_lab_goes():
    term = bash()
    subprocess.run([NETLAB, "topo", "down", "sh"], stdout=subprocess.DEVNULL, check=False)
    status = term.wait()
    report(status == 255 and b"error: " in term.seen and term.restored(),
           "a lab that goes away: 255, why, and the terminal has its settings back", (status, term.seen))
    term.close()


def main():
    private_run()
    with tempfile.NamedTemporaryFile("w", suffix=".xml", dir=os.environ["NETLAB_TMP"]) as recipe:
        recipe.write(RECIPE)
        recipe.flush()
        subprocess.run([NETLAB, "topo", "up", recipe.name], stdout=subprocess.DEVNULL, check=True)
    try:
        for test in (test_default_shell, test_job_control, test_window_size, test_large_output,
                     test_signals, test_stop, test_errors, test_lab_goes):
            test()
    finally:
        subprocess.run([NETLAB, "topo", "down", "--all"], stdout=subprocess.DEVNULL, check=False)
    print(f"1..{count}")
    sys.exit(failed > 0)


main()
