"""What this installation offers, told to anybody. Source: houston.md, section 5.2."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ariadne import QueryType

from services.gateway.context import Info

query: Final = QueryType()

BINDABLES: Final = [query]

_SWITCHES: Final = {
    "nfsMountDagDeployment": False,
    "manualNamespaceNames": False,
    "hardDeleteDeployment": True,
    "triggererEnabled": True,
}
"""They stand beside the flags too, for clients of before 0.28."""

_FLAGS: Final = {
    **_SWITCHES,
    "gitSyncDagDeployment": False,
    "namespaceFreeFormEntry": False,
    "byoUpdateRegistryEnabled": False,
    "astroRuntimeEnabled": True,
}


@query.field("appConfig")
def resolve_app_config(_: object, info: Info, **__: Any) -> Mapping[str, Any]:
    """Return what is offered; never fails, for clients ask before anything else."""
    platform = info.context.asking.platform
    return {
        "version": platform.version,
        "base_domain": platform.base_domain,
        "byo_update_registry_host": "",
        "smtp_configured": platform.smtp_configured,
        "manual_release_names": platform.manual_release_names,
        "configure_dag_deployment": platform.takes_dags,
        "nfs_mount_dag_deployment": _SWITCHES["nfsMountDagDeployment"],
        "manual_namespace_names": _SWITCHES["manualNamespaceNames"],
        "hard_delete_deployment": _SWITCHES["hardDeleteDeployment"],
        "triggerer_enabled": _SWITCHES["triggererEnabled"],
        # It alone is what the command line looks at before it sends DAG files.
        "feature_flags": {**_FLAGS, "dagOnlyDeployment": platform.takes_dags},
    }


@query.field("availableNamespaces")
async def resolve_namespaces(_: object, info: Info, **__: Any) -> Sequence[Mapping[str, str]]:
    """Return the namespaces that may be chosen, of which there are none, to whoever is signed in."""
    await info.context.signed_in_caller()
    return ()
