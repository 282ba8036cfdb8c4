"""The saliency methods: what each is called, how it is drawn, and what it is, in display order."""

import dataclasses

from sanity_checks.vocabulary import styles

_SOLID, _DASHED, _DOTTED = "-", "--", ":"


@dataclasses.dataclass(frozen=True)
class Method:
    """What a method is.

    Attributes:
        label: str, the paper's name where it has one.
        style: `styles.Style`.
        paper: whether it is one of the eight that the paper tests.
        signed: whether its maps have values of both signs.
        feature_map: whether it reads a convolutional feature map, which not every model has.
        control: whether it ignores the weights, so that its maps never change.
        chance: whether its maps have nothing in common on different weights.
        followed: whether the paper follows it over several images through all stages (figures 8 and 9).
    """
    label: str
    style: styles.Style
    paper: bool = False
    signed: bool = True
    feature_map: bool = False
    control: bool = False
    chance: bool = False
    followed: bool = False


def _style(color, line, marker):
    return styles.Style(color, line, marker)


METHODS = {
    "gradient": Method("Gradient", _style(styles.BLUE, _SOLID, "o"), paper=True),
    "smoothgrad": Method("SmoothGrad", _style(styles.SKY, _SOLID, "s"), paper=True),
    "input_x_gradient": Method("Gradient ⊙ Input", _style(styles.ORANGE, _SOLID, "^"), paper=True),
    "guided_backprop": Method("Guided BackProp", _style(styles.GREEN, _SOLID, "P"), paper=True, followed=True),
    "gradcam": Method("GradCAM", _style(styles.PINK, _SOLID, "X"), paper=True, signed=False, feature_map=True),
    "guided_gradcam": Method("Guided GradCAM", _style(styles.GREEN, _DASHED, "*"), paper=True, feature_map=True),
    "integrated_gradients": Method("Integrated Gradients", _style(styles.RED, _SOLID, "v"), paper=True),
    "integrated_gradients_smoothgrad": Method("Integrated Gradients-SG", _style(styles.RED, _DASHED, "<"), paper=True),
    "vargrad": Method("VarGrad", _style(styles.SKY, _DOTTED, "D"), signed=False),
    "edge_detector": Method("Edge Detector", _style(styles.GREY, _DOTTED, "."), signed=False, control=True),
    "input_x_edges": Method("Edges ⊙ Input", _style(styles.ORANGE, _DOTTED, "."), control=True),
    "random_map": Method("Random Map", _style(styles.GREY, _DASHED, "x"), chance=True),
    "xrai": Method("XRAI", _style(styles.BLACK, _SOLID, "h")),
    "blur_ig": Method("Blur IG", _style(styles.RED, _DOTTED, "p")),
    "guided_ig": Method("Guided IG", _style(styles.ORANGE, _DASHED, ">")),
    "occlusion": Method("Occlusion", _style(styles.BLACK, _DASHED, "d")),
    "perturbation_mask": Method("Perturbation", _style(styles.BLACK, _DOTTED, "H"), signed=False),
    "deconvnet": Method("Deconvnet", _style(styles.GREEN, _DOTTED, "X")),
    "lrp_epsilon": Method("LRP-ε", _style(styles.PINK, _DASHED, "o")),
    "lrp_alpha_beta": Method("LRP-αβ", _style(styles.PINK, _DOTTED, "s")),
    "deep_taylor": Method("Deep Taylor", _style(styles.SKY, _DASHED, "^"), signed=False),
    "lrp_composite": Method("LRP Composite", _style(styles.PINK, _SOLID, "D")),
}

# What stands in the method's place in rows of the input times random vectors.
DISTRIBUTIONS = {
    "truncated_normal": Method("Truncated Normal", _style(styles.BLUE, _DASHED, "d")),
    "uniform": Method("Uniform", _style(styles.RED, _SOLID, "d")),
}

DRAWN = {**METHODS, **DISTRIBUTIONS}
PAPER = tuple(name for name, method in METHODS.items() if method.paper)
CHANCE = next(name for name, method in METHODS.items() if method.chance)
CONTROLS = tuple(name for name, method in METHODS.items() if method.control)
FOLLOWED = next(name for name, method in METHODS.items() if method.followed)
