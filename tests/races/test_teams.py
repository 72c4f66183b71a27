"""Teams under a race: one invitation lets one in, and somebody always remains in charge."""

from collections import Counter
from functools import partial

from django.utils import timezone

from marketdesk.merchants.models import Membership, Role
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.teams import inviting, members
from marketdesk.teams.inviting import Newcomer
from marketdesk.teams.models import Post
from tests.races.conftest import RACERS, Arena, race


def test_of_those_who_use_an_invitation_at_once_one_joins(arena: Arena) -> None:
    mehmet, store = arena.cast.mehmet, arena.cast.store
    Membership.objects.filter(user=mehmet.user_id).update(role=Role.OWNER)
    email = f"zeynep-{arena.number}@example.org"
    invitation, _ = inviting.invite(email, Post.AGENT, to=store, by=mehmet, language="en")

    answers = race(
        *(
            partial(inviting.begin, invitation, Newcomer(f"Zeynep {n}", "en", "a-long-password"), at=timezone.now())
            for n in range(RACERS)
        )
    )

    assert Counter(type(one).__name__ for one in answers) == {"User": 1, "NoInvitation": RACERS - 1}
    assert User.objects.filter(email=email).count() == 1
    assert Membership.objects.filter(user__email=email).count() == 1


def test_of_two_owners_who_remove_each_other_one_stays(arena: Arena) -> None:
    mehmet, merve, store = arena.cast.mehmet, arena.cast.merve, arena.cast.store
    Membership.objects.filter(merchant=store).update(role=Role.OWNER)
    both = {actor: User.objects.get(pk=actor.user_id or 0) for actor in (mehmet, merve)}

    answers = race(
        partial(members.remove, both[merve], team=store, by=mehmet),
        partial(members.remove, both[mehmet], team=store, by=merve),
    )

    assert Counter(type(one).__name__ for one in answers) == {"NoneType": 1, "TeamRefusal": 1}
    assert Membership.objects.filter(merchant=store, role=Role.OWNER).count() == 1


def test_of_two_administrators_who_step_down_at_once_one_stays(arena: Arena) -> None:
    first = User.objects.get(pk=arena.cast.sofia.user_id or 0)
    second = User.objects.create_user(f"tomas-{arena.number}@example.org", name="Tomás", party=Party.SUPPORT)
    everybody = User.objects.filter(party=Party.SUPPORT)
    everybody.update(is_staff=False)
    everybody.filter(pk__in=[first.pk, second.pk]).update(is_staff=True)
    by = [arena.cast.sofia, Actor(Party.SUPPORT, user_id=second.pk)]

    answers = race(
        partial(members.change_role, first, Post.AGENT, team=None, by=by[0]),
        partial(members.change_role, second, Post.AGENT, team=None, by=by[1]),
    )

    assert Counter(type(one).__name__ for one in answers) == {"NoneType": 1, "TeamRefusal": 1}
    assert everybody.filter(is_staff=True).count() == 1
