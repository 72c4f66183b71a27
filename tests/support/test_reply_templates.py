"""The templates page: administrators write what others answer with, in every language, and say why."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from marketdesk.journal.models import Event
from marketdesk.lib import languages
from marketdesk.outbox.webhooks import payloads
from marketdesk.people.models import User
from marketdesk.replies import seeding
from marketdesk.replies.choosing import suggestions
from marketdesk.replies.models import ReplyChange, ReplyTemplate, ReplyText
from marketdesk.tickets.models import Ticket
from tests.conftest import make_administrator, signed_in
from tests.support.forms import filled_in
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

PAGE = "/support/templates"
SHIPPED = f"{PAGE}/order_preparing"
OWN = {
    "code": "gift_wrapped",
    "category": "post_customer_support",
    "issue": ["order_status"],
    "title-en": "Say that it is wrapped",
    "body-en": "Hi {customer},\n\nYour order {order} is wrapped.",
    "title-de": "Verpackt",
    "body-de": "Hallo {customer}, {order} ist verpackt.",
    "reason": "Christmas.",
}
Write = Callable[..., Any]


@pytest.fixture
def administrator(sofia_user: User) -> Client:
    return signed_in(make_administrator(sofia_user))


@pytest.fixture
def write(administrator: Client) -> Write:
    """`write(SHIPPED, **{"title-en": "Soon"})` fills in the page of a template and saves it."""

    def _write(address: str = f"{PAGE}/new", page: Any = None, **values: Any) -> Any:
        text = (page or administrator.get(address)).content.decode()
        form = filled_in(page or administrator.get(address), address.split("?", maxsplit=1)[0])
        bodies = {one.split('"')[0]: one.split(">\n", 1)[1] for one in text.split(' name="body-')[1:]}
        for code, rest in bodies.items():
            form[f"body-{code}"] = [rest.split("</textarea>")[0]]
        return administrator.post(address.split("?", maxsplit=1)[0], {**form, "reason": "Better.", **values})

    return _write


def test_only_administrators_with_a_second_factor_come_in(
    sofia_client: Client, mehmet_client: Client, sofia_user: User
) -> None:
    sofia_user.is_staff = True
    sofia_user.save()
    with nothing_changed():
        for address in (PAGE, f"{PAGE}/new", SHIPPED):
            assert "/accounts/2fa/totp/activate/" in sofia_client.get(address).content.decode()
            assert mehmet_client.get(address)["Location"] == "/"
        assert sofia_client.post(SHIPPED, OWN).status_code == 403


def test_all_of_them_stand_in_the_chosen_language_and_gaps_as_such(
    administrator: Client, django_assert_max_num_queries: Any
) -> None:
    ReplyText.objects.filter(template__code="order_preparing", language="pl").delete()
    ReplyTemplate.objects.filter(code="order_shipped").update(active=False)

    with django_assert_max_num_queries(16):
        page = administrator.get(PAGE, {"language": "pl"}).content.decode()

    polish = seeding.shipped_texts("pl")
    assert polish["order_shipped"]["title"] in page
    assert seeding.shipped_texts("en")["order_preparing"]["title"] in page
    assert page.count("Missing in Polski") == 1
    assert "Missing in:</" not in page.replace("Missing in: Polski</p>", "")
    assert page.count(">Switched off<") == 1
    assert page.count(f'href="{PAGE}/') == len(seeding.SHIPPED) + 1


@pytest.mark.parametrize(
    ("asked", "count"),
    [({"q": "GIECIKME"}, 0), ({"q": "running late"}, 1), ({"category": "pre_purchase"}, 5), ({"category": ""}, 2)],
)
def test_they_are_searched_and_narrowed(administrator: Client, asked: dict[str, str], count: int) -> None:
    assert administrator.get(PAGE, asked).context["total"] == count


def test_a_changed_template_is_offered_at_once_and_the_change_is_told(
    write: Write, administrator: Client, ticket: Ticket
) -> None:
    answer = write(SHIPPED, **{"title-de": "Bald", "body-de": "Bald, {customer}!"})

    assert answer["Location"] == SHIPPED
    assert next(one.text for one in suggestions(ticket, "de")) == "Bald, Ada!"
    change, event = ReplyChange.objects.get(), Event.objects.get(verb="template_changed")
    assert (change.reason, change.before["texts"]["de"]["title"]) == (
        "Better.",
        seeding.shipped_texts("de")["order_preparing"]["title"],
    )
    assert {code for code in languages.LANGUAGES if change.before["texts"][code] != change.after["texts"][code]} == {
        "de"
    }
    assert (event.audience, event.data["reason"]) == ("platform", "Better.")
    said = payloads.compose(event)
    assert (said.kind, "Better." in said.body, "Bald, {customer}!" in said.body) == ("template.changed", False, True)
    assert "Bald, {customer}!" in administrator.get(SHIPPED).content.decode()


def test_a_new_template_is_missing_where_nobody_wrote_it(write: Write, administrator: Client, ticket: Ticket) -> None:
    assert write(**OWN)["Location"] == f"{PAGE}/gift_wrapped"

    made = next(one for one in suggestions(ticket, "tr") if one.code == "gift_wrapped")
    assert (made.language, made.is_missing, made.text) == ("en", True, "Hi Ada,\n\nYour order O-1001 is wrapped.")
    assert ReplyTemplate.objects.get(code="gift_wrapped").issues == ["order_status"]
    assert administrator.get(f"{PAGE}/gift_wrapped").content.decode().count(">Missing<") == len(languages.LANGUAGES) - 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"body-de": "Hallo {name}"}, "Deutsch: {name} stands for nothing. What can be filled in: {customer}, {store}"),
        ({"body-de": "Hallo { customer }"}, "Deutsch: { customer } stands for nothing."),
        ({"body-de": "Hallo {customer"}, "Deutsch: a brace is opened and not closed."),
        ({"body-de": "Hallo customer}"}, "Deutsch: a brace is closed that was not opened."),
        ({"title-de": " "}, "Deutsch: give it a title, too."),
        ({"body-de": "\r\n"}, "Deutsch: write the text, too."),
        ({"title-de": "x" * 61}, "Deutsch: a title has at most 60 characters."),
        ({"body-de": "x" * 10_001}, "Deutsch: a text has at most 10000 characters."),
        ({"code": "Gift"}, "The code begins with a letter"),
        ({"code": "new"}, "There is a template with this code already."),
        ({"code": "order_shipped"}, "There is a template with this code already."),
        ({"category": "gifts"}, "Choose a category."),
        ({"issue": ["product_question"]}, "Choose issue types of the template’s own category."),
        ({"issue": ["\0"]}, "Choose issue types of the template’s own category."),
        ({"reason": ""}, "Say in a few words why"),
    ],
)
def test_what_is_wrong_is_said_and_everything_stays_typed(
    typed: dict[str, Any], said: str, write: Write, administrator: Client
) -> None:
    page = administrator.get(f"{PAGE}/new")
    with nothing_changed():
        answer = write(page=page, **{**OWN, "title-fr": "Emballé", "body-fr": "C’est emballé, {customer}.", **typed})

    text = answer.content.decode()
    assert answer.status_code == 422
    assert said in text
    assert "Emballé" in text
    assert "C’est emballé, {customer}." in text
    assert "Hi {customer},\n\nYour order" in text or "body-en" in typed


def test_a_template_without_words_is_none(write: Write) -> None:
    empty = {f"{part}-{code}": "" for part in ("title", "body") for code in ("en", "de")}

    answer = write(**{**OWN, **empty})

    assert answer.status_code == 422
    assert "Write it in at least one language." in answer.content.decode()
    assert not ReplyTemplate.objects.filter(code=OWN["code"]).exists()


def test_who_saves_after_somebody_else_loses_nothing_and_overwrites_nothing(
    write: Write, administrator: Client
) -> None:
    page = administrator.get(SHIPPED)
    write(SHIPPED, **{"title-de": "Zuerst"})

    late = write(SHIPPED, page, **{"title-de": "Danach"})

    assert late.status_code == 409
    assert "Somebody else changed this template meanwhile." in late.content.decode()
    assert 'value="Danach"' in late.content.decode()
    assert ReplyText.objects.get(template__code="order_preparing", language="de").title == "Zuerst"
    assert ReplyChange.objects.count() == 1


def test_a_double_click_is_one_change(write: Write, administrator: Client) -> None:
    page = administrator.get(SHIPPED)

    answers = [write(SHIPPED, page, **{"title-de": "Bald"}) for _click in range(2)]

    assert [one["Location"] for one in answers] == [SHIPPED, SHIPPED]
    assert ReplyChange.objects.count() == 1


def test_saving_what_is_there_already_is_no_change(write: Write) -> None:
    answer = write(SHIPPED)

    assert answer.status_code == 422
    assert "Nothing is different from now." in answer.content.decode()


def test_emptying_a_shipped_language_brings_back_the_shipped_words(write: Write) -> None:
    write(SHIPPED, **{"title-de": "Bald", "body-de": "Bald!"})
    write(SHIPPED, **{"title-de": "", "body-de": ""})

    text = ReplyText.objects.get(template__code="order_preparing", language="de")
    assert text.title == seeding.shipped_texts("de")["order_preparing"]["title"]


def test_a_template_is_written_again_as_it_was(write: Write, administrator: Client) -> None:
    write(SHIPPED, **{"title-de": "Bald"})
    change = ReplyChange.objects.get()
    assert f'href="?before={change.pk}"' in administrator.get(SHIPPED).content.decode()

    write(f"{SHIPPED}?before={change.pk}", reason="No.")

    assert ReplyText.objects.get(template__code="order_preparing", language="de").title != "Bald"
    assert ReplyChange.objects.latest("pk").after == change.before


@pytest.mark.parametrize("before", ["x", "0", "9" * 30, "-1"])
def test_a_change_that_is_none_changes_nothing(before: str, administrator: Client) -> None:
    assert administrator.get(SHIPPED, {"before": before}).status_code == 200


def test_a_switched_off_template_is_offered_to_nobody(write: Write, administrator: Client, ticket: Ticket) -> None:
    form = filled_in(administrator.get(SHIPPED), SHIPPED)
    assert form.pop("active") == ["yes"]
    texts = {f"body-{code}": text["body"] for code, text in _bodies("order_preparing").items()}

    administrator.post(SHIPPED, {**form, **texts, "reason": "Not now."})

    assert "order_preparing" not in [one.code for one in suggestions(ticket, "de")]
    assert "order_preparing" in administrator.get(PAGE).content.decode()


def test_a_change_is_never_rewritten(write: Write) -> None:
    write(SHIPPED, **{"title-de": "Bald"})

    with pytest.raises(TypeError):
        ReplyChange.objects.get().save()


def _bodies(code: str) -> dict[str, dict[str, str]]:
    return {language: seeding.shipped_texts(language)[code] for language in languages.LANGUAGES}
