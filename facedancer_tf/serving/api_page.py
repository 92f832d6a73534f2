"""Writes the description of the API, OpenAPI, as a plain page that loads nothing from elsewhere."""

import json
from html import escape
from typing import Any

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API of this server</title>
<link rel="stylesheet" href="/page/api.css">
</head>
<body>
<main>
<h1>API of this server</h1>
<p>This page is made from <a href="/openapi.json">/openapi.json</a>. Every failure is JSON with a code and a message.
<a href="/">Back to the page</a></p>
"""


def api_page(openapi: dict[str, Any]) -> str:
    """The page in HTML for an OpenAPI description."""
    parts = [_HEAD]
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            parts.append(_operation(method.upper(), path, operation))
    parts.append("<h2>Answers in JSON</h2>\n")
    for name, schema in openapi["components"]["schemas"].items():
        parts.append(_table(name, schema))
    return "".join([*parts, "</main>\n</body>\n</html>\n"])


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    form = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data", {})
    answers = "".join(
        f"<li>{escape(status)}: {escape(_answer(answer))}</li>"
        for status, answer in operation["responses"].items()
    )
    return (
        f"<section>\n<h2><code>{method} {escape(path)}</code></h2>\n<p>{escape(operation.get('description', ''))}</p>\n"
        + (_table("Form", form["schema"]) if form else "")
        + f"<ul>{answers}</ul>\n</section>\n"
    )


def _answer(answer: dict[str, Any]) -> str:
    kinds = [
        f"{media} {_kind(content.get('schema', {}))}".strip()
        for media, content in answer.get("content", {}).items()
    ]
    return ", ".join(kinds) or answer.get("description", "")


def _table(caption: str, schema: dict[str, Any]) -> str:
    required = schema.get("required", [])
    rows = "".join(
        f"<tr><th scope='row'><code>{escape(name)}</code></th><td>{escape(_kind(field))}</td>"
        f"<td>{'yes' if name in required else 'no'}</td><td>{escape(_said(field))}</td></tr>\n"
        for name, field in schema.get("properties", {}).items()
    )
    columns = ("name", "kind", "required", "what")
    heads = "".join(f"<th scope='col'>{name}</th>" for name in columns)
    body = f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>"
    return f"<table>\n<caption>{escape(caption)}</caption>\n{body}\n</table>\n"


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return "file" if schema.get("format") == "binary" else str(schema.get("type", ""))


def _said(schema: dict[str, Any]) -> str:
    said = [str(schema.get("description", schema.get("items", {}).get("description", "")))]
    if "enum" in schema:
        said.append(" or ".join(map(str, schema["enum"])))
    if "default" in schema:
        said.append(f"default {json.dumps(schema['default'])}")
    return "; ".join(part for part in said if part)
