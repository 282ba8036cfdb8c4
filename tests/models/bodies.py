"""Small models of many architectures, each a function of the Keras (tf_keras or keras) that builds it.

All take images [B, 12, 12, 3] and end in logits of three classes, unless they say otherwise.
"""

import functools

import tensorflow as tf

SHAPE, CLASSES = (12, 12, 3), 3


def functional(K, stack, shape=SHAPE, name=None):
    """A functional model of layers called one after the other."""
    image = K.layers.Input(shape)
    hidden = image
    for layer in stack:
        hidden = layer(hidden)
    return K.Model(image, hidden, name=name)


def stacked(stack, **options):
    """The builder of a functional model: `stack` gives the layers, of the module of layers of a Keras."""
    return lambda K: functional(K, stack(K.layers), **options)


def pooled(L, *stack):
    """Layers, then the head that most models have."""
    return [*stack, L.GlobalAveragePooling2D(), L.Dense(CLASSES)]


def between(middle, **options):
    """The builder of a model with some layers between two convolutions that have a ReLU and a name."""
    return stacked(lambda L: pooled(L, L.Conv2D(6, 3, activation="relu", name="first"), *middle(L), L.Conv2D(
        5, 3, activation="relu", name="last")), **options)


def activated(make):
    """The builder of a model with an activation: a function of the module of layers makes a layer of a name."""
    return stacked(lambda L: pooled(L, L.Conv2D(6, 3), make(L, "inner"), L.Conv2D(5, 3), make(L, "last")))


def sequential(K):
    L = K.layers
    return K.Sequential([L.Input(SHAPE), L.Conv2D(6, 3, activation="relu"), L.MaxPooling2D(2), L.Conv2D(
        5, 3, activation="relu", name="last"), L.Flatten(), L.Dense(8, activation="relu"), L.Dense(CLASSES)])


def body(K, name="body"):
    L = K.layers
    return functional(K, [L.Conv2D(6, 3, activation="relu"), L.BatchNormalization(), L.Conv2D(5, 3, activation="relu", name="last"),
                          L.MaxPooling2D(2)], name=name)


def nested(K):
    L = K.layers
    return K.Sequential([L.Input(SHAPE), L.Rescaling(2., -1.), body(K), L.GlobalAveragePooling2D(), L.Dense(CLASSES)])


def nested_twice(K):
    L = K.layers
    outer = K.Sequential([L.Input(SHAPE), L.Rescaling(2., -1.), body(K)], name="outer")
    return functional(K, [outer, L.Flatten(), L.Dense(CLASSES)])


def grouped_block(K):
    """A block as ConvNeXt's, but for its GELU: a convolution in as many groups as channels, dense layers at every pixel, a sum."""
    image, L = K.layers.Input(SHAPE), K.layers
    hidden = L.Conv2D(6, 3, activation="relu")(image)
    branch = L.LayerNormalization()(L.Conv2D(6, 3, padding="same", groups=6)(hidden))
    branch = L.Dense(6)(L.Dense(12, activation="relu")(branch))
    return K.Model(image, L.Dense(CLASSES)(L.GlobalAveragePooling2D()(L.Add(name="last")([hidden, branch]))))


def residual(K):
    L = K.layers
    image = L.Input(SHAPE)
    hidden = L.Conv2D(6, 3, padding="same", activation="relu")(image)
    for number in range(2):
        inner = L.BatchNormalization()(L.Conv2D(6, 3, padding="same")(hidden))
        inner = L.Conv2D(6, 3, padding="same")(L.ReLU()(inner))
        hidden = L.ReLU(name=f"sum{number}")(L.Add()([hidden, inner]))
    return K.Model(image, L.Dense(CLASSES)(L.GlobalAveragePooling2D()(hidden)))


def inception(K):
    L = K.layers
    image = L.Input(SHAPE)
    hidden = L.Conv2D(6, 3, activation="relu")(image)
    branches = [L.Conv2D(2, 1, activation="relu")(hidden),
                L.Conv2D(3, 3, padding="same", activation="relu")(L.Conv2D(2, 1, activation="relu")(hidden)),
                L.Conv2D(2, 1, activation="relu")(L.AveragePooling2D(3, 1, "same")(hidden)), L.MaxPooling2D(3, 1, "same")(hidden)]
    return K.Model(image, L.Dense(CLASSES)(L.GlobalAveragePooling2D()(L.Concatenate(name="mixed")(branches))))


def densely_connected(K):
    L = K.layers
    image = L.Input(SHAPE)
    hidden = L.Conv2D(4, 3)(image)
    for number in range(2):
        grown = L.Conv2D(3, 3, padding="same")(L.ReLU()(L.BatchNormalization()(hidden)))
        hidden = L.Concatenate()([hidden, grown])
    hidden = L.ReLU(name="last")(L.BatchNormalization()(hidden))
    return K.Model(image, L.Dense(CLASSES)(L.GlobalAveragePooling2D()(hidden)))


def squeeze_and_excite(K):
    L = K.layers
    image = L.Input(SHAPE)
    hidden = L.Conv2D(6, 3, activation="relu")(image)
    gate = L.Dense(6, activation="sigmoid")(L.Dense(3, activation="relu")(L.GlobalAveragePooling2D()(hidden)))
    hidden = L.Multiply(name="gated")([hidden, L.Reshape((1, 1, 6))(gate)])
    return K.Model(image, L.Dense(CLASSES)(L.GlobalAveragePooling2D()(hidden)))


def u_net(K):
    L = K.layers
    image = L.Input(SHAPE)
    fine = L.Conv2D(4, 3, padding="same", activation="relu")(image)
    coarse = L.Conv2D(5, 3, padding="same", activation="relu")(L.MaxPooling2D(2)(fine))
    hidden = L.Concatenate()([L.UpSampling2D(2)(coarse), fine])
    hidden = L.Conv2D(4, 3, activation="relu", name="last")(hidden)
    return K.Model(image, L.Dense(CLASSES)(L.GlobalAveragePooling2D()(hidden)))


def shared(K):
    """One convolution called three times."""
    L = K.layers
    image = L.Input(SHAPE)
    hidden, conv = L.Conv2D(5, 3, activation="relu")(image), L.Conv2D(5, 3, padding="same", activation="relu", name="again")
    for _ in range(3):
        hidden = conv(hidden)
    return K.Model(image, L.Dense(CLASSES)(L.GlobalAveragePooling2D()(hidden)))


def siamese(K):
    """One nested model called on the image and on its mirror image."""
    L = K.layers
    image, tower = L.Input(SHAPE), body(K, "tower")
    both = [L.Flatten()(tower(image)), L.Flatten()(tower(L.ZeroPadding2D(((0, 2), (0, 0)))(L.Cropping2D(((2, 0), (0, 0)))(image))))]
    return K.Model(image, L.Dense(CLASSES)(L.Subtract()(both)))


def frozen(K):
    model = nested(K)
    model.get_layer("body").trainable = False
    return model


def adapted(K):
    import numpy as np
    L = K.layers
    normalization = L.Normalization()
    normalization.adapt(np.random.default_rng(3).random((8, *SHAPE), np.float32))
    return functional(K, [normalization, *pooled(L, L.Conv2D(6, 3, activation="relu", name="last"))])


def attention_on_a_map(K):
    """A convolution's map, self-attention over its pixels, and a map again."""
    L = K.layers
    image = L.Input(SHAPE)
    hidden = L.MaxPooling2D(2)(L.Conv2D(8, 3, activation="relu")(image))
    tokens = L.Reshape((25, 8))(hidden)
    tokens = L.Add()([tokens, L.MultiHeadAttention(2, 4)(tokens, tokens)])
    hidden = L.Conv2D(5, 3, activation="relu", name="last")(L.Reshape((5, 5, 8))(tokens))
    return K.Model(image, L.Dense(CLASSES)(L.GlobalAveragePooling2D()(hidden)))


def vision_transformer(K):
    L = K.layers
    image = L.Input(SHAPE)
    tokens = L.Reshape((16, 8))(L.Conv2D(8, 3, strides=3, name="patches")(image))
    hidden = L.LayerNormalization()(tokens)
    tokens = L.Add()([tokens, L.MultiHeadAttention(2, 4)(hidden, hidden)])
    tokens = L.LayerNormalization(name="encoded")(L.Add()([tokens, L.Dense(8, activation="gelu")(tokens)]))
    return K.Model(image, L.Dense(CLASSES)(L.GlobalAveragePooling1D()(tokens)))


def mixer(K):
    L = K.layers
    image = L.Input(SHAPE)
    tokens = L.Reshape((16, 8))(L.Conv2D(8, 3, strides=3)(image))
    mixed = L.Permute((2, 1))(L.Dense(16, activation="gelu")(L.Permute((2, 1))(L.LayerNormalization()(tokens))))
    tokens = L.Add()([tokens, mixed])
    tokens = L.Add()([tokens, L.Dense(8)(L.Dense(12, activation="gelu")(L.LayerNormalization()(tokens)))])
    return K.Model(image, L.Dense(CLASSES)(L.GlobalAveragePooling1D()(tokens)))


def convnext(K):
    L = K.layers
    image = L.Input(SHAPE)
    hidden = L.LayerNormalization()(L.Conv2D(6, 2, strides=2)(image))
    inner = L.LayerNormalization()(L.DepthwiseConv2D(3, padding="same")(hidden))
    inner = L.Dense(6)(L.Dense(12, activation="gelu")(inner))
    hidden = L.Add(name="sum")([hidden, inner])
    return K.Model(image, L.Dense(CLASSES)(L.LayerNormalization()(L.GlobalAveragePooling2D()(hidden))))


def recurrent(make):
    """The builder of a model that reads the rows of a feature map as a sequence."""
    return stacked(lambda L: [
        L.Conv2D(4, 3, activation="relu", name="last"), L.MaxPooling2D(2), L.Reshape((5, 20)), make(L), L.Dense(CLASSES)])


def conv_lstm(K):
    L = K.layers
    return functional(K, [L.Reshape((2, 6, 12, 3)), L.ConvLSTM2D(4, 3), L.GlobalAveragePooling2D(), L.Dense(CLASSES)])


def over_patches(K):
    """A convolution of every quarter of the image, by TimeDistributed."""
    L = K.layers
    return functional(K, [L.Reshape((4, 3, 12, 3)), L.TimeDistributed(L.Conv2D(4, 3, activation="relu", name="patch")),
                          L.Flatten(), L.Dense(CLASSES)])


def of_policy(policy):
    """The builder of a model with layers of a dtype policy, such as "mixed_float16"."""
    def build(K):
        L, dtype = K.layers, K.mixed_precision.Policy(policy)
        return functional(K, [L.Conv2D(6, 3, activation="relu", dtype=dtype), L.BatchNormalization(dtype=dtype),
                              L.Conv2D(5, 3, activation="relu", name="last", dtype=dtype), L.GlobalAveragePooling2D(dtype=dtype),
                              L.Dense(CLASSES, dtype=dtype)])
    return build


@functools.cache
def channels_first_refused():
    """The message where TensorFlow cannot run convolutions of channels first, and their gradients, on this machine; else None."""
    @tf.function
    def gradient(images, kernel):
        return tf.gradients(tf.nn.conv2d(images, kernel, 1, "VALID", data_format="NCHW"), images)
    try:
        gradient(tf.ones((1, 2, 4, 4)), tf.ones((2, 2, 2, 3)))
    except tf.errors.OpError:
        return "cannot be run here: .*NHWC"
    return None
