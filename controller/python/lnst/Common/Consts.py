# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers of the kernel's interfaces."""


class MCAST_ROUTER_PORT:
    """IFLA_BRPORT_MULTICAST_ROUTER, linux/if_bridge.h."""

    FIXED_OFF = 0
    LEARNING = 1
    FIXED_ON = 2


class MROUTE:
    """Socket options of multicast routing, linux/mroute.h."""

    INIT = 200
    FINISH = 201
    VIF_ADD = 202
    VIF_DEL = 203
    MFC_ADD = 204
    MFC_DEL = 205
    PIM_INIT = 208
    TABLE = 209
    MFC_ADD_PROXI = 210
    MFC_DEL_PROXI = 211
    USE_IF_INDEX = 8
    MAX_VIF = 32
    REGISET_VIF = 4
    DEFAULT_TTL = 1
    NOTIF_NOCACHE = 1
    NOTIF_WRONGVIF = 2
    NOTIF_WHOLEPKT = 3
