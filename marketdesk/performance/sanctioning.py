"""Sanctions: proposed by the clock or a person, heard, confirmed or declined by a person, and ended (M93, M94, D8)."""

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from marketdesk.journal.models import Audience, Deed, Event, Job
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor, clock
from marketdesk.people.party import Party
from marketdesk.performance import reading, statement
from marketdesk.performance.counting import Window
from marketdesk.performance.models import Sanction, SanctionKind, SanctionState, Standing
from marketdesk.performance.models.gate import OfMerchants
from marketdesk.performance.reading import Rates
from marketdesk.performance.statement import Grounds
from marketdesk.policy import promises
from marketdesk.tickets.errors import BadText, NotAllowed
from marketdesk.tickets.models.message import clean_text

LONGEST = 5000  # characters that a reason or an answer can have
OPEN = (SanctionState.PROPOSED, SanctionState.CONFIRMED)
JOB = "sweep_sanctions"
# How a sanction ended, or why a proposal was withdrawn.
DATE, RECOVERY, LIFTED, BASELESS = "date", "recovery", "lifted", "contest"

# Where it is read whether a sanction of a kind is in force, and what its beginning is called.
IN_FORCE = {SanctionKind.IMPRESSIONS: "impressions_blocked_at", SanctionKind.SUSPENSION: "suspended_at"}
BEGINS = {SanctionKind.IMPRESSIONS: "impressions_blocked", SanctionKind.SUSPENSION: "suspended"}


def seen_by(actor: Actor) -> OfMerchants[Sanction]:
    """The sanctions that the actor may see, with what a page names."""
    seen: OfMerchants[Sanction] = Sanction.objects.visible_to(actor)
    return seen.select_related("merchant", "answered_by", "decided_by", "ended_by")


def is_heard(sanction: Sanction, now: datetime) -> bool:
    """Whether the merchant has answered, or had the time to."""
    return sanction.answered_at is not None or sanction.hear_until <= now


def can_answer(sanction: Sanction) -> bool:
    """Whether the merchant can say something to it: once, until it is decided. What the policy's switch put in force
    without a hearing can be answered as long as it lasts."""
    if sanction.answered_at is not None:
        return False
    is_unheard = sanction.state == SanctionState.CONFIRMED and bool(sanction.statement.get("is_automatic"))
    return sanction.state == SanctionState.PROPOSED or is_unheard


def rests_on_figures(sanction: Sanction) -> bool:
    """Whether it stands and falls with its figures. What a person proposed for reasons of their own does not."""
    return not sanction.reasons.get("words")


def step(sanction: Sanction) -> int:
    """How far it has come: what a form keeps as `seen`."""
    return sum(at is not None for at in (sanction.answered_at, sanction.decided_at, sanction.ended_at))


# Proposing


@transaction.atomic
def propose_if_severe(merchant_id: int, rates: Rates, now: datetime) -> list[Sanction]:
    """Propose what a severe rate may lead to, each kind by itself and once: not while one of it is open, nor too soon
    after one was declined or ended. With the policy's switch an impression block is in force at once."""
    policy = promises.current()
    if not statement.crossed(rates, policy) or Merchant.objects.is_sandbox(merchant_id):
        return []
    paused = Q(state__in=(SanctionState.DECLINED, SanctionState.ENDED))
    paused &= Q(ended_at__gt=now - timedelta(days=policy.sanction_pause_days))
    theirs = Sanction.objects.filter(merchant_id=merchant_id)
    kept = set(theirs.filter(paused | Q(state__in=OPEN)).values_list("kind", flat=True))
    wanted = [kind for kind in SanctionKind if kind not in kept]
    if not wanted:
        return []
    grounds = _count(merchant_id, now)
    if not grounds.crossed:
        return []
    made = [_make(merchant_id, kind, grounds, clock(now)) for kind in wanted]
    return [_propose(one, clock(now)) for one in made if one is not None]


@transaction.atomic
def propose(merchant: Merchant, kind: SanctionKind, words: str, *, by: Actor) -> Sanction:
    """A person of the platform proposes a sanction, and says why. The figures of the day go with it. Raises NotAllowed
    and BadText."""
    words = _clean(words)
    _only_platform(by)
    deed = Deed.begin(by.who, by.key, f"propose_sanction:{merchant.pk}:{kind}:{words}") if by.key else None
    if merchant.is_sandbox:
        raise NotAllowed("absent", _("There is no such merchant."))
    sanction = _make(merchant.pk, kind, _count(merchant.pk, by.at), by, words)
    if sanction is None:
        raise NotAllowed("proposed", _("The same is proposed or in force already."))
    _propose(sanction, by)
    if deed:
        deed.finish({"sanction": sanction.public_id})
    return sanction


def _count(merchant_id: int, now: datetime) -> Grounds:
    """What the ledger says now, by the policy in force."""
    policy = promises.current()
    return statement.count(merchant_id, Window.before(now, policy.figures_days), statement.rule_of(policy))


def _make(merchant_id: int, kind: SanctionKind, grounds: Grounds, by: Actor, words: str = "") -> Sanction | None:
    """A sanction of this kind; None where somebody else was quicker."""
    try:
        with transaction.atomic():
            return Sanction.objects.create(
                merchant_id=merchant_id,
                kind=kind,
                reasons=grounds.as_json() | {"words": words},
                proposed_at=by.at,
                proposed_by=by.as_json(),
                hear_until=by.at + timedelta(days=promises.current().hearing_days),
            )
    except IntegrityError:
        return None


def _propose(sanction: Sanction, by: Actor) -> Sanction:
    is_automatic = by.party == Party.CLOCK and promises.current().blocks_impressions
    if is_automatic and sanction.kind == SanctionKind.IMPRESSIONS:
        _put_in_force(sanction, Grounds.from_json(sanction.reasons), by)
    else:
        _tell("sanction_proposed", sanction, by)
    return sanction


# Hearing and deciding


@transaction.atomic
def answer(sanction: Sanction, words: str, *, by: Actor) -> None:
    """The merchant is heard: what they say goes into the decision. Raises NotAllowed and BadText."""
    words = _clean(words)
    if by.party != Party.MERCHANT or not by.user_id:
        raise NotAllowed("not_merchant", _("Only a person of the merchant's team can answer."))
    _begin("answer", sanction, words, by)
    if sanction.answered_at:
        raise NotAllowed("answered", _("Somebody of your team has answered already."))
    if not can_answer(sanction):
        raise NotAllowed("decided", _("It is decided already."))
    sanction.answer, sanction.answered_at, sanction.answered_by_id = words, by.at, by.user_id
    sanction.save(update_fields=["answer", "answered_at", "answered_by"])
    _tell("sanction_answered", sanction, by)


@transaction.atomic
def confirm(sanction: Sanction, words: str, *, by: Actor) -> None:
    """A named person puts it in force, with reasons. Raises NotAllowed and BadText."""
    words = _clean(words)
    _only_platform(by)
    _begin("confirm", sanction, words, by)
    _refuse_decided(sanction)
    if not is_heard(sanction, by.at):
        raise NotAllowed("not_heard", _("The merchant still has time to answer. It can be declined now."))
    grounds = statement.count_again(sanction)
    if rests_on_figures(sanction) and not grounds.crossed:
        raise NotAllowed("baseless", _("What it was proposed for does not count any more. It can only be declined."))
    sanction.decision = words
    _put_in_force(sanction, grounds, by)


@transaction.atomic
def decline(sanction: Sanction, words: str, *, by: Actor) -> None:
    """A named person decides against it, with reasons; the merchant need not be heard for that."""
    words = _clean(words)
    _only_platform(by)
    _begin("decline", sanction, words, by)
    _refuse_decided(sanction)
    sanction.state = SanctionState.DECLINED
    sanction.decision, sanction.decided_at, sanction.decided_by_id = words, by.at, by.user_id
    sanction.ended_at = by.at
    sanction.save(update_fields=["state", "decision", "decided_at", "decided_by", "ended_at"])
    _tell("sanction_declined", sanction, by)


def _put_in_force(sanction: Sanction, grounds: Grounds, by: Actor) -> None:
    """By a person, or by the policy's switch: nobody has decided then."""
    sanction.state = SanctionState.CONFIRMED
    sanction.decided_at, sanction.decided_by_id = by.at, by.user_id
    sanction.ends_at = by.at + timedelta(days=promises.current().sanction_days)
    sanction.statement = statement.draw_up(sanction, grounds)
    sanction.save(update_fields=["state", "decision", "decided_at", "decided_by", "ends_at", "statement"])
    _mark(sanction, by.at)
    # It is over when it says so, not up to an hour later.
    Job.put(JOB, {}, key=f"{JOB}:ends:{sanction.pk}", run_at=sanction.ends_at)
    _tell(BEGINS[SanctionKind(sanction.kind)], sanction, by)


# Ending


@transaction.atomic
def lift(sanction: Sanction, words: str, *, by: Actor) -> None:
    """A named person ends it before its time, and says why. Raises NotAllowed and BadText."""
    words = _clean(words)
    _only_platform(by)
    _begin("lift", sanction, words, by)
    if sanction.state != SanctionState.CONFIRMED:
        raise NotAllowed("not_in_force", _("It is not in force any more."))
    sanction.statement["lifted_because"] = words
    _end(sanction, LIFTED, by)


def end_due(now: datetime) -> None:
    """End what has lasted as long as was decided."""
    for sanction in Sanction.objects.filter(state=SanctionState.CONFIRMED, ends_at__lte=now).order_by("pk"):
        _over(sanction, DATE, now)


def withdraw_baseless(merchant_id: int, now: datetime) -> None:
    """End what is in force, and withdraw what is proposed, for figures that are not severe any more."""
    for sanction in Sanction.objects.filter(merchant_id=merchant_id, state__in=OPEN).order_by("pk"):
        how = _why_over(sanction, now)
        if how:
            _over(sanction, how, now)


def _why_over(sanction: Sanction, now: datetime) -> str:
    """Whether what it was decided on does not count any more (contests, incidents, changed ratings), or the merchant
    has recovered, both by the rule that it keeps. Where too little is left to speak of a rate nobody has recovered; the
    sanction then ends by its date."""
    if not rests_on_figures(sanction):
        return ""
    grounds = statement.grounds(sanction)
    if not statement.count_again(sanction).crossed:
        return BASELESS
    policy = statement.policy_of(grounds.rule)
    rates = reading.rates(sanction.merchant_id, now, policy)
    speaking = {statement.LATE: rates.late.percent is not None, statement.CSAT: rates.csat.percent is not None}
    is_recovered = not statement.crossed(rates, policy) and all(speaking[line] for line in grounds.crossed)
    return RECOVERY if is_recovered else ""


def sweep_sanctions(_payload: dict[str, Any]) -> None:
    """What has lasted as long as was decided ends, and so does what has lost its reasons."""
    now = timezone.now()
    end_due(now)
    for merchant_id in (
        Sanction.objects.filter(state__in=OPEN).values_list("merchant_id", flat=True).order_by().distinct()
    ):
        withdraw_baseless(merchant_id, now)


@transaction.atomic
def _over(sanction: Sanction, how: str, now: datetime) -> None:
    """By the clock, unless somebody has just decided."""
    before = sanction.state
    _lock(sanction, clock(now))
    if sanction.state != before:
        return
    if sanction.state == SanctionState.CONFIRMED:
        _end(sanction, how, clock(now))
        return
    sanction.state, sanction.ended_at, sanction.ended_how = SanctionState.WITHDRAWN, now, how
    sanction.save(update_fields=["state", "ended_at", "ended_how"])
    _tell("sanction_withdrawn", sanction, clock(now))


def _end(sanction: Sanction, how: str, by: Actor) -> None:
    sanction.state = SanctionState.ENDED
    sanction.ended_at, sanction.ended_how, sanction.ended_by_id = by.at, how, by.user_id
    sanction.save(update_fields=["state", "ended_at", "ended_how", "ended_by", "statement"])
    _mark(sanction, None)
    _tell("sanction_ended", sanction, by)


# Inside


def _begin(deed: str, sanction: Sanction, words: str, by: Actor) -> None:
    """Key, lock and re-read, seen: in this order, before anything is changed."""
    if by.key:
        Deed.begin(by.who, by.key, f"{deed}_sanction:{sanction.pk}:{words}").finish({"sanction": sanction.public_id})
    _lock(sanction, by)
    if by.seen is not None and step(sanction) > by.seen:
        raise NotAllowed("something_new", _("Something new happened before you sent this. Please read it first."))


def _lock(sanction: Sanction, by: Actor) -> None:
    """Lock and re-read, if the actor may see it. The standing first of all, as whoever judges does: a judgement holds
    one sanction and the merchant's row when it comes to the next, and decides by what has just been decided."""
    Standing.lock(sanction.merchant_id)
    mine = Sanction.objects.visible_to(by).select_for_update(of=("self",))
    try:
        sanction.refresh_from_db(from_queryset=mine)
    except Sanction.DoesNotExist:
        raise NotAllowed("absent", _("There is no such sanction.")) from None


def _only_platform(by: Actor) -> None:
    """Only people of the platform decide: no program, and nobody who plays support in a sandbox."""
    if by.party != Party.SUPPORT or not by.user_id or by.merchant_id or by.is_program:
        raise NotAllowed("not_support", _("Only platform support can do this."))


def _refuse_decided(sanction: Sanction) -> None:
    if sanction.state == SanctionState.WITHDRAWN:
        raise NotAllowed("withdrawn", _("It was withdrawn: its reasons do not count any more."))
    if sanction.state != SanctionState.PROPOSED:
        raise NotAllowed("decided", _("It is decided already."))


def _clean(words: str) -> str:
    words = clean_text(words)
    if len(words) > LONGEST:
        raise BadText(_("Write at most %(limit)s characters.") % {"limit": LONGEST})
    return words


def _mark(sanction: Sanction, at: datetime | None) -> None:
    """The only writer of what is in force at a merchant."""
    Merchant.objects.filter(pk=sanction.merchant_id).update(**{IN_FORCE[SanctionKind(sanction.kind)]: at})


def _tell(verb: str, sanction: Sanction, by: Actor) -> None:
    """The merchant and the platform read it, and the marketplace's programs."""
    Event.tell(
        verb=verb,
        subject_kind="sanction",
        subject_id=sanction.pk,
        merchant_id=sanction.merchant_id,
        audience=Audience.STAFF,
        actor=by.as_json(),
        data={"kind": sanction.kind, "state": sanction.state, "how": sanction.ended_how},
        at=by.at,
    )
