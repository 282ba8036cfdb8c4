"""The section of verdicts: a table at a glance for each run, one of all verdicts, and the counts."""

import dataclasses
import math

import markupsafe

from sanity_checks import spreadsheets
from sanity_checks.analysis import aggregation
from sanity_checks.report import sheets
from sanity_checks.report import sparklines
from sanity_checks.report import strips
from sanity_checks.vocabulary import metrics as metric_records
from sanity_checks.vocabulary import names
from sanity_checks.vocabulary import tests

# CSS class of a verdict's label.
KINDS = {"sensitive": "sensitive", "partly insensitive": "partly", "insensitive": "insensitive",
         "input-dominated": "input", "undecided": "undecided", "not assessed": "none"}
MARKS = {"agrees": "✓", "differs": "✗", "undecided": "?", "not stated": ""}
_PAIR = ["method", "metric"]

RULE = """Let <em>s</em> be the mean similarity of a method's maps to its original maps at a stage, and <em>n</em> its
null: the mean similarity of its maps on two unrelated random networks, same images and metric. A map that has lost
everything it owed to the weights is expected at <em>n</em>, not at zero. With a margin of 10&nbsp;% of the scale from
<em>n</em> to 1, a stage is <em>above the null</em> if s &minus; n &gt; 0.1 (1 &minus; n), <em>at the null</em> if
s &minus; n &lt; 0.1 (1 &minus; n), and <em>undecided</em> where the data do not tell: equivalence must be shown, it is
never concluded from a failure to show a difference. All statements about a run are made together, at a family-wise
error of 5&nbsp;%, with a wild bootstrap of the largest studentized deviation over images and random draws. A method is
<em>sensitive</em> if all stages are at the null, <em>insensitive</em> if all are above it, and <em>partly
insensitive</em>, to the blocks that are listed, if some are. Where less than 10&nbsp;% of the scale from chance to
identity is left above the null, no change of the weights can show, and the method is <em>insensitive</em>. Where the
null covers more than half of that scale, a method that is at the null throughout is <em>input-dominated</em>: its
maps stay similar for the input's sake."""


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How many statements of a source the results agree with: counts, and how many there are."""

    agrees: int
    differs: int
    undecided: int

    @property
    def stated(self):
        return self.agrees + self.differs + self.undecided


def agreement(table, column="agreement"):
    """Counts the agreements in a column of `verdicts.Assessment.verdicts`: `Agreement`."""
    counts = table[column].value_counts()
    return Agreement(*(int(counts.get(name, 0)) for name in ("agrees", "differs", "undecided")))


def glances(assessment, macros):
    """A table of methods against metrics for each run.

    Args:
        assessment: `verdicts.Assessment`.
        macros: the module of the template cells.html, which draws a cell.

    Returns:
        list of (heading, `sheets.Sheet`).
    """
    found = []
    keys = names.file_stems(("verdicts", *run) for run, _ in assessment.verdicts.groupby(list(aggregation.RUN_COLUMNS)))
    for run, part in assessment.verdicts.groupby(list(aggregation.RUN_COLUMNS), sort=False):
        stages = dict(list(of_run(assessment.stages, run).groupby(_PAIR, sort=False)))
        metrics, methods = part["metric"].unique(), part["method"].unique()
        cells = part.set_index(_PAIR)
        rows = [
            [sheets.Cell(names.label(names.METHODS, method))]
            + [_glance(cells, stages, (method, metric), macros) for metric in metrics]
            for method in methods
        ]
        key = keys["verdicts", *run]
        columns = ["Method", *map(metric_records.short, metrics)]
        sheet = sheets.Sheet(key, run_label(run), columns, rows, spreadsheets.frame_csv(part))
        found.append((run_label(run), sheet))
    return found


def full(assessment):
    """All verdicts in one table: `sheets.Sheet`."""
    rows = [
        [
            sheets.Cell(names.label(names.METHODS, row.method)),
            sheets.Cell(metric_records.short(row.metric)),
            sheets.Cell(row.verdict, list(KINDS).index(row.verdict), f"verdict {KINDS[row.verdict]}"),
            sheets.Cell(row.paper or "–"),
            sheets.Cell(row.agreement, list(MARKS).index(row.agreement), "agreement"),
            sheets.Cell(row.survey or "–"),
            sheets.Cell(row.survey_agreement, list(MARKS).index(row.survey_agreement), "agreement"),
            sheets.Cell(" ".join([row.description, *([f"{more(row.more_draws).capitalize()}."] if more(row.more_draws) else [])])),
            _number(row.null),
            sheets.Cell(tests.short(row.test)),
            sheets.Cell(model_label(row.model, row.dataset)),
        ]
        for row in assessment.verdicts.itertuples()
    ]
    columns = [
        "Method",
        "Metric",
        "Verdict",
        "The paper",
        "Agreement",
        "A survey",
        "Agreement with it",
        "Because",
        "Null",
        "Test",
        "Model and data",
    ]
    return sheets.Sheet("verdicts", "All verdicts", columns, rows, spreadsheets.frame_csv(assessment.verdicts),
                        ["Metric", "Test", "Model and data", "Verdict", "Agreement"])


def run_label(run):
    """A run in words: (model, dataset, test) -> "CNN, MNIST: Cascading Randomization"."""
    model, dataset, test = run
    return f"{model_label(model, dataset)}: {names.label(names.TESTS, test)}"


def model_label(model, dataset):
    """A model and its data in words."""
    return f"{names.label(names.MODELS, model)}, {names.label(names.DATASETS, dataset)}"


def scope(table):
    """What the verdicts are about: "all draws", "these draws", "these images", or "mixed"."""
    found = set(table.loc[table["scope"] != "", "scope"])
    return found.pop() if len(found) == 1 else "mixed" if found else "all draws"


def rule_text():
    """The verdict rule as HTML; docs/verdicts.md has it at length."""
    return markupsafe.Markup(RULE)


def more(draws):
    """How many more draws decide: "about 12 more draws would decide"; "" for NaN.

    Args:
        draws: float, `more_draws` of a verdict.
    """
    if math.isnan(draws):
        return ""
    return "more draws alone will hardly decide" if math.isinf(draws) else f"about {draws:,.0f} more draws would decide"


def of_run(stages, run):
    """The part of `verdicts.Assessment.stages` that is of a run."""
    model, dataset, test = run
    return stages[(stages["model"] == model) & (stages["dataset"] == dataset) & (stages["test"] == test)]


def _glance(cells, stages, pair, macros):
    if pair not in cells.index:
        return sheets.Cell("", len(KINDS))
    row = cells.loc[pair]
    drawn = macros.verdict(row["verdict"], KINDS[row["verdict"]], sparklines.sparkline(stages[pair]),
                           MARKS[row["agreement"]], row["agreement"], row["paper"], row["description"], more(row["more_draws"]))
    return sheets.Cell(drawn, list(KINDS).index(row["verdict"]))


def _number(value):
    return sheets.Cell(strips.number_text(value), value if value == value else "", "number")
