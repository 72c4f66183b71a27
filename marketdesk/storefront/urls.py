"""The door's addresses. `ask/…` are for the marketplace to link to, by its own ids or by ours."""

from django.urls import path
from django.urls.resolvers import URLPattern

from marketdesk.storefront import arriving, asking, home, messages, tickets

app_name = "storefront"
urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("leave", arriving.leave, name="leave"),
    path("ask/", home.stores, name="ask"),
    path("ask/product/<str:name>/", asking.product, name="ask-product"),
    path("ask/store/<str:name>/", asking.store, name="ask-store"),
    path("ask/order/<str:name>/", asking.order, name="ask-order"),
    path("ask/<str:kind>/<str:name>/draft", asking.draft, name="ask-draft"),
    path("pictures/<id:picture>", tickets.kept_picture, name="kept-picture"),
    path("<id:public_id>/", tickets.show, name="ticket"),
    path("<id:public_id>/reply", tickets.reply, name="reply"),
    path("<id:public_id>/reopen", tickets.reopen, name="reopen"),
    path("<id:public_id>/close", tickets.close, name="close"),
    path("<id:public_id>/helped", tickets.helped, name="helped"),
    path("<id:public_id>/links", tickets.end_links, name="end-links"),
    path("<id:public_id>/draft", tickets.draft, name="draft"),
    path("<id:public_id>/messages/<int:number>", messages.message, name="message"),
    path("<id:public_id>/pictures/<id:picture>", tickets.picture, name="picture"),
]
