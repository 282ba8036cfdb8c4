"""What a figure of the paper is made of: curves, bars, and maps of images in several arrangements.

What draws each is in `sanity_checks.report.drawing`. Attributes they share: `model`, str; `datasets`, tuple
of str, the data sets that will do, the best first; `test`, str; `most`, int, how many images are shown at
most.
"""

import dataclasses

RANK = ("spearman_abs", "spearman")


@dataclasses.dataclass(frozen=True)
class Curves:
    """Similarity against stage.

    Attributes:
        panels: tuple of (model, datasets), a column each.
        metrics: tuple of str, a row each; the `_released` variant stands in for one that was not computed.
    """

    test: str
    panels: tuple
    metrics: tuple


@dataclasses.dataclass(frozen=True)
class Bars:
    """Similarity of maps under true and under permuted labels, or of the two stages of another test; see `Curves`."""

    model: str
    datasets: tuple
    metrics: tuple = RANK
    test: str = "labels"


@dataclasses.dataclass(frozen=True)
class Masks:
    """Maps of an image, methods against stages, in a picture of its own.

    Attributes:
        modes: tuple of "grey" and "diverging", a picture each.
        methods: tuple of str, from top to bottom, of which those that a run lacks are left out. None: all it
            has.
        image: str, part of the id of the image that the paper shows; another is a substitute.
    """

    model: str
    datasets: tuple
    test: str
    modes: tuple
    methods: tuple | None = None
    image: str = ""
    most: int = 1


@dataclasses.dataclass(frozen=True)
class LabelMasks:
    """Maps of an image under true and under permuted labels, absolute and signed."""

    model: str
    datasets: tuple
    test: str = "labels"
    methods: tuple | None = None
    image: str = ""
    most: int = 1


@dataclasses.dataclass(frozen=True)
class Overview:
    """Maps of several images on the trained model, a row per image; attributes as those of `Masks`."""

    model: str
    datasets: tuple
    test: str
    methods: tuple | None = None
    image: str = ""
    most: int = 3


@dataclasses.dataclass(frozen=True)
class Followed:
    """One method through all stages, a row per image; `methods` holds its name, `mode` how it is shown."""

    model: str
    datasets: tuple
    test: str
    methods: tuple
    mode: str
    image: str = ""
    most: int = 3


OF_MAPS = (Masks, LabelMasks, Overview, Followed)
