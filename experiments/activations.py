"""How far a network's large channels survive when its blocks are drawn anew, from the top or from the bottom.

    python -m experiments.activations --flagfile=experiments/flagfiles/activations_quick.flags --order=bottom_up

Explains what randomization tests can find (Binder et al., CVPR 2023): from the top down the lower activations stay, and with
them what maps take from them. Rows have the blocks in the place of methods; a report of both orders shows them beside the
maps. Killed runs are resumed by the same command.
"""

from absl import flags

from experiments import aggregate
from experiments import command
from experiments import flag_checks
from experiments import flag_groups
from experiments import from_flags
from experiments import trained_first
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


def check(found):
    """ValueError if the flags cannot be those of a run."""
    flag_checks.check(found)


def main(found):
    check(found)
    flag_checks.warn(found)
    options = found.values
    settings = activation_units.Settings(options.order, options.seed, from_flags.randomization(options), options.batch_size)

    def make(classifier):
        dataset = from_flags.dataset(options, classifier.get())
        return activation_units.job(classifier, dataset, settings, from_flags.units(options, dataset.get()),
                                    from_flags.flagfile(found))

    if from_flags.finished(trained_first.job(options, make), options):
        aggregate.draw([options.output_dir], options.output_dir)


if __name__ == "__main__":
    command.run(main, define)
