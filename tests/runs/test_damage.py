"""Run directories with damaged and foreign files: one line that names the file, whoever reads it."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sanity_checks import runs
from sanity_checks.runs import execute
from sanity_checks.runs import job as jobs
from sanity_checks.runs import work_units

UNIT, OTHER = "draw000_images000000-000002.parquet", "draw000_images000002-000004.parquet"


def build():
    def compute(unit, progress):
        ids = [str(i) for i in range(unit.first, unit.last)]
        rows = runs.Collector("m", "d", "t", unit.draw, ids)
        rows.add(0, "original", "gradient", "ssim", np.ones(len(ids)), 3)
        maps = runs.FigureMaps(np.zeros((4, 4, 1), np.float32), ids[0], (0., 1.), 1, ("original",),
                               {"gradient": np.ones((1, 4, 4, 1), np.float32)}, np.ones(1, int))
        return rows.frame(), [maps]
    return compute


def run(folder, seed=0):
    """A finished run of two units; returns its folder."""
    job = jobs.Job("t", {"seed": seed}, {"weights": "a"}, tuple(work_units.units(1, 4, 2)), 1, build)
    execute.execute(job, str(folder), progress=False)
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return run(tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture
def copied(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "copy")


def refusal(read):
    with pytest.raises(ValueError) as caught:
        read()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def changed(path, change, metadata=None):
    """The file's table after `change` (a function of a dict of columns), written with these metadata."""
    table = pq.read_table(path)
    columns = change({name: table[name] for name in table.column_names})
    kept = table.schema.metadata if metadata is None else metadata
    pq.write_table(pa.table(columns).replace_schema_metadata(kept), path)


def damages(row):
    """name -> (damage of a unit's file, what the message says)."""
    def write(content):
        return lambda path: path.write_bytes(content)

    def metadata(content):
        return lambda path: changed(path, dict, content)

    def column(name, values):
        return lambda path: changed(path, lambda columns: {**columns, name: values})
    return {
        "empty": (write(b""), "not a readable file of rows"), "foreign": (write(b"PAR1 nothing"), "not a readable file"),
        "cut": (lambda path: path.write_bytes(path.read_bytes()[:-50]), "not a readable file of rows"),
        "no metadata": (metadata({}), "not a readable file of rows"),
        "metadata {}": (metadata({b"sanity_checks": b"{}"}), "with 'draw', found {}"),
        "metadata null": (metadata({b"sanity_checks": b"null"}), "an object with draw, first, last"),
        "metadata of no JSON": (metadata({b"sanity_checks": b"{"}), "not a readable file of rows"),
        "metadata of text": (metadata({b"sanity_checks": json.dumps({**row, "rows": "2"}).encode()}), "'rows' of type whole"),
        "null text": (column("method", pa.array(["gradient", None])), "to have 'method', found 1 of 2 rows without"),
        "null value": (column("value", pa.array([None, 1.])), "to have 'value', found 1 of 2 rows without"),
        "value of text": (column("value", pa.array(["a", "b"])), "column 'value' to hold double, found string"),
        "draw of text": (column("draw", pa.array(["0", "0"])), "column 'draw' to hold int64, found string"),
        "method of numbers": (column("method", pa.array([1, 2])), "column 'method' to hold string, found int64"),
        "another column": (column("more", pa.array([1, 2])), "expected the columns model, dataset"),
        "no rows": (lambda path: changed(path, lambda columns: {name: part[:0] for name, part in columns.items()}),
                    "expected rows, found none"),
    }


ROW = {"draw": 0, "first": 0, "last": 2, "seconds": 1.0, "rows": 2, "degenerate": 0}


@pytest.mark.parametrize("name", damages(ROW))
def test_a_damaged_file_of_rows_is_named(copied, name):
    damage, message = damages(ROW)[name]
    damage(copied / "similarities" / UNIT)
    told = refusal(lambda: runs.read_rows([str(copied)]))
    assert told.startswith(str(copied / "similarities" / UNIT)) and message in told


def test_a_unit_of_another_run_is_refused_by_file(copied, tmp_path):
    other = run(tmp_path / "other", seed=1)
    shutil.copy(other / "similarities" / UNIT, copied / "similarities" / UNIT)
    for read in (lambda: runs.read_rows([str(copied)]), lambda: run(copied)):
        assert refusal(read).startswith(f"{copied / 'similarities' / UNIT} is a unit of another run; remove it")
    shutil.copy(other / "maps" / "draw000_0.npz", copied / "maps" / "draw000_0.npz")
    assert "draw000_0.npz is not a file of maps of this run" in refusal(lambda: list(runs.figure_maps([str(copied)])))


def test_units_of_equal_runs_may_be_put_together(whole, copied, tmp_path):
    same = run(tmp_path / "same")
    (copied / "similarities" / UNIT).unlink()
    shutil.copy(same / "similarities" / UNIT, copied / "similarities" / UNIT)
    assert runs.read_rows([str(copied)]).equals(runs.read_rows([str(whole)]))


def test_a_unit_under_another_name_is_refused(copied):
    shutil.copy(copied / "similarities" / UNIT, copied / "similarities" / "copy.parquet")
    assert "copy.parquet holds the unit draw000_images000000-000002" in refusal(lambda: runs.read_rows([str(copied)]))


def test_files_of_earlier_versions_are_read(whole, copied):
    for name in (UNIT, OTHER):
        path = copied / "similarities" / name
        found = json.loads(pq.read_schema(path).metadata[b"sanity_checks"])
        del found["run"]
        changed(path, dict, {b"sanity_checks": json.dumps(found).encode()})
    record = json.loads((copied / "run.json").read_text())
    del record["units_total"]
    (copied / "run.json").write_text(json.dumps(record))
    assert runs.read_rows([str(copied)]).equals(runs.read_rows([str(whole)]))
    assert runs.unfinished(str(copied)) == ""


@pytest.mark.parametrize("content, message", [
    ("{", "found no JSON"), ("null", "an object with settings, provenance, found null"), ("[]", "found []"), ("{}", "with 'settings'"),
    ('{"settings": {}}', "with 'provenance'"), ('{"settings": [], "provenance": {}}', "'settings' of type object, found []"),
    ('{"settings": {}, "provenance": {"sha256": []}}', "provenance is damaged"),
    ('{"settings": {}, "provenance": {"devices": 3}}', "'devices' of type list or null, found 3"),
    ('{"settings": {}, "provenance": {}, "totals": 3}', "'totals' of type object or null, found 3"),
    ('{"settings": {}, "provenance": {}, "totals": {"seconds": "x"}}', "totals is damaged"),
    ('{"settings": {}, "provenance": {}, "units_total": "2"}', "'units_total' of type whole number or null"),
])
def test_a_damaged_record_is_named_by_all_who_read_it(copied, content, message):
    (copied / "run.json").write_text(content)
    for read in (lambda: runs.read_run(str(copied)), lambda: runs.read_rows([str(copied)]), lambda: run(copied)):
        told = refusal(read)
        assert told.startswith(f"{copied / 'run.json'}") and message in told


def maps_with(path, **changed_arrays):
    with np.load(path) as arrays:
        kept = {**arrays, **changed_arrays}
    np.savez(path, **{name: array for name, array in kept.items() if array is not None})


@pytest.mark.parametrize("damage", [
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(path.read_bytes()[:100]),
    lambda path: path.write_bytes(path.read_bytes()[:300] + b"\0" + path.read_bytes()[301:]),
    lambda path: np.save(path.open("wb"), np.zeros(3)),
    lambda path: np.savez(path, other=np.zeros(3)),
    lambda path: maps_with(path, image=np.zeros(3)),
    lambda path: maps_with(path, image_id=None),
    lambda path: maps_with(path, label=np.zeros(3)),
    lambda path: maps_with(path, stages=np.array(3)),
    lambda path: maps_with(path, methods=np.array(["gradient", "gradcam"])),
    lambda path: maps_with(path, input_range=np.array(1)),
    lambda path: maps_with(path, **{"step/gradient": np.zeros(())}),
    lambda path: maps_with(path, **{"planes/gradient": np.array([["a"]])}),
    lambda path: maps_with(path, explained_class=np.ones(7)),
    lambda path: maps_with(path, named_classes=np.ones((1, 1)), class_names=np.array(["a"])),
])
def test_a_damaged_file_of_maps_is_named(copied, damage):
    path = copied / "maps" / "draw000_0.npz"
    damage(path)
    assert refusal(lambda: list(runs.figure_maps([str(copied)]))).startswith(f"{path} is not a file of maps of this run (")


def test_a_folder_that_cannot_be_read_is_not_one_without_results(copied, tmp_path):
    shutil.rmtree(copied / "similarities")
    (copied / "similarities").write_text("")
    with pytest.raises(OSError, match="similarities"):
        runs.read_rows([str(copied)])
    (tmp_path / "loop").symlink_to("loop")
    for read in (runs.read_run, lambda path: runs.read_rows([path])):
        with pytest.raises(OSError, match="loop"):
            read(str(tmp_path / "loop"))


def test_settings_that_are_equal_but_not_written_alike_are_of_one_run(copied):
    record = json.loads((copied / "run.json").read_text())
    (copied / "run.json").write_text(json.dumps({**record, "settings": {"seed": 0.0}}))
    for path in (copied / "similarities").glob("*.parquet"):
        path.unlink()
    run(copied)
    assert len(runs.read_rows([str(copied)])) == 4
