"""Computes the maps of the simple models and their deviations from the closed forms (section 5.3)."""

import dataclasses

import numpy as np
import pandas as pd

from sanity_checks import runs
from sanity_checks.comparison import gallery
from sanity_checks.comparison import identity
from sanity_checks.comparison import sources
from sanity_checks.paper import closed_forms
from sanity_checks.paper import simple
from sanity_checks.runs import job as run_jobs


@dataclasses.dataclass(frozen=True)
class Settings:
    """What is compared.

    Attributes:
        methods: dict, name -> method, those of `closed_forms.SHOWN`.
        filter: name in `simple.FILTERS`, of the convolution's weights.
        seed: int, of the weights and of SmoothGrad's noise; each draw has weights of its own.
        batch_size: int, rows of a model pass; None for the default.
    """
    methods: dict
    filter: str = "normal"
    seed: int = 0
    batch_size: int | None = None


@dataclasses.dataclass(frozen=True)
class Computation:
    """Builds the function that computes a unit; see `runs.job.Job.build`."""
    dataset: sources.Source
    settings: Settings
    figure_images: tuple

    def __call__(self):
        dataset = self.dataset.get()

        def compute(unit, progress):
            return compare(dataset, unit, self.settings, self.figure_images, progress)
        return compute


def job(dataset, settings, units, flagfile=""):
    """The job that holds the simple models to their closed forms; arguments as of `random_products.job`."""
    images = dataset.get()
    if images.image_shape[-1] not in (1, 3):
        raise ValueError(f"dataset: expected images of 1 or 3 channels, {images.name} has {images.image_shape[-1]}")
    of_methods, _ = identity.of_methods(settings.methods)
    held = {"test": closed_forms.TEST, "dataset": images.name, "seed": settings.seed, "filter": settings.filter,
            **of_methods, **units.settings(images)}
    return run_jobs.Job(closed_forms.TEST, held, identity.of_images(images, units.count(images)), units.cut(images),
                        1 + len(convolutions(images)), Computation(dataset, settings, units.figure_images), "step",
                        flagfile)


def convolutions(dataset):
    """The convolutions that a data set's images have: list of names in `closed_forms.IMAGE_LABELS`."""
    return [closed_forms.GREY] if dataset.image_shape[-1] == 1 else [closed_forms.RGB, closed_forms.GREY]


def compare(dataset, unit, settings, figure_images=(), progress=lambda steps: None):
    """Rows of a unit, and the maps of its images that are shown.

    Args:
        dataset: `sanity_checks.datasets.Dataset`.
        unit: `runs.Unit`.
        settings: `Settings`.
        figure_images: positions in the test images.
        progress: function of the number of steps just done: an image and model each.

    Returns:
        (pandas.DataFrame with `runs.COLUMNS`, list of `runs.FigureMaps`).
    """
    images, ids = dataset.test[unit.first:unit.last], dataset.test.ids[unit.first:unit.last]
    parameters = {name: {field.name: getattr(method, field.name) for field in dataclasses.fields(method)}
                  for name, method in settings.methods.items()}
    options = parameters, settings.seed + unit.draw, settings.batch_size
    found = closed_forms.compare_linear(images, ids, *options)
    rows, maps = [closed_forms.rows(closed_forms.LINEAR, dataset.name, ids, unit.draw, found)], []
    progress(len(ids))
    shown = [i for i in range(len(ids)) if unit.draw == 0 and unit.first + i in figure_images]
    for model in convolutions(dataset):
        inputs = simple.grey(images) if model == closed_forms.GREY and images.shape[-1] == 3 else images
        found, left_out, explained = closed_forms.compare_convolution(inputs, ids, *options, settings.filter)
        rows.append(closed_forms.rows(model, dataset.name, ids, unit.draw, found, left_out))
        maps += [_figure_maps(dataset, images[i], ids[i], model, {name: of[i] for name, of in explained.items()})
                 for i in shown]
        progress(len(ids))
    return pd.concat(rows, ignore_index=True), maps


def _figure_maps(dataset, image, image_id, model, maps):
    shown = gallery.shown_image(dataset, image)
    if model == closed_forms.GREY and shown.shape[-1] == 3:
        shown = simple.grey(shown[None])[0]
    return runs.FigureMaps(
        image=np.broadcast_to(shown, (*shown.shape[:2], 3)), image_id=f"{image_id} {model}",
        input_range=gallery.shown_range(dataset), label=-1, stages=(model,),
        maps={name: of[None] for name, of in maps.items()},
        explained_class=np.zeros(1, np.int64), label_name=closed_forms.IMAGE_LABELS[model])
