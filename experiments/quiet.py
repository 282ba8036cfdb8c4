"""Keeps a terminal to this software's lines: no chatter of TensorFlow's start, log lines without prefix."""

import contextlib
import logging
import os
import sys

from absl import flags
from absl import logging as absl_logging

from sanity_checks import lazy

VERBOSITY = {"warning": absl_logging.WARNING, "info": absl_logging.INFO, "debug": absl_logging.DEBUG}


def begin(verbosity):
    """Sets up logging for this process; `verbosity` is a name in `VERBOSITY`."""
    if verbosity != "debug" and "TF_CPP_MIN_LOG_LEVEL" not in os.environ:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        lazy.around_import = _without_stderr        # TensorFlow's search for CUDA heeds no level
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    flags.FLAGS.mark_as_parsed()                    # absl's own; its log would complain
    absl_logging.use_absl_handler()
    absl_logging.get_absl_handler().setFormatter(logging.Formatter("%(message)s"))
    absl_logging.set_verbosity(VERBOSITY[verbosity])
    absl_logging.set_stderrthreshold(VERBOSITY[verbosity])


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
