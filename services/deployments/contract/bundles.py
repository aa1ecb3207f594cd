"""Where bundles of DAG files lie on their way from the gateway to the deployments service."""

from typing import Final

BUNDLES: Final = "bundles"
"""The object store of JetStream; made by the deployments service."""

BUNDLES_STREAM: Final = "OBJ_bundles"
"""The stream behind it, alone in the account of its name."""

MOST_BUNDLE: Final = 64 * 1024 * 1024
"""Bytes of a bundle as it is sent."""

KEPT_BUNDLES: Final = 20
"""How many of a deployment's bundles are kept."""
