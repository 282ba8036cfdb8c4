"""Trains one of the paper's networks (Adebayo et al. 2018, appendix).

    python -m experiments.train --model=cnn --dataset=mnist --output_dir=runs/cnn_mnist

Writes weights.h5, metrics.json (train, validation and test accuracy) and flags.flags to --output_dir. A killed
training goes on where its last saved state stands; a finished one is left as it is.
"""

import os

from absl import flags

from experiments import command
from experiments import flag_groups
from experiments import from_flags
from sanity_checks.runs import files
from sanity_checks.vocabulary import models


def define():
    """The flags: `command.FlagSet`."""
    found, group = command.FlagSet(), "Training"
    trainable = [name for name, record in models.MODELS.items() if record.trained_here]
    found.add(group, flags.DEFINE_enum, "model", "cnn", trainable, "Network to train.")
    found.add(group, flags.DEFINE_integer, "iterations", 20_000, "Optimizer steps of 50 images.", lower_bound=1)
    found.add(group, flags.DEFINE_integer, "seed", 0, "Seed of the initial weights and of the order of the images.",
              lower_bound=0)
    found.add(group, flags.DEFINE_string, "output_dir", None, "Folder for the trained network.")
    flag_groups.data(found, given=False)
    return found


def main(found):
    options = found.values
    if not options.output_dir:
        raise ValueError("output_dir: expected a folder for the trained network, got nothing")
    data = from_flags.dataset(options).get()
    metrics = from_flags.train(options.model, data, options.output_dir, options.iterations, options.seed)
    files.write_text(os.path.join(options.output_dir, "flags.flags"), found.flagfile())
    for name in ("train_accuracy", "validation_accuracy", "test_accuracy"):
        print(f"{name.replace('_', ' ')}: {metrics[name]:.4f}")
    print(f"weights: {os.path.join(options.output_dir, 'weights.h5')}")


if __name__ == "__main__":
    command.run(main, define)
