"""Pictures that people send: decoded, drawn anew and stripped of everything but the pixels.

Nothing that arrives is ever served as it came: an upload is accepted for what it decodes to, never
for its name or its declared type, and leaves as a fresh JPEG or PNG without metadata.
"""

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import IO

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_SIDE = 2560
THUMBNAIL_SIDE = 480
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")


class BadPicture(ValueError):
    """The file is not a picture that can be taken; the text says why, for the sender."""


@dataclass(frozen=True)
class Picture:
    """A picture drawn anew. `body` and `thumbnail` are JPEG or PNG bytes; sizes are in pixels."""

    body: bytes
    thumbnail: bytes
    mime: str
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @property
    def suffix(self) -> str:
        return "png" if self.mime == "image/png" else "jpg"


def redraw(upload: IO[bytes]) -> Picture:
    """Decode an upload and draw it anew. Raises BadPicture."""
    raw = upload.read(MAX_BYTES + 1)
    if not raw:
        raise BadPicture(_("The file is empty."))
    if len(raw) > MAX_BYTES:
        raise BadPicture(_("The picture is larger than 10 MB."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return _redraw(raw)
    except BadPicture:
        raise
    except Exception as broken:  # Pillow's decoders raise nearly anything on a damaged file
        raise BadPicture(_("The file is not a picture, or it is damaged. Send JPEG, PNG, GIF or WebP.")) from broken


def _redraw(raw: bytes) -> Picture:
    with Image.open(io.BytesIO(raw), formats=FORMATS) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise BadPicture(_("The picture has more than 40 million pixels."))
        opened.load()
        upright = ImageOps.exif_transpose(opened)
        see_through = "A" in upright.getbands() or "transparency" in upright.info
        mode = "RGBA" if see_through else "RGB"
        pixels = upright.convert(mode)
    # A new image from the bare pixels: no metadata, no trailing bytes, no further frames.
    fresh = Image.frombytes(mode, pixels.size, pixels.tobytes())
    fresh.thumbnail((MAX_SIDE, MAX_SIDE))
    small = fresh.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    mime = "image/png" if see_through else "image/jpeg"
    return Picture(_encode(fresh, mime), _encode(small, mime), mime, fresh.width, fresh.height)


def _encode(image: Image.Image, mime: str) -> bytes:
    out = io.BytesIO()
    if mime == "image/png":
        image.save(out, "PNG")
    else:
        image.save(out, "JPEG", quality=85)
    return out.getvalue()
