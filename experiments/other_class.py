"""The maps of another class: the model stays as it is, and a random other logit is explained (Sixt et al., ICML 2020).

    python -m experiments.other_class --flagfile=experiments/flagfiles/other_class_quick.flags

Computes the maps of every method for the explained class and, in each draw, for another class of each image (all of an
image's draws are different), their similarity, and writes rows, tables and figures to --output_dir. Killed runs are
resumed by the same command. Other libraries call it the random logit test.
"""

import os

from experiments import aggregate
from experiments import command
from experiments import flag_checks
from experiments import flag_groups
from experiments import from_flags
from experiments import trained_first
from sanity_checks.comparison import jobs

TEST = "other_class"


def define():
    """The flags: `command.FlagSet`."""
    found = command.FlagSet()
    flag_groups.model(found, blocks=False)
    flag_groups.data(found)
    flag_groups.choice_of_methods(found)
    flag_groups.choice_of_metrics(found)
    flag_groups.explained_class(found)
    flag_groups.denoising(found)
    flag_groups.run(found, "Other classes of each image, each drawn at random.")
    return found


def check(found):
    """ValueError if the flags cannot be those of a run."""
    flag_checks.check(found)


def main(found):
    check(found)
    flag_checks.warn(found)
    options = found.values

    def make(classifier):
        protocol = from_flags.protocol(options, TEST, classifier.get())
        dataset = from_flags.dataset(options, classifier.get())
        path = os.path.abspath(options.weights) if options.weights else None
        return jobs.weight_states(classifier, dataset, protocol, from_flags.units(options, dataset.get()),
                                  from_flags.flagfile(found), {"weights_file": path})

    job = trained_first.job(options, make)
    from_flags.log_feature_map(job.build.classifier.get(), job.build.protocol.methods)
    if from_flags.finished(job, options):
        aggregate.draw([options.output_dir], options.output_dir)


if __name__ == "__main__":
    command.run(main, define)
