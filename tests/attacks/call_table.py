"""Calls of the library: (what is tried, the call as a function of `calls.Material`, text of the refusal or check of the result)."""

import pathlib

import numpy as np
import tensorflow as tf

import sanity_checks
from sanity_checks import methods
from sanity_checks.weights import initialization
from tests.attacks import own
from tests.attacks import threads

load, similarity, states = sanity_checks.load_classifier, sanity_checks.similarity, sanity_checks.weight_states
make = methods.make


def walk(m, **arguments):
    with states(m.classifier, **arguments) as walked:
        return [state.name for state in walked]


def networks(m, weights):
    with sanity_checks.trained_states(m.classifier, weights) as walked:
        return [state.name for state in walked]


def after_the_end(m):
    with states(m.classifier, "cascading") as walked:
        next(walked)
    return next(walked)


def in_an_error(m):
    try:
        with states(m.classifier, "cascading") as walked:
            next(walked), next(walked)
            raise KeyError
    except KeyError:
        return m.explain()


def maps_of(m, found):
    """The check that maps are those of the model as it is."""
    assert np.array_equal(found, m.explain()), "other maps than of the plain call"


def numbers(m, found):
    assert np.isfinite(found).all() and np.asarray(found).size, found


def rows(m, found):
    assert found.rows.value.between(-1.000001, 1.000001).all() and len(found.rows), found.rows


IMAGES = (
    ("no images", lambda m: m.explain(np.zeros((0, 16, 16, 1))), "N > 0"),
    ("images of another size", lambda m: m.explain(m.images[:, :9]), "expected images of shape [N, 16, 16, 1]"),
    ("one image without its axis", lambda m: m.explain(m.images[0]), "expected images of shape [N, 16, 16, 1]"),
    ("no array at all", lambda m: m.explain({}), "images: expected"),
    ("text for images", lambda m: m.explain("photos"), "images: expected an array of real numbers"),
    ("a list of names for images", lambda m: m.explain(["a.png", "b.png"]), "images: expected an array of real numbers"),
    ("a list of images of several sizes", lambda m: m.explain([m.images[0], m.images[1, :9]]), "images: expected an array of real numbers"),
    ("a list of None for images", lambda m: m.explain([None, None]), "images: expected"),
    ("complex images", lambda m: m.explain(m.images + 1j), "images: expected an array of real numbers"),
    ("NaN in an image", lambda m: m.explain(_with(m.images, np.nan)), "images: expected finite numbers, found nan in the image at position 0"),
    ("infinity in an image", lambda m: m.explain(_with(m.images, np.inf)), "images: expected finite numbers, found inf"),
    ("numbers beyond float32", lambda m: m.explain(m.images.astype(float) * 1e300), "images: expected finite numbers"),
    ("dates for images", lambda m: m.explain(np.zeros((1, 16, 16, 1), "M8[s]")), "images: expected an array of real numbers"),
    ("NaN in a run", lambda m: m.run(_with(m.images, np.nan)), "images: expected finite numbers"),
    ("images of another size in a run", lambda m: m.run(m.images[:, :9]), "images: expected shape [N, 16, 16, 1]"),
    ("text in a run", lambda m: m.run("photos"), "images: expected"),
    ("doubles", lambda m: m.explain(m.images.astype(np.float64)), maps_of),
    ("a list of lists", lambda m: m.explain(m.images.tolist()), maps_of),
    ("a tensor", lambda m: m.explain(tf.constant(m.images)), maps_of),
    ("a view that goes backwards", lambda m: m.explain(m.images[::-1])[::-1], maps_of),
    ("an array that cannot be written to", lambda m: m.explain(_frozen(m.images)), maps_of),
    ("Fortran's order", lambda m: m.explain(np.asfortranarray(m.images)), maps_of),
)

TARGETS = (
    ("a target beyond the classes", lambda m: m.explain(targets=[0, 1, 2, 3]), "targets: expected classes from 0 to 2"),
    ("a negative target", lambda m: m.explain(targets=[0, 1, 2, -1]), "targets: expected classes from 0 to 2"),
    ("too few targets", lambda m: m.explain(targets=[0]), "targets: expected 4 integers"),
    ("one target", lambda m: m.explain(targets=1), "targets: expected 4 integers"),
    ("targets of fractions", lambda m: m.explain(targets=[0.5] * 4), "targets: expected 4 integers"),
    ("targets of text", lambda m: m.explain(targets=["cat"] * 4), "targets: expected 4 integers"),
    ("targets as rows", lambda m: m.explain(targets=np.eye(4, 3)), "targets: expected 4 integers"),
    ("targets of several lengths", lambda m: m.explain(targets=[[0], [0, 1], [2], [1]]), "targets: expected 4 integers"),
    ("bools for targets", lambda m: m.explain(targets=[True] * 4), "targets: expected 4 integers"),
    ("a label beyond the classes", lambda m: m.run(labels=[0, 1, 2, 3], explained_class="label"), "explained_class: label 3 of image 3"),
    ("labels of fractions", lambda m: m.run(labels=[1.7] * 4), "labels: expected 4 class numbers, found 1.7"),
    ("labels of text", lambda m: m.run(labels=["cat"] * 4), "labels: expected 4 class numbers"),
    ("labels of several lengths", lambda m: m.run(labels=[[0], [0, 1], [2], [1]]), "labels: expected 4 class numbers"),
    ("no labels to explain", lambda m: m.run(explained_class="label"), "explained_class: expected labels"),
    ("an unknown class to explain", lambda m: m.run(explained_class="best"), "unknown explained_class 'best'"),
    ("None for the class to explain", lambda m: m.run(explained_class=None), "unknown explained_class None"),
)

METHODS = (
    ("an unknown method", lambda m: m.explain(method="gradiant"), "unknown method 'gradiant'; did you mean 'gradient'"),
    ("None for a method", lambda m: m.explain(method=None), "method: expected a name or a function, got None"),
    ("a number for a method", lambda m: m.explain(method=3), "method: expected a name or a function, got 3"),
    ("a list for a method", lambda m: m.explain(method=["gradient"]), "method: expected a name or a function, got a list"),
    ("an unknown parameter", lambda m: m.explain(method="smoothgrad", sample=3), "unknown parameter of smoothgrad 'sample'"),
    ("no samples", lambda m: m.explain(method="smoothgrad", samples=0), "samples must be at least 1"),
    ("samples of text", lambda m: m.explain(method="smoothgrad", samples="many"), "samples must be a whole number"),
    ("half a sample", lambda m: m.explain(method="smoothgrad", samples=2.5), "samples must be a whole number"),
    ("samples that are true", lambda m: m.explain(method="smoothgrad", samples=True), "samples must be a whole number"),
    ("an array of samples", lambda m: m.explain(method="smoothgrad", samples=np.ones(3)), "samples must be a whole number"),
    ("None for samples", lambda m: m.explain(method="smoothgrad", samples=None), "samples must be a whole number"),
    ("infinite noise", lambda m: m.explain(method="smoothgrad", noise=np.inf), "noise must be a finite number"),
    ("a baseline of another shape", lambda m: m.explain(method="integrated_gradients", steps=2, baseline=np.zeros((3, 3))), "baseline"),
    ("a baseline that is not finite", lambda m: m.explain(method="integrated_gradients", steps=2, baseline=np.full((16, 16, 1), np.nan)),
     "baseline"),
    ("a baseline of text", lambda m: m.explain(method="integrated_gradients", steps=2, baseline="black"), "baseline"),
    ("a baseline of names", lambda m: m.explain(method="integrated_gradients", steps=2, baseline=["a"]), "baseline"),
    ("a baseline that is none", lambda m: m.explain(method="integrated_gradients", steps=2, baseline=None), "baseline"),
    ("a fraction of 7", lambda m: m.explain(method="guided_ig", fraction=7), "fraction must be above 0 and at most 1, got 7"),
    ("a window beyond the image", lambda m: m.explain(method="occlusion", size=99), "occlusion"),
    ("an unknown choice", lambda m: m.explain(method="xrai", algorithm="slow"), "algorithm must be one of full, fast"),
    ("a parameter of a function", lambda m: m.explain(method=own.signed, samples=3), "parameters: a method of your own has none"),
    ("a function that fails", lambda m: m.explain(method=own.failing), "failing raised KeyError: 'lost'"),
    ("a function that ends the process", lambda m: m.explain(method=own.ending), "ending raised SystemExit"),
    ("a function of text", lambda m: m.explain(method=own.texts), "texts gave no maps of real numbers"),
    ("a function of another shape", lambda m: m.explain(method=own.of_another_shape), "gave maps of shape [3]"),
    ("a function that returns nothing", lambda m: m.explain(method=lambda c, x, t, s: None), "gave maps of shape []"),
    ("a function of complex numbers", lambda m: m.explain(method=lambda c, x, t, s: x * 1j), "gave no maps of real numbers"),
    ("a function that writes to images", lambda m: m.explain(method=own.writing), "writing raised ValueError"),
    ("a function that changes weights", lambda m: m.explain(method=own.training), "changed weights of the model"),
    ("a function that changes weights and fails", lambda m: m.explain(method=_train_and_fail), "raised KeyError"),
    ("a function of too few arguments", lambda m: m.explain(method=lambda x: x), "raised TypeError"),
    ("a function that draws at random", lambda m: m.run(methods=[own.noisy]), "gave two maps of one image that differ"),
    ("a function called like a method", lambda m: m.run(methods=[own.gradient]), "is called 'gradient' like a registered method"),
    ("a single name for methods", lambda m: m.run(methods="gradient"), "methods: expected a list of methods"),
    ("None for methods", lambda m: m.run(methods=None), "methods: expected a list of methods"),
    ("a number among methods", lambda m: m.run(methods=[3]), "methods: expected names of text, got 3"),
    ("a number for a name", lambda m: m.run(methods={1: "gradient"}), "methods: expected names of text, got 1"),
    ("an empty name", lambda m: m.run(methods={"": "gradient"}), "methods: expected names of text, got ''"),
    ("a class for a method", lambda m: m.run(methods=[methods.METHODS["gradient"]]), "method: expected an instance of Gradient, got the class"),
    ("no methods", lambda m: m.run(methods=[]), "methods: expected at least one"),
    ("methods twice", lambda m: m.run(methods=["gradient", "gradient"]), "methods: two are called 'gradient'"),
    ("an instance", lambda m: m.explain(method=make("gradient")), maps_of),
    ("an instance with parameters", lambda m: m.explain(method=make("smoothgrad"), samples=3), "is made already"),
    ("methods as a tuple", lambda m: m.run(methods=("gradient",)), rows),
    ("methods as a generator", lambda m: m.run(methods=(name for name in ["gradient"])), rows),
)

NAMES = (
    ("a single name for metrics", lambda m: m.run(metrics="spearman"), "metrics: expected a list of names, got 'spearman'"),
    ("no metrics", lambda m: m.run(metrics=[]), "metrics: expected at least one of"),
    ("None for metrics", lambda m: m.run(metrics=None), "metrics: expected a list of names, got None"),
    ("an unknown metric", lambda m: m.run(metrics=["cosine"]), "unknown metric 'cosine'"),
    ("a metric twice", lambda m: m.run(metrics=["ssim", "ssim"]), "metrics: 'ssim' is named twice"),
    ("a function for a metric", lambda m: m.run(metrics=[np.corrcoef]), "metrics: expected names, got"),
    ("a single name for tests", lambda m: m.run(tests="cascading"), "tests: expected a list of names, got 'cascading'"),
    ("no tests", lambda m: m.run(tests=[]), "tests: expected at least one of"),
    ("an unknown test", lambda m: m.run(tests=["cascade"]), "unknown test 'cascade'; did you mean 'cascading'"),
    ("a test of trained networks", lambda m: m.run(tests=["labels"]), "compares networks that were trained apart"),
    ("a test twice", lambda m: m.run(tests=["cascading", "cascading"]), "tests: 'cascading' is named twice"),
    ("a HOG of small images", lambda m: sanity_checks.run(load(f"{m.files}/side2.keras"), m.images[:, :2, :2], metrics=["hog"], progress=False),
     "metrics: hog needs images of at least 12 x 12 pixels, these have 2 x 2"),
    ("an unknown metric of two maps", lambda m: similarity(m.images, m.images, "cosine"), "unknown metric 'cosine'"),
    ("None for a metric", lambda m: similarity(m.images, m.images, None), "unknown metric None"),
    ("a list for a metric", lambda m: similarity(m.images, m.images, ["ssim"]), "unknown metric ['ssim']"),
    ("maps of other numbers", lambda m: similarity(m.images, m.images[:2]), "expected maps of one shape"),
    ("maps of three axes", lambda m: similarity(m.images[..., 0], m.images[..., 0]), "expected real maps [N, H, W, C]"),
    ("complex maps", lambda m: similarity(m.images * 1j, m.images), "expected real maps"),
    ("maps of text", lambda m: similarity("a", "b"), "expected real maps"),
    ("maps that are too small", lambda m: similarity(m.images[:, :3], m.images[:, :3], "ssim"), "at least 5 x 5 pixels"),
    ("maps of several sizes", lambda m: similarity([m.images[0], m.images[1, :9]], m.images[:2]), "expected real maps"),
    ("no maps", lambda m: similarity(m.images[:0], m.images[:0]), lambda m, found: _equal(found.shape, (0,))),
    ("constant maps", lambda m: similarity(0 * m.images, m.images), lambda m, found: _equal(np.isnan(found).all(), True)),
    ("maps with NaN", lambda m: similarity(_with(m.images, np.nan), m.images, "ssim"),
     lambda m, found: _equal(np.isnan(found).tolist(), [True, False, False, False])),
    ("maps as lists", lambda m: similarity(m.images.tolist(), m.images.tolist()), lambda m, found: _equal(found.tolist(), [1.] * 4)),
)

NUMBERS = (
    ("no draws", lambda m: m.run(draws=0), "draws: expected a whole number of at least 1, got 0"),
    ("half a draw", lambda m: m.run(draws=1.5), "draws: expected a whole number of at least 1, got 1.5"),
    ("draws of text", lambda m: m.run(draws="3"), "draws: expected a whole number of at least 1, got '3'"),
    ("draws beyond all bounds", lambda m: m.run(draws=10 ** 9), "draws: 1000000000 draws"),
    ("draws that are true", lambda m: m.run(draws=True), "draws: expected a whole number"),
    ("no draws of the null", lambda m: m.run(null_draws=0), "null_draws: expected a whole number of at least 1, got 0"),
    ("a seed of text", lambda m: m.run(seed="first"), "seed: expected a whole number, got 'first'"),
    ("a seed that is no number", lambda m: m.explain(seed=np.nan), "seed: expected a whole number"),
    ("a seed of None", lambda m: m.explain(seed=None), "seed: expected a whole number, got None"),
    ("no batch", lambda m: m.explain(batch_size=0), "batch_size: expected a whole number of at least 1, got 0"),
    ("a batch of text", lambda m: m.explain(batch_size="all"), "batch_size: expected a whole number of at least 1"),
    ("a negative batch", lambda m: m.run(batch_size=-4), "batch_size: expected a whole number of at least 1, got -4"),
    ("too few names", lambda m: m.explain(image_ids=["a"]), "expected 4 image ids"),
    ("one name for all", lambda m: m.explain(image_ids="abcd"), "image_ids: expected a list of names, got 'abcd'"),
    ("a number for names", lambda m: m.run(image_ids=4), "image_ids: expected a list of names, got 4"),
    ("names twice", lambda m: m.run(image_ids=["a"] * 4), "image_ids: expected 4 distinct names"),
    ("names that are not UTF-8", lambda m: m.run(image_ids=["\udcff", "b", "c", "d"]), "image_ids: '\\udcff' is not UTF-8 text"),
    ("a range of one number", lambda m: m.run(input_range=1), "input_range: expected (lowest, highest)"),
    ("a range that falls", lambda m: m.run(input_range=(1, 0)), "input_range: expected (lowest, highest)"),
    ("a range of NaN", lambda m: m.run(input_range=(0, np.nan)), "input_range: expected (lowest, highest)"),
    ("a folder of another kind", lambda m: m.run(output_dir=5), "output_dir: expected a path, got 5"),
    ("no folder", lambda m: m.run(output_dir=""), "output_dir: expected a path, got ''"),
    ("a folder that is a file", lambda m: m.run(output_dir=f"{m.files}/list.csv"), "list.csv"),
    ("a randomization of text", lambda m: m.run(randomization="uniform"), "randomization: expected an initialization.Randomization"),
    ("a deviation of 0", lambda m: initialization.Randomization("uniform", 0), "stddev must be above 0"),
    ("an infinite deviation", lambda m: initialization.Randomization("uniform", np.inf), "stddev"),
    ("a deviation of text", lambda m: initialization.Randomization("uniform", "small"), "stddev"),
    ("an unknown initializer", lambda m: initialization.Randomization("normal"), "unknown initializer 'normal'"),
    ("a negative draw of states", lambda m: walk(m, test="cascading", draw=-1), "draw: expected a whole number of at least 0"),
    ("a seed of states of text", lambda m: walk(m, test="cascading", seed="a"), "seed: expected a whole number"),
    ("an unknown test of states", lambda m: walk(m, test="cascade"), "unknown test 'cascade'"),
    ("trained states", lambda m: walk(m, test="labels"), "compares networks that were trained apart"),
    ("numbers of NumPy", lambda m: m.explain(seed=np.int64(0), batch_size=np.int32(2)),
     lambda m, found: _equal(np.allclose(found, m.explain(), atol=1e-6), True)),
)

CLASSIFIERS = (
    ("None for a model", lambda m: load(None), "model: expected"),
    ("a number for a model", lambda m: load(5), "model: expected"),
    ("a list for a model", lambda m: load(["cnn"]), "model: expected"),
    ("a function for a model", lambda m: load(lambda: 3), "model: expected"),
    ("a classifier for a model", lambda m: load(m.classifier), "model: expected"),
    ("an empty name", lambda m: load(""), "model"),
    ("a model without weights", lambda m: load("cnn"), "weights: model 'cnn' needs a weights file"),
    ("arrays for weights", lambda m: load(m.model, weights=m.model.get_weights()), "weights: expected a path"),
    ("a number for weights", lambda m: load("mlp", weights=5), "weights: expected a path"),
    ("weights that are not there", lambda m: load("mlp", weights="none.h5"), "weights: no such file: none.h5"),
    ("a model that is not there", lambda m: load(pathlib.Path("none.keras")), "model: no such file or folder: none.keras"),
    ("an archive without weights", lambda m: load(f"{m.files}/no_weights.keras"), "no_weights.keras"),
    ("a scrambled file", lambda m: load(f"{m.files}/scrambled.h5"), "scrambled.h5"),
    ("a file with code", lambda m: load(f"{m.files}/lambda.h5"), "lambda.h5 holds"),
    ("a seed of text", lambda m: load("mlp", weights="random", seed="a"), "seed: expected a whole number"),
    ("one block as text", lambda m: load(f"{m.files}/small.keras", blocks="a=.*"), "blocks: expected a list"),
    ("blocks that are numbers", lambda m: load(f"{m.files}/small.keras", blocks=[1]), "blocks: expected"),
    ("a size that is one number", lambda m: load(f"{m.files}/any_size.keras", image_size=16), "image_size: expected"),
    ("a size of text", lambda m: load(f"{m.files}/any_size.keras", image_size=("a", "b")), "image_size: expected"),
    ("a negative size", lambda m: load(f"{m.files}/any_size.keras", image_size=(-1, 16)), "image_size: expected"),
    ("a layer that is a number", lambda m: load(f"{m.files}/small.keras", gradcam_layer=3), "gradcam_layer"),
    ("an output that is a number", lambda m: load(f"{m.files}/two_outputs.keras", output=0), "output"),
    ("weights that are not finite", lambda m: load(f"{m.files}/nan.keras"), "holds 1 values that are not finite"),
    ("a Keras model for a classifier", lambda m: sanity_checks.explain(m.model, m.images, "gradient"), "classifier: expected what load_classifier"),
    ("None for a classifier", lambda m: sanity_checks.run(None, m.images), "classifier: expected what load_classifier returns, got None"),
    ("a name for a classifier", lambda m: sanity_checks.run("cnn", m.images), "classifier: expected what load_classifier returns, got 'cnn'"),
    ("states of a Keras model", lambda m: list(states(m.model, "cascading").__enter__()), "classifier: expected what load_classifier"),
    ("networks that are no dict", lambda m: networks(m, [1]), "networks: expected a dict"),
    ("no networks", lambda m: networks(m, {}), "networks: expected a dict"),
    ("networks of a number", lambda m: networks(m, {"a": 5}), "weights of 'a': expected a list of arrays"),
    ("networks of other shapes", lambda m: networks(m, {"a": [np.zeros(3)]}), "weights of 'a': expected arrays of shapes"),
    ("networks that are not finite", lambda m: networks(m, {"a": [w * np.nan for w in m.model.get_weights()]}), "weights of 'a'"),
    ("a name that is no attribute", lambda m: getattr(sanity_checks, "explains", "none"), lambda m, found: _equal(found, "none")),
)

STATES = (
    ("states after their end", after_the_end, "weight states: the with block has ended"),
    ("an error within states", in_an_error, maps_of),
    ("states of another thread", lambda m: threads.walking_elsewhere(m.classifier), "another thread has begun the with block"),
    ("explaining beside states", lambda m: threads.beside_states(m.classifier, m.explain), "another thread walks through weight states"),
    ("running beside states", lambda m: threads.beside_states(m.classifier, m.run), "another thread walks through weight states"),
    ("states beside states", lambda m: threads.beside_states(m.classifier, lambda: walk(m, test="cascading")),
     "another thread walks through weight states"),
    ("predicting beside states", lambda m: threads.beside_states(m.classifier, lambda: methods.predict(m.classifier, m.images, 2)),
     "another thread walks through weight states"),
    ("explaining beside states of another classifier of the model",
     lambda m: threads.beside_states(load(m.model), m.explain), "another thread walks through weight states"),
    ("states beside an explanation", lambda m: threads.beside_explanation(m.classifier, m.images, lambda: walk(m, test="cascading")),
     "another thread explains with the weights"),
    ("after the states of a thread", lambda m: threads.after_states(m.classifier, m.explain), maps_of),
    ("explanations in many threads", lambda m: threads.at_once(lambda i: m.explain())[-1], maps_of),
    ("other methods in many threads", lambda m: threads.at_once(
        lambda i: m.explain(method=("guided_backprop", "gradient", "guided_ig")[i % 3], **({"steps": 3} if i % 3 == 2 else {})))[1], maps_of),
    ("a classifier for each thread", lambda m: threads.at_once(lambda i: walk_of(m.spare[i]), 2)[0],
     lambda m, found: _equal(found, ["original", "top", "conv"])),
    ("states within states", lambda m: _nested(m), maps_of),
    ("nothing but one test", lambda m: m.run(tests=["random_networks"]), rows),
    ("a kept run that goes on", lambda m: (m.run(output_dir=f"{m.out}/kept"), m.run(output_dir=f"{m.out}/kept"))[1], rows),
    ("a kept run of other images", lambda m: (m.run(output_dir=f"{m.out}/held"), m.run(m.images * .5, output_dir=f"{m.out}/held")),
     "sha256 of the images"),
    ("a kept run of another seed", lambda m: (m.run(output_dir=f"{m.out}/seeds"), m.run(output_dir=f"{m.out}/seeds", seed=1)),
     "seed: the run has 0, got 1"),
)


def walk_of(classifier):
    with states(classifier, "cascading") as walked:
        return [state.name for state in walked]


def _nested(m):
    with states(m.classifier, "cascading") as outer:
        next(outer), next(outer)
        walk(m, test="independent")
    return m.explain()


def _train_and_fail(classifier, images, targets, seed):
    own.training(classifier, images, targets, seed)
    raise KeyError("lost")


def _with(images, value):
    changed = images.copy()
    changed[0, 3, 3] = value
    return changed


def _frozen(images):
    view = images.view()
    view.flags.writeable = False
    return view


def _equal(found, expected):
    assert found == expected, found


CALLS = (*IMAGES, *TARGETS, *METHODS, *NAMES, *NUMBERS, *CLASSIFIERS, *STATES)
