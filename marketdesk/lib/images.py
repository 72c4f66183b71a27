"""Pictures that people send: decoded, drawn anew and stripped of everything but the pixels.

Nothing that arrives is ever served as it came: an upload is accepted for what it decodes to, never
for its name or its declared type, and leaves as a fresh JPEG or PNG without metadata.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import IO, Any

from django.utils.translation import gettext_lazy as _

from marketdesk.lib import drawing
from marketdesk.lib.drawing import FORMATS, MAX_SIDE, THUMBNAIL_SIDE

__all__ = ["FORMATS", "MAX_BYTES", "MAX_SIDE", "THUMBNAIL_SIDE", "BadPicture", "Picture", "redraw"]

MAX_BYTES = 10 * 1024 * 1024
# Seconds of waiting; the program limits its own work (drawing.SECONDS), and a busy machine takes longer for it.
PATIENCE = 30
# Each takes up to drawing.MEMORY, so only so many are drawn at once.
_turns = threading.BoundedSemaphore(2)


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
    said, drawn = _draw(raw)
    match said.get("refused"):
        case "pixels":
            raise BadPicture(_("The picture has more than 40 million pixels."))
        case "slow":
            raise BadPicture(
                _("The picture is built in a way that takes too long to read. Save it anew and try again.")
            )
    size = said["size"]
    return Picture(drawn[:size], drawn[size:], said["mime"], said["width"], said["height"])


def _draw(raw: bytes) -> tuple[dict[str, Any], bytes]:
    """What the drawing program says, and what it has drawn."""
    # -I and a bare environment: nothing of ours is there to be found.
    environment = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    with _turns:
        try:
            ended = subprocess.run(  # noqa: S603  (our own program; what is not trusted is its input)
                [sys.executable, "-I", drawing.__file__],
                input=raw,
                capture_output=True,
                timeout=PATIENCE,
                env=environment,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"refused": "slow"}, b""
    if ended.returncode < 0:  # its time or memory was up, or the file had broken the decoder
        return {"refused": "slow"}, b""
    if ended.returncode:
        raise BadPicture(_("The file is not a picture, or it is damaged. Send JPEG, PNG, GIF or WebP."))
    line, _newline, drawn = ended.stdout.partition(b"\n")
    return json.loads(line), drawn
