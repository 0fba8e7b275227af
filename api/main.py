"""The app: its life, its layers, its routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.routing import APIRoute

from api import database, openapi, problems
from api.again import Again
from api.config import ApiSettings
from api.edge import Edge, Metrics
from api.exports.stream import Slots
from api.farmer import pages, signups
from api.farmer.limits import PageLimits
from api.limiter import Limiter
from api.live import Live
from api.oidc import Provider
from api.routes import (
    addresses,
    admin,
    alerts,
    approvals,
    catches,
    communes,
    consents,
    corrections,
    credentials,
    deliveries,
    exports,
    fields,
    health,
    live,
    losses,
    me,
    oidc,
    org_settings,
    orgs,
    overview,
    people,
    quarantine,
    readings,
    recipients,
    rules,
    sessions,
    signup_codes,
    species,
    subscriptions,
    traps,
    trends,
    visits,
)
from api.signin import routes as signin
from api.stopping import when_told_to_stop

# Each request tries them one after another: what dashboards ask for all the time stands first.
_ROUTES = (
    trends,
    fields,
    alerts,
    overview,
    traps,
    catches,
    live,
    me,
    oidc,
    sessions,
    orgs,
    org_settings,
    species,
    communes,
    signup_codes,
    credentials,
    visits,
    corrections,
    exports,
    readings,
    losses,
    quarantine,
    rules,
    approvals,
    people,
    admin,
    recipients,
    addresses,
    consents,
    subscriptions,
    deliveries,
)


def create_app(settings: ApiSettings) -> FastAPI:
    """The API. Its pool of connections is open while the app runs; the database may come later than the app."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        # Routes run in threads; more of them than connections would only wait inside.
        to_thread.current_default_thread_limiter().total_tokens = 2 * settings.api.connections + 4
        pool = database.make_pool(settings.database.address(), settings.api.connections)
        app.state.pool = pool
        pool.open()
        app.state.live = Live(settings.database.address(), settings.api.live_streams, app.state.metrics.streams)
        app.state.live.start()
        when_told_to_stop(app.state.live.end_streams)
        app.state.rechecks = CapacityLimiter(1)
        try:
            yield
        finally:
            app.state.live.end_streams()
            await to_thread.run_sync(app.state.live.stop)
            await to_thread.run_sync(pool.close)

    app = FastAPI(
        title="lighttrap",
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.metrics = Metrics()
    app.state.exports = Slots(settings.api.exports)
    app.state.oidc = Provider(settings.oidc) if settings.oidc.issuer else None
    app.state.limiter = Limiter(settings.api.requests_per_caller, settings.api.requests_per_address)
    app.state.page_limits = PageLimits(settings.api.pages_per_token, settings.api.pages_per_address)
    if origins := settings.api.origins():
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            # Pages of other origins send tokens. Without credentials no cookie of ours goes with what they ask.
            allow_credentials=False,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "If-None-Match", "X-Request-Id"],
            expose_headers=[
                "Content-Disposition",
                "ETag",
                "X-Request-Id",
                "Retry-After",
                "RateLimit",
                "RateLimit-Policy",
            ],
        )
    app.add_middleware(Again)
    app.add_middleware(
        Edge, metrics=app.state.metrics, limiter=app.state.limiter, body_bytes=settings.api.body_bytes
    )  # fmt: skip
    problems.install(app)
    app.include_router(health.router)
    for module in _ROUTES:
        # Into the app itself: through a router between them each request would look for its route twice.
        app.include_router(module.router, prefix="/v1", responses=openapi.PROBLEMS)
    app.include_router(signin.router)
    app.include_router(pages.router)
    app.include_router(signups.router)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]  # FastAPI's own way to change it
    return app


def _operation_id(route: APIRoute) -> str:
    """The function's name; clients call operations by it, so it is never changed."""
    return route.name


def operations() -> list[tuple[str, APIRoute]]:
    """Every operation below /v1 with its path, for tests that must not forget one."""
    found = [route for module in _ROUTES for route in module.router.routes]
    return [(f"/v1{route.path}", route) for route in found if isinstance(route, APIRoute)]
