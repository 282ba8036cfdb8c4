"""Fills the page's template."""

import functools

import jinja2

from sanity_checks import spreadsheets
from sanity_checks.analysis import conclusions
from sanity_checks.report import map_pages
from sanity_checks.report import method_cards
from sanity_checks.report import run_section
from sanity_checks.report import sheets
from sanity_checks.report import verdict_section
from sanity_checks.vocabulary import tests


def render(content):
    """Renders the page.

    Args:
        content: dict, the variables of the template index.html.

    Returns:
        str, HTML.
    """
    return _environment().get_template("index.html").render(**content)


def content(runs, summary, assessment, entries, further, gallery, trainings, tables, title, output_dir, orders=()):
    """Gathers what the template shows: dict.

    Args:
        runs: list of `gallery.Run`.
        summary: pandas.DataFrame from `aggregation.aggregate`.
        assessment: `verdicts.Assessment`.
        entries, further: lists of `paper_section.Entry`.
        gallery: `gallery.Gallery`.
        trainings: list of dict.
        tables: dict, caption -> pandas.DataFrame, further tables.
        title: str.
        output_dir: str, the page's folder, gets the cards' pictures, and the maps of images that the page has no room for.
        orders: list of `orders_section.Orders`.
    """
    macros = _environment().get_template("cells.html").module
    missing = [entry for entry in entries if not entry.pictures]
    return {
        "title": title,
        "runs": run_section.runs_sheet(runs),
        "trainings": run_section.trainings_sheet(trainings),
        "settings": run_section.settings(runs),
        "versions": run_section.versions(runs),
        "unfinished": [(verdict_section.run_label(run.key), run.unfinished) for run in runs if run.unfinished],
        "facts": facts(runs, summary, trainings),
        "rule": verdict_section.rule_text(),
        "scope": verdict_section.scope(assessment.verdicts),
        "agreement": verdict_section.agreement(assessment.verdicts),
        "survey_agreement": verdict_section.agreement(assessment.verdicts, "survey_agreement"),
        "cards": method_cards.cards(assessment, curves(entries, further), maps(gallery), output_dir),
        "conclusion": conclusion(assessment),
        "glances": verdict_section.glances(assessment, macros),
        "most_metrics": int(assessment.verdicts.groupby("test")["metric"].nunique().max()) if len(
            assessment.verdicts) else 1,
        "verdicts": verdict_section.full(assessment),
        "evidence": sheets.Sheet("evidence", "Evidence", [], [], spreadsheets.frame_csv(assessment.stages)),
        "entries": entries,
        "further": further,
        "orders": orders,
        "missing": sheets.plain("missing", "Figures that are missing, and why", ["Figure", "Title", "Reason"],
                                [[entry.label, entry.title, entry.missing] for entry in missing]),
        "specimens": specimens(gallery, output_dir),
        "numbers": run_section.numbers(summary),
        "tables": [sheets.given(f"table-{number}", caption, frame)
                   for number, (caption, frame) in enumerate(tables.items(), 1)],
    }


def conclusion(assessment):
    """What the verdicts on a single model mean: list of str, sentences; none where there are several."""
    table = assessment.verdicts
    return conclusions.conclusion(assessment, table["metric"].iloc[0]) if len(table[["model", "dataset"]].drop_duplicates()) == 1 else []


def specimens(gallery, output_dir):
    """The images whose maps are in the page, list of `map_pages.Shown`; writes the pages of the others."""
    shown = map_pages.divide(gallery.specimens, verdict_section.run_label)
    template = _environment().get_template("maps_page.html")
    map_pages.write(shown, output_dir, lambda heading, page: template.render(heading=heading, page=page))
    return shown


def curves(entries, further):
    """Where curves are drawn: dict, (test, model, dataset, metric) -> id of a figure in the page."""
    return {(entry.test, *cover): entry.key for entry in [*further, *reversed(entries)] for picture in entry.pictures
            for cover in picture.covers}


def maps(gallery):
    """Where a method's maps begin: dict, (heading of a run, display name of a method) -> id in the page."""
    return {(verdict_section.run_label(key), strip.method): strip_id(specimen_id(number, 1), place)
            for number, (key, found) in enumerate(gallery.specimens, 1) for place, strip in enumerate(found[0].strips, 1)}


def specimen_id(run, image):
    return f"maps-{run}-{image}"


def strip_id(specimen, place):
    return f"{specimen}-{place}"


def facts(runs, summary, trainings):
    """What stands at the head of the page: list of (name, value)."""
    images = {(run.key[1], image) for run in runs for image in run.rows["image_id"].unique()}
    values = sum(len(run.rows) for run in runs)
    of_models = summary[[tests.record(test).compares_states for test in summary["test"]]]
    return [
        ("Runs", str(len(runs))),
        ("Models", str(len(of_models[["model", "dataset"]].drop_duplicates()))),
        ("Methods", str(of_models["method"].nunique())),
        ("Images", sheets.cell(len(images)).text),
        ("Similarities", sheets.cell(values).text),
        ("Computing time", run_section.duration_text(run_section.seconds(runs, trainings))),
    ]


@functools.cache
def _environment():
    loader = jinja2.PackageLoader("sanity_checks.report")
    found = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found.filters["lower_first"] = lambda text: text[:1].lower() + text[1:]
    return found
