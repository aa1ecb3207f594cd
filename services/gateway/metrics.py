"""What the gateway counts."""

from typing import Final

from prometheus_client import Counter, Gauge

ANSWERS: Final = Counter("aerodrome_gateway_answers_total", "Answers to HTTP requests on /v1, by status.", ["status"])
CALLERS: Final = Counter("aerodrome_callers_total", "Looks for who asks: cached, asked or refused.", ["outcome"])
MALFORMED: Final = Counter("aerodrome_gateway_malformed_total", "Requests that were no valid HTTP.")
SOCKETS: Final = Gauge("aerodrome_gateway_sockets", "WebSockets that are open.")
SUBSCRIPTIONS: Final = Gauge("aerodrome_gateway_operations", "Operations under way on WebSockets.")
AIRFLOW_REQUESTS: Final = Gauge("aerodrome_gateway_airflow_requests", "Requests that are passed on to Airflows now.")
LOG_STREAMS: Final = Gauge("aerodrome_gateway_log_streams", "Viewers who are sent log lines as server-sent events.")
LOG_VIEWERS: Final = Gauge("aerodrome_gateway_log_viewers", "Subscriptions to log lines.")
LOG_TAILS: Final = Gauge("aerodrome_gateway_log_tails", "Deployments whose live log lines are read.")
LOG_GROUPS: Final = Gauge("aerodrome_gateway_log_groups", "Groups of subscriptions that share their frames.")
LOG_PERMITS: Final = Gauge("aerodrome_gateway_log_permits", "Callers of deployments who are asked for while they read.")
LOG_REPLAYS: Final = Counter("aerodrome_gateway_log_replays_total", "Reads of log lines of the past.")
LOG_DROPPED: Final = Counter("aerodrome_gateway_log_lines_dropped_total", "Lines that slow viewers were not shown.")
ENCODED: Final = Counter("aerodrome_gateway_encoded_total", "Events of subscriptions encoded for all who share them.")
