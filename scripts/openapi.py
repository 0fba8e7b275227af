"""Writes docs/openapi.json from the API's routes, so that it cannot lag."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import SecretStr

from api.config import ApiSettings
from api.main import create_app
from lighttrap.config import DatabaseSettings

ROOT = Path(__file__).parent.parent
PAGE = "docs/openapi.json"


def page() -> str:
    """The text of docs/openapi.json; nothing is connected to."""
    app = create_app(ApiSettings(database=DatabaseSettings(dsn=SecretStr("postgresql:///nothing"))))
    return json.dumps(app.openapi(), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Writes the file."""
    (ROOT / PAGE).write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
