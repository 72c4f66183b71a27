"""Every kind of page, as a browser draws it: no barrier that axe finds, nothing that scrolls sideways, no script of a
stranger that runs."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import ConsoleMessage, Dialog, Page

from marketdesk.journal.models import Event, Job
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, Product
from marketdesk.outbox.models import Attempt, Delivery, Endpoint
from marketdesk.outbox.webhooks import planning
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.performance import contesting, incidents, judging, rollups
from marketdesk.performance.models import Contest, Incident, Notice, Sanction
from marketdesk.policy import promises
from marketdesk.programs.models import AccessToken, Reach, Scope
from marketdesk.refunds import refunding
from marketdesk.tickets import links
from marketdesk.tickets.models import Ticket
from tests import severe
from tests.conftest import make_administrator
from tests.outbox.webhooks import endpoint
from tests.registering import register

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., Page]
WINDOWS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 900}},
    "phone, dark": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
    "right to left": {"viewport": {"width": 1280, "height": 900}, "language": "ar"},
    "phone, right to left": {"viewport": {"width": 360, "height": 740}, "language": "ar"},
}


@pytest.fixture
def tickets(ask: Callable[..., Ticket], mehmet: Actor, sofia: Actor, ada: Actor) -> dict[str, Ticket]:
    """A ticket of every kind that a page shows differently."""
    question, order_question, purchase = ask("product_question"), ask("order_status"), ask("item_problem")
    appealed = ask("return_or_refund", "Zu klein, bitte Geld zurück.", wants="refund")
    appealed.appeal("The lamp was used.", by=mehmet)
    appealed.note("Looks used.", by=sofia)
    order_question.reply("It is on its way.", by=mehmet)
    order_question.reply("Danke!", by=ada)
    refunding.refund_items(purchase, list(purchase.items.all()), by=mehmet)
    return {"question": question, "order": order_question, "refunded": purchase, "appealed": appealed}


@pytest.mark.parametrize("window", WINDOWS)
def test_pages_are_for_everybody(
    window: str,
    visit: Visit,
    tickets: dict[str, Ticket],
    order: Order,
    product: Product,
    ada_user: User,
    mehmet_user: User,
    sofia_user: User,
    sofia: Actor,
    mehmet: Actor,
    rival: Actor,
    store: Merchant,
    rival_store: Merchant,
) -> None:
    options = dict(WINDOWS[window])
    language = options.pop("language", "en")
    User.objects.update(language=language)
    change = promises.change({"reply_hours": 40, "direct_countries": ["DE"]}, reason="Faster.", by=sofia)
    told = a_failing_webhook(tickets["appealed"])
    notice, contest, sanction, incident = a_severe_month(store, mehmet, sofia)
    public = {
        "name": f"A translator with a rather long name, {'wide' * 12}",
        "reach": Reach.PUBLIC,
        "needs_pkce": False,
    }
    own, foreign = register(store, mehmet, **public)[0], register(rival_store, rival, **public, scopes=Scope.values)[0]
    for app in (own, foreign):
        AccessToken.issue(store, app.name[:100], app=app)
    for ticket in tickets.values():
        ticket.refresh_from_db()
    ends = links.ends_at(timezone.now())
    ids = [ticket.public_id for ticket in tickets.values()]
    asking = f"/my/ask/order/{order.public_id}/"
    walks = {
        (ada_user, "ada-password"): [
            "/my/",
            "/my/ask/",
            asking,
            f"{asking}?issue=order_status&go=1",
            f"/my/ask/product/{product.public_id}/?issue=product_question&go=1",
            *(f"/my/{one}/" for one in ids),
            *(f"{links.address(one, ends).removeprefix(settings.BASE_URL)}?helped=no" for one in tickets.values()),
            "/account/",
        ],
        (mehmet_user, "mehmet-password"): [
            *(f"/dashboard/tickets/{one}/" for one in ("post-purchase", "pre-purchase", "closed", "with-support")),
            *(f"/dashboard/tickets/{one}" for one in ids),
            "/dashboard/search?q=nothing",
            "/dashboard/templates?language=de",
            *(
                f"/dashboard/performance{one}"
                for one in ("", "?days=90&by=week", "/notices", "/contests", "/sanctions")
            ),
            *(f"/dashboard/performance/ledger?{one}" for one in ("", "verdict=running", "of=ratings&verdict=helpful")),
            f"/dashboard/performance/notices/{notice.public_id}",
            f"/dashboard/performance/contest/notice/{notice.public_id}",
            f"/dashboard/performance/contests/{contest.public_id}",
            f"/dashboard/performance/sanctions/{sanction.public_id}",
            *(f"/dashboard/guide/{one}" for one in ("", "?q=refund", "?q=nowhere", "figures", "refunds?language=vi")),
            "/dashboard/apps",
            "/dashboard/apps/new",
            *(f"/dashboard/apps/{own.public_id}{one}" for one in ("", "/secret", "/token", "/remove", "/revoke")),
            f"/oauth/authorize?client_id={foreign.client_id}&scope=tickets:read",
            "/oauth/authorize?client_id=unknown",
            "/nothing-here",
        ],
        (sofia_user, "sofia-password"): [
            "/support/queues/with-support",
            "/support/search?q=ada@example.org",
            *(f"/support/tickets/{one}" for one in ids),
            "/support/overview",
            "/support/merchants",
            *(f"/support/merchants/{store.public_id}{one}" for one in ("", "/ledger")),
            *("/support/contests", "/support/contests/decided", f"/support/contests/{contest.public_id}"),
            *("/support/sanctions", "/support/sanctions/propose", f"/support/sanctions/{sanction.public_id}"),
            *("/support/incidents", f"/support/incidents/{incident.public_id}"),
            "/support/policy",
            f"/support/policy/changes/{change.pk}",
            *("/support/templates", "/support/templates/new", "/support/templates/order_shipped"),
            "/support/jobs",
            "/support/webhooks",
            "/support/webhooks/new",
            *(f"/support/webhooks/{told.endpoint.public_id}{one}" for one in ("", "/kinds", "/secret")),
            f"/support/webhooks/{told.endpoint.public_id}/replay?message={told.message_id}",
            f"/support/webhooks/{told.endpoint.public_id}/messages/{told.message_id}",
        ],
    }
    found = []
    for (user, password), addresses in walks.items():
        page = visit(user, password, **options)
        if user == sofia_user:
            make_administrator(user)  # after signing in, which asks for no code then
        for address in addresses:
            page.goto(address)
            page.evaluate("document.querySelectorAll('main details').forEach((one) => one.open = true)")
            assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
            found += [f"{address}: {barrier}" for barrier in barriers(page)]
    assert found == []


def a_failing_webhook(ticket: Ticket) -> Delivery:
    """A message that was not accepted."""
    made, _secret = endpoint("https://a-rather-long-name-of-a-host.shop.example/hooks/of/the/marketplace?key=1")
    event = Event.objects.filter(ticket_id=ticket.pk).earliest("id")
    planning.plan(event, timezone.now())
    told = Delivery.objects.get()
    said = {"answer_status": 500, "error": ""}
    Attempt.objects.create(delivery=told, at=timezone.now(), took=12, headers=HEADERS, answer="wide " * 99, **said)
    told.note(attempts=1, failed_at=timezone.now(), tried_at=timezone.now(), **said)
    Endpoint.objects.filter(pk=made.pk).update(failing_since=timezone.now())
    return told


HEADERS = {"webhook-id": "msg_" + "a" * 24, "webhook-timestamp": "1795360000", "webhook-signature": "v1," + "A" * 44}


def a_severe_month(store: Merchant, mehmet: Actor, sofia: Actor) -> tuple[Notice, Contest, Sanction, Incident]:
    """Late answers with all that follows: a warning, a contested late answer, proposed sanctions, an incident; and the
    days as the overview adds them up."""
    now = timezone.now()
    wait = severe.month(store, now, late=9)[0].waits.get()
    judging.judge(store.pk, now)
    contest = contesting.contest(wait, f"Said on the telephone. {'wide' * 30}", by=replace(mehmet, at=now))
    start = now - timedelta(days=3)
    Job.put("mail", {"event": 1})
    Job.objects.filter(kind="mail").update(dead_at=now, attempts=12, error=f"Refused({'wide' * 30!r})")
    incident = incidents.declare(f"Mail was late. {'wide' * 30}", start, now, by=replace(sofia, at=now))
    deque(rollups.rebuild(now), maxlen=0)
    return Notice.objects.latest("id"), contest, Sanction.objects.latest("id"), incident


def barriers(page: Page) -> list[str]:
    """What keeps somebody from using the page as it is drawn now."""
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    report = Axe().run(page)
    sideways = [f"scrolls sideways by {wider} px"] if wider > 0 else []
    return sideways + ([report.generate_report()] if report.violations_count else [])


def test_a_barrier_would_be_found(visit: Visit, mehmet_user: User) -> None:
    page = visit(mehmet_user, "mehmet-password", viewport={"width": 360, "height": 740})
    page.evaluate("document.querySelector('main').innerHTML = '<img src=x><pre>' + 'wide '.repeat(99) + '</pre>'")

    assert len(barriers(page)) == 2


STRANGE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "<a href=javascript:alert(1)>x</a>",
    "{{7*7}}{% url 'home' %}",
    'http://x.example/"onmouseover=alert(1)//',
    "</textarea><script>alert(1)</script>",
    "</template><script>alert(1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
]


def test_nothing_that_a_stranger_writes_runs(
    visit: Visit, ask: Callable[..., Ticket], ada_user: User, mehmet_user: User, sofia_user: User
) -> None:
    User.objects.filter(pk=ada_user.pk).update(name='Ada <img src=x onerror="alert(1)">')
    ticket = ask("item_problem", "\n".join(STRANGE), subject=STRANGE[1])
    walks = {
        (ada_user, "ada-password"): ["/my/", f"/my/{ticket.public_id}/"],
        (mehmet_user, "mehmet-password"): [
            "/dashboard/tickets/post-purchase/",
            f"/dashboard/tickets/{ticket.public_id}",
            "/dashboard/performance/ledger?verdict=running",
        ],
        (sofia_user, "sofia-password"): ["/support/queues/with-merchants", f"/support/tickets/{ticket.public_id}"],
    }
    ran: list[str] = []

    def note(dialog: Dialog) -> None:
        ran.append(dialog.message)
        dialog.dismiss()

    def listen(line: ConsoleMessage) -> None:
        if "Content Security Policy" in line.text:
            ran.append(line.text)

    for (user, password), addresses in walks.items():
        page = visit(user, password)
        page.on("dialog", note)
        page.on("console", listen)
        for address in addresses:
            page.goto(address)
            page.mouse.move(400, 400)
            assert "img src=x" in page.inner_text("body")

    assert ran == []
