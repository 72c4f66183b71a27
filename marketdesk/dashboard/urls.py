"""The door's addresses."""

from django.urls import path

from marketdesk.dashboard import acts, lists, pictures, sandboxes, stores, team

app_name = "dashboard"
urlpatterns = [
    path("", lists.home, name="home"),
    path("waiting", lists.badge, name="badge"),
    path("search", lists.search, name="search"),
    path("team", team.team, name="team"),
    path("team/members/<id:public_id>", team.member, name="member"),
    path("team/invitations/<id:public_id>", team.invitation, name="invitation"),
    path("sandbox", sandboxes.show, name="sandbox"),
    path("store", stores.choose, name="store"),
    path("tickets/<id:public_id>", acts.ticket, name="ticket"),
    path("tickets/<id:public_id>/draft", acts.draft, name="draft"),
    path("tickets/<id:public_id>/pictures/<id:picture>", pictures.picture, name="picture"),
    path("tickets/<slug:queue>/", lists.queue_list, name="queue"),
]
