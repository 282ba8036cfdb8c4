"""Layer-wise relevance propagation and deep Taylor decomposition: the explained logit given down, layer by layer, to the image.

docs/methods.md has the formulae, the kinds of layer, and what is refused. What bounds a pass: one forward pass of the model, and
for each layer the products with its kernel, or with parts of it, that the layer's rule needs, there and back.
"""

import dataclasses

import numpy as np

from sanity_checks import lazy
from sanity_checks.methods import backward
from sanity_checks.methods import base
from sanity_checks.methods import fields

tf = lazy.module("tensorflow")
forward_module = lazy.module("sanity_checks.graphs.forward")
rules = lazy.module("sanity_checks.graphs.propagation.rules")
walk = lazy.module("sanity_checks.graphs.propagation.walk")

RELEVANCES = "INPUT_RELEVANCES"     # our addition to the keys of PAIR's call_model_function;
METHOD = "method"                   # its key of call_model_args: the method, one of this module's

# What a pass costs in gradient passes, by the parts of kernels that its rules take; docs/methods.md has the measurement.
WHOLE, POSITIVE, BOTH = 1, 2, 3
SIGNED_TOLERANCE = 1e-6         # of alpha - beta = 1


def relevance(classifier, method):
    """Traced pass (images, classes) -> (relevance of the logit of each row's class [B, H, W, C],)."""
    method = method.of_classifier(classifier)

    def build(classifier):
        return _relevance(classifier, method.rule_set())
    return classifier.trace(("relevance", method), build)


def _relevance(classifier, rule_set):
    @tf.function(input_signature=backward.signature(classifier), autograph=False)
    def relevance_pass(images, classes):
        forward = forward_module.within(classifier.keras, classifier.model, images)
        return (walk.relevance(forward, classes, rule_set),)
    return relevance_pass


@dataclasses.dataclass(frozen=True)
class Relevances(base.Work):
    """The relevance of each value of the image for the explained logit: float32 [N, H, W, C]."""
    method: base.Method

    def passes(self, image_shape):
        return self.method.passes_per_image

    def run(self, task):
        return task.batched(relevance(task.classifier, self.method), self.method.passes_per_image)[0]


class _Propagation(base.Method):
    """A method of relevance: subclasses say which rule a layer has."""

    @property
    def passes_per_image(self):
        """What a map costs, in gradient passes: int."""
        raise NotImplementedError

    def rule_set(self):
        """`sanity_checks.graphs.propagation.walk.RuleSet`."""
        raise NotImplementedError

    def of_classifier(self, classifier):
        """The method with what follows from the classifier where it was left open."""
        return self

    def work(self):
        return (Relevances(self),)

    def maps(self, task):
        return task.result(*self.work())

    def unsuitable(self, classifier):
        return classifier.inspected.no_relevance

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        arguments = {**(call_model_args or {}), METHOD: self}
        return np.asarray(call_model_function(x_value[None], arguments, [RELEVANCES])[RELEVANCES])[0]


@dataclasses.dataclass(frozen=True)
class LrpEpsilon(_Propagation):
    """LRP with the epsilon rule in every layer (Bach et al. 2015). Signed.

    With epsilon 0, on a network of ReLUs without biases, it is Gradient x Input.
    """
    epsilon: float = fields.parameter(1e-3, "what is added to each denominator, with its sign")

    def __post_init__(self):
        super().__post_init__()
        fields.check_at_least(self, "epsilon", 0)

    @property
    def passes_per_image(self):
        return WHOLE

    def rule_set(self):
        return walk.RuleSet(rules.Epsilon(self.epsilon), rules.Epsilon(self.epsilon))


@dataclasses.dataclass(frozen=True)
class LrpAlphaBeta(_Propagation):
    """LRP with the alpha-beta rule in every layer (Bach et al. 2015): alpha - beta = 1. Signed.

    With beta = 0 the map has the sign of the logit throughout, where a network of ReLUs is given images that are not
    negative; it is then Excitation Backprop's (Zhang et al. 2016).
    """
    alpha: float = fields.parameter(1., "weight of the positive contributions, at least 1")
    beta: float = fields.parameter(0., "weight of the negative contributions, alpha - 1")

    def __post_init__(self):
        super().__post_init__()
        fields.check_at_least(self, "alpha", 1)
        fields.check_at_least(self, "beta", 0)
        if abs(self.alpha - self.beta - 1) > SIGNED_TOLERANCE:
            raise ValueError(f"LrpAlphaBeta: beta must be alpha - 1, got alpha {self.alpha} and beta {self.beta}")

    @property
    def passes_per_image(self):
        return BOTH if self.beta else POSITIVE

    def rule_set(self):
        rule = rules.AlphaBeta(self.alpha, self.beta)
        return walk.RuleSet(rule, rule)


class _OfRange(_Propagation):
    """A method whose first layer is bounded by the lowest and the highest value of images, its fields low and high."""

    def __post_init__(self):
        super().__post_init__()
        for name in ("low", "high"):
            fields.hold_array(self, name)
        if self.low is not None and self.high is not None and not np.all(np.asarray(self.low) < np.asarray(self.high)):
            raise ValueError(f"{type(self).__name__}: low must be below high, got {self.low} and {self.high}")

    @property
    def is_open(self):
        """Whether the range is needed and not known."""
        return self.low is None or self.high is None

    def of_images(self, input_range):
        low, high = (given if given is not None else end for given, end in zip((self.low, self.high), input_range))
        return dataclasses.replace(self, low=low, high=high) if self.is_open else self

    def of_classifier(self, classifier):
        if self.is_open and classifier.input_range is None:
            raise ValueError(f"low: model {classifier.name!r} does not tell the range of its images; give low and high")
        return self.of_images(classifier.input_range) if self.is_open else self


_LOW, _HIGH = (f"{end} value that an image can have; by default the data set's, else the model's own; from Python also one for each "
               "channel" for end in ("lowest", "highest"))


@dataclasses.dataclass(frozen=True)
class DeepTaylor(_OfRange):
    """Deep Taylor decomposition (Montavon et al. 2017): z+ in hidden layers, the first one bounded; biases are ignored.

    Never negative for images within the range. An image whose explained logit is negative has an all-zero map.
    """
    low: float | fields.Array | None = fields.parameter(None, _LOW)
    high: float | fields.Array | None = fields.parameter(None, _HIGH)

    @property
    def passes_per_image(self):
        return POSITIVE

    def rule_set(self):
        hidden = rules.AlphaBeta(1., 0., bias=False)
        return walk.RuleSet(hidden, hidden, rules.Bounded(self.low, self.high), positive=True)


@dataclasses.dataclass(frozen=True)
class LrpComposite(_OfRange):
    """LRP with a rule for each kind of layer (Kohlbrenner et al. 2020): what practitioners use. Signed.

    Epsilon in dense layers, z+ or alpha 2, beta 1 in convolutions, flat or bounded in the first layer. The flat rule would
    give all of the image the same where the first layer is dense: such a layer has the epsilon rule.
    """
    convolution: str = fields.parameter("z_plus", "rule of convolutions: z_plus (alpha 1, beta 0), or alpha_2_beta_1",
                                        choices=("z_plus", "alpha_2_beta_1"))
    first: str = fields.parameter("flat", "rule of the first layer: flat, or bounded as in deep Taylor decomposition",
                                  choices=("flat", "bounded"))
    epsilon: float = fields.parameter(1e-6, "what is added to each denominator of dense layers, with its sign; zennit's")
    low: float | fields.Array | None = fields.parameter(None, _LOW)
    high: float | fields.Array | None = fields.parameter(None, _HIGH)

    def __post_init__(self):
        super().__post_init__()
        fields.check_choices(self)
        fields.check_at_least(self, "epsilon", 0)

    @property
    def is_open(self):
        return self.first == "bounded" and super().is_open

    @property
    def passes_per_image(self):
        return POSITIVE if self.convolution == "z_plus" else BOTH

    def rule_set(self):
        weights = {"z_plus": (1., 0.), "alpha_2_beta_1": (2., 1.)}[self.convolution]
        first = rules.Flat() if self.first == "flat" else rules.Bounded(self.low, self.high)
        return walk.RuleSet(rules.AlphaBeta(*weights), rules.Epsilon(self.epsilon), first)
