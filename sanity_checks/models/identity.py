"""What a run is held to beside a model's weights: everything else that its maps depend on."""

import hashlib
import json

from sanity_checks.models import blocks


def structure(classifier):
    """Describes a classifier so that two of equal structure and equal weights have equal maps at every weight state.

    Names that Keras made up (dense_3) play no part, so that a model built twice in a process has one structure.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.

    Returns:
        dict of JSON values: what the model's own package tells (`sanity_checks.keras2.structure`), "package", "blocks" and
        "fixed" (lists of [name, positions of its variables in the model]), "drawn" (positions of variables), "features" (which operation makes the feature map, and how it is
        laid out, or None) and "label_offset".
    """
    keras, features = classifier.keras, classifier.features
    return {
        **keras.structure(classifier.model),
        "package": keras.__name__.rpartition(".")[2],
        **_parts(keras, classifier),
        "features": None if features is None else [features.position, *features.size, features.layout],
        "label_offset": classifier.label_offset,
    }


def structure_sha256(classifier):
    """sha256 of `structure`: str."""
    return hashlib.sha256(json.dumps(structure(classifier), sort_keys=True).encode()).hexdigest()


def _parts(keras, classifier):
    """What is drawn of which block, told by positions; names count where a user gave them."""
    positions = {keras.key(variable): i for i, variable in enumerate(classifier.model.weights)}
    automatic = blocks.automatic_names(keras, classifier.model)

    def described(parts):
        return [["" if name in automatic else name, [positions[keras.key(variable)] for variable in variables]]
                for name, variables in parts.items()]
    return {"blocks": described(classifier.blocks), "fixed": described(classifier.fixed),
            "drawn": sorted(positions[key] for key in classifier.drawn)}
