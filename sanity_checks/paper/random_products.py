"""The input times two random vectors: how alike are x * u and x * v (Adebayo et al. 2018, figure 19)?

Stands for methods that multiply the input by something of the model, such as Gradient x Input: put noise in
the place of that something, and what similarity is left is the input's. The random vectors are
`center + scale * noise`.

Around 1, the default and our choice, scale 0 leaves the input itself, and the larger the scale, the less is left
of what u and v have in common. Around 0 the scale cancels in every metric of this library: the curve is flat, and
is where the others end.
"""

import dataclasses

import numpy as np
from scipy import special

from sanity_checks import metrics
from sanity_checks import randomness
from sanity_checks import registry
from sanity_checks import runs
from sanity_checks.comparison import checks
from sanity_checks.comparison import identity
from sanity_checks.comparison import sources
from sanity_checks.runs import fingerprint
from sanity_checks.runs import job as run_jobs
from sanity_checks.vocabulary import models

TEST = "input_times_random"     # of the rows, whose method is the distribution and whose stage is the scale
MODEL = models.NO_MODEL
NO_CLASS = -1                   # nothing is explained
CENTER = 1.
SCALES = (0., 0.1, 0.2, 0.5, 1., 2., 5., 10.)
LARGEST = float(np.finfo(np.float32).max)
TRUNCATED_AT = 2                # standard deviations, as TensorFlow's


def _truncated_normal(generator, shape):
    low, high = special.ndtr([-TRUNCATED_AT, TRUNCATED_AT])
    return special.ndtri(generator.uniform(low, high, shape))


DISTRIBUTIONS = {
    "truncated_normal": _truncated_normal,                                  # sd 0.880; 1 before it is truncated
    "uniform": lambda generator, shape: generator.uniform(-1, 1, shape),    # sd 0.577
}


@dataclasses.dataclass(frozen=True)
class Protocol:
    """What is compared.

    Attributes:
        metrics: names in `metrics.METRICS`.
        distributions: names in `DISTRIBUTIONS`.
        scales: floats, growing, from 0: what the noise is multiplied by.
        center: float, added to it.
        seed: int.
    """
    metrics: tuple
    distributions: tuple = tuple(DISTRIBUTIONS)
    scales: tuple = SCALES
    center: float = CENTER
    seed: int = 0

    def __post_init__(self):
        for name, known, kind in (("metrics", metrics.METRICS, "metric"), ("distributions", DISTRIBUTIONS, "distribution")):
            values = getattr(self, name)
            if not values:
                raise ValueError(f"{name}: expected at least one of {', '.join(known)}, got nothing")
            for value in values:
                registry.lookup(known, value, kind)
                if values.count(value) > 1:
                    raise ValueError(f"{name}: {value!r} is named twice")
        for name, values in (("scales", self.scales), ("center", (self.center,))):
            if not all(abs(value) <= LARGEST for value in values):
                raise ValueError(f"{name}: expected finite numbers of single precision, got {', '.join(f'{value:g}' for value in values)}")
        if not self.scales or min(self.scales) < 0 or list(self.scales) != sorted(set(self.scales)):
            raise ValueError("scales: expected growing numbers of at least 0, got "
                             f"{', '.join(f'{scale:g}' for scale in self.scales) or 'nothing'}")


def noise(distribution, side, image_ids, shape, draw=0, seed=0):
    """Random vectors of scale 1 around 0, the same for every scale.

    Args:
        distribution: name in `DISTRIBUTIONS`.
        side: 0 for u, 1 for v.
        image_ids: sequence of N str, that name the streams.
        shape: (H, W, C).
        draw, seed: int.

    Returns:
        float64 [N, H, W, C].
    """
    make = registry.lookup(DISTRIBUTIONS, distribution, "distribution")
    return np.stack([make(randomness.generator(TEST, seed, draw, distribution, side, image_id), shape)
                     for image_id in image_ids])


def compare(images, image_ids, protocol, draw=0, dataset="", progress=None):
    """Similarity of the images times u to the images times v.

    Args:
        images: float32 [N, H, W, C].
        image_ids: sequence of N str.
        protocol: `Protocol`.
        draw: int.
        dataset: str, for the rows.
        progress: function of the number of comparisons of images just done, all metrics at once.

    Returns:
        pandas.DataFrame with the columns `runs.COLUMNS`.
    """
    rows = runs.Collector(MODEL, dataset, TEST, draw, image_ids)
    for distribution in protocol.distributions:
        u, v = (noise(distribution, side, image_ids, images.shape[1:], draw, protocol.seed) for side in (0, 1))
        for index, scale in enumerate(protocol.scales):
            a, b = (images * (protocol.center + scale * vector) for vector in (u, v))
            for metric in protocol.metrics:
                rows.add(index, f"{scale:g}", distribution, metric, metrics.similarity(a, b, metric), NO_CLASS)
            if progress:
                progress(len(images))
    return rows.frame()


@dataclasses.dataclass(frozen=True)
class Computation:
    """Builds the function that computes a unit; see `runs.job.Job.build`."""
    dataset: sources.Source
    protocol: Protocol

    def __call__(self):
        dataset = self.dataset.get()

        def compute(unit, progress):
            images, ids = dataset.test[unit.first:unit.last], dataset.test.ids[unit.first:unit.last]
            return compare(images, ids, self.protocol, unit.draw, dataset.name, progress), []
        return compute


def job(dataset, protocol, units, flagfile=""):
    """The job that compares products.

    Args:
        dataset: `sources.Source`.
        protocol: `Protocol`.
        units: `comparison.jobs.Units`.
        flagfile: str.
    """
    images = dataset.get()
    checks.check_metrics(protocol.metrics, images.image_shape)
    held = {"test": TEST, "dataset": images.name, **fingerprint.json_value(dataclasses.asdict(protocol)),
            **units.settings(images)}
    return run_jobs.Job(TEST, held, identity.of_images(images, units.count(images)), units.cut(images),
                        len(protocol.distributions) * len(protocol.scales), Computation(dataset, protocol), "step", flagfile)
