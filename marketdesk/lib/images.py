"""Pictures that people send: decoded, drawn anew and stripped of everything but the pixels.

Nothing that arrives is ever served as it came: an upload is accepted for what it decodes to, never
for its name or its declared type, and leaves as a fresh JPEG or PNG without metadata.
"""

import hashlib
import io
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from typing import IO

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_SIDE = 2560
THUMBNAIL_SIDE = 480
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
# A progressive JPEG has about ten scans. Each costs a pass over the whole picture, and 65 bytes are enough for one:
# a file of 10 MB could keep a processor busy for an hour.
MAX_SCANS = 100
# A picture of 40 million pixels takes up to 600 MB while it is read, so large ones wait for each other.
LARGE = 12_000_000
_one_large = threading.Lock()


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
        return _redraw(raw)
    except BadPicture:
        raise
    except Exception as broken:  # Pillow's decoders raise nearly anything on a damaged file
        raise BadPicture(_("The file is not a picture, or it is damaged. Send JPEG, PNG, GIF or WebP.")) from broken


def _redraw(raw: bytes) -> Picture:
    with Image.open(io.BytesIO(raw), formats=FORMATS) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise BadPicture(_("The picture has more than 40 million pixels."))
        if opened.format in {"JPEG", "MPO"} and raw.count(b"\xff\xda") > MAX_SCANS:
            raise BadPicture(
                _("The picture is built in a way that takes too long to read. Save it anew and try again.")
            )
        with _one_large if opened.width * opened.height > LARGE else nullcontext():
            pixels = _shrunk(opened)
    # A new image from the bare pixels: no metadata, no trailing bytes, no further frames.
    fresh = Image.frombytes(pixels.mode, pixels.size, pixels.tobytes())
    small = fresh.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    mime = "image/png" if fresh.mode == "RGBA" else "image/jpeg"
    return Picture(_encode(fresh, mime), _encode(small, mime), mime, fresh.width, fresh.height)


def _shrunk(opened: Image.Image) -> Image.Image:
    """The first frame, upright and no larger than we keep it. Made small as early as possible: a large JPEG is
    decoded at half its size or less, and no large copy is kept."""
    opened.draft(None, (MAX_SIDE, MAX_SIDE))
    opened.load()
    if opened.mode.startswith("I"):  # 16 bits of grey, which Pillow would cut off instead of scaling down
        opened = opened.point(lambda grey: grey * (1 / 256)).convert("L")
    mode = "RGBA" if "A" in opened.getbands() or "transparency" in opened.info else "RGB"
    pixels = opened if opened.mode == mode else opened.convert(mode)
    pixels.thumbnail((MAX_SIDE, MAX_SIDE))
    return ImageOps.exif_transpose(pixels)


def _encode(image: Image.Image, mime: str) -> bytes:
    out = io.BytesIO()
    if mime == "image/png":
        image.save(out, "PNG")
    else:
        image.save(out, "JPEG", quality=85)
    return out.getvalue()
