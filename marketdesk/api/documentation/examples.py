"""One call in curl, Python and PHP, ready to paste. The token comes from the environment, as secrets should."""

import json
import shlex
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from marketdesk.api.documentation.reference import Call

Values = dict[str, Any]


def examples(call: Call, base: str) -> dict[str, str]:
    """The example in each language, for the installation at `base`."""
    return {language: write(call, base) for language, write in LANGUAGES.items()}


def curl(call: Call, base: str) -> str:
    """For a shell."""
    query, form, body = call.at("query"), call.at("form"), call.at("json")
    words = ["curl"]
    address = _address(call, base)
    if query and call.is_write:
        address, query = f"{address}?{urlencode(query)}", {}
    if query:
        words += ["--get"]
    elif call.method not in {"GET", "POST"} or (call.method == "POST" and not form and not body):
        words += [f"--request {call.method}"]
    lines = [" ".join([*words, f"'{address}'"])]
    lines += [f'--header "{name}: {value}"' for name, value in _headers(call, "$TOKEN").items()]
    lines += [f"--data-urlencode {_quoted(name, value)}" for name, value in {**query, **form}.items()]
    if body:
        lines += [
            '--header "Content-Type: application/json"',
            f"--data {shlex.quote(json.dumps(body, ensure_ascii=False))}",
        ]
    return " \\\n  ".join(lines)


def _quoted(name: str, value: Any) -> str:
    quote = '"' if _is_secret(value) else "'"
    return f"{quote}{name}={value}{quote}"


def python(call: Call, base: str) -> str:
    """With the library requests."""
    arguments = [f'"{_address(call, base)}"']
    headers = {name: json.dumps(value) for name, value in _headers(call, "").items()}
    if call.needs_token:
        headers["Authorization"] = "f\"Bearer {os.environ['TOKEN']}\""
    if headers:
        arguments.append(f"headers={_pairs(headers, ': ')}")
    for place, argument in (("query", "params"), ("form", "data"), ("json", "json")):
        if values := call.at(place):
            written = {name: _python(value) for name, value in values.items()}
            arguments.append(f"{argument}={_pairs(written, ': ')}")
    arguments.append("timeout=30")
    sent = f"requests.{call.method.lower()}(\n" + "".join(f"    {one},\n" for one in arguments) + ")"
    needs_os = "import os\n\n" if "os.environ" in sent else ""
    end = (
        "answer.raise_for_status()"
        if call.answer is None
        else 'body = answer.json()\nif body["code"] != 0:\n    raise SystemExit(body["message"])\nprint(body["data"])'
    )
    return f"{needs_os}import requests\n\nanswer = {sent}\n{end}"


def _python(value: Any) -> str:
    return f'os.environ["{value[1:]}"]' if _is_secret(value) else json.dumps(value, ensure_ascii=False)


def php(call: Call, base: str) -> str:
    """With PHP's own curl extension."""
    query, form, body = call.at("query"), call.at("form"), call.at("json")
    address = f'"{_address(call, base)}{"?" if query else ""}"'
    if query:
        address += f" . http_build_query({_php(query)})"
    headers = [f'"{name}: {value}"' for name, value in _headers(call, "").items()]
    if call.needs_token:
        headers[0] = '"Authorization: Bearer " . getenv("TOKEN")'
    if body:
        headers.append('"Content-Type: application/json"')
    options = {"CURLOPT_RETURNTRANSFER": "true"}
    if headers:
        options["CURLOPT_HTTPHEADER"] = f"[{', '.join(headers)}]"
    if call.method not in {"GET", "POST"}:
        options["CURLOPT_CUSTOMREQUEST"] = f'"{call.method}"'
    elif call.method == "POST":
        options["CURLOPT_POST"] = "true"
    if form:
        options["CURLOPT_POSTFIELDS"] = f"http_build_query({_php(form)})"
    elif body:
        options["CURLOPT_POSTFIELDS"] = f"json_encode({_php(body)})"
    elif call.method == "POST":
        options["CURLOPT_POSTFIELDS"] = '""'
    lines = "".join(f"    {name} => {value},\n" for name, value in options.items())
    end = (
        "if (curl_getinfo($request, CURLINFO_RESPONSE_CODE) >= 300) {\n    throw new RuntimeException($body);\n}"
        if call.answer is None
        else "$answer = json_decode($body, true);\n"
        'if ($answer["code"] !== 0) {\n    throw new RuntimeException($answer["message"]);\n}\n'
        'print_r($answer["data"]);'
    )
    begin = f"<?php\n$request = curl_init({address});\ncurl_setopt_array($request, [\n{lines}]);"
    return f"{begin}\n$body = curl_exec($request);\n{end}"


def _php(value: Any) -> str:
    if _is_secret(value):
        return f'getenv("{value[1:]}")'
    if isinstance(value, dict):
        return _pairs({name: _php(one) for name, one in value.items()}, " => ", "[]")
    if isinstance(value, list):
        return "[" + ", ".join(map(_php, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("$", r"\$")


def _headers(call: Call, token: str) -> dict[str, str]:
    """The token's header first, then those that the call takes."""
    mine = {"Authorization": f"Bearer {token}"} if call.needs_token else {}
    return {**mine, **{name: str(value) for name, value in call.at("header").items()}}


def _address(call: Call, base: str) -> str:
    path = call.path
    for name, value in call.at("path").items():
        path = path.replace(f"{{{name}}}", str(value))
    return base + path


def _pairs(values: dict[str, str], between: str, brackets: str = "{}") -> str:
    """Names and values as a literal: on one line, or each on its own."""
    written = [f'"{name}"{between}{value}' for name, value in values.items()]
    if len(written) < 2:
        return f"{brackets[0]}{', '.join(written)}{brackets[1]}"
    lines = "".join(f"        {one},\n" for one in written)
    return f"{brackets[0]}\n{lines}    {brackets[1]}"


def _is_secret(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("$")


LANGUAGES: dict[str, Callable[[Call, str], str]] = {"curl": curl, "Python": python, "PHP": php}
