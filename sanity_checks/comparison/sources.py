"""Where a unit gets its classifier and its images from, in this process or in another."""

from collections.abc import Callable
import dataclasses


@dataclasses.dataclass(eq=False)
class Source:
    """Something large that is at hand, or is loaded at first use; only the way to load it is pickled.

    Attributes:
        load: picklable function of no arguments that returns it, for example `functools.partial(datasets.load, "mnist")`.
        value: the thing itself, or None until it is asked for.
    """
    load: Callable
    value: object = None

    def get(self):
        """The thing itself."""
        if self.value is None:
            self.value = self.load()
        return self.value

    def __reduce__(self):
        return Source, (self.load,)


@dataclasses.dataclass(frozen=True, eq=False)
class Given:
    """Loads what was given: a value that is pickled as it is."""
    value: object

    def __call__(self):
        return self.value


def given(value):
    """The `Source` of a value at hand that can be pickled itself, such as a data set in memory."""
    return Source(Given(value), value)


@dataclasses.dataclass(frozen=True)
class Computation:
    """Builds the function that computes a unit's rows, without maps; see `runs.job.Job.build`.

    Attributes:
        classifier, dataset: `Source`.
        settings: picklable, what is computed.
        compare: function of a module, (classifier, dataset, unit, settings, progress) -> rows.
    """
    classifier: Source
    dataset: Source
    settings: object
    compare: Callable

    def __call__(self):
        classifier, dataset = self.classifier.get(), self.dataset.get()

        def compute(unit, progress):
            return self.compare(classifier, dataset, unit, self.settings, progress), []
        return compute
