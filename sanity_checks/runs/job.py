"""A job: all that a run computes, in one frozen value that can be sent to another process or machine."""

from collections.abc import Callable
import dataclasses

from sanity_checks.runs import work_units


@dataclasses.dataclass(frozen=True)
class Job:
    """What a run computes, and what its directory is held to.

    A job can be pickled, and a unit needs nothing else: no flags, no live model.

    Attributes:
        name: str, heads the progress bar.
        settings: dict, name of a setting -> JSON value: everything that the rows depend on and that has a name. Names
            are those of arguments, which are those of flags.
        sha256: dict, what -> checksum: everything else that the rows depend on (weights, structure of the model,
            images, code of a user's method).
        units: tuple of `work_units.Unit`, of all shards.
        steps: int, how far progress counts for an image of a unit.
        build: picklable function of no arguments that loads what is needed and returns the function that computes a
            unit: (unit, progress) -> (rows with `rows.COLUMNS`, list of `maps.FigureMaps`). progress is a function of
            the number of steps just done.
        step_name: str, what a step is: "pass" of a model, or "step".
        flagfile: str, flags that run the job again; "" where it was not started from flags.
        record: dict of JSON values, recorded beside what every run records.
    """
    name: str
    settings: dict
    sha256: dict
    units: tuple
    steps: int
    build: Callable
    step_name: str = "pass"
    flagfile: str = ""
    record: dict = dataclasses.field(default_factory=dict)

    def mine(self, shard, num_shards):
        """The units of a shard: tuple of `work_units.Unit`."""
        return tuple(work_units.shard(self.units, shard, num_shards))

    def work(self, units):
        """Steps of these units together: int."""
        return sum(unit.last - unit.first for unit in units) * self.steps
