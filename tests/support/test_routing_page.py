"""The routing page: administrators draft an ordered list of rules, try it, save it with a reason, and undo it."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from marketdesk.journal.models import Event
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.policy import promises
from marketdesk.support import routing
from marketdesk.tickets import routes
from marketdesk.tickets.models import ListChange, ListDraft, Ticket
from marketdesk.tickets.routes import ROUTING
from marketdesk.tickets.routing import SHIPPED
from marketdesk.tickets.rules import Desk
from tests.conftest import make_administrator, signed_in
from tests.support.forms import filled_in
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

PAGE = "/support/routing"
NEW = f"{PAGE}/rules/new"
TRY = f"{PAGE}/try"


@pytest.fixture
def administrator(sofia_user: User) -> Client:
    return signed_in(make_administrator(sofia_user))


@pytest.fixture
def tomas(db: None) -> Client:
    """Another administrator."""
    user = User.objects.create_user("tomas@example.org", "x", name="Tomás Ruiz", party="support", language="en")
    return signed_in(make_administrator(user))


Write = Callable[..., Any]
Save = Callable[..., Any]


@pytest.fixture
def write(administrator: Client) -> Write:
    """`write(countries=["DE"], to="platform")` fills in a rule and puts it into the draft."""

    def _write(code: str = "new", client: Client = administrator, **values: Any) -> Any:
        address = f"{PAGE}/rules/{code}"
        return client.post(address, {**filled_in(client.get(address), address), **values})

    return _write


@pytest.fixture
def press(administrator: Client) -> Write:
    """`press("up", "high_value")` presses a button of a row."""
    return lambda act, code="", client=administrator: client.post(PAGE, {"act": f"{act}:{code}"})


@pytest.fixture
def save(administrator: Client) -> Save:
    """`save()` sends the form that the page shows below a draft."""

    def _save(reason: str = "Summer.", client: Client = administrator, page: Any = None, **values: Any) -> Any:
        form = filled_in(page or client.get(PAGE))
        sent = {name: form[name] for name in ("key", "edition")} if page or "key" in form else {"key": "k"}
        return client.post(PAGE, {**sent, "reason": reason, "act": "save", **values})

    return _save


def codes() -> list[str]:
    return [row["code"] for row in ROUTING.read()]


def drafted() -> list[str]:
    return [row["code"] for row in ListDraft.objects.get().rows]


# Who comes in


def test_only_administrators_with_a_second_factor_come_in(
    sofia_client: Client, mehmet_client: Client, sofia_user: User
) -> None:
    with nothing_changed():
        for address in (PAGE, NEW, TRY, f"{PAGE}/changes/1"):
            assert sofia_client.get(address).status_code == 403
            assert mehmet_client.get(address)["Location"] == "/"
    sofia_user.is_staff = True
    sofia_user.save()

    answer = sofia_client.get(PAGE)

    assert answer.status_code == 403
    assert "/accounts/2fa/totp/activate/" in answer.content.decode()
    assert PAGE in sofia_client.get("/support/search").content.decode()


# What is shown


def test_the_articles_rules_stand_in_order_and_say_the_policys_numbers(
    administrator: Client, ticket: Ticket, purchase: Ticket
) -> None:
    text = administrator.get(PAGE).content.decode()

    assert re.findall(r'<li id="row-(\w+)"', text) == [rule.code for rule in SHIPPED]
    assert "As shipped" in text
    assert "until 120 days after the refund window" in text
    assert "off in the policy" in text
    assert text.count("1 ticket in the last 30 days.") == 2
    assert "As the policy and the issue types are today, nothing reaches it." in text


def test_tickets_of_long_ago_are_not_counted(administrator: Client, ticket: Ticket) -> None:
    Ticket.objects.update(opened_at=ticket.opened_at - timedelta(days=31))

    assert "1 ticket in the last" not in administrator.get(PAGE).content.decode()


def test_the_page_asks_few_questions(
    administrator: Client, write: Write, save: Save, django_assert_max_num_queries: Any, store: Merchant
) -> None:
    write(countries=["DE"], merchants="m-1", tags="gold")
    save()
    write(issues=["order_status"], merchants="m-1", to="platform")
    save()
    write(issues=["tracking"], merchants="m-1", to="platform")

    for address in (PAGE, NEW, TRY, f"{TRY}?about=O-1", f"{PAGE}/changes/{ListChange.objects.latest('pk').pk}"):
        with django_assert_max_num_queries(20):
            administrator.get(address)


# Drafting


def test_a_new_rule_stands_first_in_the_draft_and_counts_only_once_it_is_saved(
    write: Write, save: Save, administrator: Client, ask: Callable[..., Ticket], sofia_user: User
) -> None:
    answer = write(categories=["post_customer_support"], countries=["DE", "FR"], to="platform")
    code = drafted()[0]
    page = administrator.get(PAGE).content.decode()

    assert answer["Location"] == f"{PAGE}#row-{code}"
    assert "customers in: France, Germany" in page
    assert "Draft: not saved yet" in page
    assert "1. Post Customer Support Questions · customers in: France, Germany → platform support" in page
    assert ask("order_status").desk == Desk.MERCHANT

    assert save("They are ours now.")["Location"] == PAGE

    change = ListChange.objects.get()
    assert (change.reason, change.actor["user"], codes()[0]) == ("They are ours now.", sofia_user.pk, code)
    assert not ListDraft.objects.exists()
    routes.forget()
    ticket = ask("order_status")
    assert ticket.desk == Desk.PLATFORM
    assert ticket.why_here == (
        "A rule of the marketplace sent it to platform support: "
        "Post Customer Support Questions · customers in: Germany."
    )
    event = Event.objects.get(verb="routing_changed")
    assert event.data["rows"][0]["code"] == code


def test_every_condition_goes_through_the_form_and_comes_back(
    write: Write, administrator: Client, store: Merchant
) -> None:
    typed = {
        "categories": ["post_purchase"],
        "issues": ["item_problem"],
        "elsewhere": "yes",
        "countries": ["@direct", "US", "-"],
        "high_value": "yes",
        "currency": ["eur", "VND", ""],
        "least": ["12.50", "", ""],
        "below": ["", "50000", ""],
        "merchants": "m-1",
        "tags": "gold; silver, gold",
        "languages": ["de"],
        "gate": "after",
        "to": "platform",
    }

    assert write(**typed).status_code == 302

    row = ListDraft.objects.get().rows[0]
    form = filled_in(administrator.get(f"{PAGE}/rules/{row['code']}"))
    assert row == {
        "code": row["code"], "to": "platform", "active": True, "categories": ["post_purchase"],
        "issues": ["item_problem"], "elsewhere": True, "countries": ["", "@direct", "US"], "high_value": True,
        "sums": {"EUR": [1250, None], "VND": [0, 50000]}, "merchants": ["m-1"], "tags": ["gold", "silver"],
        "languages": ["de"], "gate": "after",
    }  # fmt: skip
    assert sorted(form["countries"]) == ["-", "@direct", "US"]
    assert (form["currency"][:2], form["least"][0], form["below"][1]) == (["EUR", "VND"], "12.50", "50000")
    assert (form["gate"], form["to"], form["tags"]) == (["after"], ["platform"], ["gold, silver"])


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"issues": ["nothing"]}, "There is no issue type “nothing”."),
        ({"categories": ["post_purchase"], "issues": ["tracking"]}, "is of another category"),
        ({"categories": ["all"]}, "Choose a category."),
        ({"countries": ["XX"]}, "XX is not a country code."),
        ({"currency": "XXQ", "least": "5", "below": ""}, "XXQ is not a currency code."),
        ({"currency": "EUR", "least": "five", "below": ""}, "Write sums in EUR"),
        ({"currency": "EUR", "least": "-5", "below": ""}, "Write sums in EUR"),
        ({"currency": "EUR", "least": "1.234", "below": ""}, "Write sums in EUR"),
        ({"currency": "EUR", "least": "9e99", "below": ""}, "Write sums in EUR"),
        ({"currency": "EUR", "least": "50", "below": "50"}, "must be more than"),
        ({"merchants": "m-404\0"}, "There is no merchant “m-404”."),
        ({"languages": ["tlh"]}, "is no language of this desk"),
        ({"gate": "never"}, "Choose a time from the list."),
    ],
)
def test_a_wrong_value_is_said_at_its_field_and_everything_stays_typed(
    typed: dict[str, Any], said: str, write: Write, administrator: Client, caplog: pytest.LogCaptureFixture
) -> None:
    administrator.get(NEW)
    with nothing_changed():
        answer = write(**{"tags": "gold", **typed})

    text = answer.content.decode()
    assert answer.status_code == 422
    assert said in text
    assert 'value="gold"' in text
    assert "could not change the routing" in caplog.text


def test_sending_a_new_rule_twice_makes_one(administrator: Client) -> None:
    form = {**filled_in(administrator.get(NEW), NEW), "countries": ["DE"]}

    for _time in range(2):
        administrator.post(NEW, form)

    assert len(drafted()) == len(SHIPPED) + 1


def test_rules_are_moved_switched_off_and_removed_in_the_draft(press: Write, administrator: Client) -> None:
    press("up", "high_value")
    press("down", "other_country")
    press("switch", "after_gate")
    press("remove", "before_gate")

    rows = {row["code"]: row for row in ListDraft.objects.get().rows}
    assert list(rows) == [
        "high_value", "selected_merchant", "platform_refunds", "other_country", "after_gate", "direct_country",
    ]  # fmt: skip
    assert not rows["after_gate"]["active"]
    assert codes() == [rule.code for rule in SHIPPED]

    press("discard")

    assert not ListDraft.objects.exists()


def test_two_clicks_at_once_make_one_draft(administrator: Client, sofia_user: User) -> None:
    one, other = ROUTING.draft(sofia_user.pk), ROUTING.draft(sofia_user.pk)

    routing.PAGE.keep(one, one.rows[1:])
    routing.PAGE.keep(other, other.rows[2:])

    assert ListDraft.objects.get().rows == other.rows[2:]


@pytest.mark.parametrize("act", ["up", "down", "switch", "remove"])
def test_the_last_rule_stays_as_it_is_and_last(act: str, press: Write) -> None:
    with nothing_changed():
        press(act, "direct_country")
        press("down", "after_gate")
        press(act, "of nowhere")
        press("up", "selected_merchant")


def test_the_last_rule_can_only_send_elsewhere(write: Write, save: Save, ask: Callable[..., Ticket]) -> None:
    write("direct_country", to="platform", countries=["DE"], gate="before")
    save()

    routes.forget()
    assert ROUTING.read()[-1] == {"code": "direct_country", "to": "platform", "active": True}
    ticket = ask("order_status")
    assert ticket.why_here == "A rule of the marketplace sent it to platform support: everything else."


def test_a_draft_that_says_what_is_there_is_none(press: Write) -> None:
    press("up", "high_value")
    press("down", "high_value")

    assert not ListDraft.objects.exists()


# Never reached


def test_a_rule_that_is_hidden_is_said_with_the_rules_that_hide_it_and_not_saved(
    write: Write, press: Write, save: Save, administrator: Client, caplog: pytest.LogCaptureFixture
) -> None:
    write(categories=["post_purchase"], countries=["DE"])
    hidden = drafted()[0]
    for _time in range(3):
        press("down", hidden)

    page = administrator.get(PAGE)
    with nothing_changed():
        answer = save()

    words = "Nothing can ever reach rule 4: everything that fits it is decided before, by: 3."
    assert f'<a href="#row-{hidden}">{words}</a>' in page.content.decode()
    assert words in answer.content.decode()
    assert words in caplog.text
    assert answer.status_code == 422
    assert 'value="Summer."' in answer.content.decode()

    press("up", hidden)

    assert save().status_code == 302


def test_a_rule_that_contradicts_itself_is_not_saved(write: Write, save: Save) -> None:
    write(categories=["pre_purchase"], high_value="yes")

    answer = save()

    assert answer.status_code == 422
    assert "it contradicts itself" in answer.content.decode()


def test_an_overlap_is_only_a_hint(administrator: Client, write: Write, save: Save) -> None:
    write(countries=["DE"], to="platform")

    assert "Decided before it, in part and otherwise, by: 1." in administrator.get(PAGE).content.decode()
    assert save().status_code == 302


# Saving and undoing


def test_saving_needs_a_reason(press: Write, save: Save) -> None:
    press("switch", "high_value")
    with nothing_changed():
        answer = save(reason=" ")

    assert answer.status_code == 422
    assert "Say in a few words why" in answer.content.decode()


def test_nothing_different_is_nothing_to_save(save: Save) -> None:
    with nothing_changed():
        answer = save()

    assert answer.status_code in {409, 422}


def test_the_second_of_two_administrators_is_told_and_keeps_the_draft(
    press: Write, save: Save, administrator: Client, tomas: Client
) -> None:
    press("switch", "high_value")
    page = administrator.get(PAGE)
    press("switch", "selected_merchant", client=tomas)
    save("Mine.", client=tomas)

    with nothing_changed():
        answer = save("Mine too.", page=page)

    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody else changed this list meanwhile." in text
    assert "Somebody else has changed the list since you began." in text
    assert "Mine." in text
    assert save("Now I know.", page=answer).status_code == 302
    assert [row["code"] for row in ROUTING.read() if not row["active"]] == ["high_value"]


def test_a_double_click_saves_once(press: Write, save: Save, administrator: Client) -> None:
    press("switch", "high_value")
    page = administrator.get(PAGE)

    answers = [save(page=page) for _time in range(2)]

    assert [one.status_code for one in answers] == [302, 302]
    assert ListChange.objects.count() == 1


def test_a_change_is_undone_with_what_came_after_it(
    press: Write, save: Save, administrator: Client, sofia_user: User
) -> None:
    press("switch", "high_value")
    save("First.")
    press("up", "high_value")
    save("Second.")
    first, _second = ListChange.objects.all()
    address = f"{PAGE}/changes/{first.pk}"
    page = administrator.get(address)

    assert "1 later change goes back with it." in page.content.decode()
    answer = administrator.post(address, {**filled_in(page), "reason": "All of it."})

    assert answer["Location"] == PAGE
    assert routes.read(ROUTING.read()) == SHIPPED
    last = ListChange.objects.latest("pk")
    assert (last.undoes, last.reason) == (first, "All of it.")
    text = administrator.get(PAGE).content.decode()
    for words in ("First.", "Second.", "All of it.", "Went back", sofia_user.name):
        assert words in text
    assert "There is nothing left of this change to undo." in administrator.get(address).content.decode()


def test_an_undo_needs_a_reason_and_the_list_that_is_now(press: Write, save: Save, administrator: Client) -> None:
    press("switch", "high_value")
    save()
    address = f"{PAGE}/changes/{ListChange.objects.get().pk}"
    form = filled_in(administrator.get(address))

    with nothing_changed():
        assert administrator.post(address, {**form, "reason": ""}).status_code == 422
        assert administrator.post(address, {**form, "reason": "x", "edition": "0"}).status_code == 409
        assert administrator.post(address, {**form, "reason": "x", "edition": "9" * 30}).status_code == 409
        assert administrator.get(f"{PAGE}/changes/999").status_code == 404
        assert administrator.get("/support/issues/changes/" + address.rsplit("/", 1)[1]).status_code == 404
        assert administrator.get(f"{PAGE}/rules/unknown").status_code == 404


def test_a_change_of_a_list_is_never_rewritten(press: Write, save: Save) -> None:
    press("switch", "high_value")
    save()
    change = ListChange.objects.get()

    with pytest.raises(TypeError):
        change.save()


def test_old_tickets_explain_themselves_forever(
    write: Write, press: Write, save: Save, ask: Callable[..., Ticket], administrator: Client
) -> None:
    shipped = ask("item_problem")
    write("high_value", high_value="", currency="EUR", least="120", below="")
    save()
    routes.forget()
    changed = ask("item_problem")
    press("remove", "high_value")
    save()
    routes.forget()

    assert shipped.why_here.replace("\xa0", " ") == (
        "High-value order: 124.80 EUR, and from 100.00 EUR the merchant answers first."
    )
    assert changed.why_here.replace("\xa0", " ") == (
        "A rule of the marketplace sent it to the merchant: "
        "Post Purchase Tickets · orders from 120.00 EUR (here: 124.80 EUR)."
    )
    assert ask("item_problem").desk == Desk.PLATFORM
    with translation.override("de"):
        assert "124,80 EUR" in changed.why_here.replace("\xa0", " ")


def test_a_policy_change_is_followed_by_the_shipped_rules(sofia: Actor, ask: Callable[..., Ticket]) -> None:
    promises.change({"high_value": {"EUR": 20000}}, reason="Dearer.", by=sofia)
    promises.forget()

    assert ask("item_problem").routed_by == {"rule": "platform_refunds"}


def test_who_will_answer_is_said_by_the_same_rules_before_asking(
    write: Write, save: Save, ada_client: Client, ada_user: User, order: Order
) -> None:
    ada_user.language = "en"
    ada_user.save()
    write(issues=["tracking"], to="platform")
    save()
    routes.forget()

    page = ada_client.get(f"/my/ask/order/{order.public_id}/?issue=tracking").content.decode()
    other = ada_client.get(f"/my/ask/order/{order.public_id}/?issue=order_status").content.decode()

    assert "the platform Support answers this question in place of the store." in page
    assert "Anadolu Home answers by" in other
    assert "A rule of the marketplace" not in page


# Trying it out


def test_an_order_is_tried_with_every_rule_before_the_one_that_decides(
    administrator: Client, order: Order, store: Merchant
) -> None:
    with nothing_changed():
        by_number = administrator.get(TRY, {"about": order.external_id, "issue": "item_problem"})
        by_tracking = administrator.get(TRY, {"about": order.tracking_number, "issue": "item_problem"})

    text = by_number.content.decode().replace("\xa0", " ")
    assert "It goes to: the merchant" in text
    assert "High-value order: 124.80 EUR, and from 100.00 EUR the merchant answers first." in text
    assert "Does not fit: <bdi>merchants tagged “selected”</bdi>. Here: <bdi>Anadolu Home</bdi>." in text
    assert len(re.findall(r'<li value="\d+"', text)) == 2
    assert by_tracking.status_code == 200
    assert "It goes to: the merchant" in by_tracking.content.decode()


def test_a_ticket_is_tried_as_it_would_be_routed_now(administrator: Client, ticket: Ticket) -> None:
    text = administrator.get(TRY, {"about": ticket.public_id}).content.decode()

    assert "It goes to: the merchant" in text
    assert "Questions of customers in Germany go straight to the merchant." in text
    assert f"/support/tickets/{ticket.public_id}" in text


def test_a_moment_and_any_values_are_tried(administrator: Client, store: Merchant) -> None:
    values = {"issue": "order_status", "country": "DE", "ends": "2026-06-01T12:00", "merchant": "m-1"}

    early = administrator.get(TRY, {**values, "moment": "2026-09-29T11:59"}).content.decode()
    late = administrator.get(TRY, {**values, "moment": "2026-09-29T12:00"}).content.decode()
    purchase = administrator.get(TRY, {"issue": "item_problem", "value": "100", "currency": "EUR"}).content.decode()

    assert "It goes to: platform support" in early
    assert "It goes to: the merchant" in late
    assert "It goes to: the merchant" in purchase


def test_the_draft_and_the_saved_list_are_tried(administrator: Client, write: Write, ticket: Ticket) -> None:
    write(issues=["order_status"], to="platform")

    draft = administrator.get(TRY, {"about": ticket.public_id, "rules": "draft"}).content.decode()
    saved = administrator.get(TRY, {"about": ticket.public_id, "rules": "saved"}).content.decode()

    assert "It goes to: platform support" in draft
    assert "It goes to: the merchant" in saved


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"about": "O-404\0"}, ""),
        ({"about": "O-404"}, "There is no order and no ticket with this number."),
        ({"country": "XX"}, "XX is not a country code."),
        ({"value": "5"}, "Say in which currency."),
        ({"value": "5.123", "currency": "EUR"}, "EUR has fewer decimal places."),
        ({"value": "5", "currency": "QQQ"}, "QQQ is not a currency code."),
        ({"merchant": "m-404"}, "There is no merchant “m-404”."),
        ({"issue": "nothing"}, "There is no such issue type."),
        ({"moment": "soon"}, ""),
        ({"moment": "0001-01-01T00:00"}, "Enter a day and a time."),
        ({"ends": "9999-12-31T23:59", "issue": "order_status", "country": "DE"}, "Enter a day and a time."),
    ],
)
def test_what_cannot_be_tried_is_said(
    values: dict[str, str], said: str, administrator: Client, sofia_user: User
) -> None:
    User.objects.filter(pk=sofia_user.pk).update(time_zone="Asia/Tokyo")

    answer = administrator.get(TRY, values)

    assert answer.status_code == 422
    assert said in answer.content.decode()
