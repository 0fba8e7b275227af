"""Species keys and the names people know them by.

A key is the slug of the scientific name; species counted together end in `-spp`. The catalogue below seeds the table
`species` once; what an agronomist edits there survives. Khmer names are blank until a Khmer-speaking agronomist gives
them, and the Vietnamese name is shown meanwhile. Sources: plant-protection pages of Lâm Đồng, Trà Vinh, Hồ Chí Minh
City; `bọ xít hôi` and `kiến ba khoang` and the EPPO codes are unverified.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

SpeciesKey = str
KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)


class Role(StrEnum):
    """What a species is to the crop."""

    PEST = "pest"
    BENEFICIAL = "beneficial"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Species:
    """One entry of the catalogue; names are for display only."""

    key: SpeciesKey
    scientific_name: str | None
    name_vi: str
    name_en: str
    role: Role
    name_km: str | None = None
    eppo_code: str | None = None


_PEST, _GOOD = Role.PEST, Role.BENEFICIAL
CATALOGUE: tuple[Species, ...] = (
    Species("nilaparvata-lugens", "Nilaparvata lugens", "rầy nâu", "brown planthopper", _PEST, None, "NILALU"),
    Species("sogatella-furcifera", "Sogatella furcifera", "rầy lưng trắng", "white-backed planthopper", _PEST),
    Species("laodelphax-striatellus", "Laodelphax striatellus", "rầy nâu nhỏ", "small brown planthopper", _PEST),
    Species("nephotettix-spp", "Nephotettix virescens, N. nigropictus", "rầy xanh đuôi đen", "green leafhopper", _PEST),
    Species("recilia-dorsalis", "Recilia dorsalis", "rầy zigzag (rầy điện quang)", "zigzag leafhopper", _PEST),
    Species("scirpophaga-incertulas", "Scirpophaga incertulas", "sâu đục thân hai chấm", "yellow stem borer", _PEST),
    Species(
        "chilo-suppressalis",
        "Chilo suppressalis",
        "sâu đục thân năm vạch đầu nâu",
        "striped stem borer",
        _PEST,
        None,
        "CHILSU",
    ),
    Species("sesamia-inferens", "Sesamia inferens", "sâu đục thân bướm cú mèo", "pink stem borer", _PEST),
    Species(
        "cnaphalocrocis-medinalis",
        "Cnaphalocrocis medinalis",
        "sâu cuốn lá nhỏ",
        "rice leaffolder",
        _PEST,
        None,
        "CNAPME",
    ),
    Species("orseolia-oryzae", "Orseolia oryzae", "muỗi hành (sâu năn)", "rice gall midge", _PEST),
    Species("parapoynx-stagnalis", "Parapoynx stagnalis", "sâu phao", "rice caseworm", _PEST),
    Species("leptocorisa-spp", "Leptocorisa oratorius, L. acuta", "bọ xít dài (bọ xít hôi)", "rice bug", _PEST),
    Species("scotinophara-coarctata", "Scotinophara coarctata", "bọ xít đen", "black bug", _PEST),
    Species("spodoptera-mauritia", "Spodoptera mauritia", "sâu keo", "rice armyworm", _PEST),
    Species("cyrtorhinus-lividipennis", "Cyrtorhinus lividipennis", "bọ xít mù xanh", "green mirid bug", _GOOD),
    Species("paederus-fuscipes", "Paederus fuscipes", "kiến ba khoang", "rove beetle", _GOOD),
    Species("unidentified", None, "chưa định danh", "unidentified", Role.OTHER),
)
