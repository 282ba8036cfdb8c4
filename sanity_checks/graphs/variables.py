"""Which variables the logits of a model are computed from, and in which order the forward pass first reads them."""


def first_reads(forward):
    """The resources that the logits depend on.

    Args:
        forward: `sanity_checks.graphs.forward.Forward`.

    Returns:
        dict, id of a resource handle (`tf.Variable.handle`) -> int, its place in the order of first reads.
    """
    below = set(forward.below(forward.logits))
    return {id(handle): place for place, (handle, inner) in enumerate(forward.logits.graph.captures) if inner.op in below}
