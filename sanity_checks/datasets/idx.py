"""Files of MNIST's family: the IDX format, plain or gzipped, and Keras' npz."""

import gzip
import hashlib
import struct
import zipfile
import zlib

import numpy as np

UNSIGNED_BYTE = 8           # IDX type code


def read_idx(path):
    """Reads an IDX file of bytes.

    Args:
        path: str, gzipped if it ends in .gz.

    Returns:
        uint8 array of the shape that the file's header gives.

    Raises:
        ValueError: the file is damaged or not IDX; the message names it.
    """
    try:
        with (gzip.open if path.endswith(".gz") else open)(path, "rb") as stream:
            content = stream.read()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if len(content) < 4 or content[:3] != bytes([0, 0, UNSIGNED_BYTE]):
        raise ValueError(f"{path} is not an IDX file of bytes: it starts with {content[:4].hex(' ') or 'nothing'}, "
                         f"expected 00 00 08")
    header = 4 + 4 * content[3]
    shape = struct.unpack(f">{content[3]}I", content[4:header]) if len(content) >= header else ()
    if not shape or len(content) - header != np.prod(shape):
        raise ValueError(f"{path} is damaged: its header gives shape {shape}, it holds {len(content) - header} values")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def content_sha256(array):
    """sha256 of the IDX file of an array, as `zcat FILE | sha256sum` prints it, whatever the array was read from.

    Args:
        array: uint8, any shape.

    Returns:
        str, 64 hexadecimal digits.
    """
    header = bytes([0, 0, UNSIGNED_BYTE, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    digest = hashlib.sha256(header)
    digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def read_npz(path):
    """Reads x_train, y_train, x_test, y_test of Keras' npz: dict, name -> array.

    Raises:
        ValueError: the file is damaged or lacks an array; the message names it.
    """
    try:
        with np.load(path) as stored:
            return {name: stored[name] for name in ("x_train", "y_train", "x_test", "y_test")}
    except KeyError as error:
        raise ValueError(f"{path} has no array {error.args[0].split()[0]}; expected x_train, y_train, x_test, "
                         f"y_test") from error
    except (ValueError, TypeError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} is not an npz file, or damaged: {error}") from error
