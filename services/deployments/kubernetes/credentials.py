"""Where the credentials of a cluster are: where kubectl and helm look for them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

_SERVICE_HOST: Final = "KUBERNETES_SERVICE_HOST"
_SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


def kubeconfig_of(outside: Mapping[str, str]) -> str | None:
    """Return the file of credentials that kubectl and helm would take; None: those of the pod we are in."""
    if named := outside.get("KUBECONFIG"):
        return named
    default = Path(outside.get("HOME", "~")).expanduser() / ".kube" / "config"
    return str(default) if default.exists() else None


def has_credentials(outside: Mapping[str, str]) -> bool:
    """Say whether there are credentials of any cluster."""
    named = kubeconfig_of(outside)
    if named is None:
        return bool(outside.get(_SERVICE_HOST)) and _SERVICE_ACCOUNT.exists()
    return any(Path(each).exists() for each in named.split(":"))
