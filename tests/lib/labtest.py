# SPDX-License-Identifier: GPL-2.0-or-later
"""What the Python scripts in tests/integration share: TAP lines, a /run of their own, netlab, the audit.

NETLAB_TMP and so on are as tests/run sets them. A script calls private_run() first, then check() for each
thing it proves, and done() at its end.
"""

import os
import subprocess
import sys
import tempfile

NETLAB = os.environ["NETLAB"]
TOP = os.environ["NETLAB_TOP"]
TMP = os.environ["NETLAB_TMP"]
AUDIT = f"{TOP}/tests/lib/audit"
SLOW = int(os.environ.get("NETLAB_SLOW", "1"))  # how much slower this machine is: an emulated one
DEADLINE = 60 * SLOW

PAIR = """<lnstrecipe><network>
<host id="h1"><interfaces><eth id="eth0" label="net"/></interfaces></host>
<host id="h2"><interfaces><eth id="eth0" label="net"/></interfaces></host>
</network></lnstrecipe>
"""

count = failed = 0


def check(good, text, detail=""):
    """One TAP line; the detail is shown where it is not good. Returns whether it is."""
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {text}", flush=True)
    if not good:
        print("\n".join("#   " + line for line in str(detail).splitlines()), flush=True)
    return bool(good)


def done():
    print(f"1..{count}")
    sys.exit(failed > 0)


def skip(what):
    """The whole test: what is missing here."""
    print(what, flush=True)
    sys.exit(77)


def private_run(before=""):
    """Go on in a mount namespace with a /run of its own, after a shell has run the commands before."""
    if os.environ.get("NETLAB_TEST_PRIVATE") == str(os.getpid()):
        return
    os.environ["NETLAB_TEST_PRIVATE"] = str(os.getpid())
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c",
                          "mount -t tmpfs -o mode=755 netlab-test /run && { " + (before or ":") + "; } && exec \"$@\"",
                          "sh", sys.executable, os.path.abspath(sys.argv[0]), *sys.argv[1:]])


def netlab(*args, **options):
    """Run netlab to its end; its output is text."""
    options = {"stdin": subprocess.DEVNULL, "timeout": DEADLINE, **options}
    return subprocess.run([NETLAB, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                          **options)


def in_host(lab, host, *command, **options):
    return netlab("exec", lab, host, "--", *command, **options)


def said(result):
    """All of a result, for a detail."""
    return f"exit {result.returncode}\n{result.stdout}{result.stderr}"


class Audit:
    """Nothing is left since this was made."""

    def __init__(self):
        with tempfile.NamedTemporaryFile(dir=TMP, prefix="audit.", delete=False) as file:
            self.path = file.name
        subprocess.run([AUDIT, "snapshot", self.path], check=True)

    def left(self):
        """What is left, as text; empty when nothing is."""
        result = subprocess.run([AUDIT, "compare", self.path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, check=False)
        return result.stdout if result.returncode else ""

    def check(self, text):
        left = self.left()
        return check(not left, text, left)
