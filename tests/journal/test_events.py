"""Events and who may read them."""

import pytest

from marketdesk.journal.models import AlreadyDone, Audience, Deed, Event, Job, KeyReused
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def test_an_event_leaves_the_job_that_tells_of_it() -> None:
    event = Event.tell(verb="open", subject_kind="ticket", subject_id=7, merchant_id=3, at=NOW)

    job = Job.objects.get()
    assert (job.kind, job.payload, job.merchant_id) == ("tell", {"event": event.pk}, 3)


@pytest.mark.parametrize(
    ("party", "readable"),
    [
        ("customer", {Audience.EVERYONE}),
        ("merchant", {Audience.EVERYONE, Audience.STAFF}),
        ("support", set(Audience)),
        ("clock", set(Audience)),
    ],
)
def test_who_may_read_what(party: str, readable: set[Audience]) -> None:
    assert set(Audience.readable_by(party)) == readable


def test_a_deed_is_done_once_and_its_twin_gets_the_same_answer() -> None:
    Deed.begin("user:1", "key", "reply:hello").finish({"ticket": "abc"})

    with pytest.raises(AlreadyDone) as twin:
        Deed.begin("user:1", "key", "reply:hello")

    assert twin.value.answer == {"ticket": "abc"}
    assert Deed.objects.count() == 1


def test_a_key_with_other_content_is_refused() -> None:
    Deed.begin("user:1", "key", "reply:hello")

    with pytest.raises(KeyReused):
        Deed.begin("user:1", "key", "reply:good-bye")

    assert Deed.objects.count() == 1


def test_a_strangers_key_is_their_own() -> None:
    Deed.begin("user:1", "key", "reply:hello")

    Deed.begin("user:2", "key", "reply:good-bye")

    assert Deed.objects.count() == 2
