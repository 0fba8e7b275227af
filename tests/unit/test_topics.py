from __future__ import annotations

import pytest

from lighttrap import topics
from lighttrap.errors import TopicError

STRANGE = [
    "", "/", "lighttrap", "lighttrap/v1", "lighttrap/v1/soc-trang/st-014", "lighttrap/v1/soc-trang/st-014/",
    "lighttrap/v1/soc-trang/st-014/reading/", "/lighttrap/v1/soc-trang/st-014/reading",
    "lighttrap/v1/soc-trang/st-014/reading/more", "lighttrap/v1//st-014/reading", "lighttrap/v1/soc-trang//reading",
    "lighttrap/v2/soc-trang/st-014/reading", "LightTrap/v1/soc-trang/st-014/reading",
    "lighttrap/v1/soc-trang/st-014/readings", "lighttrap/v1/soc-trang/st-014/READING",
    "lighttrap/v1/soc-trang/st-014/reading\n", "lighttrap/v1/soc-trang/st-014\n/reading",
    "lighttrap/v1/s/st-014/reading", "lighttrap/v1/soc-trang/st/reading",
    f"lighttrap/v1/{'o' * 33}/st-014/reading", f"lighttrap/v1/soc-trang/{'t' * 33}/reading",
    "lighttrap/v1/+/st-014/reading", "lighttrap/v1/soc-trang/#/reading", "lighttrap/v1/soc-trang/st-014/+",
    "lighttrap/v1/soc-trang/ST-014/reading", "lighttrap/v1/soc-trang/st_014/reading",
    "lighttrap/v1/soc-trang/st 014/reading", "lighttrap/v1/soc-trang/st-014\x00/reading",
    "lighttrap/v1/sóc-trăng/st-014/reading", "lighttrap/v1/soc-trang/st-014\u0301/reading",
    "lighttrap/v1/soc-trang/\u202est-014/reading", "lighttrap/v1/soc-trang/st-０１４/reading",
    "$SYS/v1/soc-trang/st-014/reading", "lighttrap/v1/soc-trang/st-014/\ud800",
]  # fmt: skip


@pytest.mark.parametrize("text", STRANGE)
def test_topic_outside_the_grammar_is_refused(text: str):
    with pytest.raises(TopicError) as caught:
        topics.parse(text)
    assert caught.value.reason == "topic"


@pytest.mark.parametrize("kind", topics.Kind)
def test_topic_is_built_and_read_back(kind: topics.Kind):
    text = topics.build("soc-trang", "st-014", kind)
    assert text == f"lighttrap/v1/soc-trang/st-014/{kind.value}"
    assert topics.parse(text) == topics.Topic("soc-trang", "st-014", kind)


@pytest.mark.parametrize(("org", "trap_id"), [("st", "abc"), ("0" * 32, "-" * 32)])
def test_names_at_the_limits_of_length_are_taken(org: str, trap_id: str):
    assert topics.parse(topics.build(org, trap_id, topics.Kind.EVENT)).trap_id == trap_id


def test_topic_is_not_built_for_a_name_outside_the_grammar():
    for org, trap_id in (("+", "st-014"), ("soc-trang", "st/014"), ("soc-trang", "#")):
        with pytest.raises(TopicError):
            topics.build(org, trap_id, topics.Kind.STORED)


def test_filters_cover_what_goes_up_and_nothing_that_goes_down():
    assert topics.up_filters() == [f"lighttrap/v1/+/+/{kind}" for kind in ("reading", "status", "event", "summary")]
    assert topics.up_filters("soc-trang")[0] == "lighttrap/v1/soc-trang/+/reading"
    assert topics.down_filters("soc-trang", "st-014") == [
        "lighttrap/v1/soc-trang/st-014/stored",
        "lighttrap/v1/soc-trang/st-014/command",
    ]


def test_numbered_trap_ids_are_different_and_in_the_grammar():
    ids = topics.numbered_trap_ids("sim", 10_000)
    assert (ids[0], ids[-1], len(set(ids))) == ("sim-00001", "sim-10000", 10_000)
    assert all(topics.TRAP_ID.fullmatch(trap_id) for trap_id in ids)
