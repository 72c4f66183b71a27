"""A real Chromium on a live server: one browser for the run, a fresh window for each person."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as desks
from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.test import modify_settings
from playwright.sync_api import Browser, Page, expect, sync_playwright

from marketdesk.people.models import User

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's loop runs in the test's own thread

# Where an installation runs already, with the same database: `python -m tests.production --journeys`.
AT = os.environ.get("MARKETDESK_JOURNEYS_AT", "")
HASHERS = list(desks.PASSWORD_HASHERS)


class Elsewhere:
    """A desk in processes of its own, in the place of pytest's."""

    url = AT
    _live_server_modified_settings = modify_settings()


if AT:

    @pytest.fixture(scope="session")
    def live_server() -> Elsewhere:
        return Elsewhere()

    @pytest.fixture(scope="session", autouse=True)
    def _emptied_beside_its_processes() -> Iterator[None]:
        """Tables are emptied while workers and pages look into them: whoever empties gives way, and tries again."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(connection.ops), "execute_sql_flush", _empty)
            yield

    @pytest.fixture(autouse=True)
    def _passwords_that_it_reads(_fresh: None, settings: Any) -> None:
        settings.PASSWORD_HASHERS = HASHERS


def _empty(_operations: Any, statements: list[str]) -> None:
    for patience in range(100, -1, -1):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL deadlock_timeout = '20ms'")
                for statement in statements:
                    cursor.execute(statement)
        except OperationalError:
            if not patience:
                raise
        else:
            return


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if AT and item.get_closest_marker("inside"):
            item.add_marker(pytest.mark.skip(reason="acts inside the desk's own process"))


@pytest.fixture(autouse=True)
def _no_sign_ins_counted_yet(transactional_db: None) -> None:
    """An address may sign in 30 times a minute, and the count outlives a test: all journeys come from one address."""
    cache.clear()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "Install chromium first: `make test` does."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--ignore-certificate-errors"] if AT else [])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """`visit(user, password)` opens a window of their own and signs them in through the page."""
    windows = []

    def _visit(user: User, password: str, **options: Any) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        window = chromium.new_context(base_url=live_server.url, locale="en-GB", **options)
        windows.append(window)
        page = window.new_page()
        page.set_default_timeout(10_000)
        page.goto("/accounts/login/")
        page.locator("input[name=login]").fill(user.email or "")
        page.locator("input[name=password]").fill(password)
        page.locator("input[name=password]").press("Enter")
        expect(page).not_to_have_url(f"{live_server.url}/accounts/login/")
        return page

    yield _visit
    for window in windows:
        window.close()
