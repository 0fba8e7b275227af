"""Brings the dashboard's catalogues up to what the code says: adds what is new, drops what nobody says any more.

    python -m scripts.translations

New entries are empty: a person fills them in, and whoever is not sure of a wording marks it `fuzzy`.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from dashboard import words

ROOT = Path(__file__).parent.parent
_SPEAKERS = {"say", "words", "self"}


def texts() -> set[str]:
    """Every text that the pages say: the first argument of `say(...)`, and the days of the week.

    By the syntax tree: Babel's own extraction does not look into f-strings.
    """
    return {text for path in sorted((ROOT / "dashboard").rglob("*.py")) for text in _said(path)} | set(words.DAYS)


def main() -> None:
    """Updates every catalogue in place."""
    wanted = Catalog()
    for text in texts():
        wanted.add(text)
    for path in sorted(words.FOLDER.glob("*.po")):
        catalogue = read_po(io.BytesIO(path.read_bytes()), locale=path.stem)
        catalogue.update(wanted, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        with path.open("wb") as file:
            write_po(file, catalogue, sort_output=True, no_location=True, omit_header=True, width=110)
        empty = sum(1 for message in catalogue if message.id and not message.string)
        print(f"{path.name}: {len(catalogue)} texts, {empty} to translate")


def _said(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in _SPEAKERS:
            text = node.args[0] if node.args else None
            if isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value:
                yield text.value


if __name__ == "__main__":
    main()
