"""Thresholds: those in force, a new version of one, the end of one, and which there were before."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from dashboard import panels
from dashboard.admin import acts, fields
from dashboard.choices import FIRST_SPECIES
from dashboard.places import Names
from dashboard.reader import Reader
from dashboard.words import Words
from lighttrap import views
from lighttrap.agronomy.level import Level

FORM = "rule"
LEVELS = {"watch": Level.WATCH, "warning": Level.WARNING, "alarm": Level.ALARM}


def show(who: Reader, names: Names) -> None:
    """The rules in force, and beside them a new version of one, or a new rule."""
    say = who.words
    found = {str(one.rule_id): one for one in who.get("/rules", list[views.Rule]).value}
    left, right = st.columns([3, 2], gap="large")
    with left:
        if not found:
            panels.empty(
                say("Chưa có ngưỡng nào, nên chưa ai được cảnh báo."),
                [say("Đặt ngưỡng: mức theo dõi, báo động, nguy hiểm."), say("Sau đó sang phần Người nhận tin.")],
            )
        for one in sorted(found.values(), key=lambda one: (names.pest(one.species), where(one, names, say))):
            _card(who, names, one)
    with right:
        chosen = acts.picked(
            "rule", say("Ngưỡng"), list(found),
            lambda one: f"{names.pest(found[one].species)} · {where(found[one], names, say)}", say("Ngưỡng mới"),
        )  # fmt: skip
        acts.show_refusal(FORM)
        _form(who, names, found.get(chosen or ""))


def where(rule: views.Rule, names: Names, say: Words) -> str:
    """For which places a rule holds."""
    if rule.field_id:
        return f"{names.commune_of(rule.field_id)} · {names.field(rule.field_id)}"
    if rule.commune_code:
        return names.communes.get(rule.commune_code, rule.commune_code)
    return say("cả đơn vị")


def levels(rule: views.Rule, say: Words) -> str:
    """The thresholds of a rule as HTML: sign, word and number of each."""
    known = [(level, getattr(rule, name)) for name, level in LEVELS.items()]
    return " ".join(
        f"<span>{panels.badge(level, say)} ≥ <strong>{escape(say.number(value))}</strong></span>"
        for level, value in known
        if value is not None
    )


def details(rule: views.Rule, say: Words) -> str:
    """The rest of a rule in a sentence."""
    facts = [
        say("báo khi {k} trong {n} đêm đạt mức", k=rule.k, n=rule.n),
        say("hết báo sau {nights} đêm dưới {share}% mức thấp nhất", nights=rule.clear_nights,
            share=say.number(100 * rule.clear_below)),
    ]  # fmt: skip
    if rule.jump_ratio:
        facts.append(say("cả khi tăng {ratio} lần trong một đêm", ratio=say.number(rule.jump_ratio, 1)))
    if rule.trend_ratio:
        facts.append(say("cả khi xu hướng tăng {ratio} lần", ratio=say.number(rule.trend_ratio, 1)))
    if rule.floor:
        facts.append(say("tỉ lệ chỉ tính từ {floor} con/bẫy/đêm", floor=say.number(rule.floor)))
    return "; ".join(facts)


def _card(who: Reader, names: Names, rule: views.Rule) -> None:
    say = who.words
    with st.container(border=True):
        st.html(
            f"<div><strong>{escape(names.pest(rule.species))}</strong> · {escape(where(rule, names, say))}</div>"
            f'<div class="levels">{levels(rule, say)}</div><div>{escape(details(rule, say))}.</div>'
            f'<div class="fresh">{escape(signed(rule, say))}</div>'
        )
        if rule.is_proposal:
            panels.strip(say("Ngưỡng đề xuất: chưa cán bộ nào quyết định. Hãy xem lại rồi lưu."))
        with st.container(horizontal=True):
            st.button(say("Sửa"), key=f"edit-{rule.rule_id}", on_click=_pick, args=(rule,))
            with st.popover(say("Các phiên bản")):
                if st.toggle(say("Xem các phiên bản"), key=f"versions-{rule.rule_id}"):
                    _versions(who, rule)
            acts.confirm(
                say("Bỏ ngưỡng này"),
                say("Cảnh báo của ngưỡng này chuyển sang ngưỡng rộng hơn, hoặc kết thúc nếu không còn ngưỡng nào."),
                say("Đồng ý, bỏ"), end, who, rule, name=f"end-{rule.rule_id}",
            )  # fmt: skip


def _pick(rule: views.Rule) -> None:
    st.session_state["pick_rule"] = str(rule.rule_id)


def signed(rule: views.Rule, say: Words) -> str:
    """Unit, version, author and when."""
    return say(
        "con/bẫy/đêm · phiên bản {version}, {author}, {at}", version=rule.version, author=rule.author,
        at=say.night(rule.created_at.date(), year=True),
    )  # fmt: skip


def _versions(who: Reader, rule: views.Rule) -> None:
    say = who.words
    for one in who.get(f"/rules/{rule.rule_id}/versions", list[views.Rule]).value:
        st.html(
            f'<div class="levels">{levels(one, say)}</div><div>{escape(details(one, say))}.</div>'
            f'<div class="fresh">{escape(signed(one, say))}</div>'
        )


def end(who: Reader, rule: views.Rule) -> None:
    """Takes the rule out of force."""
    acts.do(who, FORM, "DELETE", f"/rules/{rule.rule_id}", views.Rule, done=who.words("Đã bỏ ngưỡng."))


def _form(who: Reader, names: Names, known: views.Rule | None) -> None:
    say, form = who.words, f"rule-{known.rule_id if known else ''}"
    with st.form(form, border=True):
        if known is None:
            _place_inputs(who, names, form)
        for name, level in LEVELS.items():
            st.number_input(
                say("{level}, từ (con/bẫy/đêm)", level=panels.level_word(level, say).capitalize()), 0.1, 1e9,
                getattr(known, name) if known else None, 1.0, "%g", key=acts.key(form, name),
            )  # fmt: skip
        with st.expander(say("Chi tiết: số đêm, hết báo, tăng đột ngột")):
            _detail_inputs(say, form, known)
        st.write(say("Khi lưu, máy chủ xét lại 60 đêm gần đây; cảnh báo có thể mở thêm, đổi mức hoặc kết thúc."))
        st.form_submit_button(
            say("Lưu phiên bản {n}", n=known.version + 1) if known else say("Đặt ngưỡng"), type="primary",
            on_click=save, args=(who, form, known), width="stretch",
        )  # fmt: skip


def _place_inputs(who: Reader, names: Names, form: str) -> None:
    say = who.words
    pests = sorted((one.key for one in who.client.get(who.session, "/v1/species", list[views.Species]).value
                    if one.role == "pest"), key=names.pest)  # fmt: skip
    first = pests.index(FIRST_SPECIES) if FIRST_SPECIES in pests else 0
    st.selectbox(say("Loài"), pests, first, names.pest, key=acts.key(form, "species"))
    told = fields.scopes(who, names)
    st.selectbox(say("Áp dụng cho"), list(told), format_func=lambda one: told[one], key=acts.key(form, "place"))


def _detail_inputs(say: Words, form: str, known: views.Rule | None) -> None:
    left, right = st.columns(2)
    rows = [
        (left, "k", say("Số đêm đạt mức"), 1, 30, known.k if known else 1, 1, None),
        (right, "n", say("trong số đêm"), 1, 30, known.n if known else 1, 1, None),
        (left, "clear_nights", say("Hết báo sau số đêm"), 1, 30, known.clear_nights if known else 3, 1, None),
        (right, "clear_share", say("dưới, % mức thấp nhất"), 1, 100,
         round(100 * known.clear_below) if known else 50, 1, None),
        (left, "jump_ratio", say("Tăng trong một đêm, lần"), 1.1, 1e6, known.jump_ratio if known else None, 0.5, "%g"),
        (right, "trend_ratio", say("Xu hướng tăng, lần"), 1.1, 1e6, known.trend_ratio if known else None, 0.5, "%g"),
        (left, "floor", say("Tỉ lệ chỉ tính từ, con"), 0.1, 1e9, known.floor if known else None, 1.0, "%g"),
        (right, "lamp_hours", say("Đèn ít nhất, giờ"), 0.0, 24.0, known.min_lamp_s / 3600 if known else 0.0, 0.5, "%g"),
    ]  # fmt: skip
    for place, name, label, least, most, value, step, shape in rows:
        place.number_input(label, least, most, value, step, shape, key=acts.key(form, name))


def save(who: Reader, form: str, known: views.Rule | None) -> None:
    """Sends the form as a new version, naming the one that was seen."""
    body: dict[str, Any] = {name: acts.typed(form, name) for name in
                            (*LEVELS, "k", "n", "clear_nights", "jump_ratio", "trend_ratio", "floor")}  # fmt: skip
    wrong = fault_of(body, who.words)
    if wrong:
        acts.refuse(form, wrong)
        return
    body |= {
        "clear_below": acts.typed(form, "clear_share") / 100,
        "min_lamp_s": round(acts.typed(form, "lamp_hours") * 3600),
    }
    body |= _place_of(form, known)
    body["replaces"] = known.rule_id if known else None
    done, made = acts.do(who, form, "POST", "/rules", views.Rule, body, who.words("Đã lưu ngưỡng, đã xét lại."),
                         " / ".join(who.words.number(body[name]) for name in LEVELS))  # fmt: skip
    if done and made:
        st.session_state["pick_rule"] = str(made.rule_id)


def _place_of(form: str, known: views.Rule | None) -> dict[str, Any]:
    if known:
        return {"species": known.species, "field_id": known.field_id, "commune_code": known.commune_code}
    return {"species": acts.typed(form, "species"), **fields.scope(acts.typed(form, "place") or "")}


def fault_of(body: dict[str, Any], say: Words) -> str | None:
    """What does not agree in a rule; None when all does."""
    given = [body[name] for name in LEVELS if body[name] is not None]
    ratios = [body[name] for name in ("jump_ratio", "trend_ratio") if body[name] is not None]
    if not given and not ratios:
        return say("Hãy ghi ít nhất một mức.")
    if given != sorted(given):
        return say("Các mức phải tăng dần: theo dõi, báo động, nguy hiểm.")
    if ratios and body["floor"] is None:
        return say("Tăng theo lần cần thêm số con ít nhất, kẻo 1 lên 3 con cũng báo.")
    if body["k"] > body["n"]:
        return say("Số đêm đạt mức không thể nhiều hơn số đêm xét.")
    return None
