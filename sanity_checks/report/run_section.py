"""The section of what was run: runs, trained models, versions, settings; and every run's numbers."""

import dataclasses

from sanity_checks import spreadsheets
from sanity_checks.analysis import aggregation
from sanity_checks.report import sheets
from sanity_checks.report import strips
from sanity_checks.report import verdict_section
from sanity_checks.vocabulary import names

# Of run.json's settings and provenance, what tells of the machine and its user rather than of the run.
_PRIVATE = ("host", "command", "weights_file", "versions", "sha256", "devices")


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of a run: heading, and a list of (name, value)."""

    heading: str
    pairs: list


def runs_sheet(runs):
    """A row for every run: `sheets.Sheet`."""
    rows = []
    for run in runs:
        totals, settings = run.record.get("totals") or {}, run.record.get("settings") or {}
        devices = (run.record.get("provenance") or {}).get("devices") or []
        model, dataset, test = run.key
        rows.append(
            [
                names.label(names.TESTS, test),
                names.label(names.MODELS, model),
                names.label(names.DATASETS, dataset),
                int(run.rows["image_id"].nunique()),
                int(run.rows["draw"].nunique()),
                int(run.rows["stage_index"].nunique()),
                int(run.rows["method"].nunique()),
                sheets.cell(settings.get("seed")),
                len(run.rows),
                int(run.rows["value"].isna().sum()),
                duration(totals.get("seconds")),
                ", ".join(devices),
            ]
        )
    columns = [
        "Test",
        "Model",
        "Data",
        "Images",
        "Draws",
        "Stages",
        "Methods",
        "Seed",
        "Values",
        "Degenerate",
        "Time",
        "Device",
    ]
    return sheets.plain("runs", "Runs", columns, rows)


def trainings_sheet(trainings):
    """A row for every trained model: `sheets.Sheet`, or None.

    Args:
        trainings: list of dict, contents of metrics.json.
    """
    if not trainings:
        return None
    columns = ["Model", "Data", "Labels", "Trained for", "Seed", "Training accuracy", "Validation accuracy",
               "Test accuracy", "Time"]
    rows = []
    for found in trainings:
        seconds = found.get("seconds", found.get("seconds_this_process"))
        rows.append([names.label(names.MODELS, found.get("model", "")),
                     names.label(names.DATASETS, found.get("dataset", "")),
                     str(found.get("labels", "true")).removesuffix(" labels"), _length(found),
                     sheets.cell(found.get("seed")), *(percent(found.get(f"{split}_accuracy")) for split in
                                                       ("train", "validation", "test")), duration(seconds)])
    return sheets.plain("trainings", "Trained models", columns, rows)


def _length(training):
    """How long a model was trained, in the unit that is recorded: "1 000 iterations", "10 epochs"."""
    for unit in ("iterations", "epochs"):
        if training.get(unit) is not None:
            count = sheets.cell(training[unit])
            return dataclasses.replace(count, text=f"{count.text} {unit}")
    return sheets.cell(None)


def settings(runs):
    """The settings of each run: list of `Settings`."""
    found = []
    for run in runs:
        provenance = run.record.get("provenance") or {}
        pairs = {
            **(run.record.get("settings") or {}),
            **{f"sha256 of the {name}": value for name, value in (provenance.get("sha256") or {}).items()},
            **{name: value for name, value in provenance.items() if name not in _PRIVATE},
        }
        found.append(Settings(verdict_section.run_label(run.key), [(name, _shown(value)) for name, value in
                                                                   pairs.items()]))
    return found


def versions(runs):
    """Versions of the software, of all runs together: dict, name -> text."""
    found = {}
    for run in runs:
        for name, version in ((run.record.get("provenance") or {}).get("versions") or {}).items():
            found.setdefault(name, [])
            found[name] += [str(version)] if str(version) not in found[name] else []
    return {name: " and ".join(listed) for name, listed in found.items()}


def seconds(runs, trainings):
    """Time that all runs and trainings took together, float seconds."""
    total = sum((run.record.get("totals") or {}).get("seconds") or 0 for run in runs)
    return total + sum(found.get("seconds", found.get("seconds_this_process")) or 0 for found in trainings)


def numbers(summary):
    """The means of every run: list of (heading, list of `sheets.Sheet`, one a metric)."""
    found = []
    keys = names.file_stems(("means", *key) for key, _ in summary.groupby([*aggregation.RUN_COLUMNS, "metric"], observed=True))
    for run, part in summary.groupby(list(aggregation.RUN_COLUMNS), sort=False, observed=True):
        listed = [
            _means(keys["means", *run, metric], metric, block) for metric, block in part.groupby("metric", sort=False, observed=True)
        ]
        found.append((verdict_section.run_label(run), listed))
    return found


def _means(key, metric, block):
    """Means of one metric, methods against stages, each with its 95 % interval."""
    stages = dict(sorted(zip(block["stage_index"], block["stage"])))
    points = {(row.method, row.stage_index): row for row in block.itertuples()}
    rows = []
    for method in block["method"].unique():
        cells = [points.get((method, stage)) for stage in stages]
        rows.append([sheets.Cell(names.label(names.METHODS, method)), *map(_mean, cells)])
    return sheets.Sheet(
        key, names.label(names.METRICS, metric), ["Method", *stages.values()], rows, spreadsheets.frame_csv(block)
    )


def _mean(point):
    if point is None:
        return sheets.Cell("", "")
    interval = ""
    if point.ci_low == point.ci_low and point.ci_low < point.ci_high:
        interval = f" [{strips.number_text(point.ci_low)}, {strips.number_text(point.ci_high)}]"
    key = point.mean if point.mean == point.mean else ""
    return sheets.Cell(strips.number_text(point.mean) + interval, key, "number")


def duration(value):
    """Seconds as a `sheets.Cell`: "45 s", "12 min", "3.4 h"."""
    if value is None:
        return sheets.Cell("", "")
    return sheets.Cell(duration_text(value), float(value), "number")


def duration_text(value):
    """Seconds in words."""
    if value < 100:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 6000 else f"{value / 3600:.1f} h"


def percent(value):
    """A fraction as a `sheets.Cell`: "98.7 %"."""
    return (
        sheets.Cell("", "") if value is None else sheets.Cell(f"{100 * value:.1f} %", float(value), "number")
    )


def _shown(value):
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_shown(found)}" for name, found in value.items())
    return "–" if value is None else str(value)
