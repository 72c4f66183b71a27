"""Partial answers: `fields=id,replies(message)` leaves everything else out."""

import re
import typing
from typing import Any

from django.utils.translation import gettext as _
from pydantic import BaseModel

# The fields of an answer by name, each with those inside it; none inside means the whole.
Tree = dict[str, "Tree"]
_PART = re.compile(r"\w+|[^\w\s]", re.ASCII)


class BadFields(ValueError):
    """A list of fields that cannot be answered; the text says why."""


def chosen(text: str, model: type[BaseModel]) -> Tree:
    """The fields of an answer that a call asks for; none is all of them. Raises BadFields."""
    if not text:
        return {}
    tree = parse(text)
    _check(tree, model)
    return tree


def parse(text: str) -> Tree:
    """`a,b(c,d)` as `{a: {}, b: {c: {}, d: {}}}`. Raises BadFields."""
    here: Tree = {}  # the list that is being read
    outer: list[Tree] = []  # those around it
    may_open: Tree | None = None  # the name just read, which may hold a list
    wants_name = True
    for part in _PART.findall(text):
        if wants_name and re.fullmatch(r"\w+", part, re.ASCII):
            if part in here:
                raise BadFields(_("“%(name)s” stands there twice") % {"name": part})
            here[part] = may_open = {}
            wants_name = False
            continue
        if part == "(" and may_open is not None:
            outer.append(here)
            here, wants_name = may_open, True
        elif part == ")" and outer and not wants_name:
            here = outer.pop()
        elif part == "," and not wants_name:
            wants_name = True
        else:
            raise BadFields(_("cannot be read at “%(part)s”; write a,b(c,d)") % {"part": part})
        may_open = None
    if outer or wants_name:
        raise BadFields(_("ends too early; write a,b(c,d)"))
    return here


def _check(tree: Tree, model: type[BaseModel], place: str = "") -> None:
    """Raises BadFields where a name is none of the answer's."""
    for name, inside in tree.items():
        known = model.model_fields.get(name)
        if known is None:
            names = {"name": place + name, "known": ", ".join(model.model_fields)}
            raise BadFields(_("there is no “%(name)s”; there are: %(known)s") % names)
        inner = _model_of(known.annotation)
        if inside and inner is None:
            raise BadFields(_("“%(name)s” has no fields") % {"name": place + name})
        if inside and inner:
            _check(inside, inner, f"{place}{name}.")


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
