"""What a path names, told before anything is loaded from it: a file, a folder, a checkpoint, or what cannot be read."""

import glob
import os
import re
import tarfile
import zipfile

# A checkpoint that has several files is named by what they have in common.
PART = re.compile(r"\.(index|meta|data-\d+-of-\d+)$")
DATA = ".data-00000-of-00001"       # ending of a checkpoint's only, or first, file of values
SAVED_MODEL = ("saved_model.pb", "saved_model.pbtxt")
GZIP = b"\x1f\x8b"


def checkpoint(path):
    """The path that names a checkpoint, given that or one of its files."""
    return PART.sub("", path)


def is_checkpoint(path):
    """Whether a path, or what it has in common with its parts, names a checkpoint."""
    return os.path.exists(checkpoint(path) + ".index")


def check(path, argument):
    """Refuses what holds no model or weights that can be read.

    Args:
        path: str; it need not exist.
        argument: "model" or "weights", for messages.

    Raises:
        ValueError: a file of another kind, a packed archive, a part of a checkpoint without the others, or a folder without a
            SavedModel.
    """
    if os.path.exists(path) and not os.path.isdir(path) and not os.path.isfile(path):
        raise ValueError(f"{argument}: {path} is neither a file nor a folder")
    if os.path.isdir(path):
        _check_folder(path, argument)
    elif os.path.isfile(path) and foreign(path, argument):
        raise ValueError(f"{argument}: {path} is {foreign(path, argument)}")
    elif os.path.isfile(path) and _is_packed(path):
        raise ValueError(f"{argument}: {path} is a packed archive; unpack it and name what is inside")
    else:
        _check_parts(checkpoint(path), argument)


def foreign(path, argument):
    """What a file is that Keras has not written: str that continues "it is", or None where its content does not tell.

    Args:
        path: str, of a file.
        argument: "model" or "weights": weights may be arrays.
    """
    with open(path, "rb") as stream:
        head = stream.read(HEAD)
    known = next((what for what, is_it in _CONTENT.items() if is_it(head)), None) or _zipped(path)
    if known or argument == "weights":
        return known
    if os.path.basename(path) in SAVED_MODEL:
        return f"a part of a SavedModel; give its folder {os.path.dirname(path) or os.curdir}"
    return next((what for what, is_it in _NO_MODEL.items() if is_it(head)), None) or _ENDINGS.get(os.path.splitext(path)[1])


HEAD = 512              # bytes of a file that tell its kind
_CONTENT = {
    "an empty file": lambda head: not head,
    "a pointer of Git LFS, not the file itself; fetch it with git lfs pull": lambda head: head.startswith(b"version https://git-lfs"),
    "a web page": lambda head: head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")),
    "a TensorFlow Lite model": lambda head: head[4:8] == b"TFL3",
}
_NO_MODEL = {
    "an array of NumPy": lambda head: head.startswith(b"\x93NUMPY"),
    "a pickle of Python": lambda head: head[:1] == b"\x80" and 2 <= head[1] <= 5,
}
_ENDINGS = {".onnx": "an ONNX model", ".pb": "a graph of TensorFlow, not a Keras model", ".json": "a configuration, without weights"}


def _zipped(path):
    """What a zip is, by the names in it."""
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return "a file of PyTorch" if any(name.endswith("data.pkl") for name in names) else None


def _check_folder(path, argument):
    if any(os.path.exists(os.path.join(path, name)) for name in SAVED_MODEL):
        return
    held = sorted(name for name in os.listdir(path) if name.endswith(".index"))
    if not held:
        raise ValueError(f"{argument}: {path} is a folder without a SavedModel: it has no {SAVED_MODEL[0]}")
    name = os.path.join(path, checkpoint(held[0]))
    advice = f"give weights as {name}" if argument == "weights" else f"give {name} as the weights of a named model"
    raise ValueError(f"{argument}: {path} holds a checkpoint, not a SavedModel; {advice}")


def _is_packed(path):
    """Whether a file is a tar, or gzipped, or a zip that is no Keras file."""
    with open(path, "rb") as stream:
        if stream.read(len(GZIP)) == GZIP:
            return True
    return tarfile.is_tarfile(path) or (zipfile.is_zipfile(path) and not path.endswith((".keras", ".npz")))


def _check_parts(prefix, argument):
    index, data = os.path.exists(prefix + ".index"), glob.glob(glob.escape(prefix) + ".data-*-of-*")
    if data and not index:
        raise ValueError(f"{argument}: {prefix}.index is missing beside {os.path.basename(data[0])}; a checkpoint needs both")
    if index and not data:
        raise ValueError(f"{argument}: {prefix}{DATA} is missing beside {os.path.basename(prefix)}.index; a checkpoint "
                         f"needs both")
