"""What the other tests take for granted of their servers."""

from __future__ import annotations

import psycopg
import pytest
from paho.mqtt import publish, subscribe

from tests.cluster import Cluster
from tests.fix_broker import Broker
from tests.fix_db import timescale_wanted
from tests.fix_proxy import Proxy, through


def test_each_test_gets_a_migrated_database_of_its_own(database: str):
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT count(*) > 10 FROM species").fetchone() == (True,)
        assert conn.execute("SELECT count(*) FROM reading").fetchone() == (0,)


def test_private_server_keeps_what_was_committed_when_killed(own_cluster: Cluster):
    with psycopg.connect(own_cluster.dsn()) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 1 AS one")
    own_cluster.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(own_cluster.dsn(), connect_timeout=2)
    own_cluster.start()
    with psycopg.connect(own_cluster.dsn()) as conn:
        assert conn.execute("SELECT one FROM kept").fetchone() == (1,)


def test_database_is_reached_through_its_proxy(database: str, database_proxy: Proxy):
    with psycopg.connect(through(database_proxy, database)) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)
        database_proxy.stop()
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT 1")


def test_retained_message_survives_a_restart_of_the_broker(broker: Broker):
    publish.single("kept", b"still here", qos=1, retain=True, hostname=broker.host, port=broker.port)
    broker.stop()
    broker.start()
    message = subscribe.simple("kept", hostname=broker.host, port=broker.port)
    assert message.payload == b"still here"


def test_broker_that_forgets_starts_empty(broker: Broker):
    publish.single("kept", b"gone", qos=1, retain=True, hostname=broker.host, port=broker.port)
    broker.stop()
    broker.forget()
    broker.start()
    publish.single("other", b"new", qos=1, retain=True, hostname=broker.host, port=broker.port)
    message = subscribe.simple("#", hostname=broker.host, port=broker.port)
    assert message.topic == "other"


def test_timescale_is_there_just_when_it_was_asked_for(request: pytest.FixtureRequest, database: str):
    if request.config.option.db_dsn:
        pytest.skip("the server of --db-dsn has what it has")
    with psycopg.connect(database) as conn:
        found = conn.execute("SELECT to_regclass('timescaledb_information.hypertables') IS NOT NULL").fetchone()
    assert found == (timescale_wanted(request.config) is not None,)
