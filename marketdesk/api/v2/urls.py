"""The calls of API v2."""

from django.urls import path

from marketdesk.api.v2 import oauth, views
from marketdesk.api.v2.calls import OLD_APPEAL

urlpatterns = [
    path("auth_test", views.auth_test),
    path("oauth/access_token", oauth.access_token),
    path("oauth/refresh_token", oauth.refresh_token),
    path("ticket", views.ticket),
    path("ticket/get-action-required", views.action_required),
    path("ticket/count-action-required", views.count),
    path("ticket/reply", views.reply),
    path("ticket/close", views.close),
    path(OLD_APPEAL, views.appeal),
    path("ticket/appeal-to-support", views.appeal),
    path("ticket/re-open", views.reopen),
    path("order", views.order),
    path("order/refund", views.refund),
]
