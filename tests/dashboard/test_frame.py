"""What holds on every page: who looks, in which language, and what is said when the API is away."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

import dashboard
from dashboard import reader, words
from lighttrap.model import Role
from lighttrap.notify.catalogue import LANGUAGES
from lighttrap.store import accounts, pool
from tests.fix_api import PASSWORD
from tests.fix_dashboard import OpenPage, Province
from tests.services import free_port

PACKAGE = Path(dashboard.__file__).parent
SCREENS = sorted(path.stem for path in (PACKAGE / "screens").glob("*.py"))


def shown(page: object) -> str:
    """All text of a page that AppTest knows of."""
    kinds = ("title", "markdown", "html", "caption", "warning", "error", "metric", "subheader", "header")
    return "\n".join(str(one.value if hasattr(one, "value") else one) for kind in kinds for one in page.get(kind))  # type: ignore[attr-defined]


def test_whoever_has_not_logged_in_is_sent_to_the_apis_page(open_page: OpenPage, province: Province):
    page = open_page(province, role=None)
    [link] = page.get("link_button")
    assert link.proto.url.startswith(f"{province.api_url}/login?next=")
    assert not page.exception


def test_session_that_has_ended_asks_to_log_in_again(open_page: OpenPage, own_province: Province):
    page = open_page(own_province, role=Role.VIEWER)
    assert not page.get("link_button")
    with pool.connect(own_province.dsn) as conn:
        conn.execute("DELETE FROM login_session")
    reader.client().forget(own_province.sessions[Role.VIEWER])
    page.run()
    assert page.get("link_button")


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_language_of_the_address_is_that_of_the_page(open_page: OpenPage, province: Province, language: str):
    page = open_page(province, role=Role.VIEWER, lang=language)
    assert page.title[0].value == words.load(language)("Đêm qua")
    assert not page.exception


def test_khmer_says_that_it_is_a_draft(open_page: OpenPage, province: Province):
    assert words.load("km")("Bản dịch này là bản nháp, chưa có người bản ngữ duyệt.") in shown(
        open_page(province, lang="km")
    )


def test_api_that_is_away_gives_a_number_to_tell_and_no_traceback(open_page: OpenPage):
    page = open_page(f"http://127.0.0.1:{free_port()}")
    page.session_state["api_session"] = "x"
    page.run()
    assert "Chưa kết nối được máy chủ" in shown(page)
    assert not page.exception


def test_account_of_no_org_is_told_what_to_do(open_page: OpenPage, own_province: Province):
    with pool.connect(own_province.dsn) as conn:
        accounts.add_account(conn, "nobody@example.org", "Nobody", PASSWORD)
        conn.execute("DELETE FROM membership WHERE role = 'viewer'")
    page = open_page(own_province, role=Role.VIEWER)
    assert "chưa thuộc đơn vị nào" in shown(page)


def test_no_module_hides_one_that_others_import():
    """`streamlit run` puts the folder of its script first on the import path."""
    own = {path.stem for path in PACKAGE.glob("*.py")} | {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    others = own & (sys.stdlib_module_names | {"lighttrap", "api", "ingest", "simulator", "tests"})
    assert others == set()
    importable = {name for name in own - {"__init__", "__main__", "__pycache__"} if importlib.util.find_spec(name)}
    assert importable == set()


def test_every_screen_is_a_page_of_somebody():
    shell = (PACKAGE / "shell.py").read_text() + (PACKAGE / "app.py").read_text()
    assert [name for name in SCREENS if f'page("{name}"' not in shell] == []


def test_session_that_ends_while_a_page_is_open_asks_to_log_in(open_page: OpenPage, own_province: Province):
    """A part of a page that looks for news by itself has nothing above it that would take the refusal."""
    page = open_page(own_province, role=Role.VIEWER)
    with pool.connect(own_province.dsn) as conn:
        conn.execute("DELETE FROM login_session")
    # Who one is, is kept for a minute; what the body shows is asked for anew.
    known = reader.client()._kept
    for key in [key for key in known if "/overview" in str(key[1])]:
        del known[key]
    page.run()
    assert page.get("link_button")
    assert not page.exception
