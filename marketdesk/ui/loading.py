"""Templates as they are loaded: what depends on the language alone is drawn once for each language, and the rest is
looked up by the short way. What comes out is what Django draws; nothing that belongs to somebody is kept.

A page has a few hundred sentences, addresses and marks that are the same for every reader of a language. Django asks
for each of them again for each page, and walks to each value by a way that suits numpy, too.
"""

from collections.abc import Iterator
from html import escape
from typing import Any

from django.template.base import (
    FilterExpression,
    Node,
    NodeList,
    TextNode,
    Variable,
    VariableDoesNotExist,
    VariableNode,
    render_value_in_context,
)
from django.template.context import BaseContext
from django.template.defaulttags import URLNode
from django.template.loaders import cached
from django.template.smartif import TokenBase
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.urls import get_script_prefix, get_urlconf
from django.utils.functional import LazyObject
from django.utils.safestring import SafeString
from django.utils.translation import get_language

_MISSING = object()


class Loader(cached.Loader):
    """What TEMPLATES names: loads as Django does, and once."""

    def get_template(self, template_name: str, skip: Any = None) -> Any:
        known = self.get_template_cache.get(self.cache_key(template_name, skip))
        found = super().get_template(template_name, skip)
        if known is None:
            _quicken(found.nodelist)
        return found


class Constant(Node):
    """Neighbours that come out the same for everybody who reads this language, under this address."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self.token, self.origin = nodes[0].token, nodes[0].origin
        self.has_addresses = any(isinstance(one, URLNode) for one in nodes)
        self.drawn: dict[Any, str] = {}

    def render(self, context: Any) -> SafeString:
        address = (get_script_prefix(), get_urlconf(), _current_app(context)) if self.has_addresses else None
        key = (get_language(), context.autoescape, address)
        drawn = self.drawn.get(key)
        if drawn is None:
            drawn = SafeString("".join(str(one.render_annotated(context)) for one in self.nodes))
            if len(self.drawn) < 100:  # a visit has its own prefix
                self.drawn[key] = drawn
        return SafeString(drawn)


def _current_app(context: Any) -> str | None:
    """As {% url %} looks for it."""
    request = getattr(context, "request", None)
    match = getattr(request, "resolver_match", None)
    found: str | None = getattr(request, "current_app", getattr(match, "namespace", None))
    return found


class _Value(Variable):
    """A value by the short way; whatever is not plain goes Django's."""

    __slots__ = ()

    def _resolve_lookup(self, context: Any) -> Any:
        try:
            current = self._looked_up(context)
        except Exception:  # Django says which of them a template passes over
            current = _MISSING
        if current is _MISSING:
            return super()._resolve_lookup(context)  # type: ignore[misc]
        return current

    def _looked_up(self, context: Any) -> Any:
        name, *rest = self.lookups or ()
        for scope in reversed(context.dicts):
            if name in scope:
                current = scope[name]
                break
        else:
            return _MISSING
        for bit in rest:
            if type(current) is dict:
                current = current.get(bit, _MISSING)
            elif callable(current) or hasattr(type(current), "__getitem__") or isinstance(current, BaseContext):
                return _MISSING
            else:
                current = getattr(current, bit, _MISSING)
        return _MISSING if callable(current) and not isinstance(current, LazyObject) else current


class _Expression(FilterExpression):
    """A value that no filter changes."""

    __slots__ = ()

    def resolve(self, context: Any, ignore_failures: bool = False) -> Any:
        try:
            return self.var._resolve_lookup(context)
        except VariableDoesNotExist:
            return super().resolve(context, ignore_failures)


class _Shown(VariableNode):
    """A value in the page; most are texts, which need escaping and nothing else."""

    def render(self, context: Any) -> str:
        try:
            value = self.filter_expression.resolve(context)
        except UnicodeDecodeError:
            return ""
        kind = type(value)
        if kind is SafeString:
            return value  # type: ignore[no-any-return]
        if kind is str and context.autoescape:
            return escape(value)
        return str(render_value_in_context(value, context))


def _quicken(nodes: NodeList) -> None:
    """Everything in these nodes."""
    for one in nodes:
        for inner in _inner_lists(one):
            _quicken(inner)
        if type(one) is VariableNode:
            one.__class__ = _Shown
        for expression in _expressions(list(vars(one).values())):
            _quicken_expression(expression)
    nodes[:] = list(_joined(nodes))


def _quicken_expression(expression: FilterExpression) -> None:
    is_looked_up = isinstance(expression.var, Variable) and expression.var.lookups is not None
    if is_looked_up and type(expression.var) is Variable and not expression.var.translate:
        expression.var.__class__ = _Value
        if not expression.filters and type(expression) is FilterExpression:
            expression.__class__ = _Expression


def _inner_lists(node: Node) -> Iterator[NodeList]:
    """The lists of nodes in a node, each once."""
    if conditions := getattr(node, "conditions_nodelists", None):
        yield from (inner for _condition, inner in conditions)
    for name in set(node.child_nodelists) | {"nodelist_loop", "nodelist_empty"}:
        inner = vars(node).get(name)
        if isinstance(inner, NodeList):
            yield inner


def _expressions(parts: Any) -> Iterator[FilterExpression]:
    """The values that a node asks for itself, wherever it keeps them: in lists, in conditions, in other values."""
    for part in parts:
        if isinstance(part, FilterExpression):
            yield part
        elif isinstance(part, TokenBase):
            yield from _expressions((part.value, part.first, part.second))
        elif isinstance(part, (list, tuple)) and not isinstance(part, NodeList):
            yield from _expressions(part)
        elif isinstance(part, dict):
            yield from _expressions(part.values())


def _joined(nodes: NodeList) -> Iterator[Node]:
    """The nodes, with neighbours that are constant made one."""
    run: list[Node] = []
    for node in [*nodes, None]:
        if node is not None and (isinstance(node, TextNode) or _is_constant(node)):
            run.append(node)
            continue
        if any(not isinstance(one, TextNode) for one in run):
            yield Constant(run)
        else:
            yield from run
        run = []
        if node is not None:
            yield node


def _is_constant(node: Node) -> bool:
    if type(node) is TranslateNode:
        said, context = node.filter_expression, node.message_context
        return not (node.asvar or said.filters or _is_looked_up(said) or (context and _is_looked_up(context)))
    if type(node) is BlockTranslateNode:
        has_values = any(token.token_type.name == "VAR" for token in node.singular)
        return not (node.asvar or node.extra_context or node.counter or has_values or node.message_context)
    if type(node) is URLNode:
        return not (node.asvar or node.args or node.kwargs or _is_looked_up(node.view_name) or node.view_name.filters)
    return False


def _is_looked_up(expression: FilterExpression) -> bool:
    return isinstance(expression.var, Variable) and expression.var.lookups is not None
