"""What experiments.status says of runs that are whole, in the middle, begun, left and failed."""

import os
import re
import subprocess
import sys
import time

import pytest

from experiments import status
from sanity_checks import runs
from sanity_checks.runs import execute
from sanity_checks.runs import failures
from sanity_checks.runs import job as jobs
from sanity_checks.runs import leases
from sanity_checks.runs import progress
from sanity_checks.runs import sharing
from sanity_checks.runs import work_units
from tests.experiments import binary

SETTINGS = {"draws": 2, "num_images": 6, "images_per_unit": 2}


def build():
    def compute(unit, progress):
        if (unit.draw, unit.first) == (1, 2):
            raise ValueError("no such luck")
        rows = runs.Collector("m", "d", "t", unit.draw, [str(i) for i in range(unit.first, unit.last)])
        rows.add(1, "s", "gradient", "ssim", [0.5] * (unit.last - unit.first), 3)
        return rows.frame(), []
    return compute


def run(folder, done, settings=SETTINGS):
    """Computes the units of these positions."""
    units = work_units.units(2, 6, 2)
    for position in done:
        job = jobs.Job("t", settings, {}, tuple(units), 1, build)
        try:
            execute.execute(job, str(folder), position, len(units), progress=False)
        except ValueError as error:
            assert "no such luck" in str(error)
    return units


def said(capsys, *folders, more=()):
    binary.run(status, f"--run_dirs={','.join(map(str, folders))}", *more)
    return capsys.readouterr().out


def test_a_run_in_the_middle(tmp_path, capsys):
    units = run(tmp_path / "run", [0, 4, 5])
    for position, name in enumerate(sorted(os.listdir(tmp_path / "run" / "similarities"))):
        os.utime(tmp_path / "run" / "similarities" / name, (1000 + 30 * position,) * 2)
    with leases.Leases(sharing.folder(str(tmp_path / "run"))) as held:
        held.take(units[2].name)
        held.take(units[1].name, "worker 5 on node7")
        path = tmp_path / "run" / "similarities" / f".{units[1].name}.lease"
        os.utime(path, (1, 1))                  # no heartbeat for long: its unit is missing
        text = said(capsys, tmp_path / "run")
    assert "2 of 6 units done, 1 running, 3 missing, 1 of them failed" in text
    assert "rate     2 units a minute, about 2 min left" in text
    assert re.search(rf"running  {units[2].name}: process {os.getpid()} on .*, since \d\d:\d\d:\d\d \(\d s\)\n", text)
    assert re.search(rf"failed   {units[4].name}: ValueError: no such luck \(process {os.getpid()} on ", text)
    assert "--array=1,3-4 with --shard=$SLURM_ARRAY_TASK_ID --num_shards=6" in text


def test_the_array_that_is_said_computes_what_is_missing(tmp_path, capsys):
    run(tmp_path / "run", [0, 3])
    told = re.search(r"--array=(\S+) ", said(capsys, tmp_path / "run"))[1]
    assert told == "1-2,4-5"
    run(tmp_path / "run", [1, 2, 5])
    assert "--array=4 " in said(capsys, tmp_path / "run")


def test_a_whole_run_and_one_that_is_left(tmp_path, capsys):
    run(tmp_path / "a" / "whole", [0, 1, 2, 3, 5])
    failures.remove(str(tmp_path / "a" / "whole"), "nothing")
    run(tmp_path / "a" / "left", [0, 1])
    text = said(capsys, tmp_path / "a")
    assert re.search(r"left: 2 of 6 units done, 0 running, 4 missing\n  rate .* nothing is running\n", text) and "whole: 5 of 6" in text


def test_a_run_whose_first_unit_is_being_computed(tmp_path, capsys):
    with leases.Leases(sharing.folder(str(tmp_path / "run"))) as held:
        held.take("draw000_images000000-000002")
        assert "0 units (how many are to be is recorded with the first) done, 1 running" in said(capsys, tmp_path / "run")


def test_settings_that_do_not_say_how_a_run_is_cut_leave_numbers_alone(tmp_path, capsys):
    run(tmp_path / "run", [0, 1], settings={"seed": 0})
    text = said(capsys, tmp_path / "run")
    assert "2 of 6 units done, 0 running, 4 missing" in text and "--array" not in text


def test_watching_ends_when_all_is_done(tmp_path, capsys, monkeypatch):
    units = run(tmp_path / "run", [0, 1, 2, 3, 5])

    def finish(seconds):
        rows = tmp_path / "run" / "similarities"
        (rows / f"{units[4].name}.parquet").write_bytes((rows / f"{units[0].name}.parquet").read_bytes())
    monkeypatch.setattr(status.time, "sleep", finish)
    text = said(capsys, tmp_path / "run", more=["--watch"])
    assert text.count("units done") == 2 and "6 of 6 units done, 0 running, 0 missing" in text


@pytest.mark.parametrize("flags, message", [
    ([], "--run_dirs: expected at least one"), (["--run_dirs=nowhere"], "nowhere is not a run directory")])
def test_what_is_no_run_is_refused(flags, message):
    assert message in binary.refusal(status, *flags)


def test_time_left_needs_somebody_at_work():
    state = progress.Progress("r", 10, 4, (), (), None, time.time(), 0.5)
    assert state.seconds_left is None and state.left == 6


def test_it_needs_no_tensorflow():
    code = "import sys; from experiments import status; status.define(); print({'tensorflow', 'keras', 'tf_keras', 'ray'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
