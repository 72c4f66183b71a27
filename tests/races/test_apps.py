"""Apps under a race: a form registers once, and a removed app keeps no token."""

from collections import Counter
from dataclasses import replace
from functools import partial

from marketdesk.merchants.models import Membership, Role
from marketdesk.programs import registering
from marketdesk.programs.models import AccessToken, App
from tests.races.conftest import RACERS, Arena, race
from tests.registering import facts, register


def test_of_one_form_that_is_sent_at_once_one_registers(arena: Arena) -> None:
    store = arena.cast.store
    Membership.objects.filter(merchant=store).update(role=Role.OWNER)
    by = replace(arena.cast.mehmet, key=f"register-{arena.number}")

    answers = race(*(partial(registering.register, store, facts(), by=by) for _ in range(RACERS)))

    assert Counter(type(one).__name__ for one in answers) == {"tuple": 1, "AlreadyDone": RACERS - 1}
    assert App.objects.filter(merchant=store).count() == 1


def test_who_gets_a_token_while_the_app_is_removed_gets_a_dead_one_or_none(arena: Arena) -> None:
    store, mehmet = arena.cast.store, arena.cast.mehmet
    Membership.objects.filter(merchant=store).update(role=Role.OWNER)
    app, _ = register(store, mehmet)

    def get() -> str:
        return registering.get_token(App.objects.get(pk=app.pk), by=mehmet)

    answers = race(*[get] * (RACERS - 1), partial(registering.remove, app, by=mehmet))

    assert {type(one).__name__ for one in answers} <= {"str", "NoneType", "AppMoved"}
    assert not AccessToken.objects.filter(application=app, revoked_at=None).exists()
