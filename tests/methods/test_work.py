"""Work that methods share: it is done once, and costs what it says."""

import dataclasses

import numpy as np
import pytest

from sanity_checks import keras2
from sanity_checks import methods
from sanity_checks import models
from sanity_checks.methods import backward
from sanity_checks.methods import base
from sanity_checks.methods import gradcam
from sanity_checks.models import classifier as classifier_module

FEW = {"smoothgrad": {"samples": 6}, "vargrad": {"samples": 6}, "integrated_gradients": {"steps": 6},
       "integrated_gradients_smoothgrad": {"samples": 4, "steps": 5}, "xrai": {"steps": 3, "algorithm": "fast"},
       "blur_ig": {"steps": 3}, "guided_ig": {"steps": 3}, "occlusion": {"size": 26}, "perturbation_mask": {"iterations": 2},
       "deep_taylor": {"low": 0., "high": 1.}}


def suitable(classifier, name):
    method = methods.make(name, **FEW.get(name, {}))
    if method.unsuitable(classifier):
        pytest.skip(f"{classifier.name} has no {name}")
    return method


@pytest.fixture
def rows(monkeypatch):
    """dict, key of a traced pass -> rows that went through it."""
    counted, original = {}, classifier_module.Classifier.trace

    def trace(self, key, build):
        traced = original(self, key, build)

        def call(images, *rest):
            per_image = rest[3] * len(rest[4]) if key == "noisy path" else 1
            if key[0] == "relevance":
                per_image = key[1].passes_per_image
            counted[key] = counted.get(key, 0) + len(images) * per_image
            return traced(images, *rest)
        return call
    monkeypatch.setattr(classifier_module.Classifier, "trace", trace)
    return counted


@pytest.mark.parametrize("targets", [None, np.array([1, 2, 3])], ids=["predicted", "given"])
@pytest.mark.parametrize("name", list(methods.METHODS))
def test_passes_are_those_made_and_those_reported(network, digits, rows, name, targets):
    method, done = suitable(network, name), []
    task = methods.make_task(network, digits[:3], targets, batch_size=2, progress=done.append)
    method.maps(task)
    expected = methods.passes({name: method}, network.image_shape) - (targets is not None)
    assert sum(done) == 3 * expected and sum(rows.values()) == 3 * expected


def test_methods_together_do_shared_work_once(cnn, digits, rows):
    made = {name: methods.make(name, **FEW.get(name, {})) for name in methods.METHODS}
    done = []
    task = methods.make_task(cnn, digits[:2], progress=done.append)
    for method in made.values():
        method.maps(task)
    assert sum(done) == sum(rows.values()) == 2 * methods.passes(made, cnn.image_shape)
    assert rows["guided gradient"] == rows["feature gradient"] == 2 and rows["noisy path"] == 2 * (6 + 6 + 20)


def test_shared_work_is_counted_once():
    def passes(*made):
        return methods.passes(dict(enumerate(made)), (28, 28, 1))
    make = methods.make
    assert passes() == 1 and passes(make("edge_detector"), make("random_map")) == 1
    assert passes(make("gradient"), make("input_x_gradient")) == 2
    assert passes(make("guided_backprop"), make("gradcam"), make("guided_gradcam")) == 3
    assert passes(make("smoothgrad", samples=7), make("vargrad", samples=7)) == 8
    assert passes(make("smoothgrad", samples=7), make("vargrad", samples=8)) == 16
    assert passes(make("smoothgrad", samples=7), make("vargrad", samples=7, noise=0.2)) == 15
    assert passes(make("occlusion", size=15)) == 2 + 14 ** 2
    assert methods.passes({"occlusion": make("occlusion")}, (299, 299, 3)) == 2 + 285 ** 2
    assert passes(make("xrai", steps=5)) == 11 and passes(make("blur_ig", steps=5), make("guided_ig", steps=6)) == 12
    assert passes(make(len), make(len)) == 3


@dataclasses.dataclass(frozen=True)
class MeanFeature(base.Work):
    """Another use of the feature map than GradCAM's, with a parameter."""
    power: int

    def passes(self, image_shape):
        return 1

    def run(self, task):
        traced = gradcam.feature_gradient(task.classifier)
        return task.batched(lambda images, targets: (
            (traced(images, targets)[0].numpy() ** self.power).mean(axis=(1, 2, 3)),))[0]


def test_other_work_on_the_same_pass_has_its_own_result(cnn, digits):
    task = methods.make_task(cnn, digits)
    small = task.result(gradcam.SmallMaps())
    one, two = (task.result(MeanFeature(power)) for power in (1, 2))
    assert small.shape == (8, 14, 14) and one.shape == (8,) and not np.allclose(one, two)
    assert task.result(MeanFeature(1)) is one and task.result(gradcam.SmallMaps()) is small


def _doubled(classifier):
    import tensorflow as tf

    @tf.function(input_signature=backward.signature(classifier))
    def doubled_pass(images, classes):
        explained = 2 * backward.explained_logits(classifier, images, classes)
        return explained, backward.gradients(explained, images)
    return doubled_pass


@dataclasses.dataclass(frozen=True)
class DoubledGradients(base.Work):
    def passes(self, image_shape):
        return 1

    def run(self, task):
        return task.batched(task.classifier.trace("doubled", _doubled))[1]


@dataclasses.dataclass(frozen=True)
class Doubled(base.Method):
    def work(self):
        return (DoubledGradients(),)

    def maps(self, task):
        return task.result(DoubledGradients())


def test_a_new_method_is_one_file_and_a_line(cnn, digits, monkeypatch):
    monkeypatch.setitem(methods.METHODS, "doubled", Doubled)
    found = methods.explain(cnn, digits, "doubled")
    assert np.allclose(found, 2 * methods.explain(cnn, digits, "gradient"), rtol=1e-5, atol=1e-7)
    assert methods.passes({"doubled": methods.make("doubled")}, cnn.image_shape) == 2


def test_a_pass_is_built_and_traced_once_for_each_key(digits):
    classifier, built = models.load_classifier("cnn", weights="random"), []

    def build(classifier):
        built.append(classifier)
        return _doubled(classifier)
    for count in (1, 3):
        for key in ("a", ("a", 1)):
            classifier.trace(key, build)(digits[:count], np.zeros(count, np.int32))
    assert built == [classifier, classifier] and classifier.traces() == {"a": 1, ("a", 1): 1}
    with pytest.raises(ValueError, match="trace: key 'a' is that of .*build, asked for by .*_doubled"):
        classifier.trace("a", _doubled)


def test_a_changed_classifier_has_passes_of_its_own(digits):
    classifier = models.load_classifier("cnn", weights="random")
    classifier.logits(digits)
    assert classifier.traces() == {"logits": 1}
    assert dataclasses.replace(classifier, name="other").traces() == {}


class CountingKeras:
    """A Keras that counts how often calls of its layers are recorded."""
    key = staticmethod(keras2.key)

    def __init__(self):
        self.asked = 0

    def recorded_calls(self):
        self.asked += 1
        return keras2.recorded_calls()


def test_methods_reach_the_inside_of_keras_through_the_classifier(cnn, digits):
    counting = CountingKeras()
    other = dataclasses.replace(cnn, keras=counting)
    for name in ("gradient", "smoothgrad", "integrated_gradients", "guided_backprop"):
        methods.explain(other, digits[:1], name)
    assert counting.asked == 0
    assert np.array_equal(methods.explain(other, digits, "gradcam"), methods.explain(cnn, digits, "gradcam"))
    assert counting.asked == 1
