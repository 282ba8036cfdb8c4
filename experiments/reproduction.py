"""What the reproduction of the paper consists of: experiments as commands, and what each gives to the report."""

import dataclasses
import os

from experiments import further_flags
from experiments import sample_network
from sanity_checks import datasets
from sanity_checks.comparison import jobs
from sanity_checks.training import training_run
from sanity_checks.vocabulary import datasets as dataset_records
from sanity_checks.vocabulary import methods as method_records
from sanity_checks.vocabulary import models as model_records
from sanity_checks.vocabulary import names

SMALL_MODELS = ("cnn", "mlp")
TRAINING_SEED = 0
CONTROLS = ("edge_detector", "random_map")
SIMILARITY, PROTOCOL = "similarity", "protocol"     # beginnings of the flagfiles: without, and with, how weights are drawn

BINARIES = {
    "cascading": "cascading_randomization",
    "independent": "independent_randomization",
    "random_networks": "random_networks",
    "labels": "label_randomization",
}
TESTED = (*BINARIES.values(), "edge_comparison")        # that --test_flags go to, as far as they have them

# The paper's figures that the runs of a model on a data set go into, by test; mnist_5k stands for mnist.
FIGURES = {
    ("inception_v3", "image_folder"): {"cascading": (2, 4, 5, 8, 9, 10), "independent": (3, 10)},
    ("cnn", "mnist"): {"cascading": (20, 30), "independent": (21, 30), "labels": (6, 22)},
    ("cnn", "fashion_mnist"): {"cascading": (4, 20, 26), "independent": (21, 26), "labels": (24,)},
    ("mlp", "mnist"): {"cascading": (4, 20, 34), "independent": (21,), "labels": (23,)},
    ("mlp", "fashion_mnist"): {"cascading": (20, 35), "independent": (21,), "labels": (25,)},
}


@dataclasses.dataclass(frozen=True)
class Step:
    """An experiment.

    Attributes:
        name: str, its folder.
        binary: str, module in `experiments`.
        arguments: tuple of str, flags besides --output_dir.
        missing: str, why it cannot run here; "" if it can.
        figures: tuple of int and str, the paper's figures that it goes into.
        is_run: whether its rows go into the report.
        pictures: dict, number of a figure -> pattern of files in its folder that are that figure.
        table: (caption, file in its folder without suffix) of a table for the report, or None.
    """
    name: str
    binary: str
    arguments: tuple
    missing: str = ""
    figures: tuple = ()
    is_run: bool = True
    pictures: dict = dataclasses.field(default_factory=dict)
    table: tuple | None = None


def steps(options):
    """All experiments, those that cannot run with the reason: list of `Step`.

    Args:
        options: the flags of `experiments.reproduce`.

    Raises:
        ValueError: an unknown model or data set.
    """
    for name, given, known in (("models", options.models, SMALL_MODELS), ("datasets", options.datasets, datasets.DATASETS)):
        for value in given:
            if value not in known or value in dataset_records.GIVEN:
                raise ValueError(f"{name}: expected some of {', '.join(known)}, got {value!r}")
            if given.count(value) > 1:
                raise ValueError(f"{name}: {value!r} is named twice")
    found, missing = [], ""
    for dataset in options.datasets:
        missing = unavailable(options, dataset)
        for model in options.models:
            found += small_network(options, model, dataset, missing)
    if options.datasets:
        found += discussion(options, options.datasets[-1], missing)
    return found + sample_photographs(options) + photographs(options)


def unavailable(options, dataset):
    """Why a data set cannot be read, in a line; "" if it can.

    Raises:
        ValueError: it has fewer images than --num_images, or a network was trained on it otherwise.
    """
    try:
        found = datasets.load(dataset, options.data_dir if dataset != "mnist_5k" else None)
    except (ValueError, OSError) as error:
        return " ".join(str(error).split())
    jobs.Units(num_images=options.num_images).count(found)
    for model in options.models:
        path = weights_file(options, model, dataset)
        if os.path.exists(path):
            training_run.check_reusable(path, model, found, options.training_iterations, TRAINING_SEED)
    return ""


def weights_file(options, model, dataset):
    """Where a network that is trained here lies: str."""
    return os.path.join(options.output_dir or "", "models", f"{model}_{dataset}", training_run.WEIGHTS)


def small_network(options, model, dataset, missing):
    """The tests of a network on a small data set, trained by the first of them that needs it."""
    data = ("--dataset=" + dataset, *((f"--data_dir={options.data_dir}",) if options.data_dir else ()))
    trained = (f"--weights={weights_file(options, model, dataset)}", "--train_if_missing", f"--training_iterations={options.training_iterations}")
    figures = FIGURES[model, "mnist" if dataset == "mnist_5k" else dataset]
    chosen = [method for method in options.methods
              if model_records.MODELS[model].feature_map or not _reads_features(method)]
    missing = missing or ("" if chosen else f"none of --methods suits {names.label(names.MODELS, model)}")
    common = (f"--model={model}", *data, f"--methods={','.join(chosen)}", f"--num_images={options.num_images}")
    found = []
    for test, binary in BINARIES.items():
        given = trained if test != "labels" else (
            f"--training_dir={os.path.join(options.output_dir, 'models', f'labels_{model}_{dataset}')}",
            *options.label_flags)
        draws = {"random_networks": options.null_draws, "labels": options.label_draws}.get(test, options.draws)
        found.append(Step(f"{model}_{dataset}_{test}", binary,
                          _tested(options, (*common, *given, f"--draws={draws}"), binary), missing, figures.get(test, ())))
    return found


def sample_photographs(options):
    """The tests of a network and of photographs that packages bring, where they are asked for."""
    if not options.sample_photographs:
        return []
    missing = sample_network.unavailable(options.sample_photographs)
    return [
        Step(f"{sample_network.MODEL}_{test}", BINARIES[test],
             (*_tested(options, sample_network.arguments(options, test), BINARIES[test]), *options.sample_flags), missing)
        for test in sample_network.TESTS]


def photographs(options):
    """The experiments on photographs."""
    read = (f"--images={options.images}", f"--preprocess={options.preprocess}", *_photographs(options))
    return inception(options) + alexnet(options) + [
        dataclasses.replace(step, name=f"{step.name}_photographs", figures=())
        for step in without_networks(options, read, _lacking(options))]


def inception(options):
    """The tests of Inception v3, its maps beside edges, and the calibration of the metrics."""
    missing = _lacking(options, "inception_weights")
    common = ("--model=inception_v3", f"--weights={options.inception_weights}", f"--images={options.images}",
              f"--preprocess={options.preprocess}", f"--metrics={','.join(options.photograph_metrics)}")
    tested = (*common, f"--methods={','.join(options.methods)}")
    figures = FIGURES["inception_v3", "image_folder"]
    count = _photographs(options)
    found = [
        Step(f"inception_v3_{test}", BINARIES[test],
             _tested(options, (*tested, *count, f"--draws={options.null_draws if test == 'random_networks' else 1}"),
                     BINARIES[test]),
             missing, figures.get(test, ()))
        for test in ("cascading", "independent", "random_networks")]
    edges = [method for method in options.methods if method in method_records.PAPER]
    lacking = missing or ("" if edges else "none of --methods is one of the paper's")
    found.append(Step("edge_comparison", "edge_comparison",
                      _tested(options, (*common, f"--methods={','.join(edges)}", *count), "edge_comparison"), lacking, (1, "37B"),
                      is_run=False, pictures={1: "figures/maps_grey.*", "37B": "figures/maps_diverging.*"}))
    found.append(_calibration(options, "inception_v3", (*common, *count), missing))
    return found


def alexnet(options):
    """Perturbation masks on AlexNet."""
    arguments = ("--model=alexnet", f"--weights={options.alexnet_weights}", f"--images={options.images}",
                 "--preprocess=caffe", "--methods=perturbation_mask", *_photographs(options))
    return [Step("alexnet_perturbation", BINARIES["cascading"], _tested(options, arguments, BINARIES["cascading"]),
                 _lacking(options, "alexnet_weights"), (36,))]


def discussion(options, dataset, missing):
    """The experiments of the paper's discussion and appendix that a small data set is enough for."""
    data = ("--dataset=" + dataset, *((f"--data_dir={options.data_dir}",) if options.data_dir else ()),
            f"--num_images={options.num_images}")
    return [_calibration(options, "cnn", ("--model=cnn", "--weights=random", *data), missing),
            *without_networks(options, data, missing)]


def without_networks(options, data, missing):
    """The experiments that need images alone."""
    metrics = f"--metrics={','.join(options.photograph_metrics)}"
    return [
        Step("input_times_random", "input_times_random", (*data, metrics), missing, (19,)),
        Step("simple_models", "simple_models", (*data, f"--figure_images={','.join(options.figure_images)}"),
             missing, (7, "37A"), is_run=False,
             pictures={7: "figures/simple_convolution_grey.*", "37A": "figures/simple_convolution_diverging.*"}),
    ]


def _calibration(options, model, arguments, missing):
    return Step(f"calibration_{model}", "metric_calibration", arguments, missing, is_run=False,
                table=(f"Calibration of the metrics (appendix B), {names.label(names.MODELS, model)}", "tables/calibration"))


def _reads_features(method):
    return method in method_records.METHODS and method_records.METHODS[method].feature_map


def _tested(options, arguments, binary):
    """The flags of a test: first the protocol's, as far as the binary has them, which the others override."""
    part = SIMILARITY if binary in ("label_randomization", "edge_comparison") else PROTOCOL
    protocol = os.path.join(os.path.dirname(__file__), "flagfiles", f"{part}_{options.protocol}.flags")
    metrics = (f"--metrics={','.join(options.metrics)}",) if options.metrics else ()
    tested = [flag for flag in options.test_flags if further_flags.name_of(flag, "test_flags", TESTED) in further_flags.known(binary)]
    return (f"--flagfile={protocol}", *metrics, *arguments, *tested,
            f"--figure_images={','.join(options.figure_images)}")


def _photographs(options):
    return (f"--num_images={options.num_photographs}",) if options.num_photographs else ()


def _lacking(options, *needed):
    lacking = [f"--{name}" for name in (*needed, "images") if not getattr(options, name)]
    return f"{' and '.join(lacking)} not given" if lacking else ""
