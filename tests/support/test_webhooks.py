"""The webhook pages: administrators add endpoints and look after them, read what was sent, and send it again."""

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from standardwebhooks import Webhook

from marketdesk import schedule
from marketdesk.journal.models import Event, Job
from marketdesk.lib import calling
from marketdesk.outbox.models import Delivery, DeliveryStatus, Endpoint
from marketdesk.outbox.webhooks import delivering, endpoints, manners
from marketdesk.outbox.webhooks.kinds import KINDS, MEANINGS
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.support import deliveries as page_of_deliveries
from marketdesk.support.deliveries import FilterForm
from marketdesk.tickets.models import Ticket
from tests.conftest import make_administrator, signed_in
from tests.outbox import webhooks
from tests.outbox.webhooks import LOOPBACK, Behaviour, Receiver, always, answers, at_first, endpoint
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

PAGE = "/support/webhooks"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")
Ask = Callable[..., Ticket]


@pytest.fixture(autouse=True)
def _reachable(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_ALLOW = LOOPBACK
    monkeypatch.setattr(calling, "DEADLINE", 0.3)


@pytest.fixture
def administrator(sofia_user: User) -> Client:
    return signed_in(make_administrator(sofia_user))


@pytest.fixture
def shop() -> Iterator[Receiver]:
    """The marketplace's program, which accepts everything."""
    with webhooks.receiver() as here:
        yield here


def address(made: Endpoint, *rest: str) -> str:
    return "/".join((PAGE, made.public_id, *rest))


def hidden(page: Any, action: str = "") -> dict[str, str]:
    """The hidden fields of the form that is sent to an address."""
    text = page.content.decode()
    form = re.search(rf'<form[^>]*action="{action}[^"]*".*?</form>', text[text.index('id="main"') :], re.DOTALL)
    assert form, action
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0]))


def told() -> None:
    """Run the jobs that are due."""
    worker = schedule.worker()
    while worker.run_one():
        pass
    assert not Job.objects.exclude(error="").exists()


def verbs() -> list[tuple[str, Any]]:
    """What the journal says of endpoints: what was done, and who did it."""
    found = Event.objects.filter(subject_kind="endpoint").order_by("pk")
    assert {one.audience for one in found} <= {"platform"}
    return [(one.verb, one.actor["user"]) for one in found]


# Who may come in


@pytest.mark.parametrize("rest", ["", "/new", "/{}", "/{}/kinds", "/{}/secret", "/{}/replay", "/{}/messages/msg_x"])
def test_only_administrators_with_a_second_factor_come_in(
    rest: str, sofia_client: Client, mehmet_client: Client, sofia_user: User
) -> None:
    made, _secret = endpoint("https://shop.example/hooks")
    where = PAGE + rest.format(made.public_id)
    with nothing_changed():
        for method in ("get", "post"):
            answer, stranger = (getattr(one, method)(where, {"act": "off"}) for one in (sofia_client, mehmet_client))
            assert answer.status_code == 403 or (answer.status_code, method) == (405, "post")
            assert stranger.status_code == 405 or stranger["Location"] == "/"
    assert PAGE not in sofia_client.get("/support/search").content.decode()

    User.objects.filter(pk=sofia_user.pk).update(is_staff=True)

    assert PAGE in sofia_client.get("/support/search").content.decode()
    with nothing_changed():
        refused = sofia_client.get(where)
        assert sofia_client.post(where, {"act": "off"}).status_code in {403, 405}
    assert refused.status_code == 403
    assert "/accounts/2fa/totp/activate/" in refused.content.decode()


# Adding


def add(client: Client, **values: Any) -> Any:
    form = {**hidden(client.get(f"{PAGE}/new"), f"{PAGE}/new"), "told": "everything", **values}
    return client.post(f"{PAGE}/new", form)


def test_an_endpoint_is_added_and_its_secret_shown_exactly_once(
    administrator: Client, shop: Receiver, ask: Ask, sofia_user: User
) -> None:
    answer = add(administrator, url=shop.url)
    secret = SECRET.findall(answer.content.decode())[0]

    ask("order_status")
    told()
    webhooks.deliver_everything()

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    made = Endpoint.objects.get()
    assert (made.url, made.kinds) == (shop.url, [])
    assert Webhook(secret).verify(shop.came[0].body, shop.came[0].headers)["type"] == "ticket.opened"
    assert verbs() == [("webhook_added", sofia_user.pk)]
    for where in (PAGE, address(made), address(made, "secret"), address(made, "messages", shop.ids[0])):
        assert not SECRET.search(administrator.get(where).content.decode())
    assert secret not in str(list(Event.objects.values()))


def test_the_kinds_are_chosen_by_what_they_mean(administrator: Client) -> None:
    page = html.unescape(administrator.get(f"{PAGE}/new").content.decode())
    add(administrator, url="http://127.0.0.1:9/", told="some", kinds=["refund.requested", "ticket.opened"])

    assert all(str(meaning) in page for meaning in MEANINGS.values())
    assert Endpoint.objects.get().kinds == ["refund.requested", "ticket.opened"]


def test_every_kind_has_a_meaning() -> None:
    assert list(MEANINGS) == list(KINDS.values())


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "Enter the address"),
        ("https://10.0.0.1/hooks", "10.0.0.1 is not public"),
        ("https://169.254.169.254/latest", "169.254.169.254 is not public"),
        ("http://93.184.216.34/", "without TLS"),
        ("http://user:pass@127.0.0.1/", "no user name"),
        ("ftp://127.0.0.1/", "begins with https://"),
        ("https://[::1", "This is no address"),
        ("https://127.0.0.1/" + "x" * 500, "at most 500"),
        ('https://x.example/ "><script>alert(1)</script>', "no spaces"),
    ],
)
def test_an_address_that_must_not_be_called_is_refused_before_it_is_saved(
    url: str, words: str, administrator: Client
) -> None:
    with nothing_changed():
        answer = add(administrator, url=url, told="some", kinds=["refund.failed"])

    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in html.unescape(text)
    assert "<script>alert" not in text
    assert f'value="{html.escape(url.strip())}"' in text
    assert re.search(r'value="refund.failed" checked', text)


@pytest.mark.parametrize("values", [{"told": "some"}, {"told": "x"}, {"told": "some", "kinds": ["ticket.burnt"]}])
def test_an_endpoint_is_told_of_something_that_there_is(values: Any, administrator: Client) -> None:
    with nothing_changed():
        answer = add(administrator, url="http://127.0.0.1:9/", **values)

    assert answer.status_code == 422
    assert 'value="http://127.0.0.1:9/"' in answer.content.decode()


def test_a_double_click_adds_one_and_says_that_the_secret_was_shown(administrator: Client) -> None:
    form = {**hidden(administrator.get(f"{PAGE}/new"), f"{PAGE}/new"), "url": "http://127.0.0.1:9/", "told": "some"}
    form["kinds"] = "ticket.late"

    first, twin = administrator.post(f"{PAGE}/new", form), administrator.post(f"{PAGE}/new", form)
    said = administrator.get(PAGE).content.decode()
    other = administrator.post(f"{PAGE}/new", {**form, "url": "http://127.0.0.1:8/"})

    assert SECRET.search(first.content.decode())
    assert twin["Location"] == PAGE
    assert "Its secret was shown then" in said
    assert other.status_code == 409
    assert Endpoint.objects.count() == 1


# Looking after one


def press(client: Client, made: Endpoint, act: str) -> Any:
    return client.post(address(made), {**hidden(client.get(address(made)), address(made)), "act": act})


def test_kinds_are_changed_from_now_on(administrator: Client, sofia_user: User) -> None:
    made, _secret = endpoint("https://shop.example/hooks", ("ticket.opened",))
    page = administrator.get(address(made, "kinds"))
    form = {**hidden(page, address(made, "kinds")), "told": "some", "kinds": ["ticket.late", "ticket.rated"]}

    answer = administrator.post(address(made, "kinds"), form)

    made.refresh_from_db()
    assert re.search(r'value="ticket.opened" checked', page.content.decode())
    assert answer["Location"] == address(made)
    assert made.kinds == ["ticket.late", "ticket.rated"]
    assert verbs() == [("webhook_changed", sofia_user.pk)]
    assert Event.objects.get(verb="webhook_changed").data["before"] == ["ticket.opened"]


def test_the_second_of_two_administrators_is_told_and_keeps_what_they_chose(administrator: Client) -> None:
    made, _secret = endpoint("https://shop.example/hooks")
    where = address(made, "kinds")
    page = administrator.get(where)
    tomas = User.objects.create_user("tomas@example.org", "x", name="Tomás Ruiz", party="support", language="en")
    other = signed_in(make_administrator(tomas))
    other.post(where, {**hidden(other.get(where), where), "told": "some", "kinds": ["ticket.late"]})

    with nothing_changed():
        answer = administrator.post(where, {**hidden(page, where), "told": "some", "kinds": ["ticket.rated"]})
        late = administrator.post(address(made), {"seen": hidden(page, where)["seen"], "act": "off"})

    text = answer.content.decode()
    assert (answer.status_code, late.status_code) == (409, 409)
    assert "Somebody changed this endpoint while you were here." in text
    assert re.search(r'value="ticket.rated" checked', text)
    again = administrator.post(where, {**hidden(answer, where), "told": "some", "kinds": ["ticket.rated"]})
    assert again.status_code == 302


def test_for_a_day_after_a_new_secret_both_are_good_and_the_page_says_so(
    administrator: Client, shop: Receiver, ask: Ask, sofia_user: User
) -> None:
    made, old = endpoint(shop.url)
    where = address(made, "secret")
    asked = administrator.get(where)
    with nothing_changed():
        administrator.get(where)

    form = hidden(asked, where)
    answer, twin = administrator.post(where, form), administrator.post(where, form)
    ask("order_status")
    told()
    webhooks.deliver_everything()

    new = SECRET.findall(answer.content.decode())[0]
    assert "For 24 hours every message carries two signatures" in asked.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert "until tomorrow" in answer.content.decode()
    assert "the old one is good as well" in administrator.get(address(made)).content.decode()
    assert not SECRET.search(twin.content.decode())
    for secret in (old, new):
        assert Webhook(secret).verify(shop.came[0].body, shop.came[0].headers)
    assert verbs() == [("webhook_rotated", sofia_user.pk)]


def test_an_endpoint_is_switched_off_and_on(administrator: Client, shop: Receiver, ask: Ask, sofia_user: User) -> None:
    made, _secret = endpoint(shop.url)
    press(administrator, made, "off")
    ask("order_status")
    told()
    off = administrator.get(PAGE).content.decode()
    refused = administrator.post(address(made), {"act": "test"})
    press(administrator, made, "on")

    ask("tracking")
    told()
    webhooks.deliver_everything()

    assert "Switched off since today" in off
    assert refused.status_code == 422
    assert "Switch it on first." in refused.content.decode()
    assert len(shop.came) == 1
    assert verbs() == [("webhook_disabled", sofia_user.pk), ("webhook_enabled", sofia_user.pk)]


def test_a_test_is_sent_to_this_endpoint_alone_whatever_it_chose(
    administrator: Client, shop: Receiver, sofia_user: User
) -> None:
    made, secret = endpoint(shop.url, ("policy.changed",))
    other, _secret = endpoint("http://127.0.0.1:9/")

    answer = press(administrator, made, "test")
    told()
    webhooks.deliver_everything()

    page = administrator.get(answer["Location"]).content.decode()
    said = Webhook(secret).verify(shop.came[0].body, shop.came[0].headers)
    assert (said["type"], said["data"], said["sequence"]) == ("webhook.test", {"by": "support"}, None)
    assert "Accepted" in page
    assert not other.deliveries.exists()
    assert verbs() == [("webhook_tested", sofia_user.pk)]


def test_an_act_that_there_is_not_does_nothing(administrator: Client) -> None:
    made, _secret = endpoint("https://shop.example/hooks")
    with nothing_changed():
        assert administrator.post(address(made), {"act": "burn"}).status_code == 422
        assert administrator.post(PAGE, {}).status_code == 405
        assert administrator.get(f"{PAGE}/{'0' * 24}").status_code == 404


# How they do, at a glance

ANSWERS: list[tuple[Behaviour, str, str]] = [
    (answers(500), "The program there failed (500).", "log"),
    (answers(401), "It refused the message (401).", "secret"),
    (answers(404), "nothing for messages at this address (404)", "Check the address."),
    (answers(302, Location="http://127.0.0.1:1/"), "redirect (302), which is not followed", "leads to"),
    (answers(429, Retry_After="60"), "asked to be called later (429)", "Nothing is to be done"),
    (answers(418), "It did not accept the message (418).", "read what it answered"),
    (answers(410), "it answered that it is gone", "If the program moved"),
    (webhooks.silence, "No answer came in", "answer at once"),
    (webhooks.reset, "The connection was broken off.", "log"),
    (lambda line, _request: line.sendall(b"SSH-2.0-x\r\n"), "Nothing came back that can be understood.", "log"),
]


@pytest.mark.parametrize(("behave", "happened", "first"), ANSWERS, ids=[one[1][:20] for one in ANSWERS])
def test_what_is_wrong_with_an_endpoint_is_said_with_what_to_do_first(
    behave: Behaviour, happened: str, first: str, administrator: Client, ask: Ask
) -> None:
    with webhooks.receiver(always(behave)) as shop:
        made, _secret = endpoint(shop.url)
        ask("order_status")
        told()
        delivering.serve_one(timezone.now())

    for where in (PAGE, address(made)):
        text = html.unescape(administrator.get(where).content.decode())
        assert happened in text
        assert first in text
        assert "<b>First:</b>" in text
        assert re.search(r'class="tag (warning|danger)">(Failing|Disabled: gone)<', text)


def test_what_cannot_be_reached_is_said_too(administrator: Client, ask: Ask, tmp_path: Path, free_port: int) -> None:
    with webhooks.receiver(tls=tmp_path) as forged:
        endpoint(f"http://127.0.0.1:{free_port}/")
        endpoint(forged.url.replace("http:", "https:"))
        endpoint("https://10.0.0.1/")
        endpoint("https://nobody.invalid./")
        unreadable, _secret = endpoint(forged.url)
        Endpoint.objects.filter(pk=unreadable.pk).update(sealed_secret="x")
        ask("order_status")
        told()
        while delivering.serve_one(timezone.now()):
            pass

    text = html.unescape(administrator.get(PAGE).content.decode())
    assert "Nobody listens at this address." in text
    assert "Its certificate is not valid." in text
    assert "Its address leads into a private network" in text
    assert "The name of its host is not known." in text
    assert "Its secret cannot be read any more" in text
    assert forged.came == []


def test_a_dead_endpoint_stands_out_and_a_good_one_does_not(
    administrator: Client, ask: Ask, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manners, "STANDARD", replace(manners.STANDARD, given_up_limit=2))
    with webhooks.receiver(always(answers(500))) as dead, webhooks.receiver() as good:
        endpoint(dead.url)
        endpoint(good.url, ("ticket.opened",))
        ask("order_status").reply("And?", by=ada)
        told()
        before = administrator.get(PAGE).content.decode()
        webhooks.deliver_everything()

    text = administrator.get(PAGE).content.decode()
    assert before.count("Never yet") == 2
    assert 'class="tag danger">Disabled: unreachable<' in text
    assert "for days it accepted no message" in text
    assert re.search(r'class="wrong" href="[^"]*state=failed">2<', text)
    assert 'class="tag good">On<' in text
    assert text.count("Never yet") == 1


# What was sent


def test_a_message_opens_into_what_was_sent_and_every_answer(administrator: Client, ask: Ask) -> None:
    with webhooks.receiver(at_first(1, answers(500, b"<script>alert(1)</script> out of stock"))) as shop:
        made, _secret = endpoint(shop.url)
        ticket = ask("order_status", "Wo ist <b>meine</b> Bestellung?")
        told()
        delivering.serve_one(timezone.now())
        where = address(made, "messages", shop.ids[0])
        failed = administrator.get(where).content.decode()
        webhooks.deliver_everything()

    text = administrator.get(where).content.decode()
    shown = html.unescape(text)
    assert "Failed, tried again" in failed
    assert "next try today" in failed
    assert "<script>alert" not in text
    assert "<script>alert(1)</script> out of stock" in shown
    assert f"POST {shop.url}" in shown
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        assert f"{name}: {shop.came[-1].headers[name]}" in shown
    assert shop.came[0].headers["webhook-signature"] in html.unescape(failed)
    assert json.dumps(json.loads(shop.came[0].body), ensure_ascii=False, indent=2) in shown
    assert f"/support/tickets/{ticket.public_id}" in text
    assert (text.count(">Failed<"), text.count(">Accepted<")) == (1, 1)
    assert re.search(r"\d+ ms", text)


def test_a_message_of_another_endpoint_is_not_here(administrator: Client, shop: Receiver, ask: Ask) -> None:
    made, _secret = endpoint(shop.url, ("policy.changed",))
    endpoint(shop.url)
    ask("order_status")
    told()
    other = Delivery.objects.get()

    assert administrator.get(address(made, "messages", other.message_id)).status_code == 404
    with nothing_changed():
        answer = administrator.get(address(made, "replay"), {"message": other.message_id})
        administrator.post(address(made, "replay"), {"message": other.message_id})
    assert "This endpoint was told none of these." in answer.content.decode()


@pytest.fixture
def many(ask: Ask, ada: Actor) -> Endpoint:
    """An endpoint that was told sixty things, and failed on every third."""
    made, _secret = endpoint("https://shop.example/hooks")
    ticket, at = ask("order_status"), timezone.now()
    events = Event.objects.bulk_create(
        Event(verb="reply", subject_kind="ticket", subject_id=ticket.pk, ticket_id=ticket.pk, at=at) for _ in range(60)
    )
    Delivery.objects.bulk_create(
        Delivery(
            endpoint=made, event=event, message_id=f"msg_{number}", kind="ticket.replied", ticket_id=ticket.pk,
            sequence=number, body="{}", made_at=at - timedelta(minutes=60 - number), next_at=at, attempts=1,
            status=DeliveryStatus.DELIVERED if number % 3 else DeliveryStatus.GIVEN_UP,
            answer_status=200 if number % 3 else 500,
            failed_at=None if number % 3 else at - timedelta(minutes=60 - number),
        )
        for number, event in enumerate(events)
    )  # fmt: skip
    return made


def shown(answer: Any) -> list[str]:
    return re.findall(r'name="message" value="(\w+)"', answer.content.decode())


def test_sixty_messages_are_paged_newest_first_in_few_queries(
    administrator: Client, many: Endpoint, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(12):
        first = administrator.get(address(many))
    further = html.unescape(re.search(r'href="(\?[^"]*after=[^"]*)" rel="next"', first.content.decode())[1])  # type: ignore[index]
    second = administrator.get(address(many) + further)
    with django_assert_max_num_queries(12):
        administrator.get(PAGE)
    with django_assert_max_num_queries(12):
        administrator.get(address(many, "messages", "msg_3"))

    assert shown(first) + shown(second) == [f"msg_{number}" for number in range(59, -1, -1)]
    assert 'rel="next"' not in second.content.decode()


def test_messages_are_found_by_state_kind_and_ticket(administrator: Client, many: Endpoint, ticket: Ticket) -> None:
    theirs = Ticket.objects.exclude(pk=ticket.pk).get()

    def found(**filters: str) -> int:
        return len(shown(administrator.get(address(many), filters)))

    assert found(state="failed") == found(state="given_up") == 20
    assert found(state="delivered") == 40
    assert found(state="waiting") == 0
    assert found(kind="ticket.replied", state="failed") == 20
    assert found(kind="ticket.opened") == 0
    assert found(ticket=theirs.public_id) == 50
    assert found(ticket=ticket.public_id) == 0
    assert found(ticket="nobody") == 0
    assert found(state="burnt", kind="burnt", after="x") == 50


def test_the_list_walks_an_index(many: Endpoint, ticket: Ticket, sofia: Actor) -> None:
    """However many messages there are: the page is read from an index, and only that page."""
    at = timezone.now()
    events = Event.objects.bulk_create(
        [Event(verb="open", subject_kind="ticket", subject_id=1, at=at) for _one in range(3000)], batch_size=500
    )
    everybody = [many, *(endpoint(f"https://127.0.0.1/{number}")[0] for number in range(9))]
    fields: dict[str, Any] = {"kind": "ticket.opened", "body": "{}", "status": "delivered"}
    Delivery.objects.bulk_create(
        [
            Delivery(event=event, message_id=f"m_{event.pk}", made_at=at - timedelta(seconds=event.pk), next_at=at,
                     ticket_id=event.pk, endpoint=everybody[number % 10], **fields)
            for number, event in enumerate(events)
        ],
        batch_size=500,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "postgresql":  # which sorts so few rows as happily as it walks the index
            cursor.execute("SET LOCAL enable_incremental_sort = off")
    page = Delivery.objects.filter(endpoint=many).order_by("-made_at", "-pk")[:51]
    failed = Delivery.objects.filter(endpoint=many, failed_at__gte=at - timedelta(days=7))
    of_ticket = Delivery.objects.filter(endpoint=many, ticket_id=ticket.pk)

    assert "delivery_by_endpoint" in page.explain()
    assert "delivery_failed" in failed.explain()
    assert "delivery_by_ticket" in of_ticket.explain()
    assert "Sort" not in page.explain()
    assert "TEMP B-TREE" not in page.explain()
    rows, _after = page_of_deliveries.listed(many, FilterForm({}), "", sofia)
    assert len(rows) == 50


# Sending again


def replay(client: Client, made: Endpoint, **which: Any) -> tuple[Any, Any]:
    """What the page asks first, and what comes of saying yes."""
    where = address(made, "replay")
    with nothing_changed():
        asked = client.get(where, which)
    form = {**hidden(asked, where), **which}
    return asked, client.post(where, form)


def test_one_message_is_sent_again_with_its_id_and_its_words(
    administrator: Client, shop: Receiver, ask: Ask, sofia_user: User
) -> None:
    made, _secret = endpoint(shop.url)
    ask("order_status")
    told()
    webhooks.deliver_everything()

    asked, answer = replay(administrator, made, message=shop.ids[0])
    webhooks.deliver_everything()

    assert "1 message will be sent again." in asked.content.decode()
    assert answer["Location"] == address(made)
    assert len(shop.came) == 2
    assert len({(one.id, one.body) for one in shop.came}) == 1
    assert Delivery.objects.get().tries.count() == 2
    assert verbs() == [("webhook_replayed", sofia_user.pk)]
    assert Event.objects.get(verb="webhook_replayed").data["messages"] == 1


def test_checked_messages_go_out_in_the_order_of_their_ticket(
    administrator: Client, shop: Receiver, ask: Ask, ada: Actor
) -> None:
    made, _secret = endpoint(shop.url)
    ticket = ask("order_status")
    for number in range(4):
        ticket.reply(f"And {number}.", by=ada)
    told()
    webhooks.deliver_everything()
    first_time = shop.ids
    ticket.reply("New.", by=ada)
    told()
    Delivery.objects.filter(attempts=0).update(next_at=timezone.now() - timedelta(hours=1))

    asked, _answer = replay(administrator, made, message=[first_time[3], first_time[1]])
    webhooks.deliver_everything()

    assert "2 messages will be sent again." in asked.content.decode()
    assert [json.loads(one.body)["sequence"] for one in shop.came] == [1, 2, 3, 4, 5, 2, 4, 6]


def test_all_that_failed_since_a_moment_is_sent_again_and_nothing_else(
    administrator: Client, many: Endpoint, sofia_user: User
) -> None:
    sofia_user.time_zone = "Asia/Tokyo"
    sofia_user.save()
    with timezone.override("Asia/Tokyo"):
        since = timezone.localtime(timezone.now() - timedelta(minutes=31)).strftime("%Y-%m-%dT%H:%M:%S")

    asked, _answer = replay(administrator, many, since=since)

    assert "10 messages will be sent again." in asked.content.decode()
    waiting = Delivery.objects.filter(status=DeliveryStatus.WAITING, attempts=0, failed_at=None)
    assert set(waiting.values_list("message_id", flat=True)) == {f"msg_{number}" for number in range(30, 60, 3)}
    again = administrator.get(address(many, "replay"), {"since": since})
    assert "Nothing failed since " in again.content.decode()


def test_a_double_click_sends_again_once(administrator: Client, many: Endpoint) -> None:
    where = address(many, "replay")
    form = {**hidden(administrator.get(where, {"message": "msg_1"}), where), "message": "msg_1"}

    answers_of_both = [administrator.post(where, form).status_code for _time in range(2)]

    assert answers_of_both == [302, 302]
    assert Event.objects.filter(verb="webhook_replayed").count() == 1


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ({}, "Check the messages"),
        ({"since": "soon"}, "Enter a day and a time."),
        ({"since": "2999-01-01T10:00"}, "over"),
        ({"since": "0001-01-01T00:00"}, "Enter a day and a time."),
        ({"since": "9999-12-31T23:59"}, "Enter a day and a time."),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_sending_again_needs_to_know_what(
    method: str, which: Any, words: str, administrator: Client, many: Endpoint
) -> None:
    with nothing_changed():
        answer = getattr(administrator, method)(address(many, "replay"), which)

    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_messages_that_nobody_can_have_are_none(administrator: Client, many: Endpoint) -> None:
    with nothing_changed():
        asked = administrator.get(address(many, "replay"), {"message": "\x00"})

    assert "This endpoint was told none of these." in asked.content.decode()


def test_nothing_is_sent_again_to_an_endpoint_that_is_off(administrator: Client, many: Endpoint) -> None:
    endpoints.disable(many, by=clock())
    with nothing_changed():
        answer = administrator.post(address(many, "replay"), {"message": "msg_1"})

    assert answer.status_code == 422
    assert "Switch it on first." in answer.content.decode()


def test_the_pages_speak_the_readers_language(administrator: Client, many: Endpoint, sofia_user: User) -> None:
    sofia_user.language = "ar"
    sofia_user.save()

    for where in (PAGE, f"{PAGE}/new", address(many), address(many, "secret"), address(many, "messages", "msg_1")):
        text = administrator.get(where).content.decode()
        assert 'dir="rtl"' in text
        assert administrator.get(where).status_code == 200
