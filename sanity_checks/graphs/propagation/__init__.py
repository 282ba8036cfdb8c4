"""Relevance propagated from a logit to the image, through the operations of a model's forward pass, whichever Keras made it.

    operations      what single operations are to relevance, and their coefficients
    remaking        an operation made again with other inputs
    grouped         convolutions of groups, which Keras compiles apart
    plan            the layers of a model: which operations one rule is applied to together
    carrying        values carried through a layer with the whole, the positive or the negative part of its coefficients
    rules           the rules by which a layer's relevance is given to its inputs
    walk            the way from the logits down

A layer here is no layer of Keras': it is a linear map (convolution, dense layer, average, sum) with the bias, the batch
normalization and the rescaling before or after it, so that a normalization is merged into its neighbour, on the
variables' present values. docs/methods.md has the formulae and their sources.
"""
