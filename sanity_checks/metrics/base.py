"""What a similarity metric is: features prepared once per map, and a comparison of two maps' features."""

from collections.abc import Callable
import dataclasses
import math

import numpy as np

from sanity_checks.metrics import chunks

# Sums and products of values up to here stay finite in float64.
LARGEST = 1e150


@dataclasses.dataclass(frozen=True)
class Metric:
    """A similarity of saliency maps, map by map.

    One set of maps is compared with many others (the original's with those of every weight state), so what
    depends on one map alone is computed once:

        reference = metric.prepare(original)
        values = metric.compare_maps(reference, randomized)

    Features are a NamedTuple of arrays whose first dimension is the map; one is `degenerate`, bool [N].

    Attributes:
        description: str, a line for help texts and tables.
        features: the features of finite maps, float32 or float64 [N, H, W, C].
        score: (features, features) -> float64 [N]; NaN where either is degenerate, exactly 1 where equal.
        score_maps: (features, finite maps) -> float64 [N], where that is faster than `score` of `features`.
        smallest_side: int, in pixels, the least height and width that the metric is defined for.
        piece_values: int, the number of values that these functions are given at a time.
    """

    description: str
    features: Callable
    score: Callable
    score_maps: Callable | None = None
    smallest_side: int = 1
    piece_values: int = chunks.PIECE_VALUES

    def prepare(self, maps):
        """Returns the features of saliency maps.

        Args:
            maps: float [N, H, W, C], C >= 1; float32 and float64 are used as they are, others as float64. A
                map with a value that is not finite, or beyond 1e150, is degenerate.

        Raises:
            ValueError: not four-dimensional numbers, or too small for the metric.
        """
        maps = self._checked(maps)
        result = None
        for rows in self._pieces(maps.shape):
            part = self.features(_usable(maps[rows]))
            if len(part[0]) == len(maps):
                return part
            result = _empty(part, len(maps)) if result is None else result
            for array, values in zip(result, part):
                array[rows] = values
        return result

    def compare(self, a, b):
        """Returns the similarity of each map of `a` to the same map of `b`.

        Args:
            a, b: features of the same number of maps of the same shape.

        Returns:
            float64 [N] in [-1, 1], higher is more similar; NaN where either map is degenerate: non-finite, or
            constant, also after the metric's own transformation.
        """
        shapes = [[array.shape for array in features] for features in (a, b)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"expected features of maps of one shape, got {shapes[0]} and {shapes[1]}")
        return self._values(a[0].shape, lambda rows: self.score(_rows(a, rows), _rows(b, rows)))

    def compare_maps(self, reference, maps):
        """Returns `compare(reference, prepare(maps))`, holding the features of a few maps at a time.

        Args:
            reference: features of N maps.
            maps: as in `prepare`, [N, H, W, C], of the shape of the reference's maps.
        """
        maps = self._checked(maps)
        if len(maps) != len(reference.degenerate):
            raise ValueError(f"expected {len(reference.degenerate)} maps, one per reference, got {len(maps)}")
        return self._values(maps.shape, lambda rows: self._score_maps(_rows(reference, rows), maps[rows]))

    def similarity(self, maps_a, maps_b):
        """Returns `compare(prepare(maps_a), prepare(maps_b))`, with the features of a few maps at a time."""
        maps_a, maps_b = self._checked(maps_a), self._checked(maps_b)
        if maps_a.shape != maps_b.shape:
            raise ValueError(f"expected maps of one shape, got {maps_a.shape} and {maps_b.shape}")

        def score(rows):
            return self._score_maps(self.features(_usable(maps_a[rows])), maps_b[rows])

        return self._values(maps_a.shape, score)

    def _score_maps(self, reference, maps):
        maps = _usable(maps)
        if self.score_maps is not None:
            return self.score_maps(reference, maps)
        return self.score(reference, self.features(maps))

    def _values(self, shape, score):
        """Returns float64 [N], `score` of the slices that cover the N rows."""
        values = np.empty(shape[0])
        for rows in self._pieces(shape):
            values[rows] = score(rows)
        return values

    def _pieces(self, shape):
        """Yields slices that cover the first dimension of `shape`; an empty one where that is 0."""
        yield from chunks.slices(shape[0], math.prod(shape[1:]), self.piece_values)
        if shape[0] == 0:
            yield slice(0, 0)

    def _checked(self, maps):
        """Returns `maps` as a C-contiguous float32 or float64 array, or raises a ValueError."""
        try:
            maps = np.asarray(maps)
        except ValueError as error:
            raise ValueError(f"expected real maps [N, H, W, C], got a {type(maps).__name__} of arrays of several shapes") from error
        if maps.ndim != 4 or maps.dtype.kind not in "fiub" or 0 in maps.shape[1:]:
            raise ValueError(f"expected real maps [N, H, W, C], got {maps.dtype} {maps.shape}")
        side, (height, width) = self.smallest_side, maps.shape[1:3]
        if min(height, width) < side:
            raise ValueError(f"expected maps of at least {side} x {side} pixels, got {height} x {width}")
        dtype = maps.dtype if maps.dtype in (np.float32, np.float64) else np.float64
        return np.ascontiguousarray(maps, dtype)


def _usable(maps):
    """Returns maps [N, H, W, C] with zeros, a constant map, in place of each map with an unusable value."""
    usable = np.isfinite(maps) if maps.dtype == np.float32 else np.abs(maps) < LARGEST
    usable = usable.all(axis=(1, 2, 3), keepdims=True)
    return maps if usable.all() else np.where(usable, maps, maps.dtype.type(0))


def _empty(features, count):
    """Returns uninitialized features of `count` maps, of the types and shapes of `features`."""
    return type(features)(*(np.empty((count, *array.shape[1:]), array.dtype) for array in features))


def _rows(features, rows):
    """Returns the features of a slice of the maps."""
    return type(features)(*(array[rows] for array in features))
