"""Who gets into the broker, and what they can do there: judged by what arrives, never by what the broker answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from lighttrap import brokersecret, topics
from lighttrap.broker import files, lines
from lighttrap.broker.services import Service, ingest_of
from lighttrap.model import TrapLogin
from tests.fix_secured import SECRETS, Login, Logins, SecuredBroker
from tests.waiting import wait_until

A, B = "trap-a", "trap-b"
ORG_A, ORG_B = "soc-trang", "an-giang"
SECRET_A, SECRET_B, SECRET_GONE = "aaaa-secret-of-a", "bbbb-secret-of-b", "cccc-secret-of-c"
OBSERVER = "_observer"
PROTOCOLS = pytest.mark.parametrize(
    "protocol", [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5], ids=["3.1.1", "5"]
)
FOREIGN = [
    *(f"{topics.PREFIX}/{ORG_B}/{B}/{kind}" for kind in topics.Kind),
    *(f"{topics.PREFIX}/{ORG_A}/{B}/{kind}" for kind in topics.UP),
    *(f"{topics.PREFIX}/{ORG_B}/{A}/{kind}" for kind in topics.UP),
    f"{topics.PREFIX}/{ORG_A}/{A}/stored",
    f"{topics.PREFIX}/{ORG_A}/{A}/command",
    f"{topics.PREFIX}/{ORG_A}/{A}/reading/more",
    f"{topics.PREFIX}/{ORG_A}/{A}",
    f"{topics.PREFIX}/{ORG_A}/%u/reading",
    "anything",
]
CURIOUS = [
    "#", "+/#", "lighttrap/#", "lighttrap/v1/+/+/reading", f"{topics.PREFIX}/{ORG_B}/{B}/reading",
    f"{topics.PREFIX}/{ORG_B}/{B}/stored", f"{topics.PREFIX}/{ORG_A}/+/command", "$SYS/#", "$CONTROL/#",
    "$share/x/lighttrap/#", f"$share/x/{topics.PREFIX}/{ORG_B}/{B}/reading",
]  # fmt: skip
# Who asks with what: a trap, a service or nobody, and a secret that is not theirs.
STRANGERS = {
    "no login": (None, None),
    "no secret": (A, None),
    "empty secret": (A, ""),
    "another trap's secret": (A, SECRET_B),
    "a secret and more": (A, SECRET_A + "x"),
    "revoked": ("trap-c", SECRET_GONE),
    "unknown": ("trap-d", SECRET_A),
    "in capitals": (A.upper(), SECRET_A),
    "ingest with a trap's secret": ("_ingest", SECRET_A),
    "plus": ("+", SECRET_A),
    "hash": ("#", SECRET_A),
    "slash": ("a/b", SECRET_A),
    "trap and hash": (f"{A}/#", SECRET_A),
    "empty name": ("", SECRET_A),
}


def of_trap(trap_id: str, org: str, secret: str) -> TrapLogin:
    return TrapLogin(trap_id, org, brokersecret.hashed(secret))


@pytest.fixture
def secured(encrypted: tuple[SecuredBroker, Path]) -> SecuredBroker:
    """The broker as it stands in the field: with TLS."""
    return encrypted[0]


@pytest.fixture
def field(secured: SecuredBroker) -> SecuredBroker:
    """Two traps of two orgs, a third that was revoked, and an observer who hears everything that is delivered."""
    both = [of_trap(A, ORG_A, SECRET_A), of_trap(B, ORG_B, SECRET_B)]
    secured.admit(*both, of_trap("trap-c", ORG_A, SECRET_GONE))
    secured.admit(*both)
    hears = f"user {OBSERVER}\ntopic read #\ntopic read $CONTROL/#\ntopic read $SYS/broker/uptime\ntopic write stop\n"
    files.replace(secured.files.acl, files.read(secured.files.acl) + hears)
    line = f"{OBSERVER}:{brokersecret.hashed(OBSERVER)}\n"
    files.replace(secured.files.passwords, files.read(secured.files.passwords) + line)
    secured.tell()
    return secured


@pytest.fixture
def observer(field: SecuredBroker, login: Logins) -> Login:
    """Hears every message that is delivered at all."""
    made = login(OBSERVER, OBSERVER)
    assert made.is_in()
    made.subscribe("#", "$CONTROL/#")
    return made


def own(kind: topics.Kind, trap_id: str = A, org: str = ORG_A) -> str:
    return topics.build(org, trap_id, kind)


@PROTOCOLS
def test_stranger_does_not_get_in(field, login, protocol):
    assert login(A, SECRET_A).is_in()  # else nobody would
    asked = {
        name: login(user, secret, client_id="stranger", protocol=protocol, insists=False)
        for name, (user, secret) in STRANGERS.items()
    }
    assert [name for name, stranger in asked.items() if stranger.is_in()] == []


@PROTOCOLS
@pytest.mark.parametrize("retain", [False, True], ids=["live", "retained"])
def test_trap_reaches_nobody_but_by_its_own_four_topics(field, login, observer, protocol, retain):
    trap = login(A, SECRET_A, protocol=protocol)
    assert trap.is_in()
    for topic in FOREIGN:
        trap.publish(topic, retain=retain)
    for kind in topics.UP:
        trap.publish(own(kind))
    last = own(topics.UP[-1])
    wait_until(lambda: last in observer.topics())  # what was sent before it would have come before it
    assert observer.topics() == {own(kind) for kind in topics.UP}
    later = login("_ingest")
    later.subscribe(*topics.up_filters(), own(topics.Kind.STORED, B, ORG_B))
    trap.publish(own(topics.Kind.EVENT), b"end")
    wait_until(lambda: (own(topics.Kind.EVENT), b"end") in later.heard)
    assert later.topics() == {own(topics.Kind.EVENT)}


@PROTOCOLS
def test_trap_that_writes_where_only_the_broker_does_reaches_nobody(field, login, observer, protocol):
    for topic in ("$SYS/broker/uptime", "$CONTROL/dynamic-security/v1"):
        trap = login(A, SECRET_A, protocol=protocol)
        assert trap.is_in()
        trap.publish(topic, b"mine")
        trap.close()
    trap = login(A, SECRET_A, protocol=protocol)
    trap.publish(own(topics.Kind.READING), b"end")
    wait_until(lambda: observer.heard)
    assert observer.heard == [(own(topics.Kind.READING), b"end")]


@PROTOCOLS
def test_trap_hears_nothing_but_its_own_two_topics(field, login, observer, protocol):
    trap, other, ingest = login(A, SECRET_A, protocol=protocol), login(B, SECRET_B), login("_ingest")
    assert trap.is_in()
    assert other.is_in()
    assert ingest.is_in()
    other.publish(own(topics.Kind.STATUS, B, ORG_B), b"kept", retain=True)
    ingest.publish(own(topics.Kind.STORED, B, ORG_B), b"kept", retain=True)
    wait_until(lambda: len(observer.heard) == 2)
    for curious in CURIOUS:
        trap.subscribe(curious)
    trap.subscribe(own(topics.Kind.STORED), own(topics.Kind.COMMAND))
    other.publish(own(topics.Kind.READING, B, ORG_B))
    wait_until(lambda: len(observer.heard) == 3)
    for topic in (own(topics.Kind.COMMAND, B, ORG_B), own(topics.Kind.COMMAND), own(topics.Kind.STORED)):
        ingest.publish(topic)
    wait_until(lambda: own(topics.Kind.STORED) in trap.topics())
    assert trap.topics() <= {own(topics.Kind.STORED), own(topics.Kind.COMMAND)}


@PROTOCOLS
@pytest.mark.parametrize("taken", ["_ingest", B])
def test_trap_that_gives_itself_anothers_client_id_takes_nothing_from_it(field, login, taken, protocol):
    other = login(taken, SECRET_B) if taken == B else login(taken)
    assert other.is_in()
    wanted = own(topics.Kind.STORED, B, ORG_B) if taken == B else own(topics.Kind.READING, B, ORG_B)
    other.subscribe(wanted)
    thief = login(A, SECRET_A, client_id=taken, protocol=protocol)
    assert thief.is_in()
    sender = login("_ingest") if taken == B else login(B, SECRET_B)
    for number in range(3):
        sender.publish(wanted, b"%d" % number)
    wait_until(lambda: len(other.heard) == 3)
    assert (other.drops, thief.heard) == (0, [])


@PROTOCOLS
def test_last_will_is_said_on_the_traps_own_topic_only(field, login, observer, protocol):
    for topic in (own(topics.Kind.STATUS, B, ORG_B), own(topics.Kind.STORED), own(topics.Kind.STATUS)):
        trap = login(A, SECRET_A, protocol=protocol, will=topic, insists=False)
        assert trap.is_in() or topic != own(topics.Kind.STATUS)  # others' wills may be refused at once
        trap.break_off()
    wait_until(lambda: observer.heard)
    assert observer.heard == [(own(topics.Kind.STATUS), b"will")]


def test_services_may_do_their_own_work_and_no_more(field, login, observer):
    trap, ingest, monitor, health = login(A, SECRET_A), *(login(service) for service in Service)
    for service in (ingest, monitor, health):
        assert service.is_in()
        service.subscribe("#", "$SYS/#")
    for service in (monitor, health, ingest):
        for kind in topics.Kind:
            service.publish(own(kind), (service is ingest and b"ingest") or b"not ingest")
    wait_until(lambda: len(observer.heard) == 2)
    assert observer.heard == [(own(kind), b"ingest") for kind in (topics.Kind.STORED, topics.Kind.COMMAND)]
    trap.publish(own(topics.Kind.READING))
    wait_until(lambda: own(topics.Kind.READING) in ingest.topics())
    wait_until(lambda: "$SYS/broker/uptime" in monitor.topics() & health.topics())
    assert {topic.split("/")[0] for topic in monitor.topics()} == {"$SYS"}
    assert health.topics() == {"$SYS/broker/uptime"}
    assert not any(topic.startswith("$") for topic in ingest.topics())


def test_ingest_of_one_org_hears_and_tells_no_other(field, login, observer):
    name = ingest_of(ORG_B)
    files.replace(field.files.acl, files.read(field.files.acl) + lines.acl([], [name]))
    files.replace(field.files.passwords, lines.passwords([], {name: SECRET_B}, "") + files.read(field.files.passwords))
    field.tell()
    worker = login(name, SECRET_B)
    assert worker.is_in()
    worker.subscribe(*topics.up_filters())
    for trap_id, org, secret in ((A, ORG_A, SECRET_A), (B, ORG_B, SECRET_B)):
        trap = login(trap_id, secret)
        assert trap.is_in()
        trap.publish(own(topics.Kind.READING, trap_id, org))
        worker.publish(own(topics.Kind.STORED, trap_id, org))
    wait_until(lambda: own(topics.Kind.READING) in observer.topics())
    wait_until(lambda: own(topics.Kind.STORED, B, ORG_B) in observer.topics())
    wait_until(lambda: own(topics.Kind.READING, B, ORG_B) in worker.topics())
    assert own(topics.Kind.STORED) not in observer.topics()
    assert worker.topics() == {own(topics.Kind.READING, B, ORG_B)}


def test_no_trap_can_have_the_name_of_a_service():
    names = [*Service, ingest_of(ORG_A)]
    assert [name for name in names if topics.TRAP_ID.fullmatch(name)] == []


def test_who_is_left_out_of_the_files_is_thrown_out_and_cannot_come_back(field, login):
    leaving, staying = login(A, SECRET_A), login(B, SECRET_B)
    assert leaving.is_in()
    assert staying.is_in()
    field.admit(of_trap(B, ORG_B, SECRET_B))
    field.tell()
    wait_until(lambda: leaving.drops)
    wait_until(lambda: len(leaving.connacks) > 1)
    assert all(reason.is_failure for reason in leaving.connacks[1:])
    # Trap B has another hash of the same secret now, and stays.
    assert (staying.drops, staying.client.is_connected()) == (0, True)


def test_new_secret_throws_out_who_came_by_the_old_one(field, login):
    old = login(A, SECRET_A)
    assert old.is_in()
    field.admit(of_trap(A, ORG_A, "a newer secret of a"))
    field.tell()
    wait_until(lambda: old.drops)
    assert login(A, "a newer secret of a", client_id="again").is_in()


def test_queue_of_a_session_that_is_away_outlives_reloads_and_a_restart(field, login):
    ingest = login("_ingest")
    ingest.subscribe(own(topics.Kind.READING))
    ingest.close()
    trap = login(A, SECRET_A)
    assert trap.is_in()
    infos = [trap.client.publish(own(topics.Kind.READING), b"%d" % number, qos=1) for number in range(20)]
    for info in infos:
        info.wait_for_publish(10)
    field.tell()
    field.stop()
    field.start()
    field.tell()
    back = login("_ingest")
    wait_until(lambda: len(back.heard) == 20)
    assert [payload for _, payload in back.heard] == [b"%d" % number for number in range(20)]


def test_line_of_a_service_stays_while_its_secret_does():
    first = lines.passwords([], SECRETS, "")
    assert lines.passwords([], SECRETS, first) == first
    changed = lines.passwords([], {**SECRETS, Service.INGEST: "another secret of it"}, first)
    assert changed.splitlines()[2:] == first.splitlines()[2:]
    assert changed.splitlines()[1] != first.splitlines()[1]
