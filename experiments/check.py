"""Puts every method that suits a model to the tests: from a model and photographs to verdicts in one command.

    python -m experiments.check --model=my_model.keras --images=my_photos --output_dir=runs/mine

Runs cascading and independent randomization, with --bottom_up that too, and their null, with controls (an edge detector, a
random map) beside the methods; prints what each method's verdict is and what to conclude, and writes report/index.html. How
many images and draws are used is chosen so that it takes about --minutes on this machine; --plan says what would be done and
stops. Killed, the same command goes on.
"""

import json
import os
import textwrap

from absl import flags
from absl import logging

from experiments import command
from experiments import flag_checks
from experiments import flag_groups
from experiments import from_flags
from experiments import randomization
from sanity_checks import lazy
from sanity_checks import methods
from sanity_checks import report
from sanity_checks import runs
from sanity_checks.analysis import conclusions
from sanity_checks.analysis import verdicts
from sanity_checks.comparison import checks
from sanity_checks.comparison import jobs
from sanity_checks.comparison import planning
from sanity_checks.runs import execute
from sanity_checks.runs import files
from sanity_checks.vocabulary import methods as method_records
from sanity_checks.vocabulary import tests as test_records
from sanity_checks.vocabulary import verdicts as words

grouping = lazy.module("sanity_checks.models.grouping")

METRICS = ["spearman_abs", "spearman"]
CONTROLS = (*method_records.CONTROLS[:1], method_records.CHANCE)
PLAN = "plan.json"              # what was decided at the first start, so that a killed run goes on with it
REPORT = "report"
WIDTH = 100                     # characters of a line


def define():
    """The flags: `command.FlagSet`."""
    found, group = command.FlagSet(), "Tests"
    flag_groups.model(found, training=False)
    flag_groups.data(found)
    flag_groups.choice_of_methods(found)
    flag_groups.choice_of_metrics(found)
    flag_groups.explained_class(found)
    flag_groups.randomization(found)
    flag_groups.run(found, draws="")
    found.values.set_default("metrics", METRICS)
    found.values.set_default("blocks", ["grouped"])
    found.add(group, flags.DEFINE_bool, "bottom_up", False, "Randomize from the input upward too.")
    found.add(group, flags.DEFINE_integer, "draws", None, "Random draws of the weights; default: as --minutes allows.", lower_bound=1)
    found.add(group, flags.DEFINE_integer, "null_draws", None, "Pairs of random networks of the null; default: by the draws.", lower_bound=1)
    found.add(group, flags.DEFINE_float, "minutes", 30., "About how long all of it may take on this machine, where --draws is not given.",
              lower_bound=0.)
    found.add(group, flags.DEFINE_bool, "plan", False, "Say what would be done and how long it takes, and stop.")
    return found


def main(found):
    options = found.values
    flag_checks.check(found, one_run=False)
    flag_checks.warn(found)
    classifier = from_flags.classifier(options, options.weights or None)
    dataset = from_flags.dataset(options, classifier.get())
    jobs.check_images(classifier.get(), dataset.get())
    checks.check_metrics(options.metrics, classifier.get().image_shape)
    left_out = _choose_methods(options, classifier.get())
    made, drawn = from_flags.make_methods(options, classifier.get()), from_flags.randomization(options)
    tests = ["cascading", "independent", *(["bottom_up"] if options.bottom_up else []), test_records.NULL]
    states_of = planning.states_of(classifier.get(), tests, drawn)
    options.batch_size = options.batch_size or planning.batch_size(classifier.get())
    plan = _plan(options, classifier.get(), dataset.get(), made, states_of)
    _announce(options, classifier.get(), dataset.get(), plan, states_of, left_out)
    if options.plan:
        return
    made_jobs = {test: _job(found, test, classifier, dataset, plan) for test in tests}     # what one refuses is refused before the first
    _keep(options.output_dir, plan)
    ray, directories = from_flags.cluster(options), [_directory(options, test) for test in tests]
    done = [execute.execute(made_jobs[test], _directory(options, test), options.shard, options.num_shards, ray=ray) for test in tests]
    if done[-1] and not any(map(runs.unfinished, directories)):        # of several processes, the one that has finished the last
        _conclude(options, directories, plan, len(dataset.get().test))


def _choose_methods(options, loaded):
    """Fills in --methods, controls added; returns what was left out: dict, name -> why."""
    left_out = {}
    if not options.methods:
        options.methods, left_out = planning.affordable(
            loaded, [name for name in methods.METHODS if name not in (*method_records.CONTROLS, method_records.CHANCE)])
    options.methods = [*options.methods, *(name for name in CONTROLS if name not in options.methods)]
    return left_out


def _plan(options, loaded, data, made, states_of):
    """How much is computed: `planning.Plan`; that of the first start where there is one."""
    path = os.path.join(options.output_dir, PLAN)
    given = {name: options[name].value for name in ("num_images", "draws", "null_draws")}
    if os.path.exists(path):
        kept = files.read_json(path, "plan", dict.fromkeys(given, int) | {"seconds": float})
        return planning.Plan(**{name: given.get(name) or kept[name] for name in (*given, "seconds")})
    available = jobs.Units(num_images=options.num_images).count(data)
    logging.info("measuring the methods on a few images ...")
    seconds = planning.seconds_per_image(loaded, data.test[:min(available, planning.MEASURED)], methods.of_images(made, data.input_range),
                                         options.metrics, options.batch_size)
    return planning.fitting(seconds, available, states_of, options.minutes, **given)


def _keep(output_dir, plan):
    path = os.path.join(output_dir, PLAN)
    if not os.path.exists(path):
        files.create_text(path, json.dumps({"num_images": plan.num_images, "draws": plan.draws, "null_draws": plan.null_draws,
                                            "seconds": plan.seconds}, indent=2) + "\n")


def _announce(options, loaded, data, plan, states_of, left_out):
    """Says what will be done."""
    draws = {test: plan.null_draws if test == test_records.NULL else plan.draws for test in states_of}
    lines = {
        "model": f"{loaded.name}, images {' x '.join(map(str, loaded.image_shape))}, {loaded.num_classes} outputs",
        "blocks": f"{len(loaded.blocks)}: {', '.join(loaded.blocks)}",
        "methods": ", ".join(options.methods),
        "left out": "; ".join(f"{name}: {why}" for name, why in left_out.items()) or "no method",
        "images": f"{plan.num_images} of {data.name}",
        "tests": ", ".join(f"{test} ({count} states x {draws[test]} draws)" for test, count in states_of.items()),
        "time": f"about {_duration(plan.duration(states_of))} on this machine",
    }
    for name, text in lines.items():
        print(textwrap.fill(text, WIDTH, initial_indent=f"{name:10}", subsequent_indent=" " * 10), flush=True)
    if not options.draws and plan.duration(states_of) > 60 * options.minutes:
        logging.warning("longer than --minutes=%g: these are the fewest images and draws that can decide anything", options.minutes)
    least = verdicts.Rule().least_images
    if plan.num_images < least:
        logging.warning("with %d images, fewer than %d, verdicts will be about these images alone%s", plan.num_images, least,
                        "" if plan.draws > 1 else "; with one draw nothing is decided")


def _directory(options, test):
    return os.path.join(options.output_dir, test)


def _job(found, test, classifier, dataset, plan):
    """A test as a job, into a folder of its own."""
    options = found.values
    protocol = from_flags.protocol(options, test, classifier.get(), from_flags.randomization(options))
    units = jobs.Units(plan.null_draws if test == test_records.NULL else plan.draws, plan.num_images, options.images_per_unit,
                       from_flags.figure_images(options))
    return jobs.weight_states(classifier, dataset, protocol, units, _flagfile(found, _directory(options, test), units))


def _flagfile(found, directory, units):
    """Text of a flagfile that runs one test again by its own binary."""
    options, own = found.values, randomization.define().names()
    kept = {name: options[name].value for name in ("output_dir", "draws", "num_images")}
    options.output_dir, options.draws, options.num_images = directory, units.draws, units.num_images
    text = found.flagfile([*from_flags.SHARING, *(name for name in found.names() if name not in own)])
    for name, value in kept.items():
        options[name].value = value
    return text


def _conclude(options, directories, plan, available):
    rows = runs.read_rows(directories)
    assessment = verdicts.assess(rows)
    metric = options.metrics[0]
    path = report.write(os.path.join(options.output_dir, REPORT), directories)
    print(f"\n{conclusions.table(assessment, metric)}\n")
    for sentence in conclusions.conclusion(assessment, metric):
        print(textwrap.fill(sentence, WIDTH))
    for line in _advice(assessment, rows, plan, available):
        print(textwrap.fill(line, WIDTH))
    print(f"report: {path}")


def _advice(assessment, rows, plan, available):
    """What would decide the verdicts that are open: list of str."""
    if not (assessment.verdicts["verdict"] == words.OPEN).any() or min(plan.draws, plan.null_draws) < 2:
        return []
    found = verdicts.plan(rows, available)
    return [f"To decide more: --num_images={found.num_images} --draws={found.draws} --null_draws={found.null_draws} in another --output_dir is "
            f"likely to decide {found.decided()} of {len(found.power)} statements (now {_decided(assessment)}), in about "
            f"{_duration(plan.seconds * found.image_states)}."]


def _decided(assessment):
    return int((~assessment.stages["status"].isin([words.UNDECIDED, words.NO_DATA])).sum())


def _duration(seconds):
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


if __name__ == "__main__":
    command.run(main, define)
