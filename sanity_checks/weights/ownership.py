"""Which thread works with the weights of a model. One walks through weight states alone; any number may explain at once.

While a thread is inside `weight_states`, the variables hold another network's values. What another thread computes then would
be of that network, or of half of it, without a word; so it is refused.
"""

import collections
import contextlib
import threading

_LOCK = threading.Lock()
_CHANGING = {}                              # key of a variable -> [the thread that walks through its states, how often it entered]
_READING = collections.defaultdict(collections.Counter)     # key of a variable -> thread -> how often it reads


@contextlib.contextmanager
def changing(classifier):
    """Context in which this thread alone uses the variables of a classifier, and may change them; it may be entered again.

    Raises:
        RuntimeError: another thread uses them.
    """
    own, keys = threading.get_ident(), _keys(classifier)
    with _LOCK:
        _refuse_others(classifier, keys, own)
        if any(thread != own for key in keys for thread in _READING.get(key, ())):
            raise RuntimeError(f"weights: another thread explains with the weights of model {classifier.name!r}; its weight states "
                               f"can be walked through when that has ended, or on a classifier of its own")
        for key in keys:
            _CHANGING.setdefault(key, [own, 0])[1] += 1
    try:
        yield
    finally:
        with _LOCK:
            for key in keys:
                _CHANGING[key][1] -= 1
                if not _CHANGING[key][1]:
                    del _CHANGING[key]


@contextlib.contextmanager
def reading(classifier):
    """Context in which no other thread may change the variables of a classifier.

    Raises:
        RuntimeError: another thread walks through weight states of them.
    """
    own, keys = threading.get_ident(), _keys(classifier)
    with _LOCK:
        _refuse_others(classifier, keys, own)
        for key in keys:
            _READING[key][own] += 1
    try:
        yield
    finally:
        with _LOCK:
            for key in keys:
                _READING[key][own] -= 1
                if not _READING[key][own]:
                    del _READING[key][own]
                if not _READING[key]:
                    del _READING[key]


def _refuse_others(classifier, keys, own):
    if any(_CHANGING[key][0] != own for key in keys if key in _CHANGING):
        raise RuntimeError(f"weights: another thread walks through weight states of model {classifier.name!r}, whose variables hold "
                           f"other values meanwhile; wait for the end of its with block, or load a classifier for each thread")


def _keys(classifier):
    """What stands for the variables: those shared with another classifier of the same model are the same."""
    return [classifier.keras.key(variable) for variables in classifier.parts.values() for variable in variables]
