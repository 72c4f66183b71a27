"""The ticket page of each category, with exactly its sections and buttons."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import zeal
from django.test import Client

from marketdesk.lib import libpq
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import OrderItem
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.policy import promises
from marketdesk.refunds import refunding
from marketdesk.replies.models import ReplyText
from marketdesk.tickets.models import Attachment, Ticket
from marketdesk.translations.models import Translation
from tests.dashboard.conftest import address, picture, words

pytestmark = pytest.mark.django_db

REFUND, RESOLVE, APPEAL = "Refund Checked Orders", "Reply &amp; Resolve", "Appeal to the platform Support"


def shown(page: Any, *names: str) -> list[str]:
    """Which of these stand on the page, in its order."""
    html = page.content.decode()
    html = html[html.index("<main") : html.index("</main>")]
    return sorted((name for name in names if name in html), key=html.index)


def test_before_a_purchase_there_are_ticket_details_then_messages(
    mehmet_client: Client, ask: Callable[..., Ticket]
) -> None:
    page = mehmet_client.get(address(ask("product_question", "Ist sie dimmbar?")))

    blocks = shown(page, ">Ticket Details<", ">Affected Items<", ">Order Details<", ">Messages<", ">Address<")
    assert blocks == [">Ticket Details<", ">Messages<"]
    assert "Table lamp Nara" in words(page)
    assert shown(page, ">Reply<", RESOLVE, ">Close<", REFUND, APPEAL) == [">Reply<", RESOLVE, ">Close<"]


def test_an_order_question_shows_the_order_and_no_money_button(mehmet_client: Client, ticket: Ticket) -> None:
    page = mehmet_client.get(address(ticket))

    order = [">Ticket<", ">Transaction<", ">Address<", ">Affected Items<", ">Order Details<", ">Messages<"]
    assert shown(page, *order) == order
    assert shown(page, ">Reply<", RESOLVE, ">Close<", REFUND, APPEAL) == [">Reply<", RESOLVE, ">Close<"]
    assert 'type="checkbox" name="item"' not in page.content.decode()


def test_a_purchase_has_checkboxes_refund_and_appeal_but_no_resolve(mehmet_client: Client, purchase: Ticket) -> None:
    page = mehmet_client.get(address(purchase))

    assert shown(page, ">Reply<", RESOLVE, ">Close<", REFUND, APPEAL) == [REFUND, ">Reply<", APPEAL]
    assert 'type="checkbox" name="item"' in page.content.decode()
    for fact in ("89.90 EUR", "O-1001", "Lindenweg 4", "53111 Bonn", "DHL", "TR-O-1001", "until"):
        assert fact in words(page)


def test_it_says_why_it_came_here_and_who_will_read(mehmet_client: Client, purchase: Ticket) -> None:
    page = words(mehmet_client.get(address(purchase)))

    assert "High-value order: 124.80 EUR, and from 100.00 EUR the merchant answers first." in page
    assert "Ada L. and the platform Support will read this." in page


def test_a_tracking_number_is_a_link_where_there_is_one(mehmet_client: Client, ticket: Ticket) -> None:
    assert ticket.order
    ticket.order.tracking_url = "https://carrier.example/TR"
    ticket.order.save()

    assert 'href="https://carrier.example/TR"' in mehmet_client.get(address(ticket)).content.decode()


@pytest.mark.parametrize("what", ["waiting", "closed", "translated"])
def test_a_ticket_page_costs_seventeen_queries_however_long(
    mehmet_client: Client,
    purchase: Ticket,
    mehmet: Actor,
    ada: Actor,
    what: str,
    many: list[Ticket],
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(15):
        shot = Attachment.keep(picture(), "foot.png", by=ada)
        purchase.reply(f"Noch etwas, {number}.", by=ada, language="de", pictures=[shot])
        purchase.reply(f"Something, {number}.", by=mehmet)
    if what != "waiting":
        refunding.refund_items(purchase, list(purchase.items.all()), by=mehmet)
    query = f"?view={purchase.messages.first().pk}" if what == "translated" else ""  # type: ignore[union-attr]

    with django_assert_max_num_queries(17), zeal.zeal_context():
        promises.forget()
        page = mehmet_client.get(address(purchase) + query)

    assert len(page.context["thread"]) > 30


@pytest.mark.postgres  # SQLite is asked each at its time
@pytest.mark.parametrize("is_closed", [False, True])
def test_postgresql_is_waited_for_six_times(
    mehmet_client: Client, purchase: Ticket, mehmet: Actor, is_closed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_closed:
        refunding.refund_items(purchase, list(purchase.items.all()), by=mehmet)
    mehmet_client.get(address(purchase))  # what is looked up once
    waits, ask, together = list[str](), libpq.ask, libpq.together

    def _ask(opened: Any, sql: str, *more: Any, **most: Any) -> Any:
        waits.append(sql)
        return ask(opened, sql, *more, **most)

    def _together(database: Any, asked: Any) -> Any:
        waits.append("together")
        return together(database, asked)

    monkeypatch.setattr(libpq, "ask", _ask)
    monkeypatch.setattr(libpq, "together", _together)

    assert mehmet_client.get(address(purchase)).status_code == 200

    assert waits.count("together") == 1
    assert len(waits) <= 6, waits


def test_the_strip_leads_back_and_to_the_neighbours(mehmet_client: Client, many: list[Ticket]) -> None:
    page = mehmet_client.get(address(many[1]))

    assert page.context["previous_url"] == address(many[0])
    assert page.context["next_url"] == address(many[2])
    assert page.context["queue_url"] == "/dashboard/tickets/post-customer-support/"
    assert mehmet_client.get(address(many[0])).context["previous_url"] == ""
    assert mehmet_client.get(address(many[-1])).context["next_url"] == ""


def test_closed_neighbours_follow_the_lists_order(
    mehmet_client: Client, ask: Callable[..., Ticket], mehmet: Actor
) -> None:
    first, second = ask(), ask()
    for minutes, ticket in enumerate((first, second)):
        ticket.close(by=Actor(**{**mehmet.__dict__, "at": mehmet.at + timedelta(minutes=minutes)}))

    page = mehmet_client.get(address(second))

    assert (page.context["previous_url"], page.context["next_url"]) == ("", address(first))


@pytest.mark.parametrize("language", ["", "tr"])
def test_view_in_the_readers_language_says_so_where_nobody_translates(
    mehmet_client: Client, mehmet_user: User, ticket: Ticket, language: str
) -> None:
    mehmet_user.language = language  # nothing chosen: the store's country's, Turkish
    mehmet_user.save()
    message = ticket.messages.get()
    said = f"{address(ticket)}/messages/{message.pk}"

    page = mehmet_client.get(address(ticket), headers={"Accept-Language": "en"})
    viewed = mehmet_client.post(said, headers={"Accept-Language": "en"}, follow=True)

    asks = page.content.decode().split('class="view-in"')[1].split('<ul class="pictures">')[0]
    assert f'action="{said}"' in asks
    assert "Türkçe" in asks
    assert viewed.redirect_chain == [(f"{address(ticket)}?view={message.pk}#m{message.pk}", 302)]
    assert message.body in viewed.content.decode()
    assert "Türkçe" not in viewed.content.decode().split('class="view-in"')[1].split("</div>")[0]


def test_view_in_shows_a_stored_translation_marked_as_such(mehmet_client: Client, ticket: Ticket) -> None:
    message = ticket.messages.get()
    Translation.objects.create(message=message, language="en", engine="Engine X", body="Where is my order? Thanks.")

    page = words(mehmet_client.get(f"{address(ticket)}?view={message.pk}"))

    assert "Where is my order? Thanks." in page
    assert "Machine translation by Engine X." in page
    assert "Show the original" in page


@pytest.mark.parametrize("query", ["view=0", "view=x", "view=99999999999999999999", "template_language=xx", "small"])
def test_an_address_that_makes_no_sense_shows_the_page(mehmet_client: Client, ticket: Ticket, query: str) -> None:
    assert mehmet_client.get(f"{address(ticket)}?{query}").status_code == 200


def test_internal_notes_are_never_shown(mehmet_client: Client, ticket: Ticket, sofia: Actor) -> None:
    ticket.note("This store is slow.", by=sofia)

    assert "This store is slow." not in mehmet_client.get(address(ticket)).content.decode()


def test_templates_are_in_the_customers_language_and_filled(mehmet_client: Client, ticket: Ticket) -> None:
    page = mehmet_client.get(address(ticket))

    reply = page.context["reply"]
    assert reply.language == "de"
    assert len(reply.language_lines) == 12
    assert any("O-1001" in one.text for one in reply.suggestions)
    assert any("…" in one.text for one in reply.suggestions)
    assert all("{" not in one.text for one in reply.suggestions)


def test_another_language_shows_its_templates(mehmet_client: Client, ticket: Ticket) -> None:
    page = mehmet_client.get(f"{address(ticket)}?template_language=fr")

    assert page.context["reply"].language == "fr"
    assert page.context["reply"].suggestions[0].text.startswith("Bonjour")


def test_a_template_is_read_filled_and_beside_ones_own_language_before_it_goes_anywhere(
    mehmet_client: Client, mehmet_user: User, ticket: Ticket
) -> None:
    mehmet_user.language = "tr"
    mehmet_user.save()

    page = mehmet_client.get(address(ticket)).content.decode()

    offer = page[page.index('<details name="templates">') :].split("</details>")[0]
    assert 'lang="de" dir="ltr">Hallo Ada' in offer
    assert 'lang="tr" dir="ltr">Merhaba Ada' in offer
    assert re.search(r'<summary><span><bdi lang="tr"[^>]*>[^<]+</bdi></span><small><bdi class="cut" lang="de"', offer)
    assert '<mark data-gap="' in offer
    order = re.findall(r'<option value="([a-z-]+)" lang="\1"(?: selected)?>', page[page.index("template-language") :])
    assert order[:2] == ["de", "tr"]


def test_a_template_that_is_missing_says_so_and_offers_another_language(mehmet_client: Client, ticket: Ticket) -> None:
    ReplyText.objects.filter(template__code="order_preparing", language="pl").delete()

    page = words(mehmet_client.get(f"{address(ticket)}?template_language=pl"))

    assert "Not in Polski yet; English?" in page
    assert "Polski · 1 missing" in page


@pytest.mark.parametrize(
    ("typed", "found"), [("SPÄT", ["delivery_delayed"]), ("running late", ["delivery_delayed"]), ("xyz", [])]
)
def test_templates_are_searched_in_both_languages_without_javascript(
    mehmet_client: Client, ticket: Ticket, typed: str, found: list[str]
) -> None:
    page = mehmet_client.get(address(ticket), {"template_words": typed})

    text = page.content.decode()
    offers = re.findall(r'<li( hidden)?><details name="templates">.*?value="(\w+)"', text, re.DOTALL)
    assert [code for hidden, code in offers if not hidden] == found
    assert len(offers) == len(page.context["reply"].suggestions)
    assert ('role="status" hidden>No template' in text) is bool(found)


def test_a_ticket_closed_for_good_has_no_field(mehmet_client: Client, ticket: Ticket, sofia: Actor) -> None:
    ticket.close_for_good(by=sofia)

    page = mehmet_client.get(address(ticket))

    assert shown(page, 'id="reply"', ">Re-open<") == []
    assert "By the platform Support ·" in words(page)


def test_refund_details_show_state_sum_and_date(mehmet_client: Client, purchase: Ticket, mehmet: Actor) -> None:
    item = purchase.items.get()
    refund = refunding.refund_items(purchase, [item], by=mehmet)[0]

    waiting = words(mehmet_client.get(address(purchase)))
    assert all(fact in waiting for fact in ("Refund Details", "On its way", "89.90 EUR", "not returned", "Refunded ·"))

    refunding.settle(refund, succeeded=True, by=clock())
    purchase.refresh_from_db()
    purchase.mark_returned([item], by=mehmet)

    settled = words(mehmet_client.get(address(purchase)))
    assert all(fact in settled for fact in ("Paid back", "paid back on", "returned on"))


def test_the_page_speaks_of_the_order_where_no_item_was_named(
    mehmet_client: Client, ask: Callable[..., Ticket], store: Merchant
) -> None:
    page = mehmet_client.get(address(ask("order_status", items=[])))

    assert OrderItem.objects.count() == 2
    assert "Linen shade" in words(page)
