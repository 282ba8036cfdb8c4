"""The flags of images: arrays, preprocessing, sizes, channels, and the warning of a model that rescales inside."""

import os

from absl import logging
import numpy as np
from PIL import Image
import pytest
import tf_keras

from experiments import aggregate
from experiments import cascading_randomization
from experiments import flag_checks
from experiments import from_flags
from experiments import input_times_random
from experiments import reproduce
from experiments import simple_models
from experiments import train
from sanity_checks import datasets
from sanity_checks import runs
from sanity_checks.runs import maps as map_files
from sanity_checks.vocabulary import datasets as records
from tests.experiments import binary

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3)).astype(np.uint8)
SMALL = ["--methods=gradient", "--metrics=spearman", "--figure_images=0", "--images_per_unit=4"]


def model_of(folder, channels=3, first=()):
    layers = tf_keras.layers
    model = tf_keras.Sequential([layers.InputLayer((8, 8, channels)), *first, layers.Conv2D(16, 3, activation="relu"), layers.Flatten(),
                                 layers.Dense(3)])
    model.save(folder / "model.keras")
    return f"--model={folder / 'model.keras'}"


@pytest.fixture
def photographs(tmp_path):
    (tmp_path / "photos").mkdir()
    for i, pixels in enumerate(PIXELS):
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{i}.png")
    return f"--images={tmp_path / 'photos'}"


def arrays(folder, **arrays):
    np.savez(folder / "images.npz", **arrays)
    return f"--images={folder / 'images.npz'}"


def run(folder, *arguments, name="run"):
    """Runs a cascading test; returns its rows and the maps of the image that figures show."""
    binary.run(cascading_randomization, *SMALL, *arguments, f"--output_dir={folder / name}",
               patches=[(aggregate, "draw", lambda *_: None)])
    (shown,) = os.listdir(folder / name / "maps")
    return runs.read_rows([str(folder / name)]), map_files.read_maps(str(folder / name / "maps" / shown))


def refusal(folder, *arguments):
    return binary.refusal(cascading_randomization, *SMALL, *arguments, f"--output_dir={folder / 'run'}")


@pytest.fixture
def warned(monkeypatch):
    """Lines that are logged as warnings."""
    lines = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: lines.append(text % values))
    return lines


def test_arrays_run_like_the_same_photographs(tmp_path, photographs):
    model = model_of(tmp_path)
    ids = [f"{i}.png" for i in range(5)]
    given = arrays(tmp_path, images=PIXELS / 127.5 - 1, labels=[0, 1, 2, 0, 1], ids=ids)
    rows, shown = run(tmp_path, model, given, "--explained_class=label")
    assert set(rows.dataset) == {"arrays"} and list(dict.fromkeys(rows.image_id)) == ids and set(rows.explained_class) == {0, 1, 2}
    assert shown.label == 0 and np.allclose(shown.image, PIXELS[0] / 127.5 - 1, atol=1e-6)
    runs_of = {"floats": [arrays(tmp_path / "photos", images=PIXELS / 127.5 - 1, ids=ids)], "photographs": [photographs],
               "bytes": [arrays(tmp_path, images=PIXELS, ids=ids), "--preprocess=inception"]}
    found = [run(tmp_path, model, *more, name=name)[0].sort_values(["stage_index", "image_id"]).value.to_numpy()
             for name, more in runs_of.items()]
    assert np.allclose(found[0], found[1], atol=1e-4) and np.allclose(found[0], found[2], atol=1e-4)


def test_its_own_flagfile_runs_it_again(tmp_path):
    rows, _ = run(tmp_path, model_of(tmp_path), arrays(tmp_path, images=PIXELS / 255.), "--image_size=8,8")
    again, _ = run(tmp_path, f"--flagfile={tmp_path}/run/flags.flags", name="again")
    assert rows.value.tolist() == again.value.tolist()


@pytest.mark.parametrize("way, expected", [("raw", PIXELS), ("10,20", (PIXELS - 10.) / 20), (None, PIXELS / 127.5 - 1)])
def test_preprocess_by_name_and_number(tmp_path, photographs, way, expected):
    found = binary.parsed(cascading_randomization, photographs, "--image_size=8,8", *([f"--preprocess={way}"] if way else []))
    flag_checks.check(binary.parsed(cascading_randomization, photographs, "--output_dir=x", *([f"--preprocess={way}"] if way else [])))
    assert np.allclose(from_flags.dataset(found.values).get().test[:], expected, atol=1e-5)


@pytest.mark.parametrize("channels, mode", [(1, "L"), (4, "RGBA")])
def test_photographs_for_models_of_other_channels(tmp_path, photographs, channels, mode):
    rows, shown = run(tmp_path, model_of(tmp_path, channels), photographs, "--preprocess=raw")
    expected = np.asarray(Image.fromarray(PIXELS[0]).convert(mode)).reshape(8, 8, channels)
    assert np.array_equal(shown.image, expected) and rows.value.notna().all()
    assert refusal(tmp_path, model_of(tmp_path, channels), photographs, "--preprocess=caffe") == (
        f"--preprocess: caffe expects images of 3 channels, found {channels}")


def test_image_size_where_there_is_no_model(photographs):
    found = binary.parsed(input_times_random, photographs, "--image_size=6,7")
    assert from_flags.dataset(found.values).get().image_shape == (6, 7, 3)
    assert from_flags.image_size(binary.parsed(input_times_random).values) is None
    assert from_flags.image_size(binary.parsed(train).values) is None


@pytest.mark.parametrize("first, way, warns", [
    (True, "inception", True), (True, "raw", False), (False, "raw", False), (False, "inception", False)])
def test_a_model_that_rescales_inside_is_warned_about(tmp_path, photographs, warned, first, way, warns):
    model = model_of(tmp_path, 3, [tf_keras.layers.Rescaling(1 / 255)] if first else [])
    run(tmp_path, model, photographs, f"--preprocess={way}", "--num_images=1")
    assert [line for line in warned if "rescales inside" in line] == ([
        "input_range: model 'model' rescales inside, and expects images of 0 to 255; those of image_folder are -1 to 1. Photographs "
        "are prepared for it by preprocess raw"] if warns else [])


def test_flags_that_cannot_act_are_warned_about(tmp_path, warned):
    given = arrays(tmp_path, images=PIXELS)
    flag_checks.warn(binary.parsed(cascading_randomization, given, "--output_dir=x", "--preprocess=unit", "--skip_unreadable"))
    flag_checks.warn(binary.parsed(cascading_randomization, "--dataset=mnist_5k", "--output_dir=x", "--preprocess=unit"))
    assert warned == ["--skip_unreadable has no effect: it goes with photographs, --images",
                      "--preprocess has no effect: it goes with photographs and --images"]


@pytest.mark.parametrize("wrong, message", [
    (["--preprocess=rw"], "--preprocess: expected one of inception, unit, raw, "), (["--preprocess=0.5,0.2"], "--preprocess: expected means"),
    (["--preprocess="], "--preprocess: expected one of"),
    (["--image_size=224"], "--image_size: expected H,W of 1 to 10000 pixels, such as 224,224, got '224'"),
    *(([f"--image_size={text}"], f"--image_size: expected H,W of 1 to 10000 pixels, such as 224,224, got '{text}'")
      for text in ("", "0,5", "a,b", "8,8,3", "-8,8", "8.5,8", "99999,8", "²,8")),
])
def test_wrong_flags_are_refused_before_anything_is_loaded(tmp_path, wrong, message):
    assert refusal(tmp_path, "--model=nowhere.keras", "--images=nowhere", *wrong).startswith(message)


def test_what_does_not_fit_is_refused(tmp_path, photographs):
    model, given = model_of(tmp_path), arrays(tmp_path, images=PIXELS[:, :7])
    assert refusal(tmp_path, model, given) == "--dataset: images of arrays have shape (7, 8, 3), model 'model' takes (8, 8, 3)"
    assert refusal(tmp_path, model, photographs, "--image_size=9,9").endswith("takes images of 8 x 8, found 9 x 9")
    assert binary.refusal(input_times_random, given, "--image_size=9,9", f"--output_dir={tmp_path}/run") == (
        "--image_size: images of arrays are 7,8, got 9,9")
    assert refusal(tmp_path, model, given, "--dataset=mnist_5k") == "--images: expected --dataset=arrays, got --dataset=mnist_5k"
    assert refusal(tmp_path, model, "--dataset=arrays") == "--images: expected an .npz or .npy file of arrays, got nothing"
    assert refusal(tmp_path, model, given, "--data_dir=x").startswith("--data_dir: arrays are given as images")
    broken = arrays(tmp_path, images=PIXELS * np.nan)
    assert refusal(tmp_path, model, broken).startswith(f"--images: {tmp_path}/images.npz, array images: expected finite numbers")


def test_simple_models_show_photographs_in_their_colours(tmp_path, photographs):
    binary.run(simple_models, photographs, "--image_size=8,8", "--num_images=1", "--figure_images=0", "--preprocess=caffe",
               f"--output_dir={tmp_path / 'run'}", patches=[(simple_models, "draw", lambda *_: None)])
    shown = {found.label_name: found for _, found in runs.figure_maps([str(tmp_path / "run")])}
    assert len(shown) == 2
    for found in shown.values():
        low, high = found.input_range
        colours = (found.image - low) / (high - low)
        grey = np.allclose(colours[..., 0], colours[..., 2])
        luma = (PIXELS[0] / 255) @ [0.2989, 0.587, 0.114]
        assert np.allclose(colours, luma[..., None] if grey else PIXELS[0] / 255, atol=1e-3)
    four = arrays(tmp_path, images=np.zeros((2, 8, 8, 4)))
    assert binary.refusal(simple_models, four, f"--output_dir={tmp_path / 'four'}") == (
        "--dataset: expected images of 1 or 3 channels, arrays has 4")


def test_data_sets_that_a_user_gives_are_in_the_binaries_that_read_them(tmp_path):
    offered = lambda module: set(module.define().values["dataset"].parser.enum_values)
    assert offered(cascading_randomization) == set(datasets.DATASETS)
    assert offered(train) == {name for name in datasets.DATASETS if records.DATASETS[name].trains}
    assert binary.refusal(reproduce, "--datasets=arrays", f"--output_dir={tmp_path}").startswith("--datasets: expected some of")
    assert binary.refusal(reproduce, "--preprocess=rw", f"--output_dir={tmp_path}").startswith("--preprocess: expected one of")


def test_cheaper_estimators_are_a_preset_that_flags_override(cnn):
    arguments = ["--model=cnn", "--dataset=mnist_5k", "--output_dir=x", "--methods=gradient,smoothgrad,integrated_gradients"]
    made = lambda *more: from_flags.make_methods(binary.parsed(cascading_randomization, *arguments, *more).values, cnn)
    paper, cheap, own = made(), made("--estimators=efficient"), made("--estimators=efficient", "--smoothgrad_samples=8")
    assert (paper["smoothgrad"].estimator, paper["smoothgrad"].samples, paper["integrated_gradients"].quadrature) == ("independent", 50, "pair")
    assert (cheap["smoothgrad"].estimator, cheap["smoothgrad"].samples) == ("antithetic", 20)
    assert (cheap["integrated_gradients"].quadrature, cheap["integrated_gradients"].steps) == ("gauss_legendre", 10)
    assert (own["smoothgrad"].estimator, own["smoothgrad"].samples) == ("antithetic", 8)
