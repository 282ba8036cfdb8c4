"""The page of a report, read as HTML, as a browser without JavaScript has it."""

import base64
import html.parser
import io
import os
import re
import shutil
import types
import urllib.parse

import pandas as pd
from PIL import Image
import pytest

from sanity_checks import report
from sanity_checks.analysis import aggregation
from sanity_checks.paper import catalogue
from sanity_checks.report import gallery
from sanity_checks.report import page as page_module
from sanity_checks.report import run_section
from sanity_checks.report import sheets
from sanity_checks.runs import rows as row_files
from tests.report import conftest

VOID = ("meta", "link", "img", "input", "br", "line", "rect", "circle", "path")


class Reader(html.parser.HTMLParser):
    """Collects (tag, attributes) of all elements, and the text one sees; checks that elements are closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.seen, self._open = [], [], []
        self.feed(text)
        assert not self._open, self._open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] not in ("script", "style"):
            self.seen.append(data)

    def all(self, *tags):
        return [attributes for tag, attributes in self.elements if tag in tags]

    @property
    def text(self):
        return " ".join(" ".join(self.seen).split())


@pytest.fixture(scope="module")
def read(page):
    with open(page, encoding="utf-8") as file:
        return Reader(file.read())


def test_every_figure_of_the_paper_is_there_or_has_its_reason(read):
    shown = {attributes["id"] for attributes in read.all("article") if attributes.get("class") == "figure"}
    for figure_id in catalogue.FIGURES:
        if f"figure-{figure_id}" not in shown:
            assert re.search(rf"{re.escape(catalogue.label(figure_id))} .*?\.", read.text), figure_id
    assert {"figure-4", "figure-19", "figure-20", "figure-34"} <= shown and "figure-36" not in shown
    assert "There are no AlexNet weights." in read.text


def test_a_figure_that_lacks_some_runs_says_so(read):
    assert "Not complete:" in read.text and "Inception v3" in read.text


def test_every_picture_has_an_alternative_text(read):
    pictures = read.all("img")
    assert len(pictures) > 8 and all(attributes["alt"].strip() for attributes in pictures)


def test_drawn_curves_have_a_text_too(read):
    lines = [attributes for attributes in read.all("svg") if attributes.get("class") == "spark"]
    assert len(lines) == 3 * 2 and all("aria-label" in attributes for attributes in lines)


def test_nothing_is_loaded_from_elsewhere(read):
    for tag, attributes in read.elements:
        if "src" in attributes:
            assert attributes["src"].startswith("data:"), tag
        if tag == "link":
            assert attributes["href"] == "data:,"
    assert not [attributes for attributes in read.all("script") if "src" in attributes]


def test_links_lead_somewhere(read, page):
    ids = {attributes["id"] for _, attributes in read.elements if "id" in attributes}
    for attributes in read.all("a"):
        target = attributes["href"]
        if target.startswith("#"):
            assert target[1:] in ids, target
        elif not target.startswith("data:"):
            assert os.path.exists(os.path.join(os.path.dirname(page), target)), target


def csv_of(attributes):
    head, _, content = attributes["href"].partition(",")
    content = base64.b64decode(content) if head.endswith("base64") else urllib.parse.unquote_to_bytes(content)
    return pd.read_csv(io.BytesIO(content))


def test_every_table_is_a_csv_file_to_download(read):
    links = {attributes["download"]: attributes for attributes in read.all("a") if "download" in attributes}
    for attributes in read.all("table"):
        assert len(csv_of(links[attributes["id"] + ".csv"])) > 0, attributes["id"]
    assert list(csv_of(links["table-1.csv"])["value"]) == [2.5, 1.5]
    assert len(csv_of(links["verdicts.csv"])) == 3 * 2


def test_no_text_of_a_csv_file_is_a_formula(tmp_path):
    frame = pd.DataFrame({"=method": ["=1+1", "-0.5 ± 0.1"], "value": [-1.5, 2.5]})
    for text in (sheets.given("t", "T", frame).csv, sheets.plain("t", "T", list(frame), frame.to_numpy().tolist()).csv):
        assert text.splitlines() == ["'=method,value", "'=1+1,-1.5", "-0.5 ± 0.1,2.5"]
    assessment = types.SimpleNamespace(verdicts=frame, stages=frame)
    report._write_tables(str(tmp_path), make_summary(), assessment, [])
    for name in ("verdicts", "evidence"):
        assert (tmp_path / "tables" / f"{name}.csv").read_text(encoding="utf-8").startswith("'=method,value\n'=1+1,-1.5\n")


def make_summary():
    return aggregation.aggregate(conftest.rows_of("cascading", 0), 1)


def test_verdicts_are_those_of_the_rule(read, page):
    table = pd.read_csv(os.path.join(os.path.dirname(page), "tables", "verdicts.csv"))
    found = table[table["metric"] == "spearman_abs"].set_index("method")["verdict"]
    assert (found["gradient"], found["edge_detector"]) == ("sensitive", "insensitive")
    assert found["<b>mine</b>"] == "partly insensitive"
    assert "partly insensitive" in read.text


def test_statements_of_the_paper_and_of_the_survey_are_counted_apart(read, page):
    """Of the fixture's methods both speak of the gradient: the paper under both metrics, the survey of signed maps."""
    table = pd.read_csv(os.path.join(os.path.dirname(page), "tables", "verdicts.csv")).set_index(["method", "metric"])
    assert "Of 2 statements of the paper" in read.text and "Of 1 statements of a later survey" in read.text
    assert list(table[table.survey_agreement == "agrees"].index) == [("gradient", "spearman")]
    assert table.survey["gradient", "spearman"] == "gradient-like: changes with the parameters"
    assert (table.survey_agreement[table.agreement == "not stated"] == "not stated").all()


def test_strips_hold_every_stage_and_its_similarity(read):
    for text in ("logits", "hidden2", "hidden1"):
        assert text in read.text
    sprites = [attributes for attributes in read.all("img") if "sprite" in attributes.get("class", "")]
    assert len(sprites) == 2 * 3 * 2                    # images, methods, absolute and signed
    for attributes in sprites:
        picture = Image.open(io.BytesIO(base64.b64decode(attributes["src"].partition(",")[2])))
        assert picture.size == (4 * 9, 9)
    assert "abs. rank 1.00" in read.text


def test_names_are_escaped(read):
    assert "<b>mine</b>" in read.text and not read.all("b")


def test_what_was_run_is_told(read):
    for text in ("97.1", "seed", "numpy", "2.0.0"):
        assert text in read.text
    assert read.all("html")[0]["lang"] == "en"


def test_files_stand_beside_the_page(page):
    folder = os.path.dirname(page)
    assert {"figures", "tables", "index.html"} <= set(os.listdir(folder))
    assert {name.rpartition(".")[2] for name in os.listdir(os.path.join(folder, "figures"))} == {"png", "pdf"}
    assert os.path.getsize(page) < 3_000_000


@pytest.mark.slow
def test_without_a_null_nothing_is_assessed(runs, tmp_path):
    with open(report.write(str(tmp_path), runs[:1]), encoding="utf-8") as file:
        assert "not assessed" in Reader(file.read()).text


@pytest.mark.parametrize("arguments, message", [
    ({"missing": {99: "no"}}, "the paper has no figure 99"),
    ({"figure_files": {"37C": []}}, "the paper has no figure '37C'"),
])
def test_figures_that_the_paper_does_not_have_are_refused(runs, tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        report.write(str(tmp_path), runs, **arguments)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(ValueError):
        report.write(str(tmp_path / "page"), [str(tmp_path)])


def test_a_folder_with_two_models_is_refused(runs, tmp_path):
    copy = shutil.copytree(runs[0], tmp_path / "run")
    path = next((copy / "similarities").glob("*.parquet"))
    rows = pd.read_parquet(path)
    rows["model"] = rows["model"].astype(object).where(rows["image_id"].astype(str) != "00", "cnn")
    row_files.write_rows(str(path), rows, row_files.read_metadata(str(path)))
    with pytest.raises(ValueError, match="expected the rows of one model, data set and test, got"):
        report.write(str(tmp_path / "page"), [str(copy)])


def test_a_run_that_is_not_finished_is_told_on_the_page_and_in_its_tables(runs, tmp_path, caplog, read):
    copy = shutil.copytree(runs[0], tmp_path / "run")
    next((copy / "similarities").glob("*.parquet")).unlink()
    page = report.write(str(tmp_path / "page"), [str(copy), runs[1]])
    with open(page, encoding="utf-8") as file:
        text = Reader(file.read()).text
    assert "Not finished." in text and "MLP, MNIST: Cascading Randomization: 1 of 3 units is missing." in text
    assert "Not finished." not in read.text
    assert f"{copy} is not finished: 1 of 3 units is missing" in caplog.text and runs[1] not in caplog.text
    for table in (tmp_path / "page" / "tables").glob("*.md"):
        assert f"{copy} is not finished: 1 of 3 units is missing." in table.read_text(encoding="utf-8")


def test_without_javascript_only_its_own_controls_are_hidden(read):
    hidden = [attributes["class"] for _, attributes in read.elements if "hidden" in attributes]
    assert set(hidden) == {"stepper", "modes"}
    lines = [attributes for attributes in read.all("li") if "now" in attributes.get("class", "")]
    assert len(lines) == 2 * 3                          # images, methods


def test_a_figure_made_elsewhere_is_copied_and_shown(page, read):
    folder = os.path.dirname(page)
    assert os.path.exists(os.path.join(folder, "figures", "figure_19_drawn.png"))
    assert "figures/figure_19_drawn.png" in [attributes["href"] for attributes in read.all("a")]


@pytest.mark.slow
def test_files_that_differ_in_their_suffix_alone_are_one_picture(runs, tmp_path):
    source = tmp_path / "noise.png"
    Image.new("RGB", (40, 30), "white").save(source)
    Image.new("RGB", (40, 30), "white").save(tmp_path / "noise.pdf")
    files = [str(tmp_path / "noise.pdf"), str(source)]
    path = report.write(str(tmp_path / "page"), runs, figure_files={7: files})
    with open(path, encoding="utf-8") as file:
        text = file.read()
    begin = text.index('<article class="figure" id="figure-7"')
    article = Reader(text[begin:text.index("</article>", begin)] + "</article>")
    assert len(article.all("img")) == 1
    links = [link["href"] for link in article.all("a")]
    assert links == ["figures/figure_7_noise.png", "figures/figure_7_noise.pdf"]


def test_tables_made_elsewhere_are_sorted_by_their_numbers():
    rows = [["a", "-0.50 ± 0.10", "1 *"], ["b", "10-18", ""]]
    frame = pd.DataFrame(rows, columns=["pair", "paper", "paper"])
    frame.attrs["note"] = "* differs"
    sheet = sheets.given("key", "caption", frame)
    assert [cell.text for cell in sheet.rows[0]] == ["a", "−0.50 ± 0.10", "1 *"]
    assert [cell.sort for cell in sheet.rows[0]] == ["a", "-0.5", "1.0"]
    assert [cell.sort for cell in sheet.rows[1]] == ["b", "10-18", ""]
    assert sheet.csv.splitlines()[:2] == ["pair,paper,paper", "a,-0.50 ± 0.10,1 *"]
    assert sheet.note == "* differs"


@pytest.mark.parametrize("record, text", [
    ({"iterations": 1000}, "1\u202f000 iterations"), ({"epochs": 10}, "10 epochs"), ({}, "")])
def test_trainings_say_how_long(record, text):
    record = {"model": "mlp", "dataset": "mnist", "labels": "random labels", **record}
    sheet = run_section.trainings_sheet([record])
    row = dict(zip(sheet.columns, sheet.rows[0]))
    assert row["Trained for"].text == text and row["Labels"].text == "random"


def test_products_of_inputs_and_random_vectors_are_no_model(runs):
    opened = gallery.read_run(runs[0])
    products = opened.rows[opened.rows["method"] == "gradient"]
    products = products.assign(model="none", test="input_times_random", method="uniform")
    summary = aggregation.aggregate(pd.concat([opened.rows, products], ignore_index=True), 10, 0)
    facts = dict(page_module.facts([opened], summary, []))
    assert (facts["Models"], facts["Methods"]) == ("1", "3")


def test_no_runs_are_refused(tmp_path):
    with pytest.raises(ValueError, match="expected a list of run directories, got"):
        report.write(str(tmp_path), [])


@pytest.mark.parametrize("number, figure_id", [(4, "4"), ("37A", "37A"), (12, "10-18"), ("10-18", "10-18")])
def test_figures_are_found_by_number(number, figure_id):
    assert catalogue.find(number) == figure_id


def test_a_block_called_like_the_original_has_its_own_numbers():
    """Cells are keyed by the stage's index: stage 0 stays 1 whatever the blocks are called."""
    point = dict(model="m", dataset="d", test="cascading", method="gradient", metric="ssim", sd=0., n=2, n_degenerate=0,
                 ci_low=float("nan"), ci_high=float("nan"))
    summary = pd.DataFrame([{**point, "stage_index": index, "stage": stage, "mean": mean}
                            for index, stage, mean in ((0, "original", 1.), (1, "top", 0.5), (2, "original", 0.25))])
    (_, (sheet,)), = run_section.numbers(summary)
    assert [cell.text for cell in sheet.rows[0]] == ["Gradient", "1.00", "0.50", "0.25"]
    assert sheet.columns == ["Method", "original", "top", "original"]
