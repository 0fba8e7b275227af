"""`python -m tests.fuzz`: lets atheris look for bytes that the decoders read wrong. Options are libFuzzer's.

What it learns stays in .fuzz/corpus, and what breaks a decoder is kept in .fuzz/ to be tried again:
`python -m tests.fuzz .fuzz/crash-...`.
"""

from __future__ import annotations

import importlib
import random
import sys
from hashlib import sha256
from pathlib import Path

try:
    atheris = importlib.import_module("atheris")  # only `make fuzz` installs it, so that checks must do without
except ImportError:
    sys.exit(
        "atheris is not installed: it has no wheel for this Python, or was never asked for (make fuzz installs it)"
    )

with atheris.instrument_imports(include=["lighttrap", "tests.fuzz.target"]):
    from tests.fuzz import target

PLACE = Path(".fuzz")
SECONDS = 60
BLIND = 0.3
"""Share of the changes that know nothing of JSON."""
LONGEST = 4096
"""Bytes of an input: longer ones are tried by the tests, and slow the search."""


def main() -> None:
    """Writes the seeds, then searches."""
    corpus = PLACE / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        if len(seed) <= LONGEST:
            (corpus / sha256(seed).hexdigest()).write_bytes(seed)
    lexicon = PLACE / "words"
    lexicon.write_text("".join(f'"{_quoted(word)}"\n' for word in target.words()), encoding="ascii")
    chosen = [
        f"-max_total_time={SECONDS}",
        f"-max_len={LONGEST}",
        "-mutate_depth=2",
        "-keep_seed=1",
        "-reduce_inputs=0",
        f"-dict={lexicon}",
        f"-artifact_prefix={PLACE}/",
    ]
    given = sys.argv[1:]
    inputs = [] if any(not one.startswith("-") for one in given) else [str(corpus)]
    atheris.Setup([sys.argv[0], *chosen, *given, *inputs], target.check, custom_mutator=_mutate)
    atheris.Fuzz()


def _mutate(data: bytes, max_size: int, seed: int) -> bytes:
    rng = random.Random(seed)
    if rng.random() < BLIND:
        return bytes(atheris.Mutate(data, max_size))
    return target.exchange(data, rng)[:max_size]


def _quoted(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"')


if __name__ == "__main__":
    main()
