"""Maps averaged over noisy copies of the image before they are compared (smooth MPRT, Hedstrom et al. 2024).

Of N copies the first is the image itself, so one copy is the plain map. The noise of an image is the same on every state
of the weights and depends on its id, the seed and the copy's number alone.
"""

import numpy as np

from sanity_checks import methods
from sanity_checks import randomness
from sanity_checks.methods import noise as noise_module


def maps(classifier, pixels, targets, ids, protocol, progress=None):
    """Yields (name, maps float32 [n, H, W, C]) of each method of a protocol, on the model's present weights.

    As many copies of all images are explained together as fit into a model pass; sums are kept, not copies.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        pixels: float32 [n, H, W, C], the images.
        targets: int32 [n], the classes that all copies are explained for.
        ids: sequence of n str.
        protocol: `runner.Protocol`.
        progress: function of the number of model passes just done.
    """
    samples = protocol.denoise_samples
    if samples == 1:
        task = methods.make_task(classifier, pixels, targets, ids, protocol.seed, protocol.batch_size, progress)
        yield from ((name, method.maps(task)) for name, method in protocol.methods.items())
        return
    sums = {name: np.zeros(pixels.shape) for name in protocol.methods}
    together = max(1, (protocol.batch_size or methods.default_batch_size(pixels.shape[1:])) // len(pixels))
    for first in range(0, samples, together):
        count = min(together, samples - first)
        # [n * count, H, W, C], the copies of an image one after the other
        copied = copies(pixels, ids, first, count, protocol.denoise_noise, protocol.seed)
        named = [_stream(image_id, sample) for image_id in ids for sample in range(first, first + count)]
        task = methods.make_task(classifier, copied, np.repeat(targets, count), named, protocol.seed, protocol.batch_size,
                                 progress)
        for name, method in protocol.methods.items():
            of_copies = method.maps(task).reshape(len(pixels), count, *pixels.shape[1:])
            for sample in range(count):         # one by one, so that the sum does not depend on how many go together
                sums[name] += of_copies[:, sample]
    yield from ((name, (total / samples).astype(np.float32)) for name, total in sums.items())


def copies(pixels, ids, first, count, noise, seed):
    """Copies `first` to `first + count - 1` of each image: float32 [n * count, H, W, C]; copy 0 is the image.

    Args:
        pixels: float32 [n, H, W, C].
        ids: sequence of n str, that name the noise.
        first, count: int.
        noise: float, standard deviation as a fraction of the image's max - min.
        seed: int.
    """
    keys = np.array([randomness.key("denoise", seed, str(image_id)) for image_id in ids], np.uint64)
    # [n, count, H, W, C]
    drawn = noise_module.normal(keys, first, count, pixels.shape[1:]).numpy()
    axes = tuple(range(1, pixels.ndim))
    drawn *= np.float32(noise) * (pixels.max(axes, keepdims=True) - pixels.min(axes, keepdims=True))[:, np.newaxis]
    if first == 0:
        drawn[:, 0] = 0
    drawn += pixels[:, np.newaxis]
    return drawn.reshape(-1, *pixels.shape[1:])


def _stream(image_id, sample):
    """The id that names the noise of a copy inside a method, such as SmoothGrad: the image's own for copy 0."""
    return f"{image_id}, copy {sample}" if sample else image_id


def settings(protocol):
    """What a run is held to: dict; nothing where there is one copy, the plain test."""
    if protocol.denoise_samples == 1:
        return {}
    return {"denoise_samples": protocol.denoise_samples, "denoise_noise": protocol.denoise_noise}
