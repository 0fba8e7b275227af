"""What a page is about, chosen once and kept in the address as machine codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard import morning
from dashboard.places import Names
from dashboard.reader import Reader
from lighttrap import views

FIRST_SPECIES = "nilaparvata-lugens"


def one_of(name: str, label: str, options: Sequence[str], told: Callable[[str], str], default: str) -> str:
    """One of some codes: of the address, else of earlier in this session, else the default."""
    asked = [st.query_params.get(name), st.session_state.get(f"chosen_{name}"), default]
    at_first = next((one for one in asked if one in options), options[0])
    if st.session_state.get(f"choose_{name}") not in options:
        st.session_state[f"choose_{name}"] = at_first
    chosen = st.selectbox(label, options, format_func=told, key=f"choose_{name}")
    st.session_state[f"chosen_{name}"] = st.query_params[name] = chosen
    return chosen


def field(who: Reader, names: Names) -> str:
    """A field; by commune and name, at first that which is worst."""
    options = sorted(names.fields, key=lambda one: (names.commune_of(one), names.field(one)))
    worst = morning.worst_of(who.get("/overview", views.Overview).value)
    return one_of(
        "field", who.words("Ruộng"), options, lambda one: f"{names.commune_of(one)} · {names.field(one)}",
        worst.field_id if worst else options[0],
    )  # fmt: skip


def trap(who: Reader, names: Names) -> str:
    """A trap."""
    options = sorted(names.traps)
    return one_of("trap", who.words("Bẫy"), options, names.trap, options[0])


def species(who: Reader, names: Names) -> str:
    """A species of the catalogue, those with a rule first."""
    ruled = {rule.species for rule in who.get("/rules", list[views.Rule]).value}
    known = who.client.get(who.session, "/v1/species", list[views.Species]).value
    options = sorted((one.key for one in known), key=lambda one: (one not in ruled, names.pest(one)))
    return one_of("species", who.words("Loài"), options, names.pest, FIRST_SPECIES)
