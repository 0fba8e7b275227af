"""Alert rules: from which catch on people are warned."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.deps import See, SetRules
from api.kinds import CommuneCode, FieldKey, Insects, Number, SpeciesKey
from lighttrap import model, views
from lighttrap.errors import Conflict
from lighttrap.store import alerts, fields

router = APIRouter(prefix="/orgs/{org_id}", tags=["rules"])
Ratio = Annotated[float, Field(gt=1, le=1e6, allow_inf_nan=False)]


class NewRule(BaseModel):
    """A rule for a species in a field, a commune, or with neither the whole org."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"species": "nilaparvata-lugens", "watch": 200, "warning": 1000, "alarm": 3000}]
        },
    )
    species: SpeciesKey
    field_id: FieldKey | None = None
    commune_code: CommuneCode | None = None
    watch: Insects | None = None
    warning: Insects | None = None
    alarm: Insects | None = None
    clear_below: Annotated[float, Field(gt=0, le=1)] = 0.5
    clear_nights: Annotated[int, Field(ge=1, le=30)] = 3
    k: Annotated[int, Field(ge=1, le=30)] = 1
    n: Annotated[int, Field(ge=1, le=30)] = 1
    min_lamp_s: Annotated[int, Field(ge=0, le=86_400)] = 0
    floor: Insects | None = None
    jump_ratio: Ratio | None = None
    trend_ratio: Ratio | None = None
    replaces: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = Field(
        default=None,
        description="The rule in force that you saw for this species and place, or null when you saw none: 409 when it"
        " is not so any more. Nothing is compared when it is left out.",
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> NewRule:
        levels = [level for level in (self.watch, self.warning, self.alarm) if level is not None]
        ratios = [ratio for ratio in (self.jump_ratio, self.trend_ratio) if ratio is not None]
        if not levels and not ratios:
            raise ValueError("needs watch, warning, alarm, jump_ratio or trend_ratio")
        if levels != sorted(levels):
            raise ValueError("watch, warning and alarm must rise")
        if ratios and self.floor is None:
            raise ValueError("jump_ratio and trend_ratio need floor, the least catch they may fire at")
        if self.k > self.n:
            raise ValueError("k cannot be more than n")
        if self.field_id and self.commune_code:
            raise ValueError("is for a field, a commune or the whole org")
        return self


@router.get("/rules", response_model=list[views.Rule])
def list_rules(access: See) -> list[model.AlertRule]:
    """The rules in force; for a field the most exact one counts: its own, its commune's, its org's."""
    return [rule for rule in alerts.list_rules(access.conn, access.org_id) if rule.kind == "catch"]


@router.post("/rules", status_code=201, response_model=views.Rule)
def put_rule(access: SetRules, body: NewRule) -> model.AlertRule:
    """Puts a rule in force as the next version of that for the same species and place; judges the last 30 nights."""
    if body.field_id:
        fields.get_field(access.conn, access.org_id, body.field_id)
    rule = model.AlertRule(org_id=access.org_id, author=access.caller.who, **body.model_dump(exclude={"replaces"}))

    def note(before: model.AlertRule | None, now: model.AlertRule) -> None:
        in_force = before.rule_id if before else None
        if "replaces" in body.model_fields_set and body.replaces != in_force:
            raise Conflict(f"another rule is in force there: {in_force}" if in_force else "that rule is not in force")
        access.note("put", "rule", now.rule_id, asdict(before) if before else None, asdict(now))

    # Judging commits as it goes: what is written down, or refused, must not wait for its end.
    return alerts.put_rule(access.conn, rule, note=note)


@router.get("/rules/{rule_id}/versions", response_model=list[views.Rule])
def list_rule_versions(access: See, rule_id: Number) -> list[model.AlertRule]:
    """Every version there was of a rule, given any of them, the newest first."""
    return alerts.rule_versions(access.conn, access.org_id, rule_id)


@router.delete("/rules/{rule_id}", status_code=204)
def end_rule(access: SetRules, rule_id: Number) -> Response:
    """Takes a rule out of force.

    Its alerts go on under the next rule that fits their fields, or end when there is none.
    """
    [newest, *_] = alerts.rule_versions(access.conn, access.org_id, rule_id)
    if newest.rule_id != rule_id or newest.replaced_at is not None:
        raise Conflict(f"rule {rule_id} is not in force")
    # Before the change, for that commits; an error takes both back.
    access.note("end", "rule", rule_id, asdict(newest))
    if not alerts.end_rule(access.conn, newest):
        raise Conflict(f"rule {rule_id} is not in force")
    return Response(status_code=204)
