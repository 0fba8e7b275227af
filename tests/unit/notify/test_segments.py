"""SMS lengths: known cases, and the edges where a text becomes one part more."""

from __future__ import annotations

import csv
import unicodedata

import pytest

from lighttrap.notify.segments import BASIC, EXTENSION, Encoding, Segments, encoding_of, segments, toneless
from lighttrap.species import CATALOGUE
from tests import soctrang

COMMUNES = soctrang.SHARED / "cantho_communes" / "units.csv"
MARKED = "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"
ALERT = (
    "BVTV: vạch gốc lúa trước 26/11; thấy nhiều rầy cám thì gọi 02923812345. "
    "Rầy nâu BÁO ĐỘNG Ninh Kiều, đêm 23/11: 11.240 con/đèn, gấp đôi hôm qua. Ngừng: TC"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments(Encoding.GSM7, 0, 1)),
        ("a" * 160, Segments(Encoding.GSM7, 160, 1)),
        ("a" * 161, Segments(Encoding.GSM7, 161, 2)),
        ("a" * 306, Segments(Encoding.GSM7, 306, 2)),
        ("a" * 307, Segments(Encoding.GSM7, 307, 3)),
        ("đ" * 70, Segments(Encoding.UCS2, 70, 1)),
        ("đ" * 71, Segments(Encoding.UCS2, 71, 2)),
        ("đ" * 134, Segments(Encoding.UCS2, 134, 2)),
        ("đ" * 135, Segments(Encoding.UCS2, 135, 3)),
        ("ក" * 118, Segments(Encoding.UCS2, 118, 2)),
        ("€" * 80, Segments(Encoding.GSM7, 160, 1)),
        ("a" * 159 + "€", Segments(Encoding.GSM7, 161, 2)),
        ("😀" * 35, Segments(Encoding.UCS2, 70, 1)),
    ],
)
def test_known_lengths(text: str, expected: Segments):
    assert segments(text) == expected


def test_a_character_of_two_units_is_not_split_between_parts():
    assert segments("a" * 152 + "€" + "a" * 152).count == 3, "152, then € and 151, then 1"
    assert segments("đ" * 66 + "😀" + "đ" * 66).count == 3


def test_the_same_alert_is_one_sms_toneless_and_three_with_accents():
    assert len(ALERT) == 153
    assert segments(toneless(ALERT)) == Segments(Encoding.GSM7, 153, 1)
    assert segments(ALERT) == Segments(Encoding.UCS2, 153, 3)


def test_text_is_counted_after_nfc():
    word = "thửa ruộng nước"
    assert len(unicodedata.normalize("NFD", word)) == 22
    assert segments(unicodedata.normalize("NFD", word)).units == segments(word).units == 15


def test_only_six_vietnamese_letters_are_in_gsm7():
    assert len(MARKED) == 67
    assert {letter for letter in MARKED if encoding_of(letter) is Encoding.GSM7} == set("àèéìòù")


def test_the_alphabet_has_its_size():
    assert len(BASIC) == 127, "128 without the escape"
    assert len(EXTENSION) == 10
    assert not BASIC & EXTENSION


@pytest.mark.parametrize(
    "text", [MARKED, MARKED.upper(), "“ấp” – Đông…", "ក្រមួន ស", "{a}[b]\\~^|`€\x00\t", "😀", "\ud800"]
)
def test_toneless_is_gsm7_at_one_septet_each(text: str):
    plain = toneless(text)
    assert BASIC.issuperset(plain)
    assert segments(plain).units == len(plain)
    assert toneless(plain) == plain


def test_toneless_vietnamese_is_what_people_write():
    assert toneless("Rầy nâu – ĐÊM ở Xã Lịch Hội Thượng") == "Ray nau - DEM o Xa Lich Hoi Thuong"
    assert toneless(unicodedata.normalize("NFD", "Ngưỡng đề xuất")) == "Nguong de xuat"


def test_every_commune_name_is_gsm7_without_marks():
    with soctrang.there(COMMUNES).open(encoding="utf-8", newline="") as file:
        names = [row["name"] for row in csv.DictReader(file)]
    assert len(names) == 103
    for name in names:
        assert segments(toneless(name)).encoding is Encoding.GSM7
        assert len(toneless(name)) == len(unicodedata.normalize("NFC", name))


@pytest.mark.parametrize("name", [one.name_vi for one in CATALOGUE])
def test_every_pest_name_is_gsm7_without_marks(name: str):
    assert toneless(name).isascii()
    assert len(toneless(name)) == len(name)
