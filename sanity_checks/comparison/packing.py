"""A classifier in memory as something that can be pickled: its model as a file's bytes, and what was known about it."""

import dataclasses
import os
import tempfile

from sanity_checks import lazy
from sanity_checks import messages

models = lazy.module("sanity_checks.models")

FILE = "model.keras"
PARTS = ("blocks", "fixed")


@dataclasses.dataclass(frozen=True, eq=False)
class Packed:
    """Returns a classifier; pickled, it holds the model with its present weights, and makes the classifier anew.

    The user's own classes are pickled by name: their modules are imported where the classifier is made anew.

    Attributes:
        classifier: `sanity_checks.models.classifier.Classifier`.
    """
    classifier: object

    def __call__(self):
        return self.classifier

    def __reduce__(self):
        return _unpacked, (_bytes(self.classifier), _facts(self.classifier), _classes(self.classifier))


def _bytes(classifier):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, FILE)
        try:
            classifier.given.save(path)
        except (ValueError, TypeError, NotImplementedError, AttributeError, RuntimeError) as error:
            raise ValueError(f"model: {classifier.name!r} cannot be sent to another process, since Keras cannot save "
                             f"it: {messages.one_line(error)}") from error
        with open(path, "rb") as file:
            return file.read()


def _facts(classifier):
    """What is known of a classifier besides its model; variables by their position among the model's."""
    places = {classifier.keras.key(variable): place for place, variable in enumerate(classifier.model.weights)}
    return {"name": classifier.name, "class_names": classifier.class_names, "label_offset": classifier.label_offset,
            **{field: {name: [places[classifier.keras.key(variable)] for variable in block]
                       for name, block in getattr(classifier, field).items()} for field in PARTS},
            "options": {"gradcam_layer": classifier.inspected.gradcam_layer, "image_size": classifier.image_shape[:2],
                        "output": classifier.output}}


def _classes(classifier):
    """The classes of a model's layers that are not Keras' own: dict, name -> class."""
    kinds = {type(layer) for layer in (classifier.given, *classifier.keras.inside(classifier.given))}
    return {kind.__name__: kind for kind in kinds if kind.__module__.partition(".")[0] not in ("keras", "tf_keras")}


def _unpacked(content, facts, classes):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, FILE)
        with open(path, "wb") as file:
            file.write(content)
        # this process's own program wrote the file, so the code in it is the user's
        with models.implementation_of(path).custom_objects(classes):
            loaded = models.load_classifier(path, trust=True, **facts["options"])
    parts = {field: {name: tuple(loaded.model.weights[place] for place in block) for name, block in facts[field].items()}
             for field in PARTS}
    return Packed(dataclasses.replace(loaded, name=facts["name"], class_names=facts["class_names"],
                                      label_offset=facts["label_offset"], **parts))
