"""The paper's figures by their numbers: what each shows, in our words, and what is needed to draw it."""

import dataclasses

from sanity_checks.paper import parts
from sanity_checks.vocabulary import datasets
from sanity_checks.vocabulary import methods

# The data sets that stand for each of the paper's, the best first.
MNIST, FASHION, IMAGENET = map(datasets.standing_for, ("mnist", "fashion_mnist", "imagenet"))

JUNCO = "ILSVRC2012_val_00015410"       # the bird of the paper's main figures

_EIGHT = methods.PAPER
_BOTH = ("grey", "diverging")
_ALL = (*parts.RANK, "ssim", "hog")
MODEL = "inception_v3"                  # whose maps the paper's main figures show
_INCEPTION = (MODEL, IMAGENET)
_LITE = ("efficientnet_lite0", ("sample_photographs",))         # weights and photographs come with packages
_SMALL = (("cnn", MNIST), ("cnn", FASHION), ("mlp", MNIST), ("mlp", FASHION))


@dataclasses.dataclass(frozen=True)
class Figure:
    """A figure of the paper, or several that belong together.

    Attributes:
        title: str.
        caption: str, what it shows and what to look for.
        parts: tuple of what `sanity_checks.paper.parts` has; empty where a report is given the figure's
            files.
        substitutes: tuple of such parts, the same layout for another network, shown where the paper's has no run.
    """

    title: str
    caption: str
    parts: tuple = ()
    substitutes: tuple = ()


def _labels(model, datasets):
    return parts.LabelMasks(model, datasets), parts.Bars(model, datasets)


FIGURES = {
    "1": Figure(
        "Saliency maps and an edge detector",
        "Maps of a trained Inception v3 for three photographs, beside the output of an edge detector, which "
        "knows no model. Several methods look like it; looks alone do not tell whether a map explains the "
        "model.",
        (parts.Overview("inception_v3", IMAGENET, "cascading", (*_EIGHT, "edge_detector")),),
        (parts.Overview(*_LITE, "cascading", (*_EIGHT, "edge_detector")),),
    ),
    "2": Figure(
        "Cascading randomization of Inception v3",
        "Maps of one photograph as the network is randomized from the logits down, one more block at each "
        "stage. A method that explains the model must lose the object as its weights are lost.",
        (parts.Masks("inception_v3", IMAGENET, "cascading", ("grey",), _EIGHT, JUNCO),),
        (parts.Masks(*_LITE, "cascading", ("grey",), _EIGHT, "chelsea"),),
    ),
    "3": Figure(
        "Independent randomization of Inception v3",
        "The same photograph with one block random at a time and all others as trained: which blocks does a "
        "method depend on?",
        (parts.Masks("inception_v3", IMAGENET, "independent", ("grey",), _EIGHT, JUNCO),),
        (parts.Masks(*_LITE, "independent", ("grey",), _EIGHT, "chelsea"),),
    ),
    "4": Figure(
        "Similarity under cascading randomization",
        "Rank correlation between the maps of the trained model and those of each stage, of absolute values "
        "(top) and of signed values (bottom). Randomization begins at the dashed line. Bands: one standard "
        "deviation.",
        (parts.Curves("cascading", (_INCEPTION, ("cnn", FASHION), ("mlp", MNIST)), parts.RANK),),
    ),
    "5": Figure(
        "Structural similarity under cascading randomization",
        "SSIM and the similarity of histograms of oriented gradients for Inception v3, two measures that "
        "see edges and shapes rather than ranks.",
        (parts.Curves("cascading", (_INCEPTION,), ("ssim", "hog")),),
        (parts.Curves("cascading", (_LITE,), ("ssim", "hog")),),
    ),
    "6": Figure(
        "True against random labels, CNN on MNIST",
        "Maps of a network trained on true labels beside those of one that learned permuted labels by "
        "heart, and the rank correlations between the two. A method that explains what was learned must "
        "tell them apart.",
        _labels("cnn", MNIST),
    ),
    "7": Figure(
        "A convolution that sums",
        "Maps of a network of one convolution, a ReLU and a sum over all pixels. Its gradient is large "
        "where the filter crosses zero: an edge detector that has learned nothing.",
    ),
    "8": Figure(
        "Guided Backprop under cascading randomization, absolute values",
        "Several photographs. The object stays visible until the lowest blocks are randomized.",
        (parts.Followed(*_INCEPTION, "cascading", ("guided_backprop",), "grey"),),
        (parts.Followed(*_LITE, "cascading", ("guided_backprop",), "grey"),),
    ),
    "9": Figure(
        "Guided Backprop under cascading randomization, signed values",
        "The maps of figure 8 in a diverging scale.",
        (parts.Followed(*_INCEPTION, "cascading", ("guided_backprop",), "diverging"),),
    ),
    "10-18": Figure(
        "Inception v3: three photographs, all methods",
        "A junco, a dog and a corn cob (or the photographs of this run): cascading randomization in "
        "absolute and in signed values, and independent randomization.",
        (
            parts.Masks("inception_v3", IMAGENET, "cascading", _BOTH, most=3),
            parts.Masks("inception_v3", IMAGENET, "independent", ("grey",), most=3),
        ),
    ),
    "19": Figure(
        "The input times a random vector",
        "Similarity of x * u and x * v, the input times two random vectors, as their noise grows. The input "
        "dominates such products: they look alike though they have nothing in common but x.",
        (parts.Curves("input_times_random", (("none", (*FASHION, *MNIST)), ("none", IMAGENET)), _ALL),),
    ),
    "20": Figure(
        "Cascading randomization of CNN and MLP",
        "Rank correlations for the small networks on MNIST and Fashion-MNIST.",
        (parts.Curves("cascading", _SMALL, parts.RANK),),
    ),
    "21": Figure(
        "Independent randomization of CNN and MLP",
        "Rank correlations with one block random at a time. The stages do not build on each other.",
        (parts.Curves("independent", _SMALL, parts.RANK),),
    ),
    "22": Figure(
        "True against random labels, CNN on MNIST", "As figure 6, all methods.", _labels("cnn", MNIST)
    ),
    "23": Figure(
        "True against random labels, MLP on MNIST", "As figure 22, for the MLP.", _labels("mlp", MNIST)
    ),
    "24": Figure(
        "True against random labels, CNN on Fashion-MNIST",
        "As figure 22, on Fashion-MNIST.",
        _labels("cnn", FASHION),
    ),
    "25": Figure(
        "True against random labels, MLP on Fashion-MNIST",
        "As figure 23, on Fashion-MNIST.",
        _labels("mlp", FASHION),
    ),
    "26-29": Figure(
        "CNN on Fashion-MNIST: maps",
        "One image under cascading and under independent randomization, absolute and signed.",
        (
            parts.Masks("cnn", FASHION, "cascading", _BOTH),
            parts.Masks("cnn", FASHION, "independent", _BOTH),
        ),
    ),
    "30-33": Figure(
        "CNN on MNIST: maps",
        "One digit under cascading and under independent randomization, absolute and signed. With Gradient "
        "times Input and Integrated Gradients the digit stays legible, because the input is a factor of the "
        "map.",
        (
            parts.Masks("cnn", MNIST, "cascading", _BOTH),
            parts.Masks("cnn", MNIST, "independent", _BOTH),
        ),
    ),
    "34": Figure(
        "MLP on MNIST: maps",
        "One digit under cascading randomization, signed and absolute.",
        (parts.Masks("mlp", MNIST, "cascading", ("diverging", "grey")),),
    ),
    "35": Figure(
        "MLP on Fashion-MNIST: maps",
        "One image under cascading randomization, signed and absolute.",
        (parts.Masks("mlp", FASHION, "cascading", ("diverging", "grey")),),
    ),
    "36": Figure(
        "Perturbation masks on AlexNet",
        "Masks that delete as little as possible of the image (Fong and Vedaldi 2017) under cascading "
        "randomization from FC8 to Conv1.",
        (parts.Followed("alexnet", IMAGENET, "cascading", ("perturbation_mask",), "grey"),),
    ),
    "37A": Figure(
        "The convolution that sums, in colour and grey",
        "As figure 7, for each method.",
    ),
    "37B": Figure(
        "Maps and the product of image and edges",
        "Maps of a photograph beside the photograph times its edges, which looks much the same.",
    ),
}


def label(figure_id):
    """What a figure is called: "Figure 4", "Figures 10–18"."""
    return f"Figures {figure_id.replace('-', '–')}" if "-" in figure_id else f"Figure {figure_id}"


def find(number):
    """The id of the entry that a figure is in.

    Args:
        number: int or str: 4, "4", "37A", "10-18", or 12, which is in "10-18".

    Raises:
        ValueError: the paper has no such figure.
    """
    text = str(number)
    if text in FIGURES:
        return text
    for figure_id in FIGURES:
        first, dash, last = figure_id.partition("-")
        if dash and text.isdigit() and int(first) <= int(text) <= int(last):
            return figure_id
    raise ValueError(f"the paper has no figure {number!r}; expected one of {', '.join(FIGURES)}")
