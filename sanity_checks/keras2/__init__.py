"""All that knows the inside of tf_keras (Keras 2): files, layers, logits, feature maps, initializers, the guided ReLU."""
