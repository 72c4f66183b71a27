"""Files that nobody should send: at least 300, made here, each with a canary where it has room for one."""

import io
import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, PngImagePlugin

CANARY = b"canary-7c0ffee"
WORDS = CANARY.decode()
KINDS = ("JPEG", "PNG", "GIF", "WEBP")


@dataclass(frozen=True)
class Upload:
    """One file. `is_picture` says whether it must be taken (True), refused (False), or either (None)."""

    what: str
    body: bytes
    name: str = "cup.jpg"
    is_picture: bool | None = None


def corpus() -> list[Upload]:
    """All of them."""
    parts = (_bombs(), _truncated(), _polyglots(), _noted(), _other_kinds(), _named(), _mutated(100))
    return [upload for part in parts for upload in part]


def mutated(number: int, seed: int) -> list[Upload]:
    """More damaged ones, for long runs."""
    return list(_mutated(number, seed))


@cache
def good(kind: str) -> bytes:
    """A picture that anybody could send."""
    image = Image.new("RGB", (90, 60), "teal")
    ImageDraw.Draw(image).ellipse((10, 10, 60, 50), "orange")
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, depth: int = 8, color: int = 2, *extra: bytes) -> bytes:
    """A PNG that claims a size, with a single row behind it."""
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    rows = zlib.compress(b"\0" * (1 + min(width, 10_000) * 8))
    chunks = [_chunk(b"IHDR", head), *extra, _chunk(b"IDAT", rows), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _gif(width: int, height: int, frames: int) -> bytes:
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + frame * frames + b";"


def _bombs() -> Iterator[Upload]:
    sizes = ((60_000, 60_000), (2**31 - 1, 1), (1, 2**31 - 1), (2**31 - 1, 2**31 - 1), (65_535, 65_535), (8_000, 8_000))
    for width, height in sizes:
        for depth, color in ((1, 0), (8, 2), (16, 6), (8, 3)):
            yield Upload(
                f"PNG that claims {width} x {height}, {depth}/{color}",
                _png(width, height, depth, color),
                is_picture=False,
            )
    for kilobytes in (1_000, 50_000, 200_000):
        packed = zlib.compress(b"\0" * 1024 * kilobytes, 9)
        for kind in (b"zTXt", b"iTXt", b"iCCP"):
            head = b"x\0\0" if kind != b"iTXt" else b"x\0\1\0\0\0"
            yield Upload(f"{kind.decode()} of {kilobytes} kB", _png(20, 20, 8, 2, _chunk(kind, head + packed)))
    for frames in (2, 2_000, 20_000):
        yield Upload(f"GIF of {frames} frames", _gif(1, 1, frames))
    for width, height in ((65_535, 65_535), (65_535, 1), (30_000, 2_000)):
        yield Upload(f"GIF that claims {width} x {height}", _gif(width, height, 1))
    for scans in (60, 2_000):
        yield Upload(
            f"JPEG of {scans} scans",
            good("JPEG")[:-2] + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" * scans + b"\xff\xd9",
        )
    yield Upload("a JPEG that claims 65535 x 65535", _claiming(good("JPEG"), 65_535, 65_535), is_picture=False)


def _claiming(jpeg: bytes, width: int, height: int) -> bytes:
    place = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:place] + struct.pack(">HH", height, width) + jpeg[place + 4 :]


def _truncated() -> Iterator[Upload]:
    for kind in KINDS:
        body = good(kind)
        for part in range(20):
            yield Upload(f"{kind} cut after {part}/20", body[: len(body) * part // 20])


TAILS = {
    "HTML": b"<html><script>alert(1)</script>",
    "PHP": b"<?php system($_GET['c']); ?>",
    "ZIP": b"PK\x03\x04",
    "PDF": b"%PDF-1.7\n1 0 obj<</OpenAction 2 0 R>>",
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "ELF": b"\x7fELF\x02\x01\x01",
    "MZ": b"MZ\x90\x00",
    "JS": b"/*\n*/=1;alert(1);//",
    "RAR": b"Rar!\x1a\x07\x00",
    "mail": b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n",
}


def _polyglots() -> Iterator[Upload]:
    for kind in KINDS:
        for what, tail in TAILS.items():
            yield Upload(f"{kind} with {what} behind it", good(kind) + tail + CANARY, is_picture=True)
    for what, tail in TAILS.items():
        yield Upload(f"{what} with a JPEG behind it", tail + CANARY + good("JPEG"), is_picture=False)


def _noted() -> Iterator[Upload]:
    """Pictures that say where they were taken, by whom, and more."""
    image = Image.open(io.BytesIO(good("PNG"))).convert("RGB")
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x8298] = WORDS, WORDS, WORDS
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 29: WORDS})
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + CANARY
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", WORDS)
    texts.add_text("Author", WORDS, zip=True)
    texts.add_itxt("XML:com.adobe.xmp", f"<x:xmpmeta>{WORDS}</x:xmpmeta>")
    packet = f"<x:xmpmeta>{WORDS}</x:xmpmeta>".encode()
    for what, kind, options in (
        ("EXIF", "JPEG", {"exif": exif}),
        ("EXIF", "PNG", {"exif": exif}),
        ("EXIF", "WEBP", {"exif": exif}),
        ("XMP", "JPEG", {"xmp": packet}),
        ("XMP", "WEBP", {"xmp": packet}),
        ("a comment", "JPEG", {"comment": CANARY}),
        ("a comment", "GIF", {"comment": CANARY}),
        ("texts", "PNG", {"pnginfo": texts}),
        ("a profile", "JPEG", {"icc_profile": b"\0" * 128 + CANARY}),
        ("a profile", "PNG", {"icc_profile": b"\0" * 128 + CANARY}),
        ("a profile", "WEBP", {"icc_profile": b"\0" * 128 + CANARY}),
    ):
        out = io.BytesIO()
        image.save(out, kind, **options)
        assert CANARY in out.getvalue() or kind == "PNG", what  # packed there
        yield Upload(f"{kind} with {what}", out.getvalue(), is_picture=True)


def _other_kinds() -> Iterator[Upload]:
    image = Image.open(io.BytesIO(good("PNG"))).convert("RGB")
    for kind in ("BMP", "TIFF", "ICO", "PPM", "TGA", "PCX", "EPS", "PDF", "SGI", "DDS"):
        out = io.BytesIO()
        image.save(out, kind)
        for name in ("cup.jpg", f"cup.{kind.lower()}"):
            yield Upload(f"{kind} called {name}", out.getvalue(), name, is_picture=False)
    texts = {
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "HTML": b"<!doctype html><script>alert(1)</script>",
        "XML": b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>",
        "MVG": b"push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1/'\npop graphic-context",
        "PostScript": b"%!PS\n(%pipe%id) (r) file",
        "a link": b"../../../../etc/passwd",
        "nothing": b"",
        "zeros": b"\0" * 10_000,
        "a word": b"GIF89a",
        "PNG's first bytes": b"\x89PNG\r\n\x1a\n",
        "JPEG's first bytes": b"\xff\xd8\xff",
        "WebP's first bytes": b"RIFF\xff\xff\xff\xffWEBPVP8X",
        "AVIF": b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B",
        "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n",
    }
    for what, body in texts.items():
        for name in ("cup.jpg", "cup.png", "cup.svg", "cup.html"):
            yield Upload(f"{what} called {name}", body, name, is_picture=False)


NAMES = (
    "cup.php", "cup.jpg.php", "cup.php.jpg", "cup.pht", "cup.svg", "cup.html", "cup.exe", "cup", ".jpg", "..",
    ".htaccess", "../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd", "C:\\cup.jpg", "cup\x00.php",
    "cup.jpg\r\nX-Evil: 1",
    "cup\u202egpj.exe", "\u2066cup\u2069.jpg", "\u200bcup\ufeff.jpg", "<img src=x onerror=alert(1)>.jpg",
    '"><script>alert(1)</script>.jpg', "'; DROP TABLE tickets; --.jpg", "%2e%2e%2fcup.jpg", "cup.jpg;.html", "con.jpg",
    "צלוחית.jpg", "كوب.jpg", "杯子.jpg", "👩‍👩‍👧‍👦.jpg", "Z̸̢̛a̵l̶g̷o̸.jpg", "a" * 300 + ".jpg", "a" * 5_000,
    "\ud83d.jpg", " ", "cup.jpg ", "${7*7}.jpg",
    "{{7*7}}.jpg", "cup.jpg?x=1#y", "|id.jpg",
)  # fmt: skip


def _named() -> Iterator[Upload]:
    for name in NAMES:
        yield Upload(f"a cup called {name[:40]!r} ({len(name)})", good("JPEG"), name, is_picture=True)


def _mutated(number: int, seed: int = 1) -> Iterator[Upload]:
    chance = random.Random(seed)
    for one in range(number):
        kind = chance.choice(KINDS)
        body = bytearray(good(kind))
        for _flip in range(chance.randrange(1, 12)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        if chance.random() < 0.2:
            place = chance.randrange(len(body))
            body[place:place] = chance.randbytes(chance.randrange(1, 400))
        yield Upload(f"{kind} with damage {seed}.{one}", bytes(body))
