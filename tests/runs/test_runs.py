"""Tests of run directories, rows and maps: what is written is what is read, whoever is killed meanwhile."""

import concurrent.futures
import dataclasses
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import sanity_checks
from sanity_checks import runs
from sanity_checks.runs import files

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(sanity_checks.__file__)))
SETTINGS = {"draws": 3, "methods": ["gradient", "gradcam"], "weights": None}


def make_rows(draw=0, first=0, last=4, value=0.5):
    frame = pd.DataFrame({"image_id": [f"{i:05d}" for i in range(first, last)], "value": value})
    return frame.assign(model="cnn", dataset="mnist", test="cascading", draw=draw, stage_index=1, stage="fc1",
                        method="gradient", metric="spearman", explained_class=7)[list(runs.COLUMNS)]


def make_maps(image_id="00000", shape=(6, 5, 3)):
    generator = np.random.default_rng(0)
    return runs.FigureMaps(
        image=generator.random(shape, np.float32), image_id=image_id, input_range=(0.0, 1.0), label=3,
        stages=("original", "fc1"), explained_class=np.array([3, 8]),
        maps={"gradient": generator.normal(size=(2, *shape)).astype(np.float32) * 1e-7,
              "gradcam": generator.random((2, *shape[:2], 1), np.float32)})


def open_run(path, **changes):
    provenance = {"sha256": {"weights": "ab"}}
    return runs.RunDirectory.open(str(path), {**SETTINGS, **changes}, "--draws=3\n", provenance)


# Units

def test_units_cover_every_image_of_every_draw_once():
    covered = [(unit.draw, i) for unit in runs.units(2, 10, 4) for i in range(unit.first, unit.last)]
    assert covered == [(draw, i) for draw in range(2) for i in range(10)]


def test_unit_name():
    assert runs.Unit(0, 0, 64).name == "draw000_images000000-000064"


@pytest.mark.parametrize("arguments", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_units_of_nothing_are_refused(arguments):
    with pytest.raises(ValueError, match="at least 1, got 0"):
        runs.units(*arguments)


def test_shards_share_the_units_out():
    units = runs.units(3, 10, 4)
    shards = [runs.shard(units, index, 4) for index in range(4)]
    assert sorted((unit for shard in shards for unit in shard), key=lambda unit: unit.name) == units


@pytest.mark.parametrize("index", [-1, 2])
def test_shard_outside_the_count_is_refused(index):
    with pytest.raises(ValueError, match="expected 0 to 1"):
        runs.shard(runs.units(1, 1, 1), index, 2)


# Opening

def test_open_writes_settings_and_flags(tmp_path):
    open_run(tmp_path / "run")
    assert runs.read_run(str(tmp_path / "run"))["settings"] == SETTINGS
    assert (tmp_path / "run" / "flags.flags").read_text() == "--draws=3\n"


def test_open_again_with_the_same_settings(tmp_path):
    open_run(tmp_path)
    open_run(tmp_path, methods=("gradient", "gradcam"))


def test_open_names_every_differing_flag(tmp_path):
    open_run(tmp_path)
    with pytest.raises(ValueError) as raised:
        open_run(tmp_path, draws=5, methods=["gradient"], weights="w.h5")
    for part in ("draws: the run has 3, got 5", "methods: the run has gradient,gradcam, got gradient",
                 "weights: the run has nothing, got w.h5"):
        assert part in str(raised.value)
    assert "\n" not in str(raised.value)


def test_open_names_a_flag_that_only_one_of_them_has(tmp_path):
    open_run(tmp_path)
    with pytest.raises(ValueError, match="seed: the run has nothing, got 1"):
        open_run(tmp_path, seed=1)


def test_open_refuses_other_weights_under_the_same_name(tmp_path):
    open_run(tmp_path)
    with pytest.raises(ValueError, match="sha256 of the weights: the run has ab, got cd"):
        runs.RunDirectory.open(str(tmp_path), SETTINGS, "", {"sha256": {"weights": "cd"}})


def test_open_keeps_other_provenance_of_the_first(tmp_path):
    runs.RunDirectory.open(str(tmp_path), SETTINGS, "", {"device": "gpu"})
    runs.RunDirectory.open(str(tmp_path), SETTINGS, "", {"device": "cpu"})
    assert runs.read_run(str(tmp_path))["provenance"] == {"device": "gpu"}


def test_open_refuses_a_directory_of_other_things(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(ValueError, match="thesis.tex"):
        open_run(tmp_path)
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_open_takes_a_directory_where_another_process_was_killed_while_creating(tmp_path):
    (tmp_path / ".run.json.host.1.abcdef01.tmp").write_text("{")
    open_run(tmp_path)


def test_open_completes_what_a_killed_process_created(tmp_path):
    open_run(tmp_path)
    os.unlink(tmp_path / "flags.flags")
    open_run(tmp_path)
    assert (tmp_path / "flags.flags").exists()


def test_open_by_many_at_once(tmp_path):
    with concurrent.futures.ThreadPoolExecutor(8) as executor:
        runs = list(executor.map(lambda _: open_run(tmp_path / "run"), range(16)))
    assert {run.path for run in runs} == {str(tmp_path / "run")}
    assert sorted(os.listdir(tmp_path / "run")) == ["flags.flags", "run.json"]


def test_of_many_with_different_settings_one_opens(tmp_path):
    def attempt(draws):
        try:
            open_run(tmp_path / "run", draws=draws)
            return draws
        except ValueError:
            return None
    with concurrent.futures.ThreadPoolExecutor(8) as executor:
        opened = [draws for draws in executor.map(attempt, range(8)) if draws is not None]
    assert opened == [runs.read_run(str(tmp_path / "run"))["settings"]["draws"]]


def test_open_where_the_file_system_has_no_hard_links(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError("no hard links here")
    monkeypatch.setattr(files.os, "link", refuse)
    open_run(tmp_path / "run")
    open_run(tmp_path / "run")
    assert runs.read_run(str(tmp_path / "run"))["settings"] == SETTINGS


def test_read_run_of_a_damaged_file(tmp_path):
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(ValueError, match="run.json is damaged"):
        runs.read_run(str(tmp_path))


# Rows

def test_rows_come_back_as_written(tmp_path):
    run, rows = open_run(tmp_path), make_rows(value=[0.1, np.nan, -1.0, 1 / 3])
    run.write_unit(runs.Unit(0, 0, 4), rows, 1.0)
    read = runs.read_rows([str(tmp_path)])
    pd.testing.assert_frame_equal(read.astype(rows.dtypes), rows)


def test_rows_of_text_columns_are_categorical(tmp_path):
    open_run(tmp_path).write_unit(runs.Unit(0, 0, 4), make_rows(), 1.0)
    assert isinstance(runs.read_rows([str(tmp_path)])["image_id"].dtype, pd.CategoricalDtype)


def test_order_of_rows_does_not_depend_on_who_finished_first(tmp_path):
    run = open_run(tmp_path)
    for draw, first in ((1, 0), (0, 4), (0, 0)):
        run.write_unit(runs.Unit(draw, first, first + 4), make_rows(draw, first, first + 4), 1.0)
    read = runs.read_rows([str(tmp_path)])
    assert list(zip(read["draw"], read["image_id"])) == sorted(zip(read["draw"], read["image_id"]))


def test_unit_is_done_once_written(tmp_path):
    run, unit = open_run(tmp_path), runs.Unit(0, 0, 4)
    assert not run.is_done(unit)
    run.write_unit(unit, make_rows(), 1.0)
    assert run.is_done(unit) and not run.is_done(runs.Unit(1, 0, 4))


def test_nothing_is_left_of_a_unit_whose_writing_failed(tmp_path, monkeypatch):
    run, unit = open_run(tmp_path), runs.Unit(0, 0, 4)

    def interrupted(*_, **__):
        raise KeyboardInterrupt
    monkeypatch.setattr(runs.rows.pq, "write_table", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.write_unit(unit, make_rows(), 1.0)
    assert not run.is_done(unit) and not os.listdir(tmp_path / "similarities")


def test_what_a_killed_process_leaves_is_not_read(tmp_path):
    open_run(tmp_path).write_unit(runs.Unit(0, 0, 4), make_rows(), 1.0)
    code = ("import os, signal, sys; from sanity_checks.runs import files\n"
            "with files.replacing(sys.argv[1]) as temporary:\n"
            "    open(temporary, 'w').write('half'); os.kill(os.getpid(), signal.SIGKILL)")
    target = str(tmp_path / "similarities" / "draw000_images000004-000008.parquet")
    killed = subprocess.run([sys.executable, "-c", code, target], env={**os.environ, "PYTHONPATH": ROOT})
    assert killed.returncode == -signal.SIGKILL
    assert len(os.listdir(tmp_path / "similarities")) == 2
    assert len(runs.read_rows([str(tmp_path)])) == 4


@pytest.mark.parametrize("change, message", [
    (lambda rows: rows.drop(columns="metric"), r"missing \['metric'\]"),
    (lambda rows: rows.assign(extra=1), r"unexpected \['extra'\]"),
    (lambda rows: rows.assign(image_id=range(len(rows))), "'image_id' must hold str, got integer"),
    (lambda rows: rows.assign(draw=0.5), "'draw' must hold int64, got float64"),
    (lambda rows: rows.assign(stage=None), "'stage' has a missing entry"),
])
def test_rows_of_another_form_are_refused(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        open_run(tmp_path).write_unit(runs.Unit(0, 0, 4), change(make_rows()), 1.0)


def test_read_rows_of_no_run_directory(tmp_path):
    with pytest.raises(ValueError, match=f"{tmp_path} is not a run directory"):
        runs.read_rows([str(tmp_path)])


def test_read_rows_before_there_are_any(tmp_path):
    open_run(tmp_path)
    with pytest.raises(ValueError, match=f"{tmp_path} holds no results yet"):
        runs.read_rows([str(tmp_path)])


def test_read_rows_names_a_damaged_file(tmp_path):
    open_run(tmp_path).write_unit(runs.Unit(0, 0, 4), make_rows(), 1.0)
    (tmp_path / "similarities" / "draw000_images000004-000008.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match="draw000_images000004-000008.parquet is not a readable file"):
        runs.read_rows([str(tmp_path)])


@pytest.mark.parametrize("paths", [[], "run"])
def test_read_rows_expects_a_list(paths):
    with pytest.raises(ValueError, match="a list of run directories"):
        runs.read_rows(paths)


# Totals

def test_finish_adds_up_the_units_of_all_processes(tmp_path):
    for draw in range(2):
        for first, last in ((0, 4), (4, 6)):
            rows = make_rows(draw, first, last, np.nan if first else 0.5)
            open_run(tmp_path).write_unit(runs.Unit(draw, first, last), rows, 1.5)
    totals = open_run(tmp_path).finish(units_total=5)
    assert totals == {"units_done": 4, "units_total": 5, "images": 6, "seconds": 6.0, "rows": 12,
                      "degenerate": 4}
    assert json.loads((tmp_path / "run.json").read_text())["totals"] == totals


def test_finish_keeps_the_rest_of_run_json(tmp_path):
    run = open_run(tmp_path)
    before = runs.read_run(run.path)
    run.finish()
    after = runs.read_run(run.path)
    assert {**after, "totals": None} == before


# Maps

def test_maps_come_back_within_half_precision(tmp_path):
    written = make_maps()
    runs.write_maps(str(tmp_path / "m.npz"), written)
    read = runs.read_maps(str(tmp_path / "m.npz"))
    for method, maps in written.maps.items():
        largest = np.abs(maps).max(axis=(1, 2, 3), keepdims=True)
        assert read.maps[method].dtype == np.float32
        assert np.all(np.abs(read.maps[method] - maps) <= 2.0 ** -11 * largest)


def test_maps_of_which_few_pixels_stand_out_keep_the_others(tmp_path):
    """What figures show in full colour is told apart in 128 steps, and takes less room than half precision would."""
    maps = make_maps(shape=(64, 64, 3))
    generator = np.random.default_rng(0)
    maps.maps["gradient"] = generator.laplace(size=(2, 64, 64, 3)).astype(np.float32)
    maps.maps["gradient"][1, 3, 4, 1] = 5e4
    maps.maps["gradcam"] = generator.laplace(size=(2, 64, 64, 1)).astype(np.float32)
    runs.write_maps(str(tmp_path / "m.npz"), maps)
    read = runs.read_maps(str(tmp_path / "m.npz")).maps["gradient"]
    shown = np.percentile(np.abs(maps.maps["gradient"]), 99, axis=(1, 2, 3), keepdims=True)
    assert np.all(np.abs(read - maps.maps["gradient"]) <= shown / 128)
    assert np.all((read > 0) <= (maps.maps["gradient"] > 0)) and np.all((read < 0) <= (maps.maps["gradient"] < 0))
    values = sum(found.size for found in maps.maps.values())
    assert (tmp_path / "m.npz").stat().st_size - maps.image.nbytes < 1.4 * values


def test_maps_of_earlier_versions_are_read(tmp_path):
    maps = make_maps()
    runs.write_maps(str(tmp_path / "m.npz"), maps)
    with np.load(tmp_path / "m.npz") as arrays:
        older = {name: array for name, array in arrays.items() if not name.startswith(("planes/", "step/"))}
    for method, of_method in maps.maps.items():
        scale = np.abs(of_method).max(axis=(1, 2, 3))
        older |= {f"maps/{method}": (of_method / scale[:, None, None, None]).astype(np.float16), f"scale/{method}": scale}
    np.savez(tmp_path / "m.npz", **older)
    for method, of_method in runs.read_maps(str(tmp_path / "m.npz")).maps.items():
        np.testing.assert_allclose(of_method, maps.maps[method], atol=2.0 ** -11 * np.abs(maps.maps[method]).max())


def test_everything_beside_the_maps_comes_back_exactly(tmp_path):
    written = make_maps("a/b ü")
    runs.write_maps(str(tmp_path / "m.npz"), written)
    read = runs.read_maps(str(tmp_path / "m.npz"))
    for name in ("image_id", "input_range", "label", "stages"):
        assert getattr(read, name) == getattr(written, name)
    np.testing.assert_array_equal(read.image, written.image)
    np.testing.assert_array_equal(read.explained_class, written.explained_class)
    assert list(read.maps) == list(written.maps)


def test_degenerate_maps_stay_degenerate(tmp_path):
    maps = make_maps()
    maps.maps["gradient"][0] = 0
    maps.maps["gradient"][1, 0, 0, 0] = np.nan
    maps.maps["gradcam"][1] = 3.0
    runs.write_maps(str(tmp_path / "m.npz"), maps)
    read = runs.read_maps(str(tmp_path / "m.npz")).maps
    assert not read["gradient"][0].any()
    assert np.isnan(read["gradient"][1]).sum() == 1
    assert np.ptp(read["gradcam"][1]) == 0


def test_maps_are_written_before_the_rows_that_vouch_for_them(tmp_path, monkeypatch):
    run, unit = open_run(tmp_path), runs.Unit(0, 0, 4)

    def killed(*_):
        raise KeyboardInterrupt
    monkeypatch.setattr(runs.rows, "write_rows", killed)
    with pytest.raises(KeyboardInterrupt):
        run.write_unit(unit, make_rows(), 1.0, [make_maps()])
    assert os.listdir(tmp_path / "maps") == ["draw000_00000.npz"] and not run.is_done(unit)


def test_image_ids_that_look_alike_have_files_of_their_own():
    ids = ["a/b", "a_b", "a b", "a.b", "x" * 300, "x" * 301]
    names = {runs.maps.file_name(0, image_id) for image_id in ids}
    assert len(names) == len(ids) and max(map(len, names)) < 160


def test_figure_maps_are_named_after_their_run(tmp_path):
    open_run(tmp_path).write_unit(runs.Unit(2, 0, 4), make_rows(2), 1.0, [make_maps()])
    (kept, maps), = runs.figure_maps([str(tmp_path)])
    assert kept == runs.Kept("cnn_mnist_cascading", "cascading", "cnn_mnist_cascading_draw002_00000")
    assert maps.image_id == "00000"


def test_runs_whose_names_read_alike_together_have_maps_of_their_own(tmp_path):
    for folder, model, dataset in (("1", "a", "b_c"), ("2", "a_b", "c"), ("3", "A", "b_c")):
        rows = make_rows().assign(model=model, dataset=dataset)
        open_run(tmp_path / folder).write_unit(runs.Unit(0, 0, 4), rows, 1.0, [make_maps()])
    kept = [kept for kept, _ in runs.figure_maps([str(tmp_path / folder) for folder in "123"])]
    assert len({one.name.lower() for one in kept}) == len({one.run.lower() for one in kept}) == 3


def test_names_of_classes_come_back(tmp_path):
    path = str(tmp_path / "m.npz")
    runs.write_maps(path, dataclasses.replace(make_maps(), class_names={3: "häher", 8: "jay"}, label_name="häher"))
    maps = runs.read_maps(path)
    assert maps.class_names == {3: "häher", 8: "jay"} and maps.label_name == "häher"


def test_no_names_come_back_as_none(tmp_path):
    runs.write_maps(str(tmp_path / "m.npz"), make_maps())
    maps = runs.read_maps(str(tmp_path / "m.npz"))
    assert maps.class_names == {} and maps.label_name == ""


def test_files_from_before_classes_had_names_are_read(tmp_path):
    runs.write_maps(str(tmp_path / "new.npz"), make_maps())
    with np.load(tmp_path / "new.npz") as arrays:
        kept = {name: arrays[name] for name in arrays
                if name not in ("named_classes", "class_names", "label_name")}
    np.savez(tmp_path / "old.npz", **kept)
    assert runs.read_maps(str(tmp_path / "old.npz")).class_names == {}


def test_a_damaged_file_of_maps_is_named(tmp_path):
    (tmp_path / "m.npz").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(ValueError, match="m.npz is not a file of maps"):
        runs.read_maps(str(tmp_path / "m.npz"))


def test_maps_of_another_shape_than_the_image_are_refused():
    with pytest.raises(ValueError, match=r"'gradient': expected shape \[1, 4, 4, 'C'\], got \(1, 4, 5, 1\)"):
        runs.FigureMaps(np.zeros((4, 4, 1)), "x", (0, 1), -1, ("original",),
                           {"gradient": np.zeros((1, 4, 5, 1))}, np.zeros(1))
