"""What customers see: the shelf, their orders, and the desk's own pages in a frame of ours."""

from typing import Any

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from shop import arriving, books, catalogue
from shop.settings import Settings

blueprint = Blueprint("pages", __name__)


def ours() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


@blueprint.get("/")
def shelf() -> str:
    return render_template("shelf.html")


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    if request.method == "POST" and request.form.get("customer") in catalogue.CUSTOMERS:
        session["customer"] = request.form["customer"]
        return redirect(url_for("pages.orders"))
    return render_template("sign_in.html", customers=catalogue.CUSTOMERS)


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    session.clear()
    return redirect(url_for("pages.shelf"))


def _customer() -> str:
    """Who is here; somebody whom we do not know yet is asked."""
    if g.customer is None:
        abort(redirect(url_for("pages.sign_in")))
    return str(g.customer["id"])


# Orders


@blueprint.post("/buy/<product>")
def buy(product: str) -> ResponseReturnValue:
    customer = _customer()
    if product not in catalogue.PRODUCTS:
        abort(404)
    with books.opened(ours().database) as kept:
        number = books.next_number(kept)
        books.place(kept, number, customer, {product: 1})
    current_app.config["WAKE"]()
    return redirect(url_for("pages.order", number=number))


@blueprint.get("/orders")
def orders() -> str:
    customer = _customer()
    with books.opened(ours().database) as kept:
        mine = kept.execute("SELECT * FROM orders WHERE customer = ? ORDER BY placed_at DESC", (customer,)).fetchall()
        refunds = kept.execute("SELECT * FROM refunds ORDER BY asked_at").fetchall()
    return render_template("orders.html", orders=mine, refunds=refunds)


@blueprint.get("/orders/<number>")
def order(number: str) -> str:
    found = _mine(number)
    with books.opened(ours().database) as kept:
        refunds = kept.execute("SELECT * FROM refunds WHERE order_id = ? ORDER BY asked_at", (number,)).fetchall()
        tickets = kept.execute("SELECT * FROM tickets WHERE order_id = ?", (number,)).fetchall()
    return render_template("order.html", order=found, refunds=refunds, tickets=tickets, total=catalogue.total)


def _mine(number: str) -> Any:
    """An order of this customer; another one's is as if absent."""
    customer = _customer()
    with books.opened(ours().database) as kept:
        found = kept.execute("SELECT * FROM orders WHERE id = ? AND customer = ?", (number, customer)).fetchone()
    return found or abort(404)


# Asking


@blueprint.get("/orders/<number>/ask")
def ask(number: str) -> str:
    return _frame(f"/my/ask/order/{_mine(number)['id']}/", f"Ask about order {number}")


@blueprint.get("/products/<product>/ask")
def ask_before_buying(product: str) -> str:
    if product not in catalogue.PRODUCTS:
        abort(404)
    return _frame(f"/my/ask/product/{product}/", f"Ask about {catalogue.PRODUCTS[product]['name']}")


@blueprint.get("/questions")
def questions() -> str:
    return _frame("/my/", "My questions")


def _frame(go: str, title: str) -> str:
    """A page of the desk inside one of ours."""
    frame = arriving.embedded(_customer(), go, ours())
    return render_template("frame.html", title=title, frame=frame, alone=url_for("pages.desk", go=go))


@blueprint.get("/desk")
def desk() -> ResponseReturnValue:
    """To the desk, on a page of its own. The token is made at the click: it is good for a minute only."""
    return redirect(arriving.alone(_customer(), request.args.get("go", "/my/"), ours()))
