"""zennit's maps of the network of test_against_zennit.py: a program without TensorFlow, which does not go with torch in one process.

    PYTHON tests/methods/zennit_maps.py GIVEN.npz FOUND.npz
"""

import sys

import numpy as np
import torch
from torch import nn
from zennit import attribution
from zennit import composites
from zennit import rules
from zennit import types

LOW, HIGH = -1., 2.
NAMES = ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "4.weight", "4.bias", "8.weight", "8.bias",
         "10.weight", "10.bias"]


def network(arrays):
    """The network in torch, with the weights of a Keras model, in its order."""
    made = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8, eps=1e-3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 10, 3, stride=2), nn.ReLU(),
        nn.AvgPool2d(2, stride=1), nn.Flatten(), nn.Linear(10, 12), nn.ReLU(), nn.Linear(12, 5)).eval()
    turned = [array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T for array in arrays]
    state = made.state_dict()
    state.update({name: torch.tensor(np.ascontiguousarray(array)) for name, array in zip(NAMES, turned, strict=True)})
    made.load_state_dict(state)
    return _merged(made)


def _merged(made):
    """The network with its normalization in the convolution before; zennit's own canonizer leaves its eps in place, a factor of .9995."""
    convolution, norm = made[0], made[1]
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    with torch.no_grad():
        convolution.bias.copy_((convolution.bias - norm.running_mean) * scale + norm.bias)
        convolution.weight.mul_(scale[:, None, None, None])
    made[1] = nn.Identity()
    return made


def make_composites():
    """dict, name -> zennit's composite of rules; stabilizers far below the values, where the paper's rule has none."""
    linear = (types.Convolution, nn.Linear)
    others = [(nn.ReLU, rules.Pass()), (types.AvgPool, rules.Norm(stabilizer=1e-9))]
    of = lambda rule: composites.LayerMapComposite([*others, (linear, rule)])
    z_plus = rules.ZPlus(stabilizer=1e-9, zero_params="bias")
    return {
        "epsilon": of(rules.Epsilon(1e-3)),
        "alpha 1": of(rules.AlphaBeta(1., 0., stabilizer=1e-9)),
        "alpha 2": of(rules.AlphaBeta(2., 1., stabilizer=1e-9)),
        "deep taylor": composites.SpecialFirstLayerMapComposite(
            [*others, (linear, z_plus)], [(linear, rules.ZBox(LOW, HIGH, stabilizer=1e-9))]),
        "flat": composites.EpsilonPlusFlat(),
        "alpha 2 flat": composites.EpsilonAlpha2Beta1Flat(),
        "deconvnet": composites.LayerMapComposite([(nn.ReLU, rules.ReLUDeconvNet())]),
        "guided": composites.LayerMapComposite([(nn.ReLU, rules.ReLUGuidedBackprop())]),
    }


def main(given, found):
    arrays = np.load(given)
    made = network([arrays[f"weights{i}"] for i in range(len(NAMES))])
    images = torch.tensor(arrays["images"].transpose(0, 3, 1, 2).copy())
    logits = made(images).detach()
    chosen = torch.eye(5)[arrays["classes"]]
    maps = {"logits": logits.numpy()}
    for name, composite in make_composites().items():
        start = chosen if name in ("deconvnet", "guided") else chosen * logits
        with attribution.Gradient(made, composite) as attributor:
            maps[name] = attributor(images, start)[1].numpy().transpose(0, 2, 3, 1)
    np.savez(found, **maps)


if __name__ == "__main__":
    main(*sys.argv[1:])
