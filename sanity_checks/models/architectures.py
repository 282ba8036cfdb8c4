"""The registered models: all that is known of each stands in its entry."""

from collections.abc import Callable
import dataclasses

from sanity_checks import registry
from sanity_checks.datasets import preprocessing
from sanity_checks.models import alexnet
from sanity_checks.models import class_names
from sanity_checks.models import cnn
from sanity_checks.models import efficientnet_lite0
from sanity_checks.models import efficientnet_weights
from sanity_checks.models import inception_v3
from sanity_checks.models import inception_weights
from sanity_checks.models import mlp


def _unnamed(outputs):
    return None


def _no_offset(outputs):
    return 0


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A registered model.

    Attributes:
        build: function (input_shape, num_classes) -> untrained Keras model.
        gradcam_layer: name of the layer whose output GradCAM reads; None where there is no convolution, or where
            the model's structure tells.
        load: function (weights, seed) -> Keras model, for weights that are more than a file for `build`; `weights`
            is a str.
        recognize: function of (package of its Keras, any Keras model that ends in logits) -> `sanity_checks.models.recognition.Recognized`
            if it is of this architecture, else None.
        class_names: function of the number of outputs -> tuple of str, or None.
        label_offset: function of the number of outputs -> int, see `sanity_checks.models.classifier.Classifier`.
        preprocessing: name in `sanity_checks.datasets.PREPROCESSING`, how photographs become the inputs that its
            published weights were trained on; None for a model of other images.
        trainable: whether it is one of the networks that the paper trained, and that can be trained here.
    """
    build: Callable
    gradcam_layer: str | None = None
    load: Callable | None = None
    recognize: Callable | None = None
    class_names: Callable = _unnamed
    label_offset: Callable = _no_offset
    preprocessing: str | None = None
    trainable: bool = False

    @property
    def input_range(self):
        """(lowest, highest) value of the images that it takes; None where nothing says so."""
        way = self.preprocessing or ("unit" if self.trainable else None)
        return preprocessing.PREPROCESSING[way].input_range if way else None


MODELS = {
    "cnn": Architecture(cnn.build, cnn.GRADCAM_LAYER, trainable=True),
    "mlp": Architecture(mlp.build, trainable=True),
    "inception_v3": Architecture(
        inception_v3.build, load=inception_weights.load, recognize=inception_v3.recognize,
        class_names=class_names.of_imagenet, label_offset=inception_v3.label_offset, preprocessing="inception"),
    "alexnet": Architecture(
        alexnet.build, alexnet.GRADCAM_LAYER, alexnet.load, class_names=class_names.of_imagenet,
        preprocessing="caffe"),
    "efficientnet_lite0": Architecture(
        efficientnet_lite0.build, load=efficientnet_weights.load, recognize=efficientnet_lite0.recognize,
        class_names=class_names.of_imagenet, preprocessing="efficientnet_lite"),
}


def trainable(name):
    """The `Architecture` of a network that can be trained here; ValueError for any other name."""
    known = {known: architecture for known, architecture in MODELS.items() if architecture.trainable}
    return registry.lookup(known, name, "trainable model")
