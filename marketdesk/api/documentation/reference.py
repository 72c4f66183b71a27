"""The calls as the pages show them, read from the OpenAPI documents of both versions."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from marketdesk.api import envelope
from marketdesk.api.documentation import samples
from marketdesk.api.once import HEADER
from marketdesk.api.v2 import document as v2
from marketdesk.api.v3 import urls as v3
from marketdesk.api.v3.description import describe

Json = dict[str, Any]


@cache
def _v3() -> Json:
    """As tools read it, but with the fields that are always there: a tool must expect that only some are chosen."""
    document: Json = json.loads(json.dumps(describe(v3.api, v3.ROOT, may_choose=False), default=str))
    return document


DOCUMENTS = {"v3": _v3, "v2": v2.described}
NOTHING: Json = {}
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass(frozen=True)
class Parameter:
    """What a call takes. `place` is path, query, header, form or json."""

    name: str
    place: str
    kind: str
    words: str
    required: bool
    choices: tuple[str, ...]
    example: Any


@dataclass(frozen=True)
class Shape:
    """An object in an answer, with its fields."""

    name: str
    words: str
    fields: list[Parameter]


@dataclass(frozen=True)
class Failure:
    """A refusal that a call names. `code` is empty where only the HTTP status is known."""

    status: str
    code: str
    words: str


@dataclass(frozen=True)
class Call:
    """One call of one version. `sent` are the parameters with a value in the examples."""

    version: str
    method: str
    path: str
    title: str
    words: str
    group: str
    scope: str
    needs_token: bool
    is_alias: bool
    parameters: list[Parameter]
    status: str
    answer: Any
    shapes: list[Shape]
    failures: list[Failure] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its name in addresses."""
        return re.sub(r"[^a-z0-9]+", "-", f"{self.method}{self.short}".lower()).strip("-")

    @property
    def short(self) -> str:
        """The path below the version."""
        return self.path.removeprefix(f"/api/{self.version}")

    @property
    def answer_text(self) -> str:
        """What comes back, to read."""
        return json.dumps(self.answer, indent=2, ensure_ascii=False)

    @property
    def is_write(self) -> bool:
        return self.method != "GET"

    @property
    def sent(self) -> list[Parameter]:
        return [one for one in self.parameters if one.example not in (None, "")]

    def at(self, place: str) -> dict[str, Any]:
        """What the examples send in one place."""
        return {one.name: one.example for one in self.sent if one.place == place}


@cache
def calls(version: str) -> list[Call]:
    """Every call of a version, in the order of its document."""
    document = DOCUMENTS[version]()
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found.append(_Reader(document).call(version, method.upper(), path, operation))
    return found


@cache
def find(version: str, name: str) -> Call | None:
    return next((call for call in calls(version) if call.name == name), None)


class _Reader:
    """Reads one operation of a document."""

    def __init__(self, document: Json) -> None:
        self.schemas = document.get("components", {}).get("schemas", {})

    def call(self, version: str, method: str, path: str, operation: Json) -> Call:
        status, answer = next((status, one) for status, one in operation["responses"].items() if str(status) < "300")
        content: Json = next(iter(answer.get("content", {}).values()), {})
        schema = content.get("schema", {})
        data = self.resolved(schema).get("properties", {}).get("data", schema)
        security = operation.get("security", [])
        return Call(
            version=version,
            method=method,
            path=path,
            title=operation.get("summary", ""),
            words=operation.get("description", ""),
            group=next(iter(operation.get("tags", [])), ""),
            scope=next((scope for one in security for scopes in one.values() for scope in scopes), ""),
            needs_token=bool(security),
            is_alias=operation.get("deprecated", False),
            parameters=list(self._parameters(method, path, operation)),
            status=str(status),
            answer=content.get("example") or (envelope.body(self.sample(data)) if schema else None),
            shapes=list({shape.name: shape for shape in self._shapes(data, "data")}.values()),
            failures=list(_failures(operation)),
        )

    def resolved(self, schema: Json) -> Json:
        """A schema itself: through its reference, and without the alternative that it is null."""
        if "$ref" in schema:
            return self.resolved(self.schemas[_last(schema["$ref"])])
        choices = _choices(schema)
        if not choices:
            return schema
        chosen = next((one for one in choices if one.get("type") != "null"), {})
        told = {name: value for name, value in schema.items() if name not in {"anyOf", "allOf"}}
        return {**self.resolved(chosen), **told}

    def _parameters(self, method: str, path: str, operation: Json) -> Iterator[Parameter]:
        asked = samples.REQUESTS.get((method, path), {})
        of = operation["operationId"].replace("_", "-")
        about = samples.TICKET if "{ticket}" in path else samples.ITEM if "{order}" in path else "1"
        asked = {HEADER: f"{of}-{about}", **asked}
        for one in operation.get("parameters", []):
            schema, required = one.get("schema", {}), one.get("required", False)
            yield self._parameter(one["name"], one["in"], schema, required=required, told=one, asked=asked)
        content = operation.get("requestBody", {}).get("content", {})
        for kind, place in ((FORM, "form"), (JSON, "json")):
            if place == "json" and FORM in content:
                return
            body = self.resolved(content.get(kind, {}).get("schema", {}))
            values = {**content.get(kind, {}).get("example", {}), **asked}
            needed = body.get("required", [])
            for name, schema in body.get("properties", {}).items():
                yield self._parameter(name, place, schema, required=name in needed, asked=values)

    def _parameter(
        self,
        name: str,
        place: str,
        schema: Json,
        *,
        required: bool,
        told: Json | None = None,
        asked: Json | None = None,
    ) -> Parameter:
        told, asked = told or {}, asked or {}
        itself = self.resolved(schema)
        example = asked.get(name, told.get("example"))
        if example is None and required:
            example = self.sample(itself, name)
        items = self.resolved(itself.get("items", {}))
        choices: list[Any] = itself.get("enum") or items.get("enum") or []
        words = told.get("description") or schema.get("description") or itself.get("description", "")
        return Parameter(name, place, self._kind(schema), words, required, tuple(map(str, choices)), example)

    def _kind(self, schema: Json) -> str:
        itself = self.resolved(schema)
        kind = itself.get("type", "")
        if kind == "array":
            items = itself.get("items", {})
            wrapper = list(self.resolved(items).get("properties", {}))
            inner = wrapper[0] if len(wrapper) == 1 and wrapper[0][:1].isupper() else self._kind(items)
            return f"list of {inner}"
        if kind == "object":
            return _title(schema) or "object"
        return itself.get("format") or ("" if isinstance(kind, list) else kind)

    def _shapes(self, schema: Json, name: str) -> Iterator[Shape]:
        """The objects of an answer, the outermost first; wrappers of one object only lead to it."""
        itself = self.resolved(schema)
        if itself.get("type") == "array":
            yield from self._shapes(itself.get("items", {}), name)
            return
        properties = itself.get("properties", {})
        if len(properties) == 1 and next(iter(properties))[:1].isupper():
            yield from self._shapes(next(iter(properties.values())), name)
            return
        if properties:
            needed = itself.get("required", [])
            fields = [self._parameter(key, "", one, required=key in needed) for key, one in properties.items()]
            yield Shape(_title(schema) or name, itself.get("description", ""), fields)
            for key, one in properties.items():
                yield from self._shapes(one, key)

    def sample(self, schema: Json, name: str = "") -> Any:
        """A value that fits: the document's own example, else one for the name."""
        itself = self.resolved(schema)
        for place in (schema, itself):
            if "example" in place:
                return place["example"]
            if place.get("examples"):
                return place["examples"][0]
        if "const" in itself:
            return itself["const"]
        kind = itself.get("type")
        if kind == "object":
            return {key: self.sample(one, key) for key, one in itself.get("properties", {}).items()}
        if kind == "array":
            return [self.sample(itself.get("items", {}), name.removesuffix("s"))]
        if name in samples.VALUES:
            return samples.VALUES[name]
        if itself.get("enum"):
            return itself["enum"][0]
        return itself.get("default", samples.OF_KIND.get(str(itself.get("format") or kind), ""))


def _choices(schema: Json) -> list[Json]:
    found: list[Json] = schema.get("anyOf") or schema.get("allOf") or []
    return found


def _last(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


def _title(schema: Json) -> str:
    """The name of the shape that a schema refers to."""
    if "$ref" in schema:
        return _last(schema["$ref"]).removesuffix("Out")
    return next(filter(None, map(_title, _choices(schema))), "")


def _failures(operation: Json) -> Iterator[Failure]:
    for status, one in operation["responses"].items():
        if not str(status).startswith(("4", "5")):
            continue
        content: Json = next(iter(one.get("content", {}).values()), {})
        examples: dict[str, Json] = content.get("examples", {})
        for code, example in examples.items():
            yield Failure(str(status), code, example.get("summary", ""))
        if not examples:
            yield Failure(str(status), "", one.get("description", ""))
