"""View in [Language], and writing across languages, in a real browser with Firefox's models: a customer who reads
Portuguese, a merchant who reads English, and nothing lost between them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation
from playwright.sync_api import Locator, Page, expect

from marketdesk import schedule
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order
from marketdesk.people.models import User
from marketdesk.tickets.models import LanguageBy, Message, Ticket
from marketdesk.translations import engines
from marketdesk.translations.engines.firefox import NAME
from marketdesk.translations.models import Translation, Wanted
from tests.journeys.test_main_job import ask
from tests.journeys.test_pages import barriers

pytestmark = [pytest.mark.journey, pytest.mark.inside, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., Page]
KEPT = ("A-1234567", "R$ 89,90", "joana.silva@exemplo.com.br", "https://rastreio.exemplo.com/BR123456789", "😢")
WORDS = (
    "Olá! Onde está o meu pedido A-1234567? Paguei R$ 89,90 e ele ainda não chegou 😢\n"
    "Veja https://rastreio.exemplo.com/BR123456789 ou escreva para joana.silva@exemplo.com.br, por favor."
)
ANSWER = "Your order A-1234567 leaves tomorrow. You can follow it here: https://track.example.com/BR123456789"


@pytest.fixture
def joana_user(ada_user: User, mehmet_user: User) -> User:
    """The customer reads Portuguese and the store English; Firefox translates, and has read its models already: the
    first text would take it a second or two."""
    User.objects.filter(pk=ada_user.pk).update(name="Joana Silva", language="pt-br", country="BR")
    Merchant.objects.update(country="GB")
    return ada_user


@pytest.fixture(autouse=True)
def _firefox(settings: Any) -> None:
    settings.TRANSLATION_ENGINE = "firefox"
    engine = engines.current()
    assert engine
    for source, target in (("en", "pt-br"), ("pt-br", "en")):
        engine.translate("A.", source, target)


def joana_asks(visit: Visit, joana_user: User, order: Order) -> tuple[Page, Ticket]:
    page = visit(joana_user, "ada-password")
    ask(page, order, "order_status", WORDS)
    return page, Ticket.objects.get()


def work(page: Page) -> None:
    """The worker translates, between two looks of a page that waits for it."""
    with page.expect_response(lambda answer: "text/html" in answer.headers.get("content-type", "")):
        pass
    schedule.slow_worker().run_due()


def translate(page: Page, text: str) -> Locator:
    """A text is written, and its translation into the customer's language seen; where."""
    field(page).fill(text)
    page.get_by_role("button", name=re.compile("^Send in Português")).click()
    also = page.locator("#also")
    expect(also).to_contain_text("Translating…")
    work(page)
    expect(also).to_contain_text("Both are sent.")
    return also


def shown(page: Page, message: Message) -> Locator:
    """What is shown of a message."""
    return page.locator(f"#m{message.pk} [data-said]")


def field(page: Page) -> Locator:
    return page.locator("#reply textarea[name=text]")


def send(page: Page) -> None:
    page.locator("#reply [data-send]").click()


def named(language: str, sentence: str, **holes: str) -> str:
    """What a button or a line is called in a language."""
    with translation.override(language):
        return translation.gettext(sentence) % holes if holes else translation.gettext(sentence)


def kept(text: str) -> bool:
    return all(one in text for one in KEPT)


def test_a_merchant_reads_in_english_what_a_brazilian_wrote(
    visit: Visit, order: Order, joana_user: User, mehmet_user: User
) -> None:
    _joana, ticket = joana_asks(visit, joana_user, order)
    message = ticket.messages.get()
    mehmet = visit(mehmet_user, "mehmet-password")
    mehmet.goto(f"/dashboard/tickets/{ticket.public_id}")
    block = shown(mehmet, message)
    expect(block).to_contain_text("Português (Brasil)")

    block.get_by_role("button", name="View in English").click()
    expect(block.get_by_role("status")).to_have_text("Translating…")
    expect(block.locator(".said")).to_have_attribute("lang", "pt-br")
    work(mehmet)

    expect(block).to_contain_text(f"Machine translation by {NAME}.")
    said = block.locator(".said")
    expect(said).to_have_attribute("lang", "en")
    assert "order" in said.inner_text().lower()
    assert kept(said.inner_text())
    expect(said.locator("a").first).to_have_attribute("href", KEPT[3])
    stored = Translation.objects.get()
    assert (stored.message, stored.language, stored.engine) == (message, "en", NAME)
    assert kept(stored.body)

    block.get_by_role("link", name="Show the original").click()
    expect(block.locator(".said")).to_have_text(WORDS)
    expect(block.locator(".said")).to_have_attribute("lang", "pt-br")
    block.get_by_role("button", name="View in English").click()
    expect(block.locator(".said")).to_have_text(stored.body)
    message.refresh_from_db()
    assert message.body == WORDS
    assert Wanted.objects.count() == 1


def test_a_merchant_sends_in_portuguese_too_and_the_customer_reads_both(
    visit: Visit, order: Order, joana_user: User, mehmet_user: User
) -> None:
    joana, ticket = joana_asks(visit, joana_user, order)
    mehmet = visit(mehmet_user, "mehmet-password")
    mehmet.goto(f"/dashboard/tickets/{ticket.public_id}")

    expect(mehmet.get_by_role("button", name="Send in Português (Brasil), too")).to_be_visible()
    also = translate(mehmet, ANSWER)
    expect(also).to_contain_text(f"machine translation by {NAME}. Both are sent.")
    expect(also.locator(".said")).to_have_attribute("lang", "pt-br")
    seen = also.locator(".said").inner_text()
    assert "pedido" in seen.lower()
    assert "A-1234567" in seen
    expect(field(mehmet)).to_have_value(ANSWER)
    assert ticket.messages.count() == 1
    send(mehmet)

    expect(mehmet.locator(".thread")).to_contain_text(ANSWER)
    expect(mehmet.locator(".thread .mine")).to_contain_text("Sent in Português (Brasil), too")
    message = ticket.messages.latest("pk")
    assert (message.body, message.language, message.sent_in) == (ANSWER, "en", "pt-br")
    assert message.language_by == LanguageBy.PERSON
    assert Translation.objects.get(message=message).body == seen

    joana.reload()
    block = shown(joana, message)
    expect(block.locator(".said")).to_have_text(seen)
    expect(block).to_contain_text(named("pt-br", "Machine translation by %(engine)s.", engine=NAME))
    block.get_by_role("link", name=named("pt-br", "Show the original")).click()
    expect(block.locator(".said")).to_have_text(ANSWER)
    expect(block.locator(".said")).to_have_attribute("lang", "en")


def test_a_customer_sends_in_english_too_and_reads_an_english_answer_in_portuguese(
    visit: Visit, order: Order, joana_user: User, mehmet_user: User
) -> None:
    joana, ticket = joana_asks(visit, joana_user, order)
    again = "O pedido A-1234567 chegou hoje. Muito obrigada!"

    field(joana).fill(again)
    joana.get_by_role("button", name=named("pt-br", "Send in %(name)s, too", name="English")).click()
    expect(joana.locator("#also")).to_contain_text(named("pt-br", "Translating…"))
    work(joana)
    expect(joana.locator("#also .said")).to_have_attribute("lang", "en")
    seen = joana.locator("#also .said").inner_text()
    assert "arrived" in seen
    assert "A-1234567" in seen
    send(joana)
    expect(joana.locator(".thread")).to_contain_text(again)

    mehmet = visit(mehmet_user, "mehmet-password")
    mehmet.goto(f"/dashboard/tickets/{ticket.public_id}")
    block = shown(mehmet, ticket.messages.latest("pk"))
    expect(block.locator(".said")).to_have_text(seen)
    expect(block).to_contain_text(f"Machine translation by {NAME}.")
    field(mehmet).fill(ANSWER)
    send(mehmet)
    expect(mehmet.locator(".thread")).to_contain_text(ANSWER)

    joana.reload()
    block = shown(joana, ticket.messages.latest("pk"))
    expect(block.locator(".said")).to_have_text(ANSWER)
    block.get_by_role("button", name=named("pt-br", "View in %(name)s", name="Português (Brasil)")).click()
    work(joana)
    expect(block.locator(".said")).to_have_attribute("lang", "pt-br")
    expect(block.locator(".said")).to_contain_text("A-1234567")
    expect(block).to_contain_text(named("pt-br", "Machine translation by %(engine)s.", engine=NAME))


def test_who_changes_the_text_is_told_at_once_and_can_lose_nothing(
    visit: Visit, order: Order, joana_user: User, mehmet_user: User
) -> None:
    _joana, ticket = joana_asks(visit, joana_user, order)
    mehmet = visit(mehmet_user, "mehmet-password")
    mehmet.goto(f"/dashboard/tickets/{ticket.public_id}")
    also = translate(mehmet, ANSWER)
    expect(also.get_by_role("button", name="Translate again")).to_be_hidden()

    field(mehmet).press("Control+End")
    field(mehmet).press_sequentially(" Sorry!")
    expect(also.get_by_text("Your text has changed since it was translated.")).to_be_visible()
    expect(also.get_by_text("Both are sent.")).to_be_hidden()
    assert barriers(mehmet) == []
    for _ in " Sorry!":
        field(mehmet).press("Backspace")
    expect(also.get_by_text("Both are sent.")).to_be_visible()
    expect(also.get_by_text("Your text has changed since it was translated.")).to_be_hidden()

    field(mehmet).fill("It leaves on Friday.")
    send(mehmet)
    expect(mehmet.locator("#reply-error")).to_contain_text("Your text has changed since it was translated")
    expect(field(mehmet)).to_have_value("It leaves on Friday.")
    assert ticket.messages.count() == 1
    assert not Translation.objects.exists()

    translate(mehmet, "It leaves on Friday.")
    field(mehmet).fill("It leaves on Monday.")
    also.get_by_role("button", name="Translate again").click()
    expect(also).to_contain_text("Translating…")
    work(mehmet)
    expect(also.locator(".said")).to_contain_text("segunda")
    send(mehmet)
    expect(mehmet.locator(".thread")).to_contain_text("It leaves on Monday.")
    message = ticket.messages.latest("pk")
    assert (message.body, message.sent_in) == ("It leaves on Monday.", "pt-br")


def test_a_draft_that_comes_back_to_an_older_translation_is_told_apart(
    visit: Visit, order: Order, joana_user: User, mehmet_user: User
) -> None:
    """The translation was asked for on one device, and there is a longer text on this one."""
    _joana, ticket = joana_asks(visit, joana_user, order)
    mehmet = visit(mehmet_user, "mehmet-password")
    mehmet.goto(f"/dashboard/tickets/{ticket.public_id}")
    translate(mehmet, ANSWER)

    mehmet.evaluate(
        """text => { const form = document.getElementById("reply-form");
          localStorage.setItem(`draft:${form.dataset.draftKey}`, text); form.started = false;
          document.dispatchEvent(new Event("htmx:load")); }""",
        f"{ANSWER} Sorry!",
    )

    expect(field(mehmet)).to_have_value(f"{ANSWER} Sorry!")
    expect(mehmet.locator("#also")).to_have_class(re.compile("outdated"))
    expect(mehmet.locator("#also").get_by_role("button", name="Translate again")).to_be_visible()


def test_without_javascript_a_message_is_asked_for_and_looked_at_again(
    visit: Visit, order: Order, joana_user: User, mehmet_user: User
) -> None:
    _joana, ticket = joana_asks(visit, joana_user, order)
    message = ticket.messages.get()
    mehmet = visit(mehmet_user, "mehmet-password", java_script_enabled=False)
    mehmet.goto(f"/dashboard/tickets/{ticket.public_id}")
    block = shown(mehmet, message)

    block.get_by_role("button", name="View in English").click()
    expect(block.get_by_role("status")).to_have_text("Translating…")
    schedule.slow_worker().run_due()
    block.get_by_role("link", name="Look again").click()
    expect(block).to_contain_text(f"Machine translation by {NAME}.")
    assert kept(block.locator(".said").inner_text())
    block.get_by_role("link", name="Show the original").click()
    expect(block.locator(".said")).to_have_text(WORDS)

    field(mehmet).fill(ANSWER)
    mehmet.get_by_role("button", name=re.compile("^Send in Português")).click()
    expect(mehmet.locator("#also")).to_contain_text("Translating…")
    schedule.slow_worker().run_due()
    mehmet.get_by_role("button", name="Look again").click()
    expect(mehmet.locator("#also")).to_contain_text("Both are sent.")
    send(mehmet)
    expect(mehmet.locator(".thread")).to_contain_text(ANSWER)
    assert ticket.messages.latest("pk").sent_in == "pt-br"
