"""Ada reads English here, so that the pages' words can be asserted as they stand in the code."""

import pytest
from django.test import Client

from marketdesk.people.models import User
from tests.conftest import signed_in


@pytest.fixture
def ada_client(ada_user: User) -> Client:
    ada_user.language = "en"
    ada_user.save()
    return signed_in(ada_user)
