"""Holds the maps of two simple models to their closed forms, and draws them (section 5.3; figures 7 and 37A).

    python -m experiments.simple_models --flagfile=experiments/flagfiles/simple_models_quick.flags

The linear model, and one 3x3 convolution with a ReLU and a sum over all pixels, of RGB and of grey images.
Writes rows, tables/deviations (.csv, .md, .tex) and figures/simple_convolution_grey and _diverging to
--output_dir; exits with status 1 if a closed form does not hold. Killed runs are resumed by the same command.
--seed draws the weights.
"""

import os

from absl import flags

from experiments import command
from experiments import flag_checks
from experiments import flag_groups
from experiments import from_flags
from sanity_checks import figures
from sanity_checks import runs
from sanity_checks import tables
from sanity_checks.figures import grids
from sanity_checks.figures import overview
from sanity_checks.figures import saving
from sanity_checks.paper import closed_form_units
from sanity_checks.paper import closed_forms
from sanity_checks.paper import simple

STEM = "simple_convolution"


def define():
    """The flags: `command.FlagSet`."""
    found = command.FlagSet()
    found.add("Model", flags.DEFINE_enum, "filter", "normal", list(simple.FILTERS),
              "The convolution's weights: standard normal, or the same less their mean in each channel.")
    flag_groups.data(found)
    flag_groups.parameters(found, closed_forms.SHOWN)
    flag_groups.run(found)
    return found


def check(found):
    """ValueError if the flags cannot be those of a run."""
    flag_checks.check(found)


def main(found):
    check(found)
    flag_checks.warn(found)
    options = found.values
    made = {method: from_flags.make_method(options, method) for method in closed_forms.SHOWN}
    settings = closed_form_units.Settings(made, options.filter, options.seed, options.batch_size)
    dataset = from_flags.dataset(options)
    job = closed_form_units.job(dataset, settings, from_flags.units(options, dataset.get()), from_flags.flagfile(found))
    if from_flags.finished(job, options):
        draw(options.output_dir, dataset.get().test.ids)


def draw(output_dir, image_ids):
    """Writes and prints the table, and draws the figures, of a finished run; ValueError if a closed form fails."""
    rows = runs.read_rows([output_dir])
    summary = closed_forms.summarized(rows)
    left_out = rows.loc[rows["metric"] == closed_forms.LEFT_OUT, "value"].max()
    grid = closed_forms.grid(summary, left_out, str(rows["dataset"].iloc[0]))
    tables.write_grid(os.path.join(output_dir, tables.FOLDER, "deviations"), *grid, across="Column")
    print(f"\n{tables.markdown(*grid)}")
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
    command.run(main, define)
