"""Which tickets there are: so many for each queue of each merchant, with the customer, order and words that fit."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marketdesk.demo import plots
from marketdesk.demo.ledger import History, Ledger, public_id
from marketdesk.demo.plots import PLOTS, Line, Plot, Step, Tale
from marketdesk.demo.population import Population, Resident, Shop
from marketdesk.demo.sources import Conversation, Good, comments, conversations, translations
from marketdesk.demo.trade import SAFELY_LOW, Bought, Trade, Value
from marketdesk.orders.models import Product
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.tickets.issues import BY_CODE, SHIPPED
from marketdesk.tickets.models import Attachment, Issue, Message
from marketdesk.tickets.rules import OVER, PURCHASES, QUESTIONS, Category, Desk, State, Verb
from marketdesk.translations.models import Translation

TICKETS = 2500


@dataclass(frozen=True)
class Load:
    """How many tickets a merchant has in each queue."""

    waiting: dict[Category, int]
    answered: int
    with_support: int
    closed: int


SHOWN = Load({Category.POST_PURCHASE: 19, Category.PRE_PURCHASE: 21, Category.POST_CUSTOMER_SUPPORT: 18}, 78, 9, 150)
OURS_WITH_SUPPORT, OURS_ANSWERED = 62, 60
NOTES = (
    "Called the carrier: the parcel was scanned at the depot this morning. Look again tomorrow.",
    "Third ticket of this customer about the same parcel. Be generous.",
    "The merchant sent us a picture of the return; it does look used.",
    "Checked with payments: nothing was paid back twice.",
    "The tracking number belongs to another order. Asked the merchant for the right one.",
    "Waiting for the warehouse to weigh the parcel.",
)
# The photos' motifs: parcel, bowl, fabric, label, phone.
MOTIFS = {
    1: {"bowl", "cup", "vase", "teapot", "plant-pot"},
    2: {
        "dress",
        "shirt",
        "tshirt",
        "trousers",
        "jacket",
        "blanket",
        "cushion",
        "towel",
        "scarf",
        "socks",
        "bag",
        "hat",
    },
    4: {"phone-case"},
}

# Ada's page has something in every state: shop, issue, plot, hours since it stands there.
ADAS: tuple[tuple[int, str, Callable[[Tale], None], float], ...] = (
    (0, "item_problem", plots.asked, 20),
    (0, "order_status", plots.asked_again, 9),
    (0, "product_question", plots.answered, 30),
    (0, "return_or_refund", plots.answered_twice, 110),
    (0, "item_problem", plots.appealed_after_all, 14),
    (0, "return_or_refund", plots.refunded_later, 3),
    (0, "return_or_refund", plots.refunded, 20 * 24),
    (0, "tracking", plots.silent, 12 * 24),
    (0, "product_question", plots.closed_for_good, 40 * 24),
    (3, "item_problem", plots.decided_for_customer, 9 * 24),
    (4, "store_question", plots.resolved, 50),
    (9, "tracking", plots.platform_asked, 5),
    (10, "change_address", plots.platform_answered, 40),
)


@dataclass(frozen=True)
class Case:
    """One ticket before it is played."""

    shop: Shop
    resident: Resident
    plot: Plot
    issue: str
    conversation: Conversation
    steps: list[Step]
    opened_at: datetime
    good: tuple[Product, Good] | None
    bought: Bought | None
    wants: str


class Casebook:
    """Plans the tickets, so that each goes to the desk that its plot begins at, and then plays them."""

    def __init__(
        self, rng: random.Random, now: datetime, people: Population, ledger: Ledger, photos: Sequence[Attachment]
    ) -> None:
        self.rng = rng
        self.now = now
        self.people = people
        self.ledger = ledger
        self.photos = photos
        self.trade = Trade(rng, now, ledger)
        self.cases: list[Case] = []
        europe = set(promises.current().direct_countries)
        others = people.residents[1:]
        self.near = [resident for resident in others if resident.land.code in europe]
        self.far = [resident for resident in others if resident.land.code not in europe]
        self.decks: dict[Any, list[Plot]] = {}
        self.said: Counter[tuple[int, str, str]] = Counter()

    # Planning

    def plan(self, scale: float) -> None:
        """Ada's tickets, each merchant's load, and the rest for the platform's own desk."""
        ada = self.people.residents[0]
        for place, issue, tell, age in ADAS:
            plot = next(one for one in PLOTS if one.tell is tell)
            self._add(self.people.shops[place], BY_CODE[issue].category, plot, age, resident=ada, issue=issue)
        for place, shop in enumerate(self.people.shops):
            self._fill_queues(shop, SHOWN if place == 0 else self._load(), scale)
        ours = max(30, round(TICKETS * scale) - len(self.cases))
        support, answered = (max(5, round(number * scale)) for number in (OURS_WITH_SUPPORT, OURS_ANSWERED))
        ends = [State.WITH_SUPPORT] * support + [State.WITH_CUSTOMER] * answered
        ends += [State.CLOSED] * (ours - len(ends))
        for place, end in enumerate(ends):
            shop, category = self.rng.choice(self.people.shops), list(Category)[place % 3]
            if shop.merchant.selected:
                category = Category.PRE_PURCHASE if category in PURCHASES else category
            self._add(shop, category, self._deal(shop, category, end, shared=False), self._age(end))

    def sell_more(self, orders: int) -> None:
        """Orders that nobody asks about, until there are so many: young and old, and some under way."""
        rng, ada = self.rng, self.people.residents[0]
        for place, days in ((0, 12), (0, 170), (0, 300), (1, 45), (10, 210), (0, 0), (7, 0)):
            self._sell(ada, self.people.shops[place], days)
        while len(self.ledger.orders) < orders:
            age = 0.0 if rng.random() < 0.08 else rng.uniform(5, 400)
            self._sell(rng.choice(self.people.residents[1:]), rng.choice(self.people.shops), age)

    def _sell(self, resident: Resident, shop: Shop, days: float) -> None:
        moment = self.now - timedelta(days=days)
        self.trade.sell(resident, shop, self.trade.delivered(moment) if days else self.trade.under_way(moment))

    def _load(self) -> Load:
        waiting = {category: self.rng.randint(3, 6) for category in Category}
        return Load(waiting, self.rng.randint(9, 14), self.rng.randint(2, 3), self.rng.randint(36, 44))

    def _fill_queues(self, shop: Shop, load: Load, scale: float) -> None:
        for category, number in load.waiting.items():
            self._fill_waiting(shop, category, max(1, round(number * scale)))
        for end, number in (
            (State.WITH_CUSTOMER, load.answered),
            (State.WITH_SUPPORT, load.with_support),
            (State.CLOSED, load.closed),
        ):
            for place in range(max(1, round(number * scale))):
                category = list(Category)[place % 3]
                if end == State.WITH_SUPPORT and place % 5 != 1:
                    category = Category.POST_PURCHASE
                self._add(shop, category, self._deal(shop, category, end), self._age(end))

    def _fill_waiting(self, shop: Shop, category: Category, number: int) -> None:
        """From two hours left to all but one; of many questions, some are overdue."""
        hours: float = promises.current().reply_hours
        for place in range(number):
            left = 2 + (hours - 3) * (place + self.rng.random()) / number
            late = 0.04 + shop.late_share / 2
            is_late = place in (1, 2) if number > 10 else place and self.rng.random() < late
            if category in QUESTIONS and is_late:
                left = -self.rng.triangular(0.5, 30, 3)
            self._add(shop, category, self._deal(shop, category, State.WITH_MERCHANT), hours - left)

    def _age(self, end: State) -> float:
        """For how many hours a ticket has stood where it stands."""
        if end == State.CLOSED:
            return 24 * (0.05 + 80 * self.rng.betavariate(0.6, 1))
        if end == State.WITH_CUSTOMER:
            return self.rng.uniform(0.5, promises.current().silence_close_days * 24 - 3)
        return self.rng.triangular(0.5, 70, 12)

    def _deal(self, shop: Shop, category: Category, end: State, *, shared: bool = True) -> Plot:
        """The next plot from a shuffled deck, in which common ones lie more often."""
        key = (category, end, shared)
        deck = self.decks.setdefault(key, [])
        while True:
            for place, plot in enumerate(deck):
                # A merchant who handles all purchases itself never gets one back from the platform.
                if category in QUESTIONS or plot.desk == Desk.MERCHANT or not shop.merchant.selected:
                    return deck.pop(place)
            fitting = [plot for plot in PLOTS if plot.ends == end and plot.shared == shared and category in plot.about]
            fresh = [plot for plot in fitting for _ in range(plot.weight)]
            self.rng.shuffle(fresh)
            deck += fresh

    def _add(
        self,
        shop: Shop,
        category: Category,
        plot: Plot,
        age: float,
        *,
        resident: Resident | None = None,
        issue: str = "",
    ) -> None:
        rng = self.rng
        tale = Tale(rng, category, shop.late_share)
        plot.tell(tale)
        opened_at = self.now - timedelta(hours=age + tale.turned)
        issue = issue or self._issue(category, plot)
        resident = resident or self._resident(category, plot.desk)
        value = Value.ANY
        if category in PURCHASES and not shop.merchant.selected:
            value = Value.HIGH if plot.desk == Desk.MERCHANT else Value.LOW
        shelf = [one for one in shop.shelf if value != Value.LOW or one[1].price < SAFELY_LOW]
        conversation, good = self._words(resident, shop, issue, shelf)
        bought = None
        if category != Category.PRE_PURCHASE:
            parcel = self._parcel(category, plot.desk, opened_at)
            bought = self.trade.sell(resident, shop, parcel, good, value)
        wants = ""
        if issue == "return_or_refund":
            wants = "return" if plot.tell is plots.returned or rng.random() < 0.4 else "refund"
        self.cases.append(
            Case(
                shop,
                resident,
                plot,
                issue,
                conversation,
                tale.steps,
                opened_at,
                None if issue == "store_question" else good,
                bought,
                wants,
            )
        )

    def _issue(self, category: Category, plot: Plot) -> str:
        if plot.tell is plots.returned:
            return "return_or_refund"
        return self.rng.choice([one.code for one in SHIPPED if one.category == category])

    def _resident(self, category: Category, desk: Desk) -> Resident:
        rng = self.rng
        if category in PURCHASES:
            return rng.choice(rng.choices((self.near, self.far), (3, 1))[0])
        if desk == Desk.MERCHANT:
            return rng.choice(self.near)
        if category == Category.PRE_PURCHASE:
            return rng.choice(self.far)
        return rng.choice(rng.choice((self.near, self.far)))

    def _parcel(self, category: Category, desk: Desk, asked_at: datetime) -> Any:
        """An order of the age that sends the question to its desk (D12)."""
        days = self.rng.uniform
        if category in PURCHASES:
            return self.trade.delivered(asked_at - timedelta(days=days(1, 25)))
        if desk == Desk.MERCHANT:
            promised = promises.current()
            gate = promised.refund_window_days + (promised.opens_after or 0)
            return self.trade.delivered(asked_at - timedelta(days=days(gate + 1, gate + 170)))
        if self.rng.random() < 0.6:
            return self.trade.under_way(asked_at)
        return self.trade.delivered(asked_at - timedelta(days=days(1, 100)))

    def _words(
        self, resident: Resident, shop: Shop, issue: str, shelf: list[tuple[Product, Good]]
    ) -> tuple[Conversation, tuple[Product, Good]]:
        """A conversation in the customer's language that this store has had least often, and a product for it."""
        kinds = {good.kind for _product, good in shelf} | {"any"}
        fitting = [one for one in conversations()[resident.land.language, issue] if one.kind in kinds]
        self.rng.shuffle(fitting)
        chosen = min(fitting, key=lambda one: self.said[shop.merchant.pk, one.language, one.subject])
        self.said[shop.merchant.pk, chosen.language, chosen.subject] += 1
        return chosen, self.rng.choice([one for one in shelf if chosen.kind in ("any", one[1].kind)])

    # Playing

    def play(self, told: Callable[[int], Any] = lambda _number: None) -> None:
        """Tell every case up to now. Orders have their numbers by then."""
        issues = {issue.pk: issue for issue in Issue.objects.all()}
        for case in sorted(self.cases, key=lambda case: case.opened_at):
            self._play(case, issues[case.issue])
            told(1)

    def _play(self, case: Case, issue: Issue) -> None:
        player = Player(self.rng, case, self.people.support, self.photos)
        history = player.open(self.ledger, issue)
        self._translate(case, self.ledger.messages[-1], Line.OPENING)
        for step in case.steps:
            if case.opened_at + timedelta(hours=step.hours) >= self.now:
                break
            player.do(step, history)
            if step.line == Line.SECOND:
                self._translate(case, self.ledger.messages[-1], Line.SECOND)
        self._rate(case, history)

    def _translate(self, case: Case, message: Message, line: Line) -> None:
        known = translations().get((case.conversation.language, case.conversation.subject))
        if known:
            english = fill(known[0] if line == Line.OPENING else known[1], case)
            self.ledger.translations.append(
                Translation(message=message, language="en", engine="human", body=english, made_at=message.at)
            )

    def _rate(self, case: Case, history: History) -> None:
        """Some customers say whether it helped; Ada leaves her latest tickets for whoever tries the demo (D5)."""
        ticket, rng = history.ticket, self.rng
        if ticket.state not in OVER or ticket.closed_at is None or rng.random() > 0.45:
            return
        at = ticket.closed_at + timedelta(hours=rng.triangular(0.1, 60, 5))
        is_adas = case.resident is self.people.residents[0]
        if at > self.now or (is_adas and self.now - at < timedelta(days=5)):
            return
        helpful = rng.random() < 0.97 - case.shop.late_share * 0.9
        said = comments()[case.conversation.language]["helpful" if helpful else "unhelpful"]
        history.rate(helpful=helpful, comment=rng.choice(said) if rng.random() < 0.4 else "", at=at)


class Player:
    """Does a case's steps, on a `History` or on anything else with its verbs."""

    def __init__(self, rng: random.Random, case: Case, support: Sequence[User], photos: Sequence[Attachment]) -> None:
        self.rng = rng
        self.case = case
        self.photos = photos
        self.agent = rng.choice(support)
        self.clerk = rng.choice(case.shop.staff)
        self.items = case.bought.items[: rng.choice((1, 1, 1, 2))] if case.bought else []

    def open(self, ledger: Ledger, issue: Issue) -> History:
        """The customer asks."""
        return History.open(
            ledger, public_id=public_id(self.rng), issue=issue, pictures=self._pictures(), **self.question()
        )

    def question(self) -> dict[str, Any]:
        """What the customer asks, in the words of `Ticket.open`."""
        case = self.case
        return {
            "customer": case.resident.user,
            "merchant": case.shop.merchant,
            "text": fill(case.conversation.lines[0], case),
            "by": self._actor(Party.CUSTOMER, case.opened_at),
            "subject": case.conversation.subject,
            "order": case.bought.order if case.bought else None,
            "product": case.good[0] if case.good and not case.bought else None,
            "items": self.items,
            "wants": case.wants,
            "language": case.conversation.language,
        }

    def do(self, step: Step, on: Any) -> None:
        """One step, as the verb that it is."""
        by = self._actor(step.by, self.case.opened_at + timedelta(hours=step.hours))
        text = self._text(step.line)
        match step.verb:
            case Verb.REPLY | Verb.RESOLVE | Verb.REOPEN:
                getattr(on, step.verb)(text, by=by, language=self._language(step), pictures=self._more_pictures(step))
            case Verb.APPEAL | Verb.NOTE:
                getattr(on, step.verb)(text, by=by)
            case Verb.CLOSE:
                on.close(by=by, how=step.how)
            case Verb.ASSIGN:
                on.assign(self.agent, by=by)
            case Verb.REFUND:
                on.refund(self.items, by=by)
            case Verb.REFUND_SUCCEEDED:
                on.settle(succeeded=True, by=by)
            case Verb.REFUND_FAILED:
                on.settle(succeeded=False, by=by, note="The card that paid is no longer valid.")
            case Verb.MARK_RETURNED:
                on.mark_returned(self.items, by=by)
            case Verb.REMIND:
                on.remind_customer(by=by)
            case _:
                getattr(on, step.verb)(by=by)

    def _actor(self, party: Party, at: datetime) -> Actor:
        if party == Party.CLOCK:
            return clock(at)
        user = {Party.CUSTOMER: self.case.resident.user, Party.MERCHANT: self.clerk, Party.SUPPORT: self.agent}[party]
        merchant_id = self.case.shop.merchant.pk if party == Party.MERCHANT else None
        return Actor(party, user_id=user.pk, merchant_id=merchant_id, name=user.name, at=at)

    def _text(self, line: Line | None) -> str:
        if line is None:
            return ""
        said = self.case.conversation
        answers = {Line.OPENING: 0, Line.ANSWER: 1, Line.SECOND: 2, Line.LAST: 3}
        if line in answers:
            return fill(said.lines[answers[line]], self.case)
        if line == Line.NOTE:
            return self.rng.choice(NOTES)
        return fill(said.support if line == Line.SUPPORT else said.appeal, self.case)

    def _language(self, step: Step) -> str:
        said = self.case.conversation
        return said.merchant_language if step.by == Party.MERCHANT else said.language

    def _pictures(self) -> list[Attachment]:
        """Customers show what is broken."""
        often = {"item_problem": 0.65, "return_or_refund": 0.2}.get(self.case.issue, 0.0)
        return self._copies(self.rng.randint(1, 3)) if self.rng.random() < often else []

    def _more_pictures(self, step: Step) -> list[Attachment]:
        asked = step.line == Line.SECOND and self.case.issue == "item_problem"
        return self._copies(1) if asked and self.rng.random() < 0.5 else []

    def _copies(self, number: int) -> list[Attachment]:
        """Photos of the motif that fits the product; each is stored once, however many tickets show it."""
        name = self.case.good[1].picture if self.case.good else ""
        motif = next((motif for motif, names in MOTIFS.items() if name in names), self.rng.choice((0, 3)))
        fitting = [photo for place, photo in enumerate(self.photos) if place % 5 == motif] or list(self.photos)
        return [
            Attachment(
                public_id=public_id(self.rng),
                name=f"IMG_{self.rng.randint(1000, 9999)}.jpg",
                sha256=photo.sha256,
                mime=photo.mime,
                size=photo.size,
                width=photo.width,
                height=photo.height,
            )
            for photo in self.rng.sample(fitting, min(number, len(fitting)))
        ]


def fill(text: str, case: Case) -> str:
    """The words with this case's names and numbers in them."""
    names = {
        "{product}": case.good[0].name if case.good else "",
        "{order}": case.bought.order.external_id if case.bought else "",
        "{store}": case.shop.merchant.name,
    }
    for placeholder, name in names.items():
        text = text.replace(placeholder, name)
    return text
