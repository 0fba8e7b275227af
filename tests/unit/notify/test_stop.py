"""Which answers ask for no more messages."""

from __future__ import annotations

import pytest

from lighttrap.notify.stop import asks_to_stop


@pytest.mark.parametrize(
    "text",
    ["TC", "tc", " Tc. ", "STOP", "stop!", "Từ chối", "TU CHOI", "từ chối", "Ngừng", "NGUNG", "Hủy", "huỷ", "Dừng gửi",
     "TC BVTV", "không nhận tin", "thôi", "ឈប់"],
)  # fmt: skip
def test_stop_is_understood_in_any_case_and_accent(text: str):
    assert asks_to_stop(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "?", "Cảm ơn", "Ok", "Rầy có ngừng bay không", "tôi không nhận được tin hôm qua", "TCBVTV", "ổn",
     "Dừng xe ở đâu vậy anh ơi"],
)  # fmt: skip
def test_a_sentence_is_no_stop(text: str):
    assert not asks_to_stop(text)
