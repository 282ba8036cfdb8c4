"""Tests of the tables, of files and of the terminal."""

import csv
import itertools

import numpy as np
import pandas as pd
import pytest

from sanity_checks import spreadsheets
from sanity_checks import tables
from sanity_checks.analysis import aggregation
from sanity_checks.vocabulary import names


def make_summary(methods=("gradient", "input_x_gradient"), stages=("original", "conv_1"), mean=-0.5,
                 **columns):
    points = [{"stage_index": i, "stage": stage, "method": method}
              for method, (i, stage) in itertools.product(methods, enumerate(stages))]
    fixed = {"model": "cnn", "dataset": "mnist", "test": "cascading", "metric": "spearman", "mean": mean,
             "sd": 0.1, "n": 20, "n_degenerate": 0, "ci_low": mean - 0.1, "ci_high": mean + 0.1, **columns}
    return pd.DataFrame(points).assign(**fixed)[list(aggregation.KEY_COLUMNS + aggregation.STATISTICS)]


@pytest.fixture
def written(tmp_path):
    tables.write_tables(make_summary(), str(tmp_path))
    return lambda name: (tmp_path / "tables" / name).read_text(encoding="utf-8")


def test_write_tables_lists_its_files(tmp_path):
    summary = pd.concat([make_summary(), make_summary(model="mlp", metric="hog")])
    paths = tables.write_tables(summary, str(tmp_path))
    stems = "cnn_mnist_cascading_spearman", "mlp_mnist_cascading_hog"
    expected = ["summary.csv", *(f"{stem}.{suffix}" for stem in stems for suffix in ("csv", "md", "tex", "json"))]
    assert sorted(path.rsplit("/", 1)[1] for path in paths) == sorted(expected)
    assert sorted(str(path) for path in (tmp_path / "tables").iterdir()) == sorted(paths)


def test_names_that_a_file_system_may_take_for_one_have_files_of_their_own(tmp_path):
    named = [("CNN", "mnist"), ("cnn", "mnist"), ("a", "b_c"), ("a_b", "c"), ("my model", "x"), ("my_model", "x"), ("сеть", "x")]
    summary = pd.concat([make_summary(model=model, dataset=dataset, mean=i / 10) for i, (model, dataset) in enumerate(named)])
    paths = tables.write_tables(summary, str(tmp_path))
    assert len({path.lower() for path in paths}) == len(paths) == 1 + 4 * len(named)
    means = {tables.read_grid(path.removesuffix(".json")).iloc[0, 1][:5] for path in paths if path.endswith(".json")}
    assert means == {f"{i / 10:.3f}" for i in range(len(named))}


def test_no_name_is_a_formula_in_a_spreadsheet(tmp_path):
    summary = make_summary(methods=("=1+1", "gradient"), stages=("@top", "conv_1"))
    paths = tables.write_tables(summary, str(tmp_path))
    lines = spreadsheets.read_lines(next(path for path in paths if path.endswith("spearman.csv")))
    assert lines[0] == ["Method", "@top", "conv_1"] and [line[0] for line in lines[1:]] == ["=1+1", "Gradient"]
    assert spreadsheets.read_frame(paths[0])["stage"].tolist() == summary["stage"].tolist()
    for path in (path for path in paths if path.endswith(".csv")):
        with open(path, newline="", encoding="utf-8") as file:
            cells = [cell for line in csv.reader(file) for cell in line]
        assert "'=1+1" in cells and "'@top" in cells and not [cell for cell in cells if cell[:1] in ("=", "@")]


def test_summary_file_holds_the_summary(tmp_path):
    summary = make_summary(mean=1 / 3)
    tables.write_tables(summary, str(tmp_path))
    read = pd.read_csv(tmp_path / "tables" / "summary.csv")
    pd.testing.assert_frame_equal(read.astype(summary.dtypes), summary)


def test_csv_has_methods_against_stages(written):
    lines = list(csv.reader(written("cnn_mnist_cascading_spearman.csv").splitlines()))
    assert lines == [["Method", "original", "conv_1"],
                     ["Gradient", *["-0.500 [-0.600, -0.400]"] * 2],
                     ["Gradient ⊙ Input", *["-0.500 [-0.600, -0.400]"] * 2]]


def test_markdown_is_a_table(written):
    lines = written("cnn_mnist_cascading_spearman.md").splitlines()
    assert lines[2:5] == ["| Method | original | conv_1 |", "|---|---|---|",
                          "| Gradient | -0.500 [-0.600, -0.400] | -0.500 [-0.600, -0.400] |"]


def test_latex_escapes_what_latex_would_read(written):
    text = written("cnn_mnist_cascading_spearman.tex")
    assert r"Method & original & conv\_1 \\" in text
    assert r"Gradient $\odot$ Input & $-$0.500 [$-$0.600, $-$0.400]" in text


def test_latex_keeps_hyphens_in_names(tmp_path):
    tables.write_tables(make_summary(["integrated_gradients_smoothgrad"]), str(tmp_path))
    assert "Gradients-SG &" in (tmp_path / "tables" / "cnn_mnist_cascading_spearman.tex").read_text()


def test_latex_has_many_stages_in_rows(tmp_path):
    tables.write_tables(make_summary(stages=[f"s{i}" for i in range(18)]), str(tmp_path))
    text = (tmp_path / "tables" / "cnn_mnist_cascading_spearman.tex").read_text()
    assert r"\begin{tabular}{lrr}" in text and "\ns17 & " in text


@pytest.mark.parametrize("value, text", [(-0.0001, "0.000"), (0.0005, "0.001"), (np.nan, "n/a")])
def test_numbers(tmp_path, value, text):
    tables.write_tables(make_summary(["gradient"], mean=value, ci_low=np.nan), str(tmp_path))
    assert f"| Gradient | {text} |" in (tmp_path / "tables" / "cnn_mnist_cascading_spearman.md").read_text()


def test_degenerate_pairs_are_told():
    text = tables.terminal_table(make_summary(n=18, n_degenerate=2), "spearman")
    assert "Each mean is over 18 map pairs." in text
    assert "left out of the means: Gradient 4, Gradient ⊙ Input 4." in text


def test_terminal_table_of_few_stages():
    text = tables.terminal_table(make_summary(mean=0.125, n=20), "spearman")
    assert text.splitlines() == [
        "Rank Correlation (No ABS): CNN, MNIST, Cascading Randomization, mean",
        "Method            original  conv_1",
        "Gradient              0.12    0.12",
        "Gradient ⊙ Input      0.12    0.12",
        "Each mean is over 20 map pairs."]


STAGES = ["original", "Logits", *[f"Mixed_{i}" for i in range(11)], *[f"Conv2d_{i}a_3x3" for i in range(5)]]


@pytest.mark.parametrize("methods", [list(names.METHODS)[:8], list(names.METHODS)])
def test_terminal_table_of_many_stages_fits(methods):
    text = tables.terminal_table(make_summary(methods, STAGES), "spearman")
    assert max(map(len, text.splitlines())) <= tables.TERMINAL_WIDTH
    assert text.count("-0.50") == len(methods) * len(STAGES)


def test_terminal_table_of_the_papers_eight_methods_is_one_table():
    text = tables.terminal_table(make_summary(list(names.METHODS)[:8], STAGES), "spearman")
    assert text.count("\noriginal ") == 1


def test_terminal_table_of_several_runs():
    text = tables.terminal_table(pd.concat([make_summary(), make_summary(model="mlp")]), "spearman")
    assert [line for line in text.splitlines() if line.startswith("Rank")] == [
        f"Rank Correlation (No ABS): {model}, MNIST, Cascading Randomization, mean"
        for model in ("CNN", "MLP")]


def test_terminal_table_of_an_absent_metric():
    with pytest.raises(ValueError, match="no metric 'hog' in the results; they have: spearman"):
        tables.terminal_table(make_summary(), "hog")
