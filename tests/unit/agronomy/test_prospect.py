"""What is remembered of forecasts: the answer to the same nights, and no other."""

from __future__ import annotations

import numpy as np

from lighttrap.agronomy import prospect

HOPPER = "nilaparvata-lugens"


def test_same_nights_are_walked_through_once_and_a_changed_one_again():
    nights = np.abs(np.sin(np.arange(2 * 60) / 5.0)).reshape(2, 60) * 300
    first = prospect.of_traps(nights, 735_000, HOPPER)
    assert prospect.of_traps(nights.copy(), 735_000, HOPPER) is first
    changed = nights.copy()
    changed[1, 30] += 1
    for other in ((changed, 735_000, HOPPER), (nights, 735_001, HOPPER), (nights, 735_000, "chilo-suppressalis")):
        assert prospect.of_traps(*other) is not first
    assert prospect.of_traps(nights.reshape(1, -1), 735_000, HOPPER) is not first
