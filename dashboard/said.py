"""What was said of an alert and what became of it, in a reader's words; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from dashboard import inbox
from dashboard.places import Names
from dashboard.words import Words
from lighttrap import views
from lighttrap.agronomy.level import Level
from lighttrap.notify import figures
from lighttrap.notify.verdict import Situation, verdict


class Line(NamedTuple):
    """One line of a time line: when, the title, what more there is to say, and the level for its badge."""

    at: datetime
    title: str
    detail: str
    level: int | None = None


def sentence(case: views.AlertCase, rule: views.Rule | None, names: Names, say: Words) -> str:
    """The verdict on an alert by the last that was said of it; of one that is over, by the highest."""
    alert = case.alert
    if alert.kind == "device":
        text = inbox.title(alert, names, say)
    else:
        raising = [one for one in case.events if one.word != "cleared"]
        if not raising:
            return inbox.title(alert, names, say)
        told = raising[-1] if alert.state == "active" else max(raising, key=lambda one: (one.level, one.number))
        text = verdict(situation(told, alert, rule, names), say.language, unreviewed=True)
    if alert.state == "cleared":
        return say("Đã qua từ đêm {night}. {what}", night=say.night(alert.cleared_night), what=text)
    return say("Đã rút lại: số liệu sửa không tới ngưỡng. {what}", what=text) if alert.state == "withdrawn" else text


def situation(event: views.AlertEvent, alert: views.Alert, rule: views.Rule | None, names: Names) -> Situation:
    """What the verdict on an event is made of, with the numbers known then."""
    return Situation(
        level=Level(event.level),
        place=names.commune_of(alert.field_id),
        night=event.night,
        species=alert.species,
        value=figures.number(event.facts.get("value")),
        threshold=figures.number(event.facts.get("threshold")),
        is_proposal=bool(rule and rule.is_proposal),
        is_final=event.facts.get("is_final") is not False,
    )


def time_line(case: views.AlertCase, rule: views.Rule | None, names: Names, say: Words) -> list[Line]:
    """What was said and done, the newest first."""
    events = [_event_line(one, case.alert, rule, names, say) for one in case.events]
    notes = [Line(one.at, _act(one, say), one.text) for one in case.notes]
    return sorted([*events, *notes], key=lambda line: line.at, reverse=True)


def event_word(event: views.AlertEvent, say: Words) -> str:
    """raised, corrected, reopened or cleared."""
    words = {
        "raised": say("Báo mức"), "corrected": say("Đính chính"), "reopened": say("Mở lại"), "cleared": say("Đã qua"),
    }  # fmt: skip
    return words.get(event.word, event.word)


def approval_word(event: views.AlertEvent, say: Words) -> str:
    """Whether farmers may be told, and who said so; nothing where none is needed."""
    match event.approval:
        case "awaited":
            return say("chờ duyệt")
        case "approved":
            return say("{who} đã duyệt", who=event.approved_by)
        case "rejected":
            return say("{who} không cho gửi", who=event.approved_by)
    return ""


def rule_lines(rule: views.Rule, names: Names, say: Words) -> list[str]:
    """A rule in a few lines, with its numbers."""
    levels = [
        (say("theo dõi"), rule.watch), (say("báo động"), rule.warning), (say("nguy hiểm"), rule.alarm),
    ]  # fmt: skip
    bars = ", ".join(f"{word} ≥ {say.number(bar)}" for word, bar in levels if bar is not None)
    lines = [f"{names.pest(rule.species)}: {bars} {say('con/bẫy/đêm')}" if bars else names.pest(rule.species)]
    if rule.k < rule.n or rule.n > 1:
        lines.append(say("Báo khi {k} trong {n} đêm có số liệu tới ngưỡng.", k=rule.k, n=rule.n))
    if rule.jump_ratio:
        lines.append(say("Theo dõi cả khi tăng nhanh: gấp {times} lần mấy đêm trước.",
                         times=say.number(rule.jump_ratio, 1)))  # fmt: skip
    lines.append(say("Hết khi {n} đêm liền dưới {share} % ngưỡng thấp nhất.", n=rule.clear_nights,
                     share=say.number(100 * rule.clear_below)))  # fmt: skip
    lines.append(say("Phiên bản {n}, {who}, {at}.", n=rule.version, who=rule.author,
                     at=say.night(rule.created_at.date(), year=True)))  # fmt: skip
    return lines


def standing(alert: views.Alert, say: Words) -> list[str]:
    """Where an alert stands on both axes: going on or over, new or looked after, and by whom."""
    words = {"active": say("Đang mở"), "cleared": say("Đã qua"), "withdrawn": say("Đã rút lại")}
    taken = [say("mới, chưa ai nhận")] if alert.state == "active" else []
    if alert.acknowledged_by:
        taken = [say("{who} đã nhận lúc {at}", who=alert.acknowledged_by, at=say.moment(alert.acknowledged_at))]
    given = [say("giao cho {who}", who=alert.assignee)] if alert.assignee else []
    return [f"{words.get(alert.state, alert.state)} {lasting(alert, say)}", *taken, *given]


def lasting(alert: views.Alert, say: Words) -> str:
    """From which night on an alert goes, and to which it went."""
    nights = [say("từ đêm {night}", night=say.night(alert.opened_night))]
    if alert.cleared_night:
        nights.append(say("đến đêm {night}", night=say.night(alert.cleared_night)))
    return " ".join(nights)


def far(alert: views.Alert, waiting: int, say: Words) -> list[str]:
    """How far an alert's messages got; nothing for what there is none of."""
    counted = [
        (waiting, say("{n} tin chờ duyệt", n=say.number(waiting))),
        (alert.told, say("{n} tin đã gửi", n=say.number(alert.told))),
        (alert.unknown, say("{n} tin không rõ đã tới chưa", n=say.number(alert.unknown))),
        (alert.dead, say("{n} tin không gửi được", n=say.number(alert.dead))),
    ]
    return [text for n, text in counted if n]


def consequence(preview: views.EventPreview, say: Words) -> str:
    """Who would be told on approval, by channel: "3 nông dân sẽ nhận SMS"."""
    people: Counter[str] = Counter()
    for one in preview.waiting:
        people[one.channel] += one.recipients
    if people:
        parts = [
            say("{n} nông dân sẽ nhận {channel}", n=say.number(n), channel=channel_word(channel, say))
            for channel, n in sorted(people.items())
        ]
        return "; ".join(parts)
    reach = [one for one in preview.reach if one.to_tell]
    return "; ".join(
        say("{n} người sẽ nhận {channel}", n=say.number(one.to_tell), channel=channel_word(one.channel, say))
        for one in reach
    ) or say("không ai sẽ nhận tin")


def parts(preview: views.EventPreview) -> int:
    """Parts of SMS that an approval pays for."""
    return sum(one.recipients * (one.segments or 0) for one in preview.waiting)


def channel_word(channel: str, say: Words) -> str:
    """A channel or kind of text as people call it."""
    words = {"sms": "SMS", "email": "e-mail", "zns": "Zalo", "chat": "Zalo, Telegram", "voice": say("loa, giọng đọc")}
    return words.get(channel, channel)


def state_word(state: str, say: Words) -> str:
    """How far a message is. Unknown is never called sent."""
    words = {
        "all": say("Tất cả"),
        "queued": say("đang chờ"), "leased": say("đang gửi"), "failed": say("chưa gửi được, sẽ thử lại"),
        "sent": say("đã gửi"), "delivered": say("đã tới máy"), "unknown": say("không rõ đã tới chưa"),
        "dead": say("không gửi được, đã thôi"), "skipped": say("không gửi"),
    }  # fmt: skip
    return words.get(state, state)


def reason_word(reason: str | None, say: Words) -> str:
    """Why a message went no further; a provider's own word as it is."""
    words = {
        "stopped": say("người nhận đã xin thôi"), "no consent": say("chưa có đồng ý"),
        "no address": say("không có địa chỉ"), "no channel": say("chưa có kênh gửi"),
        "rejected": say("không được duyệt"), "superseded": say("đã có tin mới hơn"),
        "not told": say("chưa từng nghe tin đầu"), "withdrawn": say("cảnh báo đã rút lại"),
        "daily cap": say("đủ số tin trong ngày"), "weekly cap": say("đủ số tin trong tuần"),
        "passed over": say("bỏ qua"), "erased": say("đã xóa người nhận"), "too late": say("quá muộn"),
        "no answer": say("nhà mạng không trả lời"),
    }  # fmt: skip
    return words.get(reason or "", reason or "")


def faster(case: views.AlertCase, say: Words) -> str:
    """Who changed an alert while somebody else looked at it."""
    if not case.notes:
        return say("Cảnh báo vừa đổi theo số liệu mới. Dưới đây là trạng thái hiện nay.")
    last = max(case.notes, key=lambda one: one.note_id)
    return say("{who} nhanh hơn: {what} lúc {at}. Dưới đây là trạng thái hiện nay.", who=last.author,
               what=_act_word(last.kind, say), at=say.moment(last.at))  # fmt: skip


def _event_line(event: views.AlertEvent, alert: views.Alert, rule: views.Rule | None, names: Names, say: Words) -> Line:
    facts, text = [], ""
    if alert.kind == "catch" and event.facts.get("value") is not None:
        text = verdict(situation(event, alert, rule, names), say.language, unreviewed=True)
        if event.word == "cleared" or event.level == Level.NONE:
            text = say("đêm {night}: {value} con/bẫy", night=say.night(event.night),
                       value=say.number(figures.number(event.facts["value"])))  # fmt: skip
    if event.facts.get("rule_version"):
        facts.append(say("ngưỡng phiên bản {n}", n=event.facts["rule_version"]))
    if event.is_late:
        facts.append(say("số liệu tới muộn, không báo cho ai"))
    else:
        facts.append(approval_word(event, say))
    level = None if event.word == "cleared" else event.level
    more = "; ".join(one for one in facts if one)
    return Line(event.at, event_word(event, say), f"{text} ({more})" if text and more else text or more, level)


def _act(note: views.AlertNote, say: Words) -> str:
    return f"{note.author}: {_act_word(note.kind, say)}"


def _act_word(kind: str, say: Words) -> str:
    words = {
        "acknowledged": say("nhận xử lý"), "assigned": say("đổi người phụ trách"), "comment": say("ghi chú"),
        "approved": say("duyệt gửi nông dân"), "rejected": say("không cho gửi nông dân"),
    }  # fmt: skip
    return words.get(kind, kind)


def awaited(events: Sequence[views.AlertEvent]) -> list[views.AlertEvent]:
    """The events that await a person's word, the newest first: to approve it passes over those before."""
    return sorted((one for one in events if one.approval == "awaited"), key=lambda one: -one.number)
