# SPDX-License-Identifier: GPL-2.0-or-later
"""Logging for tasks: the standard library's, which is shown in the report."""
import logging
import sys
import traceback


def log_exc_traceback():
    """Log the exception that is being handled."""
    for line in traceback.format_exception(*sys.exc_info()):
        logging.error(line.rstrip())
