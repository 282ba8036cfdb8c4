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
    monkeypatch.setattr(execute.version, "VERSION", "99.0")
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
