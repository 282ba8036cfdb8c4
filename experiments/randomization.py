"""The body of the randomization binaries: flags -> job -> rows -> tables and figures."""

import os

from absl import logging

from experiments import aggregate
from experiments import command
from experiments import flag_checks
from experiments import flag_groups
from experiments import from_flags
from experiments import trained_first
from sanity_checks.comparison import jobs
from sanity_checks.weights import states


def define(metrics=True):
    """The flags of a randomization test: `command.FlagSet`; `metrics` says whether they can be chosen."""
    found = command.FlagSet()
    flag_groups.model(found)
    flag_groups.data(found)
    flag_groups.choice_of_methods(found)
    if metrics:
        flag_groups.choice_of_metrics(found)
    flag_groups.explained_class(found)
    flag_groups.denoising(found)
    flag_groups.randomization(found)
    flag_groups.run(found)
    return found


def _log_what_is_not_drawn(classifier, drawn):
    kept, parts = states.not_drawn(classifier, drawn), classifier.parts
    whole = [f"{name} ({count} variables)" for name, count in kept.items() if count == len(parts[name])]
    rest = sum(count for name, count in kept.items() if count < len(parts[name]))
    if kept:
        logging.info("not drawn: %s", ", ".join(whole + [f"{rest} variables of other blocks"] * bool(rest)))


def check(found):
    """ValueError if the flags cannot be those of a run."""
    flag_checks.check(found)


def run(found, test):
    """Runs a test of `sanity_checks.weights.states.TESTS` as the flags say, then draws its tables and figures.

    With several shards, the process that finishes the last unit draws; any process can draw again later with
    `python -m experiments.aggregate`.
    """
    check(found)
    flag_checks.warn(found)
    forced = states.TESTS[test].redraw
    if forced and found.values.redraw != forced:
        logging.warning("--redraw=%s has no effect: this test always draws %s weights", found.values.redraw, forced)
    options, drawn = found.values, from_flags.randomization(found.values)

    def make(classifier):
        protocol = from_flags.protocol(options, test, classifier.get(), drawn)
        dataset = from_flags.dataset(options, classifier.get())
        path = os.path.abspath(options.weights) if options.weights else None
        return jobs.weight_states(classifier, dataset, protocol, from_flags.units(options, dataset.get()),
                                  from_flags.flagfile(found), {"weights_file": path})

    job = trained_first.job(options, make)
    loaded = job.build.classifier.get()
    from_flags.log_feature_map(loaded, job.build.protocol.methods)
    _log_what_is_not_drawn(loaded, drawn)
    if from_flags.finished(job, options):
        aggregate.draw([options.output_dir], options.output_dir)
