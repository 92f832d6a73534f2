"""Describes the forms of the routes for OpenAPI, because the server reads them itself, byte by byte."""

from collections.abc import Mapping

Schema = Mapping[str, object]

PICTURE = {"type": "string", "format": "binary", "description": "JPEG, PNG, WebP or BMP"}
FACE = {
    "type": "string",
    "pattern": "^(largest|all|[0-9]{1,4})$",
    "default": "largest",
    "description": "largest, all, or a number that /v1/detect gave (0 is the largest)",
}
ONE_FACE = {
    "type": "string",
    "pattern": "^(largest|[0-9]{1,4})$",
    "default": "largest",
    "description": "largest, or a number that /v1/detect gave (0 is the largest)",
}
MODEL = {"type": "string", "description": "a name that /v1/models gave; its default where left out"}


def form_schema(required: tuple[str, ...], **fields: Schema) -> dict[str, object]:
    """The `openapi_extra` of a route that takes a multipart form with these `fields`."""
    schema = {
        "type": "object",
        "required": list(required),
        "properties": fields,
        "additionalProperties": False,
    }
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def several(schema: Schema, most: int) -> dict[str, object]:
    """A field that may come up to `most` times."""
    return {"type": "array", "items": schema, "minItems": 1, "maxItems": most}
