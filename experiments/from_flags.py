"""From a binary's flags to what the library takes: data set, classifier, methods, protocol, units, a finished run."""

import functools
import os
import re
import sys

from absl import logging
import tqdm

from experiments import flag_groups
from sanity_checks import datasets
from sanity_checks import lazy
from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks.comparison import jobs
from sanity_checks.comparison import runner
from sanity_checks.comparison import sources
from sanity_checks.runs import execute
from sanity_checks.training import training_run
from sanity_checks.vocabulary import datasets as dataset_records
from sanity_checks.vocabulary import methods as method_records
from sanity_checks.weights import initialization

models = lazy.module("sanity_checks.models")
input_ranges = lazy.module("sanity_checks.models.input_range")

FOLDER, ARRAYS = "image_folder", "arrays"
NO_MODEL_SHAPE = (299, 299, 3)          # (H, W, C) of photographs where no model says: Inception v3's
LARGEST_SIDE = 10_000                   # pixels of --image_size
SHARING = ("shard", "num_shards")       # what flags.flags leaves out: it runs all shards


def check(found):
    """Checks, before anything is loaded, that the values of a run's flags fit together.

    Warns of flags that were given and cannot act.

    Args:
        found: `command.FlagSet` with the groups of `flag_groups.run` and any others.

    Raises:
        ValueError: they do not; the message names the flag.
    """
    options, names = found.values, found.names()
    if not options.output_dir:
        raise ValueError("output_dir: expected a folder for the run, got nothing")
    if options.shard >= options.num_shards:
        raise ValueError(f"shard: expected 0 to {options.num_shards - 1} (--num_shards={options.num_shards}), "
                         f"got {options.shard}")
    if "metrics" in names:
        flag_groups.check_names("metrics", options.metrics, metrics.METRICS)
    if "methods" in names and options.methods:
        flag_groups.own_methods(options.methods)
    if "figure_images" in names:
        figure_images(options)
    if "preprocess" in names and options.preprocess is not None:
        datasets.find_preprocessing(options.preprocess)
    image_size(options)
    for name, why in _idle(found):
        logging.warning("--%s has no effect: %s", name, why)


def _idle(found):
    """Flags that were given and cannot act under the other flags: yields (name, reason)."""
    options, names = found.values, found.names()
    conditions = {
        "training_iterations": (lambda: not options.train_if_missing, "it goes with --train_if_missing"),
        "trust_model": (lambda: not os.path.exists(options.model), "--model is no file"),
        "preprocess": (lambda: dataset_name(options) not in dataset_records.GIVEN, "it goes with --images"),
        "skip_unreadable": (lambda: dataset_name(options) != FOLDER, "it goes with photographs, --images"),
        "initializer_stddev": (lambda: options.initializer not in initialization.WITH_STDDEV,
                               f"it goes with --initializer={' or '.join(initialization.WITH_STDDEV)}"),
        "denoise_noise": (lambda: options.denoise_samples == 1, "it goes with --denoise_samples above 1"),
    }
    if "train_if_missing" in names:
        conditions["training_seed"] = (lambda: not options.train_if_missing, "it goes with --train_if_missing")
    for name, (idle, why) in conditions.items():
        if name in names and found.given(name) and idle():
            yield name, why
    if "methods" in names and options.methods:
        for method in methods.METHODS:
            for parameter in methods.parameters(method):
                name = f"{method}_{parameter.name}"
                if method not in options.methods and name in names and found.given(name):
                    yield name, f"--methods does not name {method}"


def figure_images(options):
    """--figure_images as tuple of int."""
    if not all(text.strip().isdigit() for text in options.figure_images):
        raise ValueError(f"figure_images: expected positions from 0, got {','.join(options.figure_images)}")
    return tuple(int(text) for text in options.figure_images)


def image_size(options):
    """--image_size as (H, W); None where it is not given."""
    text = getattr(options, "image_size", None)
    if text is None:
        return None
    sides = [side.strip() for side in text.split(",")]
    if len(sides) != 2 or not all(re.fullmatch("[0-9]{1,5}", side) and 0 < int(side) <= LARGEST_SIDE for side in sides):
        raise ValueError(f"image_size: expected H,W of 1 to {LARGEST_SIDE} pixels, such as 224,224, got {text!r}")
    return tuple(map(int, sides))


def dataset_name(options):
    """The data set that the flags name, or the default: str."""
    images = getattr(options, "images", None)
    default = (ARRAYS if datasets.is_file_of_arrays(images) else FOLDER) if images else "mnist"
    return options.dataset or default


def dataset(options, loaded=None):
    """The data set that the flags name: `sources.Source`.

    Logs a warning if its images are in another range than the model rescales inside.

    Args:
        options: the flags.
        loaded: `Classifier` that its photographs are resized for; None where no model reads them.

    Raises:
        ValueError: data that are not what the flags say, or of another size than --image_size.
    """
    name, size, images = dataset_name(options), image_size(options), getattr(options, "images", None)
    shape = loaded.image_shape if loaded else (*(size or NO_MODEL_SHAPE[:2]), NO_MODEL_SHAPE[2])
    if images and name not in dataset_records.GIVEN:
        wanted = ARRAYS if datasets.is_file_of_arrays(images) else f"{FOLDER} with photographs"
        raise ValueError(f"images: expected --dataset={wanted}, got --dataset={name}")
    arguments = {}
    if name == FOLDER:
        arguments = {"images": images, "image_size": shape[:2], "channels": shape[2],
                     "preprocess": options.preprocess or datasets.DEFAULT_PREPROCESSING,
                     "skip_unreadable": options.skip_unreadable}
    elif name == ARRAYS:
        arguments = {"images": images, "preprocess": options.preprocess}
    source = sources.Source(functools.partial(datasets.load, name, options.data_dir, **arguments))
    logging.info("data set %s read from %s", name, source.get().source)
    found = source.get().image_shape
    if size and tuple(found[:2]) != size:
        raise ValueError(f"image_size: images of {name} are {found[0]},{found[1]}, got {size[0]},{size[1]}")
    warning = loaded and input_ranges.mismatch(loaded, source.get())
    if warning:
        logging.warning("%s", warning)
    return source


def classifier(options):
    """The classifier that the flags name, trained first if --train_if_missing says so: `sources.Source`."""
    path = options.weights or None
    if options.train_if_missing and not (path and os.path.basename(path) == training_run.WEIGHTS):
        raise ValueError(f"train_if_missing: --weights must name the file to write, FOLDER/{training_run.WEIGHTS}, "
                         f"got {path!r}")
    if options.train_if_missing and not os.path.exists(path):
        train(options.model, dataset(options).get(), os.path.dirname(path) or ".", options.training_iterations,
              options.training_seed)
    source = sources.Source(functools.partial(
        models.load_classifier, options.model, path, blocks=getattr(options, "blocks", None) or None,
        gradcam_layer=options.gradcam_layer, image_size=image_size(options), output=options.output,
        trust="trust_model" in options and options.trust_model))
    source.get()
    return source


def train(model, data, directory, iterations, seed):
    """Trains a registered network into a directory with a progress bar; returns its metrics dict."""
    architecture = models.trainable(model)
    with tqdm.tqdm(total=iterations, unit="step", desc=f"training {model} on {data.name}", file=sys.stderr,
                   smoothing=0.02, mininterval=0.5) as bar:
        def progress(done, loss, accuracy):
            bar.set_postfix(loss=f"{loss:.3f}", accuracy=f"{accuracy:.3f}", refresh=False)
            if bar.n == 0:
                bar.initial = done      # a resumed training: the rate is that of this process
            bar.update(done - bar.n)
        found = training_run.train(model, architecture, data, directory, iterations, seed, progress)
    logging.info("%s: train %.4f, validation %.4f, test %.4f", directory, found["train_accuracy"],
                 found["validation_accuracy"], found["test_accuracy"])
    return found


def make_methods(options, loaded):
    """The methods that the flags name, with their parameters: dict, name -> `methods.base.Method`.

    Args:
        options: the flags.
        loaded: `Classifier` that they must be able to explain.

    Raises:
        ValueError: a parameter out of range, a function that cannot be imported, or a method that cannot explain this
            classifier.
    """
    own = flag_groups.own_methods(options.methods) if options.methods else {}
    made = dict((methods.name_of(own[name]), methods.make(own[name])) if name in own else (name, make_method(options, name))
                for name in options.methods or method_records.PAPER)
    if not options.methods:
        return {name: method for name, method in made.items() if not method.unsuitable(loaded)}
    for name, method in made.items():
        methods.check_suitable(loaded, name, method)
    return made


def log_feature_map(loaded, made):
    """Says which feature map is read, where a method reads one."""
    read = [name for name in made if name in method_records.METHODS and method_records.METHODS[name].feature_map]
    if read:
        logging.info("%s read%s the feature map of layer %s", " and ".join(read), "" if len(read) > 1 else "s", loaded.features)


def make_method(options, name):
    """One registered method with the parameters that the flags give; a ValueError names the flag."""
    values = {parameter.name: options[f"{name}_{parameter.name}"].value for parameter in methods.parameters(name)
              if f"{name}_{parameter.name}" in options}
    try:
        return methods.make(name, **values)
    except ValueError as error:
        wrong = next((parameter for parameter in values if f"{parameter} must" in str(error)), None)
        raise ValueError(f"{name}_{wrong}: {error}" if wrong else str(error)) from error


def randomization(options):
    """How the flags say that weights are drawn: `initialization.Randomization`."""
    if not options.initializer_stddev > 0:
        raise ValueError(f"initializer_stddev: must be above 0, got {options.initializer_stddev}")
    return initialization.Randomization(options.initializer, options.initializer_stddev,
                                        options.randomize_batch_norm_statistics, options.redraw)


def protocol(options, test, loaded, drawn=None):
    """The `runner.Protocol` that the flags describe; `drawn` is an `initialization.Randomization`."""
    made = make_methods(options, loaded)
    log_feature_map(loaded, made)
    return runner.Protocol(
        test=test, methods=made, metrics=tuple(options.metrics) if "metrics" in options else (), seed=options.seed,
        randomization=drawn or initialization.Randomization(), explained_class=options.explained_class,
        batch_size=options.batch_size, denoise_samples=options.denoise_samples, denoise_noise=options.denoise_noise)


def units(options):
    """How the flags cut the run: `jobs.Units`."""
    names = list(options)
    return jobs.Units(options.draws if "draws" in names else 1, options.num_images, options.images_per_unit,
                      figure_images(options) if "figure_images" in names else ())


def flagfile(found):
    """Text of a flagfile that runs the binary again in the same directory, all shards."""
    return found.flagfile(SHARING)


def finished(job, options):
    """Computes this shard's part of a job with a progress bar; returns whether all of the run is done."""
    return execute.execute(job, options.output_dir, options.shard, options.num_shards)
