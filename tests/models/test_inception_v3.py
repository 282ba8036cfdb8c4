"""Inception v3: the paper's 17 blocks under any head, kinds of weights, the released initial values."""

import io
import math
import os

import h5py
import numpy as np
from PIL import Image
import pytest
from scipy import stats
import tensorflow as tf
import tf_keras

from sanity_checks import methods
from sanity_checks import models
from sanity_checks.datasets import manifests
from sanity_checks.methods import gradcam
from sanity_checks.models import class_names
from sanity_checks.models import inception_body
from sanity_checks.models import inception_v3
from sanity_checks.models import inception_weights
from sanity_checks.weights import states

pytestmark = pytest.mark.slow

layers = tf_keras.layers
SHAPE = (107, 107, 3)       # the smallest whose Mixed_7c has more than one pixel
PAPER = ["Logits", "Mixed_7c", "Mixed_7b", "Mixed_7a", "Mixed_6e", "Mixed_6d", "Mixed_6c", "Mixed_6b",
"Mixed_6a",
         "Mixed_5d", "Mixed_5c", "Mixed_5b", "Conv2d_4a_3x3", "Conv2d_3b_1x1", "Conv2d_2b_3x3",
         "Conv2d_2a_3x3", "Conv2d_1a_3x3"]


def body(**options):
    return tf_keras.applications.InceptionV3(weights=None, include_top=False, input_shape=SHAPE, **options)


def head():
    return [layers.GlobalAveragePooling2D(), layers.Dense(8, activation="relu"), layers.Dropout(0.5),
            layers.Dense(5, activation="softmax", name="predictions")]


def flat():
    base = body()
    x = base.output
    for layer in head():
        x = layer(x)
    return tf_keras.Model(base.input, x)


def nested():
    inputs = layers.Input(SHAPE)
    x = body()(inputs)
    for layer in head():
        x = layer(x)
    return tf_keras.Model(inputs, x)


def pooled_and_scaled():
    scaling = layers.Normalization(axis=-1, mean=[0.] * 3, variance=[1.] * 3)
    return tf_keras.Sequential([layers.InputLayer(SHAPE), scaling, body(pooling="avg"), *head()[1:]])


def misnamed():
    model = flat()
    for number, layer in enumerate(model.layers):
        layer._name = f"conv2d_{(37 * number) % 997}"
    return model


WHOLE = {"misnamed": misnamed, "nested": nested, "pooled and scaled": pooled_and_scaled}


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(-1, 1, (2, *SHAPE)).astype(np.float32)


@pytest.fixture(scope="module")
def classifier():
    """Untrained, 107 x 107, 7 classes. Tests leave its weights as they are."""
    return models.load_classifier(inception_v3.build(SHAPE, 7), weights="random", seed=3)


@pytest.fixture(scope="module", params=["nested", *(pytest.param(name, marks=pytest.mark.slow) for name in WHOLE if name != "nested")])
def whole(request):
    """A model on the body of Inception v3 under another head, and its classifier."""
    model = WHOLE[request.param]()
    return model, models.load_classifier(model)


def kernels(variables):
    return [v for v in variables if len(v.shape) == 4]


def test_the_papers_blocks_cover_every_variable_exactly_once(classifier):
    assert list(classifier.blocks) == PAPER
    members = [v.ref() for block in classifier.blocks.values() for v in block]
    assert len(members) == len(set(members)) and set(members) == {v.ref() for v in classifier.model.variables}


@pytest.mark.slow
def test_blocks_are_what_the_network_computes(classifier, images):
    """Moving a block's weights moves Keras' mixed0 ... mixed10 from that block on and none below."""
    model, stem = classifier.model, PAPER[:11:-1]
    names = [f"mixed{i}" for i in range(11)]
    outputs = tf.function(tf_keras.Model(model.input, [model.get_layer(name).output for name in names]))
    before = outputs(images)
    for number, block in enumerate(PAPER[::-1][:16]):
        kernel = classifier.blocks[block][0]
        value = kernel.numpy()
        kernel.assign(2 * value)
        same = [np.array_equal(a, b) for a, b in zip(outputs(images), before)]
        kernel.assign(value)
        assert same == [i < number - len(stem) for i in range(11)], block


def test_numbers_of_convolutions_are_the_papers(classifier):
    counts = [len(kernels(block)) for block in classifier.blocks.values()]
    assert counts == [0, 9, 9, 6, 10, 10, 10, 10, 4, 7, 7, 7, 1, 1, 1, 1, 1]


def test_a_body_under_another_head_is_recognized(whole):
    model, classifier = whole
    assert classifier.name == "inception_v3" and list(classifier.blocks) == PAPER
    members = [v.ref() for block in classifier.blocks.values() for v in block]
    assert len(members) == len(set(members)) and set(members) == {v.ref() for v in model.variables}
    assert [tuple(v.shape) for v in classifier.blocks["Logits"]] == [(2048, 8), (8,), (8, 5), (5,)]
    assert len(kernels([v for name in PAPER[1:] for v in classifier.blocks[name]])) == 94


def test_draws_do_not_depend_on_how_the_body_is_wrapped(whole, classifier):
    models.initialization.randomize_all(whole[1], 3)
    for name in PAPER[1:-1]:
        assert all(np.array_equal(a, b) for a, b in zip(whole[1].blocks[name], classifier.blocks[name])), name


@pytest.mark.slow
def test_gradcam_reads_the_output_of_mixed_7c(whole, images):
    model, classifier = whole
    models.initialization.randomize_all(classifier, 3)
    features, gradients = gradcam.feature_gradient(classifier)(images, np.array([1, 4]))
    inner = next((layer for layer in model.layers if isinstance(layer, tf_keras.Model)), model)
    top = next(layer for layer in reversed(inner.layers) if isinstance(layer, layers.Concatenate))
    expected = tf_keras.Model(inner.input, top.output)(images)
    assert np.allclose(features, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    kernel1, bias1, kernel2, _ = classifier.blocks["Logits"]
    active = tf.reduce_mean(features, (1, 2)) @ kernel1 + bias1 > 0
    columns = tf.transpose(tf.gather(kernel2, [1, 4], axis=1))
    by_hand = (tf.cast(active, tf.float32) * columns) @ tf.transpose(kernel1) / np.prod(features.shape[1:3])
    assert np.allclose(gradients, np.broadcast_to(by_hand[:, None, None], gradients.shape), atol=1e-6)


@pytest.mark.slow
def test_the_users_blocks_and_gradcam_layer_come_first():
    model = flat()
    classifier = models.load_classifier(model, blocks=["head=predictions", "rest=.*"], gradcam_layer="mixed9")
    assert list(classifier.blocks) == ["head", "rest"] and classifier.name == "inception_v3"
    assert classifier.features.name == "mixed9"


@pytest.mark.slow
def test_the_network_of_keras_3_has_the_papers_blocks(classifier):
    import keras
    found = models.load_classifier(keras.applications.InceptionV3(weights=None, input_shape=SHAPE, classes=7), weights="random", seed=3)
    assert found.name == "inception_v3" and list(found.blocks) == PAPER and found.features.name == "mixed10"
    for name in PAPER:
        assert [tuple(v.shape) for v in found.blocks[name]] == [tuple(v.shape) for v in classifier.blocks[name]], name
        assert all(map(np.array_equal, found.blocks[name], classifier.blocks[name])), "drawn from the same streams"


@pytest.mark.slow
def test_a_body_with_one_other_kernel_is_not_recognized(cnn):
    model = body()
    layer = next(layer for layer in model.layers if getattr(layer, "kernel_size", None) == (1, 7))
    layer.kernel_size = (1, 5)
    assert inception_body.find(model) is None and inception_body.find(cnn.model) is None


def test_initial_values_are_those_of_the_released_code(classifier):
    for block in classifier.blocks.values():
        for variable in block:
            value = variable.numpy()
            if value.ndim == 1:
                assert (value == (1 if "moving_variance" in variable.name else 0)).all(), variable.name
            elif value.size > 10_000:
                fan_in = value.size / value.shape[-1]
                limit = 2 * math.sqrt(1.3 * 2 / fan_in)
                assert float(np.abs(value).max()) == pytest.approx(limit, rel=0.02), variable.name
                assert float(value.std()) == pytest.approx(math.sqrt(2 / fan_in), rel=0.02), variable.name


@pytest.mark.slow
def test_one_trace_serves_all_stages(classifier, images):
    with states.weight_states(classifier, "cascading") as walk:
        for state in walk:
            if state.index in (0, 17):
                for method in ("gradient", "guided_backprop", "gradcam"):
                    methods.explain(classifier, images, method)
    assert set(classifier.traces().values()) <= {0, 1}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A network of 299 x 299 and 10 classes, and its weights in files with and without top."""
    folder = tmp_path_factory.mktemp("weights")
    network = models.load_classifier(inception_v3.build(num_classes=10), weights="random", seed=1)
    network.model.save_weights(folder / "top.h5")
    tf_keras.Model(network.model.input, inception_body.find(network.model).features).save_weights(folder / "notop.h5")
    return network, folder


def equal_blocks(a, b):
    return [name for name in PAPER if all(x.shape == y.shape and np.array_equal(x, y)
                                          for x, y in zip(a.blocks[name], b.blocks[name], strict=True))]


@pytest.mark.slow
def test_weights_with_top(files):
    network, folder = files
    loaded = models.load_classifier("inception_v3", weights=str(folder / "top.h5"))
    assert equal_blocks(loaded, network) == PAPER and loaded.num_classes == 10


@pytest.mark.slow
def test_weights_without_top_leave_the_head_untrained_and_say_so(files, caplog):
    network, folder = files
    path = str(folder / "notop.h5")
    loaded = [models.load_classifier("inception_v3", weights=path, seed=seed) for seed in (0, 1)]
    assert equal_blocks(loaded[0], network) == PAPER[1:] and loaded[0].num_classes == 1000
    assert equal_blocks(loaded[0], loaded[1]) == PAPER[1:]
    assert "notop.h5 holds no head: the 1000 logits are untrained" in caplog.text


@pytest.mark.slow
def test_a_whole_file_as_weights(tmp_path):
    model = flat()
    model.save(tmp_path / "photographs.h5")
    loaded = models.load_classifier("inception_v3", weights=str(tmp_path / "photographs.h5"))
    assert loaded.image_shape == SHAPE and list(loaded.blocks) == PAPER
    assert all(np.array_equal(a, b) for a, b in zip(loaded.model.variables, model.variables, strict=True))


def write_h5(path, *shapes):
    with h5py.File(path, "w") as file:
        for number, shape in enumerate(shapes):
            file.create_dataset(f"layer_{number}", shape)


@pytest.mark.parametrize("shapes, message", [
    ([(3, 3, 3, 32), (2048, 10)], "expected 94 convolution kernels and at most one dense kernel, found 1 "),
    ([(1, 1, 1, 1)] * 94 + [(2048, 8), (8, 5)], "found 94 and 2"),
    ([(1, 1, 1, 1)] * 94 + [(512, 8)], r"the head's kernel has shape \(512, 8\), expected \(2048, classes\)"),
    ([(1, 1, 1, 1)] * 94 + [(2048, 8)], "does not fit model 'inception_v3'"),
])
def test_weights_of_another_network_are_refused(shapes, message, tmp_path):
    write_h5(tmp_path / "other.h5", *shapes)
    with pytest.raises(ValueError, match=f"weights: .*other.h5.*{message}"):
        models.load_classifier("inception_v3", weights=str(tmp_path / "other.h5"))


@pytest.mark.slow
def test_files_of_another_kind_are_refused_in_one_line(tmp_path, files):
    start = (files[1] / "top.h5").read_bytes()[:5000]
    for name, content in (("short.h5", start), ("text.h5", b"text"), ("text", b"text"), ("text.keras", b"x")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"weights: .*{name} ") as caught:
            models.load_classifier("inception_v3", weights=str(tmp_path / name))
        assert "\n" not in str(caught.value)


def test_a_whole_model_of_another_architecture_is_refused(tmp_path):
    model = tf_keras.Sequential([layers.InputLayer((8, 8, 3)), layers.Flatten(), layers.Dense(2)],
                                name="linear")
    model.save(tmp_path / "linear.h5")
    with pytest.raises(ValueError, match="holds the model 'linear', whose body is not Inception v3"):
        models.load_classifier("inception_v3", weights=str(tmp_path / "linear.h5"))


def test_missing_weights_are_named():
    with pytest.raises(FileNotFoundError, match="no such file: no.ckpt; expected 'imagenet', 'random'"):
        models.load_classifier("inception_v3", weights="no.ckpt")
    with pytest.raises(ValueError, match="model 'inception_v3' needs a weights file"):
        models.load_classifier("inception_v3")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home folder, so an empty cache."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_imagenet_without_a_network_says_what_to_do(home, monkeypatch):
    def get_file(*_, **__):
        raise Exception("URL fetch failure on https://...: None -- [Errno -3] Temporary failure")
    monkeypatch.setattr(tf_keras.utils, "get_file", get_file)
    with pytest.raises(OSError, match="get it from https.*_kernels.h5 and put it at (.*)") as caught:
        models.load_classifier("inception_v3", weights="imagenet")
    assert "\n" not in str(caught.value)
    place = home / ".keras/models/inception_v3_weights_tf_dim_ordering_tf_kernels.h5"
    assert str(caught.value).endswith(str(place))


@pytest.mark.slow
def test_imagenet_is_read_from_the_cache(home, monkeypatch, files):
    network, folder = files
    cached = home / ".keras" / "models" / inception_weights.IMAGENET_FILE
    cached.parent.mkdir(parents=True)
    os.link(folder / "top.h5", cached)
    with pytest.raises(ValueError, match=f"{cached} has md5 .*, expected 9a0d"):
        models.load_classifier("inception_v3", weights="imagenet")
    assert cached.exists(), "a file that differs is the user's to remove"
    monkeypatch.setattr(inception_weights, "IMAGENET_MD5", inception_weights.md5(cached))
    loaded = models.load_classifier("inception_v3", weights="imagenet")
    assert equal_blocks(loaded, network) == PAPER


def test_class_names(monkeypatch):
    text = "index,wnid,name\n0,n01440764,tench\n13,n01534433,junco\n"
    monkeypatch.setattr(manifests, "open_text", lambda name: io.StringIO(text))
    names = class_names.of_imagenet(1000)
    assert (len(names), names[0], names[1], names[13]) == (1000, "tench", "1", "junco")
    assert class_names.of_imagenet(1001)[:2] == ("background", "tench")
    assert class_names.of_imagenet(5) is None


def test_labels_are_classes_where_there_is_no_background(classifier):
    assert classifier.label_offset == 0


METHODS = ("gradient", "guided_backprop")
STORED = ((layers.Conv2D, "conv2d", ("kernel",)),
          (layers.BatchNormalization, "batch_normalization", ("beta", "moving_mean", "moving_variance")),
          (layers.Dense, "dense", ("kernel", "bias")))


def trained_network(path):
    """The five-class network of a folder of real data, from its npz."""
    stored, weights = np.load(os.path.join(path, "inception_v3_5class.npz")), {}
    for name in map(str, stored["names"]):
        minimum, scale = stored[f"s/{name}"]
        weights[name] = (stored[f"q/{name}"] * scale + minimum).astype(np.float32)
    base = tf_keras.applications.InceptionV3(weights=None, include_top=False, input_shape=(299, 299, 3))
    x = layers.GlobalAveragePooling2D()(base.output)
    for number, (width, activation) in enumerate(((256, "relu"), (128, "relu"), (5, "softmax")), 1):
        x = layers.Dense(width, activation, name=f"dense_{number}")(x)
    model = tf_keras.Model(base.input, x)
    for kind, stem, parts in STORED:
        made = sorted((layer for layer in model.layers if type(layer) is kind), key=made_as)
        for number, layer in enumerate(made, 1):
            layer.set_weights([weights[f"{stem}_{number}/{part}"] for part in parts])
    return model


def made_as(layer):
    """Keras' running number of a layer among its kind."""
    ending = layer.name.rpartition("_")[2]
    return int(ending) if ending.isdigit() else 0


@pytest.mark.slow
def test_a_trained_network_shows_what_the_paper_says(real_data):
    """Guided Backprop barely moves while the top nine blocks are randomized; the gradient is another map."""
    classifier = models.load_classifier(trained_network(real_data))
    junco = os.path.join(real_data, "demo_images", "ILSVRC2012_val_00015410.JPEG")
    pixels = Image.open(junco).convert("RGB").resize((299, 299), Image.LANCZOS)
    image = np.asarray(pixels, np.float32)[None] / 255
    assert classifier.name == "inception_v3" and classifier.logits(image).numpy().argmax() == 2
    maps = {}
    with states.weight_states(classifier, "cascading") as walk:
        for state in walk:
            if state.name in ("original", "Mixed_6a"):
                maps[state.name] = {name: methods.explain(classifier, image, name).ravel() for name in METHODS}
    correlation = {name: stats.spearmanr(maps["original"][name], maps["Mixed_6a"][name])[0] for name in METHODS}
    assert correlation["guided_backprop"] > 0.9 and abs(correlation["gradient"]) < 0.1
