"""What is made once for the answers it rests on."""

from __future__ import annotations

from functools import partial

from dashboard import drawing


def test_chart_is_made_once_for_the_same_answer_and_again_for_another():
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    answer = ["x"]
    assert drawing.once((answer,), "map", make) == drawing.once((answer,), "map", make) == 1
    assert drawing.once((["x"],), "map", make) == 2
    assert drawing.once((answer,), "map in the dark", make) == 3


def test_what_was_made_of_an_answer_that_is_gone_is_never_given_for_one_in_its_place():
    told = [drawing.once(([number],), "many", partial(int, number)) for number in range(2000)]
    assert told == list(range(2000))
    assert len(drawing._made) <= 300
