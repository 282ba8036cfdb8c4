"""A deep model's layers as about twenty blocks: by its own nesting and names, in the order of the forward pass."""

import keras
import pytest
import tf_keras

from sanity_checks import keras2
from sanity_checks import keras3
from sanity_checks import models
from sanity_checks.models import blocks
from sanity_checks.models import grouping
from sanity_checks.vocabulary import stages

PACKAGES = {tf_keras: keras2, keras: keras3}


@pytest.fixture(params=[tf_keras, keras], ids=["tf_keras", "keras"])
def library(request):
    return request.param


def chain(library, names, name="net"):
    """Dense layers of these names, one after the other; those that end in "bn" are normalizations."""
    layers = library.layers
    made = [layers.BatchNormalization(name=own) if own.endswith("bn") else layers.Dense(2, name=own) for own in names]
    return library.Sequential([library.Input((3,)), *made], name=name)


def grouped(model):
    library = keras if isinstance(model, keras.Model) else tf_keras
    return grouping.blocks(PACKAGES[library], model)


def residual(sizes, parts=("1_conv", "1_bn", "2_conv", "2_bn")):
    """Names as of a ResNet with so many blocks in its stages."""
    return ["conv1_conv", "conv1_bn", *(f"conv{stage}_block{block}_{part}" for stage, count in enumerate(sizes, 2)
                                        for block in range(1, count + 1) for part in parts), "predictions"]


def test_a_small_model_has_a_block_for_each_kernel(library):
    found = grouped(chain(library, ["stem", "stem_bn", "body", "body_bn", "head"]))
    assert {name: len(variables) for name, variables in found.items()} == {"head": 2, "body": 6, "stem": 6}
    assert list(found) == ["head", "body", "stem"]


def test_a_residual_network_has_its_own_blocks(library):
    found = grouped(chain(library, residual((3, 4, 6, 3))))
    assert list(found) == ["predictions", *(f"conv{stage}_block{block}" for stage, count in ((5, 3), (4, 6), (3, 4), (2, 3))
                                            for block in range(count, 0, -1)), "conv1_conv"]
    assert {len(variables) for name, variables in found.items() if "block" in name} == {12}


def test_a_deeper_one_has_neighbours_together():
    found = list(grouped(chain(tf_keras, residual((3, 8, 36, 3)))))
    assert len(found) == grouping.MOST
    assert found[0] == "predictions" and found[-1] == "conv1_conv" and "conv5" in found
    together = [name for name in found if name.startswith("conv4_block") and " to " in name]
    assert together[0].endswith("to conv4_block36") and together[-1].startswith("conv4_block1 to")


def test_nested_models_are_divided_by_their_own_names(library):
    body = chain(library, residual((2, 12)), name="body")
    head = [library.layers.Dense(4, name="hidden"), library.layers.Dense(3, name="logits")]
    found = list(grouped(library.Sequential([library.Input((3,)), body, *head])))
    assert found[:3] == ["logits", "hidden", "body/predictions"] and found[3] == "body/conv3_block12" and found[-1] == "body/conv1_conv"


def test_names_that_keras_made_up_say_nothing(library):
    model = library.Sequential([library.Input((3,)), *[library.layers.Dense(2) for _ in range(50)]])
    found = grouped(model)
    assert len(found) == grouping.MOST and all(" to " in name for name in found)
    assert {len(variables) // 2 for variables in found.values()} == {2, 3}


@pytest.mark.parametrize("names", [
    residual((3, 8, 36, 3)), residual((30,)), [f"layer_{i % 3}_{i}" for i in range(60)], [*stages.RESERVED[:1], "b"],
    [f"a{i}_bn" for i in range(3)] + ["x", "y_bn"], [f"block_{i}" for i in range(22)], [f"block_{i}" for i in range(23)]])
def test_every_variable_is_in_one_block_in_the_order_of_the_pass(library, names):
    model = chain(library, names)
    package = PACKAGES[library]
    found = grouped(model)
    keys = [package.key(variable) for variables in list(found.values())[::-1] for variable in variables]
    expected = [package.key(variable) for variables in list(blocks.by_layer(package, model).values())[::-1] for variable in variables]
    assert keys == expected and len(found) <= grouping.MOST and not set(found) & set(stages.RESERVED)


def test_a_classifier_is_loaded_with_them(library):
    model = chain(library, ["stem", "stem_bn", *(f"block_{i}_{part}" for i in range(15) for part in ("a", "b", "bn")), "head"])
    for given in (grouping.GROUPED, [grouping.GROUPED]):
        library_model = library.Sequential([library.Input((3, 1, 1)), library.layers.Flatten(), *model.layers])
        found = models.load_classifier(library_model, blocks=given)
        assert list(found.blocks) == ["head", *(f"block_{i}" for i in range(14, -1, -1)), "stem"]
