"""The door's addresses."""

from django.urls import path

from marketdesk.dashboard import (
    acts,
    connected,
    contests,
    ledger,
    lists,
    notices,
    pictures,
    registered,
    sanctions,
    sandboxes,
    stores,
    team,
)

app_name = "dashboard"
urlpatterns = [
    path("", lists.home, name="home"),
    path("waiting", lists.badge, name="badge"),
    path("search", lists.search, name="search"),
    path("performance/ledger", ledger.ledger, name="ledger"),
    path("performance/ledger.csv", ledger.as_csv, name="ledger-csv"),
    path("performance/ledger.json", ledger.as_json, name="ledger-json"),
    path("team", team.team, name="team"),
    path("team/members/<id:public_id>", team.member, name="member"),
    path("team/invitations/<id:public_id>", team.invitation, name="invitation"),
    path("performance/notices", notices.notices, name="notices"),
    path("performance/notices/<id:public_id>", notices.notice, name="notice"),
    path("sandbox", sandboxes.show, name="sandbox"),
    path("apps", connected.apps, name="apps"),
    path("apps/new", registered.register, name="new-app"),
    path("apps/<id:public_id>", registered.app, name="app"),
    path("apps/<id:public_id>/secret", registered.secret, name="app-secret"),
    path("apps/<id:public_id>/token", registered.token, name="app-token"),
    path("apps/<id:public_id>/remove", registered.remove, name="remove-app"),
    path("apps/<id:public_id>/revoke", connected.revoke, name="revoke-app"),
    path("performance/sanctions", sanctions.sanctions, name="sanctions"),
    path("performance/sanctions/<id:public_id>", sanctions.sanction, name="sanction"),
    path("store", stores.choose, name="store"),
    path("performance/contest/<slug:kind>/<slug:name>", contests.contest, name="contest"),
    path("performance/contests", contests.contests, name="contests"),
    path("performance/contests/<id:public_id>", contests.contested, name="contested"),
    path("performance/contests/<id:public_id>/pictures/<id:picture>", contests.picture, name="contest-picture"),
    path("tickets/<id:public_id>", acts.ticket, name="ticket"),
    path("tickets/<id:public_id>/draft", acts.draft, name="draft"),
    path("tickets/<id:public_id>/pictures/<id:picture>", pictures.picture, name="picture"),
    path("tickets/<slug:queue>/", lists.queue_list, name="queue"),
]
