"""What a trend means, in sentences; pure. Dates come from an observed peak; a forecast stands apart, with its score."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard import trend
from dashboard.places import Names
from dashboard.words import Words
from lighttrap import views
from lighttrap.agronomy.level import Level
from lighttrap.notify.verdict import Situation, verdict


def sentence(found: views.Trend, names: Names, field_id: str, species: str, say: Words) -> str:
    """The verdict of the last night that is over."""
    field = found.field
    place = names.commune_of(field_id)
    if field is None or found.as_of is None or found.as_of not in found.nights:
        return say("Chưa thể nói: không có số liệu {pest} ở {place}.", pest=names.pest(species), place=place)
    at = found.nights.index(found.as_of)
    level, rule = field.level[at], next((one for one in found.rules if one.is_in_force), None)
    return verdict(
        Situation(
            level=Level.UNKNOWN if level is None else Level(level),
            place=place,
            night=found.as_of,
            species=species,
            value=field.value[at],
            threshold=_threshold(rule, level),
            is_proposal=rule is None or rule.is_proposal,
            is_final=field.state[at] != "so-far",
        ),
        say.language,
        unreviewed=True,
    )


def lines(found: views.Trend, say: Words) -> Iterator[str]:
    """What else is to be said of the field: the week, the season, what follows the newest peak, when to sow."""
    if found.field and found.field.change:
        yield _change(found.field.change, say)
    if found.season:
        yield _season(found.season, say)
    for leading in trend.leading(found):
        yield from _after(leading, say)


def trap_lines(trap: views.TrapNights, say: Words) -> Iterator[str]:
    """The same of one trap, with its forecast."""
    if trap.outlook:
        yield from _after(trap.outlook, say)
    if trap.slope and trap.slope.doubling_days:
        days = say.number(abs(trap.slope.doubling_days), 1)
        yield (
            say("Tăng gấp đôi sau mỗi {n} đêm.", n=days)
            if trap.slope.doubling_days > 0
            else say("Giảm một nửa sau mỗi {n} đêm.", n=days)
        )
    if trap.forecast:
        yield _forecast(trap.forecast, say)
    if trap.left_out:
        yield say("{n} đêm thắp đèn khác giờ không được so.", n=say.number(trap.left_out))


def state_word(trap: views.TrapNights, say: Words) -> str:
    """What a trap is doing."""
    words = {
        "no-data": say("chưa đủ số liệu"), "peak": say("đã có đỉnh"), "rising": say("đang tăng"),
        "no-clear-peak": say("rầy vào đèn liên tục, chưa rõ đỉnh"), "low": say("không có đỉnh"),
    }  # fmt: skip
    return words[trap.outlook.state] if trap.outlook else words["no-data"]


def alt_text(found: views.Trend, say: Words) -> str:
    """The chart for whoever cannot see it."""
    field = found.field
    known = [one for one in field.value if one is not None] if field else []
    if not known:
        return say("Biểu đồ không có đêm nào có số liệu.")
    return say("Biểu đồ {n} đêm, cao nhất {top} con/bẫy/đêm, đêm mới nhất {last}.",
               n=say.number(len(found.nights)), top=say.number(max(known)), last=say.number(known[-1]))  # fmt: skip


def legend(found: views.Trend, say: Words) -> str:
    """How the chart is to be read."""
    parts = [
        say("✕ không có số liệu"), say("– bằng không"), say("nhạt, nét đứt: chưa đủ"), say("▼ đỉnh (rỗng: tạm)"),
        say("vòng chấm: số đã sửa"), say("○ trăng non, ● trăng tròn"),
    ]  # fmt: skip
    if found.band:
        years = [one for one in found.band.years if one]
        parts.append(say("dải xám: trung bình {n} năm (10–90 %)", n=max(years, default=0)))
    else:
        parts.append(say("chưa có trung bình nhiều năm"))
    return " · ".join(parts)


def _threshold(rule: views.ThresholdLine | None, level: int | None) -> float | None:
    if rule is None:
        return None
    lowest = rule.watch or rule.floor
    return {3: rule.alarm, 2: rule.warning}.get(level or 0) or lowest


def _change(change: views.Change, say: Words) -> str:
    n = say.number(change.traps)
    if change.is_low or change.change_pct is None:
        return say("So với tuần trước: thấp ở cả hai tuần ({n} bẫy).", n=n)
    if change.change_pct >= 100:
        times = 1 + change.change_pct / 100
        text = say("gấp {times} lần", times=say.number(times, 0 if times >= 10 else 1))
    else:
        told = say("tăng {pct} %") if change.change_pct >= 0 else say("giảm {pct} %")
        text = told.format(pct=say.number(abs(change.change_pct)))
    return say("So với tuần trước: {change} ({n} bẫy).", change=text, n=n)


def _season(season: views.SeasonNow, say: Words) -> str:
    words = {
        "unknown": say("chưa so được"), "few": say("ít"), "somewhat-few": say("hơi ít"),
        "normal": say("tương đương trung bình nhiều năm"), "somewhat-many": say("hơi cao"), "many": say("cao"),
    }  # fmt: skip
    note = say(" (tạm, {n} năm)", n=season.years) if season.standing == "provisional" else ""
    return say("So với trung bình nhiều năm: {season}.", season=words[season.season] + note)


def _after(found: views.Outlook, say: Words) -> Iterator[str]:
    peak = max(found.peaks, key=lambda one: one.night, default=None)
    if peak:
        state = "" if peak.is_final else say(" (tạm, còn có thể đổi)")
        yield say("Đỉnh mới nhất: đêm {night}{state}.", night=say.night(peak.night), state=state)
    for window in found.after:
        if window.stage in ("control", "next-adults"):
            word = trend.stage_word(window.stage, say)
            yield say("{what}: {first}–{last} (số ngày giả định).",
                      what=word[:1].upper() + word[1:], first=say.night(window.first),
                      last=say.night(window.last))  # fmt: skip
    if found.sowing and found.sowing.sow_first and found.sowing.sow_last:
        yield _sowing(found.sowing, say)


def _sowing(sowing: views.Sowing, say: Words) -> str:
    first, last = sowing.sow_first, sowing.sow_last
    if first is None or last is None:
        return ""
    kind = say("theo đỉnh đã thấy") if sowing.is_confirmed else say("rầy đang tăng, đợi đỉnh xác nhận")
    text = say("Né rầy, đề xuất sạ {first}–{last} ({lunar} âm lịch), {kind}.",
               first=say.night(first.date), last=say.night(last.date),
               lunar=_lunar(first, last), kind=kind)  # fmt: skip
    notes = {
        "late": say("Đã trễ: những ngày sạ đã qua."), "partly-late": say("Một số ngày sạ đã qua."),
        "too-soon": say("Ruộng chưa nghỉ đủ ngày giữa hai vụ."),
        "raise-water": say("Nếu rầy xuống sau khi sạ: cho nước ngập tới chảng ba."),
    }  # fmt: skip
    return " ".join([text, *(notes[note] for note in sowing.notes)])


def _lunar(first: views.LunarDay, last: views.LunarDay) -> str:
    return f"{first.lunar_day}/{first.lunar_month}–{last.lunar_day}/{last.lunar_month}"


def _forecast(found: views.Forecast, say: Words) -> str:
    reasons = {
        "no-data": say("chưa đủ số liệu"), "no-clear-peak": say("rầy vào đèn liên tục, chưa rõ đỉnh"),
        "peak-unlikely": say("khó có đỉnh trong {n} ngày tới", n=found.horizon_days),
        "too-wide": say("khoảng ngày quá rộng để dùng"),
    }  # fmt: skip
    if found.answer != "forecast" or found.first is None or found.last is None:
        return say("Chưa dự báo được đỉnh kế tiếp: {why}.", why=reasons.get(found.answer, "–"))
    worth = say("chưa đánh giá được")
    if found.is_scored and found.score.mae_days is not None:
        worth = say("sai trung bình {d} ngày, {n} lần dự báo trước đây",
                    d=say.number(found.score.mae_days, 1), n=found.score.forecasts)  # fmt: skip
    return say("Dự báo đỉnh kế tiếp: {first}–{last} ({chance} %); {worth}.", first=say.night(found.first),
               last=say.night(found.last), chance=say.number(100 * found.chance), worth=worth)  # fmt: skip
