"""What the API answers. Instants are in UTC; a night is the evening's date; units stand in the names.

Within version 1 a field is never taken away and never changes its meaning; new ones may come. docs/api.md has the
promise. One module a noun; all of them by their names from here, as `views.Alert`.
"""

from __future__ import annotations

from lighttrap.views.alerts import (
    Alert,
    AlertCase,
    AlertEvent,
    AlertNote,
    EventPreview,
    EventText,
    JudgedNight,
    Reach,
    Rule,
    WaitingText,
)
from lighttrap.views.catches import Catch, CatchNight, Correction, Reading, TrapHour
from lighttrap.views.deliveries import Attempt, Delivery, DeliveryCase, Outbox
from lighttrap.views.devices import Device, NewTrapCredential, Trap, TrapCredential, TrapEvent, Visit
from lighttrap.views.exports import ExportColumn, ExportKind, ExportNote
from lighttrap.views.live import LiveChange
from lighttrap.views.losses import Asked, Gap, LedgerLine, QuarantinedMessage, WholeMessage
from lighttrap.views.overview import FieldOverview, Figures, Highest, NightLevels, Overview, Strip, StripNight
from lighttrap.views.people import Account, AuditEntry, LoginSession, LoginWays, Me, NewToken, OidcWay, Token, User
from lighttrap.views.places import Commune, FieldFeature, FieldMap, FieldProperties, Org, PlotField, SignupCode, Species
from lighttrap.views.recipients import (
    Address,
    Addresses,
    NewRecipient,
    OrgSetting,
    Recipient,
    RecipientCase,
    Subscription,
)
from lighttrap.views.trends import (
    Band,
    Change,
    FieldNights,
    Forecast,
    LunarDay,
    NormalYear,
    Outlook,
    SeasonNow,
    Sowing,
    StageWindow,
    ThresholdLine,
    TrapNights,
    TrapPeak,
    Trend,
)
from lighttrap.views.view import Page, View

__all__ = [
    "Account",
    "Address",
    "Addresses",
    "Alert",
    "AlertCase",
    "AlertEvent",
    "AlertNote",
    "Asked",
    "Attempt",
    "AuditEntry",
    "Band",
    "Catch",
    "CatchNight",
    "Change",
    "Commune",
    "Correction",
    "Delivery",
    "DeliveryCase",
    "Device",
    "EventPreview",
    "EventText",
    "ExportColumn",
    "ExportKind",
    "ExportNote",
    "FieldFeature",
    "FieldMap",
    "FieldNights",
    "FieldOverview",
    "FieldProperties",
    "Figures",
    "Forecast",
    "Gap",
    "Highest",
    "JudgedNight",
    "LedgerLine",
    "LiveChange",
    "LoginSession",
    "LoginWays",
    "LunarDay",
    "Me",
    "NewRecipient",
    "NewToken",
    "NewTrapCredential",
    "NightLevels",
    "NormalYear",
    "OidcWay",
    "Org",
    "OrgSetting",
    "Outbox",
    "Outlook",
    "Overview",
    "Page",
    "PlotField",
    "QuarantinedMessage",
    "Reach",
    "Reading",
    "Recipient",
    "RecipientCase",
    "Rule",
    "SeasonNow",
    "SignupCode",
    "Sowing",
    "Species",
    "StageWindow",
    "Strip",
    "StripNight",
    "Subscription",
    "ThresholdLine",
    "Token",
    "Trap",
    "TrapCredential",
    "TrapEvent",
    "TrapHour",
    "TrapNights",
    "TrapPeak",
    "Trend",
    "User",
    "View",
    "Visit",
    "WaitingText",
    "WholeMessage",
]
