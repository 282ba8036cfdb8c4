"""Two and more threads on one classifier. What another thread raises is raised here; it ends before these functions return."""

import concurrent.futures
import threading

import numpy as np

import sanity_checks

PATIENCE = 60       # seconds


def _elsewhere(function, *arguments):
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        return executor.submit(function, *arguments).result(PATIENCE)


def walking_elsewhere(classifier):
    """Begins weight states here and goes on with them in another thread."""
    with sanity_checks.weight_states(classifier, "cascading") as walk:
        next(walk)
        return _elsewhere(next, walk)


def beside_states(classifier, call):
    """Calls something in another thread while this one is at the second weight state."""
    with sanity_checks.weight_states(classifier, "cascading") as walk:
        next(walk), next(walk)
        return _elsewhere(call)


def after_states(classifier, call):
    """Calls something here after another thread has walked through weight states."""
    def walk():
        with sanity_checks.weight_states(classifier, "cascading") as walked:
            return list(walked)
    assert len(_elsewhere(walk)) == 3
    return call()


def beside_explanation(classifier, images, call):
    """Calls something in another thread while a method explains in this one."""
    begun, found = threading.Event(), []

    def method(classifier, images, targets, seed):
        if not begun.is_set():
            begun.set()
            try:
                found.append(_elsewhere(call))
            except RuntimeError as error:
                found.append(error)
        return np.zeros(images.shape)

    sanity_checks.explain(classifier, images, method)
    if isinstance(found[0], RuntimeError):
        raise found[0]
    return found[0]


def at_once(call, count=6):
    """Calls a function of 0 to count - 1 in as many threads at once: list of what it returned."""
    barrier = threading.Barrier(count)

    def begin(i):
        barrier.wait(PATIENCE)
        return call(i)

    with concurrent.futures.ThreadPoolExecutor(count) as executor:
        return list(executor.map(begin, range(count)))
