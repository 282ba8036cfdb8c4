"""A process that ends with the one that has started it, however that ends.

The parent starts its child with `environment()`; the child calls `follow()` first thing. On Linux the system then kills the
child with its parent; elsewhere a thread watches. The child is killed, not asked: whatever it writes stands a kill.
"""

import ctypes
import os
import signal
import sys
import threading
import time

VARIABLE = "SANITY_CHECKS_PARENT"       # number of the process that the child ends with
INTERVAL = 1.                           # seconds from look to look, where the system does not tell
_PR_SET_PDEATHSIG = 1                   # of Linux' prctl


def environment():
    """Environment variables of a child that is to end with this process: dict."""
    return {**os.environ, VARIABLE: str(os.getpid())}


def follow():
    """Makes this process end with the one that started it with `environment()`; nothing where none did."""
    stated = os.environ.pop(VARIABLE, "")           # what this process starts has another parent
    if not stated.isdigit():
        return
    if not _asked_system():
        threading.Thread(target=_watch, args=(int(stated),), daemon=True).start()
    if not _is_parent(int(stated)):                 # it has ended already
        _end()


def _asked_system():
    if not sys.platform.startswith("linux"):
        return False
    try:
        return ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0
    except (OSError, AttributeError):
        return False


def _watch(parent):
    while _is_parent(parent):
        time.sleep(INTERVAL)
    _end()


def _is_parent(process):
    return os.getppid() == process


def _end():
    os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
