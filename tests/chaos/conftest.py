"""One site for all chaos tests: starting a PostgreSQL server takes longer than most trials."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.chaos.site import CannotRun, Site, open_site
from tests.services import missing


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A private server that trials may kill."""
    if request.config.option.db_dsn or request.config.option.broker:
        pytest.skip("these tests kill their servers, and the ones that were named are not ours to kill")
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(open_site(request.config.option.pg_bin))
        except CannotRun as fault:
            missing(str(fault))
        yield opened
