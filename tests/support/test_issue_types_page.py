"""The issue types page: administrators add, name, order and switch off what customers can ask about."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from marketdesk.journal.models import Event
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.programs.models import AccessToken
from marketdesk.tickets import issues
from marketdesk.tickets.issue_types import ISSUES
from marketdesk.tickets.models import Issue, ListChange, ListDraft, Ticket
from marketdesk.tickets.rules import Category
from tests.conftest import make_administrator, signed_in
from tests.support.forms import filled_in
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

PAGE = "/support/issues"
GIFT = {
    "code": "gift_wrap",
    "category": "post_customer_support",
    "label-en": "Gift wrapping",
    "label-de": "Geschenkverpackung",
    "v2_label": "Gift Wrap",
}
Write = Callable[..., Any]


@pytest.fixture
def administrator(sofia_user: User) -> Client:
    return signed_in(make_administrator(sofia_user))


@pytest.fixture
def write(administrator: Client) -> Write:
    """`write("tracking", **{"label-en": "Where is it?"})` fills in an issue type and puts it into the draft."""

    def _write(code: str = "new", /, **values: Any) -> Any:
        address = f"{PAGE}/types/{code}"
        return administrator.post(address, {**filled_in(administrator.get(address), address), **values})

    return _write


@pytest.fixture
def press(administrator: Client) -> Write:
    return lambda act, code="": administrator.post(PAGE, {"act": f"{act}:{code}"})


@pytest.fixture
def save(administrator: Client) -> Write:
    def _save(reason: str = "Christmas.", page: Any = None) -> Any:
        form = filled_in(page or administrator.get(PAGE))
        return administrator.post(PAGE, {**form, "reason": reason, "act": "save"})

    return _save


def choices(client: Client, order: Order) -> list[str]:
    """What a customer can choose from an order, in its order."""
    page = client.get(f"/my/ask/order/{order.public_id}/").content.decode()
    return re.findall(r'name="issue" value="(\w+)"', page)


def test_only_administrators_with_a_second_factor_come_in(
    sofia_client: Client, mehmet_client: Client, sofia_user: User
) -> None:
    sofia_user.is_staff = True
    sofia_user.save()
    with nothing_changed():
        for address in (PAGE, f"{PAGE}/types/new", f"{PAGE}/changes/1"):
            assert "/accounts/2fa/totp/activate/" in sofia_client.get(address).content.decode()
            assert sofia_client.post(address, {"act": "switch:tracking"}).status_code == 403
            assert mehmet_client.get(address)["Location"] == "/"


def test_the_shipped_types_stand_in_their_order(administrator: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(20):
        text = administrator.get(PAGE).content.decode()

    assert re.findall(r'<li id="row-(\w+)"', text) == [one.code for one in issues.SHIPPED]


def test_a_draft_changes_nothing_for_customers_and_saving_it_does_at_once(
    write: Write, press: Write, save: Write, ada_client: Client, order: Order
) -> None:
    before = choices(ada_client, order)
    write(**GIFT)
    press("switch", "change_address")
    for _time in range(8):
        press("up", "gift_wrap")

    assert choices(ada_client, order) == before
    assert save().status_code == 302

    assert choices(ada_client, order) == ["gift_wrap", *(code for code in before if code != "change_address")]
    assert "Geschenkverpackung" in ada_client.get(f"/my/ask/order/{order.public_id}/").content.decode()
    event = Event.objects.get(verb="issue_type_changed")
    assert (event.data["reason"], event.audience) == ("Christmas.", "platform")
    assert [row["code"] for row in event.data["rows"]] == list(Issue.objects.values_list("code", flat=True))


def test_other_languages_keep_the_shipped_words(write: Write, save: Write) -> None:
    write("tracking", **{"label-en": "Where is my parcel?"})
    save()

    issue = Issue.objects.get(pk="tracking")
    assert (issue.label, issue.asked) == ("Where is my parcel?", "Where is my parcel?")
    with translation.override("de"):
        assert issue.label == translation.gettext("Tracking and shipping") != "Tracking and shipping"
        assert issue.asked == translation.gettext("I have a question about shipping or tracking")


def test_the_page_of_a_type_shows_what_is_there(write: Write, administrator: Client) -> None:
    write(**GIFT)

    form = filled_in(administrator.get(f"{PAGE}/types/gift_wrap"))

    assert {name: value[0] for name, value in form.items() if name in GIFT} == {
        name: value for name, value in GIFT.items() if name != "code"
    }


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"code": "Gift wrap"}, "The code begins with a letter"),
        ({"code": ""}, "The code begins with a letter"),
        ({"code": "tracking", "category": "post_customer_support"}, "There is an issue type with this code already."),
        ({"category": "gifts"}, "Choose a category."),
        ({"label-en": " "}, "Say in English what it is about"),
        ({"label-de": "x" * 101}, "A name has at most 100 characters."),
        ({"v2_label": "Geschenk für dich"}, "The label for programs is English"),
    ],
)
def test_a_wrong_value_is_said_and_everything_stays_typed(
    typed: dict[str, str], said: str, write: Write, administrator: Client
) -> None:
    administrator.get(PAGE)
    with nothing_changed():
        answer = write(**{**GIFT, "label-fr": "Emballage", **typed})

    text = answer.content.decode()
    assert answer.status_code == 422
    assert said in text
    assert 'value="Emballage"' in text


def test_without_a_label_programs_read_the_english_name(write: Write) -> None:
    write(**{**GIFT, "v2_label": ""})

    assert ListDraft.objects.get().rows[-1]["v2_label"] == "Gift wrapping"


def test_the_category_is_fixed_once_somebody_asked(
    write: Write, save: Write, ask: Callable[..., Ticket], administrator: Client
) -> None:
    write(**GIFT)
    save()
    write("gift_wrap", category="post_purchase")
    save("Goods.")
    assert Issue.objects.get(pk="gift_wrap").category == Category.POST_PURCHASE
    write("gift_wrap", category="pre_purchase")
    ask("gift_wrap")

    page = administrator.get(f"{PAGE}/types/gift_wrap").content.decode()
    with nothing_changed():
        answer = save("Too late.")

    assert 'name="category"' not in page
    assert answer.status_code == 422
    assert "Customers have asked about this already" in answer.content.decode()


def test_each_category_keeps_a_type_that_can_be_chosen(press: Write, save: Write) -> None:
    press("switch", "item_problem")
    press("switch", "return_or_refund")

    with nothing_changed():
        answer = save()

    assert answer.status_code == 422
    assert "Post Purchase Tickets has none." in answer.content.decode()


def test_a_store_can_be_asked_when_only_questions_about_products_are_left(
    press: Write, save: Write, ada_client: Client, store: Merchant
) -> None:
    press("switch", "store_question")
    save()

    page = ada_client.get(f"/my/ask/store/{store.public_id}/")

    assert page.status_code == 200
    assert 'name="text"' in page.content.decode()


def test_old_tickets_keep_a_type_that_is_switched_off(
    ticket: Ticket, press: Write, save: Write, ada_client: Client, order: Order, mehmet_client: Client
) -> None:
    press("switch", "order_status")
    save()

    assert "order_status" not in choices(ada_client, order)
    assert ada_client.get(f"/my/{ticket.public_id}/").status_code == 200
    assert "Order status" in mehmet_client.get(f"/dashboard/tickets/{ticket.public_id}").content.decode()


def test_a_change_is_undone(write: Write, press: Write, save: Write, administrator: Client) -> None:
    before = ISSUES.read()
    write(**GIFT)
    press("up", "tracking")
    save()
    address = f"{PAGE}/changes/{ListChange.objects.get().pk}"

    answer = administrator.post(address, {**filled_in(administrator.get(address)), "reason": "After Christmas."})

    assert answer["Location"] == PAGE
    assert ISSUES.read()[:-1] == before
    assert not Issue.objects.get(pk="gift_wrap").active
    assert ListChange.objects.latest("pk").reason == "After Christmas."


def test_a_type_that_was_never_saved_can_be_removed_and_others_cannot(write: Write, press: Write) -> None:
    write(**GIFT)
    with nothing_changed():
        press("remove", "tracking")
    press("remove", "gift_wrap")

    assert not ListDraft.objects.exists()
    assert Issue.objects.count() == len(issues.SHIPPED)


def test_seeding_again_keeps_the_order_and_the_words(write: Write, press: Write, save: Write) -> None:
    write(**GIFT)
    press("up", "tracking")
    write("tracking", **{"label-en": "Parcel"})
    save()
    rows = ISSUES.read()

    Issue.seed()

    assert ISSUES.read() == rows


def test_an_own_type_is_asked_answered_and_closed_through_every_door(
    write: Write, save: Write, order: Order, ada_client: Client, mehmet: Actor, mehmet_client: Client,
    sofia_client: Client, store: Merchant, ada_user: User,
) -> None:  # fmt: skip
    write(**GIFT)
    save()
    ada_user.language = "en"
    ada_user.save()
    address = f"/my/ask/order/{order.public_id}/?issue=gift_wrap"
    form = filled_in(ada_client.get(address))

    sent = ada_client.post(address, {**form, "text": "Please wrap it."})

    ticket = Ticket.objects.get()
    bearer = {"Authorization": f"Bearer {AccessToken.issue(store, 'erp')}"}
    told = Client().get("/api/v2/ticket", {"id": ticket.public_id}, headers=bearer).json()["data"]
    assert sent["Location"] == f"/my/{ticket.public_id}/"
    assert (ticket.category, ticket.issue_id) == (Category.POST_CUSTOMER_SUPPORT, "gift_wrap")
    assert told["Ticket"]["label"] == "Gift Wrap"
    assert "Gift wrapping" in mehmet_client.get("/dashboard/tickets/post-customer-support/").content.decode()
    assert "Gift wrapping" in sofia_client.get(f"/support/tickets/{ticket.public_id}").content.decode()

    ticket.resolve("Wrapped.", by=mehmet)

    assert "Gift wrapping" in ada_client.get("/my/").content.decode()
    assert "Wrapped." in ada_client.get(f"/my/{ticket.public_id}/").content.decode()
    assert "Gift wrapping" in mehmet_client.get("/dashboard/tickets/closed/").content.decode()
