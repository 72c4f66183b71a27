"""The shop as a WSGI application: its pages, its counter, and what every page has."""

import json
import secrets
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, g, session

from shop import books, catalogue, counter, pages
from shop.settings import Settings

LARGEST_REQUEST = 1024 * 1024


def make(settings: Settings, wake: Callable[[], None]) -> Flask:
    """The application; `wake` tells the worker that there is something to do."""
    app = Flask("shop")
    app.config.update(
        SETTINGS=settings,
        WAKE=wake,
        SECRET_KEY=_secret(settings),
        SESSION_COOKIE_NAME="shop",
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
    )
    app.add_template_filter(json.loads, "from_json")
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(counter.blueprint)

    @app.before_request
    def know_customer() -> None:
        g.customer = catalogue.CUSTOMERS.get(session.get("customer", ""))

    @app.context_processor
    def on_every_page() -> dict[str, Any]:
        known = {"customer": g.customer, "products": catalogue.PRODUCTS, "merchants": catalogue.MERCHANTS}
        return known | (_questions(g.customer["id"], settings) if g.customer else {})

    @app.after_request
    def protect(response: Response) -> Response:
        """Nothing foreign runs on our pages, and the desk is all that we show in a frame."""
        response.headers["Content-Security-Policy"] = (
            f"default-src 'self'; frame-src {settings.desk_url}; frame-ancestors 'none'; form-action 'self'"
        )
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    return app


def _questions(customer: str, settings: Settings) -> dict[str, int]:
    """How many of a customer's questions are open, and how many of these wait for the customer. We know it from
    webhooks, so that our pages never wait for another program."""
    with books.opened(settings.database) as kept:
        states = [one["state"] for one in kept.execute("SELECT state FROM tickets WHERE customer = ?", (customer,))]
    return {
        "open_questions": sum(not state.startswith("closed") for state in states),
        "your_turn": states.count("with_customer"),
    }


def _secret(settings: Settings) -> str:
    """What signs our own cookies; made on first use."""
    path = settings.home / "secret-key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text()
