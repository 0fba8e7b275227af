"""Who looks: their session with the API, org, language and page colours, found anew at each run of a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st

from dashboard import palette, words
from dashboard.client import COOKIE, Answer, ApiClient, Params, SignedOut
from dashboard.config import DashboardSettings, ScreenSettings
from dashboard.palette import Ink
from dashboard.words import Words
from lighttrap import views
from lighttrap.model import Role

Shape = TypeVar("Shape")
SESSION = "api_session"
"""In the session's state: a session of the API that did not come by the browser's cookie."""


@dataclass(frozen=True)
class Reader:
    """Whoever looks at a page, and what they look at it with."""

    settings: ScreenSettings
    client: ApiClient
    session: str
    me: views.Me
    orgs: list[views.Org]
    org_id: str
    words: Words
    is_dark: bool

    @property
    def ink(self) -> Ink:
        """The colours of their page."""
        return palette.ink(dark=self.is_dark)

    @property
    def role(self) -> Role:
        """What they are in the org."""
        return self.me.roles[self.org_id]

    def get(self, path: str, shape: type[Shape], **params: Any) -> Answer[Shape]:  # noqa: ANN401 - of an address
        """What is at a path of the org. Raises as `ApiClient.get` does."""
        return self.client.get(self.session, self._path(path), shape, params)

    def change(self, method: str, path: str, shape: type[Shape], body: Any = None) -> Shape:  # noqa: ANN401 - JSON
        """Does something in the org. Raises as `ApiClient.change` does."""
        return self.client.change(self.session, method, self._path(path), shape, body)

    def fetch(self, path: str, params: Params | None = None) -> bytes:
        """A file of the org. Raises as `ApiClient.fetch` does."""
        return self.client.fetch(self.session, self._path(path), params)

    def _path(self, path: str) -> str:
        return f"/v1/orgs/{self.org_id}{path}"


@st.cache_resource(show_spinner=False)
def settings() -> ScreenSettings:
    """The settings of this process."""
    return DashboardSettings().dashboard


@st.cache_resource(show_spinner=False)
def client() -> ApiClient:
    """The one client of this process."""
    own = settings()
    return ApiClient(own.api_url, kept_s=own.kept_s, timeout_s=own.timeout_s)


def language() -> Words:
    """The words: of the address, else of earlier in this session, else of the browser."""
    asked = (st.query_params.get("lang"), st.session_state.get("lang"), st.context.locale)
    st.session_state["lang"] = words.choose(asked, settings().language)
    return words.load(st.session_state["lang"])


def current() -> Reader:
    """Whoever looks. Raises SignedOut when nobody has logged in, and ApiAway."""
    session = st.session_state.get(SESSION) or st.context.cookies.get(COOKIE)
    if not session:
        raise SignedOut("nobody has logged in")
    api = client()
    me = api.get(session, "/v1/me", views.Me).value
    orgs = api.get(session, "/v1/orgs", list[views.Org]).value
    return Reader(
        settings(), api, session, me, orgs, _org(orgs), language(), is_dark=st.context.theme.type == "dark"
    )  # fmt: skip


def _org(orgs: list[views.Org]) -> str:
    """The org of the address, else of earlier in this session, else the first; empty when they have none."""
    known = [org.org_id for org in orgs]
    asked = [st.query_params.get("org"), st.session_state.get("org"), *known]
    found = next((one for one in asked if one in known), "")
    st.session_state["org"] = found
    return found
