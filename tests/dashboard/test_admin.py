"""The admin page: each part does its main thing, and shows nobody what the API would refuse."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import shell, words
from dashboard.admin import parts
from lighttrap import model
from lighttrap.model import Role
from lighttrap.store import accounts, alerts, fields, logins, orgs, pool, quarantine
from tests import showcase
from tests.builders import a_topic
from tests.dashboard.test_frame import shown
from tests.fix_api import PASSWORD
from tests.fix_dashboard import OpenPage, Province

SCREEN = "screens/admin.py"
OWN = {
    Role.VIEWER: ["me"],
    Role.SERVICE: ["me"],
    Role.TECHNICIAN: ["traps", "me"],
    Role.AGRONOMIST: ["fields", "rules", "recipients", "quarantine", "me"],
    Role.ADMIN: ["fields", "traps", "rules", "recipients", "users", "quarantine", "audit", "me"],
}


def rows(where: Province, query: str) -> list[Any]:
    """What stands in the database."""
    with pool.connect(where.dsn) as conn:
        return conn.execute(query).fetchall()


def press(page: AppTest, label: str) -> AppTest:
    """Presses the one button of that label, as it is told in Vietnamese."""
    [button] = [one for one in page.button if one.label == label]
    button.click().run()
    assert not page.exception
    return page


@pytest.mark.parametrize("role", list(Role))
def test_each_role_is_shown_the_parts_that_it_may_do_something_in(open_page: OpenPage, province: Province, role: Role):
    page = open_page(province, SCREEN, role)
    assert not page.exception
    told = page.button_group(key="admin_part").options
    assert told == [parts.title(part, words.load("vi")) for part in OWN[role]]
    for part in OWN[role]:
        page.button_group(key="admin_part").set_value(part).run()
        assert not page.exception
        assert not page.warning, part


def test_field_is_added_under_an_id_made_of_its_name(open_page: OpenPage, own_province: Province):
    page = open_page(own_province, SCREEN, Role.AGRONOMIST, part="fields", field="")
    page.text_input(key="field--0-name").set_value("Ruộng ông Đỗ Bảy")
    page.selectbox(key="field--0-commune").set_value(showcase.PLACES[1].commune_code)
    page.text_input(key="field--0-lat").set_value("9,6025")
    page.text_input(key="field--0-lon").set_value("105.9739")
    press(page, "Thêm ruộng")
    assert rows(own_province, "SELECT name, commune_code, boundary FROM field WHERE field_id = 'ruong-ong-do-bay'") == [
        ("Ruộng ông Đỗ Bảy", "90002", {"type": "Point", "coordinates": [105.9739, 9.6025]})
    ]


def test_field_that_somebody_changed_meanwhile_is_not_overwritten(open_page: OpenPage, own_province: Province):
    page = open_page(own_province, SCREEN, Role.AGRONOMIST, part="fields", field="ruong-01")
    with pool.connect(own_province.dsn) as conn:
        fields.put_field(conn, model.Field("ruong-01", showcase.ORG, "Của người khác", "Asia/Ho_Chi_Minh"))
    page.text_input(key="field-ruong-01-0-name").set_value("Của tôi")
    press(page, "Lưu thay đổi")
    assert "Bạn đã ghi: Của tôi" in page.error[0].value
    assert page.text_input(key="field-ruong-01-1-name").value == "Của người khác"
    assert rows(own_province, "SELECT name FROM field WHERE field_id = 'ruong-01'") == [("Của người khác",)]


def test_place_that_is_none_is_refused_in_words_and_the_form_keeps_what_was_typed(
    open_page: OpenPage, province: Province
):
    page = open_page(province, SCREEN, Role.AGRONOMIST, part="fields", field="")
    page.text_input(key="field--0-name").set_value("Ruộng mới")
    page.text_area(key="field--0-geojson").set_value('{"type": "LineString", "coordinates": []}')
    press(page, "Thêm ruộng")
    assert page.error[0].value == "GeoJSON phải là Point, Polygon, MultiPolygon."
    assert page.text_input(key="field--0-name").value == "Ruộng mới"


def test_trap_is_registered_provisioned_and_retired_and_its_secret_is_shown_once(
    open_page: OpenPage, own_province: Province
):
    page = open_page(own_province, SCREEN, Role.TECHNICIAN, part="traps", trap="")
    page.text_input(key="trap-new-0-id").set_value("bd-900")
    page.selectbox(key="trap-new-0-field").set_value("ruong-03")
    press(page, "Đăng ký bẫy")
    assert rows(own_province, "SELECT field_id FROM deployment WHERE trap_id = 'bd-900'") == [("ruong-03",)]
    press(page, "Cấp mã kết nối")
    told = [one.value for one in page.code]
    assert told[0] == "bd-900"
    assert len(told[1]) >= 20
    assert "data:image/svg+xml;base64," in shown(page)
    press(page, "Đã chép, cất đi")
    assert not page.code
    assert told[1] not in repr(page.session_state)
    press(page, "Đồng ý, ngừng bd-900")
    assert rows(own_province, "SELECT retired_at IS NULL FROM trap WHERE trap_id = 'bd-900'") == [(False,)]
    assert rows(own_province, "SELECT revoked_at IS NULL FROM trap_credential WHERE trap_id = 'bd-900'") == [(False,)]


def test_secret_is_forgotten_when_the_page_is_left(open_page: OpenPage, own_province: Province):
    page = open_page(own_province, SCREEN, Role.TECHNICIAN, part="traps", trap="bd-007")
    press(page, "Cấp mã kết nối")
    assert shell.TOLD_ONCE in page.session_state
    page.switch_page("screens/devices.py").run()
    assert shell.TOLD_ONCE not in page.session_state


def test_new_version_of_a_rule_is_put_and_ended(open_page: OpenPage, own_province: Province):
    [rule] = rows(own_province, f"SELECT rule_id FROM alert_rule WHERE species = '{showcase.BORER}'")
    page = open_page(own_province, SCREEN, Role.AGRONOMIST, part="rules", rule=str(rule[0]))
    assert "Ngưỡng đề xuất" in shown(page)
    page.number_input(key=f"rule-{rule[0]}-0-warning").set_value(10.0)
    press(page, "Lưu phiên bản 2")
    assert "Các mức phải tăng dần" in page.error[0].value
    page.number_input(key=f"rule-{rule[0]}-0-warning").set_value(80.0)
    press(page, "Lưu phiên bản 2")
    query = f"SELECT version, warning, author, is_proposal FROM alert_rule WHERE species = '{showcase.BORER}'"
    assert rows(own_province, f"{query} AND replaced_at IS NULL") == [(2, 80.0, "agronomist@dong-bang", False)]


def test_rule_that_somebody_replaced_meanwhile_is_not_overwritten(open_page: OpenPage, own_province: Province):
    [rule] = rows(own_province, f"SELECT rule_id FROM alert_rule WHERE species = '{showcase.BORER}'")
    page = open_page(own_province, SCREEN, Role.AGRONOMIST, part="rules", rule=str(rule[0]))
    with pool.connect(own_province.dsn) as conn:
        alerts.put_rule(conn, model.AlertRule(showcase.ORG, showcase.BORER, "Anh Tư", watch=33))
    page.number_input(key=f"rule-{rule[0]}-0-watch").set_value(44.0)
    press(page, "Lưu phiên bản 2")
    assert "Bạn đã ghi: 44" in page.error[0].value
    assert "33" in shown(page)
    query = f"SELECT watch FROM alert_rule WHERE species = '{showcase.BORER}' AND replaced_at IS NULL"
    assert rows(own_province, query) == [(33.0,)]


def test_farmer_is_added_with_consent_and_what_they_are_told_of(open_page: OpenPage, own_province: Province):
    page = open_page(own_province, SCREEN, Role.AGRONOMIST, part="recipients")
    page.text_input(key="recipient-new-0-name").set_value("Bà Tư Mới")
    page.text_input(key="recipient-new-0-address").set_value("0987654321")
    press(page, "Thêm người nhận")
    assert "Nông dân phải đồng ý" in page.error[0].value
    page.selectbox(key="recipient-new-0-place").set_value("c:90003")
    page.text_input(key="recipient-new-0-how").set_value("phiếu giấy")
    press(page, "Thêm người nhận")
    found = rows(
        own_province,
        "SELECT r.consent_how, r.quiet_from::text, s.commune_code, s.min_level, a.address FROM recipient r"
        " JOIN subscription s USING (recipient_id) JOIN recipient_address a USING (recipient_id)"
        " WHERE r.name = 'Bà Tư Mới'",
    )
    assert found == [("phiếu giấy", "21:00:00", "90003", 2, "0987654321")]
    assert "0987654321" not in shown(page) + repr(page.session_state)


def test_person_is_stopped_shown_and_erased_by_an_admin(open_page: OpenPage, own_province: Province):
    [[number, name]] = rows(own_province, "SELECT recipient_id, name FROM recipient WHERE name = 'Nông dân 1'")
    page = open_page(own_province, SCREEN, Role.ADMIN, part="recipients", recipient=str(number))
    press(page, "Đồng ý, ngừng gửi")
    assert rows(own_province, f"SELECT stopped_at IS NULL FROM recipient WHERE recipient_id = {number}") == [(False,)]
    press(page, "Đồng ý, xem")
    assert page.code[0].value.endswith("912345600")
    assert rows(own_province, "SELECT who FROM audit WHERE action = 'reveal'") == [("admin@dong-bang",)]
    press(page, "Xóa hẳn")
    assert rows(own_province, f"SELECT name FROM recipient WHERE recipient_id = {number}") == [(name,)]
    page.text_input(key=f"recipient-erase-{number}-0-name").set_value(name)
    press(page, "Xóa hẳn")
    assert rows(own_province, f"SELECT count(*) FROM recipient_address WHERE recipient_id = {number}") == [(0,)]


def test_agronomist_is_not_offered_to_see_addresses_or_to_erase(open_page: OpenPage, province: Province):
    [[number]] = rows(province, "SELECT recipient_id FROM recipient WHERE name = 'Nông dân 1'")
    page = open_page(province, SCREEN, Role.AGRONOMIST, part="recipients", recipient=str(number))
    labels = {one.label for one in page.button}
    assert "Đồng ý, ngừng gửi" in labels
    assert labels & {"Đồng ý, xem", "Xóa hẳn"} == set()


def test_decision_of_the_org_is_not_overwritten_by_who_saw_an_older_one(open_page: OpenPage, own_province: Province):
    page = open_page(own_province, SCREEN, Role.AGRONOMIST, part="recipients")
    with pool.connect(own_province.dsn) as conn:
        conn.execute("UPDATE org_setting SET phone = '0299111', author = 'Anh Tư', updated_at = now()")
    page.text_input(key="setting-0-phone").set_value("0299222")
    press(page, "Lưu quyết định")
    assert "Bạn đã ghi: 0299222" in page.error[0].value
    assert page.text_input(key="setting-1-phone").value == "0299111"
    page.text_input(key="setting-1-phone").set_value("0299222")
    press(page, "Lưu quyết định")
    assert rows(own_province, "SELECT phone FROM org_setting") == [("0299222",)]


def test_person_is_let_in_and_a_tokens_secret_is_shown_once(open_page: OpenPage, own_province: Province):
    page = open_page(own_province, SCREEN, Role.ADMIN, part="users")
    page.text_input(key="user-new-0-login").set_value("moi@example.org")
    page.text_input(key="user-new-0-name").set_value("Người mới")
    page.text_input(key="user-new-0-password").set_value("ngắn")
    press(page, "Thêm người dùng")
    assert "ít nhất 12 ký tự" in page.error[0].value
    page.text_input(key="user-new-0-password").set_value("ba con trâu trắng")
    press(page, "Thêm người dùng")
    found = "SELECT role FROM membership JOIN account USING (account_id) WHERE login = 'moi@example.org'"
    assert rows(own_province, found) == [("viewer",)]
    assert "ba con trâu trắng" not in repr(page.session_state)
    page.text_input(key="token-new-0-name").set_value("IOC")
    press(page, "Tạo thẻ")
    [secret] = [one.value for one in page.code]
    assert secret.startswith("lt_")
    press(page, "Đã chép, cất đi")
    assert secret not in repr(page.session_state)
    press(page, "Đồng ý, thu hồi")
    assert rows(own_province, "SELECT revoked_at IS NULL FROM api_token WHERE name = 'IOC'") == [(False,)]


def test_other_sessions_of_ones_own_are_ended(open_page: OpenPage, own_province: Province):
    with pool.connect(own_province.dsn) as conn:
        assert logins.log_in(conn, "viewer@dong-bang", PASSWORD, logins.LoginLimits())
    page = open_page(own_province, SCREEN, Role.VIEWER, part="me")
    press(page, "Đăng xuất mọi chỗ khác")
    query = "SELECT count(*) FROM login_session JOIN account USING (account_id) WHERE login = 'viewer@dong-bang'"
    assert rows(own_province, query) == [(1,)]


def test_message_in_quarantine_is_shown_as_text_and_asked_for_again(open_page: OpenPage, own_province: Province):
    refused = quarantine.Refusal(
        datetime.now(UTC), a_topic(org=showcase.ORG, trap_id="bd-901").encode(), b"<script>alert(1)</script>",
        "unknown_trap", "no trap of this id", None,
    )  # fmt: skip
    with pool.connect(own_province.dsn) as conn:
        quarantine.insert(conn, [refused])
        conn.commit()
    [[number]] = rows(own_province, "SELECT quarantine_id FROM quarantine")
    page = open_page(own_province, SCREEN, Role.AGRONOMIST, part="quarantine", message=str(number))
    assert page.code[0].value == "<script>alert(1)</script>"
    assert "<script" not in shown(page)
    press(page, "Thử lại tin này")
    assert rows(own_province, "SELECT asked_at IS NULL FROM quarantine") == [(False,)]


def test_log_tells_what_was_before_and_after(open_page: OpenPage, own_province: Province):
    page = open_page(own_province, SCREEN, Role.ADMIN, part="fields", field="ruong-01")
    page.text_input(key="field-ruong-01-0-name").set_value("<b>Tên mới</b>")
    press(page, "Lưu thay đổi")
    page = open_page(own_province, SCREEN, Role.ADMIN, part="audit", kind="field")
    text = shown(page)
    assert "<td>name</td><td><del>Ruộng Ông Ba Kiệt</del></td><td><ins>&lt;b&gt;Tên mới&lt;/b&gt;</ins></td>" in text
    assert "time_zone" not in text


def test_password_is_changed_by_who_knows_the_old_one_and_every_session_ends(
    open_page: OpenPage, own_province: Province
):
    page = open_page(own_province, SCREEN, Role.VIEWER, part="me")
    page.text_input(key="password_old").set_value("not the old one")
    page.text_input(key="password_new").set_value("sông dài cá lội")
    press(page, "Đổi mật khẩu")
    assert page.error[0].value == "Mật khẩu cũ không đúng."
    page.text_input(key="password_old").set_value(PASSWORD)
    page.text_input(key="password_new").set_value("sông dài cá lội")
    press(page, "Đổi mật khẩu")
    assert page.get("link_button")
    assert "sông dài cá lội" not in repr(page.session_state)
    with pool.connect(own_province.dsn) as conn:
        assert logins.log_in(conn, "viewer@dong-bang", "sông dài cá lội", logins.LoginLimits())


def test_new_org_is_led_from_field_to_recipient(open_page: OpenPage, own_province: Province):
    with pool.connect(own_province.dsn) as conn:
        orgs.ensure_org(conn, "moi")
        account = accounts.by_login(conn, "agronomist@dong-bang")
        accounts.put_membership(conn, account.account_id, "moi", Role.AGRONOMIST)
    for part, told in {"fields": "Chưa có ruộng nào", "rules": "Chưa có ngưỡng nào",
                       "recipients": "Chưa có người nhận tin", "quarantine": "Không có tin nào"}.items():  # fmt: skip
        page = open_page(own_province, SCREEN, Role.AGRONOMIST, org="moi", part=part)
        assert not page.exception
        assert told in shown(page)


def test_code_for_farmers_is_made_with_its_picture_and_its_sheet(open_page: OpenPage, own_province: Province):
    page = open_page(own_province, SCREEN, Role.AGRONOMIST, part="fields", field="ruong-02")
    press(page, "Tạo mã đăng ký")
    [[code]] = rows(own_province, "SELECT code FROM signup_code WHERE field_id = 'ruong-02'")
    [link] = page.get("link_button")
    assert link.proto.url.endswith(f"/{code}/sheet")
    assert "data:image/svg+xml;base64," in shown(page)
    press(page, "Đồng ý, thay mã")
    [link] = page.get("link_button")
    assert not link.proto.url.endswith(f"/{code}/sheet")
