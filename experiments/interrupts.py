"""Ctrl-C and SIGTERM end a binary with one line and status 130 or 143, at any moment: also while modules are imported.

During an import an exception may be swallowed, or come out as another one of compiled code, so there the process ends at
once; nothing has been begun that would need to be put away. Elsewhere `Interrupt` is raised, and what is half written is
removed. A second signal ends the process at once.
"""

import contextlib
import os
import signal
import sys
import threading

STATUS = 128            # plus the signal's number: exit status of an interrupted binary
TOLD = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
IMPORTING = "<frozen importlib"     # file of the frames below which a module is imported


class Interrupt(KeyboardInterrupt):
    """A signal of `TOLD`; its `number` is the signal's."""

    def __init__(self, number):
        super().__init__(TOLD[number])
        self.number = number


class _State:
    """Of this process: whether main has begun, whether a signal has come, and where a line is written meanwhile."""
    begun = ended = False
    number = signal.SIGINT      # of the signal that has come
    stderr = 2          # file descriptor; fd 2 itself leads nowhere while TensorFlow is imported


def install():
    """Takes over the signals, but for those that the process was started to ignore."""
    if threading.current_thread() is not threading.main_thread():
        return
    with contextlib.suppress(OSError):          # stderr is closed
        _State.stderr = os.dup(2)
    for number in TOLD:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _handle)


def begin():
    """To be called when main begins: from here on `Interrupt` is raised."""
    if signal.getsignal(signal.SIGTERM) is not _handle:
        install()
    _State.begun, _State.ended = True, False


def over():
    """To be called when main has ended: from here on a signal ends the process at once."""
    _State.ended = True


def number_of(interrupt):
    """The signal behind a KeyboardInterrupt: int; of one that other software has put in the place of an `Interrupt`, as Ray does, too."""
    return getattr(interrupt, "number", _State.number)


def line(number):
    """What is said of a signal: str."""
    return f"{TOLD[number]}; the same command goes on"


def _handle(number, frame):
    if _State.ended or not _State.begun or _is_importing(frame):
        _end(number)
    _State.ended, _State.number = True, number
    raise Interrupt(number)


def _is_importing(frame):
    while frame is not None:
        if frame.f_code.co_filename.startswith(IMPORTING):
            return True
        frame = frame.f_back
    return False


def _end(number):
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    with contextlib.suppress(OSError):
        os.write(_State.stderr, f"{line(number)}\n".encode())
    os._exit(STATUS + number)
