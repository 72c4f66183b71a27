"""A code is changed for tokens once, and a refresh token once; what comes again later ends all that came of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from marketdesk.journal.models import Allowance, Event
from marketdesk.lib import secret
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.programs import exchanging, guesses, revoking
from marketdesk.programs.exchanging import CODE, RENEWAL, Tokens
from marketdesk.programs.models import AccessToken, App, Grant, RefreshToken
from marketdesk.programs.refusals import WORDS, NoTokens, Why
from tests.apps import BACK, TODAYS, VERIFIER, code_of, make_app

pytestmark = pytest.mark.django_db


class Client:
    """The program that holds an app's secret."""

    def __init__(self, app: App, key: str) -> None:
        self.app, self.secret, self.address = app, key, "192.0.2.1"

    def redeem(self, code: str, **said: str) -> Tokens:
        return self._ask(CODE, code=code, **said)

    def renew(self, refresh_token: str, **said: str) -> Tokens:
        return self._ask(RENEWAL, refresh_token=refresh_token, **said)

    def _ask(self, kind: str, **said: str) -> Tokens:
        known = {"client_id": self.app.client_id, "client_secret": self.secret}
        return exchanging.tokens(kind, {**known, **said}, address=self.address)


@pytest.fixture
def erp(store: Merchant) -> Client:
    return Client(*make_app(store))


@pytest.fixture
def code(now: Any, erp: Client, store: Merchant, mehmet: Actor) -> Callable[..., str]:
    return lambda **said: code_of(erp.app, store, mehmet, **said)


def refused(why: Why, deed: Callable[..., Any], *args: str, **said: str) -> None:
    """It is, for that reason and no other, and no token is made or changed."""
    before = list(AccessToken.objects.order_by("pk").values()), list(RefreshToken.objects.order_by("pk").values())
    with pytest.raises(NoTokens) as caught:
        deed(*args, **said)
    assert caught.value.why == why
    after = list(AccessToken.objects.order_by("pk").values()), list(RefreshToken.objects.order_by("pk").values())
    assert before == after


def test_every_refusal_has_words() -> None:
    assert set(WORDS) == set(Why)


def test_a_code_becomes_tokens_that_are_kept_as_hashes(erp: Client, code: Any, store: Merchant, now: Any) -> None:
    given = erp.redeem(code(scope="tickets:read"), redirect_uri=BACK)

    assert (given.store, given.scopes, given.lives) == (store, ["tickets:read"], 30 * 86400)
    token = AccessToken.find(given.access_token)
    assert token
    assert (token.merchant, token.application, token.scope) == (store, erp.app, "tickets:read")
    assert token.expires == given.expires_at
    kept = [*AccessToken.objects.values(), *RefreshToken.objects.values(), *Grant.objects.values()]
    assert given.access_token not in str(kept)
    assert given.refresh_token not in str(kept)
    assert secret.hash_of(given.refresh_token) in str(kept)
    assert given.access_token not in repr(given)
    assert given.refresh_token not in repr(given)


def test_a_code_lives_five_minutes(erp: Client, code: Any, now: Any) -> None:
    first, second = code(), code()

    now.shift(timedelta(minutes=4, seconds=59))
    assert erp.redeem(first).access_token
    now.shift(timedelta(seconds=1))
    refused(Why.CODE_EXPIRED, erp.redeem, second)


def test_a_code_that_comes_twice_at_once_leaves_the_tokens_alone(erp: Client, code: Any, now: Any) -> None:
    sent = code()
    given = erp.redeem(sent)

    now.shift(timedelta(seconds=10))
    refused(Why.CODE_USED, erp.redeem, sent)

    assert not AccessToken.find(given.access_token).is_revoked  # type: ignore[union-attr]


def test_a_code_that_comes_again_later_ends_its_tokens(erp: Client, code: Any, store: Merchant, now: Any) -> None:
    sent, other = code(), erp.redeem(code())
    renewed = erp.renew(erp.redeem(sent).refresh_token)

    now.shift(timedelta(seconds=11))
    with pytest.raises(NoTokens, match="used already"):
        erp.redeem(sent)

    assert AccessToken.find(renewed.access_token).is_revoked  # type: ignore[union-attr]
    refused(Why.TOKEN_USED, erp.renew, renewed.refresh_token)
    event = Event.objects.get(verb="app_stopped")
    assert (event.merchant_id, event.data["why"]) == (store.pk, "code used again")
    assert not AccessToken.find(other.access_token).is_revoked  # type: ignore[union-attr]
    assert erp.renew(other.refresh_token)


def test_renewing_ends_the_token_before(erp: Client, code: Any, store: Merchant, now: Any) -> None:
    given = erp.redeem(code(scope="tickets:read"))
    AccessToken.find(given.access_token).used(now_of := AccessToken.objects.get().created)  # type: ignore[union-attr]
    now.shift(timedelta(days=40))

    renewed = erp.renew(given.refresh_token)

    assert AccessToken.find(given.access_token).is_revoked  # type: ignore[union-attr]
    token = AccessToken.find(renewed.access_token)
    assert token
    assert not token.is_revoked
    assert (renewed.store, renewed.scopes) == (store, ["tickets:read"])
    assert token.allowed_at == now_of
    assert token.last_used_at == now_of
    assert token.expires
    assert token.expires - token.created == timedelta(days=30)


def test_a_refresh_token_that_comes_twice_at_once_leaves_the_family_alone(erp: Client, code: Any, now: Any) -> None:
    given = erp.redeem(code())
    renewed = erp.renew(given.refresh_token)

    now.shift(timedelta(seconds=10))
    refused(Why.TOKEN_USED, erp.renew, given.refresh_token)

    assert erp.renew(renewed.refresh_token)


def test_a_refresh_token_that_comes_again_later_ends_the_family(erp: Client, code: Any, now: Any) -> None:
    first = erp.redeem(code())
    last = erp.renew(erp.renew(first.refresh_token).refresh_token)

    now.shift(timedelta(seconds=11))
    with pytest.raises(NoTokens, match="used already"):
        erp.renew(first.refresh_token)

    assert all(token.is_revoked for token in AccessToken.objects.all())
    refused(Why.TOKEN_USED, erp.renew, last.refresh_token)
    assert Event.objects.filter(verb="app_stopped").count() == 1


def test_a_refresh_token_is_good_for_a_year(erp: Client, code: Any, now: Any) -> None:
    given = erp.redeem(code())
    now.shift(timedelta(days=364))
    renewed = erp.renew(given.refresh_token)

    now.shift(timedelta(days=365))
    refused(Why.TOKEN_EXPIRED, erp.renew, renewed.refresh_token)


def test_a_renewed_token_may_do_no_more(erp: Client, code: Any) -> None:
    given = erp.redeem(code(scope="tickets:read"))

    refused(Why.BAD_SCOPE, erp.renew, given.refresh_token, scope="tickets:read tickets:write")


@pytest.mark.parametrize("sent", ["", " ", "x", "mdc_", "\x00", "x" * 5000, "Ünïcode", "%00"])
def test_what_is_no_code_or_token_opens_nothing(erp: Client, code: Any, sent: str) -> None:
    code()

    refused(Why.BAD_CODE if sent else Why.MISSING, erp.redeem, sent)
    refused(Why.BAD_TOKEN if sent else Why.MISSING, erp.renew, sent)


def test_one_kind_of_secret_is_not_another(erp: Client, code: Any) -> None:
    sent = code()
    given = erp.redeem(code())

    for wrong in (given.access_token, sent, Grant.objects.first().code):  # type: ignore[union-attr]
        refused(Why.BAD_TOKEN, erp.renew, wrong)
    for wrong in (given.access_token, given.refresh_token, Grant.objects.first().code):  # type: ignore[union-attr]
        refused(Why.BAD_CODE, erp.redeem, wrong)


def test_another_apps_code_and_token_are_as_if_there_were_none(
    erp: Client, code: Any, store: Merchant, now: Any
) -> None:
    other = Client(*make_app(store))
    sent, given = code(), erp.redeem(code())
    erp.renew(given.refresh_token)
    now.shift(timedelta(seconds=60))

    refused(Why.BAD_CODE, other.redeem, sent)
    refused(Why.BAD_TOKEN, other.renew, given.refresh_token)  # nor does it end the family

    assert erp.redeem(sent)


def test_a_code_is_for_the_store_that_allowed(
    erp: Client, store: Merchant, rival_store: Merchant, mehmet: Actor, rival: Actor
) -> None:
    App.objects.update(reach="public")

    ours = erp.redeem(code_of(erp.app, store, mehmet))
    theirs = erp.redeem(code_of(erp.app, rival_store, rival))

    assert ours.store == store
    assert theirs.store == rival_store
    assert erp.renew(theirs.refresh_token).store == rival_store


@pytest.mark.parametrize("wrong", ["", "x", "mds_", "Ünïcode", "\x00"])
def test_without_its_secret_an_app_is_nobody(erp: Client, code: Any, wrong: str) -> None:
    sent, given = code(), erp.redeem(code())

    refused(Why.BAD_CREDENTIALS, erp.redeem, sent, client_secret=wrong)
    refused(Why.BAD_CREDENTIALS, erp.renew, given.refresh_token, client_secret=wrong)
    refused(Why.BAD_CREDENTIALS, erp.redeem, sent, client_id="nobody")
    refused(Why.BAD_CREDENTIALS, erp.redeem, sent, client_id="\x00")

    assert erp.redeem(sent)


def test_the_secret_of_another_app_does_not_fit(erp: Client, code: Any, store: Merchant) -> None:
    refused(Why.BAD_CREDENTIALS, erp.redeem, code(), client_secret=make_app(store)[1])


def test_a_removed_app_gets_nothing(erp: Client, code: Any, now: Any) -> None:
    sent, given = code(), erp.redeem(code())
    App.objects.update(removed_at="2026-11-18T10:00Z")

    refused(Why.BAD_CREDENTIALS, erp.redeem, sent)
    refused(Why.BAD_CREDENTIALS, erp.renew, given.refresh_token)
    assert AccessToken.find(given.access_token).is_revoked  # type: ignore[union-attr]


def test_an_app_that_is_removed_at_this_moment_gets_nothing(
    erp: Client, code: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = code()
    monkeypatch.setattr(guesses, "was_right", lambda _: App.objects.update(removed_at="2026-11-18T10:00Z"))

    refused(Why.BAD_CREDENTIALS, erp.redeem, sent)


def test_a_secret_that_cannot_be_read_any_more_fits_nothing(erp: Client, code: Any) -> None:
    App.objects.update(sealed_secret="sealed with another key")

    refused(Why.BAD_CREDENTIALS, erp.redeem, code(), client_secret="")
    refused(Why.BAD_CREDENTIALS, erp.redeem, code())


@pytest.mark.parametrize("address", ["https://evil.example/", "https://erp.example/other", BACK + "/", BACK.upper()])
def test_a_code_goes_only_where_it_was_sent(erp: Client, code: Any, address: str) -> None:
    App.objects.update(redirect_uris=f"{BACK} https://erp.example/other")
    sent = code(redirect_uri=BACK)

    refused(Why.BAD_ADDRESS, erp.redeem, sent, redirect_uri=address)
    refused(Why.BAD_REQUEST, erp.redeem, sent)  # which of the two?

    assert erp.redeem(sent, redirect_uri=BACK)


def test_the_challenge_must_be_answered(erp: Client, code: Any) -> None:
    sent = code(**TODAYS)

    refused(Why.BAD_REQUEST, erp.redeem, sent)
    refused(Why.BAD_VERIFIER, erp.redeem, sent, code_verifier=VERIFIER + "x")
    refused(Why.BAD_VERIFIER, erp.redeem, sent, code_verifier=TODAYS["code_challenge"])

    assert erp.redeem(sent, code_verifier=VERIFIER)


def test_an_answer_without_a_challenge_tells_that_somebody_took_it_off(erp: Client, code: Any) -> None:
    refused(Why.BAD_VERIFIER, erp.redeem, code(), code_verifier=VERIFIER)


def test_a_code_from_before_the_app_was_one_of_today_is_not_taken(erp: Client, code: Any) -> None:
    sent = code()
    App.objects.update(needs_pkce=True)

    refused(Why.BAD_REQUEST, erp.redeem, sent)


def test_nobody_sends_what_only_we_know(erp: Client, code: Any) -> None:
    ours = ("client", "user", "scopes", "grant", "merchant", "issued", "refresh_token_instance")

    given = erp.redeem(code(), scope="orders:write", **dict.fromkeys(ours, "orders:write"))

    assert given.scopes == list(erp.app.scopes)


def test_guessing_ends_after_a_number_of_tries(erp: Client, code: Any, now: Any) -> None:
    sent = code()
    for _ in range(guesses.MOST_OF_APP):
        refused(Why.BAD_CREDENTIALS, erp.redeem, sent, client_secret="wrong")

    refused(Why.TOO_MANY, erp.redeem, sent, client_secret="wrong")
    refused(Why.TOO_MANY, erp.redeem, sent)  # not even the right one is looked at
    erp.address = "192.0.2.2"
    given = erp.redeem(sent)  # but whoever guesses shuts out nobody else

    erp.address = "192.0.2.1"
    now.shift(timedelta(minutes=1))
    assert erp.renew(given.refresh_token)


def test_guessing_at_many_apps_ends_too(erp: Client, now: Any) -> None:
    whys = []
    for number in range(guesses.MOST + 5):
        with pytest.raises(NoTokens) as caught:
            erp.redeem("x", client_id=f"app-{number}")
        whys.append(caught.value.why)

    assert whys == [Why.BAD_CREDENTIALS] * guesses.MOST + [Why.TOO_MANY] * 5
    assert Allowance.objects.count() == 1, "whoever makes up names fills no table"


def test_right_secrets_do_not_count(erp: Client, code: Any, now: Any) -> None:
    given = erp.redeem(code())
    for _ in range(guesses.MOST_OF_APP + 1):
        given = erp.renew(given.refresh_token)

    assert given


def test_a_revoked_store_gives_nothing_more(erp: Client, code: Any, store: Merchant, mehmet: Actor) -> None:
    sent, given = code(), erp.redeem(code())
    revoking.revoke(erp.app, store, by=mehmet)

    refused(Why.BAD_CODE, erp.redeem, sent)
    refused(Why.TOKEN_USED, erp.renew, given.refresh_token)
