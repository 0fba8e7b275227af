"""What a message is made from: one alert event with the names, number and link that its reader needs.

Built from the database once for each event and reader, so that texts need no database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from lighttrap.agronomy.episodes import Word
from lighttrap.agronomy.level import Level
from lighttrap.species import SpeciesKey


@dataclass(frozen=True, slots=True)
class Told:
    """One alert event, ready to be put into words.

    `facts` are those of `alert_event.facts`, as they came from the database: any of them may be absent or null. A
    fact `peak_night` (ISO date), where there is one, lets a text say when young insects are to be looked for; a fact
    `is_final` that is false makes the verdict say "so far".
    """

    alert_id: int
    org_name: str
    word: Word
    level: Level
    """Of the event. Of an all-clear: the level that was reached; of a correction: the right one, NONE when nothing."""
    night: date
    """The night that the event is about."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    species: SpeciesKey | None = None
    """None for a device alert."""
    field_name: str | None = None
    commune: str | None = None
    """Name for people, such as "Phường Ninh Kiều"; None when only a code is known."""
    is_proposal: bool = True
    """The threshold is a default that no agronomist has set: shown as ngưỡng đề xuất."""
    link: str | None = None
    """Address of the reader's page. A capability: it is never logged."""
    phone: str | None = None
    """Whom to call: the commune officer or the org."""
    fault: str | None = None
    """Of a device alert: silent, silent-many, battery, lamp or gap."""
    trap_id: str | None = None
    """Of a device alert about one trap."""
    time_zone: str = "Asia/Ho_Chi_Minh"
    """Of the field: for facts that are instants, such as `since`."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of the species by language (vi, km, en) as the table `species` has them; else those of the catalogue."""
