"""What Prometheus sees of a service's followers."""

from typing import Final

from prometheus_client import Gauge

from shared.followers.status import Status

POSITION: Final = Gauge("aerodrome_follower_position", "Position a follower has reached.", ["service", "follower"])
LAG: Final = Gauge("aerodrome_follower_lag_events", "Events a follower is behind.", ["service", "follower"])
PARKED: Final = Gauge(
    "aerodrome_parked_streams", "Streams that a follower could not apply; each needs a person.", ["service", "follower"]
)
OUTBOX: Final = Gauge("aerodrome_outbox_jobs", "Jobs that are not done.", ["service", "kind"])
DEAD: Final = Gauge("aerodrome_dead_letters", "Jobs that failed too often; each needs a person.", ["service", "kind"])


def show(service: str, status: Status) -> None:
    """Set the gauges of a service."""
    for follower in status.followers:
        POSITION.labels(service, follower.name).set(follower.position)
        LAG.labels(service, follower.name).set(follower.lag)
        PARKED.labels(service, follower.name).set(follower.parked)
    for outbox in status.outbox:
        OUTBOX.labels(service, outbox.kind).set(outbox.waiting)
        DEAD.labels(service, outbox.kind).set(outbox.dead)
