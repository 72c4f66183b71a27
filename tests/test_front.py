"""The front hall: sign-in, one's own details, languages, and what is said when something went wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.backends.db import SessionStore
from django.core.handlers.wsgi import WSGIRequest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from django.urls import reverse

from marketdesk import front, schedule
from marketdesk.journal.models import Job
from marketdesk.people.models import User
from marketdesk.wsgi import read_in_utf8

pytestmark = pytest.mark.django_db


def test_a_stranger_begins_at_the_sign_in_page(client: Client) -> None:
    assert client.get("/").url == reverse("account_login")  # type: ignore[attr-defined]


def test_a_customer_begins_at_their_questions(ada_client: Client) -> None:
    assert ada_client.get("/").url == reverse("storefront:home")  # type: ignore[attr-defined]


def test_it_says_that_it_lives(client: Client) -> None:
    assert client.get("/healthz").status_code == 200


def test_signing_in_and_out(client: Client, ada_user: User) -> None:
    wrong = client.post(reverse("account_login"), {"login": "ada@example.org", "password": "guess"})
    right: Any = client.post(reverse("account_login"), {"login": "ADA@example.org", "password": "ada-password"})

    assert "error-summary" in wrong.text
    assert right.url == "/"
    assert client.get("/my/").status_code == 200
    client.post(reverse("account_logout"))
    assert client.get("/my/").status_code == 302


def test_a_demo_lists_whom_one_can_sign_in_as(client: Client, settings: Any, tmp_path: Path) -> None:
    people = [
        {"role": role, "email": f"{role}{n}@demo.example", "password": "demo", "name": f"{role} {n}"}
        for role in ("customer", "merchant", "support")
        for n in (1, 2)
    ]
    settings.HOME = tmp_path
    ordinary = client.get(reverse("account_login")).text
    (tmp_path / "demo.json").write_text(json.dumps({"people": people}))
    demo = client.get(reverse("account_login")).text

    assert "This is a demo" not in ordinary
    assert "This is a demo" in demo
    assert [f"{role}1@demo.example" in demo for role in ("customer", "merchant", "support")] == [True] * 3
    assert "customer2@demo.example" not in demo


def test_a_broken_demo_file_breaks_nothing(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path
    (tmp_path / "demo.json").write_text("{")

    assert client.get(reverse("account_login")).status_code == 200


@pytest.mark.parametrize("name", ["account_change_password", "mfa_index", "account_logout"])
def test_the_pages_around_an_account_are_drawn(ada_client: Client, name: str) -> None:
    page = ada_client.get(reverse(name))

    assert page.status_code == 200
    assert 'id="main"' in page.text


def test_the_picture_of_a_secret_is_part_of_the_page(client: Client, ada_user: User) -> None:
    client.post(reverse("account_login"), {"login": "ada@example.org", "password": "ada-password"})
    client.post(reverse("account_reauthenticate"), {"password": "ada-password"})

    page = client.get(reverse("mfa_activate_totp"))

    assert page.status_code == 200
    assert "<svg" in page.text
    assert "data:image" not in page.text


def test_ones_own_details_are_changed(ada_client: Client, ada_user: User) -> None:
    changed = {"name": "Ada King", "language": "it", "time_zone": "Europe/Rome", "country": "IT"}

    ada_client.post(reverse("account"), changed)

    ada_user.refresh_from_db()
    assert {name: getattr(ada_user, name) for name in changed} == changed


@pytest.mark.parametrize("wrong", [{"name": ""}, {"time_zone": "Mars/Olympus"}, {"country": "XX"}, {"language": "xx"}])
def test_wrong_details_change_nothing(ada_client: Client, ada_user: User, wrong: dict[str, str]) -> None:
    page = ada_client.post(
        reverse("account"), {"name": "Ada", "language": "de", "time_zone": "", "country": "DE", **wrong}
    )

    assert page.status_code == 422
    ada_user.refresh_from_db()
    assert ada_user.name == "Ada Lovelace"


def test_a_stranger_has_no_details(client: Client) -> None:
    assert client.get(reverse("account")).status_code == 302


def test_the_chosen_language_is_kept(ada_client: Client, ada_user: User) -> None:
    back: Any = ada_client.post(reverse("set-language"), {"language": "ar", "next": "/my/"})
    page = ada_client.get("/my/").text

    ada_user.refresh_from_db()
    assert (back.url, ada_user.language) == ("/my/", "ar")
    assert 'lang="ar" dir="rtl"' in page


def test_the_language_switch_leads_nowhere_else(ada_client: Client) -> None:
    back: Any = ada_client.post(reverse("set-language"), {"language": "de", "next": "https://evil.example/"})

    assert back.url == "/"


def test_the_language_switch_takes_any_words_for_a_way_back(ada_client: Client) -> None:
    assert ada_client.post(reverse("set-language"), {"language": "de", "next": "nowhere"}).status_code == 302


def test_guesses_are_counted_for_all_processes_together(client: Client, ada_user: User) -> None:
    for guess in range(5):
        client.post(reverse("account_login"), {"login": "ada@example.org", "password": f"guess {guess}"})

    right = client.post(reverse("account_login"), {"login": "ada@example.org", "password": "ada-password"})

    assert right.status_code == 200
    assert "error-summary" in right.text
    with connection.cursor() as cursor:  # where every process finds it, and after a restart too
        cursor.execute("SELECT COUNT(*) FROM cache WHERE cache_key LIKE '%login_failed%'")
        assert cursor.fetchone()[0] > 0


def test_whether_somebody_is_known_is_not_told(client: Client, ada_user: User, mailoutbox: Any) -> None:
    answers = [
        client.post(reverse("account_reset_password"), {"email": email})
        for email in ("ada@example.org", "nobody@example.org")
    ]

    assert [(one.status_code, one.headers["Location"]) for one in answers] == [
        (302, reverse("account_reset_password_done"))
    ] * 2
    assert len(mailoutbox) == 0
    assert "/accounts/password/reset/key/" not in str(list(Job.objects.values_list("payload", flat=True)))
    schedule.worker().run_due()
    assert [one.to for one in mailoutbox] == [["ada@example.org"], ["nobody@example.org"]]
    assert "/accounts/password/reset/key/" in mailoutbox[0].body


def test_a_mail_for_a_new_password_waits_for_a_mail_server_that_is_away(
    client: Client, ada_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError("no mail server")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)

    answer = client.post(reverse("account_reset_password"), {"email": "ada@example.org"})
    schedule.worker().run_due()

    job = Job.objects.get(kind="account_mail")
    assert answer.status_code == 302
    assert (job.done_at, job.attempts) == (None, 1)


def test_nobody_is_flooded_with_mails_for_a_new_password(client: Client, ada_user: User, mailoutbox: Any) -> None:
    for _ in range(10):
        client.post(reverse("account_reset_password"), {"email": "ada@example.org"})

    schedule.worker().run_due()
    assert len(mailoutbox) == 3


def test_whoever_tries_too_often_gets_a_page_of_ours(client: Client, db: None) -> None:
    for number in range(21):
        page = client.post(reverse("account_reset_password"), {"email": f"nobody{number}@example.org"})

    text = page.content.decode()
    assert page.status_code == 429
    assert "Wait a few minutes" in text
    assert 'class="oops" id="main"' in text


def test_a_mail_address_is_not_taken_on_somebodys_word(ada_client: Client, ada_user: User, mehmet_user: User) -> None:
    for email in ("mehmet@example.org", "victim@example.net"):
        for act in ("action_add", "action_primary"):
            ada_client.post(reverse("account_email"), {act: "", "email": email})

    ada_user.refresh_from_db()
    assert ada_user.email == "ada@example.org"
    assert not EmailAddress.objects.filter(user=ada_user).exclude(email="ada@example.org").exists()


@pytest.mark.parametrize("claim", ["charset=base64", "charset=idna", "charset=unicode_escape", "a*=klingon''x"])
@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=b"])
def test_a_page_is_read_in_utf8_whatever_a_request_claims(rf: Any, kind: str, claim: str) -> None:
    asked = rf.get("/support/search?q=%5Cud800").environ | {"CONTENT_TYPE": f"{kind}; {claim}"}

    def application(environ: Any, _: Any) -> list[bytes]:
        return [WSGIRequest(environ).GET["q"].encode()]

    assert read_in_utf8(application)(asked, lambda *_: print) == [rb"\ud800"]


def test_a_missing_page_says_so(client: Client) -> None:
    page = client.get("/nowhere/")

    assert page.status_code == 404
    assert "There is no page here" in page.text
    assert "csrfmiddlewaretoken" not in page.text


def test_our_own_mistakes_are_said_in_words(rf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)
    monkeypatch.setattr(front, "DOORS", None)
    monkeypatch.setattr("django.http.request.HttpRequest.get_host", _broken)

    page = client.post("/language", {"language": "de"})

    assert page.status_code == 500
    assert "Something went wrong on our side" in page.text


def _broken(_request: Any) -> str:
    raise RuntimeError


@pytest.mark.parametrize("failure", [OperationalError("gone"), InterfaceError("gone")])
def test_a_database_that_is_away_is_said_in_words(
    mehmet_client: Client, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the middleware or the page first asks for it; and a browser is told when to come again."""
    mehmet_client.raise_request_exception = False

    def gone(*_: Any, **__: Any) -> None:
        raise failure

    monkeypatch.setattr(front, "url_has_allowed_host_and_scheme", gone)
    in_the_page = mehmet_client.post("/language", {"language": "de"})
    monkeypatch.setattr(SessionStore, "load", gone)
    before_it = mehmet_client.get("/my/")

    for answer in (in_the_page, before_it):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert "Something went wrong on our side" in answer.text
        assert "gone" not in answer.text


def test_even_without_a_page_the_words_are_there(rf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "render", _broken_render)

    answer = front.server_error(rf.get("/"))

    assert answer.status_code == 500
    assert b"Something went wrong on our side" in answer.content


def _broken_render(*_args: Any, **_kwargs: Any) -> None:
    raise RuntimeError


def test_a_page_that_was_open_too_long_shows_what_was_typed(ada_user: User) -> None:
    ada_user.language = "en"
    ada_user.save()
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada_user)

    page = client.post("/my/" + "0" * 24 + "/reply", {"text": "Meine lange Antwort"})

    assert page.status_code == 403
    assert "This page was open too long" in page.text
    assert "Meine lange Antwort" in page.text


def test_a_foreign_site_gets_nothing_shown(db: None) -> None:
    page = Client(enforce_csrf_checks=True).post("/language", {"text": "Buy now"})

    assert page.status_code == 403
    assert "Buy now" not in page.text


def test_ones_own_details_are_a_click_away_at_every_door(
    ada_client: Client, mehmet_client: Client, sofia_client: Client
) -> None:
    for client, door in ((ada_client, "/my/"), (mehmet_client, "/dashboard/"), (sofia_client, "/support/")):
        assert b'href="/account/"' in client.get(door, follow=True).content
