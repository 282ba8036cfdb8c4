"""Holds the maps of two simple models to their closed forms, and draws them (section 5.3; figures 7 and 37A).

    python -m experiments.simple_models --flagfile=experiments/flagfiles/simple_models_quick.flags

The linear model, and one 3x3 convolution with a ReLU and a sum over all pixels, of RGB and of grey images.
Writes rows, tables/deviations (.csv, .md, .tex) and figures/simple_convolution_grey and _diverging to
--output_dir; exits with status 1 if a closed form does not hold. Killed runs are resumed by the same command.
--seed draws the weights. Flags of models, metrics and of randomization have no effect.
"""

import dataclasses
import os

from absl import flags
import numpy as np
import pandas as pd

from experiments import errors
from experiments import method_flags
from experiments import model_flags
from experiments import run_flags
from experiments import unit_runs
from sanity_checks import figures
from sanity_checks import runs
from sanity_checks import tables
from sanity_checks.figures import grids
from sanity_checks.figures import overview
from sanity_checks.figures import saving
from sanity_checks.paper import closed_forms
from sanity_checks.paper import simple

# Flags of what is not here: another model and its training, metrics.
UNUSED = ("model", "weights", "blocks", "gradcam_layer", "metrics")
STEM = "simple_convolution"


def define_flags():
    """Defines this binary's flags; a function, so that importing the module leaves other binaries' flags alone."""
    flags.DEFINE_enum("filter", "normal", list(simple.FILTERS),
                      "The convolution's weights: standard normal, or the same less their mean in each channel.")


def main(_):
    run_flags.check()
    dataset = model_flags.load_dataset()
    made = {method: method_flags.make(method) for method in closed_forms.SHOWN}
    models = [closed_forms.GREY] if dataset.image_shape[-1] == 1 else [closed_forms.RGB, closed_forms.GREY]
    shown = run_flags.figure_images()

    def compute(unit, progress):
        return compare_unit(dataset, unit, made, models, shown, progress)

    unused = tuple(name for name in unit_runs.UNUSED if name != "figure_images") + UNUSED
    if unit_runs.run(unit_runs.Computation(
            closed_forms.TEST, "simple", dataset, compute, 1 + len(models), made, unused=unused)):
        draw(run_flags.OUTPUT_DIR.value, dataset.test.ids)


def compare_unit(dataset, unit, made, models, shown, progress):
    """Rows of a work unit, and the maps of its images that are shown.

    Args:
        dataset: `sanity_checks.datasets.Dataset`.
        unit: `runs.Unit`; each draw has weights of its own.
        made: dict, method name -> method.
        models: the convolutions, of `closed_forms.IMAGE_LABELS`.
        shown: positions in the test images.
        progress: function of the number of steps just done: an image and model each.

    Returns:
        (pandas.DataFrame with `runs.COLUMNS`, list of `runs.FigureMaps`).
    """
    images, ids = dataset.test[unit.first:unit.last], dataset.test.ids[unit.first:unit.last]
    options = ({name: dataclasses.asdict(method) for name, method in made.items()},
               run_flags.SEED.value + unit.draw, run_flags.BATCH_SIZE.value)
    found = closed_forms.compare_linear(images, ids, *options)
    rows, maps = [closed_forms.rows(closed_forms.LINEAR, dataset.name, ids, unit.draw, found)], []
    progress(len(ids))
    positions = [i for i in range(len(ids)) if unit.draw == 0 and unit.first + i in shown]
    for model in models:
        inputs = simple.grey(images) if model == closed_forms.GREY and images.shape[-1] == 3 else images
        found, left_out, explained = closed_forms.compare_convolution(inputs, ids, *options, flags.FLAGS.filter)
        rows.append(closed_forms.rows(model, dataset.name, ids, unit.draw, found, left_out))
        maps += [_figure_maps(dataset, inputs[i], ids[i], model, {name: of[i] for name, of in explained.items()})
                 for i in positions]
        progress(len(ids))
    return pd.concat(rows, ignore_index=True), maps


def _figure_maps(dataset, image, image_id, model, maps):
    return runs.FigureMaps(
        image=np.broadcast_to(image, (*image.shape[:2], 3)), image_id=f"{image_id} {model}",
        input_range=dataset.input_range, label=-1, stages=(model,),
        maps={name: of[None] for name, of in maps.items()},
        explained_class=np.zeros(1, np.int64), label_name=closed_forms.IMAGE_LABELS[model])


def draw(output_dir, image_ids):
    """Writes and prints the table, and draws the figures, of a finished run; ValueError if a closed form fails."""
    rows = runs.read_rows([output_dir])
    summary = closed_forms.summarized(rows)
    left_out = rows.loc[rows["metric"] == closed_forms.LEFT_OUT, "value"].max()
    _, markdown, _ = tables.write_grid(
        os.path.join(output_dir, tables.FOLDER, "deviations"),
        *closed_forms.grid(summary, left_out, str(rows["dataset"].iloc[0])), across="Column")
    with open(markdown, encoding="utf-8") as file:
        print(f"\n{file.read()}")
    order = {f"{image_id} {model}": (position, list(closed_forms.IMAGE_LABELS).index(model))
             for position, image_id in enumerate(image_ids) for model in closed_forms.IMAGE_LABELS}
    maps = [shown for _, shown in runs.figure_maps([output_dir])]
    maps.sort(key=lambda shown: order[shown.image_id])
    for mode in grids.MODES if maps else ():
        figure = overview.overview(maps, closed_forms.SHOWN, mode)
        saving.save(figure, os.path.join(output_dir, figures.FOLDER, f"{STEM}_{mode}"))
    print(f"tables and figures in {output_dir}")
    for row in summary[~summary["holds"]].itertuples():
        raise ValueError(f"{closed_forms.MODEL_LABELS[row.model]}: {row.method} differs from its closed form "
                         f"{row.closed_form} by {row.deviation:.1e}, expected at most {closed_forms.TOLERANCE:g}")


if __name__ == "__main__":
    define_flags()
    errors.run(main)
