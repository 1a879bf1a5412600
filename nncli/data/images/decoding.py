"""Turns an image file into the array that a model takes, in the same way in training and prediction.

Decoding applies the EXIF orientation, uses the first frame of an animation, scales 16-bit grey to 8 bits (never clips
it), and puts transparent images on white or black, whichever gives more contrast. An image with another aspect ratio is
padded, cropped to its centre or stretched, as `data.resize` says. The padding has the colour of the image's own border
(the median of each channel), so that it continues the background; black bars would be edges that the network sees.
Images are resized by antialiased bilinear filtering. Large photos do not fill the memory: they are decoded at a reduced
size if the format allows it, otherwise only a few at a time.
"""

import contextlib
import errno
import io
import threading
import warnings as python_warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from nncli.config.facts import ImageInput
from nncli.data.images.border import border_median
from nncli.data.images.fitting import Fit
from nncli.errors import DataError, NncliError

# Larger images are refused as decompression bombs before their pixels are decoded.
MOST_PIXELS = 80_000_000
# Pillow's own limit is looser, and warns with a line of its source code.
Image.MAX_IMAGE_PIXELS = None
# Damaged metadata, told likewise, changes no pixel.
python_warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
# An image counts as inverted if its border differs from that of the training images by this share of the range.
INVERTED = 0.5
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
# Calls that can succeed the next time. Pillow's own errors about a damaged image have no number.
_OF_SYSTEM = (errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR, errno.EAGAIN, errno.ESTALE)
# Images with more pixels than this are decoded only a few at a time: one of 12 megapixels takes about 100 MB.
_LARGE = 2_000_000
_LARGE_AT_ONCE = threading.BoundedSemaphore(2)
# Large enough to judge colour and brightness.
LOOK = Fit(256, 256)
_BAND = 64
_TURNED = (5, 6, 7, 8)  # orientations in EXIF that swap height and width

ImageFile = Path | bytes


def decode_image(file: ImageFile, image: ImageInput) -> tuple[np.ndarray, list[str]]:
    """One image as the model takes it, (height, width, channels) in its dtype and range, and warnings.

    Raises:
        DataError: the image cannot be read; the message is one line without the file's name.
    """
    if image.channels not in _MODES:
        raise DataError(f"the model takes images with {image.channels} channels, which no image file has")
    dark = None if image.border is None else image.border * image.scale < 0.5
    fit = Fit(image.height, image.width, image.resize or ("pad" if image.channels == 1 else "stretch"))
    picture, warnings = open_picture(file, image.channels, dark_border=dark, fit=fit)
    pixels = fit.apply(picture)
    values = _to_range(pixels, image, warnings)
    if values.size and values.min() == values.max():
        warnings.append("is blank: all its pixels are the same")
    elif is_inverted(values, image):
        ours, theirs = ("light", "dark") if dark else ("dark", "light")
        warnings.append(f"looks inverted: its border is {ours}, that of the training images is {theirs}")
    return values, warnings


def is_inverted(values: np.ndarray, image: ImageInput) -> bool:
    """Whether the border of an image, (height, width, channels), is light where that of the training images is dark,
    or the other way round; false where the training images' borders differ."""
    if image.border is None:
        return False
    return abs(float(border_median(values[None])[0]) - image.border) > INVERTED / image.scale


def open_picture(
    file: ImageFile, channels: int, *, dark_border: bool | None, fit: Fit
) -> tuple[Image.Image, list[str]]:
    """A decoded image with that many channels (1, 3 or 4) of 8 bits each, and warnings.

    It has its original size, or a smaller one that is still large enough for `fit`.

    Raises:
        DataError: the image cannot be read.
    """
    try:
        with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as picture:
            _refuse_bomb(picture)
            width, height = _shown_size(picture)
            enough = fit.enough(width, height)
            picture.draft(None, enough if (width, height) == picture.size else enough[::-1])
            # The decoder keeps all of a progressive JPEG in memory, even if it is decoded at a reduced size.
            is_large = picture.width * picture.height > _LARGE or (
                "progressive" in picture.info and width * height > _LARGE
            )
            with _LARGE_AT_ONCE if is_large else contextlib.nullcontext():
                warnings = _frames(picture)  # before the first one is decoded, as looking for the next one drops it
                picture.load()
                ImageOps.exif_transpose(picture, in_place=True)
                converted = _to_mode(picture, _MODES[channels], dark_border, warnings)
                is_still_large = converted.width * converted.height > _LARGE
                return (fit.reduce(converted) if is_still_large else converted), warnings
    except DataError:
        raise
    except Exception as error:
        # For damaged files, Pillow's decoders raise many kinds of exceptions (OSError, SyntaxError, struct.error,
        # ValueError, IndexError, zlib.error ...); one damaged file must not stop the work on the others.
        raise DataError(_reason(error)) from error


@dataclass(frozen=True)
class Header:
    """The size and pixel format in an image's header; `mode` is Pillow's name of the format."""

    height: int
    width: int
    mode: str

    @property
    def may_have_colour(self) -> bool:
        """Whether the pixel format can hold colours."""
        return self.mode not in ("1", "L", "LA", "La", "I", "F") and "I;16" not in self.mode


def read_header(file: ImageFile) -> Header:
    """The size (after applying the EXIF orientation) and the pixel format, from the header alone.

    Raises:
        DataError: the file is not an image.
    """
    try:
        with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as picture:
            _refuse_bomb(picture)
            width, height = _shown_size(picture)
            return Header(height, width, picture.mode)
    except DataError:
        raise
    except Exception as error:
        # As in open_picture: a damaged header can raise anything.
        raise DataError(_reason(error)) from error


def has_colour(picture: Image.Image) -> bool:
    """Whether an image has colours other than grey, beyond the rounding errors of JPEG."""
    pixels = np.asarray(picture.convert("RGB"), np.int16)
    return bool((pixels.max(axis=2) - pixels.min(axis=2) > 12).mean() > 0.001)


def _shown_size(picture: Image.Image) -> tuple[int, int]:
    """Width and height after applying the EXIF orientation."""
    width, height = picture.size
    # Pillow would decode all pixels of a PNG file to find metadata after them.
    is_told = picture.format != "PNG" or not {"exif", "Raw profile type exif", "xmp"}.isdisjoint(picture.info)
    return (height, width) if is_told and picture.getexif().get(0x0112, 1) in _TURNED else (width, height)


def _refuse_bomb(picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise DataError(f"has {width} x {height} pixels, more than the limit of {MOST_PIXELS:,}")
    if width * height == 0:
        raise DataError("has no pixels")


def _frames(picture: Image.Image) -> list[str]:
    # They are not counted: a file of some megabytes can have a million of them, which would be read one by one.
    return ["has several frames or pages: only the first is used"] if getattr(picture, "is_animated", False) else []


def _to_mode(picture: Image.Image, mode: str, dark_border: bool | None, warnings: list[str]) -> Image.Image:
    if picture.mode.startswith(("I", "F")):
        picture = _to_8_bit(picture, warnings)
    if mode == "RGBA":
        return picture.convert(mode)
    if picture.has_transparency_data:
        picture = _on_background(picture.convert("RGBA"), dark_border, warnings)
    if picture.mode == "LAB":
        raise DataError("has LAB colours, which are not supported: save it as RGB")
    return picture if picture.mode == mode else picture.convert(mode)


def _to_8_bit(picture: Image.Image, warnings: list[str]) -> Image.Image:
    """Scale grey values (16-bit, 32-bit or float) to 0..255; Pillow's own conversion would clip them to white."""
    values = np.nan_to_num(np.asarray(picture).astype(np.float64))
    low, high = float(values.min()), float(values.max())
    is_float = picture.mode == "F"
    if low < 0 or high > 65535:
        warnings.append(f"has values from {low:g} to {high:g}, which are scaled to 0 to 255")
        values = (values - low) * (255 / (high - low))
    elif is_float and high <= 1:
        values = values * 255
    elif high > 255:
        values = values * (255 / 65535)
    elif not is_float and high > 0:
        warnings.append(f"has 16 bits but only values up to {high:g}: they are read as 8 bits")
    return Image.fromarray(np.round(values).astype(np.uint8))


def _on_background(picture: Image.Image, dark_border: bool | None, warnings: list[str]) -> Image.Image:
    """Put a transparent image on white if its opaque parts are dark, and on black if they are light.

    If they are neither, the border of the training images decides (white if that is unknown).
    """
    alpha = np.asarray(picture.getchannel("A"))
    if alpha.min() == 255:
        return picture.convert("RGB")
    if alpha.max() == 0:
        warnings.append("is entirely transparent")
    grey = np.asarray(picture.convert("RGB").convert("L"))
    # A few rows at a time, as products need eight bytes for each pixel.
    bands = [slice(row, row + _BAND) for row in range(0, len(grey), _BAND)]
    total = sum(int(np.vdot(grey[band].astype(np.int64), alpha[band])) for band in bands)
    drawn = total / max(int(alpha.sum(dtype=np.int64)), 1)
    black = drawn > 160 if abs(drawn - 128) > 32 else bool(dark_border)
    background = Image.new("RGBA", picture.size, (0, 0, 0, 255) if black else (255, 255, 255, 255))
    return Image.alpha_composite(background, picture).convert("RGB")


def _to_range(pixels: np.ndarray, image: ImageInput, warnings: list[str]) -> np.ndarray:
    """Map 0..255 to the range and dtype of the training images."""
    full = 1 / image.scale
    if image.dtype == "float32":
        return (pixels * np.float32(full / 255)).astype(np.float32)
    if abs(full - 255) < 1:
        return pixels
    if 1 < full < 255 and 0 < pixels.max() <= round(full):
        warnings.append(
            f"has only values up to {pixels.max()}: read as 0 to {full:g}, the range of the training images"
        )
        return pixels
    return np.round(pixels * (full / 255)).astype(np.uint8)


def raise_if_of_system(error: DataError, file: Path) -> None:
    """Raises NncliError if an image only cannot be read at the moment, as on a failing disk: it may be a good one."""
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in _OF_SYSTEM:
        raise NncliError(f"{file}: {error.message}", hint="try again") from None


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in _OF_SYSTEM:
        return f"cannot be read: {error.strerror}"
    if isinstance(error, UnidentifiedImageError):
        return "is not a readable image"
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "is a folder"
    if isinstance(error, PermissionError):
        return "cannot be read (no permission)"
    told = " ".join(str(error).split())[:120] or type(error).__name__
    return f"is a damaged image: {told}"
