"""Whatever people write, name or send: in nobody's browser does it become a program (U2)."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Dialog, Page

from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import OrderItem, Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.tickets.models import Attachment, Message, Ticket
from marketdesk.tickets.models.attachment import MOST
from tests.hostile import uploads, words
from tests.results import record

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

A_TICKET = 60  # texts on each ticket
TRAP = (
    "window.tripped = []; for (const name of ['alert', 'confirm', 'prompt']) window[name] = (x) => tripped.push(name);"
)


class Trap:
    """A page in which nothing may run that is not ours."""

    def __init__(self, page: Page, *, draws: bool = False) -> None:
        # A browser draws a picture on a page of its own making, whose style our policy forbids.
        self.page, self.caught, self.opened, self.draws = page, list[str](), 0, draws
        page.context.add_init_script(TRAP)
        page.on("dialog", self._dialog)
        page.on("console", self._said)

    def _dialog(self, dialog: Dialog) -> None:
        self.caught.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _said(self, message: ConsoleMessage) -> None:
        # What the policy stopped had got as far as being a program; that is one wall too few.
        if self.draws and "inline style" in message.text:
            return
        if "Content Security Policy" in message.text or "Refused to" in message.text:
            self.caught.append(message.text)

    def open(self, address: str) -> None:
        """Open it, and touch what could be touched."""
        self.page.goto(address)
        self.caught += self.page.evaluate("() => window.tripped || []")
        self.opened += 1


@pytest.fixture
def tickets(
    ask: Callable[..., Ticket], ada_user: User, store: Merchant, product: Product, mehmet: Actor
) -> list[Ticket]:
    """Tickets full of such texts; whoever and whatever has a name has one of them as well."""
    everything, found = words.texts(), []
    for start in range(0, len(everything), A_TICKET):
        ticket = ask("order_status", text=everything[start][:9_000])
        ticket.subject = everything[start][:120]
        ticket.save(update_fields=["subject"])
        Message.objects.bulk_create(
            Message(
                ticket=ticket,
                merchant_id=store.pk,
                author=author,
                author_name=text[:150],
                body=text,
                language="de",
                at=ticket.opened_at,
            )
            for text, author in zip(
                everything[start : start + A_TICKET], ("customer", "merchant", "support") * A_TICKET, strict=False
            )
        )
        found.append(ticket)
    named = words.FORMS[0].format("alert(1)")
    User.objects.filter(pk=ada_user.pk).update(name=named)
    Merchant.objects.filter(pk=store.pk).update(name=named)
    Product.objects.update(name=named, sku=named[:40])
    OrderItem.objects.update(name=named)
    return found


def test_no_text_and_no_name_runs(
    visit: Callable[..., Page], tickets: list[Ticket], ada_user: User, mehmet_user: User, sofia_user: User
) -> None:
    assert len(words.texts()) >= 500
    doors = {
        (ada_user, "ada-password"): ("/my/", "/my/tickets/{}"),
        (mehmet_user, "mehmet-password"): ("/dashboard/", "/dashboard/tickets/{}"),
        (sofia_user, "sofia-password"): ("/support/search?q=ada@example.org", "/support/tickets/{}"),
    }
    opened = 0
    for (user, password), (first, each) in doors.items():
        trap = Trap(visit(user, password))
        for address in (first, *(each.format(ticket.public_id) for ticket in tickets)):
            trap.open(address)
            assert trap.caught == [], address
        opened += trap.opened
    record("U2", texts=len(words.texts()), pages=opened, executed=0)


def test_no_file_that_was_kept_runs(
    visit: Callable[..., Page], ticket: Ticket, mehmet_user: User, mehmet: Actor
) -> None:
    pictures = [one for one in uploads.corpus() if one.is_picture][:: 97 // MOST][:MOST]
    kept = [Attachment.keep(io.BytesIO(one.body), one.name, by=mehmet) for one in pictures]
    ticket.reply("See here.", by=mehmet, pictures=kept)
    trap = Trap(visit(mehmet_user, "mehmet-password"), draws=True)

    trap.open(f"/dashboard/tickets/{ticket.public_id}")
    for one in kept:
        trap.open(f"/dashboard/tickets/{ticket.public_id}/pictures/{one.public_id}")
    assert trap.caught == []


def test_the_control_a_page_that_believes_what_it_is_told_is_caught(
    visit: Callable[..., Page], mehmet_user: User, tmp_path: Path
) -> None:
    trap = Trap(visit(mehmet_user, "mehmet-password"))
    page = tmp_path / "careless.html"
    page.write_text(f"<!doctype html><p>{words.texts()[0]}</p>")

    trap.open(page.as_uri())

    assert trap.caught
