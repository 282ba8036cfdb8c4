"""What a weight state does to a model: small frozen dataclasses, each a change of the variables of some blocks.

A state is the original weights with its actions applied in order. An action is hashable, compares by its fields and can
be pickled, so that another process can make the same state. Another change of the weights (permuted, with noise) is
another such class.
"""

import dataclasses

import numpy as np

from sanity_checks.weights import initialization


class Action:
    """A change of a model's weights. The action need not undo itself: what it touches is put back from a copy."""

    randomized = ()         # tuple of str, the blocks that are random afterwards

    def touched(self, classifier):
        """The blocks whose variables it changes: tuple of str."""
        raise NotImplementedError

    def apply(self, classifier, stream, randomization):
        """Changes the variables in place.

        Args:
            classifier: `sanity_checks.models.classifier.Classifier`, whose touched blocks hold the original weights, or
                what the state's actions before this one made of them.
            stream: tuple naming the random stream of the state.
            randomization: `initialization.Randomization`.
        """
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class Redraw(Action):
    """Draws the variables of a block anew that are in `classifier.drawn`.

    Attributes:
        block: str.
    """
    block: str

    @property
    def randomized(self):
        return (self.block,)

    def touched(self, classifier):
        return (self.block,)

    def apply(self, classifier, stream, randomization):
        initialization.randomize_block(classifier, self.block, stream, randomization)


@dataclasses.dataclass(frozen=True, eq=False)
class Load(Action):
    """Gives the whole model the weights of another network.

    Attributes:
        weights: list of arrays, like `classifier.model.get_weights()`.
    """
    weights: list = dataclasses.field(repr=False)

    def check(self, classifier, name):
        """ValueError, with this name of the network, if the weights do not fit the model."""
        expected = [tuple(variable.shape) for variable in classifier.model.weights]
        try:
            found = [np.shape(value) for value in self.weights]
        except (TypeError, ValueError) as error:
            raise ValueError(f"weights of {name!r}: expected a list of arrays, got {type(self.weights).__name__}") from error
        if found == expected and not all(np.isfinite(value).all() for value in self.weights):
            raise ValueError(f"weights of {name!r}: expected finite numbers")
        if found != expected:
            raise ValueError(f"weights of {name!r}: expected arrays of shapes {expected}, got {found}")

    def touched(self, classifier):
        return tuple(classifier.parts)

    def apply(self, classifier, stream, randomization):
        for variable, value in zip(classifier.model.weights, self.weights):
            variable.assign(value)
