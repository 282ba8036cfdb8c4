"""What a set of tests costs on this machine, and how many images and draws fit into a time."""

import dataclasses
import os
import time

from sanity_checks import lazy
from sanity_checks import methods as methods_module
from sanity_checks import metrics as metrics_module
from sanity_checks.vocabulary import tests as test_records
from sanity_checks.weights import states

memory = lazy.module("sanity_checks.graphs.memory")

MOST_PASSES = 100           # of a method that is run where none is named
MOST_IMAGES, FEWEST_IMAGES = 24, 8
MOST_DRAWS, FEWEST_DRAWS = 10, 2
NULL_DRAWS = 2              # draws of the null for each of a test: two random networks vary twice as much, and it is cheap
LEAST_NULL, MOST_NULL = 8, 24
MEASURED = 64               # rows of model passes on which a method's time is measured
SHARE_OF_MEMORY = 0.25      # that the values of a pass may take


@dataclasses.dataclass(frozen=True)
class Plan:
    """How much is computed.

    Attributes:
        num_images, draws, null_draws: int.
        seconds: float, the time of one image in one weight state, all methods and metrics.
    """
    num_images: int
    draws: int
    null_draws: int
    seconds: float

    def image_states(self, states_of):
        """int, images times weight states; `states_of` is dict, test -> number of its states."""
        return self.num_images * sum(count * (self.null_draws if test == test_records.NULL else self.draws)
                                     for test, count in states_of.items())

    def duration(self, states_of):
        """The expected time of all tests: float, seconds."""
        return self.seconds * self.image_states(states_of)


def affordable(classifier, names):
    """Of these methods those that suit a classifier and need few passes: (list of str, dict, name left out -> why)."""
    chosen, left = [], {}
    for name in names:
        method = methods_module.make(name)
        passes = methods_module.passes({name: method}, classifier.image_shape)
        reason = method.unsuitable(classifier) or (f"needs {passes:,} passes an image" if passes > MOST_PASSES else None)
        if reason:
            left[name] = reason
        else:
            chosen.append(name)
    return chosen, left


def batch_size(classifier, available=None):
    """Rows of a model pass: the default of the image size, or fewer where memory is small: int.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        available: int, bytes of memory; by default what this machine has left.
    """
    available = _available() if available is None else available
    fitting = int(available * SHARE_OF_MEMORY / max(memory.bytes_per_row(classifier.inspected.logits), 1))
    return max(1, min(methods_module.default_batch_size(classifier.image_shape), fitting))


def states_of(classifier, tests, randomization):
    """dict, test -> the number of its weight states."""
    return {test: len(states.stages(classifier, test, randomization)) for test in tests}


def seconds_per_image(classifier, images, made, metrics, batch=None):
    """Measures the time of one image in one weight state: float, seconds.

    Every piece of work is done once to trace it, and once more to be timed.

    Args:
        classifier: `Classifier`.
        images: float32 [N, H, W, C], of which a few are used.
        made: dict, name -> `methods.base.Method`.
        metrics: sequence of names in `sanity_checks.metrics.METRICS`.
        batch: int, rows of a model pass.
    """
    total = 0.0
    for work in dict.fromkeys(work for method in made.values() for work in method.work()):
        count = max(1, min(len(images), MEASURED // max(work.passes(classifier.image_shape), 1)))
        total += _seconds(work.run, classifier, images[:count], batch)
    few = images[:max(1, min(len(images), 4))]
    for method in made.values():
        task = _task(classifier, few, batch)
        maps = method.maps(task)                    # its work is done and kept, so that the rest is timed
        started = time.monotonic()
        maps = method.maps(task)
        for metric in metrics:
            metrics_module.METRICS[metric].compare_maps(metrics_module.METRICS[metric].prepare(maps), maps)
        total += (time.monotonic() - started) / len(few)
    return total


def fitting(seconds, available, counts, minutes, num_images=None, draws=None, null_draws=None):
    """The largest plan that fits into a time; what is given stays.

    Args:
        seconds: float, of one image in one weight state.
        available: int, images there are.
        counts: dict, test -> number of its weight states.
        minutes: float.
        num_images, draws, null_draws: int, or None to have them chosen.
    """
    def plan(images, repeats):
        repeats = draws or repeats
        return Plan(images, repeats, null_draws or min(max(NULL_DRAWS * repeats, LEAST_NULL), MOST_NULL), seconds)

    most = num_images or min(available, MOST_IMAGES)
    for images in dict.fromkeys([most] if num_images else [most, *range(most, FEWEST_IMAGES - 1, -4), min(most, FEWEST_IMAGES)]):
        found = next((plan(images, repeats) for repeats in range(MOST_DRAWS, FEWEST_DRAWS, -1)
                      if plan(images, repeats).duration(counts) <= 60 * minutes), None)
        if found:
            return found
    return plan(images, FEWEST_DRAWS)


def _seconds(function, classifier, images, batch):
    function(_task(classifier, images, batch))
    task = _task(classifier, images, batch)
    started = time.monotonic()
    function(task)
    return (time.monotonic() - started) / len(images)


def _task(classifier, images, batch):
    return methods_module.make_task(classifier, images, batch_size=batch)


def _available():
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):       # a system that does not tell
        return 4 * 2 ** 30
