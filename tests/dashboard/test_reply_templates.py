"""The merchant's page of templates: what there is, to be read."""

from typing import Any

import pytest
from django.test import Client

from marketdesk.people.models import User
from marketdesk.replies import seeding
from marketdesk.replies.models import ReplyTemplate, ReplyText
from tests.dashboard.conftest import words

pytestmark = pytest.mark.django_db
PAGE = "/dashboard/templates"


def test_all_templates_stand_in_the_chosen_language_beside_ones_own(
    mehmet_client: Client, mehmet_user: User, django_assert_max_num_queries: Any
) -> None:
    mehmet_user.language = "tr"
    mehmet_user.save()

    with django_assert_max_num_queries(10):
        page = mehmet_client.get(PAGE, {"language": "de"})

    text = page.content.decode()
    assert text.count("<details>") == len(seeding.SHIPPED)
    assert all(one["title"] in text for one in seeding.shipped_texts("tr").values())
    assert '<p lang="de" dir="ltr">Hallo <mark>' in text
    assert '<p lang="tr" dir="ltr">Merhaba <mark>' in text
    assert "{customer}" not in text


@pytest.mark.parametrize(("asked", "count"), [("tracking number", 4), ("TRACKÍNG", 4), ("xyzzy", 0)])
def test_they_are_searched(mehmet_client: Client, asked: str, count: int) -> None:
    text = mehmet_client.get(PAGE, {"q": asked}).content.decode()

    assert text.count("<details open>") == count
    assert ("No template has these words." in text) is (count == 0)


def test_a_missing_one_says_so_and_a_switched_off_one_is_not_there(mehmet_client: Client) -> None:
    ReplyText.objects.filter(template__code="order_preparing", language="pl").delete()
    ReplyTemplate.objects.filter(code="order_shipped").update(active=False)

    page = words(mehmet_client.get(PAGE, {"language": "pl"}))

    english = seeding.shipped_texts("en")
    assert f"{english['order_preparing']['title']} Missing in Polski" in page
    assert english["order_shipped"]["title"] not in page


@pytest.mark.parametrize("query", [{"language": "xx"}, {"language": "d\0e"}, {"q": "\0"}, {"q": "x" * 5_000}])
def test_an_address_that_makes_no_sense_shows_the_page(mehmet_client: Client, query: dict[str, str]) -> None:
    assert mehmet_client.get(PAGE, query).status_code == 200
