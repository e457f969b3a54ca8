#!/usr/bin/env python3
"""What deploy/ has for several nodes: Kubernetes' own schemas take it, and its parts fit each other and the server."""
import copy
import pathlib
import re
import subprocess
import tempfile
import tomllib

import kubernetes_validate
import os
import yaml

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"
BINARY = os.environ["STEPGATE_BINARY"]

manifests = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
versions = [kubernetes_validate.latest_version(), "1.28"]
for version in versions:
    for manifest in manifests:
        kubernetes_validate.validate(manifest, version, strict=True)
# A mistake is found.
wrong = copy.deepcopy(manifests)
deployment = next(it for it in wrong if it["kind"] == "Deployment")
deployment["spec"]["template"]["spec"]["containers"][0]["livenessProb"] = {}
try:
    kubernetes_validate.validate(deployment, versions[0], strict=True)
    raise SystemExit("the schemas take anything")
except kubernetes_validate.ValidationError:
    pass

of = {it["kind"]: it for it in manifests}
assert set(of) == {"ConfigMap", "Deployment", "Service", "PodDisruptionBudget"}, set(of)
pod = of["Deployment"]["spec"]["template"]
labels, [container] = pod["metadata"]["labels"], pod["spec"]["containers"]
for selector in (
    of["Deployment"]["spec"]["selector"]["matchLabels"],
    of["Service"]["spec"]["selector"],
    of["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
):
    assert selector.items() <= labels.items(), selector
ports = {port["name"] for port in container["ports"]}
probes = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
assert {probe["port"] for probe in probes.values()} <= ports
assert probes["readiness"]["path"] == "/_stepgate/ready" and probes["liveness"]["path"] == "/_stepgate/live"
mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
assert set(mounts) == {volume["name"] for volume in pod["spec"]["volumes"]}


def paths(settings):
    return [settings["store"]["password_file"], settings["secrets"]["key_file"]]


settings = of["ConfigMap"]["data"]["stepgate.toml"]
assert all(path.startswith(mounts["secrets"] + "/") for path in paths(tomllib.loads(settings)))

compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
nodes = {name: it for name, it in compose["services"].items() if name.startswith("node-")}
assert len(nodes) == 3
balancer = (DEPLOY / "haproxy.cfg").read_text()
assert set(re.findall(r"server (\S+) \1:4566", balancer)) == set(nodes)
assert "/_stepgate/ready" in balancer
of_nodes = (DEPLOY / "fleet.toml").read_text()
assert {pathlib.PurePath(path).name for path in paths(tomllib.loads(of_nodes))} == set(compose["secrets"])
for node in nodes.values():
    assert set(node["secrets"]) == set(compose["secrets"])

# The server takes these settings: what it can't do here is to read the files that they name.
for text in (settings, of_nodes):
    with tempfile.TemporaryDirectory() as place:
        config = pathlib.Path(place, "stepgate.toml")
        config.write_text(text)
        command = [BINARY, "serve", "--config", config, "--data-dir", f"{place}/data", "--listen", "127.0.0.1:0"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert said.returncode != 0 and re.search(r"/run/secrets/\S+", said.stderr), said

print(f"{len(manifests)} manifests of Kubernetes {' and '.join(versions)}, {len(nodes)} nodes of the compose file")
