from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest

from dashboard.client import ApiAway, ApiClient, Refused, SignedOut

KEPT_S = 60.0


class Server:
    """Answers as it is told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.body: object = {"n": 1}
        self.etag = 'W/"1"'
        self.asked: list[httpx2.Request] = []
        self.now = 1000.0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """One answer."""
        self.asked.append(request)
        if self.status == 0:
            raise httpx2.ConnectError("nobody there")
        if request.headers.get("if-none-match") == self.etag and self.status == 200:
            return httpx2.Response(304)
        return httpx2.Response(self.status, json=self.body, headers={"etag": self.etag})

    def client(self) -> ApiClient:
        """A client that asks this server, by this server's clock."""
        return ApiClient(
            "http://api", kept_s=KEPT_S, timeout_s=1, transport=httpx2.MockTransport(self), clock=lambda: self.now
        )


@pytest.fixture
def server() -> Server:
    return Server()


def a_problem(kind: str, detail: str) -> dict[str, object]:
    return {"type": kind, "title": "x", "status": 400, "detail": detail, "request_id": "abcdef0123", "faults": []}


def test_answer_is_kept_for_a_while_and_asked_for_again_by_its_etag(server: Server):
    client = server.client()
    client.get("me", "/v1/x", dict[str, int])
    server.now += KEPT_S - 1
    client.get("me", "/v1/x", dict[str, int])
    assert len(server.asked) == 1
    server.now += 2
    answer = client.get("me", "/v1/x", dict[str, int])
    assert (len(server.asked), answer.value, answer.at) == (2, {"n": 1}, server.now)


def test_nobody_is_given_what_another_was_answered(server: Server):
    client = server.client()
    client.get("me", "/v1/x", dict[str, int])
    server.body = {"n": 2}
    server.etag = 'W/"2"'
    assert client.get("you", "/v1/x", dict[str, int]).value == {"n": 2}
    assert [request.headers["cookie"] for request in server.asked] == ["lighttrap_session=me", "lighttrap_session=you"]


@pytest.mark.parametrize("status", [0, 500, 503, 429])
def test_last_answer_is_shown_and_called_old_while_the_api_is_away(server: Server, status: int):
    client = server.client()
    client.get("me", "/v1/x", dict[str, int])
    server.status = status
    server.now += 1.5 * KEPT_S
    answer = client.get("me", "/v1/x", dict[str, int])
    assert (answer.value, answer.is_old, answer.at) == ({"n": 1}, True, 1000.0)
    server.now += KEPT_S
    with pytest.raises(ApiAway):
        client.get("me", "/v1/x", dict[str, int])


@pytest.mark.parametrize(("status", "kind"), [(401, SignedOut), (403, Refused), (404, Refused), (409, Refused)])
def test_refusal_says_why_and_is_never_covered_by_what_was_kept(server: Server, status: int, kind: type[Exception]):
    client = server.client()
    client.get("me", "/v1/x", dict[str, int])
    server.status, server.body = status, a_problem("conflict", "somebody was faster")
    server.now += KEPT_S + 1
    with pytest.raises(kind, match="somebody was faster"):
        client.get("me", "/v1/x", dict[str, int])


def test_change_carries_the_proof_and_forgets_what_was_kept(server: Server):
    client = server.client()
    client.get("me", "/v1/x", dict[str, int])
    server.etag = 'W/"2"'
    client.change("me", "POST", "/v1/x", dict[str, int], {"a": 1})
    client.get("me", "/v1/x", dict[str, int])
    assert [request.method for request in server.asked] == ["GET", "POST", "GET"]
    assert "x-requested-by" in server.asked[1].headers


def test_answer_of_another_shape_counts_as_none(server: Server):
    server.body = {"n": "many"}
    with pytest.raises(ApiAway, match="does not understand"):
        server.client().get("me", "/v1/x", dict[str, int])


def test_parameters_without_a_value_are_left_out(server: Server):
    client: Callable[..., object] = server.client().get
    client("me", "/v1/x", dict[str, int], {"species": None, "limit": 5})
    assert server.asked[0].url.query == b"limit=5"
