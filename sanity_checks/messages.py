"""One-line messages made of other libraries' errors."""

LONGEST = 200       # characters of another library's message: what is wrong stands at its beginning


def one_line(error):
    """An error's message without line breaks, cut to `LONGEST` characters; the name of its type where it has none."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= LONGEST else text[:LONGEST - 4] + " ..."
