"""A classifier: a Keras model that ends in logits, its randomization blocks, and its traced passes.

A traced pass reads the model's variables where they are, so assigning new weights needs no new trace. Each family of
methods owns the passes that it alone needs and asks for them with `trace`.
"""

from collections.abc import Callable
import dataclasses

from sanity_checks import keras2


@dataclasses.dataclass(frozen=True, eq=False)
class Classifier:
    """A model together with what the tests need to know about it.

    Attributes:
        name: str, "cnn", "mlp", "inception_v3" or the name of the user's model; goes into result rows.
        model: Keras model from images float32 [B, H, W, C] to logits float32 [B, classes]. Its variables are
            live: assigning to them changes every map computed afterwards.
        blocks: dict, block name -> tuple of variables, from the top (logits) to the bottom (input): what can be drawn anew.
        fixed: dict like `blocks`, of what no test draws: layers without variables that can be drawn, such as Normalization,
            and layers whose variables the logits do not depend on. Every variable of the model is in exactly one entry of
            either.
        drawn: frozenset of `keras.key(variable)`, the variables of `blocks` that drawing changes: those that were created
            trainable, also where their layer has been frozen since, and that the logits depend on.
        statistics: frozenset like `drawn`, the moving statistics of batch normalizations that the logits depend on.
        initializers: dict, `keras.key(variable)` -> the Keras initializer, or function of (shape, dtype), that the variable
            was made with; without those that are not known.
        inspected: `sanity_checks.models.inspection.Inspected`, what the forward pass tells.
        class_names: tuple of str, a name for each logit, or None.
        label_offset: int; a data set's label L is the logit L + label_offset. 1 where class 0 is the background.
        input_range: (lowest, highest) value that an image can have, floats or tuples of a float for each channel; None where
            neither the architecture nor the model's first layers tell.
        given: Keras model as it was given, with the softmax that `model` lacks; it shares the variables of `model`. Files are
            of it.
        output: str, the output of `given` that is explained, where it has several; else None.
        keras: package that knows the inside of this Keras' models, see `sanity_checks.keras2`.
    """

    name: str
    model: object
    blocks: dict
    initializers: dict
    inspected: object
    fixed: dict = dataclasses.field(default_factory=dict)
    drawn: frozenset = frozenset()
    statistics: frozenset = frozenset()
    class_names: tuple = None
    label_offset: int = 0
    input_range: tuple = None
    given: object = None
    output: str | None = None
    keras: object = keras2
    _traced: dict = dataclasses.field(default_factory=dict, init=False, repr=False)

    @property
    def parts(self):
        """`blocks`, then `fixed`: dict, name -> tuple of variables. Every variable of the model is in exactly one."""
        return {**self.blocks, **self.fixed}

    @property
    def features(self):
        """`sanity_checks.graphs.features.FeatureMap` that GradCAM reads, or None if there is none."""
        return self.inspected.features

    @property
    def image_shape(self):
        """(H, W, C) of the images that the model takes."""
        return tuple(self.model.input_shape[1:])

    @property
    def num_classes(self):
        """Number of logits."""
        return int(self.model.output_shape[-1])

    @property
    def advice(self):
        """What to do where a class is missing, for the end of a message: str, empty where there is nothing to say."""
        return "" if self.num_classes > 1 else "; its one output is class 0: end the model in a sigmoid to have classes 0 and 1"

    def trace(self, key, build: Callable):
        """A traced pass of this classifier, built on first use and then kept for all weight states.

        Args:
            key: hashable, the pass and all parameters that its graph depends on.
            build: function from the classifier to a tf.function.

        Raises:
            ValueError: the key belongs to another function's pass.
        """
        if key not in self._traced:
            self._traced[key] = build, build(self)
        builder, traced = self._traced[key]
        if getattr(builder, "__code__", builder) is not getattr(build, "__code__", build):
            raise ValueError(f"trace: key {key!r} is that of {builder.__module__}.{builder.__qualname__}, "
                             f"asked for by {build.__module__}.{build.__qualname__}")
        return traced

    def traces(self):
        """dict, key of a pass -> how often it has been traced."""
        return {key: traced.experimental_get_tracing_count() for key, (_, traced) in self._traced.items()}

    def logits(self, images):
        """Logits tf.Tensor float32 [B, classes] of images [B, H, W, C], by one traced forward pass."""
        return self.trace("logits", _logits)(images)


def _logits(classifier):
    return classifier.inspected.logits
