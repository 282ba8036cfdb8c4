"""A deep model's layers as about twenty blocks, by the model's own nesting and names.

Layers lie in a tree: the parts of their paths, and of their names at every "_" ("stage3/block_2_conv" lies in stage3, block,
2, conv). Neighbours in the forward pass that share a branch are a block; the largest blocks are divided first. A layer without
a kernel (a normalization, a scale) belongs to the one before it.
"""

import dataclasses
import math
import re

from sanity_checks.vocabulary import stages

GROUPED = "grouped"         # what stands for these blocks among the user's patterns
MOST = 22                   # blocks
FEWEST = 12                 # where there are so many, a block is not divided into single layers
SEPARATORS = "/_"


@dataclasses.dataclass(frozen=True)
class Unit:
    """A layer with a kernel, and those without that follow it.

    Attributes:
        name: str, that of the layer: its path without what all layers share.
        branch: tuple of str, the parts of its path and names, from the outermost.
        variables: tuple of variables.
    """
    name: str
    branch: tuple
    variables: tuple


def blocks(keras, model, reads=None):
    """Groups of neighbouring layers.

    Args:
        keras: the package that knows the model's inside, `sanity_checks.keras2` or `keras3`.
        model: Keras model.
        reads: what `blocks.first_reads` returns, for the order in subclassed models.

    Returns:
        dict, name -> tuple of variables, top to bottom, at most `MOST`; one per layer with a kernel where they are fewer. A
        block of several layers is called by what their names share, or "first to last".
    """
    found = _named(_divided(_units(keras.leaves(model, reads))))
    return {name: tuple(variable for unit in run for variable in unit.variables) for name, run in reversed(found)}


def _units(leaves):
    """list of `Unit`, bottom to top."""
    shared = _shared([leaf.names[:-1] for leaf in leaves])
    units = []
    for leaf in leaves:
        names = leaf.names[shared:]
        branch = tuple(part for name, automatic in zip(names, leaf.automatic[shared:])
                       for part in ([name] if automatic else [part for part in re.split(f"[{SEPARATORS}]", name) if part] or [name]))
        unit = Unit("/".join(names), branch, tuple(leaf.variables))
        if units and not (_has_kernel(unit) and _has_kernel(units[-1])):
            kept = units[-1] if _has_kernel(units[-1]) or not _has_kernel(unit) else unit
            units[-1] = dataclasses.replace(kept, variables=units[-1].variables + unit.variables)
        else:
            units.append(unit)
    return units


def _has_kernel(unit):
    return any(len(variable.shape) > 1 for variable in unit.variables)


def _shared(branches):
    """How many parts all branches begin with."""
    longest = 0
    while branches and all(len(branch) > longest for branch in branches) and len({branch[:longest + 1] for branch in branches}) == 1:
        longest += 1
    return longest


def _divided(units):
    """Runs of neighbours: list of lists of `Unit`, at most `MOST`."""
    if len(units) <= MOST:
        return [[unit] for unit in units]
    runs = _chunks(_children(units), MOST)
    while len(runs) < MOST:
        divisible = [run for run in runs if len(run) > 1 and (len(runs) < FEWEST or max(map(len, _children(run))) > 1)]
        if not divisible:
            break
        largest = max(divisible, key=len)
        place = next(i for i, run in enumerate(runs) if run is largest)
        share = max(2, math.ceil(MOST * len(largest) / len(units)))
        runs[place:place + 1] = _chunks(_children(largest), min(share, MOST - len(runs) + 1))
    return runs


def _children(run):
    """A run divided at the first place where its branches differ."""
    depth = _shared([unit.branch for unit in run]) + 1
    found = []
    for unit in run:
        if found and found[-1][0].branch[:depth] == unit.branch[:depth]:
            found[-1].append(unit)
        else:
            found.append([unit])
    return found if len(found) > 1 else [[unit] for unit in run]


def _chunks(runs, most):
    """Runs joined with their neighbours where there are more than `most`, into about as many layers each."""
    if len(runs) <= most:
        return runs
    total, joined, done = sum(map(len, runs)), [[] for _ in range(most)], 0
    for run in runs:
        joined[min(int(most * (done + len(run) / 2) / total), most - 1)] += run
        done += len(run)
    return [run for run in joined if run]


def _named(runs):
    """list of (name, run), names distinct and none that of a stage."""
    ways = [[way(run) for run in runs] for way in (_name, _first_to_last, lambda run: f"{run[0].name} to {run[-1].name}")]
    found, taken = [], set(stages.RESERVED)
    for place, run in enumerate(runs):
        name = next((names[place] for names in ways if names.count(names[place]) == 1), ways[0][place])
        while name in taken:
            name = f"layer {name}" if name in stages.RESERVED else f"{name}#"
        taken.add(name)
        found.append((name, run))
    return found


def _name(run):
    """What the names in a run begin with alike, up to the end of a part; "first to last" where that is nothing."""
    first = run[0].name
    ends = [place for place in range(1, len(first) + 1) if all(
        unit.name[:place] == first[:place] and (len(unit.name) == place or unit.name[place] in SEPARATORS) for unit in run)]
    return first[:ends[-1]] if ends else _first_to_last(run)


def _first_to_last(run):
    if len(run) == 1:
        return run[0].name
    children = _children(run)
    return f"{_name(children[0])} to {_name(children[-1])}"
