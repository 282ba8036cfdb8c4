"""Compares the input times one random vector with the input times another as their noise grows (figure 19).

    python -m experiments.input_times_random --flagfile=experiments/flagfiles/input_times_random_quick.flags

Needs no model. Writes rows, tables and figures to --output_dir; to set data sets side by side, give their
runs to experiments.aggregate. Killed runs are resumed by the same command. Flags of models and methods have
no effect.
"""

from absl import flags

from experiments import aggregate
from experiments import errors
from experiments import model_flags
from experiments import run_flags
from experiments import unit_runs
from sanity_checks.paper import random_products

# Flags of what is not here: a model and its training.
UNUSED = ("model", "weights", "blocks", "gradcam_layer")


def define_flags():
    """Defines this binary's flags; a function, so that importing the module leaves other binaries' flags alone."""
    flags.DEFINE_list("distributions", list(random_products.DISTRIBUTIONS), "What the noise is drawn from.")
    flags.DEFINE_list("scales", [f"{scale:g}" for scale in random_products.SCALES],
                      "What the noise is multiplied by, growing: standard deviation of the normal before it is "
                      "truncated at twice that, half width of the uniform.")
    flags.DEFINE_float("center", random_products.CENTER,
                       "What the noise is added to. 0: the random vector is noise alone, and no metric sees its scale.")


def main(_):
    run_flags.check()
    protocol = protocol_of_flags()
    dataset = model_flags.load_dataset()

    def compute(unit, progress):
        images = dataset.test[unit.first:unit.last]
        return random_products.compare(images, dataset.test.ids[unit.first:unit.last], protocol, unit.draw,
                                       dataset.name, progress), []

    done = unit_runs.run(unit_runs.Computation(
        random_products.TEST, random_products.MODEL, dataset, compute,
        len(protocol.distributions) * len(protocol.scales), unused=unit_runs.UNUSED + UNUSED))
    if done:
        aggregate.draw([run_flags.OUTPUT_DIR.value], run_flags.OUTPUT_DIR.value)


def protocol_of_flags():
    """The `random_products.Protocol` that the flags describe."""
    return random_products.Protocol(tuple(run_flags.METRICS.value), tuple(flags.FLAGS.distributions),
                                    tuple(_number(text) for text in flags.FLAGS.scales), flags.FLAGS.center,
                                    run_flags.SEED.value)


def _number(text):
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"--scales: expected numbers, got {text!r}") from error


if __name__ == "__main__":
    define_flags()
    errors.run(main)
