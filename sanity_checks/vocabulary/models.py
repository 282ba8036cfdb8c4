"""The models: what each is called and what it has, in display order."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Model:
    """What a model is.

    Attributes:
        label: str.
        trained_here: whether it is one of the paper's small networks, which are trained by this software.
        feature_map: whether it has a convolutional feature map.
    """
    label: str
    trained_here: bool = False
    feature_map: bool = True


MODELS = {
    "inception_v3": Model("Inception v3"),
    "cnn": Model("CNN", trained_here=True),
    "mlp": Model("MLP", trained_here=True, feature_map=False),
    "alexnet": Model("AlexNet"),
    "efficientnet_lite0": Model("EfficientNet-Lite0"),
}
NO_MODEL = "none"       # of rows that no model has a part in
