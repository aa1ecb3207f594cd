"""The health door of a process: `/healthz`, `/readyz` and `/metrics`."""

from collections.abc import Callable, Mapping

Checks = Mapping[str, Callable[[], bool]]
"""What readiness asks: each part by name, True when it is there."""


class Health:
    """A small HTTP server beside the process's own work."""

    port: int

    @classmethod
    async def start(cls, *, host: str, port: int, checks: Checks) -> "Health":
        """Return the listening server; port 0 takes a free one."""
        raise NotImplementedError

    def leaving(self) -> None:
        """Answer 503 on /readyz from now on."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Close the door."""
        raise NotImplementedError
