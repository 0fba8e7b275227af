"""Chance that can be asked twice: a draw is a pure function of the words it is asked with.

A trap that is restarted must live in the same world, and a resent reading must have the same bytes. So nothing here
keeps a state; every draw hashes its own name, such as (seed, "rain", place, day).
"""

from __future__ import annotations

import hashlib
import math
from statistics import NormalDist

_NORMAL = NormalDist()
_SCALE = 2.0**-53


def number(*words: object) -> int:
    """64 bits that depend on the words and on nothing else."""
    text = "\x1f".join(map(str, words)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def unit(*words: object) -> float:
    """A draw from [0, 1)."""
    return (number(*words) >> 11) * _SCALE


def between(low: float, high: float, *words: object) -> float:
    """A draw from [low, high)."""
    return low + (high - low) * unit(*words)


def gauss(mean: float, spread: float, *words: object) -> float:
    """A draw from a normal distribution; `spread` is its standard deviation."""
    return mean + spread * _NORMAL.inv_cdf(unit(*words) * (1 - 2e-12) + 1e-12)


def poisson(mean: float, *words: object) -> int:
    """A draw from a Poisson distribution; from a mean of 50 on, a rounded normal one that is like it."""
    if mean >= 50:
        return max(0, round(gauss(mean, math.sqrt(mean), *words)))
    draw, number = unit(*words), 0
    share = math.exp(-mean)
    while draw >= share and number < 1_000:
        draw -= share
        number += 1
        share *= mean / number
    return number


def happens(rate: float, *words: object) -> bool:
    """True in a share `rate` of all names; free when the rate is 0."""
    return rate > 0 and unit(*words) < rate


def boot_number(*words: object) -> int:
    """The number of a boot: from 1 to 2**53 - 1, so that every JSON parser reads it exactly."""
    return number("boot", *words) % (2**53 - 1) + 1
