"""Calibrates the metrics: maps against random masks, masks against masks, beside the paper's table (appendix B).

    python -m experiments.metric_calibration --flagfile=experiments/flagfiles/metric_calibration_quick.flags

Writes rows, tables/calibration (.csv, .md, .tex; compared.csv has all numbers) and figures/calibration to
--output_dir; metrics as the released code computes them go into calibration_released. Killed runs are resumed
by the same command. Flags that say how weights are randomized have no effect.
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
from sanity_checks.figures import agreement
from sanity_checks.figures import saving
from sanity_checks.paper import calibration
from sanity_checks.runs import files
from sanity_checks.vocabulary import names
from sanity_checks.weights import initialization

TEST = calibration.TEST


def main(_):
    run_flags.check()
    classifier = model_flags.load_classifier()
    dataset = model_flags.load_dataset(classifier.image_shape)
    made = {pair.method: method_flags.make(pair.method) for pair in calibration.PAIRS.values() if pair.method}
    check(classifier, dataset)

    def compute(unit, progress):
        return compare_unit(classifier, dataset, unit, made, progress), []

    done = unit_runs.run(unit_runs.Computation(
        TEST, classifier.name, dataset, compute, methods.passes(made, classifier.image_shape) + len(calibration.PAIRS), made,
        {"weights": initialization.weights_sha256(classifier)}))
    if done:
        draw(run_flags.OUTPUT_DIR.value)


def check(classifier, dataset):
    """ValueError for an unknown metric, or images that the classifier does not take."""
    for metric in run_flags.METRICS.value:
        registry.lookup(metrics.METRICS, metric, "metric")
    if dataset.image_shape != classifier.image_shape:
        raise ValueError(f"--dataset: images of {dataset.name} have shape {dataset.image_shape}, model "
                         f"{classifier.name!r} takes {classifier.image_shape}")


def compare_unit(classifier, dataset, unit, made, progress):
    """Rows of a work unit: pandas.DataFrame with `runs.COLUMNS`; the method is the pair.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        dataset: `sanity_checks.datasets.Dataset`.
        unit: `runs.Unit`.
        made: dict, method name -> method, of the pairs that have one.
        progress: function of the number of steps just done: model passes, and a step for each pair of maps.
    """
    ids, seed = dataset.test.ids[unit.first:unit.last], run_flags.SEED.value
    task = methods.make_task(classifier, dataset.test[unit.first:unit.last], None, ids, seed,
                             run_flags.BATCH_SIZE.value, progress)
    common = {"model": classifier.name, "dataset": dataset.name, "test": TEST, "draw": unit.draw,
              "stage_index": 1, "stage": calibration.STAGE, "image_id": list(ids),
              "explained_class": task.targets.astype(np.int64)}
    rows = []
    for name, pair in calibration.PAIRS.items():
        first, second = (calibration.masks(name, side, ids, classifier.image_shape, unit.draw, seed)
                         for side in (0, 1))
        if pair.method:
            first = made[pair.method].maps(task)
        rows += [pd.DataFrame({**common, "method": name, "metric": metric,
                               "value": metrics.similarity(first, second, metric)})
                 for metric in run_flags.METRICS.value]
        progress(len(ids))
    return pd.concat(rows, ignore_index=True)[list(runs.COLUMNS)]


def draw(output_dir):
    """Writes and prints the table, and draws the figure, of a finished run."""
    summary = aggregation.aggregate(runs.read_rows([output_dir]))
    table = calibration.compared(summary)
    model, dataset = summary["model"].iloc[0], summary["dataset"].iloc[0]
    caption = (f"Calibration of the metrics (appendix B): {names.label(names.MODELS, model)}, "
               f"{names.label(names.DATASETS, dataset)}")
    folder = os.path.join(output_dir, tables.FOLDER)
    files.write_text(os.path.join(folder, "compared.csv"), table.to_csv(index=False, lineterminator="\n"))
    for released, part in table.groupby(table["metric"].str.endswith(calibration.RELEASED)):
        stem = TEST + calibration.RELEASED * released
        grid = calibration.grid(part, caption)
        _, markdown, _ = tables.write_grid(os.path.join(folder, stem), *grid, across="Metric")
        saving.save(agreement.agreement(part), os.path.join(output_dir, figures.FOLDER, stem))
        with open(markdown, encoding="utf-8") as file:
            print(f"\n{file.read()}")
    print(f"tables and figures in {output_dir}")


if __name__ == "__main__":
    errors.run(main)
