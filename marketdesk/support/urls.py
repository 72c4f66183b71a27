"""The door's addresses."""

from django.urls import path

from marketdesk.support import lists, policy, tickets

app_name = "support"
urlpatterns = [
    path("", lists.home, name="home"),
    path("queues/<slug:queue>", lists.queue, name="queue"),
    path("search", lists.search, name="search"),
    path("policy", policy.policy, name="policy"),
    path("policy/changes/<int:change>", policy.undo, name="undo-policy"),
    path("tickets/<id:public_id>", tickets.ticket, name="ticket"),
    path("tickets/<id:public_id>/draft", tickets.draft, name="draft"),
    path("tickets/<id:public_id>/refunds/<id:refund>", tickets.settle, name="settle"),
    path("tickets/<id:public_id>/pictures/<id:picture>", tickets.picture, name="picture"),
]
