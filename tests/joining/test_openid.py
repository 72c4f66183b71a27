"""Signing in with the operator's OpenID Connect service: a real one, on this machine."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from marketdesk.lib import env
from marketdesk.merchants.models import Membership, Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.teams import members
from marketdesk.teams.models import Post
from tests.conftest import signed_in
from tests.joining import provider
from tests.joining.conftest import Invite
from tests.joining.provider import Service
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

MEHMET = {"sub": "u-1", "email": "mehmet@example.org", "email_verified": True, "name": "Mehmet Demir"}
Walk = Callable[..., Any]


@pytest.fixture
def service(settings: Any, monkeypatch: Any) -> Iterator[Service]:
    """The service, which this desk knows as Bazario ID."""
    with provider.running() as found:
        given = {"NAME": "Bazario ID", "ISSUER": found.issuer, "CLIENT_ID": "desk", "CLIENT_SECRET": "the-secret"}
        for name, value in given.items():
            monkeypatch.setenv(f"MARKETDESK_OIDC_{name}", value)
        settings.SOCIALACCOUNT_PROVIDERS = env.openid("MARKETDESK_OIDC")
        settings.BASE_URL = "http://testserver"
        found.person = dict(MEHMET)
        yield found


@pytest.fixture
def walk(client: Client, service: Service) -> Walk:
    """`walk()` presses the button, is confirmed by the service and comes back."""

    def _walk(next_: str = "", by: Client = client, **bent: str) -> Any:
        there = by.post("/accounts/openid/login", {"next": next_})["Location"]
        query = {name: one for name, (one,) in parse_qs(urlsplit(there).query).items()}
        back = urlsplit(service.authorize(query))
        found = {name: one for name, (one,) in parse_qs(back.query).items()} | bent
        return by.get(back.path, found)

    return _walk


def test_without_the_settings_there_is_no_button_and_no_way_in(client: Client) -> None:
    assert "openid" not in client.get("/accounts/login/").content.decode()
    assert client.post("/accounts/openid/login").status_code == 404
    assert client.get("/accounts/openid/callback", {"code": "x", "state": "x"}).status_code == 404


@pytest.mark.parametrize(
    "address", ["3rdparty/", "3rdparty/signup/", "social/signup/", "social/connections/", "oidc/openid/login/"]
)
def test_allauths_other_ways_to_connect_services_are_closed(address: str, service: Service, client: Client) -> None:
    assert client.get(f"/accounts/{address}").status_code == 404
    assert client.post(f"/accounts/{address}").status_code == 404


def test_a_member_signs_in_with_the_service(walk: Walk, client: Client, mehmet_user: User) -> None:
    assert "Sign in with Bazario ID" in client.get("/accounts/login/").content.decode()

    answer = walk(next_="/dashboard/team")

    assert answer["Location"] == "/dashboard/team"
    assert client.get("/dashboard/team").status_code == 200
    assert SocialAccount.objects.get().user == mehmet_user


def test_later_the_service_vouches_for_the_person_whatever_their_address(
    walk: Walk, service: Service, mehmet_user: User
) -> None:
    walk(by=Client())
    service.person |= {"email": "new@example.org", "email_verified": False}
    client = Client()

    walk(by=client)

    assert client.get("/dashboard/team").status_code == 200
    assert SocialAccount.objects.count() == 1


def test_nobody_is_sent_on_to_another_site(walk: Walk, mehmet_user: User) -> None:
    assert walk(next_="https://evil.example/")["Location"] == "/"


def test_an_invited_person_joins_with_the_service_and_needs_no_password(
    invite: Invite, walk: Walk, service: Service, store: Merchant
) -> None:
    invite(role=Post.OWNER)
    service.person = {"sub": "u-2", "email": "Zeynep@Example.org", "email_verified": True, "name": "Zeynep Ak"}

    answer = walk()

    user = User.objects.get(email="zeynep@example.org")
    assert answer["Location"] == "/"
    assert (user.name, user.party, user.has_usable_password()) == ("Zeynep Ak", Party.MERCHANT, False)
    assert Membership.objects.get(user=user).role == "owner"


def refused(answer: Any, client: Client, *words: str) -> None:
    text = answer.content.decode()
    assert answer.status_code in {401, 403, 502}
    assert "You are not signed in" in text
    assert "_auth_user_id" not in client.session
    for word in words:
        assert word in text


def test_nobody_signs_up_with_the_service(walk: Walk, service: Service, client: Client) -> None:
    service.person["email"] = "stranger@example.org"
    with nothing_changed():
        refused(walk(), client, "Ask for an invitation")
    assert not SocialAccount.objects.exists()


def test_a_customer_never_comes_in_with_the_service(
    walk: Walk, service: Service, client: Client, ada_user: User
) -> None:
    service.person["email"] = "ada@example.org"
    with nothing_changed():
        refused(walk(), client)
    SocialAccount.objects.create(user=ada_user, provider="openid", uid="u-1")
    with nothing_changed():
        refused(walk(), client)


def test_a_signed_in_customer_connects_nothing(walk: Walk, ada_user: User, mehmet_user: User) -> None:
    client = signed_in(ada_user)

    walk(by=client)

    assert [one.user for one in SocialAccount.objects.all()] == [mehmet_user]


@pytest.mark.parametrize("verified", [False, None, "false", "no", 1, "True ", []])
def test_an_address_that_is_not_verified_opens_no_account(
    verified: Any, walk: Walk, service: Service, client: Client, mehmet_user: User, invite: Invite
) -> None:
    service.person["email_verified"] = verified
    service.userinfo = {"sub": "u-1"}
    with nothing_changed():
        refused(walk(), client, "has not verified your mail address")
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("sub", ["u-1", "u-9"])
def test_what_the_token_leaves_out_is_asked_for_and_believed_of_the_same_person_only(
    sub: str, walk: Walk, service: Service, client: Client, mehmet_user: User
) -> None:
    service.person = {"sub": "u-1"}
    service.userinfo = {**MEHMET, "sub": sub}

    answer = walk()

    if sub == "u-1":
        assert answer["Location"] == "/"
    else:
        refused(answer, client)


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another-program"},
        {"aud": None},
        {"azp": "another-program"},
        {"exp": 1_700_000_000},  # long ago
        {"exp": None},
        {"sub": None},
        {"sub": "x" * 500},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_us_now_is_refused(
    claims: dict[str, Any], walk: Walk, service: Service, client: Client, mehmet_user: User
) -> None:
    service.claims = claims
    with nothing_changed():
        refused(walk(), client)


@pytest.mark.parametrize("how", ["another key", "no signature", "shared secret"])
def test_a_token_that_the_service_did_not_sign_is_refused(
    how: str, walk: Walk, service: Service, client: Client, mehmet_user: User
) -> None:
    bent = {
        "another key": (provider.STRANGERS_KEY, "RS256"),
        "no signature": (None, "none"),
        "shared secret": ("the-secret" * 4, "HS256"),
    }
    service.key, service.algorithm = bent[how]
    with nothing_changed():
        refused(walk(), client)


@pytest.mark.parametrize("bent", [{"state": "x"}, {"state": ""}, {"code": "x"}, {"code": "", "error": "x"}], ids=str)
def test_an_answer_to_another_question_is_refused(
    bent: dict[str, str], walk: Walk, client: Client, mehmet_user: User
) -> None:
    with nothing_changed():
        refused(walk(**bent), client)


def test_an_answer_works_once_and_in_one_browser(
    walk: Walk, service: Service, client: Client, mehmet_user: User
) -> None:
    there = client.post("/accounts/openid/login")["Location"]
    query = {name: one for name, (one,) in parse_qs(urlsplit(there).query).items()}
    back = service.authorize(query)

    stranger = Client()
    refused(stranger.get(back), stranger)
    assert client.get(back)["Location"] == "/"
    assert client.get(back).status_code == 401


@pytest.mark.parametrize(
    "config",
    [{"issuer": "https://evil.example"}, {"issuer": None}, {"jwks_uri": "http://127.0.0.1:1/"}, {"token_endpoint": 5},
     {"authorization_endpoint": None, "issuer": ""}],
    ids=str,
)  # fmt: skip
def test_a_service_that_is_broken_lets_nobody_in(
    config: dict[str, Any], service: Service, client: Client, mehmet_user: User
) -> None:
    service.config = config
    answer = client.post("/accounts/openid/login")
    if answer.status_code == 302:
        query = {name: one for name, (one,) in parse_qs(urlsplit(answer["Location"]).query).items()}
        answer = client.get(service.authorize(query))

    refused(answer, client)


def test_nobody_keeps_the_desk_waiting_for_the_service(client: Client, service: Service) -> None:
    answers = [client.post("/accounts/openid/login").status_code for _ in range(31)]

    assert answers == [302] * 30 + [429]


def test_the_second_factor_is_asked_for_all_the_same(walk: Walk, client: Client, mehmet_user: User) -> None:
    Authenticator.objects.create(user=mehmet_user, type=Authenticator.Type.TOTP, data={"secret": "x"})

    assert walk()["Location"] == "/accounts/2fa/authenticate/"
    assert "_auth_user_id" not in client.session


def test_who_left_support_does_not_come_back_with_the_service(walk: Walk, service: Service, sofia_user: User) -> None:
    service.person["email"] = "sofia@example.org"
    client = Client()
    walk(by=client)
    assert client.get("/", follow=True).status_code == 200

    User.objects.filter(pk=sofia_user.pk).update(is_staff=True)
    boss = User.objects.create_user("boss@example.org", "x", name="Boss", party=Party.SUPPORT, is_staff=True)
    members.remove(sofia_user, team=None, by=Actor(Party.SUPPORT, user_id=boss.pk))

    walk(by=client)
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ISSUER": "https://id.example"}, "MARKETDESK_OIDC_NAME"),
        ({"NAME": "x", "ISSUER": "http://id.example", "CLIENT_ID": "x", "CLIENT_SECRET": "x"}, "https://"),
    ],
)
def test_settings_that_cannot_work_are_refused(given: dict[str, str], words: str, monkeypatch: Any) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"MARKETDESK_OIDC_{name}", value)

    with pytest.raises(ImproperlyConfigured, match=words):
        env.openid("MARKETDESK_OIDC")
