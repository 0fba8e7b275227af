"""Orgs, fields and the catalogue of species."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from lighttrap.species import Role as SpeciesRole
from lighttrap.views.view import View


class Org(View):
    """Who owns traps: a station, a province."""

    org_id: str
    name: str
    keep_readings_days: int | None = Field(description="For how long raw readings are kept; null: for ever.")
    readings_from: datetime | None = Field(
        description="Raw readings that began before are deleted; null: none was. Nights, alerts and the ledger stay."
    )


class Species(View):
    """A species; the names are for display."""

    key: str
    scientific_name: str | None
    name_vi: str
    name_en: str
    name_km: str | None
    role: SpeciesRole
    eppo_code: str | None


class Commune(View):
    """A commune by its code; the name has its kind in front, as Phường Ninh Kiều."""

    commune_code: str
    name: str
    province_code: str | None
    province: str | None
    former_province: str | None = Field(description="A label: before July 2025.")
    former_district: str | None = Field(description="A label: districts are gone, and people still think in them.")


class PlotField(View):
    """A farmer's plot."""

    model_config = ConfigDict(title="Field")
    field_id: str
    org_id: str
    name: str
    time_zone: str
    boundary: dict[str, Any] | None = Field(description="GeoJSON geometry, longitude first.")
    area_ha: float | None
    commune_code: str | None
    growing_area_code: str | None


class FieldProperties(View):
    """A field's properties on a map."""

    org_id: str
    name: str
    time_zone: str
    area_ha: float | None
    commune_code: str | None
    growing_area_code: str | None


class FieldFeature(View):
    """A field on a map (GeoJSON, RFC 7946); without a geometry when its place is not known."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: dict[str, Any] | None
    properties: FieldProperties


class FieldMap(View):
    """Fields on a map (GeoJSON, RFC 7946)."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[FieldFeature]


class SignupCode(View):
    """A field's code by which farmers sign up."""

    field_id: str
    code: str
    url: str = Field(description="Where the code leads.")
    sheet_url: str = Field(description="A sheet to print, for anybody.")
    qr_svg: str = Field(description="The QR code of the URL, an SVG element.")
    created_by: str
    created_at: datetime
