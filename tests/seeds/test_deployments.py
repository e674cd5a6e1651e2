"""The guides' deployments, as far as a machine without containers can go.

The files are read by the real tools that read them elsewhere (docker-compose, the schemas of
Compose and of Kubernetes), and what they would start is started: the server with the command line
and the environment that the tool gives it, on a real database and a real store.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.cli.session import Session
from tests.parts import need
from tests.parts.daemon import Daemon, answers, free_port
from tests.parts.milepost import COMMAND
from tests.parts.mlflow import MlflowClient
from tests.parts.postgres import Postgres
from tests.parts.s3 import S3
from tests.seeds import guides
from tests.seeds.evidence import log_something, runs_in, stored

COMPOSE = guides.block("setup, 3.1 Docker Compose Template: yaml")
SECRETS = guides.block("setup, 3.2 Environment Variables: bash")
VALUES = guides.block("setup, 4.1 Helm Values Template: yaml")
TRAINING = guides.block("setup, 5.1 Environment Variables: bash")
PROGRAM = guides.block("setup, 5.2 Python Configuration: python")
Aws = Callable[..., str]


def checked(program: str, *arguments: str, code: int = 0) -> None:
    """One of the tools that know the schemas says yes, or no with that exit code."""
    command = [str(need.environment("schemas") / program), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr


@pytest.fixture
def services(tmp_path: Path) -> dict[str, Any]:
    """The services of the guide's Compose file as docker-compose understands them."""
    file = tmp_path / "docker-compose.yml"
    file.write_text(COMPOSE)
    (tmp_path / ".env").write_text(SECRETS)
    checked("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(file))
    program = str(need.program("docker-compose", ["docker-compose"]))
    done = subprocess.run(
        [program, "config"], check=True, cwd=tmp_path, capture_output=True, text=True
    )
    found: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
    return found


@pytest.fixture
def places(address: str, s3: S3) -> Callable[[str], str]:
    """Puts this machine's names and secrets where a deployment has its own."""
    names = {
        "postgres:5432": address,
        "http://minio:9000": s3.endpoint,
        "http://minio.storage.svc.cluster.local:9000": s3.endpoint,
        "http://minio.internal:9000": s3.endpoint,
        "minioadmin123": s3.secret_key,
        "minioadmin": s3.access_key,
        "your-access-key": s3.access_key,
        "your-secret-key": s3.secret_key,
    }

    def put(text: str) -> str:
        for name, here in names.items():
            text = text.replace(name, here)
        return text

    return put


def test_the_compose_file(
    services: dict[str, Any], places: Callable[[str], str], postgres: Postgres, s3: S3, aws: Aws,
    mlflow_client_of: Callable[[str], MlflowClient], tmp_path: Path,
) -> None:  # fmt: skip
    """`docker-compose up -d`, `ps`, `logs -f`, `down`, and a training machine set up by the guide.

    `mc mb` of the file's minio-init makes the bucket; here the AWS command line does."""
    assert "mc mb myminio/mlflow-artefacts" in services["minio-init"]["entrypoint"]
    aws("mb", "s3://mlflow-artefacts")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words = shlex.split(places(services["mlflow"]["command"]).replace("5000", str(port)))
    assert words[:2] == ["mlflow", "server"]
    env = {name: places(value) for name, value in services["mlflow"]["environment"].items()}
    container = Daemon(
        [str(COMMAND), *words[1:]], tmp_path / "log", answers(f"{url}/health"),
        env={**env, "AWS_DEFAULT_REGION": "us-east-1"}, cwd=tmp_path,
    )  # fmt: skip
    container.start()
    assert "running" in Session(tmp_path).text(f"milepost status --url {url}")
    train(mlflow_client_of("3.17.2"), url, places, tmp_path)
    assert runs_in(postgres, "mlflow") == 1
    assert [file.rpartition("/")[2] for file in stored(s3, "mlflow-artefacts")] == ["notes.txt"]
    assert f"http://0.0.0.0:{port}" in container.tail()
    assert "artifacts  s3://mlflow-artefacts/ (clients go there themselves)" in container.tail()
    assert container.stop() == 0
    container.start()  # on the same volumes
    assert len(experiments(url)) == 1
    assert container.stop() == 0


def train(client: MlflowClient, url: str, places: Callable[[str], str], folder: Path) -> None:
    """The guide's exports and program on a training machine, which then logs past the server."""
    script = folder / "train.py"
    script.write_text(
        PROGRAM.replace("http://mlflow.internal:5000", url)
        + "with mlflow.start_run():\n    mlflow.log_text('hello', 'notes.txt')\n"
    )
    exports = guides.variables(places(TRAINING))
    assert exports.pop("MLFLOW_TRACKING_URI") == "http://mlflow.internal:5000"
    said = client.output(script, url, AWS_DEFAULT_REGION="us-east-1", **exports).splitlines()
    assert said[:2] == [url, "Experiment: Default"]


def experiments(url: str) -> list[Any]:
    found = httpx.get(f"{url}/api/2.0/mlflow/experiments/search?max_results=9", trust_env=False)
    listed: list[Any] = found.json()["experiments"]
    return listed


def manifests(values: dict[str, Any]) -> list[dict[str, Any]]:
    """What a chart makes of the guide's values, with the probes that the server has."""
    name, labels, port = "mlflow", {"app": "mlflow"}, values["service"]["port"]
    container = {
        "name": name,
        "image": "{repository}:{tag}".format(**values["image"]),
        "args": ["server", "--host", "0.0.0.0"],
        "ports": [{"containerPort": port}],
        "env": values["env"],
        "livenessProbe": {"httpGet": {"path": "/health", "port": port}},
        "readinessProbe": {"httpGet": {"path": "/health/ready", "port": port}},
    }
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    backend = {"service": {"name": name, "port": {"number": port}}}
    rules = [
        {"host": h["host"], "http": {"paths": [{**p, "backend": backend} for p in h["paths"]]}}
        for h in values["ingress"]["hosts"]
    ]
    specs: dict[str, tuple[str, Any]] = {
        "Deployment": ("apps/v1", {
            "replicas": values["replicaCount"], "selector": {"matchLabels": labels},
            "template": pods,
        }),
        "Service": ("v1", {
            "type": values["service"]["type"], "selector": labels, "ports": [{"port": port}],
        }),
        "Ingress": ("networking.k8s.io/v1", {"rules": rules}),
    }  # fmt: skip
    return [
        {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}
        for kind, (version, spec) in specs.items()
    ]


@pytest.fixture
def deployment(tmp_path: Path) -> dict[str, Any]:
    """The Deployment of the guide's values; Kubernetes' schemas take it and all the others."""
    made = manifests(yaml.safe_load(VALUES)["mlflow"])
    for manifest in made:
        file = tmp_path / f"{manifest['kind']}.yaml"
        file.write_text(yaml.safe_dump(manifest))
        checked("kubernetes-validate", "--strict", str(file))
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text((tmp_path / "Deployment.yaml").read_text().replace("containerPort", "port"))
    checked("kubernetes-validate", "--strict", str(wrong), code=1)
    spec: dict[str, Any] = made[0]["spec"]
    return spec


@pytest.fixture
def pods(
    deployment: dict[str, Any], places: Callable[[str], str], address: str, s3: S3, tmp_path: Path
) -> Iterator[list[tuple[str, Daemon]]]:
    """As many servers as the Deployment has replicas, each with its container's environment and
    ready by its probe: URL and process."""
    secrets = {
        "backend-store-uri": f"postgresql://mlflow:changeme@{address}/mlflow",
        "aws-access-key": s3.access_key,
        "aws-secret-key": s3.secret_key,
    }
    (container,) = deployment["template"]["spec"]["containers"]
    env = {
        one["name"]: places(one["value"]) if "value" in one
        else secrets[one["valueFrom"]["secretKeyRef"]["key"]]
        for one in container["env"]
    }  # fmt: skip
    probe = container["readinessProbe"]["httpGet"]["path"]
    started = []
    for number in range(deployment["replicas"]):
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        home = tmp_path / f"pod-{number}"
        home.mkdir()
        command = [str(COMMAND), *container["args"]]
        daemon = Daemon(
            command, home / "log", answers(f"{url}{probe}"), env={**env, "MLFLOW_PORT": str(port)},
            cwd=home,
        )  # fmt: skip
        daemon.start()
        started.append((url, daemon))
    yield started
    for _, daemon in started:
        assert daemon.stop() == 0


def test_the_values_of_a_chart(pods: list[tuple[str, Daemon]], postgres: Postgres) -> None:
    """`kubectl apply`, `get all`, `logs`: two replicas on one database, one of which goes."""
    (first, one), (second, two) = pods
    info = log_something(first)
    assert info["artifact_uri"].startswith("s3://mlflow-artefacts/0/")
    found = httpx.get(
        f"{second}/api/2.0/mlflow/runs/get", params={"run_id": info["run_id"]}, trust_env=False
    )
    assert found.json()["run"]["data"]["metrics"][0]["value"] == 1
    for url, daemon in pods:
        assert httpx.get(f"{url}/health", trust_env=False).text == "OK"
        assert url.rpartition(":")[2] in daemon.tail()
    assert one.stop() == 0
    log_something(second)
    assert two.process.poll() is None
    assert runs_in(postgres, "mlflow") == 2
