"""A curve, its interval, its null and what was decided at each stage, as a small drawing."""

import dataclasses

import numpy as np

WIDTH, HEIGHT = 132, 44         # units of the drawing
_SIDE, _TOP = 6, 5              # margins
_LOWEST, _HIGHEST = -0.25, 1.0  # of the similarity axis; what is outside is drawn at its end


@dataclasses.dataclass(frozen=True)
class Point:
    """A stage: position, the ends of its interval, CSS class of its status, and a text for the pointer."""

    x: float
    y: float
    low: float
    high: float
    kind: str
    text: str


@dataclasses.dataclass(frozen=True)
class Sparkline:
    """A drawing's geometry.

    Attributes:
        points: list of `Point`, the stages after the original that have a mean.
        path: str, SVG path of the curve from the original on.
        null: (y, top, height) of the null's mean and band, or None.
        zero: float, y of similarity 0.
        start: (x, y) of the original.
        text: str, the drawing in words.
    """

    points: list
    path: str
    null: tuple | None
    zero: float
    start: tuple
    text: str


def sparkline(part):
    """The drawing of a method under a metric.

    Args:
        part: its rows of `verdicts.Assessment.stages`.

    Returns:
        `Sparkline`.
    """
    part = part.sort_values("stage_index")
    step = (WIDTH - 2 * _SIDE) / len(part)
    points = [Point(_SIDE + step * (i + 1), _y(row.mean), _y(row.ci_low, row.mean), _y(row.ci_high, row.mean),
                    row.status.replace(" ", "-"), f"{row.stage}: {row.mean:.2f}, {row.status}")
              for i, row in enumerate(part.itertuples()) if np.isfinite(row.mean)]
    first = part.iloc[0]
    null = None
    if np.isfinite(first["null"]):
        top, bottom = _y(first["null_high"], first["null"]), _y(first["null_low"], first["null"])
        null = (_y(first["null"]), round(top - 0.75, 1), round(bottom - top + 1.5, 1))
    start = (_SIDE, _y(1.0))
    path = "M" + " L".join(f"{x} {y}" for x, y in [start, *((round(p.x, 1), p.y) for p in points)])
    numbers = ", ".join(point.text for point in points)
    text = f"{numbers}; null {first['null']:.2f}" if null else f"{numbers}; no null"
    return Sparkline(points, path, null, _y(0.0), start, text)


def _y(value, otherwise=0.0):
    """Height of a similarity in the drawing; of `otherwise` where it is not finite."""
    value = value if np.isfinite(value) else otherwise
    share = (np.clip(value, _LOWEST, _HIGHEST) - _LOWEST) / (_HIGHEST - _LOWEST)
    return round(float(_TOP + (1 - share) * (HEIGHT - 2 * _TOP)), 1)
