"""Names of places and pests for people, looked up once for a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from dashboard import drawing
from dashboard.reader import Reader
from lighttrap import views
from lighttrap.notify import verdict

Item = TypeVar("Item")
PAGE = 1000


@dataclass(frozen=True)
class Names:
    """What things are called: fields, traps and communes by id, species in the reader's language."""

    fields: dict[str, views.FieldFeature]
    traps: dict[str, views.Trap]
    communes: dict[str, str]
    _who: Reader

    def field(self, field_id: str | None) -> str:
        """A field's name; its id when it is not known, a dash for none."""
        found = self.fields.get(field_id or "")
        return found.properties.name if found else field_id or "–"

    def commune_of(self, field_id: str | None) -> str:
        """The commune that a field lies in; the field's own name when that is not known."""
        found = self.fields.get(field_id or "")
        code = found.properties.commune_code if found else None
        return self.communes.get(code or "") or self.field(field_id)

    def trap(self, trap_id: str | None) -> str:
        """A trap's name, and its id where that is another."""
        found = self.traps.get(trap_id or "")
        if found is None or found.name == trap_id:
            return trap_id or "–"
        return f"{found.name} ({trap_id})"

    def field_of(self, trap_id: str | None) -> str | None:
        """The field a trap stands in now."""
        found = self.traps.get(trap_id or "")
        return found.field_id if found else None

    def pest(self, species: str | None) -> str:
        """A species as the reader calls it."""
        return verdict.pest(species, self._who.words.texts, {})


def names(who: Reader) -> Names:
    """The names of an org. Raises as `Reader.get` does."""
    fields = who.get("/fields.geojson", views.FieldMap).value.features
    traps = pages(who, "/traps", views.Page[views.Trap])
    found = who.client.get(who.session, "/v1/communes", views.Page[views.Commune], {"limit": PAGE}).value
    return drawing.once(
        (fields, *traps, found), ("names", who.words.language),
        lambda: Names(
            {one.id: one for one in fields},
            {trap.trap_id: trap for page in traps for trap in page.items},
            {one.commune_code: one.name for one in found.items},
            who,
        ),
    )  # fmt: skip


def pages(who: Reader, path: str, shape: type[views.Page[Item]], **params: object) -> list[views.Page[Item]]:
    """All pages of a list."""
    found = [who.get(path, shape, limit=PAGE, **params).value]
    while found[-1].next:
        found.append(who.get(path, shape, limit=PAGE, after=found[-1].next, **params).value)
    return found
