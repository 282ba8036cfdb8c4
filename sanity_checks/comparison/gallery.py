"""The maps of the images that figures show, gathered while a unit is computed."""

import numpy as np

from sanity_checks import runs


class Gallery:
    """Keeps the maps of a unit's images that figures show, at every stage.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        dataset: `sanity_checks.datasets.Dataset`.
        unit: `sanity_checks.runs.Unit`; only draw 0 is shown.
        figure_images: positions in the test images.
    """

    def __init__(self, classifier, dataset, unit, figure_images):
        self._dataset, self._unit, self._label_offset = dataset, unit, classifier.label_offset
        self._positions = [i - unit.first for i in figure_images if unit.draw == 0 and unit.first <= i < unit.last]
        self._class_names = class_names(classifier, dataset)
        self._stages, self._explained, self._maps = [], [], {}

    def begin(self, stage, targets):
        """Goes on to a stage, at which these classes, int [n], are explained."""
        self._stages.append(stage)
        self._explained.append(targets[self._positions])

    def add(self, method, maps):
        """Takes a method's maps [n, H, W, C] at the present stage."""
        if self._positions:
            self._maps.setdefault(method, []).append(maps[self._positions])

    def figure_maps(self, pixels):
        """What was kept, given the unit's images [n, H, W, C]: list of `runs.FigureMaps`, one an image shown."""
        return [self._of_image(i, position, pixels) for i, position in enumerate(self._positions)]

    def _of_image(self, i, position, pixels):
        split = self._dataset.test
        label = -1 if split.labels is None else int(split.labels[self._unit.first + position])
        explained = np.array([classes[i] for classes in self._explained])
        named = sorted(set(explained.tolist()) & set(self._class_names))
        return runs.FigureMaps(
            image=shown_image(self._dataset, pixels[position]), image_id=split.ids[self._unit.first + position],
            input_range=shown_range(self._dataset), label=label, stages=tuple(self._stages),
            maps={method: np.stack([maps[i] for maps in stages]) for method, stages in self._maps.items()},
            explained_class=explained, class_names={k: self._class_names[k] for k in named},
            label_name=self._label_name(label))

    def _label_name(self, label):
        """The name of an image's class in the data set, or else in the model; "" where unknown."""
        if label < 0:
            return ""
        return (_named(self._dataset.class_names).get(label)
                or self._class_names.get(label + self._label_offset, ""))


def class_names(classifier, dataset):
    """Names of the model's classes, as far as they are known: dict, class -> str.

    A data set's names are the model's where the model has none of its own, and enough classes for them.
    """
    if classifier.class_names:
        return _named(classifier.class_names)
    named = _named(dataset.class_names, classifier.label_offset)
    return named if max(named, default=0) < classifier.num_classes else {}


def _named(names, first=0):
    """dict, class -> name, without those that are but numbers."""
    return {i: name for i, name in enumerate(names or (), first) if not name.isdigit()}


def shown_image(dataset, image):
    """A model input [H, W, C] as figures show it: channels red, green, blue, black and white as of `shown_range`.

    Channels that have ranges of their own are stretched to the range of all, so that a grey pixel is grey.
    """
    if np.ndim(dataset.input_range[0]):
        (low, high), (lowest, highest) = np.array(dataset.input_range), shown_range(dataset)
        image = (lowest + (image - low) * ((highest - lowest) / (high - low))).astype(np.float32)
    return image[..., ::-1] if dataset.bgr else image


def shown_range(dataset):
    """The values of black and white in `shown_image`, the lowest and the highest of all channels: (float, float)."""
    low, high = dataset.input_range
    return float(np.min(low)), float(np.max(high))
