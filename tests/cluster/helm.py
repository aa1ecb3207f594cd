"""A helm for tests: notes how it is called, and does with the API server what helm and the controllers would do.

Files beside the kubeconfig tell it what to do: `helm.fails` holds its last words, `helm.hangs` has it wait within its
work, as one that is killed, with `helm.idle` it uninstalls nothing. It refuses what the real one refuses: a release
that is locked, a job that is there.
"""

import json
import os
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

CONFIG: Final = Path(os.environ["KUBECONFIG"])
VALUE_OF: Final = {
    "scheduler": "scheduler",
    "api-server": "apiServer",
    "webserver": "webserver",
    "dag-processor": "dagProcessor",
    "triggerer": "triggerer",
    "worker": "workers",
}


def ask(method: str, path: str, body: object = None) -> Any:
    config = json.loads(CONFIG.read_text())
    server, token = config["clusters"][0]["cluster"]["server"], config["users"][0]["user"]["token"]
    request = urllib.request.Request(server + path, method=method, data=json.dumps(body).encode() if body else None)
    request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def told(text: str) -> None:
    print(f"Error: {text}", flush=True)
    sys.exit(1)


def records(namespace: str, release: str) -> list[dict[str, Any]]:
    found = ask("GET", f"/api/v1/namespaces/{namespace}/secrets?labelSelector=owner%3Dhelm%2Cname%3D{release}")
    items: list[dict[str, Any]] = found["items"]
    return items


def record(namespace: str, release: str, status: str) -> None:
    number = len(records(namespace, release)) + 1
    labels = {"owner": "helm", "name": release, "status": status, "version": str(number)}
    metadata = {"name": f"sh.helm.release.v1.{release}.v{number}", "labels": labels}
    ask("POST", f"/api/v1/namespaces/{namespace}/secrets", {"metadata": metadata, "type": "helm.sh/release.v1"})


def wanted(release: str, values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the pods that the chart's controllers would make."""
    counts = {name: values.get(key, {}).get("replicas", 0) for name, key in VALUE_OF.items()}
    counts["redis"] = 1 if values["redis"].get("enabled") else 0
    counts["triggerer"] *= values["triggerer"].get("enabled", True)
    counts["worker"] *= values["executor"] == "CeleryExecutor"
    counts["run-airflow-migrations"] = 1 if values["migrateDatabaseJob"]["enabled"] else 0
    digest = values["airflowPodAnnotations"]["aerodrome/digest"]
    return {
        f"{release}-{name}-{number}-{digest[:8]}": {
            "metadata": {
                "name": f"{release}-{name}-{number}-{digest[:8]}",
                "labels": {"tier": "airflow", "component": name, "release": release, **values["labels"]},
                "annotations": {"aerodrome/digest": digest},
            },
            "spec": {"terminationGracePeriodSeconds": 0},
        }
        for name, count in counts.items()
        for number in range(count)
    }


def upgrade(namespace: str, release: str, values: dict[str, Any]) -> None:
    if any(each["metadata"]["labels"]["status"].startswith("pending-") for each in records(namespace, release)):
        told("another operation (install/upgrade/rollback) is in progress")
    if (CONFIG.parent / "helm.hangs").exists():
        record(namespace, release, "pending-upgrade")
        (CONFIG.parent / "helm.hung").touch()
        signal.pause()
    job = {"metadata": {"name": f"{release}-run-airflow-migrations", "labels": {"tier": "airflow", "release": release}}}
    if values["migrateDatabaseJob"]["enabled"]:
        try:
            ask("POST", f"/apis/batch/v1/namespaces/{namespace}/jobs", job)
        except urllib.error.HTTPError:
            told("cannot patch the job: field is immutable")
    pods, path = wanted(release, values), f"/api/v1/namespaces/{namespace}/pods"
    present = {each["metadata"]["name"] for each in ask("GET", path)["items"]}
    for name in sorted(present - set(pods)):
        ask("DELETE", f"{path}/{name}")
    for name in sorted(set(pods) - present):
        ask("POST", path, pods[name])
    record(namespace, release, "deployed")


def uninstall(namespace: str, release: str) -> None:
    found = records(namespace, release)
    if not found:
        told(f"uninstall: Release not loaded: {release}: release: not found")
    if (CONFIG.parent / "helm.idle").exists():
        return
    for kind in ("api/v1", "apis/batch/v1"):
        path = f"/{kind}/namespaces/{namespace}/{'pods' if kind == 'api/v1' else 'jobs'}"
        for each in ask("GET", path)["items"]:
            ask("DELETE", f"{path}/{each['metadata']['name']}")
    for each in found:
        ask("DELETE", f"/api/v1/namespaces/{namespace}/secrets/{each['metadata']['name']}")


def main() -> None:
    words = sys.argv[1:]
    values: dict[str, Any] = {}
    if "--values" in words:
        values = json.loads(Path(words[words.index("--values") + 1]).read_text())
    with (CONFIG.parent / "helm.calls").open("a") as calls:
        calls.write(json.dumps({"words": words, "values": values, "environment": dict(os.environ)}) + "\n")
    if (CONFIG.parent / "helm.fails").exists():
        told((CONFIG.parent / "helm.fails").read_text())
    namespace = words[words.index("--namespace") + 1]
    if words[0] == "upgrade":
        upgrade(namespace, words[2], values)
    else:
        uninstall(namespace, words[1])


if __name__ == "__main__":
    main()
