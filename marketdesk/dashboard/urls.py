"""The door's addresses."""

from django.urls import path

from marketdesk.dashboard import acts, lists, pictures, stores

app_name = "dashboard"
urlpatterns = [
    path("", lists.home, name="home"),
    path("waiting", lists.badge, name="badge"),
    path("search", lists.search, name="search"),
    path("store", stores.choose, name="store"),
    path("tickets/<id:public_id>", acts.ticket, name="ticket"),
    path("tickets/<id:public_id>/draft", acts.draft, name="draft"),
    path("tickets/<id:public_id>/pictures/<id:picture>", pictures.picture, name="picture"),
    path("tickets/<slug:queue>/", lists.queue_list, name="queue"),
]
