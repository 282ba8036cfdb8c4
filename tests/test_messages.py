"""Messages of other libraries, cut to their cause."""

import keras
import pytest

from sanity_checks import messages

CONFIG = "{'name': 'x', 'layers': [" + "{'class_name': 'Dense'}, " * 9000 + "]}"


def test_white_space_and_empty_messages():
    assert messages.one_line(KeyError()) == "KeyError"
    assert messages.one_line(ValueError("a\n b")) == "a b"


def test_long_messages_are_cut_between_sentences_where_they_can_be():
    assert len(messages.one_line(ValueError("word " * 1000))) == messages.LONGEST
    assert messages.one_line(ValueError("It is wrong. " + "Much more " * 100)) == "It is wrong."


@pytest.mark.parametrize("text, cause", [
    (f"<class 'Functional'> could not be deserialized properly. Please ensure.\n\nconfig={CONFIG}.\n\nException encountered: <class "
     f"'Sequential'> could not be deserialized properly.\n\nconfig={CONFIG}.\n\nException encountered: Could not locate class 'X'. "
     f"Make sure custom classes are decorated. Full object config: {CONFIG}",
     "Could not locate class 'X'. Make sure custom classes are decorated."),
    (f"A total of 2 objects could not be loaded. Example error message for object <Dense name=top, built=True>:\n\nLayer 'top' expected "
     f"2 variables, but received 0.\n\nList of objects that could not be loaded:\n[{CONFIG}]",
     "Layer 'top' expected 2 variables, but received 0."),
    ("Exception encountered when calling Layer.call().\n\nshapes differ\n\nArguments received by Layer.call():\n  • inputs=tf.Tensor",
     "shapes differ"),
    (f"config={CONFIG}", None),
])
def test_the_cause_of_an_error_of_keras(text, cause):
    found = messages.one_line(ValueError(text))
    assert found == cause if cause else 0 < len(found) <= messages.LONGEST


def test_a_real_error_of_keras_3_is_short():
    layer = {"module": "nowhere", "class_name": "X", "config": {}, "registered_name": "X"}
    config = keras.Sequential([keras.layers.Dense(2, name=f"d{i}") for i in range(500)]).get_config()
    config["layers"].append(layer)
    with pytest.raises(TypeError) as caught:
        keras.saving.deserialize_keras_object({"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None})
    assert len(str(caught.value)) > 100_000
    assert messages.one_line(caught.value).startswith("Could not locate class 'X'.")
    assert len(messages.one_line(caught.value)) <= messages.LONGEST
