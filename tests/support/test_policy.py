"""The policy page: administrators with a second factor change promises, with a reason, now or later, and undo it."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.policy import promises
from marketdesk.policy.defaults import HEADINGS, Policy
from marketdesk.policy.models import PolicyChange
from marketdesk.tickets.models import Ticket
from tests.conftest import make_administrator, signed_in
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

PAGE = "/support/policy"
Send = Callable[..., Any]


@pytest.fixture
def administrator(sofia_user: User) -> Client:
    return signed_in(make_administrator(sofia_user))


def filled_in(page: Any) -> dict[str, Any]:
    """The form of a page as a browser would send it: every input, checked box and chosen option."""
    text = page.content.decode()
    form: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", text[text.index('id="main"') :]):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" not in found or (found.get("type") == "checkbox" and " checked" not in tag):
            continue
        form.setdefault(found["name"], []).append(found.get("value", "").replace("&quot;", '"').replace("&#x27;", "'"))
    for name, options in re.findall(r'<select id="p-\w+" name="(\w+)"[^>]*>(.*?)</select>', text, re.DOTALL):
        form[name] = [re.search(r'value="(\w+)" selected', options)[1]]  # type: ignore[index]
    return form


@pytest.fixture
def send(administrator: Client) -> Send:
    """`send(reply_hours=24)` opens the page, changes that, and sends it as the button says."""

    def _send(act: str = "save", client: Client = administrator, page: Any = None, **values: Any) -> Any:
        form = {**filled_in(page or client.get(PAGE)), "reason": "We can do it.", "act": act, **values}
        return client.post(PAGE, form)

    return _send


def test_every_promise_stands_under_a_heading_with_its_meaning(administrator: Client) -> None:
    text = administrator.get(PAGE).content.decode()

    for one in Policy.__dataclass_fields__.values():
        assert f"<code>{one.name}</code>" in text
        assert one.metadata["meaning"].replace("'", "&#x27;") in text
    for words in HEADINGS.values():
        assert words in text


def test_only_administrators_come_in(sofia_client: Client, mehmet_client: Client, sofia_user: User) -> None:
    assert sofia_client.get(PAGE).status_code == 403
    assert mehmet_client.get(PAGE)["Location"] == "/"
    assert PAGE not in sofia_client.get("/support/search").content.decode()

    sofia_user.is_staff = True
    sofia_user.save()

    assert PAGE in sofia_client.get("/support/search").content.decode()


def test_without_a_second_factor_the_page_says_how_to_get_one(sofia_client: Client, sofia_user: User) -> None:
    sofia_user.is_staff = True
    sofia_user.save()
    with nothing_changed():
        for answer in (sofia_client.get(PAGE), sofia_client.post(PAGE, {"reply_hours": "24", "act": "save"})):
            assert answer.status_code == 403
            assert "/accounts/2fa/totp/activate/" in answer.content.decode()
            assert "/support/queues/unassigned" in answer.content.decode()
        assert sofia_client.post(f"{PAGE}/changes/1", {"reason": "x"}).status_code == 403


def test_a_change_is_shown_before_it_is_saved(send: Send) -> None:
    with nothing_changed():
        answer = send("preview", reply_hours="24")

    text = answer.content.decode()
    assert "Hours a merchant has for each answer." in text
    assert re.search(r"<td><bdi>48</bdi></td>.*<b><bdi>24</bdi></b>", text)
    assert 'name="reply_hours" value="24"' in text


def test_a_change_is_saved_with_who_why_and_from_what(send: Send, administrator: Client, sofia_user: User) -> None:
    answer = send(reply_hours="24")

    change = PolicyChange.objects.get()
    page = administrator.get(PAGE).content.decode()
    assert answer["Location"] == PAGE
    assert (change.values, change.reason) == ({"reply_hours": 24}, "We can do it.")
    assert change.actor["user"] == sofia_user.pk
    assert re.search(r"<del[^>]*>48</del> <ins[^>]*>24</ins>", page)
    assert "We can do it." in page


def test_waits_that_run_keep_their_clock_and_the_next_ticket_has_the_new_one(
    send: Send, ticket: Ticket, ask: Callable[..., Ticket], django_capture_on_commit_callbacks: Any
) -> None:
    due_at = ticket.waits.get().due_at
    with django_capture_on_commit_callbacks(execute=True):
        send(reply_hours="24")

    next_wait = ask("order_status").waits.get()

    assert ticket.waits.get().due_at == due_at
    assert next_wait.due_at - next_wait.started_at == timedelta(hours=24)


@pytest.mark.parametrize(
    ("values", "saved"),
    [
        ({"opens_after": "", "closes_after": "120"}, {"opens_after": None, "closes_after": 120}),
        ({"reminder_hours": "30, 12،2"}, {"reminder_hours": [30, 12, 2]}),
        ({"blocks_impressions": "yes"}, {"blocks_impressions": True}),
        ({"takeover": "offer"}, {"takeover": "offer"}),
        ({"platform_name": " Bazaar "}, {"platform_name": "Bazaar"}),
        ({"direct_countries": ["DE", "TR"]}, {"direct_countries": ["DE", "TR"]}),
        ({"direct_countries": []}, {"direct_countries": []}),
        (
            {"frame_ancestors": "https://Shop.example/, http://localhost:3000"},
            {"frame_ancestors": ["https://shop.example", "http://localhost:3000"]},
        ),
        (
            {
                "high_value-currency": ["EUR", "VND", "kwd", "USD"],
                "high_value-amount": ["99.50", "2700000", "1.234", ""],
            },
            {"high_value": {"EUR": 9950, "VND": 2700000, "KWD": 1234}},
        ),
    ],
)
def test_every_type_of_promise_is_read_from_its_field(values: Any, saved: Any, send: Send) -> None:
    send(**values)

    assert PolicyChange.objects.get().values == saved


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"reply_hours": "0"}, "reply_hours"),
        ({"reply_hours": "1.5"}, "reply_hours"),
        ({"reply_hours": ""}, "reply_hours"),
        ({"reply_hours": "9" * 5000}, "reply_hours"),
        ({"opens_after": "soon"}, "opens_after"),
        ({"takeover": "sometimes"}, "takeover"),
        ({"blocks_impressions": "maybe"}, "blocks_impressions"),
        ({"reminder_hours": "24, x"}, "reminder_hours"),
        ({"direct_countries": ["XX"]}, "direct_countries"),
        ({"frame_ancestors": "https://shop.example, anybody"}, "frame_ancestors"),
        ({"high_value-currency": ["EUR"], "high_value-amount": ["1.234"]}, "high_value"),
        ({"high_value-currency": ["ABC"], "high_value-amount": ["1"]}, "high_value"),
        ({"high_value-currency": ["EUR"], "high_value-amount": ["NaN"]}, "high_value"),
        ({"high_value-currency": ["EUR"], "high_value-amount": ["1e999999999999"]}, "high_value"),
        ({"reminder_hours": "5 " * 11}, "reminder_hours"),
        ({"platform_name": "\0 "}, "platform_name"),
        ({"platform_name": "Bazaar\nBcc: all"}, "platform_name"),
        ({"platform_name": "B" * 101}, "platform_name"),
        ({"refund_help_url": "https:// example.org"}, "refund_help_url"),
        ({"silence_close_days": "4"}, "silence_close_days"),
        ({"reply_hours": "24", "reason": " "}, "reason"),
        ({"reply_hours": "24", "valid_from": "2020-01-01T10:00"}, "valid_from"),
        ({"reply_hours": "24", "valid_from": "tomorrow"}, "valid_from"),
        ({"reply_hours": "24", "valid_from": "9999-12-31T23:59"}, "valid_from"),
        ({"reply_hours": "24", "valid_from": "0001-01-01T00:00"}, "valid_from"),
    ],
)
@pytest.mark.parametrize(("act", "zone"), [("preview", "America/New_York"), ("save", "Asia/Tokyo")])
def test_a_wrong_value_is_said_at_its_field_and_nothing_is_saved(
    zone: str, act: str, values: Any, name: str, send: Send, sofia_user: User
) -> None:
    sofia_user.time_zone = zone
    sofia_user.save()
    with nothing_changed():
        answer = send(act, **values)

    assert answer.status_code == 422
    assert f'<a href="#p-{name}">' in answer.content.decode()
    assert f'id="p-{name}-error"' in answer.content.decode() or name in {"direct_countries", "high_value"}


def test_what_is_wrong_is_said_in_the_words_of_the_page_and_logged(
    send: Send, caplog: pytest.LogCaptureFixture
) -> None:
    answer = send(reply_hours="0", takeover="sometimes")

    summary = re.search(r'class="error-summary".*?</div>', answer.content.decode(), re.DOTALL)
    assert summary
    assert "Hours a merchant has for each answer. Enter a whole number from 1 to 1000." in summary[0]
    assert not re.search(r">[^<]*(reply_hours|takeover)", summary[0])
    assert "could not change the policy" in caplog.text
    assert "'reply_hours', 'Hours a merchant has for each answer.', 'Enter a whole number" in caplog.text


def test_nothing_different_is_nothing_to_save(send: Send) -> None:
    with nothing_changed():
        answer = send()

    assert answer.status_code == 422
    assert "Nothing is different from now." in answer.content.decode()


def test_going_back_keeps_what_was_entered(send: Send) -> None:
    answer = send("edit", reply_hours="24", reason="Faster.")

    text = answer.content.decode()
    assert re.search(r'name="reply_hours"[^>]*value="24"', text)
    assert 'value="Faster."' in text


def test_the_second_of_two_administrators_is_told_and_keeps_what_they_entered(
    send: Send, administrator: Client
) -> None:
    tomas = User.objects.create_user("tomas@example.org", "x", name="Tomás Ruiz", party="support", language="en")
    page = administrator.get(PAGE)
    send(client=signed_in(make_administrator(tomas)), reply_hours="24")

    with nothing_changed():
        answer = send(page=page, reopen_days="60")

    text = answer.content.decode()
    assert answer.status_code == 409
    assert "The policy changed while you were here." in text
    assert re.search(r'name="reopen_days"[^>]*value="60"', text)
    assert re.search(r'name="reply_hours"[^>]*value="24"', text), "what the other one saved is not put back"
    assert send(page=answer, reopen_days="60").status_code == 302
    assert promises.at(timezone.now()) == Policy(reply_hours=24, reopen_days=60)


def test_a_double_click_saves_once(send: Send, administrator: Client) -> None:
    page = administrator.get(PAGE)

    answers = [send(page=page, reply_hours="24", key="k" * 20) for _ in range(2)]

    assert [one.status_code for one in answers] == [302, 302]
    assert PolicyChange.objects.count() == 1


def test_a_scheduled_change_is_entered_and_shown_in_the_readers_time(
    now: Any, send: Send, administrator: Client, sofia_user: User
) -> None:
    sofia_user.time_zone = "Asia/Tokyo"
    sofia_user.save()

    send(reply_hours="24", valid_from="2026-11-20T09:30")

    page = administrator.get(PAGE).content.decode()
    assert PolicyChange.objects.get().valid_from.isoformat() == "2026-11-20T00:30:00+00:00"
    assert "Scheduled" in page
    assert "09:30" in page
    assert "2026-11-20 00:30 UTC" in page
    assert promises.at(timezone.now()).reply_hours == 48


def test_a_change_that_begins_while_the_page_is_open_is_something_new(
    now: Any, send: Send, administrator: Client
) -> None:
    send(reply_hours="24", valid_from="2026-11-18T11:00")
    page = administrator.get(PAGE)
    now.shift(timedelta(hours=2))

    assert send(page=page, reopen_days="60").status_code == 409
    assert PolicyChange.objects.count() == 1


def test_a_change_is_undone_by_another_one(send: Send, administrator: Client) -> None:
    send(reply_hours="24", reopen_days="60")
    address = f"{PAGE}/changes/{PolicyChange.objects.get().pk}"
    form = {**filled_in(administrator.get(address)), "reason": "Too fast."}

    answer = administrator.post(address, form)

    assert answer["Location"] == PAGE
    assert PolicyChange.objects.last().values == {"reply_hours": 48, "reopen_days": 30}  # type: ignore[union-attr]
    assert promises.at(timezone.now()) == Policy()
    assert "Replaced since" in administrator.get(PAGE).content.decode()


def test_an_undo_needs_a_reason_and_the_page_that_is_now(send: Send, administrator: Client) -> None:
    send(reply_hours="24")
    address = f"{PAGE}/changes/{PolicyChange.objects.get().pk}"
    form = filled_in(administrator.get(address))
    with nothing_changed():
        assert administrator.post(address, {**form, "reason": ""}).status_code == 422
        assert administrator.post(address, {**form, "reason": "x", "edition": "0-0"}).status_code == 409
        assert administrator.get(f"{PAGE}/changes/999").status_code == 404


def test_a_scheduled_change_is_withdrawn_before_it_begins(now: Any, send: Send, administrator: Client) -> None:
    send(reply_hours="24", valid_from="2026-11-20T09:30")
    scheduled = PolicyChange.objects.get()
    address = f"{PAGE}/changes/{scheduled.pk}"
    form = {**filled_in(administrator.get(address)), "reason": "Not now."}

    administrator.post(address, form)
    send(reply_hours="36")
    now.shift(timedelta(days=3))

    assert promises.at(timezone.now()).reply_hours == 36
    assert PolicyChange.objects.get(withdraws=scheduled).reason == "Not now."
    assert "Withdrawn" in administrator.get(PAGE).content.decode()
    assert administrator.post(address, form).status_code in {302, 422}
    assert PolicyChange.objects.count() == 3


def test_both_readings_of_the_120_days_stand_side_by_side(now: Any, administrator: Client) -> None:
    text = administrator.get(PAGE).content.decode()

    assert "The refund window ends on" not in text
    assert (
        "the refund window ends on 18 December 2026. Platform support takes order questions until 17 April 2027" in text
    )
    assert "The merchant takes order questions until 17 April 2027" in text
    assert "Off; this shows 120 days" in text


def test_meanings_are_said_in_the_readers_language(administrator: Client, sofia_user: User) -> None:
    sofia_user.language = "de"
    sofia_user.save()

    text = administrator.get(PAGE).content.decode()

    with translation.override("de"):
        assert translation.gettext("Policy") in text
    assert 'lang="de"' in text
    assert "Deutschland" in text


def test_a_name_in_the_history_is_only_text(send: Send, administrator: Client, sofia: Actor) -> None:
    send(reply_hours="24", reason='<script>alert("x")</script>')

    text = administrator.get(PAGE).content.decode()

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
