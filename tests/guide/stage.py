"""The demo as the Guide's pictures show it: which tickets, which store, and two things that the demo itself lacks."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.db.models import Count
from django.utils import timezone

from marketdesk.demo.filling import demo
from marketdesk.journal.models import Event
from marketdesk.lib.languages import LANGUAGES
from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance.models import Notice
from marketdesk.programs import registering
from marketdesk.programs.models import AccessToken, Reach, Scope
from marketdesk.teams import inviting
from marketdesk.tickets.models import Message, Ticket
from marketdesk.tickets.rules import Category, State
from marketdesk.translations.models import Translation

# What a customer wrote who speaks another language than the reader, and how it reads in each. A picture of a machine's
# work would need the machine.
WORDS = {
    "en": "Hello, I ordered on Monday of last week and have heard nothing since. Where is my order now?",
    "de": "Hallo, ich habe letzte Woche Montag bestellt und seitdem nichts mehr gehört. Können Sie mir sagen, wo meine "
    "Bestellung gerade ist?",
    "fr": "Bonjour, j’ai commandé lundi de la semaine dernière et je suis sans nouvelles depuis. Pouvez-vous me dire "
    "où se trouve ma commande ?",
    "es": "Hola, hice mi pedido el lunes de la semana pasada y desde entonces no he sabido nada. ¿Pueden decirme dónde "
    "está ahora?",
    "it": "Buongiorno, ho ordinato lunedì della settimana scorsa e da allora non ho più saputo nulla. Potete dirmi "
    "dov’è ora il mio ordine?",
    "pt-br": "Olá, fiz o pedido na segunda-feira da semana passada e não tive mais notícias desde então. Podem me "
    "dizer onde está o meu pedido?",
    "nl": "Hallo, ik heb vorige week maandag besteld en sindsdien niets meer gehoord. Kunt u mij zeggen waar mijn "
    "bestelling nu is?",
    "pl": "Dzień dobry, zamówienie złożyłem w poniedziałek w zeszłym tygodniu i od tego czasu nic nie wiem. Czy mogą "
    "mi Państwo powiedzieć, gdzie ono teraz jest?",
    "tr": "Merhaba, geçen hafta pazartesi sipariş verdim ve o zamandan beri hiçbir haber alamadım. Siparişimin şu anda "
    "nerede olduğunu söyleyebilir misiniz?",
    "vi": "Xin chào, tôi đặt hàng từ thứ Hai tuần trước và từ đó đến nay chưa nhận được tin gì. Cửa hàng cho tôi biết "
    "đơn hàng đang ở đâu được không?",
    "zh-hant": "您好，我上週一下了訂單，之後就沒有任何消息。請問我的訂單現在在哪裡？",
    "ar": "مرحبًا، طلبت يوم الاثنين من الأسبوع الماضي ولم أسمع شيئًا منذ ذلك الحين. هل يمكنكم إخباري أين طلبي الآن؟",
}
# Everybody reads German words, but a German reader French ones.
WRITTEN_IN = {language: "fr" if language == "de" else "de" for language in LANGUAGES}


@dataclass(frozen=True)
class Stage:
    """Who signs in, and what is shown: mail addresses, and public ids."""

    owner: str
    late_owner: str
    question: str
    purchase: str
    notice: str
    foreign: dict[str, tuple[str, int]]  # by the language of the words: a ticket and its message

    def readers(self) -> list[User]:
        """Whose language the pictures are taken in."""
        return list(User.objects.filter(email__in=[self.owner, self.late_owner]))


def fill(home: Path) -> Stage:
    """The demo in an empty home, and what the pictures need besides."""
    content = demo(home, quiet=True)
    store = Merchant.objects.get(public_id=content["merchants"][0]["id"])
    by = _owner(store)
    _let_programs_in(store, by)
    inviting.invite("derya@anadolu-home.example", Role.AGENT, to=store, by=by, language="tr")
    notice = Notice.objects.filter(withdrawn_at=None, read_at=None).order_by("-given_at").first()
    notice = notice or Notice.objects.filter(withdrawn_at=None).order_by("-given_at").first()
    assert notice, "The demo has no notice to show."
    return Stage(
        owner=_address(store),
        late_owner=_address(notice.merchant),
        question=_question(store),
        purchase=_purchase(store),
        notice=notice.public_id,
        foreign={language: _foreign(store, language) for language in sorted(set(WRITTEN_IN.values()))},
    )


def _owner(store: Merchant) -> Actor:
    user = Membership.objects.filter(merchant=store, role=Role.OWNER).earliest("pk").user
    return Actor(Party.MERCHANT, user_id=user.pk, merchant_id=store.pk, name=user.name)


def _address(store: Merchant) -> str:
    return Membership.objects.filter(merchant=store, role=Role.OWNER).earliest("pk").user.email or ""


def _let_programs_in(store: Merchant, by: Actor) -> None:
    for name, scopes in (("ERP", [Scope.READ_TICKETS, Scope.WRITE_TICKETS, Scope.READ_ORDERS]),):
        app, _secret = registering.register(store, registering.Facts(name, Reach.PRIVATE, (), scopes), by=by)
        registering.get_token(app, by=by)
        AccessToken.objects.filter(application=app).update(last_used_at=timezone.now() - timedelta(minutes=12))


def _waiting(store: Merchant, category: Category, words: int) -> list[Ticket]:
    """Tickets that wait for the store and have one message: of so many letters, or as near to it as there are."""
    found = Ticket.objects.filter(merchant=store, category=category, state=State.WITH_MERCHANT)
    found = found.annotate(said=Count("messages", distinct=True)).filter(said=1)
    fresh = found.filter(due_at__gt=timezone.now()) if found.filter(due_at__gt=timezone.now()).exists() else found
    return sorted(fresh, key=lambda ticket: abs(len(ticket.messages.get().body) - words))


def _question(store: Merchant) -> str:
    """About a product, by somebody who came straight to the store, in a language that is read from left to right."""
    found = _waiting(store, Category.PRE_PURCHASE, 160)
    return str(
        next(
            one.public_id for one in found if one.product_id and one.language in {"fr", "it", "es"} and _is_direct(one)
        )
    )


def _is_direct(ticket: Ticket) -> bool:
    return Event.objects.filter(ticket_id=ticket.pk).count() == 1


def _purchase(store: Merchant) -> str:
    """One with several items; a demo has few of them, so the customer may name more than they did."""
    tickets = _waiting(store, Category.POST_PURCHASE, 160)
    ticket = max(tickets, key=lambda one: min(3, one.order.items.count() if one.order else 0))
    assert ticket.order
    ticket.items.set(ticket.order.items.all())
    return str(ticket.public_id)


def _foreign(store: Merchant, language: str) -> tuple[str, int]:
    """A ticket with the words in one language, and what they are in all others."""
    found = Ticket.objects.filter(merchant=store, language=language, category=Category.POST_CUSTOMER_SUPPORT)
    message = Message.objects.filter(ticket__in=found, author=Party.CUSTOMER, language=language).latest("at")
    message.translations.all().delete()
    Message.objects.filter(pk=message.pk).update(body=WORDS[language])
    Translation.objects.bulk_create(
        Translation(message=message, language=code, engine="human", body=body)
        for code, body in WORDS.items()
        if code != language
    )
    return message.ticket.public_id, message.pk
