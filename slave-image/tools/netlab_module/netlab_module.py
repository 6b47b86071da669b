# SPDX-License-Identifier: GPL-2.0-or-later
"""netlab_module.py - test modules in Python: options, readiness, a verdict. docs/modules.md has the convention.

    #!/usr/bin/python3
    # netlab-module: option addr needed
    import netlab_module as module

    def run(m):
        m.data["addr"] = m.need("addr")
        return True, "all is well"

    module.main(run)
"""
import json
import signal
import sys

PASS, FAIL, ERROR = 0, 1, 2


class OptionError(Exception):
    """A mandatory option is missing, or a value makes no sense: the module fails, with this text."""


class Module:
    """One run: options in, data out."""

    def __init__(self, options):
        self.options = options
        self.data = {}
        self.interrupted = False

    def all(self, name):
        """All values of an option that may be repeated."""
        value = self.options.get(name, [])
        return value if isinstance(value, list) else [value]

    def option(self, name, default=None):
        """The first value of an option."""
        return next(iter(self.all(name)), default)

    def need(self, name):
        """The value of an option that must be there."""
        if not self.all(name):
            raise OptionError(f"mandatory option {name} is missing")
        return self.option(name)

    @staticmethod
    def ready(is_ready=True):
        """Say that this module waits now. It must also declare `netlab-module: ready`."""
        print(json.dumps({"ready": is_ready}), flush=True)

    def wait_interrupt(self):
        """Wait for SIGINT, by which `intr` ends a module."""
        while not self.interrupted:
            signal.pause()


def main(run):
    """Run a module: run(m) returns True or False, or that with a message; and end with its verdict."""
    module, message = Module({}), ""

    def on_interrupt(_signo, _frame):
        module.interrupted = True

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        text = sys.stdin.read()
        module.options = json.loads(text) if text.strip() else {}
        result = run(module)
        passed, message = result if isinstance(result, tuple) else (result, "")
        status = PASS if passed else FAIL
    except OptionError as error:
        status, message = FAIL, str(error)
        module.data["Exception"] = message
    except Exception as error:  # pylint: disable=broad-except
        status, message = ERROR, f"{type(error).__name__}: {error}"
        module.data["Exception"] = message
        sys.excepthook(*sys.exc_info())
    print(json.dumps({"result": module.data, "message": message}), flush=True)
    sys.exit(status)
