"""Figures in the paper's layouts, from summaries and maps: no TensorFlow, no display, no global state of
Matplotlib.

    figures.draw_all(aggregation.aggregate(runs.read_rows(folders)), runs.figure_maps(folders), "output")
"""

import dataclasses
import itertools
import os

from sanity_checks.figures import bars
from sanity_checks.figures import curves
from sanity_checks.figures import grids
from sanity_checks.figures import label_grids
from sanity_checks.figures import overview
from sanity_checks.figures import saving
from sanity_checks.runs import files
from sanity_checks.vocabulary import methods as method_records
from sanity_checks.vocabulary import metrics as metric_records
from sanity_checks.vocabulary import names
from sanity_checks.vocabulary import tests

FOLDER = "figures"

_MOST_ROWS = 12                         # images that a figure with a row per image shows
_FEW_STAGES = 2                         # of which a figure of its own would say little more than the masks


def draw_all(summary, maps, output_dir, band="sd"):
    """Writes `figures/` in a directory: all figures that the results allow, each as PNG and PDF.

    stage_curves_<test>_<metrics> (label_bars_<metrics> for the data randomization test, other_class_bars_<metrics> for other
    classes) shows all models and data sets of a test side by side; masks_<name>_grey and masks_<name>_diverging show the
    maps of one image (for tests of bars, masks_<name> shows both);
    overview_<run> the methods on the original weights, a row per image (runs of several images, or with the edge
    detector); stages_<run>_<method>_grey and _diverging one method at all stages, a row per image. The last is drawn
    for runs of several images, of their only method (and then there are no masks_...), or of Guided Backprop.

    Args:
        summary: pandas.DataFrame from `aggregation.aggregate`.
        maps: iterable of (`runs.reading.Kept`, `runs.FigureMaps`), `runs.figure_maps(run_dirs)`; read one
            by one, runs one after the other. Rows per image are of the first twelve.
        output_dir: str, for example a run directory.
        band: what the band about a curve shows, a name in `curves.BANDS`.

    Returns:
        list of str, the files written.
    """
    folder = os.path.join(output_dir, FOLDER)
    written = []
    files.remove_leftovers(folder)
    for test, part in summary.groupby("test", sort=False, observed=True):
        for name, metrics in metric_records.by_figure(part["metric"].unique()).items():
            if tests.record(test).figure == tests.BARS:
                stem, figure = (bars.STEMS.get(test, test), "bars", name), bars.label_bars(part, metrics)
            else:
                stem, figure = ("stage_curves", test, name), curves.stage_curves(part, metrics, band)
            written += saving.save(figure, os.path.join(folder, names.file_stem(*stem)))
    for run, of_run in itertools.groupby(maps, lambda kept_maps: kept_maps[0].run):
        for stem, figure in _map_figures(run, of_run):
            written += saving.save(figure, os.path.join(folder, stem))
    return written


def _map_figures(run, maps):
    """Yields (file name without suffix, figure) of the maps of one run, an iterable of (`Kept`, `FigureMaps`)."""
    maps = iter(maps)
    first = list(itertools.islice(maps, 2))
    methods = list(first[0][1].maps)
    several, alone = len(first) > 1, len(methods) == 1
    followed = methods[0] if alone else method_records.FOLLOWED
    originals, through_stages = [], []
    for kept, shown in itertools.chain(first, maps):
        if len(originals) < _MOST_ROWS:
            originals.append(_original(shown))
            if several and followed in shown.maps and (alone or len(shown.stages) > _FEW_STAGES):
                through_stages.append(dataclasses.replace(shown, maps={followed: shown.maps[followed]}))
        if tests.record(kept.test).figure == tests.BARS:
            yield f"masks_{kept.name}", label_grids.label_grid(shown)
        elif not (several and alone):
            for mode in grids.MODES:
                yield f"masks_{kept.name}_{mode}", grids.mask_grid(shown, mode=mode)
    if not alone and (several or set(methods) & set(method_records.CONTROLS)):
        yield f"overview_{run}", overview.overview(originals)
    for mode in grids.MODES if through_stages else ():
        yield f"stages_{run}_{names.file_stem(followed)}_{mode}", overview.stages_of_one_method(through_stages, followed, mode)


def _original(shown):
    """The maps of an image on the original weights alone."""
    return dataclasses.replace(shown, stages=shown.stages[:1], explained_class=shown.explained_class[:1],
                               maps={method: maps[:1].copy() for method, maps in shown.maps.items()})
