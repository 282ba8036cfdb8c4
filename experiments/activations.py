"""How far a network's large channels survive when its blocks are drawn anew, from the top or from the bottom.

    python -m experiments.activations --flagfile=experiments/flagfiles/activations_quick.flags --order=bottom_up

Explains what randomization tests can find (Binder et al., CVPR 2023): from the top down the lower activations stay, and with
them what maps take from them. Rows have the blocks in the place of methods; a report of both orders shows them beside the
maps. Killed runs are resumed by the same command.
"""

from absl import flags

from experiments import aggregate
from experiments import command
from experiments import flag_groups
from experiments import from_flags
from sanity_checks.comparison import activation_units


def define():
    """The flags: `command.FlagSet`."""
    found = command.FlagSet()
    flag_groups.model(found)
    flag_groups.data(found)
    flag_groups.randomization(found)
    found.add("Randomization", flags.DEFINE_enum, "order", "cascading", list(activation_units.TESTS),
              "Whether blocks are drawn from the top down or from the bottom up.")
    flag_groups.run(found, figure_images=False)
    return found


def main(found):
    from_flags.check(found)
    options = found.values
    drawn = from_flags.randomization(options)
    classifier = from_flags.classifier(options)
    dataset = from_flags.dataset(options, classifier.get())
    settings = activation_units.Settings(options.order, options.seed, drawn, options.batch_size)
    job = activation_units.job(classifier, dataset, settings, from_flags.units(options), from_flags.flagfile(found))
    if from_flags.finished(job, options):
        aggregate.draw([options.output_dir], options.output_dir)


if __name__ == "__main__":
    command.run(main, define)
