"""Templates as they are loaded: what depends on the language alone is drawn once for each language. What comes out is
what Django draws; nothing that belongs to somebody is kept.

A page has a few hundred sentences, addresses and marks that are the same for every reader of a language. Django asks
for each of them again for each page.
"""

from collections.abc import Iterator
from typing import Any

from django.template.base import FilterExpression, Node, NodeList, TextNode, Variable
from django.template.defaulttags import URLNode
from django.template.loaders import cached
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.urls import get_script_prefix, get_urlconf
from django.utils.safestring import SafeString
from django.utils.translation import get_language


class Loader(cached.Loader):
    """What TEMPLATES names: loads as Django does, and once."""

    def get_template(self, template_name: str, skip: Any = None) -> Any:
        known = self.get_template_cache.get(self.cache_key(template_name, skip))
        found = super().get_template(template_name, skip)
        if known is None:
            _join(found.nodelist)
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
