from __future__ import annotations

import pytest

from lighttrap import strictjson
from lighttrap.errors import PacketError


@pytest.mark.parametrize("text", ["1", "[]", "[[[[[[[[]]]]]]]]", '{"a":{"b":[1,2,{"c":null}]}}', '["[[[[[[[[[["]'])
def test_json_within_the_limits_is_read(text: str):
    assert strictjson.parse(text.encode()) is not None


@pytest.mark.parametrize("depth", [strictjson.MAX_DEPTH + 1, 200, 999, 1_001, 9_999, 30_000])
def test_deep_nesting_is_refused_with_one_reason_whatever_the_depth(depth: int):
    for opened, closed in ((b"[", b"]"), (b'{"a":', b"}")):
        with pytest.raises(PacketError, match="too_deep"):
            strictjson.parse(opened * depth + b"1" + closed * depth)


def test_key_that_stands_twice_is_refused_in_any_object():
    with pytest.raises(PacketError, match="duplicate_key"):
        strictjson.parse(b'[{"a":{"b":1,"\\u0062":1}}]')
