"""Issue types, as rows, so that an operator can add to the shipped ones (M19)."""

from django.db import models
from django.utils.translation import get_language

from marketdesk.tickets import issues
from marketdesk.tickets.rules import Category


class Issue(models.Model):
    """What a ticket is about. `labels` holds an operator's own words by language; the shipped issues have
    theirs in `issues.py`."""

    code = models.CharField(max_length=40, primary_key=True)
    category = models.CharField(max_length=30, choices=Category)
    labels = models.JSONField(default=dict, blank=True)
    v2_label = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The issue's name in the current language."""
        shipped = issues.BY_CODE.get(self.code)
        return self._own or str(shipped.label if shipped else self.v2_label)

    @property
    def asked(self) -> str:
        """The issue in a customer's own words."""
        shipped = issues.BY_CODE.get(self.code)
        return self._own or (str(shipped.asked) if shipped else self.label)

    @property
    def _own(self) -> str:
        """The operator's words for this reader. What is shipped is there in every language already."""
        fallback = "" if self.code in issues.BY_CODE else self.labels.get("en", "")
        return str(self.labels.get(get_language() or "en") or fallback)

    @classmethod
    def seed(cls) -> None:
        """Write the shipped issues that are missing; an operator's changes stay."""
        Issue.objects.bulk_create(
            [
                Issue(code=one.code, category=one.category, v2_label=one.v2_label, position=position)
                for position, one in enumerate(issues.SHIPPED)
            ],
            ignore_conflicts=True,
        )
