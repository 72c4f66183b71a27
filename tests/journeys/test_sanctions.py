"""From a proposed sanction to its end, in a browser: Mehmet is heard, Sofia decides and lifts, each with reasons."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from marketdesk.merchants.models import Merchant
from marketdesk.people.models import User
from marketdesk.performance import reading, sanctioning
from marketdesk.policy import promises
from tests import severe
from tests.conftest import make_administrator
from tests.journeys.test_pages import WINDOWS, barriers

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("window", ["wide", "phone, right to left"])
def test_a_sanction_is_heard_decided_and_lifted(
    window: str, visit: Callable[..., Page], store: Merchant, ada_user: User, mehmet_user: User, sofia_user: User
) -> None:
    options: dict[str, Any] = dict(WINDOWS[window])
    User.objects.update(language=options.pop("language", "en"))
    now = timezone.now()
    severe.month(store, now)
    made = sanctioning.propose_if_severe(store.pk, reading.rates(store.pk, now, promises.current()), now)
    found: list[str] = []
    his = visit(mehmet_user, "mehmet-password", **options)
    hers = visit(sofia_user, "sofia-password", **options)
    make_administrator(sofia_user)  # after signing in, which asks for no code then

    def look(page: Page, address: str) -> None:
        page.goto(address)
        page.evaluate("document.querySelectorAll('main details').forEach((one) => one.open = true)")
        found.extend(f"{address}: {barrier}" for barrier in barriers(page))

    def decide(act: str, words: str) -> None:
        hers.fill("#text", words)
        hers.click(f"button[value={act}]")
        hers.wait_for_selector(".flash.good")

    look(his, "/dashboard/performance/sanctions")
    look(his, f"/dashboard/performance/sanctions/{made[1].public_id}")
    his.fill("#answer", "We moved house. It is over.")
    his.click("main button.main")
    expect(his.locator("main")).to_contain_text("We moved house. It is over.")

    for address in ("/support/sanctions", "/support/sanctions/hearing", "/support/sanctions/propose?merchant=m-1"):
        look(hers, address)
    look(hers, f"/support/sanctions/{made[1].public_id}")
    expect(hers.locator("main")).to_contain_text("We moved house. It is over.")
    decide("confirm", "Three of five is too many.")
    look(his, f"/dashboard/performance/sanctions/{made[1].public_id}")
    expect(his.locator("main")).to_contain_text("Three of five is too many.")
    store.refresh_from_db()
    assert store.suspended_at

    look(hers, f"/support/sanctions/{made[1].public_id}")
    decide("lift", "They hired somebody.")
    look(his, f"/dashboard/performance/sanctions/{made[1].public_id}")
    expect(his.locator("main")).to_contain_text("They hired somebody.")
    store.refresh_from_db()
    assert store.suspended_at is None
    assert found == []
