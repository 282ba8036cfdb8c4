"""The section of the paper's figures: each by its number, drawn or with the reason why it is missing."""

import dataclasses
import os
import shutil

from sanity_checks.paper import catalogue
from sanity_checks.paper import parts
from sanity_checks.report import drawing
from sanity_checks.report import map_drawing
from sanity_checks.report import pictures as pictures_module
from sanity_checks.runs import files
from sanity_checks.vocabulary import metrics as metric_records
from sanity_checks.vocabulary import names
from sanity_checks.vocabulary import tests


@dataclasses.dataclass(frozen=True)
class Entry:
    """A figure in the page.

    Attributes:
        key: str, its id in the page.
        figure_id: str, its id in the catalogue; "" for one that the paper does not have.
        label: str, "Figure 4"; "" for one that the paper does not have.
        title, caption: str.
        pictures: list of `pictures.Picture`; empty where it is missing.
        missing: str, what is missing and why, or "".
        substitute: str, the network that stands in the place of the paper's, or "".
        test: str, the test that its curves are of, or "".
    """

    key: str
    figure_id: str
    label: str
    title: str
    caption: str
    pictures: list
    missing: str
    substitute: str = ""
    test: str = ""


def entries(summary, gallery, output_dir, missing, figure_files):
    """Makes an entry of every figure of the paper.

    Args:
        summary: pandas.DataFrame from `aggregation.aggregate`.
        gallery: `gallery.Gallery`.
        output_dir: str, the page's folder, gets the figures' files.
        missing: dict, figure id -> reason why it could not be made.
        figure_files: dict, figure id -> list of image files that other programs drew, copied to the report.

    Returns:
        list of `Entry`, in the paper's order.
    """
    found = []
    for figure_id, figure in catalogue.FIGURES.items():
        pictures = _copied(figure_id, figure, figure_files.get(figure_id, ()), output_dir)
        reasons = []
        shown = drawing.shown_parts(figure, summary) if not pictures else []
        for number, part in shown:
            drawn, absent = _part(figure_id, number, part, summary, gallery, output_dir)
            pictures += drawn
            reasons += absent
        if not figure.parts and not pictures:
            reasons.append("the program that draws it was not run")
        if figure_id in missing:
            reasons = [missing[figure_id]]
        model, other = _substitute(shown) if pictures and shown and shown[0][0] >= len(figure.parts) else ("", "")
        found.append(
            Entry(
                f"figure-{figure_id}",
                figure_id,
                catalogue.label(figure_id),
                _about(figure.title, model),
                _about(figure.caption, model),
                pictures,
                _sentence(dict.fromkeys(reasons)),
                other,
                next((part.test for part in figure.parts if isinstance(part, parts.Curves)), ""),
            )
        )
    return found


def further(summary, shown, output_dir):
    """Curves, and bars, of models, data sets and metrics that no figure of the paper shows: list of `Entry`.

    Args:
        summary: pandas.DataFrame from `aggregation.aggregate`.
        shown: list of `Entry`, the paper's.
        output_dir: str.
    """
    covered = {cover for entry in shown for picture in entry.pictures
               for cover in ((entry.test, *pair) for pair in picture.covers)}
    found = []
    for test, part in summary.groupby("test", sort=False, observed=True):
        kind = tests.record(test)
        if kind.figure == tests.BARS and test not in _tests_of_bars():
            found += _further_bars(test, part, summary, output_dir)
        if kind.null or kind.figure != tests.CURVES or not kind.compares_states:
            continue
        for metrics in metric_records.by_figure(part["metric"].unique()).values():
            panels = [
                (model, (dataset,))
                for model, dataset in part[["model", "dataset"]].drop_duplicates().to_numpy()
                if not {(test, model, dataset, metric) for metric in metrics} <= covered
            ]
            if panels:
                wanted = parts.Curves(test, tuple(panels), tuple(metrics))
                stem = names.file_stem("further", test, *metrics)
                pictures, _ = drawing.draw_curves(wanted, summary, output_dir, stem)
                title = f"{names.label(names.TESTS, test)}: {_listed(metrics)}"
                found.append(
                    Entry(
                        stem,
                        "",
                        "",
                        title,
                        "Mean similarity to the maps of the trained model at each stage. "
                        "Bands: one standard deviation.",
                        pictures,
                        "",
                        test=test,
                    )
                )
    return found


def _further_bars(test, part, summary, output_dir):
    """The bars of a test that the paper does not have: a list of one `Entry`."""
    stem, metrics, pictures = names.file_stem("further", test), tuple(part["metric"].unique()), []
    for model, dataset in part[["model", "dataset"]].drop_duplicates().to_numpy():
        wanted = parts.Bars(model, (dataset,), metrics, test)
        pictures += drawing.draw_bars(wanted, summary, output_dir, names.file_stem(stem, model, dataset))[0]
    first, last = part.sort_values("stage_index")["stage"].iloc[[0, -1]]
    caption = f"Maps of “{last}” against those of “{first}”: means with 95 % intervals."
    return [Entry(stem, "", "", names.label(names.TESTS, test), caption, pictures, "")]


def _tests_of_bars():
    return {part.test for figure in catalogue.FIGURES.values() for part in figure.parts if isinstance(part, parts.Bars)}


def _substitute(shown):
    """The network that parts show in the place of the paper's, and the same with its images in words: two str."""
    part = shown[0][1]
    model, datasets = part.panels[0] if isinstance(part, parts.Curves) else (part.model, part.datasets)
    return model, drawing.pair_label(model, datasets[0])


def _about(text, model):
    """A text about the paper's network with the name of the one that stands in its place."""
    return text.replace(names.label(names.MODELS, catalogue.MODEL), names.label(names.MODELS, model)) if model else text


def _part(figure_id, number, part, summary, gallery, output_dir):
    if isinstance(part, parts.OF_MAPS):
        shown = gallery.pictures.get((figure_id, number), [])
        absent = map_drawing.absent_maps(part, summary)
        if not shown and not absent:
            absent = ["the run kept no maps of these methods for single images"]
        return shown, absent
    return drawing.DRAW[type(part)](part, summary, output_dir, f"figure_{figure_id}_{number + 1}")


def _copied(figure_id, figure, paths, output_dir):
    """Pictures of other programs' files, copied; those that differ in their suffix alone are one."""
    stems = {}
    for path in paths:
        name = f"figure_{figure_id}_{os.path.basename(path)}"
        target = os.path.join(output_dir, pictures_module.FOLDER, name)
        with files.replacing(target) as temporary:
            shutil.copyfile(path, temporary)
        stems.setdefault(os.path.splitext(name)[0], []).append(target)
    return [
        pictures_module.from_files(copies, output_dir, f"{figure.title}. {figure.caption}", "")
        for copies in stems.values()
    ]


def _listed(metrics):
    return " and ".join(names.label(names.METRICS, metric) for metric in metrics)


def _sentence(reasons):
    text = "; ".join(reasons)
    return f"{text[0].upper()}{text[1:].rstrip('.')}." if text else ""
