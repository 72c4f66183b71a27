"""More tickets of the cast: one at the platform's desk, and one of each category."""

import io
from collections.abc import Callable

import pytest
from PIL import Image

from marketdesk.orders.models import Product
from marketdesk.people.models import User
from marketdesk.tickets.models import Ticket
from tests.conftest import make_order


@pytest.fixture
def hidden(ask: Callable[..., Ticket], ada_user: User, product: Product) -> Ticket:
    """A Post Purchase ticket of a cheap order: at the platform's desk, and nothing that Mehmet may see."""
    cheap = make_order(ada_user, product, "O-cheap", total=500)
    return ask("item_problem", "Der Schirm fehlt.", order=cheap, items=list(cheap.items.all()[:1]))


@pytest.fixture
def question(ask: Callable[..., Ticket]) -> Ticket:
    """A Pre-Purchase question, standing with the merchant."""
    return ask("product_question", "Gibt es die Lampe in Messing?")


@pytest.fixture
def picture() -> Callable[..., io.BytesIO]:
    """`picture("blue")`: a small picture, as somebody would upload it."""

    def _picture(color: str = "blue", kind: str = "PNG") -> io.BytesIO:
        out = io.BytesIO()
        Image.new("RGB", (40, 30), color).save(out, kind)
        out.seek(0)
        return out

    return _picture
