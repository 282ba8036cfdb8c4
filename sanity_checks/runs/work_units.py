"""Units of work: a slice of a run's images in one random draw, and how units are shared among processes."""

import dataclasses

LARGEST = 1_000_000         # units of a run: each is a file


@dataclasses.dataclass(frozen=True)
class Unit:
    """A unit of work: images `first` to `last - 1` of the run's images, in one random draw."""

    draw: int
    first: int
    last: int

    @property
    def name(self):
        """Name of the unit's file without suffix, "draw000_images000000-000064"."""
        return f"draw{self.draw:03d}_images{self.first:06d}-{self.last:06d}"


def units(draws, num_images, images_per_unit):
    """Returns the units of a run as a list of `Unit`: draw by draw, `images_per_unit` images each, the last
    fewer.

    Raises:
        ValueError: an argument is not positive.
    """
    for name, value in (("draws", draws), ("num_images", num_images), ("images_per_unit", images_per_unit)):
        if value < 1:
            raise ValueError(f"{name}: expected at least 1, got {value}")
    count = draws * -(-num_images // images_per_unit)
    if count > LARGEST:
        raise ValueError(f"draws: {draws} draws of {num_images} images are {count} units of work, expected at most {LARGEST}; run "
                         f"fewer, or more images_per_unit")
    return [Unit(draw, first, min(first + images_per_unit, num_images))
            for draw in range(draws) for first in range(0, num_images, images_per_unit)]


def shard(units, index, count):
    """Returns the units of the `index`-th of `count` shards: every `count`-th unit, so that shards are alike.

    Raises:
        ValueError: not 0 <= index < count.
    """
    if not 0 <= index < count:
        raise ValueError(f"shard: expected 0 to {count - 1} for num_shards={count}, got {index}")
    return units[index::count]
