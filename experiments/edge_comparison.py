"""Compares the maps of a model as it is with the output of an edge detector, which knows no model (figures 1 and 37B).

    python -m experiments.edge_comparison --flagfile=experiments/flagfiles/figure_1.flags --images=FOLDER

Writes rows (similarity of each method's map to the image's edges, and to the image times its edges), tables, and
figures/maps_grey and maps_diverging, a row per image of --figure_images, to --output_dir. Killed runs are resumed by
the same command. Flags that say how weights are randomized have no effect.
"""

import os

import numpy as np
import pandas as pd

from experiments import errors
from experiments import method_flags
from experiments import model_flags
from experiments import run_flags
from experiments import unit_runs
from sanity_checks import figures
from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks import registry
from sanity_checks import runs
from sanity_checks import tables
from sanity_checks.analysis import aggregation
from sanity_checks.comparison import runner
from sanity_checks.figures import grids
from sanity_checks.figures import overview
from sanity_checks.figures import saving
from sanity_checks.weights import initialization

TEST = "edge_comparison"
EDGES = ("edge_detector", "input_x_edges")      # what maps are compared with: the stages of the rows
STAGES = ("edges", "edges x input")
UNUSED = ("initializer", "initializer_stddev", "randomize_batch_norm_statistics", "redraw")


def main(_):
    run_flags.check()
    classifier = model_flags.load_classifier()
    dataset = model_flags.load_dataset(classifier.image_shape)
    made = method_flags.make_methods(classifier)
    made.update({name: methods.make(name) for name in EDGES})
    for metric in run_flags.METRICS.value:
        registry.lookup(metrics.METRICS, metric, "metric")

    def compute(unit, progress):
        return compare_unit(classifier, dataset, unit, made, progress)

    if unit_runs.run(unit_runs.Computation(
            TEST, classifier.name, dataset, compute, methods.passes(made, classifier.image_shape), made,
            {"weights": initialization.weights_sha256(classifier)}, unused=UNUSED)):
        draw(run_flags.OUTPUT_DIR.value, list(made))


def compare_unit(classifier, dataset, unit, made, progress):
    """Rows of a work unit, and the maps of its images that are shown.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        dataset: `sanity_checks.datasets.Dataset`.
        unit: `runs.Unit`.
        made: dict, name -> method, those of `EDGES` among them.
        progress: function of the number of model passes just done.

    Returns:
        (pandas.DataFrame with `runs.COLUMNS`, list of `runs.FigureMaps`).
    """
    images, ids = dataset.test[unit.first:unit.last], dataset.test.ids[unit.first:unit.last]
    task = methods.make_task(classifier, images, None, ids, run_flags.SEED.value, run_flags.BATCH_SIZE.value, progress)
    maps = {name: method.maps(task) for name, method in made.items()}
    common = {"model": classifier.name, "dataset": dataset.name, "test": TEST, "draw": unit.draw,
              "image_id": list(ids), "explained_class": task.targets.astype(np.int64)}
    rows = [pd.DataFrame({**common, "stage_index": index, "stage": stage, "method": name, "metric": metric,
                          "value": metrics.similarity(maps[name], maps[edges], metric)})
            for index, (stage, edges) in enumerate(zip(STAGES, EDGES), 1)
            for name in made if name not in EDGES for metric in run_flags.METRICS.value]
    positions = [i for i in range(len(ids)) if unit.draw == 0 and unit.first + i in run_flags.figure_images()]
    shown = [_figure_maps(classifier, dataset, unit.first + i, images[i], task.targets[i],
                          {name: of[i] for name, of in maps.items()}) for i in positions]
    return pd.concat(rows, ignore_index=True)[list(runs.COLUMNS)], shown


def _figure_maps(classifier, dataset, position, image, target, maps):
    labels = dataset.test.labels
    label = -1 if labels is None else int(labels[position])
    names = classifier.class_names or dataset.class_names or ()
    label_name = names[label + classifier.label_offset] if 0 <= label < len(names) - classifier.label_offset else ""
    return runs.FigureMaps(
        image=runner.shown_image(dataset, image), image_id=dataset.test.ids[position], input_range=dataset.input_range, label=label,
        stages=("original",), maps={name: of[None] for name, of in maps.items()},
        explained_class=np.array([target], np.int64), label_name="" if label_name.isdigit() else label_name)


def draw(output_dir, shown):
    """Writes tables and figures of a finished run, and prints a table.

    Args:
        output_dir: str, the run directory.
        shown: list of str, methods in the figures, from left to right.
    """
    summary = aggregation.aggregate(runs.read_rows([output_dir]))
    tables.write_tables(summary, output_dir)
    maps = [of for _, of in runs.figure_maps([output_dir])]
    for mode in grids.MODES if maps else ():
        figure = overview.overview(maps, shown, mode)
        saving.save(figure, os.path.join(output_dir, figures.FOLDER, f"maps_{mode}"))
    print(f"\n{tables.terminal_table(summary, summary['metric'].iloc[0])}\n\ntables and figures in {output_dir}")


if __name__ == "__main__":
    errors.run(main)
