from __future__ import annotations

from lighttrap.up import progress

METRICS = """\
# TYPE lighttrap_ingest_messages_total counter
lighttrap_ingest_messages_total{result="duplicate"} 7.0
lighttrap_ingest_messages_total{result="stored"} 1234.0
lighttrap_ingest_messages_created{result="stored"} 1.7e+09
"""


def test_stored_readings_are_read_from_the_metrics():
    assert progress.stored_in(METRICS) == 1234


def test_metrics_without_the_counter_count_nothing():
    assert progress.stored_in("") == 0


def test_tally_goes_on_over_a_restart_of_ingest():
    tally = progress.Tally()
    assert [tally.note(counter) for counter in (10, 10, 25, 4, 9)] == [10, 0, 15, 4, 5]
    assert tally.total == 34
