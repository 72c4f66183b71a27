"""Templates as they are loaded: what depends on the language alone is drawn once for each language, and what somebody
wrote does not turn the direction of what stands after it. Else what comes out is what Django draws; nothing that
belongs to somebody is kept.

A page has a few hundred sentences, addresses and marks that are the same for every reader of a language. Django asks
for each of them again for each page.
"""

import re
from collections.abc import Iterator
from typing import Any

from django.template.base import FilterExpression, Node, NodeList, TextNode, Variable, VariableNode
from django.template.defaulttags import URLNode
from django.template.loaders import cached
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.urls import get_script_prefix, get_urlconf
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from marketdesk.lib import languages


class Loader(cached.Loader):
    """What TEMPLATES names: loads as Django does, and once."""

    def get_template(self, template_name: str, skip: Any = None) -> Any:
        known = self.get_template_cache.get(self.cache_key(template_name, skip))
        found = super().get_template(template_name, skip)
        if known is None:
            _join(found.nodelist)
            _settle(found.nodelist, "")
        return found


class Constant(Node):
    """Neighbours that come out the same for everybody who reads this language, under this address."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self.token, self.origin = nodes[0].token, nodes[0].origin
        self.has_addresses = any(isinstance(one, URLNode) for one in nodes)
        self.drawn: dict[Any, SafeString] = {}

    def render(self, context: Any) -> SafeString:
        address = (get_script_prefix(), get_urlconf(), _current_app(context)) if self.has_addresses else None
        key = (get_language(), context.autoescape, address)
        drawn = self.drawn.get(key)
        if drawn is None:
            drawn = SafeString("".join(str(one.render_annotated(context)) for one in self.nodes))
            if len(self.drawn) < 100:  # a visit has its own prefix
                self.drawn[key] = drawn
        return drawn


class Settled(VariableNode):
    """A value whose marks of direction end with it."""

    def render(self, context: Any) -> str:
        drawn = super().render(context)
        if drawn.isascii() or (isinstance(drawn, SafeString) and "<" in drawn):  # a field or the like, ready made
            return drawn
        settled = languages.settled(drawn)
        return SafeString(settled) if isinstance(drawn, SafeString) else settled


class Sentence(BlockTranslateNode):
    """A sentence with values: each is set apart where it would disturb the sentence's order."""

    def render(self, context: Any, nested: bool = False) -> str:
        names = [token.contents for token in (*self.singular, *(self.plural or ())) if token.token_type.name == "VAR"]
        apart = {name: _apart(context[name]) for name in names if name in context and name not in self.extra_context}
        with context.push(**apart):
            return str(super().render(context, nested))


class Apart:
    """A value that a sentence names itself, {% blocktranslate with … %}."""

    def __init__(self, expression: FilterExpression) -> None:
        self.expression = expression

    def resolve(self, context: Any, ignore_failures: bool = False) -> Any:
        return _apart(self.expression.resolve(context, ignore_failures))


def _apart(value: Any) -> Any:
    """Text, but no address: a mark would be part of it."""
    is_name = type(value) is str and not value.startswith(("/", "http://", "https://", "mailto:"))
    return languages.isolated(value) if is_name else value


# What a field holds is sent again as it is.
_FIELD = re.compile(r"""<textarea[^>]*>\s*\Z|\bvalue=["']?\Z""")


def _settle(nodes: NodeList, before: str) -> str:
    """Let every value end what it begins, but in fields; `before` is what stands before them, from the last tag on."""
    for place, one in enumerate(nodes):
        if isinstance(one, (TextNode, Constant)):
            before += "".join(getattr(part, "s", "") for part in getattr(one, "nodes", [one]))
            before = before[max(before.rfind("<"), 0) :]
        elif type(one) is VariableNode and not _FIELD.search(before):
            nodes[place] = _as(Settled, one)
        elif type(one) is BlockTranslateNode:
            named: dict[str, Any] = {name: Apart(value) for name, value in one.extra_context.items()}
            one.extra_context = named
            nodes[place] = _as(Sentence, one)
        else:
            before = [before, *(_settle(inner, before) for inner in _inner_lists(one))][-1]
    return before


def _as(kind: type[Node], node: Node) -> Node:
    made = kind.__new__(kind)
    vars(made).update(vars(node))
    return made


def _current_app(context: Any) -> str | None:
    """As {% url %} looks for it."""
    request = getattr(context, "request", None)
    match = getattr(request, "resolver_match", None)
    found: str | None = getattr(request, "current_app", getattr(match, "namespace", None))
    return found


def _join(nodes: NodeList) -> None:
    """Make one of neighbours that are constant, in these nodes and in those within them."""
    for one in nodes:
        for inner in _inner_lists(one):
            _join(inner)
    nodes[:] = list(_joined(nodes))


def _inner_lists(node: Node) -> Iterator[NodeList]:
    """The lists of nodes in a node, each once."""
    if conditions := getattr(node, "conditions_nodelists", None):
        yield from (inner for _condition, inner in conditions)
    for name in set(node.child_nodelists) | {"nodelist_loop", "nodelist_empty"}:
        inner = vars(node).get(name)
        if isinstance(inner, NodeList):
            yield inner


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
