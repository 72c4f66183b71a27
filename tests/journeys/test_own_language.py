"""The main job in languages that are written otherwise: all read and write their own, and no English is left."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import translation
from playwright.sync_api import Browser, Page, expect

from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, OrderItem
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.policy import promises
from marketdesk.refunds.models import Refund
from marketdesk.tickets.models import Message, Ticket
from marketdesk.tickets.rules import Desk, State
from tests.journeys.looking import Look
from tests.journeys.test_main_job import a_picture, ask

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., Page]

# What people are called and write, by language; and words on their pages that are names.
WORDS: dict[str, dict[str, str]] = {
    "tr": {
        "customer": "Ayşe Yılmaz",
        "merchant": "Mehmet Demir",
        "agent": "Işıl Şahin",
        "store": "Anadolu Ev",
        "lamp": "Nara masa lambası",
        "shade": "Keten abajur",
        "color": "pirinç",
        "street": "Ihlamur Sokağı 4",
        "city": "İzmir",
        "carrier": "Yurtiçi",
        "country": "TR",
        "when": "Lambam ne zaman gelir? İki haftadır bekliyorum.",
        "tomorrow": "Lambanız yarın yola çıkıyor.",
        "which": "Yarın olur, teşekkürler. Hangi kargoyla geliyor?",
        "last": "Yurtiçi ile. Lambayı güle güle kullanın.",
        "helped": "Hızlı ve nazik bir yanıttı.",
        "broken": "Lamba kırık geldi.",
        "see": "Fotoğrafı ekliyorum.",
        "return": "Rengini beğenmedim, paramı geri istiyorum.",
        "used": "Lamba aylarca kullanılmış.",
        "wear": "Fotoğraflarda aşınma görülüyor.",
        "no": "Kullanılmış bir lambanın parasını ne yazık ki geri ödeyemiyoruz.",
    },
    "ar": {
        "customer": "ليلى حداد",
        "merchant": "محمد دمير",
        "agent": "صوفيا روسي",
        "store": "بيت الأناضول",
        "lamp": "مصباح طاولة نارا",
        "shade": "غطاء مصباح من الكتان",
        "color": "نحاسي",
        "street": "شارع الزيزفون ٤",
        "city": "القاهرة",
        "carrier": "أرامكس",
        "country": "EG",
        "when": "متى يصل مصباحي؟ أنتظره منذ أسبوعين.",
        "tomorrow": "سيُشحن مصباحكم غدًا.",
        "which": "غدًا مناسب، شكرًا. مع أي شركة شحن؟",
        "last": "مع أرامكس. نتمنى أن يعجبكم المصباح.",
        "helped": "كان الرد سريعًا ولطيفًا.",
        "broken": "وصل المصباح مكسورًا.",
        "see": "هذه صورة له.",
        "return": "لم يعجبني اللون وأريد استرداد نقودي.",
        "used": "استُخدم المصباح أشهرًا.",
        "wear": "يظهر في الصور أثر الاستخدام.",
        "no": "لا يمكننا للأسف رد ثمن مصباح مستعمل.",
    },
    "zh-hant": {
        "customer": "林美玲",
        "merchant": "陳志明",
        "agent": "黃雅婷",
        "store": "安納托利亞家居",
        "lamp": "奈良檯燈",
        "shade": "亞麻燈罩",
        "color": "黃銅色",
        "street": "菩提路四號",
        "city": "臺北市",
        "carrier": "黑貓宅急便",
        "country": "TW",
        "when": "請問我的檯燈什麼時候會到？我已經等兩個星期了。",
        "tomorrow": "您的檯燈明天就會出貨。",
        "which": "明天可以，謝謝。請問是哪一家物流？",
        "last": "是黑貓宅急便，祝您使用愉快。",
        "helped": "回覆很快，也很客氣。",
        "broken": "檯燈送到時已經破了。",
        "see": "附上照片。",
        "return": "我不喜歡這個顏色，想要退款。",
        "used": "這盞檯燈已經用了好幾個月。",
        "wear": "照片上看得出使用痕跡。",
        "no": "很抱歉，用過的檯燈無法退款。",
    },
}


@pytest.fixture(params=WORDS)
def language(
    request: pytest.FixtureRequest, ada_user: User, mehmet_user: User, sofia_user: User, sofia: Actor, order: Order
) -> str:
    """The cast and what they have, in a language."""
    code: str = request.param
    words = WORDS[code]
    for user, name in ((ada_user, "customer"), (mehmet_user, "merchant"), (sofia_user, "agent")):
        User.objects.filter(pk=user.pk).update(name=words[name], language=code, country=words["country"])
    Merchant.objects.update(name=words["store"], country=words["country"])
    place = {name: words[name] for name in ("city", "carrier", "country")}
    numbers = {"external_id": "1001", "tracking_number": "4711", "postcode": "10617"}
    Order.objects.update(recipient=words["customer"], street1=words["street"], **place, **numbers)
    for item, name in zip(OrderItem.objects.order_by("pk"), ("lamp", "shade"), strict=True):
        OrderItem.objects.filter(pk=item.pk).update(name=words[name], color=words["color"])
    policy = {"platform_name": "Bazario", "direct_countries": [words["country"]]}
    promises.change(policy, reason="Its own name, and its stores answer at home.", by=sofia)
    return code


@pytest.fixture
def look(language: str) -> Iterator[Look]:
    """Notes what is wrong with a page, to be said at the end of the journey."""
    looked = Look(language)
    yield looked
    looked.check()


def act(page: Page, name: str, within: str = "main") -> None:
    """Press the button of an act, whatever it is called here."""
    page.locator(f"{within} button[name=act][value={name}]:visible").first.click()


def write(page: Page, text: str, deed: str = "") -> None:
    page.locator("#reply textarea[name=text]").fill(text)
    page.locator(f"#reply button[name=act][value={deed}]" if deed else "#reply [data-send]").click()
    expect(page.locator(".thread")).to_contain_text(text)


def open_first(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("tr[data-href] td.action a").first.click()
    expect(page.locator(".thread")).to_be_visible()


def number(page: Page) -> str:
    """The red number in the top bar."""
    return page.locator("[data-poll-url]").get_attribute("data-count") or ""


def unfold(page: Page) -> None:
    """Open what is folded on the page."""
    page.evaluate("document.querySelectorAll('main details.fold').forEach((one) => one.open = true)")


def test_the_way_in(language: str, look: Look, chromium: Browser, live_server: Any) -> None:
    """A browser says which language its person reads."""
    page = chromium.new_page(base_url=live_server.url, locale={"zh-hant": "zh-TW"}.get(language, language))

    page.goto("/accounts/login/")
    look(page, "sign-in")
    page.goto("/accounts/password/reset/")
    look(page, "password")

    page.context.close()


def test_from_question_to_rating(
    language: str, look: Look, visit: Visit, order: Order, ada_user: User, mehmet_user: User
) -> None:
    words = WORDS[language]
    customer = visit(ada_user, "ada-password")
    merchant = visit(mehmet_user, "mehmet-password")
    assert number(merchant) == "0"
    look(merchant, "empty-queue")

    customer.goto("/my/")
    look(customer, "home")
    customer.goto(f"/my/ask/order/{order.public_id}/")
    look(customer, "choose")
    customer.goto(f"/my/ask/order/{order.public_id}/?issue=order_status&go=1")
    look(customer, "write")
    ask(customer, order, "order_status", words["when"])
    look(customer, "asked")

    merchant.goto("/dashboard/")
    assert number(merchant) == "1"
    expect(merchant).to_have_title(re.compile(r"^\(1\)"))
    look(merchant, "queue")
    merchant.locator(".bar-nav details.menu summary").click()
    look(merchant, "menu")
    merchant.locator("tr[data-href] td.action a").first.click()
    expect(merchant.locator(".thread")).to_contain_text(words["when"])
    expect(merchant.locator("#template-language")).to_have_value(language)
    merchant.locator(".templates summary").first.click()
    template = merchant.locator(".templates details[open] .goes")
    expect(template).to_have_attribute("lang", language)
    said = template.inner_text()
    look(merchant, "ticket")
    merchant.locator(".templates details[open] button.template").click()
    field = merchant.locator("textarea[name=text]")
    expect(field).to_have_value(said)
    field.press("Control+End")
    field.press_sequentially(" " + words["tomorrow"])
    expect(merchant.locator("[data-draft-line]")).not_to_be_empty()
    look(merchant, "written")
    act(merchant, "reply", "#reply")
    expect(merchant.locator(".thread")).to_contain_text(words["tomorrow"])
    assert number(merchant) == "0"
    look(merchant, "replied")
    merchant.goto("/dashboard/tickets/awaiting-user/")
    look(merchant, "awaiting")

    customer.reload()
    expect(customer.locator(".turn")).to_have_class(re.compile("yours"))
    look(customer, "answered")
    write(customer, words["which"])
    look(customer, "answered-back")

    open_first(merchant, "/dashboard/tickets/post-customer-support/")
    assert number(merchant) == "1"
    write(merchant, words["last"], "resolve")
    look(merchant, "resolved")
    merchant.goto("/dashboard/tickets/closed/")
    expect(merchant.locator("tbody tr")).to_have_count(1)
    look(merchant, "closed")

    customer.reload()
    look(customer, "to-be-rated")
    customer.locator("button[name=helpful][value=yes]").first.click()
    comment = customer.locator("form:has(textarea[name=comment])")
    with translation.override(language):
        expect(customer.locator("#helped")).to_have_text(translation.gettext("You said: it helped"))
        comment.locator("textarea").fill(words["helped"])
        comment.locator("button").click()
        expect(comment.locator("button")).to_have_text(translation.gettext("Save"))
    expect(comment.locator("textarea")).to_have_value(words["helped"])
    look(customer, "rated")

    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.language) == (State.CLOSED, language)
    assert set(Message.objects.values_list("language", flat=True)) == {language}


def test_a_purchase_is_refunded_and_closed(
    language: str, look: Look, visit: Visit, order: Order, ada_user: User, mehmet_user: User
) -> None:
    words = WORDS[language]
    customer, merchant = visit(ada_user, "ada-password"), visit(mehmet_user, "mehmet-password")
    ask(customer, order, "item_problem", words["broken"])
    customer.locator("input[type=file]").set_input_files([a_picture()])
    look(customer, "picture")
    write(customer, words["see"])
    expect(customer.locator(".pictures img")).to_be_visible()

    open_first(merchant, "/dashboard/tickets/post-purchase/")
    merchant.locator("input[name=item]").first.check()
    expect(merchant.locator("[data-sum-count]")).not_to_be_empty()
    look(merchant, "checked")
    act(merchant, "refund", "#items")
    expect(merchant.locator("#confirm")).to_be_visible()
    look(merchant, "confirm")
    act(merchant, "confirm_refund", "#confirm")
    expect(merchant.locator(".ended")).to_be_visible()
    look(merchant, "refunded")

    customer.reload()
    expect(customer.locator(".turn")).to_have_class(re.compile("done"))
    unfold(customer)
    look(customer, "refunded-to-me")
    assert Refund.objects.get().amount == 8990
    assert Ticket.objects.get().closed_how == "refunded"


def test_an_appeal_is_handed_back_and_another_is_decided(
    language: str, look: Look, visit: Visit, order: Order, ada_user: User, mehmet_user: User, sofia_user: User
) -> None:
    words = WORDS[language]
    dark = {"color_scheme": "dark"}
    customer, merchant = visit(ada_user, "ada-password", **dark), visit(mehmet_user, "mehmet-password", **dark)
    ask(customer, order, "return_or_refund", words["return"], wants="refund")

    open_first(merchant, "/dashboard/tickets/post-purchase/")
    act(merchant, "ask_appeal", "#reply")
    look(merchant, "appeal")
    merchant.locator("#appeal textarea").fill(words["used"])
    act(merchant, "appeal", "#appeal")
    expect(merchant.locator(".thread")).to_contain_text(words["used"])
    assert number(merchant) == "0"
    look(merchant, "appealed")
    merchant.goto("/dashboard/tickets/with-support/")
    look(merchant, "with-support")

    agent = visit(sofia_user, "sofia-password", **dark)
    agent.goto("/support/")
    look(agent, "desk")
    agent.locator("tr[data-href] td.action a").first.click()
    expect(agent.locator("main")).to_contain_text(words["used"])
    unfold(agent)
    look(agent, "desk-ticket")
    agent.locator("input[name=voice][value=note]").check()
    write(agent, words["wear"], "send")
    expect(agent.locator(".thread .note")).to_contain_text(words["wear"])
    act(agent, "hand_back")
    expect(agent.locator("button[name=act][value=take_over]")).to_be_visible()
    look(agent, "handed-back")

    merchant.goto("/dashboard/")
    assert number(merchant) == "1"
    open_first(merchant, "/dashboard/tickets/post-purchase/")
    look(merchant, "back-again")
    act(merchant, "ask_appeal", "#reply")
    merchant.locator("#appeal textarea").fill(words["used"])
    act(merchant, "appeal", "#appeal")
    expect(merchant.locator(".thread .aside")).to_have_count(2)

    agent.reload()
    agent.locator("input[name=voice][value=reply]").check()
    write(agent, words["no"], "send")
    look(agent, "decided")
    act(agent, "close", "#reply")
    expect(agent.locator(".ended")).to_be_visible()
    look(agent, "desk-closed")

    customer.reload()
    expect(customer.locator(".thread")).to_contain_text(words["no"])
    assert words["used"] not in customer.content()
    look(customer, "decided-for-me")
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.desk) == (State.CLOSED, Desk.PLATFORM)
