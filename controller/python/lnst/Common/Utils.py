# SPDX-License-Identifier: GPL-2.0-or-later
"""Small helpers that tasks import."""
import math


def bool_it(val):
    """True for True, "true", "yes", "y", "1" and the like."""
    if isinstance(val, str):
        return val.strip().lower() in ("true", "yes", "y", "1", "on")
    return bool(val)


def int_it(val):
    """A whole number of it; 0 if it is none."""
    try:
        return int(val)
    except (TypeError, ValueError):
        return 0


def std_deviation(values):
    """The standard deviation of numbers."""
    if not values:
        return 0.0
    mean = sum(values) / len(values)
    return math.sqrt(sum((v - mean) ** 2 for v in values) / len(values))


def list_to_dot(original_list, prefix="", key=""):
    """A nested list as a list of (dotted name, value)."""
    pairs = []
    for number, item in enumerate(original_list):
        pairs += _to_dot(item, "%s%s%d" % (prefix, key, number))
    return pairs


def dict_to_dot(original_dict, prefix=""):
    """A nested dict as a list of (dotted name, value)."""
    pairs = []
    for name, item in original_dict.items():
        pairs += _to_dot(item, "%s%s" % (prefix, name))
    return pairs


def _to_dot(item, name):
    if isinstance(item, dict):
        return dict_to_dot(item, name + ".")
    if isinstance(item, list):
        return list_to_dot(item, name + ".")
    return [(name, item)]


class Noop:
    """Takes every call and does nothing."""

    def __getattr__(self, name):
        return lambda *args, **kwargs: None
