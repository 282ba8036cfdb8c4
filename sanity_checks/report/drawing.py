"""Draws the paper's figures of numbers from results, as far as these go, and says what is missing."""

import pandas as pd

from sanity_checks.figures import bars
from sanity_checks.figures import curves
from sanity_checks.paper import parts
from sanity_checks.report import pictures
from sanity_checks.vocabulary import metrics as metric_records
from sanity_checks.vocabulary import models as model_records
from sanity_checks.vocabulary import names

_NUMBERS = "The numbers are in the tables below."


def draw_curves(part, summary, output_dir, stem):
    """Draws a `parts.Curves`.

    Args:
        part: `parts.Curves`.
        summary: pandas.DataFrame from `aggregation.aggregate`.
        output_dir: str, the page's folder.
        stem: str, name of the files.

    Returns:
        (list of `pictures.Picture`, list of str: what is missing).
    """
    found, missing = [], []
    for model, datasets in part.panels:
        dataset = chosen(summary, model, datasets, part.test)
        missing += [] if dataset else [absent(model, datasets, part.test)]
        found += [_of(summary, model, dataset, part.test)] if dataset else []
    if not found:
        return [], missing
    panels = pd.concat(found)
    metrics, lacking = _metrics(panels, part.metrics)
    missing += [f"{names.label(names.METRICS, metric)} was not computed" for metric in lacking]
    if not metrics:
        return [], missing
    panels = panels[panels["metric"].isin(metrics)]
    shown = [(model, dataset) for model, dataset in panels[["model", "dataset"]].drop_duplicates().to_numpy()]
    note = "; ".join(pair_label(*pair) for pair in shown) + "."
    alt = (
        f"Curves of {', '.join(names.label(names.METRICS, metric) for metric in metrics)} against stage for "
        f"{note} {_NUMBERS}"
    )
    covers = [(model, dataset, metric) for model, dataset in shown for metric in metrics]
    return [pictures.save(curves.stage_curves(panels, metrics), output_dir, stem, alt, note, covers)], missing


def draw_bars(part, summary, output_dir, stem):
    """Draws a `parts.Bars`; arguments and result as those of `draw_curves`."""
    dataset = chosen(summary, part.model, part.datasets, part.test)
    if not dataset:
        return [], [absent(part.model, part.datasets, part.test)]
    panel = _of(summary, part.model, dataset, part.test)
    metrics, lacking = _metrics(panel, part.metrics)
    missing = [f"{names.label(names.METRICS, metric)} was not computed" for metric in lacking]
    if not metrics:
        return [], missing
    note = pair_label(part.model, dataset) + "."
    alt = f"Bars of the similarity of maps, {names.label(names.TESTS, part.test)}, {note} {_NUMBERS}"
    return [pictures.save(bars.label_bars(panel, metrics), output_dir, stem, alt, note)], missing


def chosen(summary, model, datasets, test):
    """The first of `datasets` on which a summary has the model under the test, or None."""
    found = set(summary.loc[(summary["model"] == model) & (summary["test"] == test), "dataset"])
    return next((dataset for dataset in datasets if dataset in found), None)


def shown_parts(figure, summary):
    """What is drawn of a figure of the paper: list of (number, part).

    These are its parts; its substitutes, which count on, where results have none of its parts but one of those.

    Args:
        figure: `catalogue.Figure`.
        summary: pandas.DataFrame from `aggregation.aggregate`.
    """
    numbered = list(enumerate((*figure.parts, *figure.substitutes)))
    own, others = numbered[:len(figure.parts)], numbered[len(figure.parts):]
    instead = not any(_has(part, summary) for part in figure.parts) and any(_has(part, summary) for part in figure.substitutes)
    return others if instead else own


def _has(part, summary):
    """Whether results have a model and data set that a part shows."""
    pairs = part.panels if isinstance(part, parts.Curves) else ((part.model, part.datasets),)
    return any(chosen(summary, model, datasets, part.test) for model, datasets in pairs)


def _of(summary, model, dataset, test):
    return summary[(summary["model"] == model) & (summary["dataset"] == dataset) & (summary["test"] == test)]


def _metrics(part, metrics):
    """The metrics that are there, released variants standing in, and those that are not."""
    present = set(part["metric"])
    found = [
        next((name for name in (metric, metric_records.RELEASED.get(metric)) if name in present), None)
        for metric in metrics
    ]
    return [name for name in found if name], [metric for metric, name in zip(metrics, found) if not name]


def pair_label(model, dataset):
    """A model and its data in words."""
    return f"{names.label(names.MODELS, model)} on {names.label(names.DATASETS, dataset)}"


def absent(model, datasets, test):
    """Says that a run is not there: str."""
    listed = " or ".join(names.label(names.DATASETS, dataset) for dataset in datasets)
    subject = "" if model == model_records.NO_MODEL else f" for {names.label(names.MODELS, model)}"
    return f"there is no run of {names.label(names.TESTS, test)}{subject} on {listed}"


DRAW = {parts.Curves: draw_curves, parts.Bars: draw_bars}
