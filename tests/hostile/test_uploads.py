"""Whatever is uploaded is drawn anew or refused in words, in bounded time and memory; no byte of it stays (U1).

How much memory the drawing program may take is held by tests/lib/test_images.py.
"""

import io
import os
import resource
from typing import Any

import pytest
from PIL import Image

from marketdesk.lib import drawing, images
from marketdesk.people.actor import Actor
from marketdesk.tickets.models import Attachment
from tests.hostile import uploads
from tests.hostile.uploads import CANARY, Upload
from tests.results import SOAK, record

pytestmark = [pytest.mark.django_db, pytest.mark.many]

PARTS = 8
# Seconds of the processor for one file, our own start included; wall time would measure the machine's other work.
MOST_SECONDS = 2.0


@pytest.fixture(autouse=True)
def drawn_once() -> None:
    """Here every picture is drawn."""


def spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_each_file_is_drawn_anew_or_refused(part: int, mehmet: Actor) -> None:
    more = uploads.mutated(5_000, int(os.environ.get("SEED", "1"))) if SOAK > 1 else []
    mine = [*uploads.corpus(), *more][part::PARTS]
    taken = 0
    for upload in mine:
        begun = spent()
        taken += _try(upload, mehmet)
        assert spent() - begun <= MOST_SECONDS, upload.what
    record("U1", part=part, files=len(mine), taken=taken, refused=len(mine) - taken)


def _try(upload: Upload, by: Actor) -> bool:
    """Whether it was taken; what is kept is a fresh picture under a harmless name."""
    try:
        kept = Attachment.keep(io.BytesIO(upload.body), upload.name, by=by)
    except images.BadPicture as refused:
        words = str(refused)
    else:
        words = ""
    if words:
        assert upload.is_picture is not True, f"{upload.what}: {words}"
        return False
    assert upload.is_picture is not False, upload.what
    stored = _stored(kept)
    with Image.open(io.BytesIO(stored)) as image:
        image.load()
        assert image.format in {"JPEG", "PNG"}
        assert image.width * image.height <= drawing.MAX_PIXELS
    assert CANARY not in stored, upload.what
    assert not any(tail in stored for tail in uploads.TAILS.values() if len(tail) > 8), upload.what
    assert kept.file_name.endswith((".jpg", ".png"))
    assert 0 < len(kept.name) <= 200
    assert not set(kept.name) & set("/\\\0\r\n\u202e\u2066\u2069"), kept.name
    assert "/" not in kept.file_name.strip("/")
    kept.delete()
    return True


def _stored(kept: Attachment) -> bytes:
    with kept.open() as file:
        return file.read()


def test_there_are_enough_of_them() -> None:
    everything = uploads.corpus()

    assert len(everything) >= 300
    assert len({one.what for one in everything}) == len(everything)


def test_the_control_that_keeps_files_as_they_came_fails(mehmet: Actor, monkeypatch: Any) -> None:
    """What this programme would find if pictures were not drawn anew."""

    def as_it_came(upload: Any) -> images.Picture:
        body = upload.read()
        return images.Picture(body, body, "image/jpeg", 90, 60)

    monkeypatch.setattr(images, "redraw", as_it_came)
    caught = 0
    for upload in uploads.corpus():
        try:
            _try(upload, mehmet)
        except Exception:
            caught += 1
            continue
    assert caught > 200
