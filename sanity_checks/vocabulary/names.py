"""Display names and line styles: from registry names to what figures and tables show.

The names are the paper's where it has them. The order of a dict is the order in which tables and figures list
things. A name that is not here (a user's own method, metric or model) is shown as it is.
"""

import dataclasses
import re

METHODS = {
    "gradient": "Gradient",
    "smoothgrad": "SmoothGrad",
    "input_x_gradient": "Gradient ⊙ Input",
    "guided_backprop": "Guided BackProp",
    "gradcam": "GradCAM",
    "guided_gradcam": "Guided GradCAM",
    "integrated_gradients": "Integrated Gradients",
    "integrated_gradients_smoothgrad": "Integrated Gradients-SG",
    "vargrad": "VarGrad",
    "edge_detector": "Edge Detector",
    "input_x_edges": "Edges ⊙ Input",
    "random_map": "Random Map",
    "xrai": "XRAI",
    "blur_ig": "Blur IG",
    "guided_ig": "Guided IG",
    "occlusion": "Occlusion",
    "perturbation_mask": "Perturbation",
    "truncated_normal": "Truncated Normal",
    "uniform": "Uniform",
}

METRICS = {
    "spearman_abs": "Rank Correlation (ABS)",
    "spearman": "Rank Correlation (No ABS)",
    "ssim": "SSIM",
    "hog": "HOG Similarity",
    "spearman_abs_released": "Rank Correlation (ABS, released)",
    "spearman_released": "Rank Correlation (No ABS, released)",
    "ssim_released": "SSIM (released)",
    "hog_released": "HOG Similarity (released)",
}

MODELS = {
    "inception_v3": "Inception v3",
    "cnn": "CNN",
    "mlp": "MLP",
    "alexnet": "AlexNet",
    "none": "No model",
}

DATASETS = {
    "imagenet": "ImageNet",
    "mnist": "MNIST",
    "fashion_mnist": "Fashion MNIST",
    "mnist_5k": "MNIST (5,000 images)",
    "image_folder": "Photographs",
}

TESTS = {
    "cascading": "Cascading Randomization",
    "independent": "Independent Randomization",
    "bottom_up": "Bottom-up Randomization",
    "random_networks": "Random Networks",
    "labels": "Data Randomization",
    "calibration": "Calibration",
    "input_times_random": "Noise scale of the random vector",
    "simple_models": "Simple Models",
    "edge_comparison": "Similarity to Edges",
}

LABEL_STAGES = TRUE_LABELS, RANDOM_LABELS = "true labels", "random labels"      # of the data randomization test


@dataclasses.dataclass(frozen=True)
class Style:
    """How a method's curve is drawn, in Matplotlib's terms: `color`, `linestyle` and `marker`."""

    color: str
    linestyle: str
    marker: str


# Hues that stay apart under the common kinds of colour blindness (after Okabe and Ito). Where two methods
# share a hue they are of one family, and line and marker tell them apart.
_BLUE, _SKY, _ORANGE, _RED = "#0072B2", "#56B4E9", "#E69F00", "#D55E00"
_GREEN, _PINK, _BLACK, _GREY = "#009E73", "#CC79A7", "#000000", "#7F7F7F"

METHOD_STYLES = {
    "gradient": Style(_BLUE, "-", "o"),
    "smoothgrad": Style(_SKY, "-", "s"),
    "input_x_gradient": Style(_ORANGE, "-", "^"),
    "guided_backprop": Style(_GREEN, "-", "P"),
    "gradcam": Style(_PINK, "-", "X"),
    "guided_gradcam": Style(_GREEN, "--", "*"),
    "integrated_gradients": Style(_RED, "-", "v"),
    "integrated_gradients_smoothgrad": Style(_RED, "--", "<"),
    "vargrad": Style(_SKY, ":", "D"),
    "edge_detector": Style(_GREY, ":", "."),
    "input_x_edges": Style(_ORANGE, ":", "."),
    "random_map": Style(_GREY, "--", "x"),
    "xrai": Style(_BLACK, "-", "h"),
    "blur_ig": Style(_RED, ":", "p"),
    "guided_ig": Style(_ORANGE, "--", ">"),
    "occlusion": Style(_BLACK, "--", "d"),
    "perturbation_mask": Style(_BLACK, ":", "H"),
    "truncated_normal": Style(_BLUE, "--", "d"),
    "uniform": Style(_RED, "-", "d"),
}

_OTHER_STYLES = tuple(
    Style(color, "-.", marker)
    for marker in ("o", "s") for color in (_GREY, _PINK, _BLUE, _ORANGE, _BLACK, _SKY, _GREEN))


def label(names, name):
    """Returns the display name: `names[name]`, or `name` itself where it has none.

    Args:
        names: one of this module's dicts, `METHODS`, `METRICS` ...
        name: str, a registry name or a user's own.
    """
    return names.get(name, name)


def ordered(names, present):
    """Returns the distinct names in `present` as a list: those of the dict `names` first, in its order."""
    distinct = list(dict.fromkeys(present))
    return [name for name in names if name in distinct] + [name for name in distinct if name not in names]


def styles(methods):
    """Returns a dict from each of `methods` to its `Style`: fixed where known, else taken in turn."""
    others = [method for method in methods if method not in METHOD_STYLES]
    spare = {method: _OTHER_STYLES[i % len(_OTHER_STYLES)] for i, method in enumerate(others)}
    return {method: METHOD_STYLES.get(method) or spare[method] for method in methods}


def file_stem(*parts):
    """Joins names to a file name without suffix: `file_stem("cnn", "my data")` is "cnn_my_data"."""
    return "_".join(re.sub(r"[^A-Za-z0-9.-]+", "_", str(part)).strip("_") for part in parts)
