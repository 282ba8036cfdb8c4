"""Data randomization: maps of a network trained on true labels against those of its twin trained on permuted labels.

    python -m experiments.label_randomization --flagfile=experiments/flagfiles/label_randomization_quick.flags

Trains what --training_dir does not hold: for each of --draws seeds, counted from --training_seed, both networks, from
the same initial weights, until they know their labels. Then compares the maps of the same test images like the other
randomization tests. Killed runs are resumed by the same command. To share the work among jobs, train first: the same
command with --train_only and --num_shards, then without --train_only.
"""

import functools
import hashlib
import sys

from absl import flags
import tqdm

from experiments import errors
from experiments import model_flags
from experiments import randomization
from experiments import run_flags
from sanity_checks import models
from sanity_checks import runs
from sanity_checks.training import label_networks
from sanity_checks.training import optimization
from sanity_checks.training import training_goal
from sanity_checks.weights import states

# Flags that say how weights are drawn or trained: here none are drawn, and the trained ones are held by their sha256.
UNUSED = ("initializer", "initializer_stddev", "randomize_batch_norm_statistics", "redraw", "training_dir",
          "train_only", "target_accuracy", "min_epochs", "max_epochs", "learning_rate", "l2")


def define_flags():
    """Defines this binary's flags; a function, so that importing the module leaves other binaries' flags alone."""
    goal = training_goal.Goal()
    flags.DEFINE_string("training_dir", None, "Folder of the trained networks; what is there is not trained again.")
    flags.DEFINE_float("target_accuracy", goal.target_accuracy, "Accuracy on the training set that must be exceeded.")
    flags.DEFINE_integer("min_epochs", goal.min_epochs, "Epochs that each network is trained in any case.")
    flags.DEFINE_integer("max_epochs", goal.max_epochs, "Epochs after which a training has failed.")
    flags.DEFINE_float("learning_rate", optimization.LEARNING_RATE, "Adam's learning rate.")
    flags.DEFINE_bool("l2", goal.l2, "Train the CNN with its L2 term (paper's text; the released code: by default not).")
    flags.DEFINE_bool("train_only", False, "Train this shard's part of the networks and stop.")


def main(_):
    run_flags.check()
    _check()
    dataset = model_flags.load_dataset()
    seeds = [model_flags.TRAINING_SEED.value + draw for draw in range(run_flags.DRAWS.value)]
    networks = [(seed, kind) for seed in seeds for kind in label_networks.KINDS]
    if flags.FLAGS.train_only:
        networks = runs.shard(networks, run_flags.SHARD.value, run_flags.NUM_SHARDS.value)
    elif run_flags.NUM_SHARDS.value > 1:
        _check_trained(networks)
    trained = [train(dataset, seed, kind) for seed, kind in networks]
    if not flags.FLAGS.train_only:
        randomization.compare(experiment(dataset, seeds, trained))


def train(dataset, seed, kind):
    """Trains one network with a progress bar, if it is not there, and prints its accuracies; returns its metrics."""
    options = flags.FLAGS
    goal = training_goal.Goal(options.target_accuracy, options.min_epochs, options.max_epochs, options.learning_rate,
                              options.l2)
    name, directory = model_flags.MODEL.value, options.training_dir
    description = f"training {name} on {dataset.name}, {kind}, seed {seed}"
    with tqdm.tqdm(unit="step", desc=description, file=sys.stderr, smoothing=0.02, mininterval=0.5,
                   disable=label_networks.is_trained(directory, seed, kind)) as bar:
        def progress(done, loss, accuracy):
            bar.set_postfix(loss=f"{loss:.3f}", accuracy=f"{accuracy:.3f}", target=goal.target_accuracy, refresh=False)
            bar.update(done - bar.n)
        metrics = label_networks.train(name, models.trainable(name), dataset, directory, seed, kind, goal, progress)
    guessing = metrics["test_chance"]
    print(f"seed {seed}, {kind}: {metrics['epochs']} epochs, training accuracy {metrics['train_accuracy']:.4f}, test "
          f"accuracy {metrics['test_accuracy']:.4f} (chance {guessing['expected']:.4f} +- "
          f"{guessing['standard_error']:.4f}: z = {guessing['z']:.1f})", flush=True)
    return metrics


def experiment(dataset, seeds, trained):
    """The `randomization.Experiment` of trained networks; draw d has those of seeds[d].

    Args:
        dataset: `sanity_checks.datasets.Dataset`.
        seeds: list of int.
        trained: list of dict, the metrics of all networks.
    """
    architecture = models.trainable(model_flags.MODEL.value)
    network = architecture.build(dataset.image_shape, int(dataset.train.labels.max()) + 1)
    classifier = models.load_classifier(network, blocks=model_flags.BLOCKS.value,
                                        gradcam_layer=model_flags.GRADCAM_LAYER.value or architecture.gradcam_layer)

    @functools.lru_cache(maxsize=1)
    def weights(draw):
        return label_networks.load(classifier, flags.FLAGS.training_dir, seeds[draw])

    checksum = hashlib.sha256("".join(metrics["weights_sha256"] for metrics in trained).encode()).hexdigest()
    return randomization.Experiment(
        "labels", classifier, dataset, len(label_networks.KINDS), checksum,
        states_of=lambda draw: states.trained_states(classifier, weights(draw)),
        provenance={"networks": trained}, unused=UNUSED)


def _check():
    if not flags.FLAGS.training_dir:
        raise ValueError("--training_dir: expected a folder for the trained networks, got nothing")
    if model_flags.WEIGHTS.value or model_flags.TRAIN_IF_MISSING.value:
        raise ValueError("--weights, --train_if_missing: this test trains its own networks, in --training_dir")


def _check_trained(networks):
    for seed, kind in networks:
        if not label_networks.is_trained(flags.FLAGS.training_dir, seed, kind):
            raise ValueError(f"--num_shards: the network on {kind}, seed {seed}, is not in --training_dir; train all "
                             f"before the work is shared: the same command with --train_only")


if __name__ == "__main__":
    define_flags()
    errors.run(main)
