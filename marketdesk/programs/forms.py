"""What an owner fills in about an app."""

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketdesk.programs.errors import BadAddress
from marketdesk.programs.models import App, Reach, Scope
from marketdesk.programs.registering import Facts, check_address
from marketdesk.tickets.forms import DeedForm

REACHES: dict[str, tuple[Promise, Promise]] = {
    Reach.PRIVATE: (gettext_lazy("Only for this store"), gettext_lazy("Your own program, such as your ERP.")),
    Reach.PUBLIC: (
        gettext_lazy("Other stores may allow it too"),
        gettext_lazy("A program that you offer to others. Each store is asked before it sees anything there."),
    ),
}


class AppForm(DeedForm):
    """An app as its store describes it."""

    name = forms.CharField(max_length=100, error_messages={"required": gettext_lazy("Give the app a name.")})
    reach = forms.ChoiceField(choices=Reach.choices, error_messages={"required": gettext_lazy("Choose who uses it.")})
    addresses = forms.CharField(required=False, widget=forms.Textarea)
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, error_messages={"required": gettext_lazy("Choose at least one thing that it may do.")}
    )
    is_sandbox = forms.BooleanField(required=False)
    tokens_in_address = forms.BooleanField(required=False)
    no_challenge = forms.BooleanField(required=False)

    @classmethod
    def of(cls, app: App) -> "AppForm":
        """The form, filled in with an app as it is."""
        return cls(
            initial={
                "name": app.name,
                "reach": app.reach,
                "addresses": "\n".join(app.redirect_uris.split()),
                "scopes": app.scopes,
                "tokens_in_address": app.tokens_in_address,
                "no_challenge": not app.needs_pkce,
            }
        )

    def clean_addresses(self) -> list[str]:
        addresses = list(dict.fromkeys(str(self.cleaned_data["addresses"]).split()))
        for address in addresses:
            try:
                check_address(address)
            except BadAddress as bad:
                self.add_error("addresses", str(bad))
        return addresses

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("reach") == Reach.PUBLIC and cleaned.get("addresses") == []:
            self.add_error("addresses", _("Stores that allow the app are led back to it: enter its address."))
        return cleaned

    @property
    def facts(self) -> Facts:
        """What was filled in."""
        found = self.cleaned_data
        return Facts(
            name=found["name"],
            reach=Reach(found["reach"]),
            addresses=found["addresses"],
            scopes=found["scopes"],
            is_sandbox=found["is_sandbox"],
            tokens_in_address=found["tokens_in_address"],
            needs_pkce=not found["no_challenge"],
        )

    @property
    def reaches(self) -> list[tuple[str, Promise, Promise, bool]]:
        """Both, in words, and which is chosen."""
        return [(value, *words, value == self["reach"].value()) for value, words in REACHES.items()]

    @property
    def boxes(self) -> list[tuple[str, str, bool]]:
        """Every scope in words, and whether its box is checked."""
        checked = self["scopes"].value() or []
        return [(scope.value, str(scope.label), scope.value in checked) for scope in Scope]
