"""The web application."""

import os

from django.core.wsgi import get_wsgi_application

from marketdesk.api.middleware import guarded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketdesk.settings")
application = guarded(get_wsgi_application())
