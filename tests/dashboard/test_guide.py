"""The Guide's pages: in the reader's language, found from where the question arises (M6, M108, D30)."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from marketdesk.guide import sections
from marketdesk.guide.contents import SLUGS
from marketdesk.lib.languages import LANGUAGES
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.policy import promises
from marketdesk.tickets.models import Ticket
from tests.dashboard.conftest import address, words

pytestmark = pytest.mark.django_db

GUIDE = "/dashboard/guide/"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_there_in_every_language(mehmet_client: Client, mehmet_user: User, language: str) -> None:
    User.objects.filter(pk=mehmet_user.pk).update(language=language)

    index = mehmet_client.get(GUIDE)
    assert index.status_code == 200
    for slug in SLUGS:
        section = sections.read(slug, language)
        assert section.language == language
        assert escape(section.title) in index.content.decode()
        assert escape(section.summary) in index.content.decode()

        page = mehmet_client.get(GUIDE + slug)

        text = page.content.decode()
        assert page.status_code == 200
        assert f"<h1>{escape(section.title)}</h1>" in text
        assert f'<html lang="{language}"' in text
        assert all(f'<h2 id="{anchor}">' in text and f'href="#{anchor}"' in text for anchor in section.headings)
        assert not re.search(r"\{\{|guide:|shot:|\*", text.partition("<h1>")[2].partition("<footer")[0])


def test_the_links_of_a_section_lead_to_sections(mehmet_client: Client) -> None:
    for slug in SLUGS:
        text = mehmet_client.get(GUIDE + slug).content.decode()
        for other in re.findall(r'href="(/dashboard/guide/[\w-]+)', text):
            assert mehmet_client.get(other).status_code == 200


def test_numbers_and_names_are_those_of_the_policy(mehmet_client: Client, sofia: Actor) -> None:
    promises.change({"reply_hours": 31, "platform_name": "B & <i>C</i>"}, reason="New.", by=sofia)

    page = mehmet_client.get(f"{GUIDE}time-left")

    assert "you have 31 hours to answer" in page.content.decode()
    assert "B &amp; &lt;i&gt;C&lt;/i&gt; Support" in page.content.decode()
    assert "<i>" not in page.content.decode()


def test_a_section_can_be_read_in_another_language_and_keeps_it_from_page_to_page(mehmet_client: Client) -> None:
    page = mehmet_client.get(f"{GUIDE}refunds?language=ar")

    text = page.content.decode()
    assert '<html lang="en"' in text
    assert 'lang="ar" dir="rtl"' in text
    assert sections.read("refunds", "ar").title in text
    assert 'href="/dashboard/guide/apps?language=ar"' in text
    assert 'href="/dashboard/guide/?language=ar"' in text
    assert 'href="/dashboard/guide/refunds"' in text  # back to the pages' own


def test_an_unknown_language_is_the_readers_own(mehmet_client: Client) -> None:
    assert "<h1>Refunds</h1>" in mehmet_client.get(f"{GUIDE}refunds?language=xx").content.decode()


def test_a_section_that_is_missing_in_a_language_says_so(
    mehmet_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    english = sections.read("team", "en")
    monkeypatch.setattr(sections, "read", lambda slug, language: english)

    page = mehmet_client.get(f"{GUIDE}team?language=de")

    assert "This section is not written in Deutsch yet. Here it is in English." in words(page)
    assert '<div class="guide" lang="en" dir="ltr">' in page.content.decode()


def test_an_answer_is_searched_for_without_a_script(mehmet_client: Client) -> None:
    page = mehmet_client.get(GUIDE, {"q": " refund   <b> "})

    text = page.content.decode()
    assert 'value="refund &lt;b&gt;"' in text
    assert "<b>" not in text.partition('<ol class="results">')[2].partition("</ol>")[0]
    assert "<mark>refund</mark>" in text
    assert re.search(r'href="/dashboard/guide/refunds#[\w-]+"', text)


def test_nothing_found_says_what_to_try_and_shows_all(mehmet_client: Client) -> None:
    page = mehmet_client.get(GUIDE, {"q": "xyzzy"})

    assert "The Guide has nothing about “ xyzzy ”" in words(page)
    assert "Time left to reply" in words(page)


def test_the_marketplaces_own_words_on_refunds_are_linked(mehmet_client: Client, sofia: Actor) -> None:
    before = mehmet_client.get(f"{GUIDE}refunds")
    promises.change({"refund_help_url": "https://shop.example/refunds"}, reason="Written.", by=sofia)
    promises.forget()
    after = mehmet_client.get(f"{GUIDE}refunds")

    assert "guide-more" not in before.content.decode()
    assert 'href="https://shop.example/refunds"' in after.content.decode()
    assert "guide-more" not in mehmet_client.get(f"{GUIDE}team").content.decode()


@pytest.mark.parametrize("page", [f"{GUIDE}nothing", f"{GUIDE}../team.md", f"{GUIDE}..%2Fteam"])
def test_what_is_no_section_is_not_found(mehmet_client: Client, page: str) -> None:
    assert mehmet_client.get(page).status_code == 404


def test_the_guide_is_for_merchants_who_signed_in(client: Client, ada_client: Client, sofia_client: Client) -> None:
    for page in (GUIDE, f"{GUIDE}refunds"):
        assert client.get(page).url.startswith("/accounts/login/")  # type: ignore[attr-defined]
        assert ada_client.get(page).status_code == 302
        assert sofia_client.get(page).status_code == 302


@pytest.mark.parametrize(
    ("page", "place"),
    [
        ("tickets/post-purchase/", "time-left"),
        ("tickets/awaiting-user/", "awaiting-and-closed"),
        ("performance", "figures"),
        ("performance", "figures#what-is-csat"),
        ("performance/ledger", "figures#can-i-see-each-answer"),
        ("performance/notices", "notices"),
        ("performance/contests", "contests"),
        ("performance/sanctions", "notices#what-is-a-sanction"),
        ("team", "team"),
        ("apps", "apps"),
        ("sandbox", "apps#how-do-i-try-a-program-safely"),
    ],
)
def test_a_question_is_answered_where_it_arises(
    mehmet_client: Client, ask: Callable[..., Ticket], mehmet: Actor, page: str, place: str
) -> None:
    ask("item_problem")
    ask("order_status").reply("Tomorrow.", by=mehmet)

    text = mehmet_client.get(f"/dashboard/{page}").content.decode()

    assert f'<a class="ask" href="{GUIDE}{place}"' in text
    assert f'href="{GUIDE}">Guide</a>' in text


def test_a_ticket_answers_what_one_asks_there(mehmet_client: Client, ask: Callable[..., Ticket]) -> None:
    page = mehmet_client.get(address(ask("item_problem")))

    asked = re.findall(rf'<a class="ask" href="{GUIDE}([\w-]+)', page.content.decode())
    assert asked == ["time-left", "refunds", "templates"]


def test_a_page_costs_no_more_than_its_bar(mehmet_client: Client, django_assert_max_num_queries: Any) -> None:
    mehmet_client.get(GUIDE)

    for page in (GUIDE, f"{GUIDE}refunds", f"{GUIDE}?q=refund"):
        with django_assert_max_num_queries(8):
            mehmet_client.get(page)
