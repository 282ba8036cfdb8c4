"""What a traced pass needs of tf_keras: to be told of the calls of layers."""

import functools

import tf_keras

from sanity_checks.graphs import calls

recorded_calls = functools.partial(calls.recorded, tf_keras.layers.Layer)
