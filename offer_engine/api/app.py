"""The engine's HTTP application: pages, feeds, and JSON for developers (described at `/docs`)."""

import io
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec
import segno
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi import Path as PathPart
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from offer_engine import questions
from offer_engine.api.floor import Json, floor_json, products_json, rules_json, shopper_json
from offer_engine.api.live import LiveView, live_routes
from offer_engine.api.phones import Pairing, is_local, phone_routes
from offer_engine.core.decision import Decision
from offer_engine.core.question import NoSuchRuleError
from offer_engine.service import Service

ShopperId = Annotated[str, PathPart(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
QR_SCALE = 8  # pixels a module; the page scales it

_json = msgspec.json.decode


def create_app(service: Service, view: LiveView, pairing: Pairing, *, join_url: str, version: str) -> FastAPI:
    """Put the routes together."""
    app = FastAPI(title="Aislewise", version=version, summary="Offers that know the aisle, the cart and the shopper.")
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.include_router(phone_routes(service, pairing))
    app.include_router(live_routes(view))
    _add_data_routes(app, service, view, pairing, join_url)
    _add_pages(app)
    return app


def _add_pages(app: FastAPI) -> None:
    live = Path(str(files("offer_engine"))) / "api/web"
    phone = Path(str(files("phone_client"))) / "web"
    app.mount("/static", StaticFiles(directory=live), name="static")
    app.mount("/p/static", StaticFiles(directory=phone), name="phone static")

    @app.get("/", include_in_schema=False)
    async def live_page() -> FileResponse:
        return FileResponse(live / "live.html")

    @app.get("/p", include_in_schema=False)
    async def phone_page() -> FileResponse:
        return FileResponse(phone / "phone.html")


def _add_data_routes(  # noqa: C901  a flat list of routes
    app: FastAPI, service: Service, view: LiveView, pairing: Pairing, join_url: str
) -> None:
    @app.get("/healthz", summary="Whether the engine is up")
    async def health() -> Json:
        return {"state": "up", "broker": "connected" if view.is_connected() else "lost"}

    @app.get("/api/map", summary="The floor plan")
    async def floor() -> Json:
        return floor_json(service.world.store, join_url)

    @app.get("/api/products", summary="What is sold, in a zone or everywhere")
    async def products(zone: str | None = None) -> list[Json]:
        if zone is not None and zone not in service.world.store.zones:
            raise HTTPException(404, f"no zone '{zone}' in this store")
        return list(products_json(service.world.store, zone))

    @app.get("/api/stats", summary="Numbers since the engine started")
    async def stats() -> Json:
        return view.stats()

    @app.get("/api/rules", summary="The rules that decide now, why newer ones were refused, which paused themselves")
    async def rules() -> Json:
        return rules_json(service.world.rules, service.rule_problems, service.paused_rules())

    @app.get("/api/decisions", summary="The newest decisions, newest first")
    async def decisions(request: Request, shopper: str | None = None, limit: int = 50) -> list[Json]:
        _check_may_ask(request, pairing)
        return [
            _json(record, type=Json)
            for record in service.ledger.decisions(shopper=shopper, limit=min(max(limit, 1), 500))
        ]

    @app.get("/api/decisions/{decision}", summary="One decision: every rule's fate, and which personal data it needed")
    async def decision(request: Request, decision: str) -> Json:
        _check_may_ask(request, pairing)
        record = service.ledger.decision(decision)
        if record is None:
            raise HTTPException(404, f"no decision '{decision}'")
        needed = questions.intrusion(service, _json(record, type=Decision))
        return {**_json(record, type=Json), "intrusion": msgspec.to_builtins(needed)}

    @app.get("/api/shoppers/{shopper}", summary="What the engine holds of one shopper; for callers on its own machine")
    async def shopper(request: Request, shopper: ShopperId) -> Json:
        _check_may_ask(request, pairing)
        return shopper_json(service.state(shopper))

    @app.get("/api/why-not", summary="What would become of a rule for a shopper now; uses nothing up")
    async def why_not(request: Request, shopper: ShopperId, rule: str) -> Json:
        _check_may_ask(request, pairing)
        try:
            found: Json = msgspec.to_builtins(questions.why_not(service, shopper, rule))
        except NoSuchRuleError as error:
            raise HTTPException(404, str(error)) from None
        return found

    @app.get("/api/qr.svg", summary="A QR code that opens the phone page", response_class=Response)
    async def qr() -> Response:
        out = io.BytesIO()
        segno.make(join_url, error="m").save(out, kind="svg", scale=QR_SCALE, border=2, dark="#000", light="#fff")
        return Response(out.getvalue(), media_type="image/svg+xml")


def _check_may_ask(request: Request, pairing: Pairing) -> None:
    if not pairing.is_open and not is_local(request):
        raise HTTPException(403, "only a program on the engine's own machine may ask about a shopper")
