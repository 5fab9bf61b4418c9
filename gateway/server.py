"""How uvicorn runs the application: its limits, the proxies it trusts, and a log without query strings."""

from __future__ import annotations

import copy
import gc
import logging
import sys
from collections import Counter
from functools import partial
from typing import Any

from starlette.applications import Starlette
from uvicorn.config import LOGGING_CONFIG

from gateway.app import create_app, utc_now
from gateway.arriving_requests import BoundedRequestsProtocol, Pace
from gateway.entrance import Clock
from gateway.settings import Settings
from gateway.websocket_frames import BoundedFramesProtocol


def application(settings: Settings | None = None, clock: Clock = utc_now) -> Starlette:
    """Build the application for a process that does nothing else.

    What was built until now stays, and the garbage collector need not look at it again and again. Large
    answers make thousands of objects without a cycle among them: looking less often saves a twentieth.
    """
    app = create_app(settings, clock)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    # Threads prepare long documents and describe the schema: requests do not wait for them any longer.
    sys.setswitchinterval(0.0001)
    return app


def server_options(settings: Settings) -> dict[str, Any]:
    """Return the options of `uvicorn.run`.

    A worker that is told to stop finishes what it was asked, within 20 seconds.
    """
    protocol = partial(
        BoundedRequestsProtocol,
        request_timeout=settings.request_timeout,
        max_sockets=settings.max_connections_per_address,
        sockets=Counter[str](),
        pace=Pace(settings.max_requests_per_second),
        proxies=tuple(settings.trusted_proxies),
    )
    return {
        # A worker that loads the program on a busy machine answers nobody meanwhile: uvicorn would kill it
        # after five seconds, and start it again and again. One that ended is seen at once all the same.
        "timeout_worker_healthcheck": 60,
        "host": settings.host,
        "port": settings.port,
        "http": protocol,
        "ws": partial(BoundedFramesProtocol, read_timeout=settings.request_timeout),
        "forwarded_allow_ips": [str(one) for one in settings.trusted_proxies],
        "log_level": "info",
        "log_config": log_config(),
        "timeout_graceful_shutdown": 20,
        "server_header": False,
        # Messages are small, and a compressor for each connection would be most of its memory.
        "ws_per_message_deflate": False,
        "ws_max_size": settings.max_body,
    }


class WithoutQueryStrings(logging.Filter):
    """Cuts addresses off at the question mark: tokens and ids of children belong in no log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change a record; none is held back."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                one.partition("?")[0] if isinstance(one, str) and one.startswith("/") else one
                for one in record.args
            )
        return True


def log_config() -> dict[str, Any]:
    """Return the configuration of uvicorn's log."""
    config = copy.deepcopy(LOGGING_CONFIG)
    config["filters"] = {"addresses": {"()": WithoutQueryStrings}}
    for handler in config["handlers"].values():
        handler["filters"] = ["addresses"]
    return config
