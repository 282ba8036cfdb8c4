"""Command lines that were wrong once, and others of their kind: what every binary must say of them, or compute.

    python -m tests.attacks.command_lines           # all of them; exit status 1 if one has not ended as it must

Binaries run in this process as `python -m` would run them. Those that must be refused leave no record of a run.
"""

import importlib
import os
import sys
import tempfile

import pytest

from experiments import aggregate
from experiments import commands
from experiments import edge_comparison
from experiments import metric_calibration
from experiments import simple_models
from sanity_checks import runs
from sanity_checks.comparison import activation_units
from sanity_checks.comparison import runner
from sanity_checks.paper import calibration_units
from sanity_checks.paper import closed_form_units
from sanity_checks.paper import edge_comparison as comparison_with_edges
from sanity_checks.paper import random_products
from sanity_checks.training import optimization
from tests.attacks import attack
from tests.attacks import command_table
from tests.attacks import files

# What is not done where a command line is refused: experiments of their own process, trainings, units.
WORK = ((commands, "run"), (optimization.Trainer, "run"), (runner, "run_unit"), (comparison_with_edges, "compare"),
        (activation_units, "compare"), (calibration_units, "compare"), (random_products, "compare"), (closed_form_units, "compare"))
DRAWN = (aggregate, edge_comparison, metric_calibration, simple_models)     # tables and figures take most of the time


def attacks():
    """All rows of the tables: list of `attack.Attack`."""
    return command_table.refusals() + rights()


def rights():
    """Command lines that must give the right result: list of `attack.Attack`."""
    run, own = command_table.RUN, "tests.attacks.own:signed"
    return [attack.Attack(name, binary, (*base, *arguments), check) for name, binary, base, arguments, check in (
        ("plain", "cascading_randomization", run, (), rows_of(4 * 3)),
        ("a flagfile that is right", "cascading_randomization", run, ("--flagfile={files}/right.flags",), rows_of(3)),
        ("a flagfile that includes itself", "cascading_randomization", run, ("--flagfile={files}/itself.flags",), rows_of(12)),
        ("flagfiles that include one another", "cascading_randomization", run, ("--flagfile={files}/one.flags",), rows_of(12)),
        ("figures beyond the images", "cascading_randomization", run, ("--figure_images=0,99",), warned("--figure_images", "99")),
        ("figures beyond the images", "edge_comparison", run, ("--figure_images=77",), warned("--figure_images", "77")),
        ("figures beyond the images", "simple_models", command_table.SIMPLE, ("--figure_images=5", "--num_images=2"),
         warned("--figure_images", "5")),
        ("a method of one's own", "cascading_randomization", run, (f"--methods=gradient,{own}",), rows_of(24)),
        ("a list in UTF-16", "input_times_random", command_table.TIMES, ("--images={files}/utf16.csv", "--image_size=9,9"), rows_of(4 * 2 * 2)),
        ("a name with a line break", "input_times_random", command_table.TIMES, ("--images={files}/broken_line", "--image_size=9,9"),
         rows_of(2 * 2)),
        ("a space within a path", "cascading_randomization", run, ("--output_dir={out}/a run",), rows_of(12)),
        ("an equals sign within a path", "cascading_randomization", run, ("--output_dir={out}/a=run",), rows_of(12)),
        ("scales in other writings", "input_times_random", command_table.TIMES, ("--scales=0,1e-1,+2",), rows_of(4 * 3 * 2)),
        ("the last of two flags", "cascading_randomization", run, ("--num_images=9", "--num_images=1"), rows_of(3)),
        ("labels that are explained", "cascading_randomization", run, ("--explained_class=label",), explained([0, 1, 2, 0])),
        ("no batch at all", "cascading_randomization", run, ("--batch_size=1000000",), rows_of(12)),
        ("more shards than units", "cascading_randomization", run, ("--shard=5", "--num_shards=9"), rows_of(0)),
        ("the null", "random_networks", run, (), rows_of(8)),
        ("both ends", "complexity_change", (*run[:3], run[4]), (), rows_of(8)),
        ("permuted weights, denoised maps", "cascading_randomization", run, ("--initializer=permutation", "--denoise_samples=3"), rows_of(12)),
        ("two other classes", "other_class", run, ("--draws=2",), rows_of(16)),
        ("one block at a time", "independent_randomization", run, ("--blocks=all=.*",), rows_of(8)),
        ("a method of one's own in a reproduction", "reproduce", command_table.REPRODUCE, (f"--methods=gradient,{own}", "--list"),
         printed("mlp_mnist_5k_cascading")),
        ("figures beyond the images of a reproduction", "reproduce", command_table.REPRODUCE, ("--figure_images=0,7", "--list"),
         said("--figure_images: the run has 2 images, from position 0; not drawn: 7")),
        ("a flag that some tests have", "reproduce", command_table.REPRODUCE, ("--test_flags=--initializer=uniform", "--list"),
         printed("mlp_mnist_5k_labels")),
        ("help", "cascading_randomization", (), ("--help",), printed("--output_dir")),
    )]


def _rows(ended):
    assert ended.status == 0 and "Traceback" not in ended.stderr, ended
    folder = os.path.join(ended.folder, next(iter(sorted(os.listdir(ended.folder)))))
    return runs.read_rows([folder]) if runs.reading.unit_files(folder) else []


def rows_of(count):
    """The check that a run has so many rows, all of them numbers in [-1, 1]."""
    def check(ended):
        rows = _rows(ended)
        assert len(rows) == count, len(rows)
        assert count == 0 or rows.value.between(-1.000001, 1.000001).all()
    return check


def warned(*texts):
    """The check that a run has rows, and that a line on stderr has these texts."""
    def check(ended):
        assert len(_rows(ended))
        assert any(all(text in line for text in texts) for line in ended.stderr.splitlines()), ended.stderr
    return check


def explained(classes):
    def check(ended):
        found = _rows(ended).drop_duplicates("image_id").explained_class
        assert found.tolist() == classes
    return check


def printed(text):
    def check(ended):
        assert ended.status == 0 and text in ended.stdout and not ended.errors(), ended
    return check


def said(text):
    def check(ended):
        assert ended.status == 0 and text in ended.stderr.splitlines(), ended
    return check


def run(one, files_folder, folder):
    """Runs an attack; AssertionError if it has not ended as expected."""
    arguments = [argument.format(files=files_folder, out=folder) for argument in one.arguments]
    module = importlib.import_module(f"experiments.{one.target}")
    with pytest.MonkeyPatch.context() as patch:
        for drawing in set(DRAWN) - {module}:
            patch.setattr(drawing, "draw", lambda *_: None)
        for work, name in WORK if one.is_refused else ():
            patch.setattr(work, name, _forbidden(name))
        ended = attack.run(module, arguments, folder)
    if one.is_refused:
        attack.assert_refused(ended, one.expected.format(files=files_folder, out=folder))
    else:
        one.expected(ended)


def _forbidden(name):
    def begun(*_, **__):
        raise AssertionError(f"{name} was called: work was begun before the refusal")
    return begun


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        files.make(os.path.join(folder, "files"))
        for position, one in enumerate(attacks()):
            out = os.path.join(folder, f"out{position}")
            os.mkdir(out)
            try:
                run(one, os.path.join(folder, "files"), out)
            except AssertionError as error:
                failed += 1
                print(f"NOT AS EXPECTED {one.target}: {one.name}: {' '.join(one.arguments)}\n    {error}")
    print(f"{len(attacks())} command lines, {failed} not as expected")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
