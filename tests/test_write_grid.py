"""A table of any content as CSV, Markdown and LaTeX."""

import pytest

from sanity_checks import tables

GRID = [["Pair", "Rank", "paper"], ["Two masks ⊙", "0.10 ± 0.02", "-0.0013 *"]]


def read(path, suffix):
    return (path.parent / f"{path.name}.{suffix}").read_text(encoding="utf-8")


def test_every_form_has_every_cell(tmp_path):
    written = tables.write_grid(str(tmp_path / "t"), GRID, "Caption", ["A note."])
    assert written == [f"{tmp_path}/t.{suffix}" for suffix in ("csv", "md", "tex", "json")]
    assert read(tmp_path / "t", "csv").splitlines()[1] == "Two masks ⊙,0.10 ± 0.02,-0.0013 *"
    assert "| Two masks ⊙ | 0.10 ± 0.02 | -0.0013 * |" in read(tmp_path / "t", "md")
    assert r"Two masks $\odot$ & 0.10 $\pm$ 0.02 & $-$0.0013 * \\" in read(tmp_path / "t", "tex")


def test_caption_and_notes_stand_around_the_table(tmp_path):
    tables.write_grid(str(tmp_path / "t"), GRID, "Caption", ["A note."])
    lines = read(tmp_path / "t", "md").splitlines()
    assert lines[0] == "Caption" and lines[-1] == "A note."


def test_a_wide_table_is_turned_in_latex_and_says_what_its_rows_are(tmp_path):
    grid = [["Pair", *"abcdefg"], ["x", *"1234567"]]
    tables.write_grid(str(tmp_path / "t"), grid, "Caption", across="Metric")
    lines = read(tmp_path / "t", "tex").splitlines()
    assert r"Metric & x \\" in lines and r"g & 7 \\" in lines


def test_what_was_written_is_read_back(tmp_path):
    tables.write_grid(str(tmp_path / "t"), GRID, "Caption", ["A note.", "Another."])
    found = tables.read_grid(str(tmp_path / "t"))
    assert [list(found.columns), *found.to_numpy().tolist()] == [list(line) for line in GRID]
    assert found.attrs["note"] == "A note. Another."


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '{"grid": [', '{"grid": [], "notes": []}', '{"grid": {}, "notes": []}',
                                     '{"grid": [["a"], ["b", "c"]], "notes": []}', '{"grid": [["a"], 3], "notes": []}',
                                     '{"grid": ["ab", ["b", "c"]], "notes": []}', '{"grid": [["a"], ["b"]], "notes": [3]}'])
def test_another_file_is_refused(tmp_path, content):
    (tmp_path / "t.json").write_text(content)
    with pytest.raises(ValueError, match="t.json is damaged: expected a table of this software"):
        tables.read_grid(str(tmp_path / "t"))
