"""A classifier in memory as something that can be pickled: its model as a file's bytes, and what was known about it."""

import dataclasses
import os
import tempfile

from sanity_checks import lazy

models = lazy.module("sanity_checks.models")


@dataclasses.dataclass(frozen=True, eq=False)
class Packed:
    """Returns a classifier; pickled, it holds the model with its present weights, and makes the classifier anew.

    Attributes:
        classifier: `sanity_checks.models.classifier.Classifier`.
    """
    classifier: object

    def __call__(self):
        return self.classifier

    def __reduce__(self):
        return _unpacked, (_bytes(self.classifier), _facts(self.classifier))


FILE = "model.keras"
PARTS = ("blocks", "fixed")


def _bytes(classifier):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, FILE)
        try:
            classifier.model.save(path)
        except (ValueError, TypeError, NotImplementedError) as error:
            raise ValueError(f"model: {classifier.name!r} cannot be sent to another process, since Keras cannot save "
                             f"it: {str(error).splitlines()[0]}") from error
        with open(path, "rb") as file:
            return file.read()


def _facts(classifier):
    """What is known of a classifier besides its model; variables by their position among the model's."""
    places = {classifier.keras.key(variable): place for place, variable in enumerate(classifier.model.weights)}
    return {"name": classifier.name, "class_names": classifier.class_names, "label_offset": classifier.label_offset,
            **{field: {name: [places[classifier.keras.key(variable)] for variable in block]
                       for name, block in getattr(classifier, field).items()} for field in PARTS},
            "gradcam_layer": classifier.inspected.gradcam_layer}


def _unpacked(content, facts):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, FILE)
        with open(path, "wb") as file:
            file.write(content)
        loaded = models.load_classifier(path, gradcam_layer=facts["gradcam_layer"])
    parts = {field: {name: tuple(loaded.model.weights[place] for place in block) for name, block in facts[field].items()}
             for field in PARTS}
    return Packed(dataclasses.replace(loaded, name=facts["name"], class_names=facts["class_names"],
                                      label_offset=facts["label_offset"], **parts))
