"""Who owns a temporary file: host, process and the process's start, told from a name; and whether it still runs.

A process's number is used again after it has ended, and means another process in another container. So its start goes
with it: the machine's boot, the namespace of process numbers, and the clock ticks from one to the other.
"""

import os
import re
import socket

ALIVE, DEAD, UNKNOWN = "alive", "dead", "unknown"
_OWNER = re.compile(r"(?P<host>.*)\.(?P<process>\d+)\.(?P<place>[0-9a-f]+-[0-9]+)-(?P<start>\d+)")
_NO_PLACE, _NO_START = "0-0", "0"           # on systems that do not tell


def name():
    """This process as part of a file's name: str, "host.process.start" without a slash."""
    return f"{_host()}.{os.getpid()}.{_place()}-{_start(os.getpid())}"


def state(text):
    """Whether the process still runs that a text ends with, which is a dot and a `name`: `ALIVE`, `DEAD` or `UNKNOWN`.

    Unknown are processes of other hosts, boots and containers, and texts of another form.
    """
    found = _OWNER.fullmatch(text)
    if not is_of_this_host(text) or found["place"] != _place():
        return UNKNOWN
    return ALIVE if _runs(int(found["process"]), found["start"]) else DEAD


def is_of_this_host(text):
    """Whether a text ends with a dot and the `name` of a process of a host called like this one."""
    found = _OWNER.fullmatch(text)
    return bool(found) and found["host"].endswith(f".{_host()}")


def _host():
    return re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname()) or "host"


def _place():
    """This boot of this machine and the namespace of its process numbers: str."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return f"{file.read(8)}-{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return _NO_PLACE


def _start(process):
    """Clock ticks from boot to the start of a process: str of digits, `_NO_START` where the system does not tell."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[19].decode()      # what follows the command's name
    except (OSError, IndexError):
        return _NO_START


def _runs(process, start):
    if os.name != "posix":
        return True                     # there, signal 0 would not only ask
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass                            # another user's
    return _start(process) in (start, _NO_START)       # what the system does not tell is no sign of death
