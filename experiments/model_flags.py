"""Flags that say which model is explained, and on which data."""

import os
import sys

from absl import flags
from absl import logging
import tqdm

from sanity_checks import datasets
from sanity_checks import models
from sanity_checks.training import training_run

MODEL = flags.DEFINE_string(
    "model", "cnn", f"Model to explain: {', '.join(models.MODELS)}, or a path to a Keras file (.keras, .h5, SavedModel).")
WEIGHTS = flags.DEFINE_string(
    "weights", None, "Weights file of --model, or 'random' for an untrained network. Not needed for a Keras file.")
TRAIN_IF_MISSING = flags.DEFINE_bool(
    "train_if_missing", False, "If the file --weights is missing, train --model on --dataset and write it there.")
TRAINING_ITERATIONS = flags.DEFINE_integer(
    "training_iterations", 20_000, "Optimizer steps of 50 images with --train_if_missing.", lower_bound=1)
TRAINING_SEED = flags.DEFINE_integer("training_seed", 0, "Seed of the training with --train_if_missing.")
BLOCKS = flags.DEFINE_list(
    "blocks", [], "Randomization blocks, top to bottom, each name=regular expression of layer names; "
    "default: the model's own, or one block per layer.")
GRADCAM_LAYER = flags.DEFINE_string(
    "gradcam_layer", None, "Layer whose output GradCAM reads; default: the last convolutional feature map.")
DATASET = flags.DEFINE_enum(
    "dataset", None, list(datasets.DATASETS), "Data set; default: image_folder with --images, else mnist.")
DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Folder of the data set's files (npz or IDX); default: Keras' cache, the system, a download.")
IMAGES = flags.DEFINE_string("images", None, "Photographs: a folder, a glob, or a CSV with columns file and label.")
PREPROCESS = flags.DEFINE_enum(
    "preprocess", "inception", list(datasets.PREPROCESSING), "How photographs become model inputs.")
SKIP_UNREADABLE = flags.DEFINE_bool("skip_unreadable", False, "Skip, name and count photographs that cannot be read.")


def load_dataset(image_shape=(299, 299, 3)):
    """The data set that the flags name: `sanity_checks.datasets.Dataset`.

    Args:
        image_shape: (H, W, C) that photographs are resized to.
    """
    name = DATASET.value or ("image_folder" if IMAGES.value else "mnist")
    options = {}
    if name == "image_folder":
        options = {"images": IMAGES.value, "image_size": tuple(image_shape[:2]), "preprocess": PREPROCESS.value,
                   "skip_unreadable": SKIP_UNREADABLE.value}
    elif IMAGES.value:
        raise ValueError(f"--images goes with --dataset=image_folder, not with --dataset={name}")
    dataset = datasets.load(name, DATA_DIR.value, **options)
    logging.info("data set %s read from %s", dataset.name, dataset.source)
    return dataset


def load_classifier():
    """The classifier that the flags name, trained first if --train_if_missing says so."""
    path = WEIGHTS.value or None
    if TRAIN_IF_MISSING.value and not (path and os.path.basename(path) == training_run.WEIGHTS):
        raise ValueError(f"--train_if_missing: --weights must name the file to write, "
                         f"FOLDER/{training_run.WEIGHTS}, got {path!r}")
    if TRAIN_IF_MISSING.value and not os.path.exists(path):
        train(MODEL.value, load_dataset(), os.path.dirname(path) or ".", TRAINING_ITERATIONS.value,
              TRAINING_SEED.value)
    return models.load_classifier(MODEL.value, path, blocks=BLOCKS.value, gradcam_layer=GRADCAM_LAYER.value)


def train(model, dataset, directory, iterations, seed):
    """Trains a registered network into a directory with a progress bar; returns its metrics dict."""
    architecture = models.trainable(model)
    with tqdm.tqdm(total=iterations, unit="step", desc=f"training {model} on {dataset.name}", file=sys.stderr,
                   smoothing=0.02, mininterval=0.5) as bar:
        def progress(done, loss, accuracy):
            bar.set_postfix(loss=f"{loss:.3f}", accuracy=f"{accuracy:.3f}", refresh=False)
            if bar.n == 0:
                bar.initial = done      # a resumed training: the rate is that of this process
            bar.update(done - bar.n)
        metrics = training_run.train(model, architecture, dataset, directory, iterations, seed, progress)
    logging.info("%s: train %.4f, validation %.4f, test %.4f", directory, metrics["train_accuracy"],
                 metrics["validation_accuracy"], metrics["test_accuracy"])
    return metrics
