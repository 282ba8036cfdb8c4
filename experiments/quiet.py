"""Keeps a terminal to this software's lines: no chatter of TensorFlow's start, log lines without prefix."""

import contextlib
import logging
import os
import sys

from absl import flags
from absl import logging as absl_logging

from sanity_checks import lazy

LEVEL, SILENT = "TF_CPP_MIN_LOG_LEVEL", "3"        # of the messages of TensorFlow's compiled code
VERBOSITY = {"warning": absl_logging.WARNING, "info": absl_logging.INFO, "debug": absl_logging.DEBUG}


def begin(verbosity):
    """Sets up logging for this process; `verbosity` is a name in `VERBOSITY`."""
    if verbosity != "debug" and os.environ.get(LEVEL, SILENT) == SILENT:       # also where a binary was started by another
        os.environ[LEVEL] = SILENT
        lazy.around_import = _without_stderr        # TensorFlow's search for CUDA heeds no level
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    flags.FLAGS.mark_as_parsed()                    # absl's own; its log would complain
    absl_logging.use_absl_handler()
    absl_logging.get_absl_handler().setFormatter(logging.Formatter("%(message)s"))
    absl_logging.set_verbosity(VERBOSITY[verbosity])
    absl_logging.set_stderrthreshold(VERBOSITY[verbosity])


def open_streams():
    """Standard streams that were closed lead nowhere, so that no file takes their place; none fails on a name that it cannot show."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)          # the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")


def close_stdout():
    """Writes out what was printed; returns 1, after a line on stderr, where it cannot be (a full disk, a pipe that was left), else 0."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"error: stdout: {error.strerror}", file=sys.stderr)
        return 1
    return 0


@contextlib.contextmanager
def _without_stderr():
    """What compiled code writes to stderr meanwhile is dropped."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
