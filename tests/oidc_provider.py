"""`python -m tests.oidc_provider PORT`: a real OpenID Connect provider that can be told to lie.

oidc-provider-mock does the flow. What is added: PKCE is checked, and `PUT /lies` with a JSON object changes what the
next ID tokens say (`claims`; null takes one away), how they are signed (`alg`, `key`) or what the metadata says
(`metadata`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import oidc_provider_mock
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

challenges: dict[str, str] = {}
lies: dict[str, Any] = {}
STRANGE_KEY = RSAKey.generate_key(2048, {"kid": "strange"})


def main() -> None:
    """Serves until it is killed."""
    app = oidc_provider_mock.app(require_nonce=True)
    app.put("/lies")(_take_lies)
    app.before_request(_check_proof)
    app.after_request(_after)
    make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True).serve_forever()


def _take_lies() -> tuple[str, int]:
    lies.clear()
    lies.update(flask.request.json or {})
    return "", 204


def _check_proof() -> tuple[str, int] | None:
    request = flask.request
    if request.path != "/oauth2/token":
        return None
    digest = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
    fits = challenges.get(request.form.get("code", "")) == _encoded(digest)
    return None if fits else ('{"error": "invalid_grant"}', 400)


def _after(answer: flask.Response) -> flask.Response:
    request = flask.request
    if request.path == "/oauth2/authorize" and "location" in answer.headers:
        [code] = parse_qs(urlsplit(answer.headers["location"]).query).get("code", [""])
        assert request.args["code_challenge_method"] == "S256"
        challenges[code] = request.args["code_challenge"]
    if request.path == "/oauth2/token" and answer.status_code == 200 and lies:
        body = answer.get_json()
        answer.set_data(json.dumps({**body, "id_token": _lie(body["id_token"])}))
    if request.path == "/.well-known/openid-configuration" and "metadata" in lies:
        answer.set_data(json.dumps({**answer.get_json(), **lies["metadata"]}))
    return answer


def _lie(token: str) -> str:
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    claims = {key: value for key, value in {**claims, **lies.get("claims", {})}.items() if value is not None}
    own = RSAKey.import_key(flask.g.oidc_provider_mock_storage.jwk.as_dict(is_private=True))
    alg = lies.get("alg", "RS256")
    if alg in ("none", "HS256"):
        # As a forger makes them, who has nothing but the public key.
        return _forged(claims, alg, own.as_pem(private=False))
    key = STRANGE_KEY if lies.get("key") == "strange" else own
    return jwt.encode({"alg": alg, "kid": own.kid}, claims, key, algorithms=[alg])


def _forged(claims: dict[str, Any], alg: str, public: bytes) -> str:
    text = ".".join(_encoded(json.dumps(one).encode()) for one in ({"alg": alg, "typ": "JWT"}, claims))
    signature = hmac.digest(public, text.encode(), "sha256") if alg == "HS256" else b""
    return f"{text}.{_encoded(signature)}"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


if __name__ == "__main__":
    main()
