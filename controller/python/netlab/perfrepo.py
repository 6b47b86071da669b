# SPDX-License-Identifier: GPL-2.0-or-later
"""PerfRepo: its calls are accepted, and what would be sent there goes into netlab's own results."""
from _netlab import TaskError


def _flat(prefix, value):
    """Nested dicts and lists as a dict from dotted names to texts."""
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, (list, tuple)):
        pairs = enumerate(value)
    else:
        return {prefix: str(value)}
    flat = {}
    for name, item in pairs:
        flat.update(_flat("%s.%s" % (prefix, name), item))
    return flat


class PerfRepoResult:
    """Values of one measurement with what describes it."""

    def __init__(self, ctl, key, name, hash_ignore=()):
        self._ctl = ctl
        self._key = key
        self._name = name
        self._ignore = list(hash_ignore)
        self._values = {}
        self._parameters = {}
        self._tags = []
        self._comment = None
        self.set_configuration()

    def add_value(self, val_name, value):
        """A measured value."""
        self._values[str(val_name)] = value if isinstance(value, (int, float)) else str(value)

    def set_configuration(self, configuration=None):
        """What the hosts were; without an argument, what they are."""
        self._parameters.update(_flat("configuration", configuration or
                                      self._ctl.get_configuration()))

    def set_mapping(self, mapping=None):
        """Which machine stood for which host; without an argument, as it is."""
        self._parameters.update(_flat("mapping", mapping or self._ctl.get_mapping()))

    def set_tag(self, tag):
        self._tags.append(str(tag))

    add_tag = set_tag

    def set_tags(self, tags):
        for tag in tags:
            self.set_tag(tag)

    add_tags = set_tags

    def set_parameter(self, name, value):
        """Something that the values depend on."""
        self._parameters[str(name)] = str(value)

    def set_parameters(self, params):
        for name, value in params:
            self.set_parameter(name, value)

    def set_hash_ignore(self, hash_ignore):
        self._ignore = list(hash_ignore)

    def get_hash_ignore(self):
        return self._ignore

    def set_comment(self, comment):
        if comment:
            self._comment = str(comment)

    def get_testExecution(self):
        """The result itself: it has get_value()."""
        return self

    def get_value(self, name):
        return self._values.get(name)

    def get_values(self):
        return dict(self._values)


class PerfRepoBaseline:
    """There is never one: netlab keeps no results of earlier runs."""

    def get_texec(self):
        return None

    def get_value(self, name):
        return None


class PerfRepoAPI:
    """What ctl.connect_PerfRepo() gives."""

    def __init__(self, ctl):
        self._ctl = ctl

    def connected(self):
        return True

    def new_result(self, mapping_key, name, hash_ignore=()):
        """A new PerfRepoResult; save_result() writes it into the results."""
        return PerfRepoResult(self._ctl, mapping_key, name, hash_ignore)

    def save_result(self, result, official_result=False):
        """Write it into the results of this run."""
        if not isinstance(result, PerfRepoResult):
            raise TaskError("Parameter result must be an instance of PerfRepoResult")
        record = {"key": str(result._key), "name": str(result._name), "values": result._values,
                  "parameters": result._parameters, "tags": result._tags,
                  "official": bool(official_result)}
        if result._comment:
            record["comment"] = result._comment
        self._ctl._lab.ask("record", **record)

    def get_baseline(self, report_id):
        return PerfRepoBaseline()

    def get_baseline_of_result(self, result):
        return PerfRepoBaseline()

    def compare_to_baseline(self, result, report_id, metric_name):
        """There is none to compare with."""
        return False
