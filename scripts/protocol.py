"""Fills docs/protocol.md: what stands between `<!-- ... -->` and `<!-- end -->` comes from the models and files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from lighttrap import strictjson, topics, wire
from scripts import asyncapi
from tests import corpus

ROOT = Path(__file__).parent.parent
PAGE = "docs/protocol.md"
_TIME_OF_DAY = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
_BLOCK = re.compile(r"(?s)<!-- (fields|example|topics|limits)(?:: ([\w.-]+))? -->\n.*?<!-- end -->")


def page() -> str:
    """The text of docs/protocol.md, its generated parts new."""
    return _BLOCK.sub(_filled, (ROOT / PAGE).read_text(encoding="utf-8"))


def _filled(block: re.Match[str]) -> str:
    what, of = block[1], block[2]
    text = {"fields": _fields, "example": _example, "topics": _topics, "limits": _limits}[what](of)
    return f"<!-- {what}{f': {of}' if of else ''} -->\n{text}<!-- end -->"


def _fields(name: str) -> str:
    """The table of one packet's fields."""
    model: type[BaseModel] = wire.PACKETS[topics.Kind(name)]
    schema = model.model_json_schema()
    rows = (
        f"| `{field}` | {_type(schema['properties'][field])} | {'yes' if info.is_required() else ''} |"
        f" {info.description or ''} |\n"
        for field, info in model.model_fields.items()
    )
    return "| field | type | required | meaning |\n|---|---|---|---|\n" + "".join(rows)


def _type(schema: dict[str, Any]) -> str:
    """A field's type in words."""
    if "anyOf" in schema:
        return _type(next(one for one in schema["anyOf"] if one.get("type") != "null"))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " or ".join(f"`{word}`" for word in schema["enum"])
    words = {"integer": _number, "number": _number, "string": _text, "object": _map, "array": _list}
    return words[schema["type"]](schema) if schema["type"] in words else "`true` or `false`"


def _number(schema: dict[str, Any]) -> str:
    kind = "whole number" if schema["type"] == "integer" else "number"
    return f"{kind}, {_figure(schema['minimum'])} to {_figure(schema['maximum'])}"


def _figure(value: int) -> str:
    return "2^53 - 1" if value == wire.MAX_INTEGER else f"{value:,}"


def _text(schema: dict[str, Any]) -> str:
    if "format" in schema:
        return {"date-time": "time", "date": "date"}[schema["format"]]
    if schema.get("maxLength") == 256:
        return "text, at most 256 characters, none of them control characters"
    if schema["pattern"] == _TIME_OF_DAY:
        return "time of day, `HH:MM`"
    longest = f", at most {schema['maxLength']} characters" if "maxLength" in schema else ""
    return f"text like `{schema['pattern']}`{longest}"


def _map(schema: dict[str, Any]) -> str:
    (inner,) = schema["patternProperties"].values()
    return f"object, at most {schema['maxProperties']} species keys, each with a {_number(inner)}"


def _list(_schema: dict[str, Any]) -> str:
    inner = wire.Watermark.model_json_schema()["properties"]
    return "list of objects with " + " and ".join(f"`{name}` ({_number(one)})" for name, one in inner.items())


def _example(name: str) -> str:
    """A golden packet with its topic."""
    case = next(case for case in corpus.golden() if case.name == name)
    retained = ", retained" if case.retain else ""
    topic = topics.build("soc-trang", "st-014", case.kind)
    return f"{case.means} To `{topic}`{retained}:\n```json\n{case.payload.decode()}\n```\n"


def _topics(_of: str) -> str:
    head = "| topic | direction | QoS | retained | what |\n|---|---|---|---|---|\n"
    rows = (
        f"| `{topics.PREFIX}/{{org}}/{{trap_id}}/{kind}` | {'up' if kind in topics.UP else 'down'} | 1 |"
        f" {'yes' if asyncapi.is_retained(kind) else 'never'} | {asyncapi.summary_of(kind)} |\n"
        for kind in topics.Kind
    )
    return head + "".join(rows)


def _limits(_of: str) -> str:
    rows = {
        "bytes of a payload": wire.MAX_PAYLOAD_BYTES,
        "objects and lists within each other": strictjson.MAX_DEPTH,
        "species in a packet": wire.MAX_SPECIES,
        "insects of one species in a reading": wire.MAX_COUNT,
        "hours from `start` to `end`": int(wire.MAX_INTERVAL.total_seconds() // 3600),
    }
    return "| at most | |\n|---|---|\n" + "".join(f"| {what} | {limit:,} |\n" for what, limit in rows.items())


PAGES = {PAGE: page}


def main() -> None:
    """Writes the page."""
    for name, text in PAGES.items():
        (ROOT / name).write_text(text(), encoding="utf-8")
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
