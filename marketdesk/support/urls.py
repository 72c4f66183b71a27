"""The door's addresses."""

from django.urls import path

from marketdesk.support import deliveries, issues, lists, policy, refunds, routing, team, tickets, webhooks

app_name = "support"
urlpatterns = [
    path("", lists.home, name="home"),
    path("queues/<slug:queue>", lists.queue, name="queue"),
    path("search", lists.search, name="search"),
    path("refunds", refunds.refunds, {"queue": "pending"}, name="pending-refunds"),
    path("refunds/<id:refund>", refunds.refund, name="refund"),
    path("refunds/<slug:queue>", refunds.refunds, name="refunds"),
    path("policy", policy.policy, name="policy"),
    path("policy/changes/<int:change>", policy.undo, name="undo-policy"),
    path("routing", routing.routing, name="routing"),
    path("routing/rules/<slug:code>", routing.rule, name="routing-rule"),
    path("routing/try", routing.attempt, name="try-routing"),
    path("routing/changes/<int:change>", routing.undo, name="undo-routing"),
    path("issues", issues.issues, name="issues"),
    path("issues/types/<slug:code>", issues.issue, name="issue"),
    path("issues/changes/<int:change>", issues.undo, name="undo-issues"),
    path("webhooks", webhooks.webhooks, name="webhooks"),
    path("webhooks/new", webhooks.add, name="new-webhook"),
    path("webhooks/<id:public_id>", webhooks.webhook, name="webhook"),
    path("webhooks/<id:public_id>/kinds", webhooks.kinds, name="webhook-kinds"),
    path("webhooks/<id:public_id>/secret", webhooks.secret, name="webhook-secret"),
    path("webhooks/<id:public_id>/replay", deliveries.replay, name="replay"),
    path("webhooks/<id:public_id>/messages/<slug:message>", deliveries.delivery, name="delivery"),
    path("team", team.team, name="team"),
    path("team/members/<id:public_id>", team.member, name="member"),
    path("team/invitations/<id:public_id>", team.invitation, name="invitation"),
    path("team/owners", team.owners, name="owners"),
    path("tickets/<id:public_id>", tickets.ticket, name="ticket"),
    path("tickets/<id:public_id>/draft", tickets.draft, name="draft"),
    path("tickets/<id:public_id>/refunds/<id:refund>", tickets.settle, name="settle"),
    path("tickets/<id:public_id>/pictures/<id:picture>", tickets.picture, name="picture"),
]
