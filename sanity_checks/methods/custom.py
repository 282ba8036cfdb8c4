"""A user's own saliency method: any function from a classifier and images to maps."""

from collections.abc import Callable
import contextlib
import dataclasses

import numpy as np

from sanity_checks import pixels
from sanity_checks.methods import base

LONGEST = 300           # characters of what a user's function raised
TOLERANCE = 1e-3        # of the largest value: a device may sum in another order, which is no noise


@dataclasses.dataclass(frozen=True, eq=False)
class Call(base.Work):
    """One call of a user's function with all images of a task, counted as one model pass an image."""
    function: Callable

    def passes(self, image_shape):
        return 1

    def run(self, task):
        images, targets = _read_only(task.images), _read_only(task.targets)
        with _unchanged(task.classifier, self.function):
            found = _as_maps(self.function, _called(self.function, task.classifier, images, targets, task.seed))
        if found.shape == task.images.shape[:3]:
            found = np.repeat(found[..., None], task.images.shape[3], axis=3)
        if found.shape != task.images.shape:
            raise ValueError(f"methods: {_name(self.function)} gave maps of shape {list(found.shape)}, expected {list(task.images.shape)} or "
                             f"{list(task.images.shape[:3])}, one map an image")
        task.progress(len(task.images))
        return found


@dataclasses.dataclass(frozen=True)
class Custom(base.Method):
    """Calls a function on whole batches of images.

    Attributes:
        function: (classifier, images float32 [N, H, W, C], targets int32 [N], seed int) -> maps [N, H, W] or
            [N, H, W, C]. It explains the logit `targets` of `classifier.model` on its present weights, which it leaves
            as they are; the arrays that it is given cannot be written to. A stochastic method draws its noise from the
            seed, so that the same weights give the same maps.
    """
    function: Callable = dataclasses.field(repr=False)

    def work(self):
        return (Call(self.function),)

    def maps(self, task):
        return task.result(*self.work())

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        raise ValueError("a user's own method explains a classifier, not a call_model_function")


def check_repeatable(method, task):
    """Calls a user's method twice on the same images, weights and seed.

    Args:
        method: `Custom`.
        task: function of no arguments that makes a `base.Task` of few images.

    Raises:
        ValueError: the maps differ: what a test would find is the method's own noise.
    """
    one, two = (method.maps(task()) for _ in range(2))
    difference, size = np.nanmax(np.abs(one - two), initial=0), np.nanmax(np.abs(one), initial=0)
    if difference > TOLERANCE * size or (np.isnan(one) != np.isnan(two)).any():
        raise ValueError(f"methods: {_name(method.function)} gave two maps of one image that differ by {difference:.3g} (the largest "
                         f"value is {size:.3g}), on the same weights and with the same seed; draw its noise from the seed")


def _called(function, *arguments):
    """What a user's function returns; a ValueError names it and what it raised."""
    try:
        return function(*arguments)
    except (Exception, SystemExit) as error:
        text = " ".join(str(error).split())[:LONGEST]
        raise ValueError(f"methods: {_name(function)} raised {type(error).__name__}{': ' if text else ''}{text}") from error


def _as_maps(function, found):
    """What a user's function returned, as float32; ValueError if it is no array of real numbers."""
    try:
        array = np.asarray(found)
        if array.dtype.kind in pixels.REFUSED:
            raise TypeError(f"values of type {array.dtype}")
        return np.asarray(array, np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"methods: {_name(function)} gave no maps of real numbers: {' '.join(str(error).split())[:LONGEST]}") from error


@contextlib.contextmanager
def _unchanged(classifier, function):
    """Puts weights back that are changed meanwhile, and raises ValueError."""
    variables = [variable for part in classifier.parts.values() for variable in part]
    before = [variable.numpy() for variable in variables]
    try:
        yield
    finally:
        changed = [(variable, value) for variable, value in zip(variables, before)
                   if not np.array_equal(variable.numpy(), value, equal_nan=True)]
        for variable, value in changed:
            variable.assign(value)
    if changed:
        raise ValueError(f"methods: {_name(function)} changed weights of the model ({changed[0][0].name}); a method must leave "
                         f"them as they are")


def _read_only(array):
    view = array.view()
    view.flags.writeable = False
    return view


def _name(function):
    return getattr(function, "__name__", "the method")
