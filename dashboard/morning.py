"""The verdict of a morning: one sentence for an org's night, from one snapshot; pure."""

from __future__ import annotations

from dashboard.places import Names
from dashboard.words import Words
from lighttrap import views
from lighttrap.agronomy.level import Level
from lighttrap.notify.verdict import Situation, verdict


def sentence(found: views.Overview, names: Names, say: Words) -> str:
    """What the officer must know first: the worst field, or that all is calm, or that nothing can be said."""
    figures = found.figures
    night = say.night(found.night)
    if figures.traps == 0:
        return say("Chưa có bẫy nào trong đêm {night}.", night=night)
    if figures.reported == 0:
        return say("Chưa thể nói gì về đêm {night}: không bẫy nào báo về.", night=night)
    worst = worst_of(found)
    if worst is None:
        return say("Chưa thể nói gì về đêm {night}: không ruộng nào có đủ số liệu.", night=night)
    if (worst.level or 0) == Level.NONE:
        text = say("Yên tĩnh đêm {night}: không ruộng nào tới ngưỡng theo dõi.", night=night)
        return text if figures.is_final else so_far(text, say)
    return verdict(situation(worst, found, names), say.language, unreviewed=True)


def so_far(text: str, say: Words) -> str:
    """A sentence of a night that more is expected of."""
    return say.texts.templates["verdict.so_far"].fill({"sentence": text})


def situation(field: views.FieldOverview, found: views.Overview, names: Names) -> Situation:
    """What the verdict is made of, the same for messages and pages."""
    return Situation(
        level=Level.UNKNOWN if field.level is None else Level(field.level),
        place=names.commune_of(field.field_id),
        night=found.night,
        species=field.species,
        value=field.value,
        threshold=field.threshold,
        is_proposal=False,
        is_final=field.is_final,
    )


def worst_of(found: views.Overview) -> views.FieldOverview | None:
    """The field at the highest level, of those with the highest catch against its threshold."""
    known = [one for one in found.fields if one.level is not None]
    return max(known, key=_how_bad, default=None)


def counts(found: views.Overview) -> dict[Level, int]:
    """How many fields are at each level; those of which nothing is known too."""
    levels = [Level.UNKNOWN if one.level is None else Level(one.level) for one in found.fields]
    return {level: levels.count(level) for level in Level}


def _how_bad(field: views.FieldOverview) -> tuple[int, float]:
    return field.level or 0, (field.value or 0) / (field.threshold or 1)
