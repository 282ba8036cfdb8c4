"""From a binary's flags to what the library takes: data set, classifier, methods, protocol, units, a finished run."""

import functools
import re
import sys

from absl import logging
import tqdm

from experiments import flag_groups
from sanity_checks import datasets
from sanity_checks import lazy
from sanity_checks import methods
from sanity_checks.comparison import jobs
from sanity_checks.comparison import runner
from sanity_checks.comparison import sources
from sanity_checks.runs import actors
from sanity_checks.runs import execute
from sanity_checks.training import training_run
from sanity_checks.vocabulary import datasets as dataset_records
from sanity_checks.vocabulary import methods as method_records
from sanity_checks.weights import initialization

tf = lazy.module("tensorflow")
models = lazy.module("sanity_checks.models")
input_ranges = lazy.module("sanity_checks.models.input_range")

FOLDER, ARRAYS = "image_folder", "arrays"
PHOTOGRAPHS = (FOLDER, "sample_photographs")
NO_MODEL_SHAPE = (299, 299, 3)          # (H, W, C) of photographs where no model says: Inception v3's
LARGEST_SIDE = 10_000                   # pixels of --image_size
CLUSTER = ("ray_address", "workers", "gpus_per_worker", "cpus_per_worker", "results")      # flags that go with --executor=ray
SHARING = ("shard", "num_shards", "executor", *CLUSTER)      # what flags.flags leaves out: it runs all shards, anywhere


def figure_images(options):
    """--figure_images as tuple of int; ValueError if they are no positions, or one twice."""
    positions = [text.strip() for text in options.figure_images]
    if not all(re.fullmatch("[0-9]{1,12}", text) for text in positions):
        raise ValueError(f"figure_images: expected positions from 0, got {','.join(options.figure_images)}")
    found = tuple(map(int, positions))
    for position in found:
        if found.count(position) > 1:
            raise ValueError(f"figure_images: {position} is named twice")
    return found


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
    if name in PHOTOGRAPHS:
        arguments = {"image_size": shape[:2], "channels": shape[2], "preprocess": options.preprocess or _preprocess(loaded)}
        logging.info("photographs are prepared by preprocess %s", arguments["preprocess"])
    if name == FOLDER:
        arguments |= {"images": images, "skip_unreadable": options.skip_unreadable}
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


def _preprocess(loaded):
    """How photographs become inputs where the flags do not say: as the model's published weights were trained."""
    architecture = models.MODELS.get(loaded.name) if loaded else None
    return architecture and architecture.preprocessing or datasets.DEFAULT_PREPROCESSING


def classifier(options, weights):
    """The classifier that the flags name with these weights (a path, `models.RANDOM` or None): `sources.Source`."""
    source = sources.Source(functools.partial(
        models.load_classifier, options.model, weights, blocks=getattr(options, "blocks", None) or None,
        gradcam_layer=options.gradcam_layer, image_size=image_size(options), output=options.output,
        trust="trust_model" in options and options.trust_model))
    leave_gpus(options)
    source.get()
    return source


def leave_gpus(options):
    """With a Ray cluster GPUs are its workers': this process, which loads the model to see that all fits, takes none."""
    if options.executor == "ray":
        tf.config.set_visible_devices([], "GPU")


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
    flags = {parameter.name: options[f"{name}_{parameter.name}"] for parameter in methods.parameters(name)
             if f"{name}_{parameter.name}" in options}
    preset = methods.ESTIMATORS[options.estimators].get(name, {}) if "estimators" in options else {}
    values = {parameter: preset[parameter] if parameter in preset and not flag.present else flag.value for parameter, flag in flags.items()}
    try:
        return methods.make(name, **values)
    except ValueError as error:
        wrong = next((parameter for parameter in values if f"{parameter} must" in str(error)), None)
        raise ValueError(f"{name}_{wrong}: {error}" if wrong else str(error)) from error


def randomization(options):
    """How the flags say that weights are drawn: `initialization.Randomization`."""
    if not 0 < options.initializer_stddev <= initialization.LARGEST_STDDEV:
        raise ValueError(f"initializer_stddev: must be above 0 and at most {initialization.LARGEST_STDDEV:g}, got "
                         f"{options.initializer_stddev:g}")
    return initialization.Randomization(options.initializer, options.initializer_stddev,
                                        options.randomize_batch_norm_statistics, options.redraw)


def protocol(options, test, loaded, drawn=None):
    """The `runner.Protocol` that the flags describe; `drawn` is an `initialization.Randomization`."""
    further = {name: options[name].value for name in ("denoise_samples", "denoise_noise", "precision") if name in options}
    return runner.Protocol(
        test=test, methods=make_methods(options, loaded), metrics=tuple(options.metrics) if "metrics" in options else (),
        seed=options.seed, randomization=drawn or initialization.Randomization(), explained_class=options.explained_class,
        batch_size=options.batch_size, **further)


def units(options, data):
    """How the flags cut a run over a `Dataset`: `jobs.Units`. Warns of positions in --figure_images beyond its images."""
    names = list(options)
    found = jobs.Units(options.draws if "draws" in names else 1, options.num_images, options.images_per_unit,
                       figure_images(options) if "figure_images" in names else ())
    warn_of_figures(found.figure_images, found.count(data))
    return found


def warn_of_figures(positions, count):
    """Warns of positions in --figure_images beyond the images of a run."""
    beyond = [str(position) for position in positions if position >= count]
    if beyond:
        logging.warning("--figure_images: the run has %d images, from position 0; not drawn: %s", count, ", ".join(beyond))


def flagfile(found):
    """Text of a flagfile that runs the binary again in the same directory, all shards."""
    return found.flagfile(SHARING)


def cluster(options):
    """The Ray cluster that the flags name: `actors.Cluster`; None where this process computes."""
    if options.executor == "local":
        return None
    return actors.Cluster(options.ray_address or "", options.workers, options.gpus_per_worker, options.cpus_per_worker, options.results)


def finished(job, options):
    """Computes this shard's part of a job with a progress bar; returns whether all of the run is done, and to be drawn here."""
    return execute.execute(job, options.output_dir, options.shard, options.num_shards, ray=cluster(options))
