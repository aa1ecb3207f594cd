"""Logs, traces and metrics of a process."""

from contextvars import ContextVar

correlation: ContextVar[str] = ContextVar("correlation", default="")
causation: ContextVar[str] = ContextVar("causation", default="")


def current_traceparent() -> str:
    """Return the W3C traceparent of the running span, "" outside of one."""
    return ""
