"""Rules and names of communes over HTTP: versions, the end of a rule, pages of names."""

from __future__ import annotations

from lighttrap import model
from lighttrap.model import Role
from lighttrap.store import audit, communes
from tests.builders import ORG
from tests.fix_api import a_token
from tests.outbreak import BPH, a_village, an_outbreak, store

PLACE = f"/v1/orgs/{ORG}/rules"


def test_ended_rule_is_out_of_force_in_its_history_and_its_alert_is_over(api, conn):
    village = a_village(conn, 1)
    for night in an_outbreak(village, sick=0)[:2]:
        store(conn, night)
    headers = a_token(conn, ORG, Role.AGRONOMIST)
    body = {"species": BPH, "watch": 300, "warning": 900, "alarm": 5000}
    second = api.client.post(PLACE, json=body, headers=headers).json()
    versions = api.client.get(f"{PLACE}/{second['rule_id']}/versions", headers=headers).json()
    assert [(one["version"], one["warning"], one["replaced_at"] is None) for one in versions] == [
        (2, 900, True), (1, 1000, False),
    ]  # fmt: skip
    first = versions[1]["rule_id"]
    assert api.client.delete(f"{PLACE}/{first}", headers=headers).status_code == 409
    assert api.client.delete(f"{PLACE}/{second['rule_id']}", headers=headers).status_code == 204
    assert api.client.delete(f"{PLACE}/{second['rule_id']}", headers=headers).status_code == 409
    assert api.client.get(PLACE, headers=headers).json() == []
    [alert] = api.client.get(f"/v1/orgs/{ORG}/alerts", headers=headers).json()["items"]
    assert alert["state"] == "cleared"
    [entry, *_] = audit.list_entries(conn, ORG, object_kind="rule")
    assert (entry.action, (entry.before or {})["warning"]) == ("end", 900)
    third = api.client.post(PLACE, json=body, headers=headers).json()
    assert third["version"] == 3
    again = api.client.get(f"{PLACE}/{first}/versions", headers=headers).json()
    assert [one["version"] for one in again] == [3, 2, 1]


def test_communes_are_paged_by_code(api, conn):
    for code, name in (("31318", "Phường Ninh Kiều"), ("31498", "Xã Kế Sách"), ("30280", "Xã Mỹ Hòa")):
        communes.put_commune(conn, model.Commune(code, name, "91" if code == "30280" else "92"))
    conn.commit()
    headers = a_token(conn, ORG, Role.VIEWER)
    first = api.client.get("/v1/communes", params={"limit": 2}, headers=headers).json()
    second = api.client.get("/v1/communes", params={"limit": 2, "after": first["next"]}, headers=headers).json()
    assert [one["commune_code"] for page in (first, second) for one in page["items"]] == ["30280", "31318", "31498"]
    some = api.client.get("/v1/communes", params={"province_code": "92"}, headers=headers).json()["items"]
    assert [one["name"] for one in some] == ["Phường Ninh Kiều", "Xã Kế Sách"]
