"""The report: what was run, verdicts beside the paper's, every figure, map and number, in one HTML file.

    report.write("report", runs=["runs/cnn_cascading", "runs/cnn_random_networks"],
                 trainings=[json.load(open("runs/models/cnn/metrics.json"))], missing={36: "there are no
                 AlexNet weights"}, figure_files={19: ["runs/noise/figures/noise.png"]})

The page needs no network and no other file; beside it lie the figures as PNG and PDF and the tables as CSV,
Markdown and LaTeX. It can be read without JavaScript, which adds sorting, filtering and stepping through the
stages.
"""

import logging
import os

from sanity_checks import spreadsheets
from sanity_checks import tables as table_files
from sanity_checks.analysis import aggregation
from sanity_checks.analysis import verdicts
from sanity_checks.paper import catalogue
from sanity_checks.report import gallery as galleries
from sanity_checks.report import orders_section
from sanity_checks.report import page
from sanity_checks.report import paper_section
from sanity_checks.report import pictures
from sanity_checks.runs import files
from sanity_checks.runs import reading

FILE = "index.html"
TITLE = "Sanity checks for saliency maps"

logger = logging.getLogger("absl")


def write(output_dir, runs, trainings=(), missing=None, figure_files=None, tables=None, title=TITLE,
          rule=verdicts.Rule(), bootstrap_samples=1000, seed=0):
    """Writes a report.

    Args:
        output_dir: str, folder of the report; gets index.html, figures/ and tables/.
        runs: list of str, run directories; those of the test "random_networks" are the nulls of the others,
            see `sanity_checks.analysis.verdicts`.
        trainings: list of dict, what trained models' metrics.json hold: model, dataset, iterations or epochs,
            seed, train_accuracy, validation_accuracy, test_accuracy, and, where they are known, seconds and
            labels ("true labels" or "random labels").
        missing: dict, number of a figure (int, or str such as "37A") -> reason why it could not be made. A
            figure that lacks its runs and is not in it has a reason that says so.
        figure_files: dict, number of a figure -> list of image files drawn elsewhere, shown in its place.
            Files that differ in their suffix alone (.png, .pdf) are one picture in several formats.
        tables: dict, caption -> pandas.DataFrame, further tables; what `attrs["note"]` of one holds stands
            below it.
        title: str.
        rule: `verdicts.Rule`.
        bootstrap_samples, seed: int, of the intervals.

    Returns:
        str, path of index.html.

    Raises:
        ValueError: no run directory, one without results, results given twice, or a figure the paper does not
            have.
    """
    reasons = {catalogue.find(number): text for number, text in (missing or {}).items()}
    drawn = {}
    for number, paths in (figure_files or {}).items():
        drawn.setdefault(catalogue.find(number), []).extend(paths)
    opened = [galleries.read_run(path) for path in runs]
    for run in opened:
        if run.unfinished:
            logger.warning("%s is not finished: %s. The report shows what is there.", run.path, run.unfinished)
    rows = reading.read_rows(runs)
    summary = aggregation.aggregate(rows, bootstrap_samples, seed)
    assessment = verdicts.assess(rows, rule, bootstrap_samples, seed, summary)
    gallery = galleries.build(opened, summary, output_dir, skip=drawn)
    entries = paper_section.entries(summary, gallery, output_dir, reasons, drawn)
    further = paper_section.further(summary, entries, output_dir)
    notes = [f"{run.path} is not finished: {run.unfinished}." for run in opened if run.unfinished]
    _write_tables(output_dir, summary, assessment, notes)
    content = page.content(
        opened, summary, assessment, entries, further, gallery, list(trainings), tables or {}, title, output_dir,
        orders_section.sections(summary, output_dir)
    )
    path = os.path.join(output_dir, FILE)
    files.remove_leftovers(output_dir, os.path.join(output_dir, pictures.FOLDER))
    files.write_text(path, page.render(content))
    return path


def _write_tables(output_dir, summary, assessment, notes):
    table_files.write_tables(summary, output_dir, notes)
    for name, frame in (("verdicts", assessment.verdicts), ("evidence", assessment.stages)):
        path = os.path.join(output_dir, table_files.FOLDER, f"{name}.csv")
        files.write_text(path, spreadsheets.frame_csv(frame))
