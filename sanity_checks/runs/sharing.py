"""The units of a run that a process still has to see to, shared with any number of other processes on the same directory.

A process takes one unit at a time that is neither done nor another's. When all that are left are others', it waits: what is
finished it counts, what its owner has died over it takes. Who finishes the last unit draws tables and figures.
"""

import collections
import logging
import os
import time

from sanity_checks.runs import failures
from sanity_checks.runs import leases
from sanity_checks.runs import reading

POLL = 1.                   # seconds between two looks at the units of others
ATTEMPTS = 3                # units that fail before any is computed, after which the others are not tried
_MOST_NAMED = 3             # units named in a message

logger = logging.getLogger("absl")


class Queue:
    """Units to compute, in order, those that have failed before at the end.

    A unit that another process records as failed from now on is not tried again; the next command tries it.

    Attributes:
        failed: dict, name of a unit -> `failures.Failure`.
        errors: list of the exceptions of the units that failed here.
        computed: int, units computed here.
        is_last: bool, whether nobody else was waited for since the last unit that was computed here.

    Args:
        run_dir: str.
        units: sequence of `work_units.Unit`.
        held: `leases.Leases` of `folder(run_dir)`.
        check: function of no arguments, called while waiting; raises where the directory is another run's by now.
    """

    def __init__(self, run_dir, units, held, check):
        self._run_dir, self._held, self._check = run_dir, held, check
        self._stamps = {name: failure.stamp for name, failure in failures.read(run_dir).items()}
        self._left = collections.deque(sorted(units, key=lambda unit: unit.name in self._stamps))
        self._told, self._unwritten = "", []
        self.failed, self.errors, self.computed, self.is_last = {}, [], 0, True

    def next(self):
        """Takes the next unit, after waiting for those of others where no other is left; None at the end."""
        while not self.is_hopeless():
            unit = self.take()
            if unit is not None or not self._left:
                return unit
            self.wait()
        return None

    def take(self, who=""):
        """Takes a unit without waiting: `work_units.Unit`, or None where all that are left are others'.

        Args:
            who: str, who will compute it, in words; default this process.
        """
        for _ in range(len(self._left)):
            unit = self._left.popleft()
            if self._is_over(unit):
                continue
            if not self._held.take(unit.name, who):
                self._left.append(unit)
            elif self._is_over(unit):               # its owner has finished it just now
                self._held.give_back(unit.name)
            else:
                return unit
        return None

    def __len__(self):
        """How many units are left that have not been taken here."""
        return len(self._left)

    def wait(self):
        """Waits a moment for the units of others."""
        self._check()
        found = [leases.holder(folder(self._run_dir), unit.name) for unit in list(self._left)[:_MOST_NAMED]]
        told = ", ".join(dict.fromkeys(lease.who for lease in found if lease is not None))
        if told and told != self._told:
            logger.info("%d units are left to others (%s); waiting, to take over what they do not finish", len(self._left), told)
        self._told, self.is_last = told or self._told, False
        time.sleep(POLL)

    def finish(self, unit):
        """Gives back a unit that is written."""
        failures.remove(self._run_dir, unit.name)
        self._held.give_back(unit.name)
        self.computed, self.is_last = self.computed + 1, True
        self.record()

    def again(self, unit):
        """Gives back a unit that is to be computed again."""
        self._held.give_back(unit.name)
        self._left.append(unit)

    def fail(self, unit, failure, error):
        """Gives back a unit that could not be computed."""
        logger.error("%s has failed: %s", unit.name, failure.error)
        self.failed[unit.name] = failure
        self.errors.append(error)
        self._unwritten.append(failure)
        self.record()
        self._held.give_back(unit.name)

    def record(self):
        """Writes the records of what has failed, as soon as the run is begun."""
        while self._unwritten and os.path.exists(os.path.join(self._run_dir, reading.RUN_FILE)):
            failures.write(self._run_dir, self._unwritten.pop())

    def is_hopeless(self):
        """Whether the first units have all failed, so that the others would."""
        return not self.computed and len(self.errors) >= ATTEMPTS

    def _is_over(self, unit):
        if os.path.exists(reading.unit_file(self._run_dir, unit)):
            return True
        stamp = failures.stamp(self._run_dir, unit.name)
        if stamp and stamp != self._stamps.get(unit.name):
            self.failed.setdefault(unit.name, failures.read_one(self._run_dir, unit.name))
        return unit.name in self.failed


def folder(run_dir):
    """Where the leases of a run's units are: str, beside the units' files."""
    return os.path.join(run_dir, reading.SIMILARITIES)


def refusal(run_dir, failed, total):
    """What is said of a run some units of which have failed: str.

    Args:
        run_dir: str.
        failed: dict, name of a unit -> `failures.Failure`.
        total: int, units of the run.
    """
    named = [f"{name} ({failure.error}; {failure.who})" for name, failure in sorted(failed.items())]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return (f"{run_dir}: {len(failed)} of {total} units could not be computed: {', '.join(named[:_MOST_NAMED])}{more}. The "
            f"same command tries {'it' if len(failed) == 1 else 'them'} again")
