"""Partial answers: `fields=id,replies(message)` leaves everything else out."""

import re
import typing
from typing import Any

from django.utils.translation import gettext as _
from pydantic import BaseModel

# The fields of an answer by name, each with those inside it; none inside means the whole.
Tree = dict[str, "Tree"]
_TOKEN = re.compile(r"\w+|.", re.ASCII | re.DOTALL)


class BadFields(ValueError):
    """A list of fields that cannot be answered; the text says why."""


def parse(text: str) -> Tree:
    """`a,b(c,d)` as `{a: {}, b: {c: {}, d: {}}}`. Raises BadFields."""
    top: Tree = {}
    outer: list[Tree] = []
    here, named = top, None  # the list that is being read, and the name after which a list may open
    wants_name = True
    for token in _TOKEN.findall(text):
        if token == " ":
            continue
        if wants_name and re.fullmatch(r"\w+", token, re.ASCII):
            if token in here:
                raise BadFields(_("“%(name)s” stands twice in fields.") % {"name": token})
            here[token] = named = {}
            wants_name = False
        elif token == "," and not wants_name:
            wants_name, named = True, None
        elif token == "(" and named is not None:
            outer.append(here)
            here, named, wants_name = named, None, True
        elif token == ")" and outer and not wants_name:
            here, named = outer.pop(), None
        else:
            raise BadFields(_("fields cannot be read at “%(token)s”. Write: a,b(c,d)") % {"token": token})
    if outer or wants_name:
        raise BadFields(_("fields ends too early. Write: a,b(c,d)"))
    return top


def check(tree: Tree, model: type[BaseModel], place: str = "") -> None:
    """Raises BadFields where a name is none of the answer's."""
    for name, inside in tree.items():
        known = model.model_fields.get(name)
        if known is None:
            names = {"name": place + name, "known": ", ".join(model.model_fields)}
            raise BadFields(_("There is no field “%(name)s”. There are: %(known)s.") % names)
        inner = _model_of(known.annotation)
        if inside and inner is None:
            raise BadFields(_("The field “%(name)s” has no fields.") % {"name": place + name})
        if inside and inner:
            check(inside, inner, f"{place}{name}.")


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, alone or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_of(one) for one in typing.get_args(annotation))
    return next((one for one in found if one), None)


def pick(data: Any, tree: Tree) -> Any:
    """What of an answer was asked for."""
    if not tree:
        return data
    if isinstance(data, list):
        return [pick(one, tree) for one in data]
    return {name: pick(value, tree[name]) for name, value in data.items() if name in tree}
