# SPDX-License-Identifier: GPL-2.0-or-later
"""netlab for Python tasks: what lnst.Controller.Task and its neighbours are made of."""
