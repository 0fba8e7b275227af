"""Packets of protocol v1 and how they are read. `docs/protocol.md` is the contract; these models make its schema.

Decoding is strict about what could corrupt a count and lenient about the rest: unknown fields are left out, and a
weather sensor outside its physical range loses its value, not the catch it came with.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from lighttrap import strictjson, topics
from lighttrap.errors import PacketError

VERSION = 1
MAX_PAYLOAD_BYTES = 65_536
MAX_COUNT = 1_000_000
"""Insects of one species in one reading; four times the highest night on record (250,000, Sóc Trăng 2010)."""
MAX_SPECIES = 64
MAX_INTERVAL = timedelta(hours=24)
MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON parser reads exactly (small ones use doubles)."""


class Text:
    """A time or date as JSON text of one pattern.

    Pydantic alone would also read "1763818200" as a time, and guess whether that is seconds or milliseconds.
    """

    def __init__(self, pattern: str, schema: CoreSchema) -> None:
        self.pattern = pattern
        self.schema = schema

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Text from JSON, the object itself from Python."""
        text = core_schema.str_schema(pattern=self.pattern)
        strict = cast(CoreSchema, {**self.schema, "strict": True})
        return core_schema.json_or_python_schema(core_schema.chain_schema([text, self.schema]), strict)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The format and the pattern."""
        return {**handler(self.schema), "pattern": self.pattern}


# A day from the ends of the calendar, so that no zone leads beyond them.
_MOMENT = core_schema.datetime_schema(
    tz_constraint="aware", ge=datetime(1, 1, 2, tzinfo=UTC), le=datetime(9999, 12, 30, tzinfo=UTC)
)
_RFC_3339 = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"

Version = Annotated[StrictInt, Field(ge=VERSION, le=VERSION, json_schema_extra={"const": VERSION})]
Counter = Annotated[StrictInt, Field(ge=0, le=MAX_INTEGER)]
Seq = Annotated[StrictInt, Field(ge=1, le=MAX_INTEGER)]
Count = Annotated[StrictInt, Field(ge=0, le=MAX_COUNT)]
Seconds = Annotated[StrictInt, Field(ge=0, le=86_400)]
SpeciesKey = Annotated[StrictStr, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Label = Annotated[StrictStr, StringConstraints(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$")]
Instant = Annotated[datetime, Text(_RFC_3339, _MOMENT)]
Night = Annotated[date, Text(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", core_schema.date_schema())]
TimeOfDay = Annotated[StrictStr, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Measure = Annotated[float, Field(strict=True, allow_inf_nan=False)]


def _measure(low: float, high: float, description: str) -> Any:  # noqa: ANN401 - a pydantic field of type float | None
    return Field(default=None, ge=low, le=high, description=description)


class Packet(BaseModel):
    """What every packet has."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)
    kind: ClassVar[topics.Kind]

    v: Version = Field(description="Protocol version.")

    def payload(self) -> bytes:
        """The JSON text that goes on the wire, without unset fields."""
        return self.model_dump_json(exclude_none=True).encode()


class ReadingPacket(Packet):
    """What a trap counted and measured in one interval."""

    kind = topics.Kind.READING

    boot: Counter = Field(description="Life of the counter: random, drawn when the flash seq cannot be trusted.")
    seq: Seq = Field(description="Rises by 1 per reading within a boot, from 1; written to flash before sending.")
    start: Instant = Field(description="First instant of the interval, with zone.")
    end: Instant = Field(description="First instant after the interval, with zone; at most 24 h after start.")
    lamp_s: Seconds = Field(description="Seconds the lamp burned within the interval.")
    counts: Annotated[dict[SpeciesKey, Count], Field(max_length=MAX_SPECIES)] = Field(
        description="Insects per species looked for, zeros included; a species left out was not looked for."
    )
    temperature_c: Measure | None = _measure(-40, 80, "Air temperature, degrees Celsius.")
    humidity_pct: Measure | None = _measure(0, 100, "Relative humidity, per cent.")
    rain_mm: Measure | None = _measure(0, 500, "Rain within the interval, millimetres.")
    wind_m_s: Measure | None = _measure(0, 100, "Wind speed, metres per second.")
    light_lx: Measure | None = _measure(0, 200_000, "Illuminance, lux.")
    battery_v: Measure | None = _measure(0, 100, "Battery voltage.")
    panel_v: Measure | None = _measure(0, 500, "Solar panel voltage.")
    signal_dbm: Measure | None = _measure(-200, 0, "Radio signal strength, dBm.")
    model_version: Label | None = Field(default=None, description="Version of the model that counted.")
    image_ref: Label | None = Field(default=None, description="Where the picture is kept.")
    prev_boot: Counter | None = Field(default=None, description="In a boot's first readings: the boot before it.")
    prev_last_seq: Counter | None = Field(
        default=None, description="The last seq of the boot before it; 0 when it had none."
    )

    @model_validator(mode="after")
    def _times_fit(self) -> ReadingPacket:
        length = self.end - self.start
        if not timedelta(0) < length <= MAX_INTERVAL:
            raise ValueError("end must be after start, by 24 hours at most")
        if self.lamp_s > length.total_seconds() + 1:
            raise ValueError("lamp_s is longer than the interval")
        if (self.prev_boot is None) != (self.prev_last_seq is None):
            raise ValueError("prev_boot and prev_last_seq come together")
        return self


class StatusPacket(Packet):
    """Whether the trap is there; retained, and its own last will."""

    kind = topics.Kind.STATUS

    online: StrictBool = Field(description="False in the last will and before a planned sleep.")
    at: Instant | None = Field(default=None, description="When this was so; a last will leaves it out.")
    boot: Counter | None = Field(default=None, description="The current boot.")
    last_seq: Counter | None = Field(default=None, description="The last seq given out in this boot.")
    firmware: Label | None = Field(default=None, description="Firmware version.")
    battery_v: Measure | None = _measure(0, 100, "Battery voltage.")
    panel_v: Measure | None = _measure(0, 500, "Solar panel voltage.")
    signal_dbm: Measure | None = _measure(-200, 0, "Radio signal strength, dBm.")


class EventPacket(Packet):
    """Something that befell the trap."""

    kind = topics.Kind.EVENT

    event: Annotated[StrictStr, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=32)] = Field(
        description="lamp-on, lamp-off, lamp-fault, tray-cleaned, reboot, clock-set, gone, or the maker's own word."
    )
    at: Instant = Field(description="When it happened.")
    note: Label | None = Field(default=None, description="Free text for the technician.")
    boot: Counter | None = Field(default=None, description="With gone: the boot of the lost readings.")
    from_seq: Seq | None = Field(default=None, description="With gone: the first seq that is lost for ever.")
    to_seq: Seq | None = Field(default=None, description="With gone: the last one.")

    @model_validator(mode="after")
    def _gone_is_whole(self) -> EventPacket:
        span = (self.boot, self.from_seq, self.to_seq)
        if self.event == "gone" and None in span:
            raise ValueError("gone needs boot, from_seq and to_seq")
        if self.from_seq is not None and self.to_seq is not None and self.from_seq > self.to_seq:
            raise ValueError("from_seq is after to_seq")
        return self


class SummaryPacket(Packet):
    """The trap's own closing account of one night and boot, to check ours against."""

    kind = topics.Kind.SUMMARY

    night: Night = Field(description="Local date of the evening.")
    boot: Counter = Field(description="The boot this account is of; a night with two boots sends two.")
    first_seq: Seq = Field(description="First seq of the night.")
    last_seq: Seq = Field(description="Last seq of the night.")
    lamp_s: Seconds = Field(description="Seconds the lamp burned in the night.")
    totals: Annotated[dict[SpeciesKey, Annotated[StrictInt, Field(ge=0, le=MAX_INTEGER)]], Field(max_length=64)] = (
        Field(description="Insects per species over the night's readings.")
    )

    @model_validator(mode="after")
    def _span_fits(self) -> SummaryPacket:
        if self.first_seq > self.last_seq:
            raise ValueError("first_seq is after last_seq")
        return self


class Watermark(BaseModel):
    """Up to which seq of one boot everything is stored."""

    model_config = ConfigDict(frozen=True)

    boot: Counter
    seq: Counter = Field(description="Every seq from 1 to this one is safe or was given up; 0 when none is.")


class StoredPacket(Packet):
    """What we tell a trap is safe; retained."""

    kind = topics.Kind.STORED

    at: Instant = Field(description="When the server knew this.")
    stored: list[Watermark] = Field(description="Boots that moved since the last such packet, the newest first.")


class CommandPacket(Packet):
    """What we ask of a trap. `resend` needs boot, from_seq and to_seq; `set` needs at least one of the others."""

    kind = topics.Kind.COMMAND

    command: Literal["resend", "set"] = Field(description="What is asked.")
    boot: Counter | None = Field(default=None, description="With resend: the boot to send again.")
    from_seq: Seq | None = Field(default=None, description="With resend: the first seq.")
    to_seq: Seq | None = Field(default=None, description="With resend: the last seq.")
    interval_s: Annotated[StrictInt, Field(ge=60, le=86_400)] | None = Field(
        default=None, description="With set: seconds between readings."
    )
    lamp_from: TimeOfDay | None = Field(
        default=None, description="With set: local time at which the lamp goes on, HH:MM."
    )
    lamp_to: TimeOfDay | None = Field(
        default=None, description="With set: local time at which the lamp goes off, HH:MM."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> CommandPacket:
        if self.command == "resend" and None in (self.boot, self.from_seq, self.to_seq):
            raise ValueError("resend needs boot, from_seq and to_seq")
        if self.command == "set" and self.interval_s is None and self.lamp_from is None and self.lamp_to is None:
            raise ValueError("set needs interval_s, lamp_from or lamp_to")
        return self


PACKETS: dict[topics.Kind, type[Packet]] = {
    packet.kind: packet
    for packet in (ReadingPacket, StatusPacket, EventPacket, SummaryPacket, StoredPacket, CommandPacket)
}

_ADAPTERS: dict[topics.Kind, TypeAdapter[Any]] = {kind: TypeAdapter(packet) for kind, packet in PACKETS.items()}
_RANGE_ERRORS = {"greater_than_equal", "less_than_equal"}
_SENSOR_SUFFIXES = ("_c", "_pct", "_mm", "_m_s", "_lx", "_v", "_dbm")


def sha_of(payload: bytes) -> bytes:
    """SHA-256 of a payload, by which a redelivery is told from another reading under the same key."""
    return hashlib.sha256(payload).digest()


def decode(kind: topics.Kind, payload: bytes) -> Packet:
    """The packet in a payload.

    Raises PacketError, and nothing else, for any bytes that are not a packet of this kind; its `reason` is one of
    `too_large`, `not_utf8`, `not_json`, `too_deep`, `duplicate_key`, `unknown_version` and `invalid`.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise PacketError("too_large", f"{len(payload)} bytes, {MAX_PAYLOAD_BYTES} allowed")
    try:
        packet: Packet = _ADAPTERS[kind].validate_json(payload)
    except ValidationError as fault:
        return _decode_slowly(kind, payload, fault)
    if not _surely_without_duplicates(packet, payload):
        strictjson.parse(payload)
    return packet


def _surely_without_duplicates(packet: Packet, payload: bytes) -> bool:
    """Whether the payload's strings are exactly the packet's own keys and texts.

    Pydantic lets the last of two equal keys win. Every string costs at least two quotes, so as many quotes as the
    packet itself needs show at once, for nearly every reading, that there is no second key and no unknown one.
    """
    if type(packet) is not ReadingPacket:
        return False
    strings = 2 + (packet.model_version is not None) + (packet.image_ref is not None)
    keys = len(packet.__pydantic_fields_set__) + len(packet.counts)
    return payload.count(b'"') == 2 * (strings + keys)


def _decode_slowly(kind: topics.Kind, payload: bytes, fault: ValidationError) -> Packet:
    """Finds the reason of a refusal, and repairs the one that must not cost a catch: a sensor out of range."""
    document = strictjson.parse(payload)
    if not isinstance(document, dict):
        raise PacketError("invalid", "the payload is not a JSON object") from fault
    if type(document.get("v")) is int and document["v"] != VERSION:
        raise PacketError("unknown_version", f"v is {str(document['v'])[:20]}, this server reads {VERSION}") from fault
    errors = fault.errors(include_url=False, include_context=False)
    sensors = {str(error["loc"][0]) for error in errors if _is_sensor_out_of_range(error)}
    if len(sensors) == len(errors):
        fields = PACKETS[kind].model_fields
        kept = {key: value for key, value in document.items() if key in fields and key not in sensors}
        return decode(kind, json.dumps(kept).encode())
    raise PacketError("invalid", _describe(errors)) from fault


def _is_sensor_out_of_range(error: Any) -> bool:  # noqa: ANN401 - pydantic's ErrorDetails
    loc = error["loc"]
    return error["type"] in _RANGE_ERRORS and len(loc) == 1 and str(loc[0]).endswith(_SENSOR_SUFFIXES)


def _describe(errors: list[Any]) -> str:
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"])
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{place}: {first['msg']}{more}"[:500] if place else f"{first['msg']}{more}"[:500]
