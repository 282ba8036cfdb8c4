"""Trains one of the paper's networks (Adebayo et al. 2018, appendix).

    python -m experiments.train --model=cnn --dataset=mnist --output_dir=runs/cnn_mnist

Writes weights.h5, metrics.json (train, validation and test accuracy) and flags.flags to --output_dir. A killed
training goes on where its last saved state stands; a finished one is left as it is.
"""

import os

from absl import flags

from experiments import errors
from experiments import model_flags
from sanity_checks.runs import files
from sanity_checks.training import training_run


def define_flags():
    """Defines this binary's flags; a function, so that importing the module leaves other binaries' flags alone."""
    flags.DEFINE_integer("iterations", 20_000, "Optimizer steps of 50 images.", lower_bound=1)
    flags.DEFINE_integer("seed", 0, "Seed of the initial weights and of the order of the images.", lower_bound=0)
    flags.DEFINE_string("output_dir", None, "Folder for the trained network.", required=True)


def main(_):
    options = flags.FLAGS
    dataset = model_flags.load_dataset()
    metrics = model_flags.train(options.model, dataset, options.output_dir, options.iterations, options.seed)
    names = ("model", "dataset", "data_dir", "iterations", "seed", "output_dir")
    lines = [options[name].serialize() for name in names]
    files.write_text(os.path.join(options.output_dir, "flags.flags"), "".join(f"{line}\n" for line in lines if line))
    for name in ("train_accuracy", "validation_accuracy", "test_accuracy"):
        print(f"{name.replace('_', ' ')}: {metrics[name]:.4f}")
    print(f"weights: {os.path.join(options.output_dir, training_run.WEIGHTS)}")


if __name__ == "__main__":
    define_flags()
    errors.run(main)
