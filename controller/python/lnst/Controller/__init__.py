# SPDX-License-Identifier: GPL-2.0-or-later
"""Where tasks that were written for LNST look for things."""
