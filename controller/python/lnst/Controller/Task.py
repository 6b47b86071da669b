# SPDX-License-Identifier: GPL-2.0-or-later
"""The Task API. ctl is the controller of the task that runs."""
from _netlab import TaskError
from netlab.device import DeviceAPI
from netlab.host import HostAPI
from netlab.interface import InterfaceAPI, VolatileValue
from netlab.perfrepo import PerfRepoAPI, PerfRepoBaseline, PerfRepoResult
from netlab.task import ControllerAPI, ModuleAPI, ProcessAPI

ctl = None
