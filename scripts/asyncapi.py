"""Writes docs/asyncapi.json, protocol v1 as AsyncAPI 3.0, from the packet models, the topics and the golden packets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from lighttrap import topics, wire
from tests import corpus

ROOT = Path(__file__).parent.parent
KEEPALIVE_S = 60
SESSION_EXPIRY_S = 30 * 86_400

_ABOUT = """\
What light traps and lighttrap say to each other over MQTT 5, seen from the trap: it sends readings, status, events \
and summaries, and receives what is stored and what is asked of it. docs/protocol.md says in words what a schema \
cannot: when a packet is sent, what must be kept, and what becomes of a packet that is refused."""
_PARAMETERS = {
    "org": {"description": f"Who owns the trap: {topics.SLUG.pattern}", "examples": ["soc-trang"]},
    "trap_id": {
        "description": f"The trap, unique in an installation: {topics.TRAP_ID.pattern}",
        "examples": ["st-014"],
    },
}

Json = dict[str, Any]


def document() -> Json:
    """The whole document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "lighttrap protocol",
            "version": f"{wire.VERSION}.0.0",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": {kind.value: _channel(kind) for kind in topics.Kind},
        "operations": {_operation_name(kind): _operation(kind) for kind in topics.Kind},
        "components": {
            "messages": {kind.value: _message(kind) for kind in topics.Kind},
            "parameters": _PARAMETERS,
            "schemas": _schemas(),
        },
    }


def text() -> str:
    """The text of docs/asyncapi.json."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _server() -> Json:
    will = next(case for case in corpus.golden() if case.name == "status-will.json")
    return {
        "host": "{host}",
        "protocol": "mqtt",
        "protocolVersion": "5.0",
        "description": "The station's broker; outside one machine with TLS and a login for each trap.",
        "variables": {"host": {"default": "127.0.0.1:1883", "description": "Address and port."}},
        "bindings": {
            "mqtt": {
                "cleanSession": False,
                "keepAlive": KEEPALIVE_S,
                "sessionExpiryInterval": SESSION_EXPIRY_S,
                "lastWill": {
                    "topic": _address(will.kind),
                    "qos": 1,
                    "retain": will.retain,
                    "message": will.payload.decode(),
                },
                "bindingVersion": "0.2.0",
            }
        },
    }


def _address(kind: topics.Kind) -> str:
    return f"{topics.PREFIX}/{{org}}/{{trap_id}}/{kind.value}"


def _channel(kind: topics.Kind) -> Json:
    return {
        "address": _address(kind),
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in _PARAMETERS},
        "messages": {kind.value: {"$ref": f"#/components/messages/{kind.value}"}},
    }


def _operation_name(kind: topics.Kind) -> str:
    return f"{'send' if kind in topics.UP else 'receive'}{kind.value.capitalize()}"


def _operation(kind: topics.Kind) -> Json:
    return {
        "action": "send" if kind in topics.UP else "receive",
        "channel": {"$ref": f"#/channels/{kind.value}"},
        "messages": [{"$ref": f"#/channels/{kind.value}/messages/{kind.value}"}],
        "bindings": {"mqtt": {"qos": 1, "retain": is_retained(kind), "bindingVersion": "0.2.0"}},
    }


def is_retained(kind: topics.Kind) -> bool:
    """Whether packets of a kind are retained, as the golden ones are."""
    return any(case.retain for case in corpus.golden() if case.kind is kind)


def summary_of(kind: topics.Kind) -> str:
    """A packet in one line."""
    return (wire.PACKETS[kind].__doc__ or "").strip().splitlines()[0]


def _message(kind: topics.Kind) -> Json:
    packet = wire.PACKETS[kind]
    examples = [case for case in corpus.golden() if case.kind is kind and not case.ignored]
    return {
        "name": packet.__name__,
        "title": kind.value,
        "summary": summary_of(kind),
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{packet.__name__}"},
        "examples": [
            {"name": Path(case.name).stem, "summary": case.means, "payload": json.loads(case.payload)}
            for case in examples
        ],
    }


def _schemas() -> Json:
    models = [(packet, "validation") for packet in wire.PACKETS.values()]
    _, found = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    schemas: Json = _tidy(found["$defs"])
    return schemas


def _tidy(schema: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Without pydantic's titles, which repeat the names, and with what its patterned maps leave unsaid."""
    if isinstance(schema, list):
        return [_tidy(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _tidy(value) for key, value in schema.items() if not (key == "title" and isinstance(value, str))}
    if "patternProperties" in kept:
        kept["additionalProperties"] = False
    return kept


PAGES = {"docs/asyncapi.json": text}


def main() -> None:
    """Writes the document."""
    for name, written in PAGES.items():
        (ROOT / name).write_text(written(), encoding="utf-8")
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
