"""What a traced pass needs of Keras 3: to be told of the calls of layers."""

import functools

import keras

from sanity_checks.graphs import calls

recorded_calls = functools.partial(calls.recorded, keras.layers.Layer)
