"""docs/protocol.md and docs/asyncapi.json say what the code does."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ingest import pipeline, sorting
from lighttrap import strictjson, topics, wire
from lighttrap.errors import TopicError
from scripts import asyncapi, protocol
from tests import corpus
from tests.corpus import Golden, Malformed

ROOT = Path(__file__).parents[2]
PAGES = {**asyncapi.PAGES, **protocol.PAGES}
PAGE = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
DOCUMENT: dict[str, Any] = json.loads((ROOT / "docs/asyncapi.json").read_text(encoding="utf-8"))
GOLDEN = corpus.golden()
REASON_ROW = re.compile(r"(?m)^\| `([a-z0-9_]+)` \| [^|]+ \| [^|]+ \|$")
PUBLISHED = re.compile(r"mosquitto_pub [^']*-t (\S+) -m '([^']*)'")
# What a schema sees: a missing field, a wrong type, a number out of range. The rest is the decoder's.
SEEN = (
    "without-", "count-true", "count-text", "count-5.5", "count-minus-1", "count-over", "count-null", "count-list",
    "seq-zero", "seq-text", "seq-null", "seq-1.5", "species-capitals", "species-65", "version-2.json", "version-0",
    "start-number", "start-without-zone", "start-null",
)  # fmt: skip
SEEN_BY_A_SCHEMA = [case for case in corpus.malformed() if case.name.startswith(SEEN)]


def reasons_in_the_code() -> set[str]:
    """Every reason a message can be quarantined for, as the sources spell them."""
    sources = "".join(inspect.getsource(module) for module in (wire, strictjson, sorting))
    said = set(re.findall(r'(?:Packet|Wire)Error\(\s*"([a-z0-9_]+)"', sources))
    database = {pipeline.DATABASE, pipeline.LATE_COMPRESSED}
    return said | database | set(pipeline.DETAILS) | {TopicError("").reason}


def schema_of(kind: topics.Kind) -> dict[str, Any]:
    """A packet's schema, able to resolve what it refers to."""
    return {"$ref": DOCUMENT["components"]["messages"][kind.value]["payload"]["$ref"], **DOCUMENT}


def references(node: Any) -> set[str]:  # noqa: ANN401 - any JSON value
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(inner) for inner in node.values()))
    return set().union(*(references(inner) for inner in node)) if isinstance(node, list) else set()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_generated_page_does_not_lag(name: str):
    assert (ROOT / name).read_text(encoding="utf-8") == PAGES[name](), "run scripts/docs"


def test_every_packet_and_nearly_every_golden_file_stands_in_the_page():
    for kind in topics.Kind:
        assert f"<!-- fields: {kind} -->\n| field |" in PAGE
    shown = set(re.findall(r"<!-- example: (\S+) -->", PAGE))
    unshown = {"reading-full.json", "reading-odd-texts.json", "reading-unknown-fields.json", "status-sleep.json",
               "event-lamp-on.json"}  # fmt: skip
    assert shown == {case.name for case in GOLDEN} - unshown


def test_table_of_refusals_names_the_reasons_of_the_code():
    rows = REASON_ROW.findall(PAGE[PAGE.index("## 15 Refusals") : PAGE.index("## 16")])
    assert len(rows) == len(set(rows)) == 19
    assert set(rows) == reasons_in_the_code()


def test_commands_to_try_send_packets_that_are_understood():
    commands = PUBLISHED.findall(PAGE.replace("\\\n", " "))
    assert len(commands) == 3
    for topic, payload in commands:
        assert wire.decode(topics.parse(topic).kind, payload.encode()).v == 1


# AsyncAPI


def test_every_reference_leads_somewhere():
    found = references(DOCUMENT)
    assert found
    for reference in found:
        node: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node


@pytest.mark.parametrize("kind", topics.Kind)
def test_each_kind_has_its_channel_and_operation(kind: topics.Kind):
    channel = DOCUMENT["channels"][kind.value]
    assert set(re.findall(r"\{(\w+)\}", channel["address"])) == set(channel["parameters"])
    assert topics.parse(channel["address"].format(org="soc-trang", trap_id="st-014")).kind is kind
    (operation,) = (
        one for one in DOCUMENT["operations"].values() if one["channel"]["$ref"] == f"#/channels/{kind.value}"
    )
    assert operation["action"] == ("send" if kind in topics.UP else "receive")
    assert operation["bindings"]["mqtt"]["qos"] == 1


def test_schemas_are_schemas():
    for name, schema in DOCUMENT["components"]["schemas"].items():
        jsonschema.Draft7Validator.check_schema(schema)
        assert "title" not in schema, name


@pytest.mark.parametrize(
    "case", [case for case in GOLDEN if "out-of-range" not in case.name], ids=lambda case: case.name
)
def test_golden_packet_fits_its_schema(case: Golden):
    jsonschema.Draft7Validator(schema_of(case.kind)).validate(json.loads(case.payload))


@pytest.mark.parametrize("case", SEEN_BY_A_SCHEMA, ids=lambda case: case.name)
def test_malformed_packet_does_not_fit_its_schema(case: Malformed):
    assert not jsonschema.Draft7Validator(schema_of(case.kind)).is_valid(json.loads(case.payload))


def test_malformed_packets_were_found_for_the_schemas():
    assert len(SEEN_BY_A_SCHEMA) >= 20
