"""Groups of flags that several binaries share. Each function adds a group to a `command.FlagSet`; none imports TensorFlow."""

from absl import flags

from sanity_checks import datasets
from sanity_checks import imported
from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks import numerics
from sanity_checks import registry
from sanity_checks.comparison import runner
from sanity_checks.vocabulary import datasets as dataset_records
from sanity_checks.vocabulary import models
from sanity_checks.weights import initialization

_DEFINE = {int: flags.DEFINE_integer, float: flags.DEFINE_float, str: flags.DEFINE_string, bool: flags.DEFINE_bool}


def model(found, blocks=True, training=True):
    """Which model is explained; whether in blocks, and whether it can be trained first."""
    group = "Model"
    found.add(group, flags.DEFINE_string, "model", "cnn",
              f"Model to explain: {', '.join(name for name in models.MODELS)}; a path to a file of Keras 3 or tf_keras "
              f"(.keras, .h5, SavedModel); or {imported.FORM}, a function that returns a model.")
    found.add(group, flags.DEFINE_string, "weights", None,
              "Weights file of --model, or 'random' for an untrained network. Not needed for a Keras file.")
    found.add(group, flags.DEFINE_bool, "trust_model", False,
              "Let the file --model run code that it holds, such as Lambda layers: only for files that you trust.")
    if training:
        found.add(group, flags.DEFINE_bool, "train_if_missing", False,
                  "If the file --weights is missing, train --model on --dataset and write it there.")
        found.add(group, flags.DEFINE_integer, "training_iterations", 20_000,
                  "Optimizer steps of 50 images with --train_if_missing.", lower_bound=1)
        found.add(group, flags.DEFINE_integer, "training_seed", 0, "Seed of the training with --train_if_missing.",
                  lower_bound=0)
    found.add(group, flags.DEFINE_string, "output", None,
              "Output to explain, of a model that has several: a key, or the name of the layer that makes it.")
    if blocks:
        found.add(group, flags.DEFINE_list, "blocks", [],
                  "Randomization blocks, top to bottom, each name=regular expression of layer names or paths (encoder/dense); "
                  "or 'grouped': about twenty of a deep model; default: the model's own, or one block per layer.")
    gradcam_layer(found)


def gradcam_layer(found):
    """Which feature map GradCAM reads."""
    found.add("Model", flags.DEFINE_string, "gradcam_layer", None,
              "Layer whose output GradCAM reads; default: the last convolutional feature map.")


def data(found, given=True):
    """On which images; `given` ones are a user's own, without them a network can be trained on any."""
    group = "Images"
    listed = [name for name in datasets.DATASETS if given or dataset_records.DATASETS[name].trains]
    found.add(group, flags.DEFINE_enum, "dataset", None, listed,
              "Data set; default: arrays with --images=FILE.npz or .npy, image_folder with other --images, else mnist."
              if given else "Data set; default: mnist.")
    found.add(group, flags.DEFINE_string, "data_dir", None,
              "Folder of the data set's files (npz or IDX); default: Keras' cache, the system, a download.")
    if given:
        found.add(group, flags.DEFINE_string, "images", None,
                  "Photographs: a folder, a glob, or a CSV with columns file and label. Or arrays: an .npz file with "
                  "images [N, H, W, C] (uint8 or float) and, if there are any, labels and ids; or an .npy file of images.")
        found.add(group, flags.DEFINE_string, "image_size", None,
                  "H,W of model inputs, for a model that takes any size; default: the model's own.")
        found.add(group, flags.DEFINE_string, "preprocess", None,
                  f"How pixels become model inputs: {', '.join(datasets.PREPROCESSING)}, or numbers on the scale of 0 to "
                  f"255, MEAN,STD or three means and three standard deviations; default: for photographs the model's, or "
                  f"inception; arrays as they are. Arrays of floats always are.")
        found.add(group, flags.DEFINE_bool, "skip_unreadable", False,
                  "Skip, name and count photographs that cannot be read.")


def choice_of_methods(found):
    """Which methods, and a flag for each of their parameters."""
    found.add("Methods", flags.DEFINE_list, "methods", [],
              f"Saliency methods; default: the paper's that suit the model. Known: {', '.join(methods.METHODS)}; or "
              f"{imported.FORM}, a function (classifier, images, targets, seed) -> maps.")
    found.add("Methods", flags.DEFINE_enum, "estimators", "paper", list(methods.ESTIMATORS),
              "Parameters that are not given: the paper's, or those of cheaper estimators of the same maps (a tenth of the passes).")
    parameters(found, methods.METHODS)


def parameters(found, names_of_methods):
    """A flag for each parameter of these methods that can have one."""
    for name in names_of_methods:
        for parameter in methods.parameters(name):
            if parameter.choices:
                found.add("Parameters of methods", flags.DEFINE_enum, f"{name}_{parameter.name}", parameter.default,
                          list(parameter.choices), parameter.description)
            elif parameter.type in _DEFINE:
                found.add("Parameters of methods", _DEFINE[parameter.type], f"{name}_{parameter.name}",
                          parameter.default, parameter.description)


def choice_of_metrics(found):
    """Which similarity metrics."""
    found.add("Similarity", flags.DEFINE_list, "metrics", ["spearman_abs", "spearman", "ssim", "hog"],
              f"Similarity metrics: {', '.join(metrics.METRICS)}.")


def explained_class(found):
    """Which logit is explained."""
    found.add("Similarity", flags.DEFINE_enum, "explained_class", "own", runner.EXPLAINED_CLASSES,
              "Explain each state's own prediction (released code), the original's prediction, or the label.")


def denoising(found):
    """Over how many noisy copies maps are averaged before they are compared."""
    found.add("Similarity", flags.DEFINE_integer, "denoise_samples", 1,
              "Compare means of the maps of so many copies of the image, itself and noisy ones (smooth MPRT: 50); 1 is the "
              "plain test.", lower_bound=1)
    found.add("Similarity", flags.DEFINE_float, "denoise_noise", 0.1,
              "Standard deviation of the copies' noise, as a fraction of the image's max - min.", lower_bound=0.)
    found.add("Run", flags.DEFINE_enum, "precision", numerics.FLOAT32, list(numerics.PRECISIONS),
              "How GPUs from Ampere on multiply; tensorfloat32 is faster, and changes the maps of deep networks a little.")


def randomization(found):
    """How weights are drawn."""
    group = "Randomization"
    found.add(group, flags.DEFINE_enum, "initializer", "original", list(initialization.INITIALIZERS),
              "What random weights are drawn from: each variable's own initializer (released code), a distribution, or what "
              "keeps the scale: a permutation of the variable's trained values, or a normal of their mean and deviation. Frozen layers are drawn too; what was created non-trainable is not.")
    found.add(group, flags.DEFINE_float, "initializer_stddev", 0.01,
              f"Standard deviation of {' and '.join(initialization.WITH_STDDEV)} (paper's text: 0.01).")
    found.add(group, flags.DEFINE_bool, "randomize_batch_norm_statistics", False,
              "Set a random block's moving mean and variance of BatchNormalization to 0 and 1 too.")
    found.add(group, flags.DEFINE_enum, "redraw", "fresh", initialization.REDRAWS,
              "Whether random blocks are drawn anew at every stage (fresh, released code) or keep their draw (nested).")


def run(found, draws="Independent random draws of the weights.", batch_size=True, figure_images=True):
    """How much is computed, by whom, and where it goes.

    Args:
        found: `command.FlagSet`.
        draws: str, what a draw is; "" where there is nothing to draw.
        batch_size: bool, whether a model is run.
        figure_images: bool, whether maps of single images are drawn.
    """
    group = "Run"
    found.add(group, flags.DEFINE_string, "output_dir", None,
              "Run directory: rows, tables, figures. Resumed if it exists.")
    found.add(group, flags.DEFINE_integer, "num_images", None, "The first so many test images; default: all.",
              lower_bound=1)
    if draws:
        found.add(group, flags.DEFINE_integer, "draws", 1, draws, lower_bound=1)
    found.add(group, flags.DEFINE_integer, "seed", 0, "Seed of everything random.", lower_bound=0)
    if batch_size:
        found.add(group, flags.DEFINE_integer, "batch_size", None,
                  "Rows of a model pass; memory grows with it, results do not depend on it.", lower_bound=1)
    found.add(group, flags.DEFINE_integer, "images_per_unit", None,
              "Images in a work unit, what a kill can lose; default: by image size.", lower_bound=1)
    found.add(group, flags.DEFINE_integer, "shard", 0, "Compute this part of the work units, from 0.", lower_bound=0)
    found.add(group, flags.DEFINE_integer, "num_shards", 1, "Number of parts.", lower_bound=1)
    executor(found)
    if figure_images:
        found.add(group, flags.DEFINE_list, "figure_images", ["0", "1", "2"],
                  "Positions of the images whose maps are drawn.")


def executor(found):
    """Who computes the units."""
    group = "Cluster"
    found.add(group, flags.DEFINE_enum, "executor", "local", ["local", "ray"],
              "Who computes: this process, beside any others of the same command; or the workers of a Ray cluster (extra [cluster]).")
    found.add(group, flags.DEFINE_string, "ray_address", None,
              "Ray cluster, HOST:PORT or auto; default: RAY_ADDRESS, or one on this machine for this command alone.")
    found.add(group, flags.DEFINE_integer, "workers", None, "Workers of the cluster; default: as many as it has room for.", lower_bound=1)
    found.add(group, flags.DEFINE_float, "gpus_per_worker", None,
              "GPUs of a worker, also a part of one; default: 1 where the cluster has GPUs, else 0.", lower_bound=0.)
    found.add(group, flags.DEFINE_float, "cpus_per_worker", 1., "CPUs of a worker, which are its threads too.", lower_bound=0.)
    found.add(group, flags.DEFINE_enum, "results", "shared", ["shared", "driver"],
              "Who writes what workers compute: they, into --output_dir on a disk that all machines share; or this process, which they "
              "send each unit's files to.")


def check_names(name, values, known):
    """ValueError if a list flag is empty, names something unknown, or something twice."""
    if not values:
        raise ValueError(f"{name}: expected at least one of {', '.join(known)}, got nothing")
    for value in values:
        try:
            registry.lookup(known, value, name.removesuffix("s"))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        if values.count(value) > 1:
            raise ValueError(f"{name}: {value!r} is named twice")


def own_methods(values):
    """The functions among the values of --methods, imported.

    Args:
        values: list of str, names in `methods.METHODS` or "package.module:function".

    Returns:
        dict, "package.module:function" -> function.

    Raises:
        ValueError: an unknown name, a function that cannot be imported, or two methods of one name.
    """
    registered = [value for value in values if not imported.is_reference(value)]
    if registered or not values:
        check_names("methods", registered, methods.METHODS)
    found, names = {}, {}
    for value in values:
        if imported.is_reference(value):
            found[value] = imported.function(value, "methods")
            name = methods.name_of(found[value])
            if name in methods.METHODS:
                raise ValueError(f"methods: {value} is called {name!r} like a registered method; give the function another name")
            if name in names:
                raise ValueError(f"methods: {names[name]} and {value} are both called {name!r}; give one another name")
            names[name] = value
    return found
