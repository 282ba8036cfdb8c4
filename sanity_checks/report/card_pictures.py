"""A card as a picture of its own, to be saved and shown elsewhere: SVG, without any other file."""

import functools
import textwrap

import jinja2

WIDTH, HEIGHT = 640, 300
_WRAP = 52                      # characters in a line of the sentence
_COLORS = {"sensitive": "#0b6e4f", "partly": "#8a4b00", "insensitive": "#a2261b", "input": "#6a3396"}
_PLAIN = "#566069"


def svg(card, heading):
    """Draws a card.

    Args:
        card: `method_cards.Card`.
        heading: str, its run.

    Returns:
        str, an SVG document.
    """
    return _template().render(card=card, heading=heading, lines=textwrap.wrap(card.words, _WRAP), width=WIDTH, height=HEIGHT,
                              color=_COLORS.get(card.kind, _PLAIN))


@functools.cache
def _template():
    loader = jinja2.PackageLoader("sanity_checks.report")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("card.svg")
