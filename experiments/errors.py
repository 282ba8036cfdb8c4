"""How every binary ends: what the user can mend is one line on stderr and exit status 1, not a traceback."""

import sys

from absl import app
from absl import logging


def run(main):
    """Runs a binary like `absl.app.run`, with a clear end where its input is at fault.

    A ValueError or OSError (no such file, disk full ...) is printed as `error: <one line>` and the process
    exits with status 1; `--verbosity=1` logs its traceback as well. Any other exception is a defect and
    passes through.

    Args:
        main: function of argv (list of str) that returns an exit status or None.
    """
    def guarded(argv):
        try:
            return main(argv)
        except (ValueError, OSError) as error:
            logging.debug("The error below was raised here:", exc_info=True)
            print(f"error: {_one_line(error)}", file=sys.stderr)
            return 1

    app.run(guarded)


def _one_line(error):
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(str(part) for part in (error.strerror, error.filename) if part)
    return " ".join(str(error).split()) or type(error).__name__
