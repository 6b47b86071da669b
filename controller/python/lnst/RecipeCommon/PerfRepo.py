# SPDX-License-Identifier: GPL-2.0-or-later
"""Comments for results."""


def generate_perfrepo_comment(hosts=(), user_comment=None):
    """The kernels of hosts, and what the user has to say."""
    lines = []
    for host in hosts:
        config = host.get_configuration()
        lines.append("Kernel (%s): %s<BR>" % (config["id"], config["kernel_release"]))
    return "".join(lines) + (user_comment or "")
