"""What followed from how the demo's stores answered: warnings, contests and sanctions, by the verbs of the clock and of
people."""

from datetime import datetime, timedelta

from marketdesk.demo.population import LATE_SHARE, Population, Shop
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.performance import contesting, incidents, judging, noticing, reading, sanctioning
from marketdesk.performance.counting import Verdict, Window
from marketdesk.performance.models import Notice, Sanction, SanctionKind, SanctionState
from marketdesk.policy import promises
from marketdesk.tickets.models import Wait

# The weeks before now in which the stores with late habits were judged, and until when their sanctions were decided.
WEEKS, DECIDED = 12, timedelta(weeks=6)
# A store with something in force, and one that is being heard: for a person's own reasons, which no figure takes away.
BLOCKED, HEARD = 18, 24
A_DAY = timedelta(days=1)


class Court:
    """Plays the past of figures, week after week. The first of support decides."""

    def __init__(self, people: Population, now: datetime) -> None:
        self.people = people
        self.now = now

    def play(self) -> None:
        """All of it, up to now."""
        self._had_an_incident()
        watched = [self.people.shops[place] for place in LATE_SHARE]
        for weeks in range(WEEKS, 0, -1):
            for shop in watched:
                self._had_a_week(shop, self.now - timedelta(weeks=weeks))
        self._was_blocked(self.people.shops[BLOCKED])
        for shop in watched:
            judging.judge(shop.merchant.pk, self.now - 2 * A_DAY)
            self._answers(shop)
        self._is_heard(self.people.shops[HEARD])
        self._contests_answers(self.people.shops[0])
        for shop in watched:
            self._contests_warning(shop)
        for shop in self.people.shops:
            judging.judge(shop.merchant.pk, self.now)

    def _had_an_incident(self) -> None:
        began = self.now - 23 * A_DAY
        ended = began + timedelta(hours=5)
        incidents.declare("Messages reached stores hours late.", began, ended, by=self._support(ended))

    def _had_a_week(self, shop: Shop, at: datetime) -> None:
        """The clock judges, the store reads, and support decides against what was proposed the week before."""
        for sanction in Sanction.objects.filter(merchant=shop.merchant, state=SanctionState.PROPOSED):
            if at <= self.now - DECIDED:
                sanctioning.decline(sanction, "They have hired somebody. Look again in a month.", by=self._support(at))
        judging.judge(shop.merchant.pk, at)
        for notice in Notice.objects.filter(merchant=shop.merchant, read_at__isnull=True):
            noticing.read(notice, by=self._owner(shop, at + A_DAY))

    def _was_blocked(self, shop: Shop) -> None:
        proposed = self.now - 12 * A_DAY
        words = "Customers were sent other shoes than those in the pictures, nine times in a month."
        said = "Our new supplier mixed up two batches. Everybody got their money back."
        made = sanctioning.propose(shop.merchant, SanctionKind.IMPRESSIONS, words, by=self._support(proposed))
        sanctioning.answer(made, said, by=self._owner(shop, proposed + 2 * A_DAY))
        decision = "It went on after the first complaints. The block ends when the pictures are right."
        sanctioning.confirm(made, decision, by=self._support(proposed + 4 * A_DAY))

    def _is_heard(self, shop: Shop) -> None:
        words = "Packets came back to us that were sent to nobody. Please say what happened."
        sanctioning.propose(shop.merchant, SanctionKind.SUSPENSION, words, by=self._support(self.now - A_DAY))

    def _answers(self, shop: Shop) -> None:
        """The store says something to one thing that is proposed, and nothing to the other."""
        words = "Two of our three people were ill. They are back since Monday, and we answer within a day again."
        proposed = Sanction.objects.filter(merchant=shop.merchant, state=SanctionState.PROPOSED)
        for sanction in proposed.filter(kind=SanctionKind.IMPRESSIONS):
            sanctioning.answer(sanction, words, by=self._owner(shop, self.now - A_DAY))

    def _contests_answers(self, shop: Shop) -> None:
        """Late answers of the last days: of three contests one was granted, one declined, and one waits."""
        window = Window.before(self.now - A_DAY, promises.current().contest_days - 2)
        late = [one.id for one in reading.waits(shop.merchant.pk, window) if one.verdict == Verdict.LATE]
        stories = (
            ("The platform was down for maintenance when we wanted to answer.", True, "So it was, from 20:00 on."),
            ("This customer had written to us by mail, and we answered there.", False, "The answer belongs here."),
            ("We answered, but the page said that something went wrong.", None, ""),
        )
        for number, (reason, granted, decision) in zip(late, stories, strict=False):
            wait = Wait.objects.get(pk=number)
            contest = contesting.contest(wait, reason, by=self._owner(shop, self.now - A_DAY))
            if granted is not None:
                contesting.decide(contest, granted=granted, reason=decision, by=self._support(self.now - A_DAY / 2))

    def _contests_warning(self, shop: Shop) -> None:
        """The latest warning, where it is not too late for that."""
        since = self.now - promises.current().contest_days * A_DAY
        found = Notice.objects.filter(merchant=shop.merchant, read_at__isnull=False, given_at__gt=since).first()
        if found:
            words = "It was a public holiday, and all of these were answered the day after."
            contesting.contest(found, words, by=self._owner(shop, self.now - A_DAY))

    def _owner(self, shop: Shop, at: datetime) -> Actor:
        owner = shop.staff[0]
        return Actor(Party.MERCHANT, user_id=owner.pk, merchant_id=shop.merchant.pk, name=owner.name, at=at)

    def _support(self, at: datetime) -> Actor:
        sofia = self.people.support[0]
        return Actor(Party.SUPPORT, user_id=sofia.pk, name=sofia.name, at=at)
