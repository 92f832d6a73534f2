"""Counts and times requests for Prometheus, and writes one line of log for each: method, route, status, time."""

import logging
import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from facedancer_tf.serving.errors import GONE
from facedancer_tf.serving.log import REQUESTS

SECONDS = (0.005, 0.02, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)
JOB_STATES = ("waiting", "running", "done", "failed", "cancelled")
logger = logging.getLogger(REQUESTS)


class Metrics:
    """The numbers of one server; `queue_length` and `jobs` (by state) are set by those who know them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "facedancer_requests", "Requests", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "facedancer_request_seconds",
            "Seconds from the head of a request to the end of its answer",
            ["method", "route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.queue_length = Gauge(
            "facedancer_waiting_pictures", "Requests that wait for the networks", registry=self.registry
        )
        self.jobs = Gauge("facedancer_jobs", "Films by state", ["state"], registry=self.registry)
        for state in JOB_STATES:
            self.jobs.labels(state)

    def as_text(self) -> bytes:
        return generate_latest(self.registry)


class Measuring:
    """ASGI middleware that measures every request by its route's template, so that no name or id is kept."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_watched)
        finally:
            seconds = time.perf_counter() - started
            method = scope["method"] if scope["method"] in ("GET", "POST", "DELETE", "HEAD") else "other"
            route = getattr(scope.get("route"), "path", "other")
            self.metrics.requests.labels(method, route, str(status)).inc()
            if status != GONE:
                self.metrics.seconds.labels(method, route).observe(seconds)
            logger.info("%s %s %d %.0f ms", method, route, status, seconds * 1000)
