"""Files that a careless or hostile user gives: damaged, foreign, empty, of another size. Made anew where they are used."""

import json
import os
import pathlib
import shutil
import zipfile

import numpy as np
from PIL import Image
import tf_keras

from sanity_checks import datasets

SIDE, CLASSES, COUNT = 16, 3, 4         # of the images that are right


def make(folder):
    """Writes all files into a folder (str)."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for make_some in (_models, _damaged_models, _arrays, _photographs, _lists, _flagfiles, _others):
        make_some(folder)


def model(side=SIDE, channels=1, classes=CLASSES, name="small"):
    """A small convolutional network of tf_keras."""
    layers = tf_keras.layers
    tf_keras.utils.set_random_seed(0)
    return tf_keras.Sequential([
        layers.InputLayer((side, side, channels)), layers.Conv2D(4, 2, activation="relu", name="conv"), layers.Flatten(),
        layers.Dense(classes, name="top")], name=name)


def _models(folder):
    small = model()
    small.save(folder / "small.keras")
    small.save(folder / "small.h5")
    small.save_weights(folder / "small.weights.h5")
    small.save(folder / "saved", save_format="tf")
    for side in (2, 8):
        model(side).save(folder / f"side{side}.keras")
    for value in (np.nan, np.inf):
        small.layers[-1].bias.assign([0, value, 0])
        small.save(folder / f"{value}.keras")
    layers = tf_keras.layers
    tf_keras.Sequential([layers.InputLayer((SIDE, SIDE, 1)), layers.Flatten(), layers.Lambda(lambda x: x * 2), layers.Dense(3)]).save(
        folder / "lambda.h5")
    inputs = tf_keras.Input((SIDE, SIDE, 1))
    flat = layers.Flatten()(inputs)
    tf_keras.Model(inputs, [layers.Dense(2, name=name)(flat) for name in ("kind", "age")]).save(folder / "two_outputs.keras")
    tf_keras.Sequential([layers.InputLayer((None, None, 1)), layers.Conv2D(4, 3, name="conv"), layers.GlobalAveragePooling2D(),
                         layers.Dense(3)]).save(folder / "any_size.keras")


def _damaged_models(folder):
    whole = (folder / "small.keras").read_bytes()
    (folder / "truncated.keras").write_bytes(whole[:len(whole) // 2])
    (folder / "empty.keras").write_bytes(b"")
    (folder / "text.keras").write_text("no model\n")
    (folder / "page.keras").write_text("<!DOCTYPE html><html></html>")
    (folder / "pointer.h5").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    (folder / "png.h5").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    hdf5 = (folder / "small.h5").read_bytes()
    (folder / "truncated.h5").write_bytes(hdf5[:len(hdf5) // 2])
    (folder / "scrambled.h5").write_bytes(hdf5[:300] + os.urandom(len(hdf5) - 300))
    _without(folder / "small.keras", folder / "no_weights.keras", "model.weights.h5")
    _without(folder / "small.keras", folder / "no_config.keras", "config.json")
    _without(folder / "small.keras", folder / "strange_config.keras", "config.json", "[]")
    _without(folder / "small.keras", folder / "bad_weights.keras", "model.weights.h5", "no hdf5")
    (folder / "empty_folder").mkdir(exist_ok=True)
    shutil.copytree(folder / "saved", folder / "scrambled_saved", dirs_exist_ok=True)
    (folder / "scrambled_saved" / "saved_model.pb").write_bytes(b"\xff" * 500)
    shutil.copytree(folder / "saved", folder / "lacking_saved", dirs_exist_ok=True)
    for part in (folder / "lacking_saved" / "variables").iterdir():
        part.unlink()
    (folder / "empty_saved").mkdir(exist_ok=True)
    (folder / "empty_saved" / "saved_model.pb").write_bytes(b"")
    (folder / "scrambled.weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\xff" * 500)
    np.save(folder / "array.npy", np.zeros((3, 3)))


def _without(source, path, left_out, instead=None):
    """A copy of a zip without one of its members, or with another text in its place."""
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(path, "w") as part:
        for name in whole.namelist():
            if name != left_out:
                part.writestr(name, whole.read(name))
        if instead is not None:
            part.writestr(left_out, instead)


def _arrays(folder):
    generator = np.random.default_rng(0)
    images = generator.random((COUNT, SIDE, SIDE, 1), np.float32)
    labels = np.arange(COUNT) % CLASSES
    np.savez(folder / "images.npz", images=images, labels=labels)
    np.savez(folder / "digits.npz", images=np.zeros((2, 28, 28, 1)))
    np.savez(folder / "unlabelled.npz", images=images)
    np.savez(folder / "two.npz", images=images[:2], labels=labels[:2])
    np.savez(folder / "big_labels.npz", images=images, labels=labels + CLASSES)
    np.savez(folder / "negative_labels.npz", images=images, labels=labels - 2)
    np.savez(folder / "fractions.npz", images=images, labels=labels + 0.7)
    np.savez(folder / "one_hot.npz", images=images, labels=np.eye(COUNT))
    np.savez(folder / "few_labels.npz", images=images, labels=labels[:2])
    np.savez(folder / "twice.npz", images=images, ids=["a"] * COUNT)
    np.savez(folder / "complex.npz", images=images.astype(np.complex64))
    np.savez(folder / "texts.npz", images=images.astype(str))
    np.savez(folder / "other_name.npz", pictures=images)
    np.savez(folder / "none.npz", images=images[:0])
    np.savez(folder / "flat.npz", images=images[..., 0])
    np.savez(folder / "objects.npz", images=np.array([{}, {}], dtype=object))
    for side in (2, 8):
        np.savez(folder / f"side{side}.npz", images=images[:, :side, :side])
    for value in (np.nan, np.inf):
        broken = images.copy()
        broken[1, 3, 3] = value
        np.savez(folder / f"{value}.npz", images=broken)
    whole = (folder / "images.npz").read_bytes()
    (folder / "truncated.npz").write_bytes(whole[:len(whole) // 2])
    (folder / "text.npz").write_text("no arrays")
    (folder / "empty.npy").write_bytes(b"")


def _photographs(folder):
    pixels = np.random.default_rng(0).integers(0, 256, (COUNT, 20, 20, 3)).astype(np.uint8)
    for name in ("photos", "damaged_photos", "strange_names", "broken_line", "empty_photos"):
        (folder / name).mkdir(exist_ok=True)
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(folder / "photos" / f"{i}.png")
    shutil.copy(folder / "photos" / "0.png", folder / "damaged_photos" / "0.png")
    (folder / "damaged_photos" / "1.png").write_bytes(b"no picture")
    shutil.copy(folder / "photos" / "0.png", os.fsencode(folder / "strange_names") + b"/\xff\xfe.png")
    shutil.copy(folder / "photos" / "1.png", folder / "strange_names" / "other.png")
    shutil.copy(folder / "photos" / "1.png", folder / "broken_line" / "line\nbreak.png")


def _lists(folder):
    rows = "".join(f"photos/{i}.png,{i % CLASSES}\n" for i in range(COUNT))
    texts = {
        "list": "file,label\n" + rows, "headless": rows, "no_rows": "file,label\n", "big_label": "file,label\nphotos/0.png,1000000000000000000000\n",
        "superscript": "file,label\nphotos/0.png,²\n", "fraction": "file,label\nphotos/0.png,1.5\n",
        "lacking": "file,label\nphotos/9.png,1\n", "long_field": "file,label\n" + "x" * 200_000 + ",1\n",
        "beyond": "file,label\nphotos/0.png,7\n", "negative": "file,label\nphotos/0.png,-1\n", "twice": "file,label\n" + rows + rows,
        "nul": "file,label\nphotos/0\0.png,1\n"}
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    (folder / "utf16.csv").write_text(texts["list"], encoding="utf-16")
    (folder / "latin1.csv").write_bytes("file,label\nphotos/é.png,1\n".encode("latin-1"))
    (folder / "png.csv").write_bytes(b"\x89PNG\r\n\x1a\n")


def _others(folder):
    for name in ("pipe.npz", "pipe.keras"):
        if not (folder / name).exists():
            os.mkfifo(folder / name)
    (folder / "folder.npz").mkdir(exist_ok=True)
    trained = folder / "reproduced" / "models" / "mlp_mnist_5k"
    trained.mkdir(parents=True, exist_ok=True)
    (trained / "weights.h5").write_bytes(b"")
    (trained / "training.json").write_text(json.dumps({
        "model": "mlp", "dataset": "mnist_5k", "iterations": 5, "seed": 0, "data_sha256": datasets.load("mnist_5k").sha256}))


def _flagfiles(folder):
    (folder / "picture.flags").write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    (folder / "itself.flags").write_text(f"--flagfile={folder}/itself.flags\n--seed=1\n")
    (folder / "one.flags").write_text(f"--flagfile={folder}/other.flags\n")
    (folder / "other.flags").write_text(f"--flagfile={folder}/one.flags\n")
    (folder / "lost.flags").write_text("--flagfile=nowhere/at_all.flags\n")
    (folder / "typo.flags").write_text("--smoothgrad_sample=3\n")
    (folder / "word.flags").write_text("gradient smoothgrad\n")
    (folder / "right.flags").write_text("# one image\n--num_images=1\n")
