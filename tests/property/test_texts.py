"""Whatever a database may hold, a message can be made of it, and an SMS holds its budget."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lighttrap.agronomy.episodes import Word
from lighttrap.agronomy.level import Level
from lighttrap.notify.segments import BASIC, segments, toneless
from lighttrap.notify.texts import BUDGET, FAULTS, LOOK, Kind, render
from lighttrap.notify.told import Told

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
DATES = st.dates().map(str)
FACT_NAMES = ("value", "threshold", "highest_night", "peak_night", "since", "night", "battery_v", "lamp_s", "silent")
FACTS = st.fixed_dictionaries({}, optional={name: JSON | DATES | st.integers(0, 10**6) for name in FACT_NAMES})
NAMES = st.none() | st.text(max_size=200)
TOLDS = st.builds(
    Told,
    alert_id=st.integers(1, 999_999_999),
    org_name=st.text(max_size=120),
    word=st.sampled_from(Word),
    level=st.sampled_from(Level),
    night=st.dates(),
    facts=FACTS,
    species=st.none() | st.sampled_from(sorted(LOOK)) | st.text(max_size=60),
    field_name=NAMES,
    commune=NAMES,
    is_proposal=st.booleans(),
    link=NAMES,
    phone=NAMES,
    fault=st.none() | st.sampled_from(FAULTS) | st.text(max_size=9),
    trap_id=NAMES,
    time_zone=st.sampled_from(["Asia/Ho_Chi_Minh", "UTC", "", "no/where", "../x", "\x00"]),
    names=st.dictionaries(st.sampled_from(["vi", "km", "en"]), st.text(max_size=60)),
)


@given(TOLDS, st.sampled_from(["vi", "km", "en", "fr"]), st.sampled_from(Kind), st.booleans())
def test_rendering_never_raises_and_sms_hold_their_budget(told: Told, language: str, kind: Kind, accents: bool):
    made = render(told, language, kind, accents)
    made.text.encode("utf-8")
    assert made.text
    assert "\n" not in made.subject
    if kind is Kind.SMS:
        assert made.segments == segments(made.text)
        assert made.segments.count <= BUDGET[made.segments.encoding]
        assert "\n" not in made.text
        if not accents:
            assert BASIC.issuperset(made.text)


@given(st.text())
def test_toneless_is_gsm7_and_stays_so(text: str):
    plain = toneless(text)
    assert BASIC.issuperset(plain)
    assert toneless(plain) == plain


@given(st.text())
def test_parts_hold_what_they_carry(text: str):
    told = segments(text)
    room = 153 if told.encoding == "GSM-7" else 67
    assert told.count == 1 or told.count * room >= told.units > (told.count - 1) * (room - 1)
