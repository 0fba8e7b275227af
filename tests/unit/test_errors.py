from __future__ import annotations

import inspect

import pytest

from lighttrap import errors

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]
SPEAKING = [kind for kind in KINDS if not issubclass(kind, errors.WireError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_ours(kind: type[Exception]):
    assert issubclass(kind, errors.LightTrapError)


@pytest.mark.parametrize("kind", SPEAKING)
def test_error_without_a_message_says_its_docstring(kind: type[errors.LightTrapError]):
    assert str(kind()) == (kind.__doc__ or "").splitlines()[0] != ""
    assert str(kind("field st-1 is not there")) == "field st-1 is not there"


def test_wire_error_says_its_reason_first():
    fault = errors.PacketError("not_json", "no value at 0")
    assert (str(fault), fault.reason, fault.detail) == ("not_json: no value at 0", "not_json", "no value at 0")
    assert errors.TopicError("five levels").reason == "topic"


def test_store_error_carries_the_sqlstate():
    assert errors.StoreRejected("value too long", "22001").sqlstate == "22001"
    assert errors.StoreUnavailable().sqlstate is None


@pytest.mark.parametrize("kind", [errors.StoreUnavailable, errors.StoreMismatch])
def test_only_a_rejection_condemns_rows(kind: type[errors.StoreError]):
    assert not issubclass(kind, errors.StoreRejected)
    assert not issubclass(kind, errors.WireError)
