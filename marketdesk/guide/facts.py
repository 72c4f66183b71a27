"""The numbers and names of the policy that the texts speak of, as a reader of a language reads them."""

from dataclasses import fields
from functools import lru_cache

from django.utils import translation
from django.utils.formats import number_format

from marketdesk.lib.languages import isolated
from marketdesk.policy import promises
from marketdesk.policy.defaults import Policy

_NUMBERS = tuple(one.name for one in fields(Policy) if one.type is int)
# What may stand in {{double braces}}
NAMES = frozenset({"platform", *_NUMBERS})

Facts = tuple[tuple[str, str], ...]


def current(language: str) -> Facts:
    """By name, from the policy in force."""
    policy = promises.current()
    numbers = tuple((name, getattr(policy, name)) for name in _NUMBERS)
    return _told(policy.platform_name, numbers, language)


@lru_cache(64)
def _told(platform: str, numbers: tuple[tuple[str, int], ...], language: str) -> Facts:
    with translation.override(language):
        shown = ((name, number_format(value, use_l10n=True, force_grouping=True)) for name, value in numbers)
        return (("platform", isolated(platform)), *shown)
