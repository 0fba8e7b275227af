"""The running API against its own OpenAPI document, asked by every role: no 5xx, no answer that breaks the schema.

Bounded by default; `LIGHTTRAP_SCHEMA_EXAMPLES=1000` looks longer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.schemas import BaseSchema

from api.main import operations
from lighttrap import model
from lighttrap.model import Role
from lighttrap.store import pool, quarantine, recipients
from tests.builders import NIGHTFALL, ORG, TRAP, a_topic, a_trap
from tests.cluster import Databases
from tests.fix_api import ApiProgram, a_token

EXAMPLES = int(os.environ.get("LIGHTTRAP_SCHEMA_EXAMPLES", "5"))
CHECKS = (
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
)
OPERATIONS = [(path, route.name) for path, route in operations()]
World = tuple[BaseSchema, dict[Role, dict[str, str]]]


@pytest.fixture(scope="module")
def world(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """What a running app says of itself, and the headers of each role."""
    dsn = databases.clone()
    conn = pool.connect(dsn)
    a_trap(conn)
    conn.execute("INSERT INTO field (field_id, org_id, name) VALUES ('field-7', %s, 'Ruộng')", (ORG,))
    conn.execute(
        "INSERT INTO alert (org_id, kind, trap_id, fault, level, highest, opened_night)"
        " VALUES (%s, 'device', %s, 'lamp', 2, 2, '2025-11-22')",
        (ORG, TRAP),
    )
    # Of each the first, so that small numbers in paths find something.
    conn.execute(
        "INSERT INTO alert_event (alert_id, number, word, level, night) VALUES (1, 1, 'raised', 2, '2025-11-22')"
    )
    recipients.add_recipient(conn, model.Recipient(ORG, "Bà Tư", addresses={"sms": "0912345678"}))
    recipients.subscribe(conn, model.Subscription(1))
    refusal = quarantine.Refusal(NIGHTFALL, a_topic().encode(), b"\xff{", "not_json", "no JSON", TRAP)
    quarantine.insert(conn, [refusal])
    headers = {role: a_token(conn, ORG, role) for role in Role}
    conn.close()
    many = {f"LIGHTTRAP_API__REQUESTS_PER_{who}": "1000000" for who in ("CALLER", "ADDRESS")}
    # Or the answer of a live stream would not end.
    brief = {"LIGHTTRAP_API__LIVE_S": "0.05"}
    program = ApiProgram(dsn, tmp_path_factory.mktemp("schema") / "api.log", **many, **brief)
    program.start()
    try:
        program.wait_until_ready()
        yield schemathesis.openapi.from_url(f"{program.url}/v1/openapi.json"), headers
    finally:
        program.kill()
        databases.drop(dsn)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("path", "name"), OPERATIONS)
def test_every_answer_is_as_the_document_says(world: World, path: str, name: str):
    schema, headers = world
    operation = next(one for one in schema[path].values() if one.definition.raw["operationId"] == name)

    @settings(
        max_examples=EXAMPLES,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case[Any]) -> None:
        for role in Role:
            if "org_id" in case.path_parameters:
                case.path_parameters["org_id"] = ORG
            case.call_and_validate(headers=headers[role], checks=list(CHECKS))

    ask()
