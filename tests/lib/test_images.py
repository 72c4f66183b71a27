"""Pictures: whatever arrives, what leaves is a fresh JPEG or PNG of the pixels alone - or words."""

import io
import re
import resource
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from marketdesk.lib import drawing, images
from marketdesk.lib.images import BadPicture

CANARY = b"canary-5b1f"


@pytest.fixture(autouse=True)
def drawn_once() -> None:
    """Here every picture is drawn."""


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def redraw(raw: bytes) -> images.Picture:
    return images.redraw(io.BytesIO(raw))


def opened(body: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


def photo(width: int = 60, height: int = 40) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), "blue")
    ImageDraw.Draw(image).rectangle((0, 0, width // 2, height), "red")
    return image


def png(width: int, height: int, depth: int, color: int, bits: int, rows: int | None = None) -> bytes:
    """A PNG of zeros, of any claimed size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    row = b"\0" * (1 + width * bits // 8)
    data = b"".join(packer.compress(row) for _ in range(height if rows is None else rows)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


# What is taken


@pytest.mark.parametrize("kind", images.FORMATS)
def test_the_four_kinds_are_taken_and_drawn_anew(kind: str) -> None:
    picture = redraw(encoded(photo(), kind))

    fresh = opened(picture.body)
    assert (fresh.format, fresh.size) == ("JPEG", (60, 40))
    assert (picture.mime, picture.suffix, picture.width, picture.height) == ("image/jpeg", "jpg", 60, 40)
    red, _green, blue = fresh.convert("RGB").getpixel((10, 20))  # type: ignore[misc]
    assert red > 200 > 60 > blue


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_is_see_through_stays_so(kind: str) -> None:
    picture = redraw(encoded(Image.new("RGBA", (30, 30), (255, 0, 0, 0)), kind))

    assert (picture.mime, picture.suffix) == ("image/png", "png")
    assert opened(picture.body).getpixel((5, 5))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "I;16", "CMYK", "RGBA"])
def test_every_mode_of_colour_is_taken(mode: str) -> None:
    image = Image.new("I;16", (30, 30), 40_000) if mode == "I;16" else photo().convert(mode)

    assert redraw(encoded(image, "JPEG" if mode == "CMYK" else "PNG")).width in (30, 60)


def test_a_grey_of_sixteen_bits_keeps_its_brightness() -> None:
    picture = redraw(encoded(Image.new("I;16", (30, 30), 128 * 256), "PNG"))

    assert abs(opened(picture.body).getpixel((5, 5))[0] - 128) < 4  # type: ignore[index]


def test_a_large_picture_is_made_smaller_and_keeps_its_shape() -> None:
    picture = redraw(encoded(photo(5000, 2500), "JPEG"))

    assert (picture.width, picture.height) == (images.MAX_SIDE, images.MAX_SIDE // 2)
    assert opened(picture.thumbnail).size == (images.THUMBNAIL_SIDE, images.THUMBNAIL_SIDE // 2)


@pytest.mark.parametrize("size", [(60, 40), (5000, 2500)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_taken_upright_stands_upright(kind: str, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees

    picture = redraw(encoded(photo(*size), kind, exif=exif))

    assert picture.height == picture.width * size[0] // size[1]
    top = opened(picture.body).convert("RGB").getpixel((picture.width // 2, picture.height // 10))
    assert top[0] > 200  # type: ignore[index]


def test_only_the_first_frame_is_kept() -> None:
    frames = [Image.new("P", (50, 50), number) for number in range(200)]
    raw = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])

    assert getattr(opened(redraw(raw).body), "n_frames", 1) == 1


def test_a_slightly_damaged_note_of_the_camera_spoils_no_photo() -> None:
    raw = encoded(photo(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 20)

    assert redraw(raw).width == 60


# What does not come through


def test_where_a_photo_was_taken_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010E] = CANARY.decode()
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (53.0, 33.0, 7.0)
    raw = encoded(photo(), "JPEG", exif=exif, comment=CANARY)
    assert CANARY in raw

    picture = redraw(raw)

    for body in (picture.body, picture.thumbnail):
        assert CANARY not in body
        assert not opened(body).getexif()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
@pytest.mark.parametrize("tail", [b"<script>alert(1)</script>", b"<?php system($_GET[0]); ?>", b"PK\x03\x04zip"])
def test_what_hangs_behind_a_picture_is_gone(kind: str, tail: bytes) -> None:
    picture = redraw(encoded(photo(), kind) + tail + CANARY)

    for body in (picture.body, picture.thumbnail):
        assert tail not in body
        assert CANARY not in body


def test_texts_inside_a_png_are_gone() -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Comment", CANARY.decode())
    info.add_itxt("XML:com.adobe.xmp", CANARY.decode())

    picture = redraw(encoded(photo().convert("RGBA"), "PNG", pnginfo=info, icc_profile=CANARY))

    assert CANARY not in picture.body
    assert not {key for key in opened(picture.body).info if key != "srgb"}


# What is refused, in words and at once


def _jpeg_of_many_scans(scans: int) -> bytes:
    raw = encoded(photo(64, 64), "JPEG", progressive=True)
    last = raw[raw.rfind(b"\xff\xda") : -2]
    return raw[:-2] + last * scans + b"\xff\xd9"


def _text_bomb() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    raw = png(10, 10, 8, 2, 24)
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 200_000_000, 9))
    return raw[:33] + text + raw[33:]


REFUSED: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "HTML": lambda: b"<html><script>alert(1)</script></html>",
    "SVG": lambda: b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "TIFF": lambda: encoded(photo(), "TIFF"),
    "BMP": lambda: encoded(photo(), "BMP"),
    "EPS": lambda: encoded(photo(), "EPS"),
    "PDF": lambda: encoded(photo(), "PDF"),
    "ICO": lambda: encoded(photo(), "ICO"),
    "JPEG 2000": lambda: encoded(photo(), "JPEG2000"),
    "half a JPEG": lambda: encoded(Image.effect_noise((200, 200), 90).convert("RGB"), "JPEG")[:3000],
    "half a PNG": lambda: encoded(Image.effect_noise((200, 200), 90), "PNG")[:3000],
    "half a GIF": lambda: encoded(Image.effect_noise((200, 200), 90), "GIF")[:3000],
    "half a WebP": lambda: encoded(Image.effect_noise((200, 200), 90).convert("RGB"), "WEBP")[:3000],
    "head of a GIF": lambda: b"GIF89a",
    "head of a PNG": lambda: b"\x89PNG\r\n\x1a\n",
    "zeros": lambda: bytes(1000),
    "a picture of 2^31-1 by 2^31-1": lambda: png(2**31 - 1, 2**31 - 1, 1, 0, 0, rows=0),
    "60,000 by 60,000": lambda: png(60_000, 60_000, 1, 0, 1, rows=100),
    "just over 40 million pixels": lambda: png(8001, 5000, 1, 0, 1, rows=1),
    "a GIF that claims 65,535 by 65,535": lambda: b"GIF89a\xff\xff\xff\xff\x00\x00\x00;",
    "a JPEG of a thousand scans": lambda: _jpeg_of_many_scans(1000),
    "a text of 200 MB inside": _text_bomb,
    "more than 10 MB": lambda: b"\xff\xd8\xff" + bytes(images.MAX_BYTES),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_in_words_and_at_once(what: str) -> None:
    raw = REFUSED[what]()
    began = time.monotonic()

    with pytest.raises(BadPicture) as refusal:
        redraw(raw)

    assert time.monotonic() - began < 3
    assert str(refusal.value).endswith(".")


def _huge(kind: str, mode: str) -> Callable[[], bytes]:
    return lambda: encoded(Image.new(mode, (8000, 5000)), kind, **({"method": 0} if kind == "WEBP" else {}))


WORST: dict[str, Callable[[], bytes]] = {
    "40 million pixels of PNG, see-through": lambda: png(8000, 5000, 8, 6, 32),
    "40 million pixels of PNG, grey and see-through": lambda: png(8000, 5000, 8, 4, 16),
    "40 million pixels of PNG, 16 bits": lambda: png(8000, 5000, 16, 0, 16),
    "40 million pixels of GIF": _huge("GIF", "P"),
    "40 million pixels of WebP": _huge("WEBP", "RGB"),
    "40 million pixels of JPEG in many scans": lambda: encoded(
        Image.new("RGB", (8000, 5000)), "JPEG", progressive=True, subsampling=0
    ),
}


MEASURED = """
import runpy, sys
try:
    runpy.run_path(sys.argv[1], run_name="__main__")
finally:
    sys.stderr.write(open("/proc/self/status").read())
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux says how much memory a program took")
@pytest.mark.parametrize("what", WORST)
def test_the_worst_picture_takes_no_more_than_it_may(what: str) -> None:
    """Taken or refused: at most 320 MB, the program itself included, and no more than its seconds."""
    raw = WORST[what]()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)

    drawn = subprocess.run(
        [sys.executable, "-I", "-c", MEASURED, drawing.__file__], input=raw, capture_output=True, check=False
    )

    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    kilobytes = re.search(rb"VmHWM:\s+(\d+)", drawn.stderr)
    assert kilobytes
    assert int(kilobytes[1]) < 320 * 1024
    assert after.ru_utime - before.ru_utime < drawing.SECONDS


def test_a_picture_too_large_to_be_read_is_not_called_damaged() -> None:
    with pytest.raises(BadPicture, match="takes too long to read"):
        redraw(WORST["40 million pixels of PNG, grey and see-through"]())


def test_a_decoder_that_dies_takes_nobody_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    dying = tmp_path / "dying.py"
    dying.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setattr(drawing, "__file__", str(dying))

    with pytest.raises(BadPicture):
        redraw(encoded(photo(), "PNG"))


def test_the_program_that_draws_knows_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    telling = tmp_path / "telling.py"
    telling.write_text("import os, json; print(json.dumps({'refused': '', 'told': list(os.environ)}))")
    monkeypatch.setattr(drawing, "__file__", str(telling))
    monkeypatch.setenv("MARKETDESK_SECRET_KEY", CANARY.decode())

    said, _drawn = images._draw(b"x")

    assert "MARKETDESK_SECRET_KEY" not in said["told"]


def test_the_reasons_are_told_apart() -> None:
    def words(what: str) -> str:
        with pytest.raises(BadPicture) as refusal:
            redraw(REFUSED[what]())
        return str(refusal.value)

    assert words("empty") == "The file is empty."
    assert words("more than 10 MB") == "The picture is larger than 10 MB."
    assert words("just over 40 million pixels") == "The picture has more than 40 million pixels."
    assert words("SVG").startswith("The file is not a picture")


def test_a_progressive_photo_is_not_taken_for_a_bomb() -> None:
    assert redraw(encoded(photo(), "JPEG", progressive=True)).width == 60


def test_no_more_is_read_than_can_be_taken() -> None:
    class Endless(io.RawIOBase):
        asked = 0

        def read(self, size: int = -1) -> bytes:
            self.asked = size
            return bytes(size)

    endless = Endless()
    with pytest.raises(BadPicture):
        images.redraw(endless)  # type: ignore[arg-type]

    assert endless.asked == images.MAX_BYTES + 1
