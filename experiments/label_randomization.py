"""Data randomization: maps of a network trained on true labels against those of its twin trained on permuted labels.

    python -m experiments.label_randomization --flagfile=experiments/flagfiles/label_randomization_quick.flags

Trains what --training_dir does not hold: for each of --draws seeds, counted from --training_seed, both networks, from
the same initial weights, until they know their labels. Then compares the maps of the same test images like the other
randomization tests. Killed runs are resumed by the same command. To share the work among jobs, train first: the same
command with --train_only and --num_shards, then without --train_only.
"""

import functools
import hashlib
import os
import sys

from absl import flags
from absl import logging
import tqdm

from experiments import aggregate
from experiments import command
from experiments import flag_checks
from experiments import flag_groups
from experiments import from_flags
from experiments import label_jobs
from experiments import trained_first
from sanity_checks import lazy
from sanity_checks import runs
from sanity_checks.comparison import jobs
from sanity_checks.comparison import sources
from sanity_checks.runs import actors
from sanity_checks.training import label_networks
from sanity_checks.training import optimization
from sanity_checks.training import training_goal
from sanity_checks.vocabulary import models as model_records

models = lazy.module("sanity_checks.models")

TEST = "labels"
TRAINABLE = [name for name, record in model_records.MODELS.items() if record.trained_here]


def define():
    """The flags: `command.FlagSet`."""
    found, group, goal = command.FlagSet(), "Training", training_goal.Goal()
    found.add(group, flags.DEFINE_string, "model", "cnn", f"Network to train: {', '.join(TRAINABLE)}.")
    found.add(group, flags.DEFINE_string, "training_dir", None,
              "Folder of the trained networks; what is there is not trained again.")
    found.add(group, flags.DEFINE_integer, "training_seed", 0, "Seed of the first pair of networks.", lower_bound=0)
    found.add(group, flags.DEFINE_float, "target_accuracy", goal.target_accuracy,
              "Accuracy on the training set that must be exceeded.")
    found.add(group, flags.DEFINE_integer, "min_epochs", goal.min_epochs,
              "Epochs that each network is trained in any case.")
    found.add(group, flags.DEFINE_integer, "max_epochs", goal.max_epochs, "Epochs after which a training has failed.")
    found.add(group, flags.DEFINE_float, "learning_rate", optimization.LEARNING_RATE, "Adam's learning rate.")
    found.add(group, flags.DEFINE_bool, "l2", goal.l2,
              "Train the CNN with its L2 term (paper's text; the released code: by default not).")
    found.add(group, flags.DEFINE_bool, "train_only", False, "Train this shard's part of the networks and stop.")
    flag_groups.gradcam_layer(found)
    flag_groups.data(found, given=False)
    flag_groups.choice_of_methods(found)
    flag_groups.choice_of_metrics(found)
    flag_groups.explained_class(found)
    flag_groups.denoising(found)
    flag_groups.run(found, "Pairs of networks, each of a seed of its own.")
    return found


def check(found):
    """ValueError if the flags cannot be those of a run."""
    flag_checks.check(found)
    options = found.values
    if not options.training_dir:
        raise ValueError("training_dir: expected a folder for the trained networks, got nothing")
    flag_checks.check_folder("training_dir", options.training_dir)
    flag_checks.check_apart("training_dir", options.training_dir, options.output_dir)
    goal_of(options)


def goal_of(options):
    """When a training ends: `training_goal.Goal`."""
    return training_goal.Goal(options.target_accuracy, options.min_epochs, options.max_epochs, options.learning_rate,
                              options.l2)


def main(found):
    check(found)
    flag_checks.warn(found)
    options = found.values
    dataset = from_flags.dataset(options)
    classifier = classifier_of(options, dataset.get())
    protocol = from_flags.protocol(options, TEST, classifier.get())
    from_flags.log_feature_map(classifier.get(), protocol.methods)
    units = from_flags.units(options, dataset.get())
    seeds = range(options.training_seed, options.training_seed + options.draws)

    def make(checksum, trained):
        return jobs.trained_networks(
            classifier, dataset, protocol, units, label_jobs.Networks(options.training_dir, seeds), len(label_networks.KINDS), checksum,
            from_flags.flagfile(found), {"networks": trained})

    trained_first.check_run(make("", []), options.output_dir)       # what it refuses is refused before the trainings
    trained = train_all(options, dataset, [(seed, kind) for seed in seeds for kind in label_networks.KINDS])
    if options.train_only:
        return
    checksum = hashlib.sha256("".join(metrics["weights_sha256"] for metrics in trained).encode()).hexdigest()
    if from_flags.finished(make(checksum, trained), options):
        aggregate.draw([options.output_dir], options.output_dir)


def train_all(options, dataset, networks):
    """Trains the networks, list of (seed, kind), of this shard with --train_only, else all; returns their metrics.

    On a Ray cluster all at once, as far as it has room.
    """
    if options.train_only:
        networks = runs.shard(networks, options.shard, options.num_shards)
    elif options.num_shards > 1:
        _check_trained(options.training_dir, networks)
    if options.executor == "ray":
        missing = [network for network in networks if not label_networks.is_trained(options.training_dir, *network)]
        logging.info("%d networks to train on the cluster, into %s, which all its machines must see", len(missing), options.training_dir)
        actors.call_all(from_flags.cluster(options), [
            functools.partial(label_jobs.train, options.model, dataset, os.path.abspath(options.training_dir), seed, kind, goal_of(options))
            for seed, kind in missing])
    return [train(options, dataset.get(), goal_of(options), seed, kind) for seed, kind in networks]


def train(options, dataset, goal, seed, kind):
    """Trains one network with a progress bar, if it is not there, and prints its accuracies; returns its metrics."""
    name, directory = options.model, options.training_dir
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


def classifier_of(options, dataset):
    """The untrained network that holds each trained network's weights in turn: `sources.Source`."""
    classes = int(dataset.train.labels.max()) + 1
    from_flags.leave_gpus(options)
    source = sources.Source(functools.partial(label_jobs.build, options.model, dataset.image_shape, classes, options.gradcam_layer))
    source.get()
    return source


def _check_trained(training_dir, networks):
    for seed, kind in networks:
        if not label_networks.is_trained(training_dir, seed, kind):
            raise ValueError(f"num_shards: the network on {kind}, seed {seed}, is not in --training_dir; train all "
                             f"before the work is shared: the same command with --train_only")


if __name__ == "__main__":
    command.run(main, define)
