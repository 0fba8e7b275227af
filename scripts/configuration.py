"""Writes docs/configuration.md and .env.example from the settings models, so that neither can lag."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from api.config import ApiSettings
from dashboard.config import DashboardSettings
from ingest.config import IngestSettings
from lighttrap.backup.settings import BackupSettings
from lighttrap.broker.settings import BrokerFileSettings
from lighttrap.cli.doctor_settings import DoctorSettings
from lighttrap.config import ProgramSettings
from lighttrap.monitor.settings import MonitoringSettings
from lighttrap.notify.settings import NotifySettings
from simulator.config import SimulatorSettings

ROOT = Path(__file__).parent.parent
PROGRAMS: dict[str, type[ProgramSettings]] = {
    "ingest": IngestSettings,
    "api": ApiSettings,
    "notify": NotifySettings,
    "monitor": MonitoringSettings,
    "dashboard": DashboardSettings,
    "simulator": SimulatorSettings,
    "broker": BrokerFileSettings,
    "backup": BackupSettings,
    "doctor": DoctorSettings,
}

_HEAD = """\
# Configuration
Settings come from the environment only; `lighttrap up` sets them for the programs it starts. This page is written by
`scripts/docs` from the settings themselves.

| variable | read by | default | meaning |
|---|---|---|---|
"""
_SAMPLE_HEAD = """\
# Every setting with its default, as docs/configuration.md lists them; written by scripts/docs.
# A line without a default must be filled in.
"""


class Setting(NamedTuple):
    """One variable of the environment; `default` is None when it must be given."""

    variable: str
    programs: tuple[str, ...]
    default: str | None
    description: str


def settings() -> list[Setting]:
    """Every setting of every program, each once, in order of declaration."""
    found: dict[str, Setting] = {}
    for program, model in PROGRAMS.items():
        prefix = str(model.model_config.get("env_prefix", ""))
        for name, field, default in _leaves(model, prefix):
            known = found.get(name)
            programs = (*known.programs, program) if known else (program,)
            found[name] = Setting(name, programs, default, field.description or "")
    return list(found.values())


def _leaves(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo, str | None]]:
    for name, field in model.model_fields.items():
        section = _section(field)
        if section is not None:
            yield from _leaves(section, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}", field, _default(field)


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kinds = (field.annotation, *get_args(field.annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _default(field: FieldInfo) -> str | None:
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return None
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict):
        return json.dumps(value, default=str)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def page() -> str:
    """The text of docs/configuration.md."""
    return _HEAD + "".join(
        f"| `{s.variable}` | {', '.join(s.programs)} | {_cell(s.default)} | {s.description.replace('|', '&#124;')} |\n"
        for s in settings()
    )


def _cell(default: str | None) -> str:
    if default is None:
        return "must be given"
    return f"`{default}`" if default else "unset"


def sample() -> str:
    """The text of .env.example."""
    return _SAMPLE_HEAD + "".join(f"\n# {s.description}\n{_line(s)}\n" for s in settings())


def _line(setting: Setting) -> str:
    """`NAME=default`; commented out where the default is to have none, empty where a value must be given."""
    return f"{'# ' if setting.default == '' else ''}{setting.variable}={setting.default or ''}"


PAGES = {"docs/configuration.md": page, ".env.example": sample}


def main() -> None:
    """Writes both files."""
    for name, text in PAGES.items():
        (ROOT / name).write_text(text(), encoding="utf-8")
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
