from __future__ import annotations

import pytest

from lighttrap import brokersecret, connectcode
from lighttrap.config import PublicBrokerSettings
from lighttrap.connectcode import ConnectCode
from lighttrap.errors import InputFault

CA = "ab" * 32
# Made by mosquitto_passwd 2.0.11 of "a secret of 2.0".
OF_MOSQUITTO = (
    "$7$101$MvpryJ4MlRJwWwv9$xzRUgXxc6dAcOrr5X/5bYDOZCC+ArAVETidh0mMzXVEbLqn0xRQegiTHqJ69GBQ6Xr+DPd8oCo+vP8l1Q4nBbg=="
)


@pytest.mark.parametrize("ca", [None, CA])
@pytest.mark.parametrize(
    "url", ["mqtt://127.0.0.1:1883", "mqtts://[2001:db8::7]:8883", "mqtts://mqtt.example.org:8883"]
)
def test_connect_code_is_read_as_it_was_written(url, ca):
    code = ConnectCode("soc-trang", "st-014", brokersecret.new_secret(), url, ca)
    assert connectcode.parse(code.text) == code


def test_connect_code_has_the_form_that_the_protocol_shows():
    code = ConnectCode("soc-trang", "st-014", "secret", "mqtts://mqtt.example.org:8883", CA)
    assert code.text == f"mqtts://st-014:secret@mqtt.example.org:8883/lighttrap/v1/soc-trang/st-014?ca={CA}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "http://st-014:secret@h:1/lighttrap/v1/soc-trang/st-014",
        "mqtts://st-014:secret@h/lighttrap/v1/soc-trang/st-014",
        "mqtts://st-014@h:1/lighttrap/v1/soc-trang/st-014",
        "mqtts://st-015:secret@h:1/lighttrap/v1/soc-trang/st-014",
        "mqtts://st-014:secret@h:1/lighttrap/v2/soc-trang/st-014",
        "mqtts://st-014:secret@h:99999/lighttrap/v1/soc-trang/st-014",
    ],
)
def test_what_is_no_connect_code_is_refused_without_telling_its_secret(text):
    with pytest.raises(InputFault) as refusal:
        connectcode.parse(text)
    assert "secret" not in str(refusal.value).replace("broker, port or secret", "")


def test_secret_is_read_without_mistake_and_never_twice_the_same():
    made = {brokersecret.new_secret() for _ in range(200)}
    assert len(made) == 200
    assert set("".join(made)) == set(brokersecret.ALPHABET)
    assert not set("lo01") & set(brokersecret.ALPHABET)
    assert {len(secret) for secret in made} == {32}


def test_hash_is_the_one_that_mosquitto_makes():
    assert brokersecret.fits("a secret of 2.0", OF_MOSQUITTO)
    assert not brokersecret.fits("a secret of 2.1", OF_MOSQUITTO)
    assert brokersecret.hashed("x") != brokersecret.hashed("x")


@pytest.mark.parametrize("kept", ["", "x", "$7$a$b$c", "$6$101$AAAA$AAAA", "$7$101$A$AAAA", "$7$0$AAAA$AAAA"])
def test_what_is_no_hash_fits_nothing(kept):
    assert not brokersecret.fits("x", kept)


@pytest.mark.parametrize(
    "url",
    [
        "mqtt://u:p@h:1",
        "mqtt://u@h:1",
        "http://h",
        "mqtts://",
        "mqtts://h:0x1",
        "mqtts://h/path",
        "mqtts://h?x=1",
        "mqtts://h\n",
    ],
)
def test_public_address_with_more_than_host_and_port_is_refused(url):
    with pytest.raises(ValueError, match="url"):
        PublicBrokerSettings(url=url)


def test_public_address_gets_its_port_and_the_fingerprint_its_form():
    given = ":".join(["AB"] * 32)
    settings = PublicBrokerSettings(url="mqtts://mqtt.example.org", ca_sha256=given)
    assert (settings.url, settings.ca_sha256) == ("mqtts://mqtt.example.org:8883", CA)
