"""Measures what the library is held to, as ratios within one run (machines are noisy, ratios less so).

    python -m experiments.benchmark
    python -m experiments.benchmark --model=inception_v3 --benchmarks=run --num_images=8

    methods   per image: PAIR's own classes, one call after the other, against the batched methods
    relevance per image: a gradient against a map of Deconvnet and of each method that propagates relevance
    run       a cascading run over images against the bare gradient passes that it needs
    draws     all blocks drawn: each variable's own initializer against the others
    metrics   per pair: scipy's and scikit-image's calls against the vectorized metrics
    memory    resident memory of a run over many images against that of a run over few
    training  per image: one compiled training step on one batch, again and again, against whole epochs over a data set

Weights are random and images are noise: neither changes the cost.
"""

from absl import flags

from experiments import command
from experiments import flag_checks
from experiments import flag_groups
from experiments import from_flags
from sanity_checks import lazy
from sanity_checks import methods

measurements = lazy.module("experiments.measurements")
models = lazy.module("sanity_checks.models")

KINDS = ("methods", "relevance", "run", "draws", "metrics", "memory", "training")


def define():
    """The flags: `command.FlagSet`."""
    found, group = command.FlagSet(), "Benchmarks"
    found.add(group, flags.DEFINE_string, "model", "cnn", "Model to measure on.")
    found.add(group, flags.DEFINE_list, "benchmarks", list(KINDS), f"Which of {', '.join(KINDS)}.")
    found.add(group, flags.DEFINE_integer, "num_images", 256, "Images of the run benchmark.", lower_bound=1)
    found.add(group, flags.DEFINE_integer, "batch_size", None, "Rows of a model pass; default: by image size.", lower_bound=1)
    found.add(group, flags.DEFINE_float, "seconds", 2., "How long each thing is measured.", lower_bound=0.)
    found.add(group, flags.DEFINE_integer, "memory_images", None,
              "Print the resident memory of a run over so many images, in MB, only.", lower_bound=1)
    flag_groups.choice_of_methods(found)
    return found


def check(found):
    """ValueError if the flags ask for what cannot be measured."""
    options = found.values
    flag_groups.check_names("benchmarks", options.benchmarks, dict.fromkeys(KINDS))
    if options.methods:
        flag_groups.check_names("methods", options.methods, methods.METHODS)
    flag_checks.check_parameters(options)


def main(found):
    check(found)
    options = found.values
    classifier = models.load_classifier(options.model, weights="random")
    for name in options.methods:
        methods.check_suitable(classifier, name, from_flags.make_method(options, name))
    if options.memory_images:
        print(measurements.resident_memory(classifier, options, options.memory_images))
        return
    print(f"{'':58}{'baseline':>12}{'ours':>12} {'':9}{'ratio':>8}")
    for name in options.benchmarks:
        for line in measurements.KINDS[name](classifier, options):
            print(line, flush=True)


if __name__ == "__main__":
    command.run(main, define)
