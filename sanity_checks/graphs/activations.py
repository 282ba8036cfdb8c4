"""Where a model's blocks hand their activations on, found in the graph of the forward pass."""

# Between a block's last layer and what the next layers read: activations, sums and joins of branches.
PASSED = ("AddV2", "Cast", "ConcatV2", "Elu", "Identity", "LeakyRelu", "Relu", "Relu6", "Selu", "Sigmoid", "Softplus", "Tanh")


def of_blocks(forward, blocks, key):
    """The tensor in which each block's computation ends, after the activation function that follows it.

    Args:
        forward: `forward.Forward` of a model.
        blocks: dict, block name -> tuple of variables.
        key: function of a variable, what stands for it: `keras.key`.

    Returns:
        dict, block name -> (tf.Tensor, int, the axis of its channels); without blocks that no layer of their own computes.
    """
    found = {}
    for name, variables in blocks.items():
        own = {key(variable) for variable in variables}
        calls = [call for call in forward.calls if call.outputs and own.issuperset(map(key, call.layer.weights)) and call.layer.weights]
        if calls:
            last = max(calls, key=lambda call: call.last)
            axis = 1 if getattr(last.layer, "data_format", None) == "channels_first" else -1
            found[name] = _after_activation(last.outputs[0]), axis
    return found


def _after_activation(tensor):
    """Goes on from a tensor while one operation alone reads it, and that is one of `PASSED`."""
    while True:
        readers = tensor.consumers()
        if len(readers) != 1 or readers[0].type not in PASSED:
            return tensor
        tensor = readers[0].outputs[0]
