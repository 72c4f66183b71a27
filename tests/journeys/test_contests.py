"""A late answer counts, is contested and granted: the warning falls. And the pages on the way are for everybody."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.performance import contesting, incidents, judging
from marketdesk.performance.models import Contest, Incident, Notice, Standing
from marketdesk.tickets.models import Wait
from tests import answering
from tests.conftest import make_administrator
from tests.journeys.test_pages import WINDOWS, barriers

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., Page]
DAY = timedelta(days=1)


@pytest.fixture
def late(ada_user: User, store: Merchant) -> list[Wait]:
    """Three late answers of six, and a warning for them."""
    now = timezone.now()
    answering.in_time(ada_user, store, now - 5 * DAY, 3)
    waits = answering.late(ada_user, store, now - 5 * DAY, 3)
    judging.judge(store.pk, now)
    return waits


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_mehmet_contests_sofia_grants_and_the_warning_falls(
    scripts: bool, visit: Visit, late: list[Wait], mehmet_user: User, sofia_user: User
) -> None:
    notice = Notice.objects.get()
    mehmets = visit(mehmet_user, "mehmet-password", java_script_enabled=scripts)
    mehmets.goto(f"/dashboard/performance/notices/{notice.public_id}")
    mehmets.get_by_role("link", name="Contest… Do you ship to Iceland?").first.click()
    mehmets.get_by_label("Why should this answer not count as late?").fill("The portal was down.\nSee the picture.")
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(picture, "PNG")
    shown: FilePayload = {"name": "p.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    mehmets.locator("#pictures").set_input_files(shown)
    mehmets.get_by_role("button", name="Contest it").click()
    expect(mehmets.get_by_text("Waits for a decision")).to_be_visible()

    sofias = visit(sofia_user, "sofia-password", java_script_enabled=scripts)
    sofias.goto("/support/contests")
    sofias.get_by_role("link", name="View the contest by Anadolu Home").click()
    expect(sofias.get_by_text("40% (2 of 5) if granted")).to_be_visible()
    expect(sofias.get_by_role("img", name="Picture 1 of the contest")).to_be_visible()
    sofias.get_by_label("Reason").fill("Our log says so, too.")
    sofias.get_by_role("button", name="Grant: it shall not count").click()
    expect(sofias.get_by_text("Granted. It no longer counts against the merchant.")).to_be_visible()

    mehmets.reload()
    expect(mehmets.get_by_text("Our log says so, too.")).to_be_visible()
    mehmets.goto(f"/dashboard/performance/notices/{notice.public_id}")
    expect(mehmets.get_by_text("It counts no more.").first).to_be_visible()
    assert (Standing.objects.get().late, Standing.objects.get().answers) == (2, 5)


@pytest.mark.parametrize("window", WINDOWS)
def test_the_pages_are_for_everybody(
    window: str, visit: Visit, late: list[Wait], mehmet_user: User, sofia_user: User, mehmet: Actor, sofia: Actor
) -> None:
    options: dict[str, Any] = dict(WINDOWS[window])
    User.objects.update(language=options.pop("language", "en"))
    words = f"A reason with a rather long word: {'wide' * 30}\n\nAnd a second paragraph."
    for subject in (late[0], Notice.objects.get()):
        contesting.contest(subject, words, by=mehmet)
    decided = contesting.contest(late[1], words, by=mehmet)
    contesting.decide(decided, granted=False, reason=words, by=sofia)
    incidents.declare(f"The line was cut {'wide' * 30}", timezone.now() - timedelta(hours=1), by=sofia)
    contests = [one.public_id for one in Contest.objects.all()]
    walks = {
        (mehmet_user, "mehmet-password"): [
            f"/dashboard/performance/contest/wait/{late[2].pk}",
            "/dashboard/performance/contests",
            *(f"/dashboard/performance/contests/{one}" for one in contests),
        ],
        (sofia_user, "sofia-password"): [
            "/support/contests",
            "/support/contests/decided",
            *(f"/support/contests/{one}" for one in contests),
            "/support/incidents",
            f"/support/incidents/{Incident.objects.get().public_id}",
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
            found += [f"{address}: {barrier}" for barrier in barriers(page)]
    assert found == []
