"""Tests of `python -m experiments.aggregate`, run as users run it."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from experiments import aggregate as in_process
import sanity_checks
from sanity_checks import runs

pytestmark = pytest.mark.slow

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(sanity_checks.__file__)))


def make_run(path, model="cnn", value=None):
    """A finished run of 3 images, 2 stages and 2 methods, with the maps of one image."""
    points = pd.MultiIndex.from_product(
        [[(0, "original"), (1, "fc1")], ["gradient", "gradcam"], ["spearman", "spearman_abs"], list("abc")],
        names=["stage", "method", "metric", "image_id"]).to_frame(index=False)
    rows = points.assign(
        stage_index=[index for index, _ in points["stage"]], stage=[name for _, name in points["stage"]],
        model=model, dataset="mnist", test="cascading", draw=0, explained_class=1,
        value=np.linspace(0, 1, len(points)) if value is None else value)
    maps = runs.FigureMaps(
        np.zeros((4, 4, 1), np.float32), "a", (0, 1), 1, ("original", "fc1"),
        {"gradient": np.eye(4, dtype=np.float32)[None, ..., None].repeat(2, 0)}, np.ones(2))
    run = runs.RunDirectory.open(str(path), {"model": model}, f"--model={model}\n", {})
    run.write_unit(runs.Unit(0, 0, 3), rows[list(runs.COLUMNS)], 1.0, [maps])
    run.finish(1)
    return str(path)


def aggregate(*arguments, code=None):
    command = ["-c", code] if code else ["-m", "experiments.aggregate"]
    return subprocess.run([sys.executable, *command, *arguments], cwd=ROOT, text=True, capture_output=True)


def test_tables_and_figures_of_one_run_go_into_it(tmp_path):
    run = make_run(tmp_path / "run")
    done = aggregate(f"--run_dirs={run}", "--bootstrap_samples=10")
    assert done.returncode == 0 and not done.stderr
    assert {"tables", "figures"} <= set(os.listdir(run))
    assert "masks_cnn_mnist_cascading_draw000_a_grey.png" in os.listdir(tmp_path / "run" / "figures")
    assert "Rank Correlation (ABS): CNN, MNIST, Cascading Randomization" in done.stdout
    assert f"{run}/tables" in done.stdout


@pytest.mark.slow
def test_several_runs_stand_side_by_side(tmp_path):
    runs = ",".join([make_run(tmp_path / "a"), make_run(tmp_path / "b", "mlp")])
    done = aggregate(f"--run_dirs={runs}", f"--output_dir={tmp_path}/out", "--metric=spearman",
                     "--figure_band=interval")
    assert done.returncode == 0
    assert set(pd.read_csv(tmp_path / "out" / "tables" / "summary.csv")["model"]) == {"cnn", "mlp"}
    assert done.stdout.count("Rank Correlation (No ABS)") == 2


def test_a_run_that_is_not_finished_says_so(tmp_path, capsys, caplog):
    run = make_run(tmp_path / "run")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    (tmp_path / "run" / "run.json").write_text(json.dumps({**record, "units_total": 4}))
    in_process.draw([run], run, 10)
    assert f"{run} is not finished: 3 of 4 units are missing." in capsys.readouterr().out
    assert "3 of 4 units are missing. Tables and figures show what is there." in caplog.text
    assert "3 of 4 units are missing." in (tmp_path / "run" / "tables" / "cnn_mnist_cascading_spearman.md").read_text()


def test_a_run_that_has_measured_nothing_is_an_error_after_its_tables(tmp_path):
    run = make_run(tmp_path / "run", value=np.nan)
    with pytest.raises(ValueError, match="^nothing was measured: cnn on mnist, cascading: every map of gradient, gradcam is"):
        in_process.draw([run], run, 10)
    assert (tmp_path / "run" / "tables" / "summary.csv").exists()


def test_neither_tensorflow_nor_pyplot_is_imported(tmp_path):
    code = ("import sys; from experiments import aggregate; aggregate.draw(sys.argv[1:], sys.argv[1], 10); "
            "print({'tensorflow', 'tf_keras', 'keras', 'matplotlib.pyplot'} & set(sys.modules))")
    assert aggregate(make_run(tmp_path / "run"), code=code).stdout.endswith("\nset()\n")


@pytest.mark.parametrize("arguments, message", [
    (["--run_dirs=nowhere"], "error: nowhere is not a run directory: it has no run.json"),
    (["--run_dirs=nowhere,elsewhere"], "error: --output_dir: needed for 2 run directories, got nothing"),
    (["--run_dirs=nowhere", "runs"], "error: --run_dirs: expected a list with commas and no spaces, --run_dirs=nowhere,runs, found 'runs' as a word of its own")])
def test_an_error_is_one_line(arguments, message):
    done = aggregate(*arguments)
    assert (done.returncode, done.stderr, done.stdout) == (1, message + "\n", "")


@pytest.mark.slow
def test_an_absent_metric_is_an_error_before_anything_is_written(tmp_path):
    run = make_run(tmp_path / "run")
    done = aggregate(f"--run_dirs={run}", "--metric=hog")
    assert done.stderr == "error: no metric 'hog' in the results; they have: spearman_abs, spearman\n"
    assert done.returncode == 1
    assert "tables" not in os.listdir(run)


@pytest.mark.slow
def test_the_same_run_twice_is_an_error(tmp_path):
    run = make_run(tmp_path / "run")
    done = aggregate(f"--run_dirs={run},{run}", f"--output_dir={tmp_path}/out")
    assert done.returncode == 1 and done.stderr == f"error: expected every run directory once, got {run} more than once\n"


@pytest.mark.slow
def test_a_file_that_cannot_be_written_is_an_error(tmp_path):
    run = make_run(tmp_path / "run")
    (tmp_path / "file").write_text("")
    done = aggregate(f"--run_dirs={run}", f"--output_dir={tmp_path}/file")
    assert done.returncode == 1 and done.stderr == f"error: Not a directory: {tmp_path}/file/tables\n"


BODY = ("from experiments import command\ndef main(found): raise {error}\ncommand.run(main, command.FlagSet)")


def test_a_defect_keeps_its_traceback():
    done = aggregate(code=BODY.format(error="KeyError('bug')"))
    assert done.returncode == 1 and "Traceback" in done.stderr and "KeyError: 'bug'" in done.stderr


def test_a_traceback_can_be_asked_for():
    done = aggregate("--verbosity=debug", code=BODY.format(error="ValueError('two\\nlines')"))
    assert "Traceback" in done.stderr and done.stderr.endswith("\nerror: two lines\n")
