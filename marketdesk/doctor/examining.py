"""Every check, in the order of a report: a new one is entered here."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from django.conf import settings
from django.db import DatabaseError

from marketdesk.doctor import database, surroundings, work
from marketdesk.doctor.finding import Check, Finding, Level, mend
from marketdesk.lib import database_words

# What nothing may be begun with; they write nothing.
AT_START: tuple[Check, ...] = (
    surroundings.disk_has_room,
    surroundings.home_is_on_this_machine,
    database.answers,
    database.can_be_written,
    database.keeps_what_it_acknowledged,
    database.is_not_newer,
    database.clock,
)
ALL: tuple[Check, ...] = (
    surroundings.folders_can_be_written,
    surroundings.secret_is_kept,
    surroundings.address_is_right,
    surroundings.is_not_for_developing,
    surroundings.mail_is_sent,
    surroundings.files_are_kept,
    surroundings.messages_can_be_translated,
    surroundings.pages_have_their_files,
    surroundings.time_zones_are_known,
    *AT_START,
    database.is_prepared,
    database.connections_suffice,
    database.replica_is_fresh,
    database.wall_has_no_hole,
    work.jobs_are_done,
    work.answers_are_watched,
    work.webhooks_arrive,
    work.secret_key_is_the_same,
)
# After these nothing more can be asked of the database.
ENOUGH = {"database", "schema"}


def examine(checks: Iterable[Check] = ALL) -> Iterator[Finding]:
    """What they find. A database that has failed is not asked again; what the operator accepts is only said."""
    has_failed = False
    for check in checks:
        if has_failed and check.__module__ != surroundings.__name__:
            continue
        try:
            for found in check():
                accepted = found.level is Level.MEND and found.name in settings.ACCEPTED
                yield replace(found, level=Level.LOOK) if accepted else found
                has_failed |= found.level is Level.MEND and found.name in ENOUGH
        except DatabaseError as failure:
            has_failed = True
            words = f"The database cannot be used: {database_words.reason(failure).rstrip('.')}."
            yield mend("database", words, database_words.advice(failure))
