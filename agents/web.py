"""Serves `/metrics`, `/healthz` and `/readyz`: what an operator's machines ask.

Invariant: answers at once whatever the brokers do, says why it is not ready, and shows no case.
"""

from typing import Protocol

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from agents.health import Health
from schemas.settings import Address


class Asked(Protocol):
    """Who knows how the worker is."""

    def exposition(self) -> bytes:
        """All metrics, as they are now."""

    def refresh(self) -> None:
        """Bring readiness up to date."""


class WebServer:
    """The worker's HTTP server."""

    def __init__(self, address: Address, health: Health, asked: Asked) -> None:
        self._address, self._health, self._asked = address, health, asked
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; raises `OSError` if the address is taken."""
        application = web.Application()
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/healthz", self._alive)
        application.router.add_get("/readyz", self._ready)
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._address.host, self._address.port).start()

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        return web.Response(body=self._asked.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _alive(self, request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def _ready(self, request: web.Request) -> web.Response:
        self._asked.refresh()
        reasons = self._health.reasons
        if reasons:
            return web.Response(status=503, text="not ready:\n" + "".join(f"- {reason}\n" for reason in reasons))
        return web.Response(text="ready\n")
