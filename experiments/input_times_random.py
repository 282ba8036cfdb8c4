"""Compares the input times one random vector with the input times another as their noise grows (figure 19).

    python -m experiments.input_times_random --flagfile=experiments/flagfiles/input_times_random_quick.flags

Needs no model. Writes rows, tables and figures to --output_dir; to set data sets side by side, give their
runs to experiments.aggregate. Killed runs are resumed by the same command.
"""

from absl import flags

from experiments import aggregate
from experiments import command
from experiments import flag_checks
from experiments import flag_groups
from experiments import from_flags
from sanity_checks.paper import random_products


def define():
    """The flags: `command.FlagSet`."""
    found, group = command.FlagSet(), "Random vectors"
    found.add(group, flags.DEFINE_list, "distributions", list(random_products.DISTRIBUTIONS),
              "What the noise is drawn from.")
    found.add(group, flags.DEFINE_list, "scales", [f"{scale:g}" for scale in random_products.SCALES],
              "What the noise is multiplied by, growing: standard deviation of the normal before it is truncated at "
              "twice that, half width of the uniform.")
    found.add(group, flags.DEFINE_float, "center", random_products.CENTER,
              "What the noise is added to. 0: the random vector is noise alone, and no metric sees its scale.")
    flag_groups.data(found)
    flag_groups.choice_of_metrics(found)
    flag_groups.run(found, "Independent pairs of random vectors.", batch_size=False, figure_images=False)
    return found


def check(found):
    """ValueError if the flags cannot be those of a run."""
    flag_checks.check(found)
    protocol(found.values)


def main(found):
    check(found)
    flag_checks.warn(found)
    options = found.values
    dataset = from_flags.dataset(options)
    job = random_products.job(dataset, protocol(options), from_flags.units(options, dataset.get()), from_flags.flagfile(found))
    if from_flags.finished(job, options):
        aggregate.draw([options.output_dir], options.output_dir)


def protocol(options):
    """What the flags say is compared: `random_products.Protocol`."""
    flag_groups.check_names("distributions", options.distributions, random_products.DISTRIBUTIONS)
    return random_products.Protocol(tuple(options.metrics), tuple(options.distributions),
                                    tuple(_number(text) for text in options.scales), options.center, options.seed)


def _number(text):
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"scales: expected numbers, got {text!r}") from error


if __name__ == "__main__":
    command.run(main, define)
