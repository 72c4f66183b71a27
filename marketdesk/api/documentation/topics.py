"""The pages of prose, in reading order."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """A page of prose; its template is `documentation/topics/<name>.html`."""

    name: str
    title: str
    words: str

    @property
    def template(self) -> str:
        return f"documentation/topics/{self.name}.html"


TOPICS = {
    topic.name: topic
    for topic in (
        Topic("moving", "Moving an existing client over", "One base URL, and the few things that may differ."),
        Topic("authentication", "Authentication", "Tokens, apps, scopes and the OAuth dance."),
        Topic("sandbox", "Sandbox", "Demo tickets to try everything on, without customers."),
        Topic("paging", "Paging", "Reading a long list to its end."),
        Topic("errors", "Errors", "The envelope, and what each code means."),
        Topic("rate-limits", "Rate limits", "How many calls there are, and what to do at 429."),
        Topic("writing-once", "Idempotency and ETags", "Sending again without doing it twice."),
        Topic("webhooks", "Webhooks", "Being told instead of asking, and checking that it is us."),
        Topic("performance", "Performance and penalties", "How a store is judged, and what follows."),
        Topic("refund-reasons", "Refund reason codes", "Every code of both versions."),
    )
}
