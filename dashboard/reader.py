"""Who looks: their session with the API, org, language and page colours, found anew at each run of a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st

from dashboard import palette, words
from dashboard.client import COOKIE, Answer, ApiClient, Credential, Params, SignedOut, Token
from dashboard.config import DashboardSettings, ScreenSettings
from dashboard.palette import Ink
from dashboard.words import Words
from lighttrap import views
from lighttrap.model import Role
from lighttrap.permissions import Permission, allows

Shape = TypeVar("Shape")
KEY = "key"
"""In the address of the wall: an API token, for a screen that nobody logs in at."""
SESSION = "api_session"
"""In the session's state: a session of the API that did not come by the browser's cookie."""


@dataclass(frozen=True)
class Reader:
    """Whoever looks at a page, and what they look at it with."""

    settings: ScreenSettings
    client: ApiClient
    session: Credential
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

    def may(self, permission: Permission) -> bool:
        """Whether the API lets them do that in the org."""
        return allows(self.role, permission)

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
    session = _session()
    if not session:
        raise SignedOut("nobody has logged in")
    return _known(session)


def forget() -> None:
    """Asks anew from now on for all that was kept for whoever looks."""
    key = st.query_params.get(KEY)
    client().forget(Token(key) if key else _session())


def of_wall() -> Reader:
    """Whoever looks at the wall: by the token in the address if there is one, else as everywhere.

    Raises as `current` does, and SignedOut for a token that may do more than look: an address is no place for it.
    """
    key = st.query_params.get(KEY)
    if not key:
        return current()
    found = _known(Token(key))
    if set(found.me.roles.values()) != {Role.VIEWER}:
        raise SignedOut("a wall takes the token of a viewer")
    return found


def _session() -> str | None:
    found: str | None = st.session_state.get(SESSION) or st.context.cookies.get(COOKIE)
    return found


def _known(session: Credential) -> Reader:
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
