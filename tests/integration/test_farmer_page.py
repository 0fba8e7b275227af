"""The farmer's page: each of its states, in the words of the messages, and nothing on it that should not be there."""

from __future__ import annotations

import html
import logging
import re
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.config import ApiSettings, ServerSettings
from api.main import create_app
from lighttrap.agronomy.level import Level
from lighttrap.config import DatabaseSettings
from lighttrap.notify import fanout, verdict
from lighttrap.notify.sender import Sender
from lighttrap.notify.settings import NotifierSettings
from lighttrap.notify.texts import Kind, render
from lighttrap.store import audit, deliveries, recipients
from tests import farmhouse
from tests.farmhouse import CALM, COMMUNE, ORG_NAME, PHONE, RISING, Provider, a_farm, a_farmer, active
from tests.fix_api import Api

LEVELS = {Level.WATCH: "l1", Level.WARNING: "l2", Level.ALARM: "l3", Level.NONE: "l0", Level.UNKNOWN: "lx"}


def words(text: str) -> str:
    """A page as it is read: without tags and style, each run of blanks one."""
    body = re.sub(r"<style>.*?</style>|<title>.*?</title>", "", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"</?b>", "", body).replace("<", " <")).strip()).strip()


def read(api: Api, token: str, **params: str) -> str:
    """The page as it is read, without tags."""
    answer = api.client.get(f"/f/{token}", params=params)
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", words(answer.text)))


def header(api: Api, token: str, **params: str) -> str:
    """The class of the coloured header: l0 to l3, or lx when no level is told."""
    [found] = re.findall(r'<header class="level (l\w)">', api.client.get(f"/f/{token}", params=params).text)
    return str(found)


STATES = [
    (active, "l3", "Nguy hiểm: rầy nâu", "6.120 con/bẫy, hơn 1,2 lần ngưỡng 5.000. Đã tăng từ mức báo động đêm"),
    (farmhouse.over, "l0", "Hết cảnh báo: rầy nâu", "Đã hết cảnh báo từ đêm"),
    (
        farmhouse.wrong,
        "l0",
        "Đính chính: rầy nâu",
        "không đúng, vì số liệu được sửa hoặc đến muộn. Chưa tới mức cảnh báo.",
    ),
    (
        farmhouse.lowered,
        "l1",
        "Theo dõi: rầy nâu",
        "báo quá cao, vì số liệu được sửa hoặc đến muộn. Mức đúng là theo dõi.",
    ),
    (farmhouse.reopened, "l1", "Theo dõi: rầy nâu", "Cảnh báo CHƯA HẾT như đã báo"),
    (
        farmhouse.silent,
        "lx",
        "Chưa biết: rầy nâu",
        "Như vậy không có nghĩa là không có sâu rầy. Bà con tự ra ruộng xem.",
    ),
    (farmhouse.silent_in_alarm, "l3", "Nguy hiểm: rầy nâu", "Bẫy không gửi số liệu từ đêm"),
    (farmhouse.going_on, "l2", "Báo động: rầy nâu", "Tính đến lúc này: Báo động: rầy nâu"),
    (lambda farm: farm.nights(CALM), "l0", "Thấp: rầy nâu", "Tiếp tục thăm đồng như thường lệ."),
    (lambda farm: None, "lx", "Chưa biết: rầy nâu", "Chưa có số liệu từ bẫy nào ở đây."),
]


# What it says


@pytest.mark.parametrize(("state", "level", "title", "sentence"), STATES)
def test_each_state_has_its_title_its_level_and_its_sentence(api: Api, conn, state, level, title, sentence):
    state(a_farm(conn))
    _, token = a_farmer(conn, "field-17")
    page = read(api, token)
    assert title in page
    assert sentence in page
    assert COMMUNE in page
    assert ORG_NAME in page
    assert f"Gọi {PHONE}" in page
    assert header(api, token) == level


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(
    ("word", "level"), [("raised", Level.WATCH), ("raised", Level.WARNING), ("raised", Level.ALARM)]
)
def test_page_says_the_sentence_of_the_message(api: Api, conn, language: str, word: str, level: Level):
    value = {Level.WATCH: 420, Level.WARNING: 1240, Level.ALARM: 6120}[level]
    farm = a_farm(conn)
    farm.nights((*CALM[1:], value))
    farm.say(word, level, value=value)
    [event] = deliveries.claim_events(conn)
    message = render(fanout.told(event, None), language, Kind.CHAT).text
    conn.commit()
    _, token = a_farmer(conn, "field-17", language=language)
    sentence = message.splitlines()[1]
    assert sentence in read(api, token)
    assert header(api, token) == LEVELS[level]
    assert f'fill="{fill_of(api, token)}"' in api.client.get(f"/f/{token}").text


def fill_of(api: Api, token: str) -> str:
    """The colour of the last bar."""
    return str(re.findall(r'<rect class="bar"[^>]*fill="(#\w+)"', api.client.get(f"/f/{token}").text)[-1])


def test_last_bar_has_the_colour_of_the_header(api: Api, conn):
    active(a_farm(conn))
    _, token = a_farmer(conn, "field-17")
    style = api.client.get(f"/f/{token}").text
    assert f".{header(api, token)}{{background:{fill_of(api, token)}" in style


def test_missing_night_is_a_cross_and_a_night_without_insects_a_line(api: Api, conn):
    a_farm(conn).nights(RISING)
    _, token = a_farmer(conn, "field-17")
    page = api.client.get(f"/f/{token}").text
    assert page.count('class="cross"') == 1
    assert page.count('height="2.0"') >= 1
    [told] = re.findall(r'role="img" aria-label="([^"]*)"', page)
    assert told.count("không có số liệu") == 1
    assert ": 0;" in told
    assert "ngưỡng 5.000 con/bẫy (nguy hiểm)" in told


def test_worst_comes_first_and_the_rest_in_a_line_each(api: Api, conn):
    a_farm(conn, "field-1", name="Ruộng gò").nights(CALM)
    borers = a_farm(conn, "field-2", "scirpophaga-incertulas", name="Ruộng trũng")
    borers.nights((5, 8, 3, 350, 400, 310, 320))
    borers.say("raised", Level.WATCH, back=3)
    active(a_farm(conn, "field-3", name="Ruộng giữa"))
    _, token = a_farmer(conn, "field-1", "field-2", "field-3")
    page = read(api, token)
    places = [
        page.index(one)
        for one in ("Nguy hiểm: rầy nâu", "Theo dõi: sâu đục thân hai chấm ở Ruộng trũng", "Thấp: rầy nâu ở Ruộng gò")
    ]
    assert places == sorted(places)
    assert api.client.get(f"/f/{token}").text.count("<h1>") == 1


def test_subscription_to_a_commune_tells_of_its_fields(api: Api, conn):
    active(a_farm(conn))
    _, token = a_farmer(conn, commune_code="31498")
    assert header(api, token) == "l3"


def test_another_pest_than_the_one_subscribed_to_is_not_told(api: Api, conn):
    active(a_farm(conn))
    _, token = a_farmer(conn, field_id="field-17", species="scirpophaga-incertulas")
    assert "Nguy hiểm" not in read(api, token)


def test_one_statement_tells_however_many_fields(api: Api, conn, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    execute = psycopg.Cursor.execute

    def counted(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - psycopg's own
        asked.append(str(query))
        return execute(self, query, *args, **kwargs)

    names = [f"field-{number}" for number in range(12)]
    for name in names:
        active(a_farm(conn, name))
    _, few = a_farmer(conn, names[0])
    _, many = a_farmer(conn, *names)
    monkeypatch.setattr(psycopg.Cursor, "execute", counted)
    counts = []
    for token in (few, many):
        asked.clear()
        read(api, token)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 3, "whether the connection lives, whose page it is, and all that it tells"


# What waits for a person


def test_what_nobody_approved_is_told_neither_in_words_nor_by_colour(api: Api, conn):
    active(a_farm(conn, is_proposal=True))
    _, token = a_farmer(conn, "field-17")
    page = api.client.get(f"/f/{token}").text
    assert header(api, token) == "lx"
    assert "Đang kiểm tra: rầy nâu" in page
    assert "Nguy hiểm" not in page
    assert 'fill="#c1121f"' not in page
    assert "Nguy hiểm" not in api.client.get("/f/unknown").text


def test_what_was_approved_is_told_and_what_came_after_is_being_checked(api: Api, conn):
    farm = a_farm(conn, is_proposal=True)
    farm.nights(RISING)
    farm.say("raised", Level.WARNING, back=1, verdict="approved")
    farm.say("raised", Level.ALARM)
    _, token = a_farmer(conn, "field-17")
    assert header(api, token) == "l2"
    assert "Cán bộ đang xem lại số liệu này" in read(api, token)
    assert "#c1121f" not in re.sub(r"<style>.*</style>", "", api.client.get(f"/f/{token}").text, flags=re.DOTALL)
    conn.execute(
        "INSERT INTO approval (event_id, verdict, author) SELECT max(event_id), 'approved', 'Lan' FROM alert_event"
    )
    conn.commit()
    assert header(api, token) == "l3"
    assert "ngưỡng đề xuất 5.000" in read(api, token)


# Who may see it


def test_unknown_stopped_and_replaced_tokens_get_one_and_the_same_answer(api: Api, conn):
    active(a_farm(conn))
    stopped_id, stopped = a_farmer(conn, "field-17")
    replaced_id, replaced = a_farmer(conn, "field-17")
    recipients.stop(conn, stopped_id)
    new = recipients.new_token(conn, replaced_id)
    conn.commit()
    answers = [api.client.get(f"/f/{token}") for token in ("made-up", "x" * 199, "x" * 500, stopped, replaced)]
    assert [one.status_code for one in answers] == [404] * 5
    assert len({one.text for one in answers if "x" * 300 not in str(one.url)}) == 1
    assert api.client.get(f"/f/{new}").status_code == 200
    told = words(answers[0].text)
    assert "Nguy hiểm:" in told
    assert COMMUNE in told
    assert PHONE in told
    assert "Ruộng số 17" not in told


def test_page_names_nobody_and_tells_nothing_to_others(api: Api, conn):
    active(a_farm(conn))
    _, token = a_farmer(conn, "field-17")
    answer = api.client.get(f"/f/{token}")
    for secret in ("Tư", "0912345678", "912345678", "boundary"):
        assert secret not in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "private, max-age=300"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert "set-cookie" not in answer.headers
    assert "<script" not in answer.text


def test_token_stands_in_no_log_no_metric_and_no_problem(api: Api, conn, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    a_farm(conn)
    _, token = a_farmer(conn, "field-17")
    conn.execute("ALTER TABLE judged_night RENAME TO gone")
    conn.commit()
    answer = api.client.get(f"/f/{token}")
    assert answer.status_code == 500
    assert "Tạm thời không xem được" in answer.text
    assert "page failed" in caplog.text
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert token not in "".join(f"{record.getMessage()}{vars(record)}" for record in ours)
    assert api.client.delete(f"/f/{token}").status_code == 405
    assert token not in api.client.delete(f"/f/{token}").text
    assert token not in api.client.get(f"/f/{token}/nothing").text
    assert token not in api.client.get("/metrics").text


def test_too_many_requests_are_told_so_kindly(database: str, conn):
    a_farm(conn)
    _, token = a_farmer(conn, "field-17")
    settings = ApiSettings(
        database=DatabaseSettings(dsn=SecretStr(database)), api=ServerSettings(pages_per_token=3, pages_per_address=6)
    )
    with TestClient(create_app(settings), base_url="https://testserver") as client:
        # A minute may end between two of them.
        answers = [client.get(f"/f/{token}") for _ in range(8)]
        assert 429 in [one.status_code for one in answers]
        [refused] = {one.text for one in answers if one.status_code == 429}
        assert "Xin đợi một phút rồi mở lại." in refused
        others = [client.get(f"/f/other-{number}").status_code for number in range(14)]
        assert 429 in others, "an address has its limit too"


# To stop


def test_get_changes_nothing_and_post_stops_what_is_already_queued(api: Api, conn, database: str):
    farm = a_farm(conn)
    recipient_id, token = a_farmer(conn, "field-17")
    farm.nights(RISING)
    farm.say("raised", Level.ALARM, value=6120)
    settings, provider = NotifierSettings(), Provider()
    noon = datetime.now(UTC).replace(hour=5)
    fanout.fan_out(conn, settings, {"sms": Kind.SMS}, noon)
    conn.commit()
    asked = api.client.get(f"/f/{token}/stop")
    assert "Ngừng nhận tin?" in asked.text
    assert f'action="/f/{token}/stop?lang=vi"' in asked.text
    assert recipients.get_recipient(conn, recipient_id).stopped_at is None
    conn.rollback()
    for _ in range(2):
        answer = api.client.post(f"/f/{token}/stop")
        assert answer.status_code == 200
        assert "Đã ngừng nhận tin" in answer.text
    [entry] = audit.list_entries(conn, farmhouse.ORG, object_kind="recipient")
    assert (entry.action, entry.object_id, entry.who) == ("stop", str(recipient_id), "farmer's page")
    conn.rollback()
    sender = Sender(provider, settings, database, lambda: noon)
    while sender.step(conn):
        pass
    assert provider.asked == []
    assert conn.execute("SELECT state, reason FROM delivery").fetchall() == [("skipped", "stopped")]
    assert api.client.get(f"/f/{token}").status_code == 404


def test_link_to_stop_of_an_unknown_token_is_the_same_answer(api: Api, conn):
    assert api.client.get("/f/made-up/stop").status_code == 404
    assert api.client.post("/f/made-up/stop").status_code == 404


# Languages and recordings


def test_khmer_reader_gets_vietnamese_without_a_banner_until_khmer_is_vouched_for(api: Api, conn):
    active(a_farm(conn))
    _, token = a_farmer(conn, "field-17", language="km")
    page = api.client.get(f"/f/{token}").text
    assert '<html lang="vi">' in page
    assert "lang=km" not in page
    assert 'class="draft"' not in page


def test_reviewer_sees_the_whole_khmer_page_under_a_banner(database: str, conn):
    farm = a_farm(conn)
    active(farm)
    _, token = a_farmer(conn, "field-17", language="km")
    settings = ApiSettings(
        database=DatabaseSettings(dsn=SecretStr(database)), api=ServerSettings(unreviewed_texts=True)
    )
    with TestClient(create_app(settings), base_url="https://testserver") as client:
        page = client.get(f"/f/{token}").text
    assert '<html lang="km">' in page
    assert 'class="draft"' in page
    assert '<header class="level l3">' in page
    khmer = verdict.packaged()["km"]
    for part in (khmer.word("words.level.alarm"), khmer.word("look.planthopper.full"), "6.120", "5.000", PHONE):
        assert part in words(page)
    names = f"{COMMUNE}|{ORG_NAME}|Ruộng số 17|rầy nâu|Tiếng Việt|English|st-field-17"
    said = re.sub(names, "", re.sub(r"<[^>]*>", " ", words(page)))
    assert re.findall(r"[A-Za-zÀ-ɏḀ-ỹ]{2,}", said) == [], "no sentence is left in another language"


@pytest.mark.parametrize("asked", ["xx", "vi; drop", "../en", "EN"])
def test_language_that_is_none_of_ours_is_vietnamese(api: Api, conn, asked: str):
    a_farm(conn)
    _, token = a_farmer(conn, "field-17", language="en")
    assert '<html lang="vi">' in api.client.get(f"/f/{token}", params={"lang": asked}).text


def test_recording_is_offered_where_there_is_one(database: str, conn, tmp_path):
    farm = a_farm(conn)
    active(farm)
    _, token = a_farmer(conn, "field-17")
    settings = ApiSettings(
        database=DatabaseSettings(dsn=SecretStr(database)), api=ServerSettings(audio_folder=str(tmp_path))
    )
    with TestClient(create_app(settings), base_url="https://testserver") as client:
        assert "/listen" not in client.get(f"/f/{token}").text
        assert client.get(f"/f/{token}/listen").status_code == 404
        (tmp_path / "vi-level-alarm.mp3").write_bytes(b"of the level")
        assert f"/f/{token}/listen?lang=vi" in client.get(f"/f/{token}").text
        assert client.get(f"/f/{token}/listen").content == b"of the level"
        (tmp_path / f"vi-alert-{farm.alert_id}.ogg").write_bytes(b"of the alert")
        answer = client.get(f"/f/{token}/listen")
        assert (answer.content, answer.headers["content-type"]) == (b"of the alert", "audio/ogg")
        assert "/listen" not in client.get(f"/f/{token}", params={"lang": "en"}).text
