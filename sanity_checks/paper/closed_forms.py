"""Maps of the simple models against their closed forms, as rows and a table (Adebayo et al. 2018, section 5.3)."""

import numpy as np

import sanity_checks
from sanity_checks import runs
from sanity_checks.paper import simple
from sanity_checks.vocabulary import names

TEST = "simple_models"          # of the rows; their stage is the closed form, their metric what was measured
DEVIATION = "relative_deviation"        # largest |map - closed form| of an image / largest |closed form|
LEFT_OUT = "left_out"           # share of pixels where the closed form is not certain
# float32: 50 steps or samples are summed, and SmoothGrad's gradients are means of equal numbers.
TOLERANCE = 1e-5
SHOWN = ("gradient", "smoothgrad", "integrated_gradients", "guided_backprop")     # in figures 7 and 37A
LINEAR, RGB, GREY = "linear", "convolution_rgb", "convolution_grey"
MODEL_LABELS = {LINEAR: "Linear", RGB: "Convolution, RGB", GREY: "Convolution, grey"}
IMAGE_LABELS = {RGB: "RGB", GREY: "grey"}
BASELINE = 0.25                 # of the linear model's Integrated Gradients, beside 0


def compare_linear(images, image_ids, made, seed=0, batch_size=None):
    """Compares the maps of the linear model of random weights with w and (x - baseline) * w.

    Args:
        images: float32 [N, H, W, C].
        image_ids: sequence of N str.
        made: dict, method name -> parameters, of `SHOWN`.
        seed: int, of the weights and of SmoothGrad's noise.
        batch_size: int, rows of a model pass.

    Returns:
        list of (closed form, method, float64 [N] deviations).
    """
    weights = simple.random_weights(images.shape[1:], seed)
    maps = _explainer(simple.linear(weights), images, image_ids, made, seed, batch_size)
    expected = np.broadcast_to(weights, images.shape)
    found = [("w", "gradient", deviations(maps("gradient"), expected)),
             ("w", "smoothgrad", deviations(maps("smoothgrad"), expected))]
    for baseline in (0., BASELINE):
        found.append((f"(x - {baseline:g}) w" if baseline else "x w", "integrated_gradients",
                      deviations(maps("integrated_gradients", baseline=baseline), (images - baseline) * weights)))
    return found


def compare_convolution(images, image_ids, made, seed=0, batch_size=None, kind="normal"):
    """Compares the maps of the convolution with a random filter with their closed forms.

    Arguments as of `compare_linear`, and `kind`, a name in `simple.FILTERS`.

    Returns:
        (list of (closed form, method, float64 [N] deviations); float64 [N], the share of pixels that are left
        out; dict, method -> maps float32 [N, H, W, C], of all of `SHOWN`).
    """
    weights = simple.random_filter(images.shape[-1], kind, seed)
    explain = _explainer(simple.convolution(weights, images.shape[1:]), images, image_ids, made, seed, batch_size)
    maps = {method: explain(method, **({"baseline": 0.} if method == "integrated_gradients" else {}))
            for method in SHOWN}
    gradient, certain = simple.closed_form_gradient(images, weights)
    steps = made["integrated_gradients"]["steps"]
    found = [("sum of a w", "gradient", deviations(maps["gradient"], gradient, certain)),
             ("gradient", "guided_backprop", deviations(maps["guided_backprop"], maps["gradient"])),
             (f"{steps - 1}/{steps} x gradient", "integrated_gradients",
              deviations(maps["integrated_gradients"], (steps - 1) / steps * images * gradient, certain))]
    return found, 1 - certain.mean(axis=(1, 2)), maps


def deviations(maps, expected, certain=None):
    """Largest deviation of each map, relative to the largest value expected: float64 [N].

    Args:
        maps, expected: float [N, H, W, C].
        certain: bool [N, H, W], the pixels that are compared; default all.
    """
    differences = np.abs(np.asarray(maps, np.float64) - expected).max(axis=-1)
    if certain is not None:
        differences = np.where(certain, differences, 0)
    largest = np.abs(expected).max(axis=(1, 2, 3))
    return differences.max(axis=(1, 2)) / np.where(largest > 0, largest, 1)


def rows(model, dataset, image_ids, draw, found, left_out=None):
    """Rows of one model.

    Args:
        model, dataset: str.
        image_ids: sequence of N str.
        draw: int.
        found: list of (closed form, method, float64 [N]).
        left_out: float64 [N], or None where no pixels are.

    Returns:
        pandas.DataFrame with the columns `runs.COLUMNS`.
    """
    rows = runs.Collector(model, dataset, TEST, draw, image_ids)
    measured = [(stage, method, DEVIATION, values) for stage, method, values in found]
    if left_out is not None:
        measured.append((found[0][0], found[0][1], LEFT_OUT, left_out))
    for index, (stage, method, metric, values) in enumerate(measured):
        rows.add(index, stage, method, metric, values, 0)
    return rows.frame()


def summarized(table):
    """The largest deviation of each model, method and closed form: pandas.DataFrame.

    Args:
        table: pandas.DataFrame with the columns `runs.COLUMNS`.

    Returns:
        pandas.DataFrame with the columns model, method, closed_form, images, deviation and holds, in the
        order of `MODEL_LABELS`.
    """
    measured = table[table["metric"] == DEVIATION]
    keys = ["model", "stage_index", "method", "stage"]
    # a map with a value that is not finite deviates without bound
    values = measured.fillna({"value": np.inf}).groupby(keys, observed=True)["value"]
    summary = values.agg(["size", "max"]).reset_index()
    summary["holds"] = summary["max"] <= TOLERANCE
    summary = summary.rename(columns={"stage": "closed_form", "size": "images", "max": "deviation"})
    order = summary["model"].astype(str).map(list(MODEL_LABELS).index).argsort(kind="stable")
    return summary.iloc[order].drop(columns="stage_index").reset_index(drop=True)


def grid(summary, left_out, dataset):
    """The summary as a table.

    Args:
        summary: from `summarized`.
        left_out: float, largest share of an image's pixels that were left out.
        dataset: str.

    Returns:
        (lines, caption, notes) as `tables.write_grid` takes them.
    """
    lines = [["Model", "Method", "Closed form", "Images", "Largest deviation", "Holds"]]
    lines += [[MODEL_LABELS[row.model], names.label(names.METHODS, row.method), row.closed_form, str(row.images),
               f"{row.deviation:.1e}", "yes" if row.holds else "no"] for row in summary.itertuples()]
    notes = [f"Largest deviation of a map from its closed form, relative to the largest value of that; it holds up "
             f"to {TOLERANCE:g}.",
             f"Left out, at most {100 * left_out:.2g} % of an image: pixels by a convolution that is 0 but for "
             f"rounding."]
    return lines, f"Simple models against their closed forms: {names.label(names.DATASETS, dataset)}", notes


def _explainer(model, images, image_ids, made, seed, batch_size):
    """A function from a method's name, and parameters to change, to its maps float32 [N, H, W, C]."""
    classifier = sanity_checks.load_classifier(model)
    targets = np.zeros(len(images), np.int32)

    def maps(method, **changed):
        return sanity_checks.explain(classifier, images, method, targets, seed, batch_size, image_ids,
                                     **{**made[method], **changed})
    return maps
