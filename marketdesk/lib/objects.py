"""Rows made into objects by what is found out once for a statement. Django finds it out anew for each answer, and asks
around for each object whether somebody wants to be told."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.db.models.base import ModelState
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query import RelatedPopulator
from django.db.models.signals import post_init, pre_init  # noqa: TID251  # only whether others listen

Row = Any
Converters = Mapping[int, tuple[list[Any], Any]]


def converters(compiler: Any) -> Converters:
    """What Django makes of columns that the database cannot say."""
    found: Converters = compiler.get_converters([column for column, *_ in compiler.select[: compiler.col_count]])
    return found


def converted(rows: Iterable[Row], found: Converters, database: BaseDatabaseWrapper) -> Iterable[Row]:
    """The rows after that."""
    if not found:
        yield from rows
        return
    ways = [(at, converts, column) for at, (converts, column) in found.items()]
    for row in rows:
        values = list(row)
        for at, converts, column in ways:
            for convert in converts:
                values[at] = convert(values[at], column, database)
        yield tuple(values)


def maker(compiler: Any, alias: str) -> Callable[[Row], Model]:
    """What makes an object of a row, with those that were selected with it."""
    info, select = compiler.klass_info, compiler.select
    start, end = info["select_fields"][0], info["select_fields"][-1] + 1
    build = builder(info["model"], [column.target.attname for column, *_ in select[start:end]], alias)
    related = _related(info, select, alias)
    annotations = tuple((compiler.annotation_col_map or {}).items())

    def make(row: Row) -> Model:
        made = build(row[start:end])
        for populate in related:
            populate(row, made)
        for name, at in annotations:
            setattr(made, name, row[at])
        return made

    return make


def _related(info: Any, select: Any, alias: str) -> list[Callable[[Row, Model], None]]:
    return [_populator(one, select, alias) for one in info.get("related_klass_infos", [])]


def _populator(info: Any, select: Any, alias: str) -> Callable[[Row, Model], None]:
    """As Django's own, which knows where the columns stand and what to tell both objects."""
    known = RelatedPopulator(info, select, alias)  # type: ignore[call-arg]  # the stubs know a later Django
    build, related = builder(known.model_cls, known.init_list, alias), _related(info, select, alias)
    cut: Any = known.reorder_for_init or itemgetter(slice(known.cols_start, known.cols_end))
    key, tell, tell_back = known.pk_idx, known.local_setter, known.remote_setter

    def populate(row: Row, holder: Model) -> None:
        values = cut(row)
        if values[key] is None:
            tell(holder, None)
            return
        made = build(values)
        for inner in related:
            inner(row, made)
        tell(holder, made)
        tell_back(made, holder)

    return populate


def builder(model: type[Model], names: list[str], alias: str) -> Callable[[Row], Model]:
    """Makes one of a model; by Django itself where the model, a field or somebody who listens does more about it than
    to keep its values."""
    if not _is_plain(model, names):
        return lambda values: model.from_db(alias, names, values)

    def build(values: Row) -> Model:
        made, state = model.__new__(model), ModelState()
        state.adding, state.db = False, alias
        made.__dict__["_state"] = state
        made.__dict__.update(zip(names, values, strict=True))
        return made

    return build


def _is_plain(model: type[Model], names: list[str]) -> bool:
    made_as_usual = model.__init__ is Model.__init__ and model.from_db.__func__ is Model.from_db.__func__  # type: ignore[attr-defined]
    told = pre_init.has_listeners(model) or post_init.has_listeners(model)
    kept = (inspect.getattr_static(model, name) for name in names)
    return (
        made_as_usual
        and not told
        and all(isinstance(one, ForeignKeyDeferredAttribute) or not hasattr(type(one), "__set__") for one in kept)
    )
