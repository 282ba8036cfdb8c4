"""Maps of one image under every method and stage, kept as one .npz file: all that a mask figure needs."""

import dataclasses
import hashlib
import re

import numpy as np

from sanity_checks.runs import archives

_KIND = "a file of maps of this run"
_LONGEST = 120          # characters of an image's id in a file's name
_LEAST_STEPS, _MOST_STEPS = 1024, 1 << 22       # the latter is what float32 can tell apart, with the sign
_SHOWN, _STEPS_SHOWN = 99, 128                  # the percentile that has the full colour in figures, and its steps


@dataclasses.dataclass(frozen=True, eq=False)
class FigureMaps:
    """The maps of one image.

    Attributes:
        image: float32 [H, W, C], the model's input as it is shown, channels red, green, blue.
        image_id: str.
        input_range: (float, float), the values of the darkest and the brightest pixel an image can have.
        label: int, the image's class, as the data set counts; -1 where unknown.
        stages: tuple of str, names of the stages; the first is the original.
        maps: dict, method -> float32 [stages, H, W, C'], signed; C' is the method's own number of channels.
        explained_class: int64 [stages], the class that was explained at each stage, as the model counts.
        class_names: dict, explained class -> its name, a str, of those that have one.
        label_name: str, the name of `label`; "" where unknown.
    """

    image: np.ndarray
    image_id: str
    input_range: tuple
    label: int
    stages: tuple
    maps: dict
    explained_class: np.ndarray
    class_names: dict = dataclasses.field(default_factory=dict)
    label_name: str = ""

    def __post_init__(self):
        if np.ndim(self.image) != 3:
            raise ValueError(f"image: expected shape [H, W, C], got {np.shape(self.image)}")
        expected = (len(self.stages), *np.shape(self.image)[:2])
        for method, maps in self.maps.items():
            if np.ndim(maps) != 4 or np.shape(maps)[:3] != expected:
                raise ValueError(f"maps of {method!r}: expected shape {[*expected, 'C']}, "
                                 f"got {np.shape(maps)}")
        if np.shape(self.explained_class) != expected[:1]:
            raise ValueError(f"explained_class: expected shape {list(expected[:1])}, "
                             f"got {np.shape(self.explained_class)}")


def file_name(draw, image_id):
    """Returns an image's file name in a draw, "draw000_<image id>.npz"; different for different ids."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", image_id)[:_LONGEST]
    if safe != image_id:
        safe += "-" + hashlib.sha256(image_id.encode()).hexdigest()[:8]
    return f"draw{draw:03d}_{safe}.npz"


def write_maps(path, figure_maps, run=""):
    """Writes maps to one file, in one step.

    A map is kept as whole steps, see `_steps`; where one of a method is not finite, its maps are kept as float16 after division by
    their own largest absolute values.

    Args:
        path: str, the .npz file.
        figure_maps: `FigureMaps`.
        run: str, tells the run that they are of from all others (`runs.reading.identity`).
    """
    methods = list(figure_maps.maps)
    arrays = {
        "image": np.asarray(figure_maps.image, np.float32),
        "image_id": np.array(figure_maps.image_id),
        "input_range": np.array(figure_maps.input_range, np.float64),
        "label": np.array(figure_maps.label, np.int64),
        "stages": np.array(figure_maps.stages),
        "explained_class": np.asarray(figure_maps.explained_class, np.int64),
        "methods": np.array(methods),
        "run": np.array(run),
        "named_classes": np.array(list(figure_maps.class_names), np.int64),
        "class_names": np.array(list(figure_maps.class_names.values()), np.str_),
        "label_name": np.array(figure_maps.label_name),
    }
    for method in methods:
        maps = np.asarray(figure_maps.maps[method], np.float32)
        arrays.update(_kept(method, maps))
    archives.write(path, arrays, compressed=True)


def read_maps(path, run=""):
    """Reads a file of `write_maps`.

    Args:
        path: str.
        run: str, the run that the maps should be of; "" if any will do.

    Returns:
        `FigureMaps`; each map is within 0.05 % of its largest absolute value of what was written.

    Raises:
        ValueError: the file is damaged, not one of `write_maps`, or of another run.
        FileNotFoundError: no such file.
    """
    arrays = archives.read(path, _KIND)
    try:
        if run and str(arrays.get("run", "")) not in ("", run):
            raise ValueError("they are of another run")
        return FigureMaps(
            image=arrays["image"],
            image_id=str(arrays["image_id"]),
            input_range=tuple(arrays["input_range"].tolist()),
            label=int(arrays["label"]),
            stages=tuple(map(str, arrays["stages"].tolist())),
            maps={method: _restore(arrays, method) for method in arrays["methods"].tolist()},
            explained_class=arrays["explained_class"],
            **_names(arrays),
        )
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise archives.refusal(path, _KIND, error) from error


def _kept(method, maps):
    """The arrays that keep a method's maps, float32 [stages, H, W, C]: dict."""
    scale = _scale(maps)
    if not np.isfinite(maps).all():
        return {f"maps/{method}": (maps / _beside(scale, maps)).astype(np.float16), f"scale/{method}": scale}
    step = scale / _steps(maps, scale)
    found = np.rint(maps / _beside(step, maps)).astype(np.int32)
    folded = np.where(found < 0, -2 * found - 1, 2 * found)         # small for small sizes, whatever the sign
    used = range(0, max(1, int(folded.max(initial=0)).bit_length()), 8)
    return {f"planes/{method}": np.stack([folded >> bits & 255 for bits in used]).astype(np.uint8), f"step/{method}": step}


def _steps(maps, scale):
    """How many steps each map has from 0 to its largest absolute value: float32 [stages].

    1024 keep it within 0.05 % of that. Of a map with few pixels so large, so many that what is shown in full colour has 128.
    """
    shown = np.percentile(np.abs(maps), _SHOWN, axis=(1, 2, 3)) / scale
    return np.ceil(np.clip(_STEPS_SHOWN / np.maximum(shown, 1e-9), _LEAST_STEPS, _MOST_STEPS)).astype(np.float32)


def _scale(maps):
    """The largest finite absolute value of each map, 1 where that is 0: float32 [stages]."""
    largest = np.max(np.abs(np.where(np.isfinite(maps), maps, 0)), axis=(1, 2, 3))
    return np.where(largest > 0, largest, 1).astype(np.float32)


def _beside(of_stages, maps):
    """A number for each stage, shaped to be multiplied with maps, [stages, H, W, C]."""
    if np.shape(of_stages) != np.shape(maps)[:1]:
        raise ValueError(f"expected a number for each of the stages of maps {np.shape(maps)}, got {np.shape(of_stages)}")
    return of_stages.reshape(-1, *[1] * (maps.ndim - 1))


def _names(arrays):
    """The names of classes; none in files of earlier versions, which did not keep them."""
    if "class_names" not in arrays:
        return {}
    class_names = dict(zip(arrays["named_classes"].tolist(), arrays["class_names"].tolist()))
    return {"class_names": class_names, "label_name": str(arrays["label_name"])}


def _restore(arrays, method):
    if f"planes/{method}" not in arrays:
        maps = arrays[f"maps/{method}"].astype(np.float32)
        return maps * _beside(arrays[f"scale/{method}"], maps)
    folded = sum(plane.astype(np.int32) << 8 * byte for byte, plane in enumerate(arrays[f"planes/{method}"]))
    found = np.where(folded & 1, -(folded + 1) // 2, folded // 2).astype(np.float32)
    return found * _beside(arrays[f"step/{method}"], found)
