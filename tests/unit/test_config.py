"""Settings that are wrong are told in a sentence, and no secret stands in it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from lighttrap import config
from lighttrap.config import BrokerSettings


@pytest.mark.parametrize("url", ["mqtt://_ingest:hunter22@host:many", "http://_ingest:hunter22@host", "host:1883", ""])
def test_broker_url_that_cannot_be_read_is_told_without_its_password(url):
    with pytest.raises(ValidationError) as caught:
        BrokerSettings.model_validate({"url": url})
    told = config.faults(caught.value)
    assert "broker URL" in told
    assert "hunter22" not in told
