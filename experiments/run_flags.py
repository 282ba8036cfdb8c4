"""Flags shared by the randomization tests: what is computed, on which images, and where it goes."""

import dataclasses
import os

from absl import flags

from experiments import method_flags
from sanity_checks import metrics
from sanity_checks.comparison import runner
from sanity_checks.weights import initialization

NUM_IMAGES = flags.DEFINE_integer(
    "num_images", None, "The first so many test images; default: all.", lower_bound=1)
METRICS = flags.DEFINE_list(
    "metrics", ["spearman_abs", "spearman", "ssim", "hog"], f"Similarity metrics: {', '.join(metrics.METRICS)}.")
DRAWS = flags.DEFINE_integer("draws", 1, "Independent random draws of the weights.", lower_bound=1)
SEED = flags.DEFINE_integer("seed", 0, "Seed of weights and noise.", lower_bound=0)
INITIALIZER = flags.DEFINE_enum(
    "initializer", "original", list(initialization.INITIALIZERS),
    "What random weights are drawn from: each variable's own initializer (released code), or a distribution.")
INITIALIZER_STDDEV = flags.DEFINE_float(
    "initializer_stddev", 0.01, "Standard deviation of truncated_normal and uniform (paper's text: 0.01).")
RANDOMIZE_BATCH_NORM_STATISTICS = flags.DEFINE_bool(
    "randomize_batch_norm_statistics", False, "Set a random block's moving mean and variance to 0 and 1 too.")
REDRAW = flags.DEFINE_enum(
    "redraw", "fresh", initialization.REDRAWS,
    "Whether random blocks are drawn anew at every stage (fresh, released code) or keep their draw (nested).")
EXPLAINED_CLASS = flags.DEFINE_enum(
    "explained_class", "own", runner.EXPLAINED_CLASSES,
    "Explain each state's own prediction (released code), the original's prediction, or the label.")
BATCH_SIZE = flags.DEFINE_integer(
    "batch_size", None, "Rows of a model pass; memory grows with it, results do not depend on it.", lower_bound=1)
IMAGES_PER_UNIT = flags.DEFINE_integer(
    "images_per_unit", None, "Images in a work unit, what a kill can lose; default: by image size.", lower_bound=1)
OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Run directory: rows, tables, figures. Resumed if it exists.")
SHARD = flags.DEFINE_integer("shard", 0, "Compute this part of the work units, from 0.", lower_bound=0)
NUM_SHARDS = flags.DEFINE_integer("num_shards", 1, "Number of parts.", lower_bound=1)
FIGURE_IMAGES = flags.DEFINE_list("figure_images", ["0", "1", "2"], "Positions of the images whose maps are drawn.")

# Flags that say where and how, not what: a run directory may be continued with other values of them. Weights and
# images are compared by their content, methods by the parameters of those that run (`experiments.randomization`).
FREE = ("batch_size", "output_dir", "shard", "num_shards", "data_dir", "train_if_missing", "training_iterations",
        "training_seed", "weights", "images", "skip_unreadable")


def check():
    """ValueError if the values of the flags do not fit together."""
    if not OUTPUT_DIR.value:
        raise ValueError("--output_dir: expected a folder for the run, got nothing")
    if SHARD.value >= NUM_SHARDS.value:
        raise ValueError(f"--shard: expected 0 to {NUM_SHARDS.value - 1} (--num_shards={NUM_SHARDS.value}), "
                         f"got {SHARD.value}")
    if not METRICS.value:
        raise ValueError(f"--metrics: expected at least one of {', '.join(metrics.METRICS)}, got nothing")
    if not INITIALIZER_STDDEV.value > 0:
        raise ValueError(f"--initializer_stddev must be above 0, got {INITIALIZER_STDDEV.value}")
    figure_images()


def figure_images():
    """--figure_images as tuple of int."""
    if not all(text.strip().isdigit() for text in FIGURE_IMAGES.value):
        raise ValueError(f"--figure_images: expected positions from 0, got {','.join(FIGURE_IMAGES.value)}")
    return tuple(int(text) for text in FIGURE_IMAGES.value)


def protocol(test, classifier):
    """The `sanity_checks.comparison.runner.Protocol` that the flags describe."""
    randomization = initialization.Randomization(
        INITIALIZER.value, INITIALIZER_STDDEV.value, RANDOMIZE_BATCH_NORM_STATISTICS.value, REDRAW.value)
    return runner.Protocol(
        test=test, methods=method_flags.make_methods(classifier), metrics=tuple(METRICS.value), seed=SEED.value,
        randomization=randomization, explained_class=EXPLAINED_CLASS.value, batch_size=BATCH_SIZE.value)


def number_of_images(dataset):
    """How many test images are used; ValueError if the data set has fewer than --num_images."""
    asked = NUM_IMAGES.value or len(dataset.test)
    if asked > len(dataset.test):
        raise ValueError(f"--num_images: {dataset.name} has {len(dataset.test)} test images, got {asked}")
    return asked


def own_flags():
    """The flags that this package's modules define: list of absl.flags.Flag, by name."""
    by_module = flags.FLAGS.flags_by_module_dict()
    modules = ("experiments.", "__main__")
    found = {flag.name: flag for module, defined in by_module.items() for flag in defined
             if module.startswith(modules) or os.path.dirname(__file__) in module}
    return [found[name] for name in sorted(found)]


def settings(made):
    """The flags that a run directory holds its runs to: dict, name -> value.

    Args:
        made: dict, name -> method; only the parameters of these count.
    """
    parameters = method_flags.parameter_flags()
    held = {flag.name: flag.value for flag in own_flags() if flag.name not in FREE and flag.name not in parameters}
    for name, method in made.items():
        held.update({f"{name}_{parameter}": value for parameter, value in dataclasses.asdict(method).items()})
    return {**held, "methods": list(made)}


def flagfile():
    """Text of a flagfile that re-runs the binary in the same directory, all shards."""
    lines = [flag.serialize() for flag in own_flags() if flag.name not in ("shard", "num_shards")]
    return "".join(f"{line}\n" for line in lines if line)
