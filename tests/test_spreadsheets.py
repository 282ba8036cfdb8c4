"""Tables for spreadsheets: no text is a formula there, numbers are numbers, and what was written is read."""

import csv
import io

import pandas as pd
import pytest

from sanity_checks import spreadsheets

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "-", "-conv",
            "-1+A1", "'=1", "''@x", "-0.5 [=1]", '=HYPERLINK("http://a","b,c")']
PLAIN = ["conv", "", "'conv", "a=b", "it's", "-0.5", "+3", "-1e-05", "-0.500 [-0.600, -0.400]", "-0.50 ± 0.01 *", "n/a", "ü"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_compute_begins_with_an_apostrophe(text):
    for written in (spreadsheets.lines_csv([[text]]), spreadsheets.frame_csv(pd.DataFrame({text: [text]}))):
        for line in csv.reader(io.StringIO(written, newline="")):
            assert line == [f"'{text}"]


@pytest.mark.parametrize("text", PLAIN)
def test_other_text_is_written_as_it_is(text):
    assert next(csv.reader(io.StringIO(spreadsheets.lines_csv([[text, "x"]])))) == [text, "x"]


def test_numbers_are_untouched():
    frame = pd.DataFrame({"a": [-1, 2], "b": [-0.5, float("nan")], "c": [True, False]})
    assert spreadsheets.frame_csv(frame) == frame.to_csv(index=False, lineterminator="\n")
    assert spreadsheets.lines_csv([[-1, -0.5]]) == "-1,-0.5\n"


def test_what_was_written_is_read(tmp_path):
    path, texts = tmp_path / "a.csv", [*FORMULAS, *PLAIN]
    path.write_text(spreadsheets.lines_csv([texts, texts]), encoding="utf-8", newline="")
    assert spreadsheets.read_lines(path) == [texts, texts]
    texts.remove("")
    frame = pd.DataFrame({"=text": texts, "value": range(-3, len(texts) - 3)})
    for kind in ("object", "category", "string"):
        path.write_text(spreadsheets.frame_csv(frame.astype({"=text": kind})), encoding="utf-8", newline="")
        found = spreadsheets.read_frame(path)
        assert found["=text"].tolist() == texts and found["value"].tolist() == frame["value"].tolist()


def test_columns_may_share_a_name():
    frame = pd.DataFrame([["=a", -1.5], ["b", 2.5]], columns=["x", "x"])
    assert spreadsheets.frame_csv(frame) == "x,x\n'=a,-1.5\nb,2.5\n"
