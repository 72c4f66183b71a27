"""What a customer has asked, what they have bought, and whom they can ask."""

from django.db.models import Max, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketdesk.lib import paging
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order
from marketdesk.storefront.entrance import CustomerRequest, customers_only
from marketdesk.storefront.turns import turn
from marketdesk.tickets.models import Ticket

SIZE = 10


@require_safe
@customers_only
def home(request: CustomerRequest) -> HttpResponse:
    """My questions, the latest change first, and my orders."""
    older = {name: request.GET.get(name, "") for name in ("questions", "orders")}
    tickets = paging.page(
        Ticket.objects.visible_to(request.actor).select_related("merchant", "issue"),
        "public_updated_at",
        older["questions"],
        newest_first=True,
        size=SIZE,
    )
    orders = paging.page(
        Order.objects.filter(customer=request.user).select_related("merchant").prefetch_related("items"),
        "placed_at",
        older["orders"],
        newest_first=True,
        size=SIZE,
    )
    lines = [(ticket, turn(ticket, request.actor.at)) for ticket in tickets.rows]
    context = {"lines": lines, "tickets": tickets, "orders": orders, "older": older}
    return render(request, "storefront/home.html", context)


@require_safe
@customers_only
def stores(request: CustomerRequest) -> HttpResponse:
    """The stores that I bought from, the latest first."""
    mine = Merchant.objects.filter(orders__customer=request.user).annotate(
        last=Max("orders__placed_at", filter=Q(orders__customer=request.user))
    )
    found = paging.page(mine, "last", request.GET.get("after", ""), newest_first=True, size=SIZE)
    return render(request, "storefront/stores.html", {"stores": found})
