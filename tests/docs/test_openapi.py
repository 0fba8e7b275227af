"""docs/openapi.json and docs/api.md say what the API does."""

from __future__ import annotations

import json
import re

from lighttrap.model import Role
from lighttrap.permissions import ALLOWED
from scripts import openapi

TEXT = (openapi.ROOT / openapi.PAGE).read_text(encoding="utf-8")
GUIDE = (openapi.ROOT / "docs/api.md").read_text(encoding="utf-8")
OPERATIONS = [
    operation
    for path in json.loads(TEXT)["paths"].values()
    for method, operation in path.items()
    if method in ("get", "post", "put", "delete", "patch")
]


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
    assert sorted(heads) == sorted(Role)
    told: dict[str, set[str]] = {head: set() for head in heads}
    for names, *cells in rows[1:]:
        for head, cell in zip(heads, cells, strict=True):
            told[head] |= {name.strip() for name in names.split(",")} if "yes" in cell else set()
    assert told == {str(role): set(map(str, ALLOWED[role])) for role in Role}
