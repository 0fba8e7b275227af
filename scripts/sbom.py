"""`python -m scripts.sbom FROM TO`: a CycloneDX bill of materials of what runs, out of that of a whole environment.

Only what `requirements/server.txt` pins is left, and no address: an address says where somebody fetched, and the
package URL (purl) says what it is. The same packages give the same bytes.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PINS = ROOT / "requirements" / "server.txt"


def pinned(text: str) -> dict[str, str]:
    """Versions by name, as PEP 503 writes names."""
    pairs = (line.partition(";")[0].strip().partition("==") for line in text.splitlines() if "==" in line)
    return {normal(name): version for name, _, version in pairs}


def normal(name: str) -> str:
    """A name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def narrowed(bom: dict[str, Any], pins: dict[str, str]) -> dict[str, Any]:
    """The bill without what is not pinned for servers. Raises ValueError when the environment is not as pinned."""
    kept = [one for one in bom["components"] if pins.get(normal(one["name"])) == one["version"]]
    found = {normal(one["name"]) for one in kept}
    if missing := sorted(set(pins) - found):
        raise ValueError(f"not installed as pinned: {', '.join(missing)}")
    refs = {one["bom-ref"] for one in kept} | {bom["metadata"]["component"]["bom-ref"]}
    edges = [
        {**one, "dependsOn": [ref for ref in one.get("dependsOn", ()) if ref in refs]}
        for one in bom["dependencies"]
        if one["ref"] in refs
    ]
    narrow: dict[str, Any] = _without_addresses({**bom, "components": kept, "dependencies": edges})
    return narrow


def _without_addresses(node: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(node, dict):
        return {key: _without_addresses(inner) for key, inner in node.items() if key != "externalReferences"}
    return [_without_addresses(inner) for inner in node] if isinstance(node, list) else node


def main() -> int:
    """Reads the bill of the environment and writes ours."""
    source, target = map(Path, sys.argv[1:])
    try:
        bom = narrowed(json.loads(source.read_text(encoding="utf-8")), pinned(PINS.read_text(encoding="utf-8")))
    except ValueError as fault:
        print(f"SBOM NOT MADE: {fault}; run make install")
        return 1
    target.write_text(json.dumps(bom, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"SBOM: {len(bom['components'])} packages in {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
