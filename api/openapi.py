"""The OpenAPI document: FastAPI's, with our problems in place of its own errors."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api import problems

PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Not answered as asked: a problem of RFC 9457.",
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
_DESCRIPTION = """\
The one door to what light traps counted: for people, dashboards, operations centres and scripts. What is promised to
stay as it is, how to log in, and examples: docs/api.md.
"""


def document(app: FastAPI) -> dict[str, Any]:
    """The document of this app, made once."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version="1", description=_DESCRIPTION, routes=app.routes)
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        problem = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs", {})
        schemas["Problem"] = problem
        for path in made["paths"].values():
            if "get" in path and "application/json" in path["get"]["responses"].get("200", {}).get("content", {}):
                path["get"]["responses"]["304"] = {"description": "As you know it: its ETag is in If-None-Match."}
        app.openapi_schema = made
    return app.openapi_schema
