"""Passwords, kept as argon2id: 19 MiB, two passes, one lane, as OWASP's password storage page asks at the least.

More would let a handful of logins at once take the memory of a small machine.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from lighttrap.errors import InputFault, TooManyTries

SHORTEST = 12
LONGEST = 200
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""Verified in place of the hash of a login that is not there, so that both take the same time; fits no password."""
AT_ONCE = 4
"""Hashings side by side at most, whatever the number of connections: each takes 19 MiB and one core."""
WAIT_S = 5.0
"""So long one waits for a hashing; then whoever asks is told to come again."""
# Threads of their own: what a thread has freed stays with it, so that hashing in forty would keep forty times as much.
WORKERS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
Result = TypeVar("Result")


def hashed(password: str) -> str:
    """What is kept of a password.

    Raises InputFault when it is shorter than 12 characters or longer than 200, TooManyTries when too many are hashed.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputFault(f"a password has from {SHORTEST} to {LONGEST} characters; a sentence is easy to keep in mind")
    return _in_turn(_HASHER.hash, password)


def fits(password: str, kept: str) -> bool:
    """Whether this is the password that was kept. Raises TooManyTries when too many are hashed."""
    try:
        return _in_turn(_HASHER.verify, kept, password)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether it was kept under other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def _in_turn(work: Callable[..., Result], *given: str) -> Result:
    made = WORKERS.submit(work, *given)
    try:
        return made.result(WAIT_S)
    except TimeoutError:
        made.cancel()
        raise TooManyTries("too many people log in at this moment; wait a little", retry_after_s=10) from None
