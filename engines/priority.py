"""Whether the engine's thread comes before others where the processor is short.

Called on the thread itself, once.
Never fails: where the system does not allow it, everything stays as usual.
"""

from __future__ import annotations

import os
import sys
import threading

NICENESS = -6
"""About four times the weight of a usual thread. Simulated on two cores with four sessions, while
another program starts: pictures are drawn on time instead of a seventh of them being lost."""


def prefer_this_thread(niceness: int = NICENESS) -> bool:
    """Give the calling thread this niceness; whether that was allowed.

    Linux alone has a niceness for each thread. Below 0 it takes CAP_SYS_NICE, or RLIMIT_NICE
    (`LimitNICE=-6` of a systemd unit, `--ulimit nice=26` of Docker).
    """
    if sys.platform != "linux":
        return False
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
    except OSError:
        return False
    return True
