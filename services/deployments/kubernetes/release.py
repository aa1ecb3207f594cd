"""A deployment as it shall be in a cluster: the values of its chart, its Secrets, and what shall be ready; pure."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlsplit

from services.deployments.contract import AirflowSecrets, JsonObject
from services.deployments.drivers.door_tokens import NEW_VARIABLES
from services.deployments.drivers.protocol import Specification
from services.deployments.kubernetes.names import ADMIN, BROKER, DIGEST, ENVIRONMENT, KEYS, OWNER, Json, Place
from services.deployments.kubernetes.values import check_offered, door_of, is_new, replicas_of, values_of, with_replicas
from services.deployments.runner.configuration import DatabaseAddress

PORT: Final = 8080
_OURS: Final = "AERODROME_"
_DIGEST_LETTERS: Final = 32
_LEAST_BLOTTED: Final = 6
"""A shorter value is no secret worth the name, and would blot out half of what is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What of a deployment shall be ready: so many pods of each component, made by the specification of `digest`."""

    place: Place
    digest: str
    replicas: Mapping[str, int]
    blotted: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """All of one deployment. `secrets` are the texts of each Secret."""

    expected: Expected
    values: JsonObject
    endpoint: str
    secrets: Mapping[str, Mapping[str, str]] = field(repr=False)

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.expected.place


def release_of(specification: Specification, installation: str, address: DatabaseAddress, options: str) -> Release:
    """Return what a specification becomes; `options` follow the database's name in its URL.

    Raises StepFailed for what this driver does not do. Whatever but the replicas changes, changes the digest, by which
    pods are made anew: a Secret that changes is read by new pods only.
    """
    check_offered(specification)
    place = Place(installation, specification.deployment_id, specification.release_name)
    secrets = _secrets(specification, address, options)
    values: Json = {**values_of(specification), "labels": {**place.labels}}
    digest = _digest(values, secrets, specification.secrets)
    replicas = replicas_of(specification)
    endpoint = f"http://{place.release}-{door_of(specification)}.{place.namespace}.svc:{PORT}"
    return Release(
        expected=Expected(place=place, digest=digest, replicas=replicas, blotted=_blotted(specification)),
        values=with_replicas({**values, "airflowPodAnnotations": {DIGEST: digest}}, replicas),
        endpoint=endpoint,
        secrets=secrets,
    )


def namespace_object(place: Place) -> Json:
    """Return a deployment's namespace as it is written."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": place.namespace, "labels": {**place.labels}},
    }


def secret_object(place: Place, name: str, texts: Mapping[str, str]) -> Json:
    """Return a Secret as it is written; what it held under other keys is gone."""
    data: Json = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": _metadata(place, name), "type": "Opaque", "data": data}


def note_object(place: Place, *, values: JsonObject, done: str) -> Json:
    """Return the ConfigMap in which we note the values that helm was given, and what was done with them."""
    data: Json = {"values": json.dumps(values), "done": done}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(place, OWNER), "data": data}


def _metadata(place: Place, name: str) -> Json:
    return {"name": name, "namespace": place.namespace, "labels": {**place.labels}}


def _secrets(specification: Specification, address: DatabaseAddress, options: str) -> dict[str, dict[str, str]]:
    secrets = specification.secrets
    broker = _derived(secrets.database_password, "broker")
    login = f"{quote(address.role, safe='')}:{quote(secrets.database_password, safe='')}"
    where = f"{address.host}:{address.port}/{address.name}"
    return {
        KEYS: {
            "connection": f"postgresql://{login}@{where}{options}",
            "fernet-key": secrets.fernet_key,
            "webserver-secret-key": secrets.web_secret,
            "api-secret-key": secrets.web_secret,
            "jwt-secret": secrets.jwt_secret,
        },
        BROKER: {
            "password": broker,
            "connection": f"redis://:{broker}@{specification.release_name}-redis:6379/0",
        },
        ADMIN: {"password": secrets.admin_password},
        ENVIRONMENT: {**_own(specification), **_of_the_door(specification)},
    }


def _of_the_door(specification: Specification) -> dict[str, str]:
    return {
        **(NEW_VARIABLES if is_new(specification) else {}),
        "AIRFLOW__API_AUTH__JWT_SECRET": specification.secrets.jwt_secret,  # by this name a 2.x reads it too
    }


def _own(specification: Specification) -> dict[str, str]:
    return {key: value for key, value in specification.env.items() if not key.startswith(_OURS)}


def options_of(database_url: str) -> str:
    """Return what follows the database's name in a URL, such as ?sslmode=require."""
    query = urlsplit(database_url).query
    return f"?{query}" if query else ""


def _derived(secret: str, purpose: str) -> str:
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def _digest(values: JsonObject, secrets: Mapping[str, Mapping[str, str]], key: AirflowSecrets) -> str:
    """Return a digest that nobody can try guesses of secrets against, as it takes one that nobody guesses."""
    text = json.dumps([values, secrets], sort_keys=True)
    return _derived(key.fernet_key, text)[:_DIGEST_LETTERS]


def _blotted(specification: Specification) -> tuple[str, ...]:
    secrets = specification.secrets
    own = (value for value in specification.env.values() if len(value) >= _LEAST_BLOTTED)
    return (*secrets.all(), _derived(secrets.database_password, "broker"), *own)
