"""Who belongs to the teams: a colleague of Mehmet's, and Sofia as an administrator with a colleague."""

import pytest

from marketdesk.merchants.models import Membership, Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party


@pytest.fixture
def elif_user(store: Merchant) -> User:
    """An agent of Mehmet's store."""
    user = User.objects.create_user("elif@example.org", "elif-password", name="Elif Kaya", party=Party.MERCHANT)
    Membership.objects.create(user=user, merchant=store)
    return user


@pytest.fixture
def elif_(elif_user: User, store: Merchant) -> Actor:
    return Actor(Party.MERCHANT, user_id=elif_user.pk, merchant_id=store.pk, name=elif_user.name)


@pytest.fixture
def tomas_user(db: None) -> User:
    """An agent of support."""
    return User.objects.create_user("tomas@example.org", "tomas-password", name="Tomás Ruiz", party=Party.SUPPORT)


@pytest.fixture
def chief(sofia_user: User) -> Actor:
    """Sofia, who is an administrator."""
    sofia_user.is_staff = True
    sofia_user.save()
    return Actor(Party.SUPPORT, user_id=sofia_user.pk, name=sofia_user.name)
