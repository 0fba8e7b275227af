"""docs/openapi.json and docs/api.md say what the API does."""

from __future__ import annotations

import json
import re

from api.permissions import ALLOWED, Permission
from lighttrap.model import Role
from scripts import openapi

TEXT = (openapi.ROOT / openapi.PAGE).read_text(encoding="utf-8")
GUIDE = (openapi.ROOT / "docs/api.md").read_text(encoding="utf-8")
OPERATIONS = [
    operation
    for path in json.loads(TEXT)["paths"].values()
    for method, operation in path.items()
    if method in ("get", "post", "put", "delete", "patch")
]
COLUMNS = {
    "see": Permission.SEE,
    "see losses": Permission.SEE_LOSSES,
    "keep traps": Permission.KEEP_TRAPS,
    "keep fields": Permission.KEEP_FIELDS,
    "set rules": Permission.SET_RULES,
    "work alerts": Permission.WORK_ALERTS,
    "people, tokens, audit": Permission.KEEP_PEOPLE,
}


def test_document_does_not_lag():
    assert openapi.page() == TEXT, "run scripts/docs"


def test_operations_have_an_id_of_their_own_a_tag_and_a_description():
    ids = [operation["operationId"] for operation in OPERATIONS]
    assert len(ids) == len(set(ids)) > 30
    for operation in OPERATIONS:
        assert re.fullmatch(r"[a-z_]+", operation["operationId"])
        assert operation["tags"]
        assert operation["description"]
        assert "default" in operation["responses"]


def test_table_of_roles_in_the_guide_is_that_of_the_code():
    rows = [line.strip("|").split("|") for line in GUIDE.splitlines() if line.startswith("|") and "---" not in line]
    heads = [cell.strip() for cell in rows[0][1:]]
    assert heads == list(COLUMNS)
    told = {
        row[0].strip(): {head for head, cell in zip(heads, row[1:], strict=True) if "yes" in cell} for row in rows[1:]
    }
    assert told == {str(role): {head for head in heads if COLUMNS[head] in ALLOWED[role]} for role in Role}
