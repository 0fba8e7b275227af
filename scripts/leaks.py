"""`python -m scripts.leaks`: looks for secrets in the tree and in every change that led to it. Exit code 1: found some.

Forms that only secrets have, and no guess at what looks random: those who look at false alarms each day stop looking.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
FORMS = {
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\\n|\s)*\+?\s*[A-Za-z0-9+/=]{40,}",
    "token of ours": r"\blt_[A-Za-z0-9_-]{40,}",
    "connect code of a trap": r"mqtts?://[a-z0-9-]{3,32}:[a-z2-9]{32}@",
    "hash of a broker's password": r"\$7\$\d+\$[A-Za-z0-9+/=]{16}\$[A-Za-z0-9+/=]{80,}",
    "hash of a password": r"\$argon2id\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]{16,}\$[A-Za-z0-9+/]{40,}",
    "key of a cloud": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_-]{35}\b",
    "token of a forge": r"\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_[A-Za-z0-9_]{60,}|\bglpat-[A-Za-z0-9_-]{20,}",
    "token of a package index": r"\bpypi-AgE[A-Za-z0-9_-]{50,}|\bnpm_[A-Za-z0-9]{36}\b",
    "token of a messenger": r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b|\bxox[abprs]-[A-Za-z0-9-]{20,}",
    "signed token": r"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,}",
}
_ANY = {name: re.compile(form) for name, form in FORMS.items()}
# How those begin that were made up and open nothing.
KNOWN = (
    "mqtts://st-014:hd7kq2m9xw3ztp5vr8nf4yjc6bag2esu@",  # the example of docs/protocol.md
    "$7$101$MvpryJ4MlRJwWwv9$",  # made by mosquitto_passwd of a word that the test says
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAA",  # of no password, for unknown logins, in lighttrap/passwords.py
)


class Leak(NamedTuple):
    """Something that looks like a secret: where, what, and its first characters."""

    where: str
    form: str
    begins: str


def found_in(where: str, text: str) -> Iterator[Leak]:
    """What looks like a secret in a text, but for what is known to be none."""
    for form, pattern in _ANY.items():
        for match in pattern.finditer(text):
            if not match[0].startswith(KNOWN):
                yield Leak(where, form, match[0][:24])


def in_tree() -> Iterator[Leak]:
    """Those in the files that git knows, as they lie here."""
    for name in _git("ls-files", "-z").split("\0"):
        path = ROOT / name
        if name and path.is_file():
            yield from found_in(name, path.read_text(encoding="utf-8", errors="replace"))


def in_history() -> Iterator[Leak]:
    """Those in lines that some commit added or took away."""
    log = _git("log", "-p", "--no-color", "--no-ext-diff", "--no-textconv", "--unified=0", "--format=%x00%h", "HEAD")
    for part in log.split("\0")[1:]:
        commit, _, changes = part.partition("\n")
        yield from found_in(f"commit {commit}", changes)


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True)
    return done.stdout.decode("utf-8", "replace")


def main(leaks: Iterable[Leak]) -> int:
    """Tells what was found; 1 when there is any."""
    told = sorted(set(leaks))
    for leak in told:
        print(f"{leak.where}: {leak.form}: {leak.begins}...")
    if told:
        print("A secret that was ever committed is known: make it worthless first, then see SECURITY.md.")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main([*in_tree(), *in_history()]))
