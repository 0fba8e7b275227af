"""Logging in by an OpenID Connect provider: what we ask of it, and what of its answer we believe.

The authorization code flow of OpenID Connect Core 1.0, with PKCE (RFC 7636), state and nonce.
"""

from __future__ import annotations

import logging
import re
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from api.oidc_settings import OidcSettings, is_safe_url
from lighttrap.errors import Forbidden, ProviderUnavailable

log = logging.getLogger(__name__)
ALGORITHMS = ("RS256", "PS256", "ES256")
"""Never `none`, and none with a shared key: what the provider's own document or a token names does not widen it."""
_SCOPE = "openid email"
_EMAIL = re.compile(r"[A-Za-z0-9._+-]{1,200}@[A-Za-z0-9.-]{1,200}", re.ASCII)
_LEEWAY_S = 60
_TIMEOUT_S = 5.0
_KEPT_S = 3600.0
_AT_ONCE = 8
"""Requests to the provider side by side at most, so that a slow one leaves us threads for everybody else."""
_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Identity:
    """A person at the provider, with an e-mail address that it has verified."""

    issuer: str
    subject: str
    email: str


class Provider:
    """The one provider of an installation."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        # Made once: to read every authority's certificate takes longer than to ask.
        self._tls = ssl.create_default_context()
        self._metadata: Mapping[str, Any] = {}
        self._keys: KeySet | None = None
        self._kept_until = 0.0

    def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where a person is sent to log in. Raises ProviderUnavailable."""
        with self._asking() as client:
            endpoint = self._endpoint(client, "authorization_endpoint")
            made, _ = client.create_authorization_url(endpoint, state=state, nonce=nonce, code_verifier=verifier)
        return str(made)

    def identity(self, code: str, nonce: str, verifier: str) -> Identity:
        """Who came back with this code. Raises Forbidden when it cannot be believed, ProviderUnavailable."""
        try:
            with self._asking() as client:
                answer = client.fetch_token(
                    self._endpoint(client, "token_endpoint"), grant_type="authorization_code", code=code,
                    code_verifier=verifier, redirect_uri=self._settings.redirect_url(),
                )  # fmt: skip
                claims = self._claims(client, answer, nonce)
                return self._identity(claims if "email" in claims else self._more(client, claims))
        except (OAuthError, JoseError, KeyError, TypeError, ValueError) as fault:
            log.warning("a login by OpenID Connect was refused", extra={"error": f"{type(fault).__name__}: {fault}"})
            raise Forbidden("the provider's answer cannot be believed; begin to log in again") from fault

    def _claims(self, client: OAuth2Client, answer: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        try:
            token = jwt.decode(answer["id_token"], self._key_set(client), registry=registry)
        except InvalidKeyIdError:
            token = jwt.decode(answer["id_token"], self._key_set(client, anew=True), registry=registry)
        us = self._settings.client_id
        wanted = {
            "iss": {"essential": True, "value": self._settings.issuer}, "aud": {"essential": True, "value": us}
        }  # fmt: skip
        asked = {"nonce": nonce, "client_id": us, "access_token": answer.get("access_token")}
        claims = CodeIDToken(token.claims, token.header, wanted, asked)
        claims.validate(leeway=_LEEWAY_S)
        found: Mapping[str, Any] = claims
        return found

    def _more(self, client: OAuth2Client, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the provider tells beside the token; some tell the e-mail address only there."""
        answer = client.get(self._endpoint(client, "userinfo_endpoint"))
        told = answer.raise_for_status().json()
        if told["sub"] != claims["sub"]:
            raise ValueError("userinfo is of somebody else")
        return {**told, "iss": claims["iss"]}

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        subject, email = claims["sub"], claims.get("email")
        if not isinstance(subject, str) or not re.fullmatch(r"[\x21-\x7e]{1,255}", subject):
            raise ValueError("the subject is no text of 1 to 255 letters")
        if not isinstance(email, str) or not _EMAIL.fullmatch(email) or claims.get("email_verified") is not True:
            raise Forbidden("the provider does not say that your e-mail address is verified")
        domains = self._settings.domains()
        if domains and email.lower().rpartition("@")[2] not in domains:
            raise Forbidden(f"nobody may log in with an e-mail address of {email.rpartition('@')[2]}")
        return Identity(self._settings.issuer, subject, email)

    def _endpoint(self, client: OAuth2Client, name: str) -> str:
        if time.monotonic() > self._kept_until:
            place = self._settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
            metadata = _document(client, place)
            if metadata.get("issuer") != self._settings.issuer:
                raise ProviderUnavailable(f"the provider calls itself {metadata.get('issuer')!r}, not as it was set")
            self._metadata, self._keys = metadata, None
            self._kept_until = time.monotonic() + _KEPT_S
        found = str(self._metadata.get(name, ""))
        if not is_safe_url(found):
            raise ProviderUnavailable(f"the provider names no {name} under https")
        return found

    def _key_set(self, client: OAuth2Client, *, anew: bool = False) -> KeySet:
        if self._keys is None or anew:
            self._keys = KeySet.import_key_set(cast(Any, _document(client, self._endpoint(client, "jwks_uri"))))
        return self._keys

    @contextmanager
    def _asking(self) -> Iterator[OAuth2Client]:
        if not self._slots.acquire(timeout=_WAIT_S):
            raise ProviderUnavailable("too many people log in at this moment")
        try:
            with OAuth2Client(
                self._settings.client_id, self._settings.secret() or None, scope=_SCOPE,
                redirect_uri=self._settings.redirect_url(), code_challenge_method="S256", timeout=_TIMEOUT_S,
                verify=self._tls,
            ) as client:  # fmt: skip
                yield client
        except httpx2.HTTPError as fault:
            raise ProviderUnavailable(f"the provider does not answer: {type(fault).__name__}") from fault
        finally:
            self._slots.release()


def _document(client: OAuth2Client, place: str) -> dict[str, Any]:
    answer = client.request("GET", place, withhold_token=True).raise_for_status()
    try:
        found = answer.json()
    except ValueError as fault:
        raise ProviderUnavailable(f"the provider's {place} is no JSON") from fault
    if not isinstance(found, dict):
        raise ProviderUnavailable(f"the provider's {place} is no JSON object")
    return found
