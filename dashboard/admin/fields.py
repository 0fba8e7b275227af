"""Fields: which there are, where they are, and the sign-up codes of their farmers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import streamlit as st

from dashboard import panels, places
from dashboard.admin import acts, geo, signup
from dashboard.places import Names
from dashboard.reader import Reader
from lighttrap import views

FORM = "field"


def show(who: Reader, names: Names) -> None:
    """The list, and beside it one field to change, or a new one."""
    say = who.words
    left, right = st.columns([3, 2], gap="large")
    with left:
        _list(who, names)
    with right:
        order = sorted(names.fields, key=lambda one: (names.commune_of(one), names.field(one)))
        chosen = acts.picked(
            "field", say("Ruộng"), order, lambda one: f"{names.commune_of(one)} · {names.field(one)}",
            say("Thêm ruộng mới"),
        )  # fmt: skip
        acts.show_refusal(FORM)
        _form(who, names.fields.get(chosen or ""))
        if chosen:
            signup.show(who, chosen)


def _list(who: Reader, names: Names) -> None:
    say = who.words
    if not names.fields:
        panels.empty(
            say("Chưa có ruộng nào. Bắt đầu từ đây:"),
            [say("Thêm ruộng: tên, xã, vị trí."), say("Sau đó sang phần Bẫy để đăng ký bẫy vào ruộng.")],
        )
        return
    traps: dict[str, int] = {}
    for trap in names.traps.values():
        if trap.field_id and trap.retired_at is None:
            traps[trap.field_id] = traps.get(trap.field_id, 0) + 1
    st.dataframe(
        [
            {
                say("Xã, phường"): names.commune_of(one.id),
                say("Ruộng"): one.properties.name,
                say("Mã"): one.id,
                say("Bẫy"): say.number(traps.get(one.id, 0)),
                say("Diện tích, ha"): say.number(one.properties.area_ha, 1),
                say("Vị trí"): _place_word(who, one),
            }
            for one in sorted(names.fields.values(), key=lambda one: (names.commune_of(one.id), one.properties.name))
        ],
        hide_index=True,
        alt=say("Danh sách ruộng"),
    )


def _place_word(who: Reader, one: views.FieldFeature) -> str:
    if one.geometry is None:
        return who.words("chưa có")
    return who.words("điểm") if one.geometry["type"] == "Point" else who.words("ranh giới")


def _form(who: Reader, known: views.FieldFeature | None) -> None:
    say, form = who.words, f"{FORM}-{known.id if known else ''}"
    communes = all_communes(who)
    codes = [None, *sorted(communes, key=lambda code: communes[code])]
    own = known.properties if known else None
    code = own.commune_code if own and own.commune_code in communes else None
    with st.form(form, border=True):
        st.text_input(say("Tên ruộng"), own.name if own else "", key=acts.key(form, "name"), max_chars=200)
        if known is None:
            st.text_input(
                say("Mã (bỏ trống thì lấy theo tên)"), key=acts.key(form, "id"), max_chars=64,
                placeholder="ruong-ong-ba", help=say("Chữ thường không dấu, số và gạch nối; sau này không đổi được."),
            )  # fmt: skip
        st.selectbox(
            say("Xã, phường"), codes, index=codes.index(code), key=acts.key(form, "commune"),
            format_func=lambda one: communes[one] if one else say("Chưa chọn"),
        )  # fmt: skip
        st.number_input(
            say("Diện tích, ha"), 0.01, 1e6, own.area_ha if own else None, 0.1, "%g", key=acts.key(form, "area")
        )
        _place_inputs(who, form, known)
        st.form_submit_button(
            say("Lưu thay đổi") if known else say("Thêm ruộng"), type="primary", on_click=save,
            args=(who, form, known), width="stretch",
        )  # fmt: skip


def _place_inputs(who: Reader, form: str, known: views.FieldFeature | None) -> None:
    say = who.words
    lat = lon = ""
    if known and known.geometry and known.geometry["type"] == "Point":
        lon, lat = (str(one) for one in known.geometry["coordinates"])
    elif known and known.geometry:
        st.write(say("Đã có ranh giới. Chỉ ghi dưới đây khi muốn thay."))
    left, right = st.columns(2)
    left.text_input(say("Vĩ độ (bắc)"), lat, key=acts.key(form, "lat"), placeholder="9.6025")
    right.text_input(say("Kinh độ (đông)"), lon, key=acts.key(form, "lon"), placeholder="105.9739")
    with st.expander(say("Hoặc dán ranh giới (GeoJSON)")):
        st.text_area("GeoJSON", key=acts.key(form, "geojson"), height=120, label_visibility="collapsed")


def save(who: Reader, form: str, known: views.FieldFeature | None) -> None:
    """Sends the form, with what was seen, so that nobody else's change is overwritten."""
    say = who.words
    name = acts.typed(form, "name")
    if not name:
        acts.refuse(form, say("Hãy ghi tên ruộng."))
        return
    try:
        lat, lon, pasted = (acts.typed(form, one) for one in ("lat", "lon", "geojson"))
        place = geo.boundary(lat, lon, pasted, say)
    except geo.Unclear as fault:
        acts.refuse(form, str(fault))
        return
    field_id = known.id if known else acts.typed(form, "id") or geo.slug(name)
    body: dict[str, Any] = {
        "name": name, "commune_code": acts.typed(form, "commune"), "area_ha": acts.typed(form, "area"),
        "boundary": place, "was": _seen(known),
    }  # fmt: skip
    if known:
        body["time_zone"] = known.properties.time_zone
    mine = ", ".join(str(one) for one in (name, body["commune_code"], body["area_ha"]) if one)
    path = f"/fields/{quote(field_id)}"
    done, _ = acts.do(who, form, "PUT", path, views.PlotField, body, mine=mine if known else "")
    if done and not known:
        st.session_state["pick_field"] = field_id


def _seen(known: views.FieldFeature | None) -> dict[str, Any] | None:
    if known is None:
        return None
    own = known.properties
    return {"name": own.name, "area_ha": own.area_ha, "commune_code": own.commune_code, "boundary": known.geometry}


def all_communes(who: Reader) -> dict[str, str]:
    """Communes by code: the name, and the province where there are several."""
    found: list[views.Commune] = []
    after: str | None = None
    while True:
        asked = {"limit": places.PAGE, "after": after}
        page = who.client.get(who.session, "/v1/communes", views.Page[views.Commune], asked).value
        found += page.items
        if (after := page.next) is None:
            break
    several = len({one.province_code for one in found}) > 1
    return {one.commune_code: f"{one.name}, {one.province}" if several and one.province else one.name for one in found}


def scopes(who: Reader, names: Names) -> dict[str, str]:
    """What a rule or a subscription may be for: the whole org, a commune with fields, a field; by a code of ours."""
    own = {one.properties.commune_code for one in names.fields.values()}
    known = sorted(((code, name) for code, name in names.communes.items() if code in own), key=lambda one: one[1])
    order = sorted(names.fields, key=lambda one: (names.commune_of(one), names.field(one)))
    return {
        "": who.words("cả đơn vị"),
        **{f"c:{code}": name for code, name in known},
        **{f"f:{one}": f"{names.commune_of(one)} · {names.field(one)}" for one in order},
    }


def scope(code: str) -> dict[str, str | None]:
    """Such a code as the API takes it."""
    return {
        "field_id": code[2:] if code.startswith("f:") else None,
        "commune_code": code[2:] if code.startswith("c:") else None,
    }
