"""What a photo of a slip must be before it is kept. Pure.

The type is what the content says, not what the name or the sender claims; the picture is drawn anew, so that nothing
but pixels remains: no position of the camera, no script behind the image, no second file (reliability.md C28).
"""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from timebank.core.errors import BadInput
from timebank.core.limits import MAX_PHOTO_PIXELS
from timebank.core.text import T

_FORMATS = ("JPEG", "PNG", "WEBP")
_LONGEST_SIDE = 1_600  # pixels: a slip of paper is well read at this size
_LEAST_SIDE = 16
_QUALITY = 80


@dataclass(frozen=True)
class Photo:
    """A picture drawn anew as JPEG, upright, at most 1,600 pixels on a side."""

    jpeg: bytes
    width: int
    height: int


def redrawn(raw: bytes) -> Photo:
    """The picture alone, drawn anew. Refuses what is no JPEG, PNG or WebP by its content, and too many pixels."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(raw), formats=_FORMATS) as opened:
                _check_size(opened)
                opened.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))  # a camera's JPEG is read at the size it is kept in
                upright = ImageOps.exif_transpose(opened)
                upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
                drawn = io.BytesIO()
                plain = upright.convert("RGB")
                plain.info.clear()
                plain.save(drawn, "JPEG", quality=_QUALITY)
                return Photo(drawn.getvalue(), *plain.size)
    except BadInput:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, Warning):
        text = T("This is not a photo that we can read. Take the picture again with the camera.")
        raise BadInput("visits.not_a_photo", text, field="photo") from None


def _check_size(opened: Image.Image) -> None:
    width, height = opened.size
    if width * height > MAX_PHOTO_PIXELS:
        text = T("This photo is too large. Take it again with a smaller picture size.")
        raise BadInput("visits.photo_too_large", text, field="photo")
    if min(width, height) < _LEAST_SIDE:
        text = T("This photo is too small to show a slip. Take it again.")
        raise BadInput("visits.photo_too_small", text, field="photo")
