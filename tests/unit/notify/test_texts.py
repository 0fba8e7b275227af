"""Alert messages: what each says, in which language, and how long it is."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from lighttrap.agronomy.episodes import Word
from lighttrap.agronomy.level import Level
from lighttrap.errors import ConfigError
from lighttrap.notify import catalogue, proof
from lighttrap.notify.catalogue import Review, parse
from lighttrap.notify.segments import Encoding
from lighttrap.notify.texts import BUDGET, LOOK, Kind, look_window, render, table_of
from lighttrap.notify.told import Told
from lighttrap.notify.verdict import Situation, packaged, verdict
from lighttrap.species import CATALOGUE, Role
from tests import soctrang

COMMUNES = soctrang.SHARED / "cantho_communes" / "units.csv"
TEXTS = Path(catalogue.__file__).parent / "texts"
TOLD = Told(
    alert_id=123,
    org_name="Chi cục Trồng trọt và BVTV Cần Thơ",
    word=Word.RAISED,
    level=Level.WARNING,
    night=date(2026, 11, 22),
    facts={"value": 1240, "threshold": 1000.0, "opened": "2026-11-20", "highest_night": "2026-11-21"},
    species="nilaparvata-lugens",
    field_name="Ruộng ông Ba",
    commune="Phường Ninh Kiều",
    link="https://bd.example/f/AbCdEfGhIjKlMnOpQrStUv",
    phone="0292 381 2345",
)
ALARM = replace(TOLD, level=Level.ALARM, facts={"value": 6120, "threshold": 5000})


def sms(told: Told, language: str = "vi", accents: bool = False) -> str:
    """The text of an SMS."""
    return render(told, language, Kind.SMS, accents).text


def test_toneless_sms_says_all_there_is_to_say():
    assert sms(TOLD) == (
        "BVTV: 2 ngay toi vach goc lua xem ray; nhieu thi goi 02923812345. Ray nau BAO DONG o Ninh Kieu dem 22/11: "
        "1.240 con/den (nguong de xuat 1.000). Ruong ong Ba."
    )


def test_english_sms_is_gsm7_whatever_was_asked():
    made = render(TOLD, "en", "sms", accents=True)
    assert made.segments
    assert (made.segments.encoding, made.segments.count) == (Encoding.GSM7, 1)
    assert made.text.startswith("BVTV: within 2 days look for hoppers at stem bases; many? call 02923812345. Brown")


def test_accented_sms_keeps_its_accents_within_three_parts():
    made = render(TOLD, "vi", Kind.SMS)
    assert "Rầy nâu BÁO ĐỘNG ở Ninh Kiều" in made.text
    assert made.segments
    assert (made.segments.encoding, made.segments.count) == (Encoding.UCS2, 3)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("accents", [True, False])
@pytest.mark.parametrize("word", [Word.RAISED, Word.REOPENED])
def test_alarm_carries_its_number_with_the_longest_names_too(language: str, accents: bool, word: Word):
    for told in (ALARM, proof.WORST):
        assert f"#A{told.alert_id}" in sms(replace(told, word=word), language, accents)


@pytest.mark.parametrize("kind", [Kind.CHAT, Kind.EMAIL])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_longer_message_holds_verdict_number_field_link_and_telephone(kind: Kind, language: str):
    made = render(ALARM, language, kind)
    night = Situation(Level.ALARM, "Phường Ninh Kiều", ALARM.night, ALARM.species, 6120, 5000)
    for part in (verdict(night, language), "#A123", "Ruộng ông Ba", str(ALARM.link), "02923812345"):
        assert part in made.text
    assert bool(made.subject) == (kind is Kind.EMAIL)
    assert "\n" not in made.subject
    assert made.segments is None


def test_what_is_not_known_is_left_out_with_its_words():
    bare = Told(1, "Trạm", Word.RAISED, Level.WATCH, date(2026, 1, 2), {"value": None}, "unknown-bug")
    assert sms(bare) == "BVTV: 3 ngay toi ra tham lua. Unknown-bug THEO DOI o Tram dem 02/01. #A1 Ngung: TC"
    assert render(bare, "vi", "chat").text == (
        "Trạm\nTheo dõi: unknown-bug ở Trạm, đêm 02/01.\nCần làm trong 3 ngày tới: ra thăm ruộng và xem lúa.\n"
        "Tin số #A1. Ngừng nhận: trả lời TC."
    )


def test_raise_names_no_date_to_look_since_no_peak_is_known():
    assert look_window(TOLD) is None
    assert re.findall(r"\d\d/\d\d", render(TOLD, "vi", "chat").text) == ["22/11"]


def test_all_clear_says_when_young_hoppers_come_after_the_highest_night():
    cleared = replace(TOLD, word=Word.CLEARED, night=date(2026, 11, 26), facts={**TOLD.facts, "value": 40})
    assert look_window(cleared) == (date(2026, 12, 3), date(2026, 12, 9))
    assert sms(cleared) == (
        "BVTV: HET canh bao ray nau Ninh Kieu, dem 26/11: 40 con/den. Tiep tuc tham dong. Hoi: 02923812345. "
        "03/12-09/12: vach goc lua xem ray. #A123"
    )


def test_window_that_is_over_is_not_told_and_one_that_has_begun_starts_tomorrow():
    cleared = replace(TOLD, word=Word.CLEARED)
    assert look_window(replace(cleared, night=date(2026, 12, 9))) is None
    assert look_window(replace(cleared, night=date(2026, 12, 5))) == (date(2026, 12, 6), date(2026, 12, 9))
    assert look_window(replace(cleared, species="spodoptera-mauritia")) is None, "no timeline is known for it"


def test_peak_among_the_facts_gives_a_window_to_any_event():
    told = replace(TOLD, facts={**TOLD.facts, "peak_night": "2026-11-19"})
    assert "Từ 01/12 đến 07/12" in render(told, "vi", "email").text


def test_correction_to_nothing_says_so_with_the_right_count():
    corrected = replace(TOLD, word=Word.CORRECTED, level=Level.NONE, facts={"value": 12, "threshold": 300})
    assert sms(corrected) == (
        "BVTV: DINH CHINH tin ray nau Ninh Kieu dem 22/11: CHUA toi muc canh bao, so dung 12 con/den. "
        "Xin loi ba con. Hoi: 02923812345 #A123"
    )


def test_watch_from_a_jump_is_told_as_a_rise():
    jump = replace(TOLD, level=Level.WATCH, facts={"value": 120, "threshold": 300})
    assert "120 con/den (tang nhanh)" in sms(jump)


def test_without_a_commune_the_field_is_the_place_and_keeps_its_name():
    told = replace(TOLD, commune=None, field_name="Ruộng lúa ông Nguyễn Văn Ba")
    long = replace(proof.WORST, level=Level.WATCH)
    assert "o Ruong lua ong Nguyen Van Ba dem 22/11: 1.240" in sms(told)
    assert "o Ruong lua ong.. dem 28/12: 888.888" in sms(replace(long, commune=None, field_name=told.field_name))


@pytest.mark.parametrize(
    ("phone", "short", "long"),
    [
        ("(0292) 381-2345", "02923812345", "02923812345"),
        ("+84 292 3812345", "02923812345", "+842923812345"),
        ("0292 3812345 - 0909 123456", None, "0292 3812345 - 0909 123456"),
    ],
)
def test_telephone_number_is_whole_or_not_told(phone: str, short: str | None, long: str):
    told = replace(TOLD, phone=phone)
    assert (f"goi {short}." if short else "xem ray. Ray nau") in sms(told)
    assert long in render(told, "vi", "chat").text


def test_line_breaks_in_names_cannot_add_lines_or_mail_headers():
    evil = replace(TOLD, org_name="a\r\nBcc: x", commune="b\nc", field_name="d\x85e", names={"vi": "f\u2028g"})
    made = render(evil, "vi", "email")
    assert made.subject == "Báo động: f g ở b c, đêm 22/11 (#A123)"
    assert made.text.splitlines()[0] == "a Bcc: x"
    assert "d e" in made.text


def test_night_that_goes_on_is_told_so():
    assert (
        "Tính đến lúc này: Báo động"
        in render(replace(TOLD, facts={**TOLD.facts, "is_final": False}), "vi", "chat").text
    )


def test_each_event_has_a_text_of_its_own():
    tables = [table_of(told) for told in proof.events()]
    assert len(tables) == len(set(tables)) == 15
    assert {key.removesuffix(".sms") for key in packaged()["vi"].templates if key.endswith(".sms")} == {
        *tables,
        "digest",
    }


def test_device_alert_names_trap_and_local_time():
    silent = replace(TOLD, fault="silent", species=None, trap_id="tv-035", facts={"since": "2026-11-21T23:30:00+00:00"})
    assert sms(silent) == (
        "BAY DEN: tv-035 Ninh Kieu mat tin hieu tu 06:30 22/11. #A123 Xem: https://bd.example/f/AbCdEfGhIjKlMnOpQrStUv"
    )
    lamp = replace(silent, fault="lamp", facts={"night": "2026-11-21", "lamp_s": 5400, "nominal_s": 43_200})
    assert "dem 21/11: 1,5 tren 12,0 gio" in sms(lamp)


def test_every_pest_has_something_to_look_for():
    assert {one.key for one in CATALOGUE if one.role is Role.PEST} == set(LOOK)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("accents", [True, False])
def test_every_commune_stays_within_the_budget(language: str, accents: bool):
    with soctrang.there(COMMUNES).open(encoding="utf-8", newline="") as file:
        communes = [row["name"] for row in csv.DictReader(file)]
    for commune in communes:
        for told in proof.events(replace(proof.WORST, commune=commune)):
            for pest in [None] if told.fault else ["nilaparvata-lugens", "chilo-suppressalis"]:
                made = render(replace(told, species=pest), language, "sms", accents)
                assert made.segments
                assert made.segments.encoding is (Encoding.UCS2 if accents and language == "vi" else Encoding.GSM7)
                assert made.segments.count <= BUDGET[made.segments.encoding], made.text


@pytest.mark.parametrize("language", ["vi", "en"])
def test_spoken_text_takes_forty_seconds_at_most(language: str):
    # At the slow pace of a loudspeaker, 150 words a minute.
    for told in proof.events():
        assert len(render(told, language, Kind.VOICE).text.split()) <= 100


# languages and review


def test_khmer_reader_gets_vietnamese_until_khmer_is_vouched_for():
    assert render(TOLD, "km", "sms").language == "vi"
    assert render(TOLD, "km", "sms", unreviewed=True).language == "vi", "an empty text is never sent"


def test_khmer_draft_is_used_only_when_switched_on_and_reviewed_khmer_always(tmp_path: Path):
    draft = (TEXTS / "vi.toml").read_text("utf-8").replace('plain = "on request"', 'plain = "never"')
    (tmp_path / "km.toml").write_text(draft.replace("needs approval", "needs native review"), "utf-8")
    texts = {**packaged(), "km": catalogue.load("km", tmp_path)}
    assert render(TOLD, "km", "sms", texts=texts).language == "vi"
    switched_on = render(TOLD, "km", "sms", False, unreviewed=True, texts=texts)
    assert (switched_on.language, switched_on.needs_review) == ("km", True)
    assert switched_on.segments
    assert switched_on.segments.encoding is Encoding.UCS2, "Khmer has no form without its own letters"

    (tmp_path / "km.toml").write_text(draft.replace("needs approval", "reviewed"), "utf-8")
    texts["km"] = catalogue.load("km", tmp_path)
    reviewed = render(TOLD, "km", "sms", texts=texts)
    assert (reviewed.language, reviewed.needs_review) == ("km", False)


def test_all_khmer_is_marked_and_none_is_claimed():
    khmer = packaged()["km"]
    assert set(khmer.reviews.values()) == {Review.NATIVE}
    drafted = {key.split(".")[0] for key in packaged()["vi"].templates if key not in khmer.empty}
    assert drafted == {"words", "verdict", "look", "page", "signup"}, "of messages not one is written"
    assert {key.split(".")[0] for key in khmer.empty} & drafted == set(), "and no table by half"


def test_unapproved_wording_is_marked_on_the_message():
    assert render(TOLD, "vi", "sms").needs_review


# the files


def test_texts_of_the_package_have_no_fault():
    assert proof.faults() == []


@pytest.mark.parametrize(
    ("wording", "instead", "fault"),
    [
        ("{phone}]. {Pest} {LEVEL} {place} {night}", "]. {Pest} {LEVEL} {place} {night}", "lost {phone}"),
        ("{night}[: {value}/trap]", "{night}: {value}/trap", "needs square brackets round {value}"),
        ("[ End: TC]", "[ End: {stop}]", "{stop}, which is not in vi"),
        ("[ End: TC]", " To receive no more of these messages, reply with TC.", "no room for"),
        ("[ End: TC]", " To receive no more of these messages, reply with the two letters T and C.", "takes 2 SMS"),
        ("look at the rice", "spray", "says 'spray'"),
        ("Keep visiting the field as usual.", "Spray as usual.", "page.keep says 'Spray'"),
        (
            "good for 15 minutes. If",
            "good for 15 minutes, for messages on the light traps that stand near your own field. If",
            "code.text takes 2",
        ),
        ('Call {phone}"', 'Call us"', "page.call lost {phone}"),
        ("Newest night, {night}", "Newest night, {night} {evening}", "page.newest has {evening}"),
        ('chart_cross = "✕: no data."', "", "page.chart_cross is missing"),
        ("look at the rice", "count insects per m²", "says 'm²'"),
        ("[raised.watch]", "[raised.watched]", "raised.watch.sms is missing"),
        (" #A{alert}[ End: TC]", "[ #A{alert}][ End: TC]", "the message may come twice"),
    ],
)
def test_fault_of_a_translation_is_found(tmp_path: Path, wording: str, instead: str, fault: str):
    text = (TEXTS / "en.toml").read_text("utf-8")
    assert wording in text
    (tmp_path / "en.toml").write_text(text.replace(wording, instead), "utf-8")
    found = proof.faults({**packaged(), "en": catalogue.load("en", tmp_path)})
    assert any(fault in one for one in found), found
    assert all(one.startswith("en: ") for one in found)


@pytest.mark.parametrize("text", ["a [b", "a] b", "{a", "a}", "[[a]]", "{a b}", "[{a]}"])
def test_bracket_without_its_partner_is_refused(text: str):
    with pytest.raises(ConfigError):
        parse(text)


@pytest.mark.parametrize("text", ["", "plain = 'perhaps'", "plain = 'never'\n[words]\na = 1", "plain ="])
def test_file_that_is_none_is_refused(tmp_path: Path, text: str):
    (tmp_path / "en.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError):
        catalogue.load("en", tmp_path)
