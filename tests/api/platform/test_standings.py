"""The marketplace's program reads how merchants stand, and what is proposed or in force."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from marketdesk.api.platform.schemas import moment
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.performance import judging, reading, sanctioning
from marketdesk.performance.models import Sanction, SanctionKind
from marketdesk.policy import promises
from tests.api.platform.conftest import Program
from tests.conftest import NOW
from tests.moments import later
from tests.severe import month

pytestmark = pytest.mark.django_db


@pytest.fixture
def severe(now: Any, store: Merchant, ada: Actor) -> None:
    """Three of five answers were late."""
    month(store, NOW)
    judging.judge(store.pk, NOW)
    sanctioning.propose_if_severe(store.pk, reading.rates(store.pk, NOW, promises.current()), NOW)


@pytest.mark.usefixtures("severe")
def test_how_a_merchant_stands_and_what_is_proposed(shop: Program, store: Merchant) -> None:
    told = shop.get("merchants/m-1/standing").data

    assert (told["merchant"], told["level"], told["since"], told["judged_at"]) == (
        "m-1", "severe", moment(NOW), moment(NOW),
    )  # fmt: skip
    assert told["late_response_rate"] == {"part": 3, "whole": 5, "percent": 60.0}
    assert told["csat"] == {"part": 0, "whole": 0, "percent": None}
    assert (told["impressions_blocked_at"], told["suspended_at"]) == ("", "")
    assert [(one["kind"], one["state"], one["hear_until"]) for one in told["sanctions"]] == [
        (kind, "proposed", moment(NOW + timedelta(days=5))) for kind in SanctionKind
    ]


@pytest.mark.usefixtures("severe")
def test_what_is_in_force_and_what_is_over(shop: Program, mehmet: Actor, sofia: Actor) -> None:
    block, suspension = (Sanction.objects.get(kind=kind) for kind in SanctionKind)
    sanctioning.decline(suspension, "The block is enough.", by=sofia)
    sanctioning.answer(block, "It was the flood.", by=mehmet)
    sanctioning.confirm(block, "Three of five were late.", by=sofia)
    blocked = shop.get("merchants/m-1/standing").data
    sanctioning.lift(block, "You are heard.", by=later(sofia, hours=1))
    free = shop.get("merchants/m-1/standing").data

    (in_force,) = blocked["sanctions"]
    assert (blocked["impressions_blocked_at"], blocked["suspended_at"]) == (moment(NOW), "")
    assert (in_force["state"], in_force["ends_at"]) == ("confirmed", moment(NOW + timedelta(days=30)))
    assert (free["impressions_blocked_at"], free["sanctions"]) == ("", [])


def test_who_was_never_judged_is_normal(shop: Program, store: Merchant) -> None:
    told = shop.get("merchants/m-1/standing").data

    assert (told["level"], told["judged_at"], told["sanctions"]) == ("normal", "", [])


@pytest.mark.usefixtures("severe")
def test_all_merchants_page_by_page_and_those_of_one_level(
    shop: Program, store: Merchant, rival_store: Merchant
) -> None:
    Merchant.objects.create(sandbox_of=store, external_id="sandbox-m-1", name="Sandbox")
    first = shop.get("standings", limit=1).data
    second = shop.get("standings", limit=1, after=first["after"]).data

    assert [one["merchant"] for page in (first, second) for one in page["standings"]] == ["m-1", "m-2"]
    assert second["after"] == ""
    assert [one["merchant"] for one in shop.get("standings", level="severe").data["standings"]] == ["m-1"]
    assert [one["merchant"] for one in shop.get("standings", level="normal").data["standings"]] == ["m-2"]
    assert shop.get("standings", level="\x00nothing").data == {"standings": [], "after": ""}


@pytest.mark.parametrize("name", ["m-3", "sandbox-m-1", "\x00"])
def test_who_is_no_merchant_of_the_marketplace_is_not_there(name: str, shop: Program, store: Merchant) -> None:
    Merchant.objects.create(sandbox_of=store, external_id="sandbox-m-1", name="Sandbox")

    answer = shop.get(f"merchants/{name}/standing")

    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.usefixtures("severe")
def test_a_page_of_many_costs_what_one_costs(shop: Program, django_assert_max_num_queries: Callable[..., Any]) -> None:
    shop.get("standings")
    with django_assert_max_num_queries(4) as one:
        shop.get("standings")
    for number in range(5):
        Merchant.objects.create(external_id=f"m-{number + 10}", name="Another")

    with django_assert_max_num_queries(4) as many:
        assert len(shop.get("standings").data["standings"]) == 6

    assert len(many) == len(one)
