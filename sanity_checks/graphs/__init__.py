"""What is read from the TensorFlow graph of a model's call, whichever Keras made it: nothing here knows a Keras.

    calls           which layer makes which tensors, told while a model is called
    forward         a model's forward pass: its graph and the calls of its layers
    checks          what cannot be explained: logits that do not depend on the image, or on more than it
    features        the feature map that GradCAM reads
    guided_relu     the gradient of Guided Backprop
    digest          a checksum of operations
"""
