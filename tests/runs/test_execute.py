"""The one loop over a job's units: what it computes, keeps, resumes and refuses."""

import dataclasses
import logging
import os
import pickle

import numpy as np
import pytest

from sanity_checks import runs
from sanity_checks.runs import execute
from sanity_checks.runs import job as jobs
from sanity_checks.runs import owners
from sanity_checks.runs import results
from sanity_checks.runs import work_units

COMPUTED = []


def compute(unit, progress):
    """Rows whose value tells the draw and the image."""
    COMPUTED.append(unit.name)
    ids = [str(i) for i in range(unit.first, unit.last)]
    rows = runs.Collector("m", "d", "t", unit.draw, ids)
    rows.add(1, "s", "gradient", "ssim", np.array([unit.draw + int(i) / 100 for i in ids]), 3)
    progress(len(ids))
    return rows.frame(), []


def build():
    return compute


def job(**changed):
    made = jobs.Job("t", {"seed": 0, "metrics": ["ssim"]}, {"weights": "a"}, tuple(work_units.units(2, 5, 2)), 1, build)
    return dataclasses.replace(made, **changed)


@pytest.fixture(autouse=True)
def nothing_computed():
    COMPUTED.clear()


def test_all_units_are_computed_once_and_counted(tmp_path):
    folder = str(tmp_path / "run")
    assert execute.execute(job(), folder, progress=False)
    assert len(COMPUTED) == 6 and execute.execute(job(), folder, progress=False) and len(COMPUTED) == 6
    rows = runs.read_rows([folder])
    assert len(rows) == 10 and np.isclose(rows.value.max(), 1.04)
    assert runs.read_run(folder)["totals"]["units_done"] == 6


def test_a_job_can_be_pickled_and_computed_elsewhere(tmp_path):
    again = pickle.loads(pickle.dumps(job()))
    assert execute.execute(again, str(tmp_path / "run"), progress=False)
    assert again == job()


def test_shards_share_the_units(tmp_path):
    folder = str(tmp_path / "run")
    assert [execute.execute(job(), folder, shard, 3, progress=False) for shard in (1, 2, 0)] == [False, False, True]
    assert len(COMPUTED) == len(set(COMPUTED)) == 6


def test_a_directory_is_not_made_before_the_first_unit_can_start(tmp_path):
    def fail():
        raise ValueError("labels: found none")
    with pytest.raises(ValueError, match="labels: found none"):
        execute.execute(job(build=fail), str(tmp_path / "run"), progress=False)
    assert not os.path.exists(tmp_path / "run")


def test_nothing_is_loaded_where_nothing_is_left(tmp_path):
    folder = str(tmp_path / "run")
    execute.execute(job(), folder, progress=False)
    execute.execute(job(build=None), folder, progress=False)


@pytest.mark.parametrize("changed, message", [
    ({"settings": {"seed": 1, "metrics": ["ssim"]}}, "seed: the run has 0, got 1"),
    ({"sha256": {"weights": "b"}}, "sha256 of the weights: the run has a, got b"),
    ({"sha256": {"weights": "a", "method mine": "c"}}, "sha256 of the method mine: the run has nothing, got c"),
])
def test_another_job_is_refused_by_name(tmp_path, changed, message):
    folder = str(tmp_path / "run")
    execute.execute(job(), folder, progress=False)
    with pytest.raises(ValueError, match=message):
        execute.execute(job(**changed), folder, progress=False)
    assert len(COMPUTED) == 6


def test_another_version_of_the_library_is_warned_about_not_refused(tmp_path, monkeypatch, caplog):
    folder = str(tmp_path / "run")
    execute.execute(job(), folder, progress=False)
    monkeypatch.setattr(results.version, "VERSION", "99.0")
    with caplog.at_level(logging.WARNING, logger="absl"):
        assert execute.execute(job(), folder, progress=False)
    assert "was begun with version" in caplog.text and "99.0" in caplog.text


def test_rows_are_collected_in_the_schema():
    rows = runs.Collector("m", "d", "t", 2, ["a", "b"])
    rows.add(0, "original", "gradient", "ssim", [1., np.nan], np.array([3, 4]))
    rows.add(1, "fc", "gradient", "ssim", [0.5, 0.25], 7)
    frame = rows.frame()
    assert tuple(frame.columns) == runs.COLUMNS and frame.image_id.tolist() == ["a", "b"] * 2
    assert frame.explained_class.tolist() == [3, 4, 7, 7] and frame.stage.tolist() == ["original"] * 2 + ["fc"] * 2
    assert frame.value.fillna(-1).tolist() == [1., -1., 0.5, 0.25] and set(frame.draw) == {2}


def test_settings_that_the_first_unit_refuses_are_not_recorded(tmp_path):
    def refuse():
        def fail(unit, progress):
            raise ValueError("guided_ig_fraction: expected at most 1, got 7")
        return fail
    with pytest.raises(ValueError, match="guided_ig_fraction"):
        execute.execute(job(settings={"seed": 7}, build=refuse), str(tmp_path / "run"), progress=False)
    assert os.listdir(tmp_path / "run") == []
    assert execute.execute(job(), str(tmp_path / "run"), progress=False)


def test_a_folder_that_cannot_be_written_is_refused_before_a_unit_is_computed(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        execute.execute(job(), str(tmp_path / "file" / "run"), progress=False)
    assert not COMPUTED


def test_how_many_units_there_are_is_recorded_from_the_start(tmp_path):
    def second_fails():
        def fail(unit, progress):
            if COMPUTED:
                raise KeyboardInterrupt
            return compute(unit, progress)
        return fail
    folder = str(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        execute.execute(job(build=second_fails), folder, progress=False)
    assert runs.read_run(folder)["units_total"] == 6 and runs.unfinished(folder) == "5 of 6 units are missing"
    assert execute.execute(job(), folder, progress=False) and runs.unfinished(folder) == ""


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    execute.execute(job(), str(folder), progress=False)
    monkeypatch.setattr(owners, "_runs", lambda process, start: process != 1)
    for path in (folder, folder / "similarities", folder / "maps"):
        path.mkdir(exist_ok=True)
        mine = owners.name().rsplit(".", 2)
        (path / f".a.{mine[0]}.1.{mine[2]}.abcdef01.tmp").write_text("half")
        (path / f".b.{'.'.join(mine)}.abcdef01.tmp").write_text("half")
    execute.execute(job(), str(folder), progress=False)
    left = [name for _, _, names in os.walk(folder) for name in names if name.endswith(".tmp")]
    assert len(left) == 3 and all(name.startswith(".b.") for name in left)
