"""How methods are drawn."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Style:
    """How a method's curve is drawn, in Matplotlib's terms: `color`, `linestyle` and `marker`."""
    color: str
    linestyle: str
    marker: str


# Hues that stay apart under the common kinds of colour blindness (after Okabe and Ito). Where two methods
# share a hue they are of one family, and line and marker tell them apart.
BLUE, SKY, ORANGE, RED = "#0072B2", "#56B4E9", "#E69F00", "#D55E00"
GREEN, PINK, BLACK, GREY = "#009E73", "#CC79A7", "#000000", "#7F7F7F"

# Taken in turn by methods that have no style of their own.
SPARE = tuple(Style(color, "-.", marker)
              for marker in ("o", "s") for color in (GREY, PINK, BLUE, ORANGE, BLACK, SKY, GREEN))
