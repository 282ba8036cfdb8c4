"""What `experiments.benchmark` measures."""


import dataclasses
import resource
import subprocess
import sys
import time

import numpy as np
import saliency.core as saliency
from scipy import stats
from skimage import feature
from skimage import metrics as skimage_metrics
import tensorflow as tf
import tf_keras

from experiments import from_flags
from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks import parents
from sanity_checks import runs
from sanity_checks.comparison import runner
from sanity_checks.methods import pair
from sanity_checks.training import optimization
from sanity_checks.vocabulary import methods as records
from sanity_checks.vocabulary import models as model_records
from sanity_checks.weights import initialization
from sanity_checks.weights import states


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of the report: two costs of the same thing and their ratio."""
    name: str
    baseline: float
    ours: float
    unit: str

    def __str__(self):
        return f"{self.name:58}{self.baseline:12.3f}{self.ours:12.3f} {self.unit:9}{self.baseline / self.ours:8.2f} x"


def seconds_per_call(function, seconds):
    """Mean wall time of a call over so many seconds, after one call to warm up."""
    function()
    started, calls = time.perf_counter(), 0
    while time.perf_counter() - started < seconds or not calls:
        function()
        calls += 1
    return (time.perf_counter() - started) / calls


def noise_images(classifier, count, seed=0):
    """float32 [count, H, W, C] in [0, 1], half of it zero as in MNIST."""
    values = np.random.default_rng(seed).random((count, *classifier.image_shape), np.float32)
    return np.maximum(values - 0.5, 0) * 2


def benchmark_methods(classifier, options):
    """PAIR's calls of the paper's protocol, image by image, against ours over a full batch of images."""
    call, arguments = pair.call_model_function(classifier), {"target": 0}
    image = noise_images(classifier, 1)[0]
    gradient, integrated = saliency.GradientSaliency(), saliency.IntegratedGradients()
    plain = dict(stdev_spread=0.15, magnitude=False)
    theirs = {
        "gradient": lambda: gradient.GetMask(image, call, arguments),
        "smoothgrad": lambda: gradient.GetSmoothedMask(image, call, arguments, nsamples=50, **plain),
        "integrated_gradients": lambda: integrated.GetMask(image, call, arguments, x_steps=50),
        "integrated_gradients (PAIR batched)":
            lambda: integrated.GetMask(image, call, arguments, x_steps=50, batch_size=50),
        "integrated_gradients_smoothgrad":
            lambda: integrated.GetSmoothedMask(image, call, arguments, nsamples=25, x_steps=50, **plain),
    }
    batch = options.batch_size or methods.default_batch_size(classifier.image_shape)
    for name, function in theirs.items():
        method = name.partition(" ")[0]
        count = max(1, batch // (methods.passes({method: methods.make(method)}, classifier.image_shape) - 1))
        images = noise_images(classifier, count)
        ours = lambda: methods.explain(classifier, images, method, np.zeros(count, int), batch_size=batch)
        yield Line(f"{name}, per image", 1e3 * seconds_per_call(function, options.seconds),
                   1e3 * seconds_per_call(ours, options.seconds) / count, "ms")


def benchmark_relevance(classifier, options):
    """A gradient pass against a map of each method of relevance, over one batch of images: the ratio's inverse is its cost."""
    batch = options.batch_size or methods.default_batch_size(classifier.image_shape)
    images = noise_images(classifier, batch)
    variants = {"deconvnet": {}, "lrp_epsilon": {}, "lrp_alpha_beta": {}, "lrp_alpha_beta, alpha 2, beta 1": {"alpha": 2., "beta": 1.},
                "deep_taylor": {}, "lrp_composite": {}}
    gradient = methods.make("gradient")
    seconds = lambda method: seconds_per_call(lambda: method.maps(methods.make_task(
        classifier, images, np.zeros(batch, int), batch_size=batch)), options.seconds) / batch
    for name, parameters in variants.items():
        made = methods.make(name.partition(",")[0], **parameters).of_images(NoiseDataset.input_range)
        if not made.unsuitable(classifier):
            before, ours, after = seconds(gradient), seconds(made), seconds(gradient)
            yield Line(f"{name}, per image", 500 * (before + after), 1e3 * ours, "ms")


class NoiseDataset:
    """As much of a data set as a run reads, made when it is read."""
    name, input_range, class_names, bgr = "noise", (0., 1.), None, False

    class Test:
        labels = None

        def __init__(self, classifier, count):
            self._classifier, self.ids = classifier, tuple(map(str, range(count)))

        def __getitem__(self, index):
            return noise_images(self._classifier, len(range(*index.indices(len(self.ids)))), index.start)

    def __init__(self, classifier, count):
        self.test = self.Test(classifier, count)


def run_all(classifier, options, count, names, metric_names):
    """A cascading run in work units as the binaries do it; returns the model passes it needed."""
    made = {name: from_flags.make_method(options, name) for name in names}
    protocol = runner.Protocol("cascading", made, tuple(metric_names), batch_size=options.batch_size)
    dataset = NoiseDataset(classifier, count)
    for unit in runs.units(1, count, runner.images_per_unit(classifier.image_shape)):
        runner.run_unit(classifier, dataset, unit, protocol)
    return count * len(states.stages(classifier, "cascading")) * (protocol.passes(classifier.image_shape) - 1)       # without the predictions


def benchmark_run(classifier, options):
    """The paper's methods and both rank correlations, against the same number of bare gradient passes in batches of
    the best size.

    Without IG-SmoothGrad: its 1,250 passes an image would hide what the rest costs.
    """
    names = [name for name in options.methods or records.PAPER[:-1]
             if not methods.make(name).unsuitable(classifier)]
    batch = options.batch_size or methods.default_batch_size(classifier.image_shape)
    model = classifier.model

    @tf.function(reduce_retracing=True)
    def bare(images, classes):
        logits = tf.gather(model(images, training=False), classes, axis=1, batch_dims=1)
        return tf.gradients(logits, images)[0]

    def best_seconds():
        """Of a pass of one image, in batches of the size at which that is least."""
        found = []
        for size in (batch // 2, batch, 2 * batch):
            images, classes = tf.constant(noise_images(classifier, size)), tf.zeros(size, tf.int32)
            found.append(seconds_per_call(lambda: bare(images, classes).numpy(), options.seconds) / size)
        return min(found)

    for name in names:                                                           # traces
        methods.explain(classifier, noise_images(classifier, 1), name)
    before = best_seconds()
    started = time.perf_counter()
    passes = run_all(classifier, options, options.num_images, names, ["spearman_abs", "spearman"])
    ours = time.perf_counter() - started
    after = best_seconds()
    yield Line(f"cascading run, {options.num_images} images, {passes} passes", passes * (before + after) / 2, ours, "s")


def oracle(name):
    """The per-pair call that a metric replaces."""
    def scaled(values):
        return values / np.abs(values).max()

    def hog(values):
        cell = min(16, values.shape[0] // 3)
        return feature.hog(scaled(values), pixels_per_cell=(cell, cell), channel_axis=-1)

    return {
        "spearman": lambda a, b: stats.spearmanr(a.ravel(), b.ravel())[0],
        "spearman_abs": lambda a, b: stats.spearmanr(np.abs(a).ravel(), np.abs(b).ravel())[0],
        "ssim": lambda a, b: skimage_metrics.structural_similarity(
            scaled(a), scaled(b), win_size=5, data_range=2, channel_axis=-1),
        "hog": lambda a, b: np.corrcoef(hog(a), hog(b))[0, 1],
    }[name]


def benchmark_metrics(classifier, options):
    """One metric of a stage's maps to prepared reference maps, as a run computes it."""
    for shape, count in (((28, 28, 1), 64), ((299, 299, 1), 4), ((299, 299, 3), 4)):
        a, b = (np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32) for seed in (0, 1))
        for name in ("spearman", "spearman_abs", "ssim", "hog"):
            metric, single = metrics.METRICS[name], oracle(name)
            reference = metric.prepare(a)
            theirs = seconds_per_call(lambda: single(a[0].astype(float), b[0].astype(float)), options.seconds)
            ours = seconds_per_call(lambda: metric.compare_maps(reference, b), options.seconds) / count
            yield Line(f"{name}, {'x'.join(map(str, shape))}, per pair", 1e3 * theirs, 1e3 * ours, "ms")


def resident_memory(classifier, options, count):
    """Largest resident memory of this process after a run over so many images, in MB."""
    run_all(classifier, options, count, ["gradient", "guided_backprop", "edge_detector"], ["spearman", "spearman_abs"])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def benchmark_memory(classifier, options):
    """Two processes of their own: the ratio is that of many images to few, which should be near 1."""
    few, many = 100, 5000
    command = [sys.executable, "-m", "experiments.benchmark", f"--model={options.model}"]
    measured = []
    for count in (many, few):
        ended = subprocess.run([*command, f"--memory_images={count}"], capture_output=True, text=True, env=parents.environment())
        if ended.returncode:
            told = ended.stderr.strip().splitlines()[-1:] or [f"exit status {ended.returncode}"]
            raise ValueError(f"benchmarks: memory could not be measured: {told[0]}")
        measured.append(float(ended.stdout.split()[-1]))
    yield Line(f"resident memory, {many} images against {few}", *measured, "MB")


def benchmark_training(classifier, options):
    """The bare step has Keras' Adam with the fused kernel, its fastest; ours also gathers, scales and counts."""
    if options.model not in [name for name, record in model_records.MODELS.items() if record.trained_here]:
        return
    model, size, count = classifier.model, optimization.BATCH_SIZE, 4000
    pixels = (255 * noise_images(classifier, count)).astype(np.uint8)
    labels = np.random.default_rng(0).integers(0, classifier.num_classes, count)
    images, classes = tf.constant(pixels[:size], tf.float32) / 255., tf.constant(labels[:size])
    adam = tf_keras.optimizers.legacy.Adam(optimization.LEARNING_RATE)

    @tf.function
    def bare(images, classes):
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=logits))
            loss += tf.add_n(model.losses) if model.losses else 0.
        adam.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
        return loss

    trainer = optimization.Trainer(model, pixels, labels)
    steps = 20
    theirs = lambda: [bare(images, classes) for _ in range(steps)][-1].numpy()
    rounds = [(seconds_per_call(theirs, options.seconds), seconds_per_call(lambda: trainer.run(steps), options.seconds)) for _ in range(5)]
    baseline, ours = (1e3 * min(times) / steps / size for times in zip(*rounds))
    yield Line("training, per image, fastest of 5 rounds", baseline, ours, "ms")


def benchmark_draws(classifier, options):
    """All blocks drawn one after the other, from the variables' own initializers against the others."""
    def walk(initializer):
        randomization = initialization.Randomization(initializer)
        with states.weight_states(classifier, "independent", randomization=randomization) as walked:
            for _ in walked:
                pass

    for name in initialization.INITIALIZERS:
        if name != initialization.ORIGINAL:
            theirs, ours = (1e3 * seconds_per_call(lambda: walk(drawn), options.seconds) for drawn in (initialization.ORIGINAL, name))
            yield Line(f"independent draws of all blocks, {name}", theirs, ours, "ms")


KINDS = {"methods": benchmark_methods, "relevance": benchmark_relevance, "run": benchmark_run, "draws": benchmark_draws, "metrics": benchmark_metrics, "memory": benchmark_memory,
         "training": benchmark_training}
