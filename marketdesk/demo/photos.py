"""Draws small, deterministic, believable customer snapshots (JPEG) of damaged goods for the demo world."""
# ruff: noqa: PLR0915, PLR0917 - a drawing is a long list of strokes

from __future__ import annotations

import io
import itertools
import math
import random
from collections.abc import Callable, Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

Point = tuple[float, float]
Colour = tuple[int, int, int]

OUT = (640, 480)
W, H = 960, 720
MAX_BYTES = 60_000


def _noise(rng: random.Random, size: tuple[int, int], cells: tuple[int, int]) -> Image.Image:
    """Smooth value noise: random cells, scaled up."""
    cw, ch = max(2, cells[0]), max(2, cells[1])
    return Image.frombytes("L", (cw, ch), rng.randbytes(cw * ch)).resize(size, Image.Resampling.BICUBIC)


def _fractal(rng: random.Random, size: tuple[int, int], cells: tuple[int, int], octaves: int = 4) -> Image.Image:
    """Several layers of noise, each finer and weaker than the one before."""
    image = _noise(rng, size, cells)
    for octave in range(1, octaves):
        finer = _noise(rng, size, (cells[0] << octave, cells[1] << octave))
        image = Image.blend(image, finer, 1 / (octave + 1.6))
    return ImageOps.autocontrast(image, cutoff=1)


def _tint(grey: Image.Image, dark: Colour, light: Colour) -> Image.Image:
    return ImageOps.colorize(grey, dark, light)


def _scale(colour: Colour, factor: float) -> Colour:
    r, g, b = (max(0, min(255, round(part * factor))) for part in colour)
    return r, g, b


def _relief(height: Image.Image, shift: int, strength: float) -> Image.Image:
    """Turns a height map into light and shade around a middle grey of 128."""
    moved = ImageChops.offset(height, shift, shift)
    return ImageChops.subtract(height, moved, scale=1 / strength, offset=128)


def _light(image: Image.Image, shade: Image.Image) -> Image.Image:
    """Applies a shade map (128 = unchanged) to a picture."""
    lut = [min(255, value * 2) for value in range(256)]
    dark = shade.point(lut)
    bright = shade.point([max(0, value - 128) for value in range(256)])
    image = ImageChops.multiply(image, Image.merge("RGB", (dark, dark, dark)))
    return ImageChops.screen(image, Image.merge("RGB", (bright, bright, bright)))


def _solve(rows: list[list[float]]) -> list[float]:
    """Gauss-Jordan elimination of an augmented matrix."""
    n = len(rows)
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        lead = rows[i][i]
        rows[i] = [value / lead for value in rows[i]]
        for r in range(n):
            if r != i:
                factor = rows[r][i]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i], strict=True)]
    return [row[n] for row in rows]


def _mask(polygon: Sequence[Point], blur: float = 0.7) -> Image.Image:
    mask = Image.new("L", (W, H), 0)
    ImageDraw.Draw(mask).polygon(list(polygon), fill=255)
    return mask.filter(ImageFilter.GaussianBlur(blur)) if blur else mask


def _put(canvas: Image.Image, texture: Image.Image, quad: Sequence[Point], blur: float = 0.7) -> None:
    """Lays a texture in perspective on the quadrilateral (top left, top right, bottom right, bottom left)."""
    w, h = texture.size
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(quad, ((0, 0), (w, 0), (w, h), (0, h)), strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    warped = texture.transform((W, H), Image.Transform.PERSPECTIVE, tuple(_solve(rows)), Image.Resampling.BICUBIC)
    mask = _mask(quad, blur)
    if warped.mode == "RGBA":
        mask = ImageChops.multiply(mask, warped.getchannel("A"))
    canvas.paste(warped.convert("RGB"), (0, 0), mask)


def _darken(canvas: Image.Image, mask: Image.Image, amount: float, colour: Colour = (18, 12, 10)) -> None:
    canvas.paste(Image.new("RGB", (W, H), colour), (0, 0), mask.point([round(v * amount) for v in range(256)]))


def _shadow(canvas: Image.Image, polygon: Sequence[Point], blur: float, amount: float) -> None:
    _darken(canvas, _mask(polygon, blur), amount)


class _Camera:
    """A pinhole camera that looks down on a table top (x right, y away, z up)."""

    def __init__(self, rng: random.Random, pitch: float) -> None:
        self.pitch = math.radians(pitch + rng.uniform(-3, 3))
        self.yaw = math.radians(rng.uniform(-7, 7))
        self.roll = math.radians(rng.uniform(-4, 4))
        self.away = 10.0
        self.focal = W * 1.15
        self.shift = (rng.uniform(-25, 25), rng.uniform(-20, 20))

    def __call__(self, x: float, y: float, z: float = 0.0) -> Point:
        x, y = (
            x * math.cos(self.yaw) - y * math.sin(self.yaw),
            x * math.sin(self.yaw) + y * math.cos(self.yaw),
        )
        up = y * math.sin(self.pitch) + z * math.cos(self.pitch)
        depth = self.away + y * math.cos(self.pitch) - z * math.sin(self.pitch)
        u, v = self.focal * x / depth, -self.focal * up / depth
        u, v = (
            u * math.cos(self.roll) - v * math.sin(self.roll),
            u * math.sin(self.roll) + v * math.cos(self.roll),
        )
        return W / 2 + u + self.shift[0], H / 2 + v + self.shift[1]


def _wood(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    """Planks with a fine grain."""
    dark, light = rng.choice(
        (((96, 62, 38), (178, 128, 84)), ((134, 100, 66), (206, 170, 126)), ((62, 44, 34), (122, 90, 66)))
    )
    w, h = size
    plank = h // rng.choice((4, 5, 6))
    image = Image.new("RGB", size)
    for top in range(0, h, plank):
        grain = Image.blend(
            _fractal(rng, (w, plank), (4, 14), 4), _noise(rng, (w, plank), (12, max(2, plank // 2))), 0.35
        )
        factor = rng.uniform(0.9, 1.07)
        image.paste(_tint(grain, _scale(dark, factor), _scale(light, factor)), (0, top))
        ImageDraw.Draw(image).line((0, top, w, top), fill=_scale(dark, 0.45), width=3)
    return image


def _cloth(rng: random.Random, size: tuple[int, int], colour: Colour, thread: int = 3) -> Image.Image:
    """A woven cloth."""
    w, h = size
    warp = _noise(rng, size, (w // thread, max(2, h // 60)))
    weft = _noise(rng, size, (max(2, w // 60), h // thread))
    weave = Image.blend(Image.blend(warp, weft, 0.5), _fractal(rng, size, (5, 5), 5), 0.3)
    return _tint(ImageOps.autocontrast(weave, cutoff=1), _scale(colour, 0.7), _scale(colour, 1.12))


def _stone(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    """A speckled kitchen worktop."""
    base = Image.blend(_fractal(rng, size, (6, 6), 5), _noise(rng, size, (size[0] // 5, size[1] // 5)), 0.45)
    dark, light = rng.choice((((150, 146, 140), (222, 219, 212)), ((78, 80, 84), (138, 140, 144))))
    return _tint(base, dark, light)


def _room(rng: random.Random, camera: _Camera) -> Image.Image:
    """The table with a blurred room behind it."""
    wall = rng.choice(((196, 188, 174), (172, 180, 182), (204, 192, 182)))
    canvas = _tint(_noise(rng, (W, H), (4, 3)), _scale(wall, 0.72), wall)
    draw = ImageDraw.Draw(canvas)
    for _ in range(rng.randint(2, 4)):
        x, y = rng.uniform(0, W), rng.uniform(-60, 120)
        tone = _scale(rng.choice(((120, 84, 62), (70, 92, 104), (226, 218, 200), (96, 108, 82))), rng.uniform(0.7, 1.0))
        draw.rectangle((x, y - 180, x + rng.uniform(60, 240), y + rng.uniform(40, 150)), fill=tone)
    canvas = canvas.filter(ImageFilter.GaussianBlur(18))
    size = (1500, 1300)
    roll = rng.random()
    if roll < 0.6:
        top = _wood(rng, size)
    elif roll < 0.8:
        top = _stone(rng, size)
    else:
        top = _cloth(rng, size, rng.choice(((214, 204, 186), (120, 136, 148), (168, 96, 84))), 4)
    quad = [camera(-8, 5.2), camera(8, 5.2), camera(8, -5.5), camera(-8, -5.5)]
    _put(canvas, top, quad, 3)
    far = canvas.filter(ImageFilter.GaussianBlur(4))
    fade = Image.linear_gradient("L").resize((W, H)).point([max(0, 255 - round(v * 3.4)) for v in range(256)])
    canvas.paste(far, (0, 0), fade)
    return canvas


def _cardboard(rng: random.Random, size: tuple[int, int], factor: float = 1.0) -> Image.Image:
    """Brown board with fibres, faint flutes and some scuffs."""
    w, h = size
    fibres = Image.blend(_fractal(rng, size, (6, 6), 5), _noise(rng, size, (w // 3, h // 16)), 0.35)
    flutes = _noise(rng, size, (w // 10, 2))
    board = _tint(Image.blend(fibres, flutes, 0.18), _scale((158, 118, 78), factor), _scale((206, 166, 120), factor))
    scuffs = Image.new("L", size, 0)
    draw = ImageDraw.Draw(scuffs)
    for _ in range(rng.randint(5, 12)):
        x, y, a = rng.uniform(0, w), rng.uniform(0, h), rng.uniform(0, math.tau)
        length = rng.uniform(10, 70)
        draw.line((x, y, x + length * math.cos(a), y + length * math.sin(a)), fill=rng.randint(30, 90), width=2)
    board.paste(Image.new("RGB", size, (226, 198, 160)), (0, 0), scuffs.filter(ImageFilter.GaussianBlur(1.2)))
    return board


def _sticker(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    """A shipping label: bar code, address lines and boxes, nothing that means anything."""
    w, h = size
    paper = _tint(_fractal(rng, size, (5, 5), 5), (226, 224, 218), (247, 246, 242))
    draw = ImageDraw.Draw(paper)
    ink = (34, 34, 38)
    edge = w // 24
    draw.rectangle((edge, edge, w - edge, h - edge), outline=ink, width=max(2, w // 160))
    draw.line((edge, h * 0.2, w - edge, h * 0.2), fill=ink, width=max(2, w // 160))
    draw.line((edge, h * 0.56, w - edge, h * 0.56), fill=ink, width=max(2, w // 160))
    draw.text((edge * 2, h * 0.075), "BAZARIO", fill=ink, font=ImageFont.load_default(h * 0.1))
    draw.rectangle((w * 0.76, h * 0.07, w * 0.91, h * 0.17), fill=ink)
    draw.text(
        (w * 0.79, h * 0.075),
        f"{rng.randint(10, 99)}",
        fill=(240, 240, 238),
        font=ImageFont.load_default(h * 0.08),
    )
    for row in range(4):
        x, y = edge * 2.0, h * (0.25 + row * 0.075)
        for _ in range(rng.randint(2, 4)):
            word = w * rng.uniform(0.06, 0.16)
            while word > 4:
                draw.rectangle((x, y, x + w * 0.012, y + h * rng.choice((0.026, 0.034))), fill=(70, 70, 76))
                x, word = x + w * 0.018, word - w * 0.018
            x += w * 0.03
    bar = edge * 2.5
    while bar < w - edge * 2.5:
        thick = rng.choice((1, 1, 2, 3)) * w / 220
        draw.rectangle((bar, h * 0.61, bar + thick, h * 0.84), fill=ink)
        bar += thick + rng.choice((1, 2, 2, 3)) * w / 220
    number = " ".join(f"{rng.randint(0, 9999):04d}" for _ in range(4))
    draw.text((w * 0.2, h * 0.86), number, fill=ink, font=ImageFont.load_default(h * 0.06))
    return paper


def _between(a: Point, b: Point, share: float) -> Point:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _jagged(rng: random.Random, a: Point, b: Point, steps: int, sway: float) -> list[Point]:
    """A ragged line from a to b."""
    length = math.dist(a, b) or 1.0
    nx, ny = -(b[1] - a[1]) / length, (b[0] - a[0]) / length
    points = [a]
    for step in range(1, steps):
        x, y = _between(a, b, (step + rng.uniform(-0.35, 0.35)) / steps)
        off = rng.uniform(-sway, sway)
        points.append((x + nx * off, y + ny * off))
    return [*points, b]


def _stroke(
    canvas: Image.Image,
    points: Sequence[Point],
    colour: Colour,
    width: int,
    alpha: int = 255,
    blur: float = 0.6,
) -> None:
    mask = Image.new("L", (W, H), 0)
    ImageDraw.Draw(mask).line(list(points), fill=alpha, width=width, joint="curve")
    canvas.paste(Image.new("RGB", (W, H), colour), (0, 0), mask.filter(ImageFilter.GaussianBlur(blur)))


def _parcel(rng: random.Random) -> Image.Image:
    """A parcel on a table, one corner pushed in."""
    camera = _Camera(rng, 38)
    canvas = _room(rng, camera)
    wide, deep, high = rng.uniform(3.4, 4.4), rng.uniform(2.4, 3.2), rng.uniform(1.5, 2.3)
    turn = math.radians(rng.choice((-1, 1)) * rng.uniform(20, 38))

    def at(x: float, y: float, z: float) -> Point:
        return camera(x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn) - 0.4, z)

    x, y = wide / 2, deep / 2
    side = 1 if turn < 0 else -1
    _shadow(
        canvas,
        [at(-x - 0.1, -y - 0.1, 0), at(x + 0.9, -y - 0.2, 0), at(x + 1.1, y, 0), at(-x, y, 0)],
        26,
        0.55,
    )
    _shadow(canvas, [at(-x, -y, 0), at(x, -y, 0), at(x, y, 0), at(-x, y, 0)], 7, 0.7)
    front = [at(-x, -y, high), at(x, -y, high), at(x, -y, 0), at(-x, -y, 0)]
    flank = [
        at(side * x, -y * side, high),
        at(side * x, y * side, high),
        at(side * x, y * side, 0),
        at(side * x, -y * side, 0),
    ]
    lid = [at(-x, y, high), at(x, y, high), at(x, -y, high), at(-x, -y, high)]
    top = _cardboard(rng, (int(wide * 200), int(deep * 200)), 1.08)
    draw = ImageDraw.Draw(top, "RGBA")
    tw, th = top.size
    draw.line((0, th / 2, tw, th / 2), fill=(70, 46, 26, 200), width=4)
    draw.rectangle((0, th * 0.42, tw, th * 0.58), fill=(206, 172, 120, 120))
    draw.line((0, th * 0.42, tw, th * 0.42), fill=(240, 220, 180, 130), width=3)
    for _ in range(7):
        spot = rng.uniform(0, tw)
        draw.line((spot, th * 0.43, spot + rng.uniform(-50, 50), th * 0.57), fill=(250, 236, 206, 70), width=3)
    label = _sticker(rng, (int(tw * 0.3), int(th * 0.34)))
    label = label.convert("RGBA").rotate(rng.uniform(-6, 6), Image.Resampling.BICUBIC, expand=True)
    top.paste(label, (int(tw * rng.uniform(0.1, 0.55)), int(th * 0.61)), label)
    _put(canvas, _cardboard(rng, (int(deep * 200), int(high * 200)), 0.62), flank)
    face = _cardboard(rng, (int(wide * 200), int(high * 200)), 0.84)
    tape = ImageDraw.Draw(face, "RGBA")
    if rng.random() < 0.6:
        fw, fh = face.size
        tape.line((fw * 0.8, fh * 0.3, fw * 0.8, fh * 0.62), fill=(70, 50, 34, 190), width=9)
        tape.polygon(
            [(fw * 0.8 - 22, fh * 0.34), (fw * 0.8 + 22, fh * 0.34), (fw * 0.8, fh * 0.22)],
            fill=(70, 50, 34, 190),
        )
        tape.line((fw * 0.8 - 34, fh * 0.67, fw * 0.8 + 34, fh * 0.67), fill=(70, 50, 34, 190), width=8)
    _put(canvas, face, front)
    _put(canvas, top, lid)
    for a, b in ((lid[2], lid[3]), (lid[1], lid[2]) if side > 0 else (lid[0], lid[3])):
        _stroke(canvas, _jagged(rng, a, b, 14, 1.2), (232, 202, 160), 3, 170, 1.0)

    # The dent: the near corner is folded inwards, with creases that run out into the faces.
    corner = at(side * x, -y, high)
    reach = rng.uniform(0.2, 0.3)
    a = _between(corner, at(-side * x, -y, high), reach)
    b = _between(corner, at(side * x, y, high), reach * 1.15)
    c = _between(corner, at(side * x, -y, 0), reach * 1.6)
    centre = ((a[0] + b[0] + c[0]) / 3, (a[1] + b[1] + c[1]) / 3)
    pit = (centre[0] + rng.uniform(-8, 8), centre[1] + rng.uniform(4, 16))
    outline = [*_jagged(rng, a, b, 6, 6), *_jagged(rng, b, c, 6, 6), *_jagged(rng, c, a, 6, 6)]
    halo = _mask(outline, 22)
    _darken(canvas, halo, 0.5, (60, 38, 20))
    shades = ((1.0, a, b), (0.74, b, c), (0.62, c, a))
    for factor, p, q in shades:
        fold = _cardboard(rng, (W // 2, H // 2), factor).resize((W, H))
        canvas.paste(fold, (0, 0), _mask([*_jagged(rng, p, q, 6, 5), pit], 1.2))
    for p in (a, b, c):
        _stroke(canvas, _jagged(rng, p, pit, 5, 5), (238, 212, 172), 3, 170, 1.0)
        _stroke(
            canvas,
            _jagged(rng, _between(p, pit, 0.1), _between(pit, p, 1.5), 5, 7),
            (58, 38, 22),
            4,
            150,
            2.0,
        )
    for p, q in ((a, b), (b, c), (c, a)):
        _stroke(canvas, _jagged(rng, p, q, 7, 5), (226, 196, 152), 4, 190, 1.0)
    for _ in range(4):
        start = _between(rng.choice((a, b, c)), pit, rng.uniform(-0.1, 0.3))
        end = (start[0] - side * rng.uniform(30, 110), start[1] + rng.uniform(-40, 60))
        _stroke(canvas, _jagged(rng, start, end, 5, 8), (84, 56, 34), 5, 110, 2.5)
    return canvas


def _arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float, steps: int = 60) -> list[Point]:
    return [
        (
            cx + rx * math.cos(math.radians(start + (end - start) * i / steps)),
            cy + ry * math.sin(math.radians(start + (end - start) * i / steps)),
        )
        for i in range(steps + 1)
    ]


def _bowl(rng: random.Random) -> Image.Image:
    """A glazed bowl with a piece broken out of the rim."""
    camera = _Camera(rng, 40)
    canvas = _room(rng, camera)
    glaze = rng.choice(((58, 104, 138), (176, 92, 62), (92, 128, 100), (210, 200, 180), (64, 70, 86)))
    clay = (232, 214, 188)
    liner = rng.choice(((226, 216, 198), (214, 218, 216), (196, 206, 204)))
    cx, cy = W / 2 + rng.uniform(-40, 40), H * 0.44 + rng.uniform(-20, 20)
    rx = rng.uniform(225, 260)
    ry, drop = rx * 0.47, rx * rng.uniform(0.66, 0.78)
    foot = rx * 0.42
    base_y = cy + drop
    _shadow(canvas, _arc(cx + 60, base_y + 6, rx * 0.95, ry * 0.62, 0, 360), 30, 0.6)
    _shadow(canvas, _arc(cx + 6, base_y + 14, foot * 1.15, ry * 0.4, 0, 360), 6, 0.7)

    wall: list[Point] = _arc(cx, cy, rx, ry, 180, 0)
    right = [(cx + foot + (rx - foot) * (1 - (i / 20) ** 2.3), cy + drop * (i / 20)) for i in range(21)]
    left = [(2 * cx - px, py) for px, py in reversed(right)]
    body = [*right, *_arc(cx, base_y, foot, ry * 0.36, 0, 180), *left]
    across = Image.linear_gradient("L").rotate(90).resize((int(rx * 2), H))
    ramp = Image.new("L", (W, H), 128)
    ramp.paste(across, (int(cx - rx), 0))
    ramp = ramp.point([round(176 - 112 * abs((v / 255) - 0.3) ** 1.3 * 1.5) for v in range(256)])
    skin = Image.new("RGB", (W, H), glaze)
    skin = Image.blend(skin, _tint(_fractal(rng, (W, H), (10, 12), 5), _scale(glaze, 0.72), _scale(glaze, 1.2)), 0.55)
    if rng.random() < 0.7:
        band = ImageDraw.Draw(skin)
        for offset in (0.2, 0.28):
            band.line(_arc(cx, cy + drop * offset, rx * 0.985, ry * 0.99, 0, 180), fill=_scale(clay, 0.95), width=7)
    skin = _light(skin, ramp)

    # Where on the front rim the piece is missing.
    mid = rng.uniform(62, 118)
    spread = rng.uniform(15, 22)
    rim_a, rim_b = _arc(cx, cy, rx, ry, mid - spread, mid + spread, 1)
    tip = (
        _arc(cx, cy, rx, ry, mid, mid + 1, 1)[0][0] + rng.uniform(-25, 25),
        cy + ry + drop * rng.uniform(0.2, 0.32),
    )
    notch = [*_jagged(rng, rim_a, tip, 5, 8), *_jagged(rng, tip, rim_b, 5, 8)[1:]]
    gap = _mask([*notch, (rim_b[0], rim_b[1] - 60), (rim_a[0], rim_a[1] - 60)], 0.8)

    canvas.paste(skin, (0, 0), ImageChops.subtract(_mask([*wall, *body], 0.9), gap))
    inner = _light(
        _tint(_fractal(rng, (W, H), (8, 8), 5), _scale(liner, 0.78), liner),
        ImageOps.flip(Image.linear_gradient("L"))
        .resize((W, H // 2))
        .resize((W, H))
        .point([round(92 + v * 0.16) for v in range(256)]),
    )
    hollow = _mask(_arc(cx, cy, rx, ry, 0, 360), 0.9)
    canvas.paste(inner, (0, 0), ImageChops.multiply(gap, ImageChops.lighter(hollow, _mask([*wall, *body]))))
    canvas.paste(Image.new("RGB", (W, H), _scale(glaze, 1.12)), (0, 0), ImageChops.subtract(hollow, gap))
    canvas.paste(inner, (0, 0), _mask(_arc(cx, cy + 3, rx - 12, ry - 9, 0, 360), 0.9))
    deep = _mask(_arc(cx - rx * 0.12, cy - ry * 0.16, rx * 0.72, ry * 0.62, 0, 360), 34)
    _darken(canvas, ImageChops.multiply(deep, hollow), 0.34)
    glow = _mask(_arc(cx + rx * 0.3, cy + ry * 0.42, rx * 0.42, ry * 0.2, 0, 360), 22)
    canvas.paste(
        Image.new("RGB", (W, H), (255, 250, 240)),
        (0, 0),
        ImageChops.multiply(glow, hollow).point([v // 6 for v in range(256)]),
    )
    _stroke(
        canvas,
        [(px, py + 2) for px, py in _arc(cx, cy, rx - 4, ry - 3, 190, 330)],
        (255, 252, 244),
        4,
        110,
        1.5,
    )
    shine = _mask(_arc(cx - rx * 0.5, cy + drop * 0.52, rx * 0.07, drop * 0.2, 0, 360), 9)
    outer = ImageChops.subtract(ImageChops.subtract(_mask([*wall, *body], 0.9), gap), hollow)
    shine = ImageChops.multiply(shine, outer)
    canvas.paste(Image.new("RGB", (W, H), (255, 255, 252)), (0, 0), shine.point([round(v * 0.55) for v in range(256)]))

    # Broken edge, cracks and the piece on the table.
    _stroke(canvas, [(px, py + 5) for px, py in notch], _scale(clay, 0.78), 11, 255, 0.9)
    _stroke(canvas, notch, clay, 6, 255, 0.8)
    low = (tip[0] + rng.uniform(-25, 25), tip[1] + (base_y - tip[1]) * 0.8)
    for start, end in (
        (tip, low),
        (_between(rim_a, tip, 0.4), (rim_a[0] + rng.uniform(50, 110), tip[1] + rng.uniform(-8, 14))),
        (_between(rim_b, tip, 0.4), (rim_b[0] - rng.uniform(50, 110), tip[1] + rng.uniform(-8, 14))),
    ):
        if start is not tip and rng.random() < 0.4:
            continue
        crack = _jagged(rng, start, end, 7, 5)
        cracked = canvas.copy()
        _stroke(cracked, crack, (24, 18, 16), 3, 230, 0.7)
        _stroke(cracked, [(px + 2, py + 1) for px, py in crack], (255, 246, 230), 1, 120, 0.7)
        canvas.paste(cracked, (0, 0), outer)
    far = _arc(cx, cy, rx - 12, ry - 9, 200, 340, 10)[rng.randint(2, 8)]
    _stroke(
        canvas,
        _jagged(rng, far, (cx + rng.uniform(-60, 60), cy + ry * 0.25), 9, 7),
        (20, 14, 12),
        3,
        220,
        0.7,
    )
    sx, sy = cx + rng.choice((-1, 1)) * rng.uniform(130, 230), min(H - 70, base_y + rng.uniform(60, 95))
    piece: list[Point] = [
        (sx - 62, sy - 8),
        (sx - 20, sy - 26),
        (sx + 40, sy - 22),
        (sx + 66, sy - 2),
        (sx + 12, sy + 30),
        (sx - 24, sy + 16),
    ]
    piece = [(px + rng.uniform(-7, 7), py + rng.uniform(-5, 5)) for px, py in piece]
    _shadow(canvas, [(px + 10, py + 9) for px, py in piece], 7, 0.6)
    canvas.paste(Image.new("RGB", (W, H), _scale(clay, 0.8)), (0, 0), _mask([(px, py + 7) for px, py in piece]))
    canvas.paste(
        _tint(_fractal(rng, (W, H), (40, 40), 3), _scale(glaze, 0.85), _scale(glaze, 1.25)),
        (0, 0),
        _mask(piece),
    )
    for _ in range(9):
        px, py, r = sx + rng.uniform(-190, 190), sy + rng.uniform(-24, 30), rng.uniform(2, 5)
        _shadow(canvas, _arc(px + 2, py + 2, r + 1, r, 0, 360, 8), 2, 0.6)
        canvas.paste(
            Image.new("RGB", (W, H), rng.choice((clay, glaze))),
            (0, 0),
            _mask(_arc(px, py, r, r * 0.7, 0, 360, 6)),
        )
    return canvas


def _fabric(rng: random.Random) -> Image.Image:
    """A close look at a garment with a tear."""
    colour = rng.choice(((70, 92, 134), (158, 62, 66), (92, 112, 86), (196, 176, 146), (84, 78, 92), (204, 148, 70)))
    cloth = _cloth(rng, (W, H), colour, 4)
    if rng.random() < 0.6:
        stripes = ImageDraw.Draw(cloth, "RGBA")
        light = (*_scale(colour, 1.7), 120)
        gap = rng.randint(70, 120)
        for pos in range(-H, W + H, gap):
            stripes.line((pos, 0, pos + 40, H), fill=light, width=gap // 4)
        if rng.random() < 0.5:
            for pos in range(0, H, gap):
                stripes.line((0, pos, W, pos + 20), fill=(*_scale(colour, 0.5), 110), width=gap // 5)
        cloth = Image.blend(cloth, _cloth(rng, (W, H), colour, 4), 0.25)
    folds = _noise(rng, (W * 2, H * 2), (14, 5)).rotate(rng.uniform(20, 65), Image.Resampling.BICUBIC)
    folds = _relief(folds.filter(ImageFilter.GaussianBlur(12)), 22, 1.9).filter(ImageFilter.GaussianBlur(8))
    cloth = _light(cloth, folds.crop((W // 2, H // 2, W // 2 + W, H // 2 + H)))
    cx, cy = W / 2 + rng.uniform(-70, 70), H / 2 + rng.uniform(-50, 50)
    angle = math.radians(rng.uniform(-50, 50))
    half, open_by = rng.uniform(170, 240), rng.uniform(34, 62)
    ux, uy = math.cos(angle), math.sin(angle)
    upper: list[Point] = []
    lower: list[Point] = []
    for step in range(41):
        along = (step / 20 - 1) * half
        lift = open_by * math.sin(math.pi * step / 40) ** 0.8
        for edge, sign in ((upper, -1), (lower, 1)):
            off = sign * lift * rng.uniform(0.82, 1.12) + 9 * math.sin(step * 0.5)
            edge.append((cx + ux * along - uy * off, cy + uy * along + ux * off))
    hole = [*upper, *reversed(lower)]
    _shadow(cloth, [(px + 5, py + 10) for px, py in hole], 26, 0.35)
    lining = _scale(rng.choice(((150, 132, 112), (66, 60, 58), (190, 180, 166))), 0.7)
    under = _tint(_fractal(rng, (W, H), (9, 9), 5), _scale(lining, 0.5), lining)
    cloth.paste(under, (0, 0), _mask(hole, 1.4))
    rim = ImageChops.multiply(_mask([(px + 3, py + 16) for px, py in upper] + upper[::-1], 8), _mask(hole, 1))
    _darken(cloth, rim, 0.85)
    for edge in (upper, lower):
        _stroke(cloth, edge, _scale(colour, 1.35), 5, 180, 1.2)
    for _ in range(210):
        edge, sign = (upper, 1) if rng.random() < 0.5 else (lower, -1)
        px, py = _between(*rng.choice(list(itertools.pairwise(edge))), rng.random())
        length = rng.uniform(6, 30) * sign
        lean = rng.uniform(-0.7, 0.7)
        bend = rng.uniform(-7, 7)
        mid_x, mid_y = (
            px - uy * length * 0.5 + ux * (lean * 10 + bend),
            py + ux * length * 0.5 + uy * (lean * 10 + bend),
        )
        end_x, end_y = px - uy * length + ux * lean * 22, py + ux * length + uy * lean * 22
        tone = _scale(colour, rng.uniform(0.85, 1.7))
        ImageDraw.Draw(cloth).line([(px, py), (mid_x, mid_y), (end_x, end_y)], fill=tone, width=rng.choice((1, 2, 2)))
    for _ in range(5):
        share = rng.uniform(0.25, 0.75)
        p, q = upper[int(share * 40)], lower[int(share * 40 + rng.uniform(-4, 4))]
        _stroke(cloth, _jagged(rng, p, q, 5, 7), _scale(colour, 1.5), 2, 230, 0.6)
    for end, sign in ((upper[0], -1), (upper[-1], 1)):
        for _ in range(3):
            spread = angle + rng.uniform(-0.5, 0.5)
            reach = rng.uniform(60, 150) * sign
            _stroke(
                cloth,
                _jagged(rng, end, (end[0] + math.cos(spread) * reach, end[1] + math.sin(spread) * reach), 5, 4),
                (10, 8, 8),
                9,
                70,
                6,
            )
    return cloth


def _label(rng: random.Random) -> Image.Image:
    """A crumpled, wet shipping label on a parcel, seen from close by."""
    camera = _Camera(rng, 66)
    board = _cardboard(rng, (W * 2, H * 2), 0.95)
    draw = ImageDraw.Draw(board, "RGBA")
    draw.rectangle((0, H * 1.62, W * 2, H * 1.86), fill=(214, 180, 126, 130))
    draw.line((0, H * 1.74, W * 2, H * 1.74), fill=(84, 56, 34, 170), width=7)
    canvas = Image.new("RGB", (W, H), (150, 112, 74))
    _put(canvas, board, [camera(-7, 6), camera(7, 6), camera(7, -5), camera(-7, -5)])
    size = (1080, 800)
    paper = _sticker(rng, size)
    crumple = _fractal(rng, size, (5, 4), 3).filter(ImageFilter.GaussianBlur(4))
    ridge = crumple.point([255 - abs(v - 128) * 2 for v in range(256)])
    paper = _light(paper, Image.blend(_relief(crumple, 9, 0.9), _relief(ridge, 4, 0.5), 0.4))
    stain = _fractal(rng, size, (3, 3), 5)
    blot = Image.new("L", size, 0)
    sx, sy, r = rng.uniform(250, 830), rng.uniform(250, 600), rng.uniform(150, 240)
    ImageDraw.Draw(blot).ellipse((sx - r, sy - r * 0.8, sx + r, sy + r * 0.8), fill=200)
    blot = ImageChops.add(blot.filter(ImageFilter.GaussianBlur(60)), stain, 1, -150)
    blot = blot.point([0 if v < 60 else min(255, (v - 60) * 6) for v in range(256)]).filter(ImageFilter.GaussianBlur(2))
    soaked = Image.blend(paper.filter(ImageFilter.GaussianBlur(6)), Image.new("RGB", size, (186, 160, 122)), 0.38)
    paper.paste(soaked, (0, 0), blot.point([round(v * 0.85) for v in range(256)]))
    ring = ImageChops.subtract(blot, blot.filter(ImageFilter.MinFilter(9))).filter(ImageFilter.GaussianBlur(2))
    paper.paste(Image.new("RGB", size, (128, 98, 64)), (0, 0), ring.point([v // 2 for v in range(256)]))
    # One corner is torn away.
    shape = Image.new("L", size, 255)
    bite_w, bite_h = rng.uniform(220, 380), rng.uniform(160, 300)
    tear = _jagged(rng, (size[0] - bite_w, -2), (size[0] + 2, bite_h), 12, 16)
    torn = Image.new("L", size, 0)
    ImageDraw.Draw(torn).polygon([*tear, (size[0] + 2, -2)], fill=255)
    shape = ImageChops.subtract(shape, torn)
    fray = Image.new("L", size, 0)
    ImageDraw.Draw(fray).line([(px - 8, py + 8) for px, py in tear], fill=255, width=22, joint="curve")
    paper.paste(
        _tint(_fractal(rng, size, (40, 40), 3), (214, 208, 196), (250, 249, 245)),
        (0, 0),
        fray.filter(ImageFilter.GaussianBlur(3)),
    )
    paper.putalpha(shape)
    turn = math.radians(rng.uniform(-12, 12))
    quad = [
        camera(px * math.cos(turn) - py * math.sin(turn), px * math.sin(turn) + py * math.cos(turn))
        for px, py in ((-3, 2.2), (3, 2.2), (3, -2.2), (-3, -2.2))
    ]
    dark = Image.new("RGBA", size, (20, 14, 10, 255))
    dark.putalpha(shape.point([v * 2 // 5 for v in range(256)]))
    _put(canvas, dark, [(px + 5, py + 7) for px, py in quad], 5)
    _put(canvas, paper, quad)
    return canvas


def _phone(rng: random.Random) -> Image.Image:
    """A phone with a shattered glass on a table."""
    camera = _Camera(rng, 58)
    canvas = _room(rng, camera)
    size = (620, 1240)
    w, h = size
    frame = rng.choice(((60, 62, 68), (176, 172, 166), (42, 70, 96), (150, 112, 92)))
    slab = Image.new("RGB", size, frame)
    glass = _tint(_noise(rng, size, (3, 4)), (12, 13, 18), (34, 37, 46))
    glare = Image.new("L", size, 0)
    draw = ImageDraw.Draw(glare)
    shift = rng.uniform(-200, 300)
    draw.polygon([(shift, 0), (shift + 330, 0), (shift - 120, h), (shift - 480, h)], fill=74)
    draw.polygon([(shift + 390, 0), (shift + 450, 0), (shift, h), (shift - 60, h)], fill=46)
    glass.paste(Image.new("RGB", size, (206, 220, 234)), (0, 0), glare.filter(ImageFilter.GaussianBlur(12)))
    pen = ImageDraw.Draw(glass, "RGBA")
    ix, iy = (
        rng.uniform(w * 0.2, w * 0.8),
        rng.choice((rng.uniform(h * 0.12, h * 0.3), rng.uniform(h * 0.65, h * 0.86))),
    )
    rays: list[list[Point]] = []
    count = rng.randint(13, 18)
    for i in range(count):
        a = math.tau * (i + rng.uniform(-0.3, 0.3)) / count
        reach = rng.uniform(180, 900)
        rays.append(_jagged(rng, (ix, iy), (ix + math.cos(a) * reach, iy + math.sin(a) * reach), 8, reach * 0.03))
    for one, two in zip(rays, rays[1:] + rays[:1], strict=True):
        for ring in range(1, 6):
            if rng.random() < 0.72 - ring * 0.09:
                pen.line(
                    [one[ring], two[ring]],
                    fill=(222, 230, 238, rng.randint(90, 190)),
                    width=rng.choice((1, 2, 3)),
                )
            if rng.random() < 0.3:
                pen.polygon([one[ring], one[ring + 1], two[ring]], fill=(226, 236, 246, rng.randint(14, 54)))
        pen.line(one, fill=(232, 238, 244, rng.randint(130, 230)), width=rng.choice((2, 2, 3)))
        pen.line([(px + 3, py + 2) for px, py in one], fill=(0, 0, 0, 130), width=2)
    for _ in range(70):
        px, py, r = rng.gauss(ix, 34), rng.gauss(iy, 34), rng.uniform(2, 9)
        pen.polygon(
            [(px + rng.uniform(-r, r), py + rng.uniform(-r, r)) for _ in range(3)],
            fill=(236, 242, 248, rng.randint(60, 210)),
        )
    smear = _fractal(rng, size, (5, 9), 5).point([max(0, v - 150) // 4 for v in range(256)])
    glass.paste(Image.new("RGB", size, (150, 156, 160)), (0, 0), smear)
    inset = Image.new("L", size, 0)
    ImageDraw.Draw(inset).rounded_rectangle((16, 16, w - 16, h - 16), 74, fill=255)
    slab.paste(glass, (0, 0), inset.filter(ImageFilter.GaussianBlur(1)))
    lens = ImageDraw.Draw(slab)
    lens.ellipse((w / 2 - 15, 42, w / 2 + 15, 72), fill=(4, 4, 6))
    lens.ellipse((w / 2 - 6, 50, w / 2 + 2, 58), fill=(40, 50, 74))
    shape = Image.new("L", size, 0)
    ImageDraw.Draw(shape).rounded_rectangle((1, 1, w - 2, h - 2), 88, fill=255)
    slab.putalpha(shape)
    turn = math.radians(rng.uniform(-55, 55))

    def at(px: float, py: float, z: float) -> Point:
        return camera(px * math.cos(turn) - py * math.sin(turn), px * math.sin(turn) + py * math.cos(turn), z)

    half_w, half_h = 1.45, 2.9

    def quad(z: float, dx: float = 0.0, dy: float = 0.0) -> list[Point]:
        corners = ((-half_w, half_h), (half_w, half_h), (half_w, -half_h), (-half_w, -half_h))
        return [(u + dx, v + dy) for u, v in (at(px, py, z) for px, py in corners)]

    for blur, amount, dx, dy in ((20.0, 0.5, 20, 16), (5.0, 0.75, 5, 5)):
        cast = Image.new("L", (W, H), 0)
        black = Image.new("RGBA", size, (255, 255, 255, 255))
        black.putalpha(shape)
        layer = Image.new("RGB", (W, H), (0, 0, 0))
        _put(layer, black, quad(0, dx, dy))
        cast.paste(layer.getchannel("R").filter(ImageFilter.GaussianBlur(blur)))
        _darken(canvas, cast, amount)
    rim = Image.new("RGBA", size, (*_scale(frame, 0.55), 255))
    rim.putalpha(shape)
    for step in range(9):
        if step == 6:
            rim = Image.new("RGBA", size, (*_scale(frame, 1.25), 255))
            rim.putalpha(shape)
        _put(canvas, rim, quad(step * 0.022))
    _put(canvas, slab, quad(0.2))
    for _ in range(14):
        cx, cy = at((ix / w - 0.5) * 2 * half_w, (0.5 - iy / h) * 2 * half_h, 0.2)
        px, py, r = rng.gauss(cx, 130), rng.gauss(cy, 90), rng.uniform(1.5, 4.5)
        chip = [(px + rng.uniform(-r, r) * 1.6, py + rng.uniform(-r, r)) for _ in range(4)]
        _shadow(canvas, [(u + 2, v + 2) for u, v in chip], 1.5, 0.5)
        canvas.paste(Image.new("RGB", (W, H), (226, 234, 240)), (0, 0), _mask(chip))
    return canvas


def _develop(rng: random.Random, picture: Image.Image) -> Image.Image:
    """Makes a snapshot of a drawing: window light, vignette, a slight blur, a colour cast and grain."""
    shade = Image.blend(
        Image.linear_gradient("L").rotate(rng.choice((90, 180, 270))).resize((W, H)),
        _noise(rng, (W, H), (3, 3)),
        0.35,
    )
    picture = _light(picture, shade.point([round(114 + v * 0.16) for v in range(256)]))
    if rng.random() < 0.5:
        beam = Image.new("L", (W, H), 0)
        x = rng.uniform(-100, W * 0.7)
        for part in range(2):
            left = x + part * 210
            ImageDraw.Draw(beam).polygon([(left + 260, 0), (left + 430, 0), (left + 130, H), (left - 60, H)], fill=34)
        beam = beam.filter(ImageFilter.GaussianBlur(24))
        picture = ImageChops.screen(
            picture,
            Image.merge(
                "RGB",
                (
                    beam,
                    beam.point([v * 9 // 10 for v in range(256)]),
                    beam.point([v * 7 // 10 for v in range(256)]),
                ),
            ),
        )
    edge = (
        Image.radial_gradient("L")
        .resize((int(W * 1.2), int(H * 1.2)))
        .crop((int(W * 0.1), int(H * 0.1), int(W * 1.1), int(H * 1.1)))
    )
    _darken(picture, edge, rng.uniform(0.18, 0.32))
    picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.7, 1.3))).resize(OUT, Image.Resampling.LANCZOS)
    warm = rng.uniform(-0.06, 0.07)
    red, green, blue = picture.split()
    red = red.point([min(255, round(6 + v * 0.96 * (1 + warm))) for v in range(256)])
    blue = blue.point([min(255, round(8 + v * 0.95 * (1 - warm))) for v in range(256)])
    picture = Image.merge("RGB", (red, green, blue))
    w, h = OUT
    grain = Image.frombytes("L", OUT, rng.randbytes(w * h)).filter(ImageFilter.GaussianBlur(0.7))
    return _light(picture, grain.point([round(128 + (v - 128) * 0.11) for v in range(256)]))


MOTIFS: tuple[Callable[[random.Random], Image.Image], ...] = (_parcel, _bowl, _fabric, _label, _phone)


def photo(seed: int) -> bytes:
    """The snapshot of this seed: parcel, bowl, fabric, label or phone (seed modulo 5), always the same bytes."""
    rng = random.Random(seed)
    picture = _develop(rng, MOTIFS[seed % len(MOTIFS)](rng))
    for quality in (84, 78, 72, 66, 58, 50, 40):
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() < MAX_BYTES:
            break
    return out.getvalue()
