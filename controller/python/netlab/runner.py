# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs one task: its folder, its output, the exception that ends it."""
import os
import sys
from types import ModuleType

from lnst.Controller import Task


class Output:
    """A text file that writes into the report."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, session, fd):
        self._session = session
        self._fd = fd

    def write(self, text):
        data = text.encode("utf-8", "replace")
        self._session.write(self._fd, data)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass

    def isatty(self):
        return False

    def writable(self):
        return True


def _own(file, folder):
    """Is a file one of the task's, not of Python or netlab?"""
    return os.path.isabs(file) and file.startswith(folder + os.sep)


def _place(exc, path, folder):
    """The innermost place in the task's own files."""
    place = (path, 0)
    tb = exc.__traceback__
    while tb:
        file = tb.tb_frame.f_code.co_filename
        if file == path or _own(file, folder):
            place = (file, tb.tb_lineno)
        tb = tb.tb_next
    if isinstance(exc, SyntaxError) and exc.filename and not exc.filename.startswith("<"):
        place = (exc.filename, exc.lineno or 0)
    return place


def _fault(exc, path, folder):
    import traceback

    tb = exc.__traceback__
    while tb and tb.tb_frame.f_globals is globals():
        tb = tb.tb_next
    text = str(exc)
    name = type(exc).__qualname__
    if isinstance(exc, SyntaxError):
        text = exc.msg
    elif isinstance(exc, SystemExit):
        name, text = "exit", "status " + text
    file, line = _place(exc, path, folder)
    lines = traceback.format_exception(type(exc), exc, tb)
    return file, line, ("%s: %s" % (name, text)) if text else name, "".join(lines)


def _execute(path, full, folder):
    name = os.path.basename(path).split(".")[0]
    module = ModuleType(name)
    module.__file__ = full
    with open(full, "rb") as file:
        source = file.read()
    # For tracebacks: the name is from where netlab was started, which is not the current folder.
    import linecache
    linecache.cache[path] = (len(source), None,
                             source.decode("utf-8", "replace").splitlines(True), path)
    sys.modules.setdefault(name, module)
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)


def _forget(before, folder):
    """What stands beside a task is another one's, or changed, the next time."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if name not in before and _own(file, folder):
            del sys.modules[name]
    sys.path_importer_cache.pop(folder, None)


def run(path, session):
    """Run the task in a file. Returns None, or (file, line, text, traceback) of what ended it."""
    full = os.path.abspath(path)
    folder = os.path.dirname(full)
    before = set(sys.modules)
    saved = sys.stdin, sys.stdout, sys.stderr, sys.path[:], sys.argv, os.environ.copy()
    stdin = open(os.devnull, encoding="utf-8")
    try:
        sys.stdin, sys.stdout, sys.stderr = stdin, Output(session, 1), Output(session, 2)
        sys.path.append(folder)
        sys.argv = [path]
        Task.ctl = Task.ControllerAPI(session)
        os.chdir(folder)
        _execute(path, full, folder)
    except SystemExit as exc:
        return None if exc.code in (None, 0) else _fault(exc, path, folder)
    except BaseException as exc:
        return _fault(exc, path, folder)
    finally:
        stdin.close()
        sys.stdin, sys.stdout, sys.stderr, sys.path[:], sys.argv = saved[:5]
        os.environ.clear()
        os.environ.update(saved[5])
        Task.ctl = None
        _forget(before, folder)
    return None
