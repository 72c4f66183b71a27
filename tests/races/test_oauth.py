"""One code, one refresh token, many at once: one of them gets tokens, and nothing is left over (O1)."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.test import Client

from marketdesk.journal.models import Allowance
from marketdesk.merchants.models import Membership, Role
from marketdesk.people.actor import Actor
from marketdesk.programs import granting, guesses, revoking
from marketdesk.programs.models import AccessToken, App, Grant, RefreshToken
from tests.apps import asking, make_app, told
from tests.races.conftest import BOTH, Arena, race

CASES, RACERS = 40, 6


class Shop:
    """A store with an app, and its two token calls as four ways to ask them."""

    def __init__(self, arena: Arena) -> None:
        self.store, self.owner = arena.cast.store, arena.cast.mehmet
        Membership.objects.filter(merchant=self.store).update(role=Role.OWNER)
        self.app, self.secret = make_app(self.store)

    def code(self) -> str:
        by = Actor(self.owner.party, user_id=self.owner.user_id, merchant_id=self.store.pk)
        return told(granting.allow(granting.read(asking(self.app)), self.store, by=by))["code"]

    def ways(self, call: str, **said: str) -> list[Callable[[], Any]]:
        """By GET and POST, in both versions: RACERS of them."""
        fields = {"client_id": self.app.client_id, "client_secret": self.secret, **said}
        paths = [f"/api/{version}/oauth/{call}" for version in ("v2", "v3")]
        every = [partial(asked, method, path, fields) for path in paths for method in ("get", "post")]
        return [every[n % len(every)] for n in range(RACERS)]

    def living(self) -> tuple[int, int]:
        """How many access and refresh tokens of the app are good."""
        access = AccessToken.objects.filter(application=self.app, revoked_at=None)
        return access.count(), RefreshToken.objects.filter(application=self.app, revoked=None).count()

    def orphans(self) -> int:
        """Tokens that belong to nothing: one without the other, or of a code that nobody used."""
        refresh = RefreshToken.objects.filter(application=self.app)
        alone = AccessToken.objects.filter(application=self.app, revoked_at=None, refresh_token=None).count()
        families = Grant.objects.exclude(redeemed_at=None).values("token_family")
        return (
            alone
            + refresh.filter(revoked=None, access_token=None).count()
            + refresh.exclude(token_family__in=families).count()
        )


def asked(method: str, path: str, fields: dict[str, str]) -> tuple[int, int, Any]:
    """Status, code and data of an answer."""
    client = Client(raise_request_exception=False)
    answer: Any = client.get(path, fields) if method == "get" else client.post(path, fields)
    said = answer.json()
    return answer.status_code, said["code"], said["data"]


@pytest.fixture
def shop(arena: Arena) -> Iterator[Shop]:
    yield Shop(arena)
    App.objects.all().delete()
    Allowance.objects.all().delete()


@pytest.mark.heavy
@BOTH
def test_of_those_who_send_one_code_at_once_one_gets_tokens(database: str, shop: Shop) -> None:
    codes: Counter[int] = Counter()
    for _ in range(CASES):
        access, refresh = shop.living()

        answers = race(*shop.ways("access_token", code=shop.code()))

        assert all(status < 500 for status, _, _ in answers), answers
        codes.update(code for _, code, _ in answers)
        assert Counter(code == 0 for _, code, _ in answers) == {True: 1, False: RACERS - 1}, answers
        assert shop.living() == (access + 1, refresh + 1)
    assert set(codes) <= {0, 1016, 10002}
    assert shop.orphans() == 0


@pytest.mark.heavy
@BOTH
def test_of_those_who_renew_at_once_one_does_and_the_family_stays(database: str, shop: Shop) -> None:
    codes: Counter[int] = Counter()
    (_, _, given) = shop.ways("access_token", code=shop.code())[1]()
    for _ in range(CASES):
        answers = race(*shop.ways("refresh_token", refresh_token=given["refresh_token"]))

        assert all(status < 500 for status, _, _ in answers), answers
        codes.update(code for _, code, _ in answers)
        [given] = [data for _, code, data in answers if code == 0]
        assert shop.living() == (1, 1)
    assert set(codes) <= {0, 1016, 1008}
    assert codes[0] == CASES
    assert shop.orphans() == 0


@pytest.mark.heavy
@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_without_the_lock_one_code_gives_many(database: str, shop: Shop, without_locks: None) -> None:
    """The control. SQLite needs none: it has one writer at a time anyway."""
    winners = 0
    for _ in range(CASES):
        winners += sum(code == 0 for _, code, _ in race(*shop.ways("access_token", code=shop.code())))

    assert winners > CASES


@pytest.mark.heavy
@BOTH
def test_what_is_revoked_meanwhile_is_dead_afterwards(database: str, shop: Shop) -> None:
    for _ in range(CASES // 2):
        (_, _, given) = shop.ways("access_token", code=shop.code())[1]()
        renewing = shop.ways("refresh_token", refresh_token=given["refresh_token"])[:2]
        exchanging = shop.ways("access_token", code=shop.code())[:2]

        answers = race(*renewing, *exchanging, partial(revoking.revoke, shop.app, shop.store, by=shop.owner))

        assert answers.pop() is None
        assert all(status < 500 for status, _, _ in answers), answers
        late = sum(code == 0 for _, code, _ in answers[2:])  # a code is dead then, or was changed before
        assert late <= 1
        assert shop.living() == (0, 0)


@pytest.mark.heavy
@BOTH
def test_of_many_guesses_at_once_no_more_than_the_limit_are_looked_at(
    database: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def knows(app: App, secret: str) -> bool:
        looked.append(secret)
        return False

    monkeypatch.setattr(App, "knows", knows)
    monkeypatch.setattr(guesses, "timezone", StoppedClock)
    deeds = [
        partial(asked, "post", "/api/v3/oauth/access_token", {"client_id": shop.app.client_id, "code": "x"} | secret)
        for secret in ({"client_secret": f"guess-{n}"} for n in range(8))
    ]

    answers = [answer for _ in range(8) for answer in race(*deeds)]

    assert Counter(code for _, code, _ in answers) == {
        10001: guesses.MOST_OF_APP,
        429: len(answers) - guesses.MOST_OF_APP,
    }
    assert len(looked) == guesses.MOST_OF_APP


class StoppedClock:
    """All in one minute."""

    @staticmethod
    def now() -> Any:
        return datetime(2026, 11, 18, 10, 0, tzinfo=UTC)
