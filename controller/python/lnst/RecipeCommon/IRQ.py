# SPDX-License-Identifier: GPL-2.0-or-later
"""Interrupts of network cards."""


def pin_dev_irqs(machine, device, cpu):
    """Give all interrupts of a card to one CPU. An interface of a lab has none, unless a real card is behind it."""
    name = device.get_devname()
    found = machine.run("ls /sys/class/net/%s/device/msi_irqs 2>/dev/null; "
                        "awk -F: '/%s/ {print $1}' /proc/interrupts; true" % (name, name),
                        desc="interrupts of %s" % name)
    for number in found.out().split():
        if number.isdigit():
            machine.config("/proc/irq/%s/smp_affinity_list" % number, cpu)
