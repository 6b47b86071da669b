# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts like "tso on gso on; tso off gso on" as data."""
import re


def parse_offloads(offloads):
    """(names, sets): all names in their order, and for each part of the text a list of (name, "on" | "off") of all names, those that it does not name on."""
    if offloads is None:
        return None
    parts = [part.split() for part in offloads.split(";") if part.strip()]
    for words in parts:
        if len(words) % 2 or not all(re.fullmatch("[a-z-]+", w) for w in words[::2]) or \
                not set(words[1::2]) <= {"on", "off"}:
            raise ValueError("offloads: '%s' is not like 'tso on gso off; rx off'" % offloads)
    names = list(dict.fromkeys(word for words in parts for word in words[::2]))
    sets = []
    for words in parts:
        given = dict(zip(words[::2], words[1::2]))
        sets.append([(name, given.get(name, "on")) for name in names])
    return names, sets
