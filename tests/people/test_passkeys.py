"""Passkeys and the second factor: one's own only; asked for where the policy says so."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from marketdesk.people.models import User
from marketdesk.policy import promises
from marketdesk.policy.models import PolicyChange
from tests.conftest import signed_in
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

KEY = {"name": "My phone", "credential": {"id": "x", "clientExtensionResults": {"credProps": {"rk": True}}}}


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet(db: None) -> None:
    cache.clear()


def a_passkey_of(user: User) -> Authenticator:
    return Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=KEY)


def ask_for_a_second_factor(whom: str) -> None:
    PolicyChange.objects.create(values={"second_factor": whom}, valid_from=timezone.now())
    promises.forget()


def sign_in(user: User, password: str, agent: str = "Firefox") -> Client:
    client = Client(headers={"user-agent": agent})
    client.post("/accounts/login/", {"login": user.email, "password": password})
    return client


def test_the_sign_in_page_offers_a_passkey_and_a_new_password(client: Client) -> None:
    text = client.get("/accounts/login/").content.decode()

    assert 'id="passkey_login"' in text
    assert 'href="/accounts/password/reset/"' in text
    assert client.get("/accounts/2fa/webauthn/login/", headers={"accept": "application/json"}).json()


def test_ones_own_pages_lead_to_passkeys_and_sessions(mehmet_client: Client) -> None:
    text = mehmet_client.get("/account/").content.decode()

    for address in ("/accounts/2fa/", "/accounts/2fa/webauthn/", "/accounts/sessions/", "/accounts/password/change/"):
        assert f'href="{address}"' in text
        assert mehmet_client.get(address).status_code in {200, 302}


def test_a_passkey_is_listed_to_its_owner_alone(mehmet_user: User, rival_user: User) -> None:
    a_passkey_of(mehmet_user)

    assert "My phone" in signed_in(mehmet_user).get("/accounts/2fa/webauthn/").content.decode()
    assert "My phone" not in signed_in(rival_user).get("/accounts/2fa/webauthn/").content.decode()


@pytest.mark.parametrize("act", ["remove", "edit"])
def test_anothers_passkey_is_as_if_absent(act: str, mehmet_user: User, rival_client: Client, settings: Any) -> None:
    settings.MFA_REAUTHENTICATION_REQUIRED = False  # the password once more is not what keeps them out
    mine = a_passkey_of(mehmet_user)

    for number in (mine.pk, 999_999):
        for method in (rival_client.get, rival_client.post):
            answer = method(f"/accounts/2fa/webauthn/keys/{number}/{act}/", {"name": "Stolen"})
            assert answer.status_code == 404
    mine.refresh_from_db()
    assert mine.data["name"] == "My phone"


@pytest.mark.parametrize("credential", ["", "{}", "null", "[]", '{"id": 5}', '{"response": {"userHandle": "MQ"}}'])
def test_a_made_up_passkey_signs_nobody_in(credential: str, client: Client, mehmet_user: User) -> None:
    a_passkey_of(mehmet_user)
    client.get("/accounts/2fa/webauthn/login/", headers={"accept": "application/json"})

    answer = client.post("/accounts/2fa/webauthn/login/", {"credential": credential})

    assert answer["Location"] == "/accounts/login/"
    assert "_auth_user_id" not in client.session


def test_a_passkey_opens_the_administrators_pages(sofia_client: Client, sofia_user: User) -> None:
    User.objects.filter(pk=sofia_user.pk).update(is_staff=True)
    assert sofia_client.get("/support/policy").status_code == 403

    a_passkey_of(sofia_user)

    assert sofia_client.get("/support/policy").status_code == 200


def test_somebody_sees_where_they_are_signed_in_and_ends_the_others(mehmet_user: User, rival_user: User) -> None:
    here, there = (sign_in(mehmet_user, "mehmet-password", agent) for agent in ("Firefox", "Old phone"))
    sign_in(rival_user, "rival-password", "Foreign browser")
    text = here.get("/accounts/sessions/").content.decode()
    assert "Firefox" in text
    assert "Old phone" in text
    assert "Foreign browser" not in text

    here.post("/accounts/sessions/")

    assert here.get("/dashboard/team").status_code == 200
    assert "login" in there.get("/dashboard/team")["Location"]
    assert UserSession.objects.count() == 2


@pytest.mark.parametrize(("whom", "asked"), [("nobody", ""), ("support", "sofia"), ("everybody", "sofia mehmet")])
def test_the_policy_asks_for_a_second_factor(
    whom: str, asked: str, ada_client: Client, mehmet_client: Client, sofia_client: Client, client: Client
) -> None:
    ask_for_a_second_factor(whom)
    people = {
        "ada": (ada_client, "/my/"),
        "mehmet": (mehmet_client, "/dashboard/team"),
        "sofia": (sofia_client, "/support/search"),
    }

    for name, (person, page) in people.items():
        answer = person.get(page)
        if name in asked.split():
            assert answer["Location"] == "/accounts/2fa/"
            assert "First turn on the two-step sign-in" in person.get("/accounts/2fa/").content.decode()
            with nothing_changed():
                assert person.post(page, {"email": "x@example.org"})["Location"] == "/accounts/2fa/"
        else:
            assert answer.status_code == 200
    assert client.get("/accounts/login/").status_code == 200


def test_with_a_passkey_everything_is_open_again(mehmet_user: User, mehmet_client: Client) -> None:
    ask_for_a_second_factor("everybody")
    a_passkey_of(mehmet_user)

    assert mehmet_client.get("/dashboard/team").status_code == 200


def test_an_invited_colleague_is_led_to_a_second_factor_first(sofia_user: User, sofia_client: Client) -> None:
    ask_for_a_second_factor("support")

    assert sofia_client.get("/accounts/2fa/webauthn/add/")["Location"].startswith("/accounts/reauthenticate/")
    assert sofia_client.post("/accounts/logout/").status_code == 302


def test_signing_up_stays_closed(client: Client) -> None:
    form: dict[str, Any] = {"email": "new@example.org", "password1": "a-long-password", "password2": "a-long-password"}
    with nothing_changed():
        answer = client.post("/accounts/signup/", form)
        assert client.post("/accounts/2fa/webauthn/signup/", {}).status_code == 404

    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session
