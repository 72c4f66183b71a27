"""A translation is made: by the worker, never while a page waits; bounded in length, nothing lost that must stay."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from marketdesk.tickets.models import Message
from marketdesk.translations import engines
from marketdesk.translations.engines import Engine, Failed
from marketdesk.translations.masking import Damaged, mask
from marketdesk.translations.models import Translation, Wanted

log = logging.getLogger(__name__)

# Longer ones would keep an engine busy for too long; a message has at most 10,000 characters.
LONGEST = 6000
# A translation that is so much shorter has lost something; Chinese needs a third of our letters.
SHORTEST = 0.15
# Shorter texts may become as short as they like.
TELLING = 200
KEPT = timedelta(days=1)


def translate(payload: dict[str, Any]) -> None:
    """Make what was asked for. A job that runs twice makes it once; a failure is kept, for its reader to try again."""
    wanted = Wanted.objects.select_related("message").filter(pk=payload["wanted"], done_at=None).first()
    if wanted is None:
        return
    text = wanted.message.body if wanted.message else wanted.text
    engine = engines.current()
    try:
        body = translated(text, wanted.source, wanted.target, engine)
    except Failed as failure:
        log.warning("no translation %s: %s", wanted, failure)
        wanted.failure = failure.code
    except Exception:
        log.exception("no translation %s", wanted)
        wanted.failure = "away"
    else:
        wanted.engine = engine.name if engine else ""
        _keep(wanted, body)
    wanted.done_at = timezone.now()
    wanted.save(update_fields=["body", "engine", "failure", "done_at"])


def _keep(wanted: Wanted, body: str) -> None:
    if wanted.message is None:
        wanted.body = body
        return
    with transaction.atomic():
        # What it was asked of may have been erased meanwhile, or its language set right.
        fresh = Message.objects.select_for_update().filter(pk=wanted.message.pk).first()
        if fresh and fresh.body == wanted.message.body and fresh.language == wanted.source:
            Translation.objects.update_or_create(
                message=fresh, language=wanted.target, engine=wanted.engine, defaults={"body": body}
            )


def translated(text: str, source: str, target: str, engine: Engine | None) -> str:
    """The text in another language. Raises Failed."""
    if engine is None:
        raise Failed("away", "there is no engine")
    if not source:
        raise Failed("unknown")
    if len(text) > LONGEST:
        raise Failed("long", f"{len(text)} characters")
    masked = mask(text)
    # What is written in capitals alone comes back as it was.
    words = masked.text.capitalize() if masked.text.isupper() else masked.text
    try:
        translated = masked.unmask(engine.translate(words, source, target))
    except Damaged as damaged:
        raise Failed("damaged", f"{damaged} is missing") from damaged
    if len(text) >= TELLING and len(translated) < len(text) * SHORTEST:
        raise Failed("damaged", f"{len(translated)} characters of {len(text)}")
    return translated


def sweep_wanted(_payload: dict[str, Any]) -> None:
    """Forget what was asked for long ago: what became of it is kept with its message."""
    sweep(timezone.now() - KEPT)


def sweep(before: datetime) -> int:
    return Wanted.objects.filter(asked_at__lt=before).delete()[0]
