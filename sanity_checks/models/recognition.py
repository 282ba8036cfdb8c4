"""What a registered model's recognizer finds in a model of the user's."""

import dataclasses


@dataclasses.dataclass(frozen=True, eq=False)
class Recognized:
    """The fields of `sanity_checks.models.classifier.Classifier` of the same names."""
    blocks: dict
    initializers: dict
