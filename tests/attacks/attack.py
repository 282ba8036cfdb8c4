"""An attack: a command line or a call that a careless or hostile user makes, and what must come of it.

Either it is refused: one line that says which flag, file or argument is wrong, before anything is computed or recorded.
Or the result is right.
"""

from collections.abc import Callable
import contextlib
import dataclasses
import io
import logging
import os
import signal
import sys

from absl import logging as absl_logging
import pytest

from experiments import command
from sanity_checks import lazy

# What a run leaves where something was computed or recorded.
RECORDS = ("run.json", "flags.flags", "training.json", "metrics.json", "weights.h5", "plan.json", "index.html")


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a binary ended.

    Attributes:
        status: int.
        stdout, stderr: str.
        folder: str, where it was to write.
    """
    status: int
    stdout: str
    stderr: str
    folder: str

    def errors(self):
        """The lines on stderr that begin with "error: ", without that: list of str."""
        return [line.removeprefix("error: ") for line in self.stderr.splitlines() if line.startswith("error: ")]

    def records(self):
        """Files of `RECORDS` in the folder: list of str."""
        return [os.path.join(parent, name) for parent, _, names in os.walk(self.folder) for name in names if name in RECORDS]


@dataclasses.dataclass(frozen=True)
class Attack:
    """One row of a table.

    Attributes:
        name: str, what is tried.
        target: what is attacked: str, a module in `experiments`; or function of the calls' `Material`.
        arguments: tuple of str, {files} and {out} stand for the folders of made files and of what is written.
        expected: str that the one line of the refusal must contain, or function that asserts that the result is right.
        slow: bool.
    """
    name: str
    target: object
    arguments: tuple
    expected: str | Callable
    slow: bool = False

    @property
    def is_refused(self):
        return isinstance(self.expected, str)


def assert_refused(ended, text):
    """The binary ended with one line that has the text, without a traceback, and recorded nothing."""
    assert "Traceback" not in ended.stderr and ended.status == 1, ended
    errors = ended.errors()
    assert len(errors) == 1 and text in errors[0], f"expected {text!r}, got {errors}\n{ended.stderr[-2000:]}"
    assert ended.stderr.rstrip().splitlines()[-1] == f"error: {errors[0]}", "more than a line was written after it"
    assert not ended.records(), ended.records()


def run(module, arguments, folder):
    """Runs a binary in this process as `python -m` runs it: `Ended`.

    Args:
        module: a module in `experiments`.
        arguments: list of str.
        folder: str, where it is to write.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with _process(module, arguments), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            command.run(module.main, module.define)
            status = None
        except SystemExit as ended:
            status = ended.code
        except BaseException:           # what a process would print as its traceback
            logging.getLogger().handlers.clear()
            import traceback
            traceback.print_exc()
            status = 1
        texts = [stream.buffer.getvalue().decode("utf-8", "replace") for stream in (out, err)]
    return Ended(int(status or 0), *texts, folder)


@contextlib.contextmanager
def _process(module, arguments):
    """What belongs to a process, put back afterwards: arguments, signals, environment, loggers."""
    root, handlers = logging.getLogger(), {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    kept, level, verbosity = list(root.handlers), root.level, absl_logging.get_verbosity()
    absl_handler = absl_logging.get_absl_handler()
    formatter, stream = absl_handler.python_handler.formatter, absl_handler.python_handler.stream
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [module.__file__, *arguments])
        patch.setattr(lazy, "around_import", lazy.around_import)
        patch.setitem(sys.modules, "__main__", module)
        patch.setenv("TF_CPP_MIN_LOG_LEVEL", os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3"))
        absl_handler.python_handler.stream = _Stderr()
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            root.handlers[:] = kept
            root.setLevel(level)
            absl_handler.python_handler.stream = stream
            absl_handler.setFormatter(formatter)
            absl_logging.set_verbosity(verbosity)


class _Stderr:
    """Writes to what is sys.stderr at the time."""

    def write(self, text):
        sys.stderr.write(text)

    def flush(self):
        sys.stderr.flush()
