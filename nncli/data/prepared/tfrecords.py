"""TFRecord files of encoded images and labels, read without TensorFlow; does not depend on particular data sets.

A record consists of the length (uint64), the masked CRC-32C of the length, the bytes, and the masked CRC-32C of the
bytes; the bytes are a `tf.train.Example` in protobuf's wire format
(https://www.tensorflow.org/tutorials/load_data/tfrecord).
"""

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from nncli.errors import DataError

_HEADER = struct.Struct("<QI")
_MASK_DELTA = 0xA282EAD8
_POLYNOMIAL = 0x82F63B78
_BATCH = 4096
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}

Features = dict[str, bytes | int]


def read_records(path: Path) -> Iterator[Features]:
    """The features of each example of a TFRecord file, in order.

    Raises:
        DataError: the file is truncated or its checksums do not match.
    """
    content = path.read_bytes()
    start, batch, sums = 0, [], []
    while start < len(content):
        header = content[start : start + _HEADER.size]
        length = _HEADER.unpack(header)[0] if len(header) == _HEADER.size else len(content)
        end = start + _HEADER.size + length
        if end + 4 > len(content):
            raise _damaged(path, start)
        batch.append(content[start + _HEADER.size : end])
        sums.append(int.from_bytes(content[end : end + 4], "little"))
        start = end + 4
        if len(batch) == _BATCH or start == len(content):
            if (checksums(batch) != np.array(sums, np.uint32)).any():
                raise _damaged(path, start)
            yield from map(_parse_example, batch)
            batch, sums = [], []


def decode_pixels(encoded: bytes, channels: int | None) -> np.ndarray:
    """An encoded PNG or JPEG as uint8 (height, width, channels)."""
    try:
        with Image.open(io.BytesIO(encoded)) as picture:
            mode = _MODES[channels] if channels else ("L" if picture.mode in ("1", "L") else "RGB")
            pixels = np.asarray(picture if picture.mode == mode else picture.convert(mode))
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"an image of the data set cannot be decoded: {error}") from None
    return pixels.reshape(*pixels.shape[:2], -1)


def resize_pixels(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Pixels uint8 (any height, any width, channels) stretched to (height, width, channels)."""
    if pixels.shape[:2] == (height, width):
        return pixels
    plain = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    resized = Image.fromarray(plain).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized).reshape(height, width, -1)


def checksums(records: list[bytes]) -> np.ndarray:
    """The masked CRC-32C (Castagnoli) of each record, computed byte by byte for all records at once."""
    order = sorted(range(len(records)), key=lambda index: -len(records[index]))
    lengths = np.array([len(records[index]) for index in order])
    flat = np.frombuffer(b"".join(records[index] for index in order), np.uint8)
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    crc = np.full(len(records), 0xFFFFFFFF, np.uint32)
    # Records are sorted by length, so those that still have a byte at this position come first.
    active = np.searchsorted(-lengths, -np.arange(lengths[0] if len(lengths) else 0), side="left")
    for place, count in enumerate(active.tolist()):
        index = (crc[:count] ^ flat[starts[:count] + place]) & 0xFF
        crc[:count] = _TABLE[index] ^ (crc[:count] >> 8)
    crc ^= np.uint32(0xFFFFFFFF)
    masked = ((crc >> 15) | (crc << 17)) + np.uint32(_MASK_DELTA)
    result = np.empty_like(masked)
    result[order] = masked
    return result


def _crc_table() -> np.ndarray:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1)
    return table


_TABLE = _crc_table()


def _damaged(path: Path, position: int) -> DataError:
    return DataError(f"{path} is damaged near byte {position}", hint="delete the folder and prepare the data set again")


def _parse_example(message: bytes) -> Features:
    """Example{features=1} with Features{map<string, Feature>=1}; the first value of each feature."""
    features: Features = {}
    for _, body in _fields(message):
        for _, entry in _fields(bytes(body)):
            pair = dict(_fields(bytes(entry)))
            value = _first_value(bytes(pair.get(2, b"")))
            if value is not None:
                features[bytes(pair[1]).decode("utf-8")] = value
    return features


def _first_value(message: bytes) -> bytes | int | None:
    """Feature{bytes_list=1, float_list=2, int64_list=3}: the first bytes or integer, None for others."""
    for kind, body in _fields(message):
        if kind == 1:
            return next((bytes(value) for _, value in _fields(bytes(body))), None)
        if kind == 3:
            packed = next((value for _, value in _fields(bytes(body))), None)
            if packed is None:
                return None
            number = packed if isinstance(packed, int) else _varint(bytes(packed), 0)[0]
            return number - (1 << 64) if number >> 63 else number
    return None


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Field numbers and values; length-delimited fields as bytes, varints as integers."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        if tag & 7 == 2:
            length, place = _varint(message, place)
            yield tag >> 3, message[place : place + length]
            place += length
        elif tag & 7 == 0:
            value, place = _varint(message, place)
            yield tag >> 3, value
        else:
            place += 8 if tag & 7 == 1 else 4


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
