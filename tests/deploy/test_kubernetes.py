"""deploy/kubernetes is what Kubernetes takes, and keeps what docker-compose.yml promises."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from lighttrap.config import ProgramSettings
from lighttrap.notify.channels.settings import ChannelSettings
from lighttrap.site.secrets import SECRETS
from scripts import configuration
from tests import compose, kubernetes
from tests.fix_site import Site

PODS = kubernetes.pods()
BUILT_IN = [(file, one) for file, one in kubernetes.resources() if not one["apiVersion"].startswith("postgresql.cnpg.")]
ALL = [(pod, one) for pod, template in PODS.items() for one in kubernetes.containers(template)]
OURS = [(pod, one) for pod, one in ALL if one["image"].startswith("lighttrap:")]
GUIDE = (kubernetes.FOLDER.parents[1] / "docs/kubernetes.md").read_text(encoding="utf-8")
each_pod = pytest.mark.parametrize("pod", sorted(PODS))
each = pytest.mark.parametrize(("pod", "container"), ALL, ids=[f"{pod}-{one['name']}" for pod, one in ALL])
each_of_ours = pytest.mark.parametrize(("pod", "container"), OURS, ids=[f"{pod}-{one['name']}" for pod, one in OURS])


@pytest.mark.parametrize("version", ["1.32.0", "1.37.0"])
@pytest.mark.parametrize(
    ("file", "resource"), BUILT_IN, ids=[f"{one['kind']}-{one['metadata']['name']}" for _, one in BUILT_IN]
)
def test_fits_the_schema_without_an_unknown_word(file: str, resource: kubernetes.Resource, version: str):
    kubernetes_validate.validate(resource, version, strict=True)


def test_every_file_is_applied_or_an_option():
    text = (kubernetes.FOLDER / "kustomization.yaml").read_text(encoding="utf-8")
    named = set(yaml.safe_load(text)["resources"]) | set(re.findall(r"(?m)^#  - (\S+)$", text))
    assert named == {file.name for file in kubernetes.FOLDER.glob("*.yaml")} - {"kustomization.yaml"}


def test_all_is_in_the_namespace_that_refuses_more():
    [namespace] = kubernetes.of_kind("Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    others = [one for _, one in kubernetes.resources() if one["kind"] != "Namespace"]
    assert {one["metadata"]["namespace"] for one in others} == {namespace["metadata"]["name"]}


@each_pod
def test_pod_is_restricted(pod: str):
    spec = PODS[pod]["spec"]
    context = spec["securityContext"]
    assert context["runAsNonRoot"] is True
    assert min(context[name] for name in ("runAsUser", "runAsGroup", "fsGroup")) > 0
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    # Else a Service of the name lighttrap-api would be a setting of ours.
    assert spec["enableServiceLinks"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert [one for one in spec["volumes"] if "hostPath" in one] == []


@each
def test_container_is_restricted_and_limited(pod: str, container: kubernetes.Resource):
    context = container["securityContext"]
    assert context == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
    }  # fmt: skip
    assert {"cpu", "memory"} <= set(container["resources"]["requests"])
    assert "memory" in container["resources"]["limits"]


@each
def test_image_is_the_one_that_compose_pins(pod: str, container: kubernetes.Resource):
    pinned = {compose.VARIABLE.sub(lambda found: found[3], one["image"]) for one in compose.services().values()}
    assert container["image"] in pinned


def test_image_is_renamed_for_the_registry_in_its_own_version():
    [image] = yaml.safe_load((kubernetes.FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))["images"]
    assert {one["image"] for _, one in OURS} == {f"{image['name']}:{image['newTag']}"}


def test_database_in_the_cluster_is_of_the_major_that_our_image_dumps():
    [cluster] = kubernetes.of_kind("Cluster")
    tag = re.fullmatch(r"\S+/postgresql:(\d+)\.\d+-\S+@sha256:[0-9a-f]{64}", cluster["spec"]["imageName"])
    assert tag
    dockerfile = (kubernetes.FOLDER.parent / "Dockerfile").read_text(encoding="utf-8")
    assert f"postgresql-client-{tag[1]} " in dockerfile


def test_roles_in_the_cluster_may_what_they_may_elsewhere():
    [cluster] = kubernetes.of_kind("Cluster")
    here = cluster["spec"]["bootstrap"]["initdb"]["postInitApplicationSQL"]
    there = (kubernetes.FOLDER.parent / "postgres/roles.sql").read_text(encoding="utf-8")
    rights = re.findall(r"(?m)^((?:GRANT|REVOKE|ALTER ROLE \w+ SET) .*?);", there)
    assert len(rights) > 6
    assert {one for one in here if not one.startswith("CREATE ROLE")} == set(rights)


@each_of_ours
def test_every_setting_is_one_of_ours(pod: str, container: kubernetes.Resource):
    known = {setting.variable for setting in configuration.settings()} | {"LIGHTTRAP_SECRETS", "LIGHTTRAP_DOMAIN"}
    assert set(kubernetes.environment(container)) - known == set()


SAME = {"api-readers": "api"}


@each_of_ours
def test_has_the_settings_that_it_has_under_compose(pod: str, container: kubernetes.Resource):
    name: str = container["name"]
    if name == "backup":  # under compose it is a command of the service for all commands
        there = compose.services()["tools"]["environment"]
        assert set(kubernetes.environment(container)) == {key for key in there if re.search("DATABASE|BACKUP", key)}
        return
    there = compose.services()[SAME.get(name, name)]["environment"]
    assert set(kubernetes.environment(container)) - {"LIGHTTRAP_DOMAIN"} == set(there)
    words = container["args"]
    assert words == compose.services()[SAME.get(name, name)]["command"]


@each
def test_no_secret_stands_in_the_files(pod: str, container: kubernetes.Resource):
    named = kubernetes.environment(container)
    secret = {key for key in named if re.search("PASSWORD|SECRET|TOKEN|KEY", key)}
    assert {key for key in secret if not str(named[key]).startswith("/")} == set()
    assert [value for value in named.values() if re.search(r"://[^/]*:[^/@]*@", str(value))] == []
    assert kubernetes.of_kind("Secret") == []


@each
def test_what_is_mounted_is_a_volume_of_the_pod(pod: str, container: kubernetes.Resource):
    spec = PODS[pod]["spec"]
    volumes = {one["name"] for one in spec["volumes"]}
    if pod == "mosquitto":
        volumes.add("queue")
    assert {one["name"] for one in container["volumeMounts"]} <= volumes


@each
def test_file_that_a_setting_names_is_mounted(pod: str, container: kubernetes.Resource):
    places = [one["mountPath"] for one in container["volumeMounts"]]
    paths = [value for value in kubernetes.environment(container).values() if value and value.startswith("/")]
    assert [path for path in paths if not any(path == place or path.startswith(f"{place}/") for place in places)] == []


def _referred(kind: str, key: str) -> set[str]:
    return {one[kind][key] for template in PODS.values() for one in template["spec"]["volumes"] if kind in one}


def test_guide_says_how_each_secret_and_configuration_is_made():
    named = (
        _referred("secret", "secretName") | _referred("configMap", "name") | {"lighttrap-site", "lighttrap-settings"}
    )
    made = set(re.findall(r"create (?:secret generic|configmap) (\S+)", GUIDE))
    made |= {f"lighttrap-db-{role}" for role in re.findall(r"(\w+)=lighttrap\w*", GUIDE)}
    assert named - made == set()


def test_guide_takes_secrets_that_init_makes():
    taken = set(re.findall(r"secrets/((?:db|broker)_\w+)", GUIDE))
    taken |= {f"db_{role}" for role in re.findall(r"(\w+)=lighttrap\w*", GUIDE)}
    assert len(taken) > 6
    assert taken <= {one.name for one in SECRETS}


def test_variables_taken_from_the_site_are_written_by_init(site: Site):
    written = compose.dotenv(site.folder / ".env")
    refs = [one["valueFrom"]["configMapKeyRef"] for _, box in ALL for one in box.get("env", []) if "valueFrom" in one]
    assert {one["name"] for one in refs} == {"lighttrap-site"}
    assert [one["key"] for one in refs if not written.get(one["key"])] == []


def test_standby_counts_as_available_and_is_not_killed():
    [ingest] = PODS["ingest"]["spec"]["containers"]
    assert {ingest[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")} == {"/healthz"}


@pytest.mark.parametrize("name", ["api", "api-readers"])
def test_api_gets_no_request_before_its_database_answers_and_is_not_killed_for_it(name: str):
    [api] = PODS[name]["spec"]["containers"]
    assert api["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert api["livenessProbe"]["httpGet"]["path"] == "/healthz"


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_what_runs_for_long_is_probed(kind: str):
    for one in kubernetes.of_kind(kind):
        for container in one["spec"]["template"]["spec"]["containers"]:
            assert "livenessProbe" in container, container["name"]


def _matches(labels: dict[str, str], selector: dict[str, Any]) -> bool:
    wanted = selector.get("matchLabels", {})
    listed = selector.get("matchExpressions", [])
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        labels.get(one["key"]) in one["values"] for one in listed
    )


def test_services_budgets_and_scalers_find_their_pods():
    selectors = [one["spec"]["selector"] for one in kubernetes.of_kind("Service")]
    selectors += [one["spec"]["selector"]["matchLabels"] for one in kubernetes.of_kind("PodDisruptionBudget")]
    for wanted in selectors:
        found = [pod for pod, one in PODS.items() if _matches(one["metadata"]["labels"], {"matchLabels": wanted})]
        assert len(found) == 1, wanted
    scaled = {one["spec"]["scaleTargetRef"]["name"] for one in kubernetes.of_kind("HorizontalPodAutoscaler")}
    assert scaled == {"api"}


def test_ingress_leads_where_caddy_leads():
    caddyfile = (kubernetes.FOLDER.parent / "caddy/Caddyfile").read_text(encoding="utf-8")
    [paths] = re.findall(r"@api path (.+)", caddyfile)
    [ingress] = [one for one in kubernetes.of_kind("Ingress") if one["metadata"]["name"] == "lighttrap"]
    rules = {one["path"]: one for one in ingress["spec"]["rules"][0]["http"]["paths"]}
    to_api = {
        f"{path}/*" if one["pathType"] == "Prefix" else path
        for path, one in rules.items() if one["backend"]["service"]["name"] == "api"
    }  # fmt: skip
    assert to_api - {"/_stcore/metrics/*"} == set(paths.split())
    assert rules["/"]["backend"]["service"]["name"] == "dashboard"


def test_dashboard_keeps_its_people_on_one_pod():
    [service] = [one for one in kubernetes.of_kind("Service") if one["metadata"]["name"] == "dashboard"]
    assert service["spec"]["sessionAffinity"] == "ClientIP"
    assert service["metadata"]["annotations"]["traefik.ingress.kubernetes.io/service.sticky.cookie"] == "true"


def test_nobody_talks_unless_a_policy_says_so():
    policies = {one["metadata"]["name"]: one["spec"] for one in kubernetes.of_kind("NetworkPolicy")}
    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for pod, template in PODS.items():
        for container in kubernetes.containers(template):
            to_broker = "LIGHTTRAP_BROKER__URL" in kubernetes.environment(container)
            to_database = "LIGHTTRAP_DATABASE__DSN" in kubernetes.environment(container)
            labels = template["metadata"]["labels"]
            assert not to_broker or labels.get("lighttrap/broker") == "yes", pod
            assert not to_database or labels.get("lighttrap/database") == "yes", pod
    assert not {"lighttrap/broker", "lighttrap/database"} & set(PODS["dashboard"]["metadata"]["labels"])


def test_secrets_are_read_as_the_kubelet_mounts_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each file is a link to a link, beside hidden folders of another generation."""
    name, now = "LIGHTTRAP_NOTIFY__EMAIL__PASSWORD", tmp_path / "..2026_11_25_02_00_00.1"
    now.mkdir()
    (now / name).write_text("of a test\n", encoding="utf-8")
    (tmp_path / "..data").symlink_to(now.name)
    (tmp_path / name).symlink_to(f"..data/{name}")
    monkeypatch.setenv("LIGHTTRAP_SECRETS", str(tmp_path))
    for setting, value in {"HOST": "mail.example.org", "SENDER": "traps@example.org", "USER": "traps"}.items():
        monkeypatch.setenv(f"LIGHTTRAP_NOTIFY__EMAIL__{setting}", value)

    class Reads(ProgramSettings):
        notify: ChannelSettings

    password = Reads().notify.email.password
    assert password is not None
    assert password.get_secret_value() == "of a test"
