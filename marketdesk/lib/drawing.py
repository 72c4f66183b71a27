"""Draws a picture anew, as a program of its own: what a stranger's file does to a decoder, it does to a process that
holds no secret, may take only so much memory and time, and is gone afterwards.

Reads an upload on standard input. Writes one line, and behind it the bytes that the line announces: the picture and
its thumbnail; or one line that says why not. Knows nothing of Django, so that it starts quickly.
"""

import contextlib
import io
import json
import sys

from PIL import Image, ImageOps

MAX_PIXELS = 40_000_000
MAX_SIDE = 2560
THUMBNAIL_SIDE = 480
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
# A progressive JPEG has about ten scans. Each costs a pass over the whole picture, and 65 bytes are enough for one:
# a file of 10 MB could keep a processor busy for an hour.
MAX_SCANS = 50
# A decoder that gets no more memory calls the file damaged; so large a picture is not told that it is.
LARGE = 12_000_000
MEMORY = 300 * 1024 * 1024
SECONDS = 5


class Refused(Exception):
    """It is a picture, but not one that is drawn; the text is the reason's name."""


def draw(raw: bytes) -> tuple[dict[str, object], bytes, bytes]:
    """What the first line says, the picture and its thumbnail. Raises Refused, or nearly anything on damage."""
    with Image.open(io.BytesIO(raw), formats=FORMATS) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise Refused("pixels")
        if opened.format in {"JPEG", "MPO"} and raw.count(b"\xff\xda") > MAX_SCANS:
            raise Refused("slow")
        try:
            pixels = _shrunk(opened)
        except OSError as broken:
            if opened.width * opened.height > LARGE:
                raise Refused("slow") from broken
            raise
    # A new image from the bare pixels: no metadata, no trailing bytes, no further frames.
    fresh = Image.frombytes(pixels.mode, pixels.size, pixels.tobytes())
    small = fresh.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    mime = "image/png" if fresh.mode == "RGBA" else "image/jpeg"
    body, thumbnail = _encode(fresh, mime), _encode(small, mime)
    return {"mime": mime, "width": fresh.width, "height": fresh.height, "size": len(body)}, body, thumbnail


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


def _bind() -> None:
    """Take no more memory and time than that, where the system can see to it."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


def main() -> None:
    """Draw what standard input holds."""
    _bind()
    try:
        said, *drawn = draw(sys.stdin.buffer.read())
    except (Refused, MemoryError) as refusal:
        said, drawn = {"refused": str(refusal) or "slow"}, []
    sys.stdout.buffer.write(b"".join([json.dumps(said).encode(), b"\n", *drawn]))


if __name__ == "__main__":
    main()
