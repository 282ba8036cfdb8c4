"""One-line messages made of other libraries' errors."""

import re

LONGEST = 300       # characters of another library's message
# Keras wraps an error in others and prints whole configurations around it: after the first of these stands the cause ...
_CAUSE = re.compile(r"Exception encountered(?: when calling [^\n]{0,200}?)?[:.](?=\s)|Example error message for object [^\n]*:\s*\n")
# ... and from these on there is nothing more of it.
_REST = re.compile(r"(?:Call a|A)rguments received by |List of objects that could not be loaded:|custom_objects\s*=\s*\{|"
                   r"(?:Full object config|Full config|Received: config|config|Config)\s*[:=]\s*(?=[{\[])")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")


def one_line(error):
    """An error's message in one line: its cause, whole sentences of at most `LONGEST` characters; its type where it has none."""
    text = _CAUSE.split(str(error))[-1]
    begin = _REST.split(text)[0]
    text = " ".join((begin if begin.strip() else text).split()) or type(error).__name__
    if len(text) <= LONGEST:
        return text
    kept = ""
    for sentence in _SENTENCE.split(text):
        if len(kept) + len(sentence) >= LONGEST:
            break
        kept = f"{kept} {sentence}".lstrip()
    return kept or text[:LONGEST - 4] + " ..."
