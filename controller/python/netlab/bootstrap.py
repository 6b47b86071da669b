# SPDX-License-Identifier: GPL-2.0-or-later
"""Imports the modules that netlab holds in memory. They come first: no file of a task's folder hides them."""
import sys
from importlib.machinery import ModuleSpec

import _netlab


class MemoryFinder:
    """Finds and loads what _netlab.source() knows."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        found = _netlab.source(name)
        if found is None:
            return None
        file = "<netlab>/" + name.replace(".", "/") + ("/__init__.py" if found[1] else ".py")
        return ModuleSpec(name, MemoryFinder, origin=file, is_package=found[1])

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        text = _netlab.source(module.__name__)[0]
        exec(compile(text, module.__spec__.origin, "exec", dont_inherit=True), module.__dict__)

    @staticmethod
    def get_source(name):
        """For the lines in a traceback."""
        return _netlab.source(name)[0]


sys.meta_path.insert(0, MemoryFinder)
