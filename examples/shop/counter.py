"""Behind the counter: what the desk calls, and what the shop's own people look at."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop import books, hooks
from shop.pages import ours

SWITCHES = {
    "work": "Payments work",
    "fail": "The bank refuses every payment",
    "unanswered": "The bank does not answer: refunds stay pending",
}

blueprint = Blueprint("counter", __name__)


@blueprint.post("/webhooks")
def webhooks() -> ResponseReturnValue:
    """Verify, keep, answer; the work is done afterwards."""
    body = request.get_data(cache=False)
    try:
        hooks.verify(body, list(request.headers), ours().webhook_secrets)
    except hooks.Forged as forged:
        return str(forged), 400
    if hooks.keep(body, ours().database):
        current_app.config["WAKE"]()
    return "", 204


@blueprint.get("/healthz")
def healthz() -> str:
    return "ok"


@blueprint.get("/events")
def events() -> str:
    with books.opened(ours().database) as kept:
        latest = kept.execute("SELECT * FROM events ORDER BY rowid DESC LIMIT 100").fetchall()
    return render_template("events.html", events=latest)


@blueprint.get("/payments")
def payments() -> str:
    with books.opened(ours().database) as kept:
        switch = books.payments_switch(kept)
        refunds = kept.execute("SELECT * FROM refunds ORDER BY asked_at DESC").fetchall()
    return render_template("payments.html", switch=switch, switches=SWITCHES, refunds=refunds)


@blueprint.post("/payments")
def turn_switch() -> ResponseReturnValue:
    """Let payments work, fail, or stay unanswered."""
    if request.form.get("switch") in SWITCHES:
        with books.opened(ours().database) as kept:
            kept.execute("UPDATE switches SET value = ? WHERE name = 'payments'", (request.form["switch"],))
        current_app.config["WAKE"]()
    return redirect(url_for("counter.payments"))
