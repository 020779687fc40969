"""What happens in the store becomes the live page's feed: dots four times a second, decisions, phones, numbers.

Only shoppers who share their location have a dot; the others are counted and never drawn. One message a tick carries
all dots. Nothing is prepared while nobody watches, except the last decisions and phone cards for whoever comes next.
"""

from asyncio import Queue, QueueFull, TaskGroup, sleep
from collections import deque
from collections.abc import Callable
from dataclasses import asdict

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from offer_engine import questions
from offer_engine.core.explain import TEXTS, checklist
from offer_engine.core.intrusion import intrusion_lines
from offer_engine.messages import Offer
from offer_engine.outbox import Progress, Sent
from offer_engine.service import Service

TICK_S = 0.25
STATS_EVERY = 4  # ticks
FRESH_MS = 20_000  # a dot not heard of for so long is no longer drawn
PRESENT_MS = 60_000  # who was heard within this time is in the store
SLOTS = 3  # phones on the page
GRACE_MS = 90_000  # how long after the start a named shopper may take to come
KEPT_DECISIONS = 50
KEPT_LATENCIES = 500
WATCHER_QUEUE = 64  # messages; a page that reads slower than that misses ticks

Json = dict[str, object]


class LiveView:
    """The feed of the live page."""

    def __init__(self, service: Service, follow: tuple[str, ...]) -> None:
        """Watch a service; `follow` names at most three shoppers whose phones are shown while they are in the store."""
        self._service = service
        self._named = follow
        self._slots = list(follow) + [""] * (SLOTS - len(follow))  # whose phones are shown, "" for nobody yet
        self._watchers: set[Queue[str]] = set()
        self._decisions: deque[Sent] = deque(maxlen=KEPT_DECISIONS)  # newest first
        self._cards: dict[str, deque[Json]] = {shopper: deque(maxlen=3) for shopper in follow}
        self._opened_ms = service.now_ms()
        self._latencies: deque[float] = deque(maxlen=KEPT_LATENCIES)
        self._numbers: dict[str, int] = {}
        self._rate = 0.0  # positions a second, over the last second
        self.is_connected: Callable[[], bool] = lambda: True
        service.out.watch = self.saw

    def saw(self, event: Sent | Progress) -> None:
        """Take note of what the service has just done."""
        match event:
            case Sent():
                self._saw_decision(event)
            case Progress(shopper, offer, state):
                self._saw_progress(shopper, offer, state)

    def _saw_decision(self, event: Sent) -> None:
        decision = event.decision
        sent = decision.outcome == "offer"
        if sent:
            self._latencies.append(event.latency_ms)
        self._decisions.appendleft(event)
        if self._watchers:
            self._tell(self._row(event))
        if sent and event.phones:
            self._take_free_slot(decision.shopper)
        if sent and decision.offer is not None and decision.shopper in self._cards:
            card: Json = {
                "type": "phone",
                "shopper": decision.shopper,
                "offer": _offer_json(decision.offer),
                "state": "sent",
            }
            self._cards[decision.shopper].append(card)
            self._tell(card)

    def _saw_progress(self, shopper: str, offer: str, state: str) -> None:
        for card in self._cards.get(shopper, ()):
            held = card["offer"]
            if isinstance(held, dict) and held["id"] == offer:
                card["state"] = state
                self._tell(card)

    def _row(self, event: Sent) -> Json:
        decision = event.decision
        store = self._service.world.store
        offer = decision.offer
        best = decision.ranking[0].sku if decision.ranking else ""
        lines = checklist(decision, self._service.world)
        lines += intrusion_lines(questions.intrusion(self._service, decision), self._service.world)
        return {
            "type": "decision",
            "id": decision.id,
            "ts": decision.ts,
            "shopper": decision.shopper if decision.shopper in self._slots else "",  # the others have a number here
            "label": self._label(decision.shopper),
            "n": self._number(decision.shopper),
            "zone": decision.zone,
            "zone_label": store.zones[decision.zone].label,
            "transition": decision.trigger,
            "outcome": decision.outcome,
            "title": offer.title if offer else store.products[best].name if best else "",
            "benefit": offer.benefit if offer else "",
            "verdict": _verdict(event),
            "sentence": offer.reason if offer else "",
            "checks": [asdict(line) for line in lines],
        }

    def _label(self, shopper: str) -> str:
        return shopper.title() if shopper in self._named else f"Shopper {self._number(shopper)}"

    def _number(self, shopper: str) -> int:
        """A small number that stands for a shopper on the page as long as the engine runs."""
        return self._numbers.setdefault(shopper, len(self._numbers) + 1)

    # --- messages of the feed ---------------------------------------------------------------------------------------

    def snapshot(self) -> Json:
        """What a page needs when it opens."""
        return {
            "type": "snapshot",
            "ts": self._service.now_ms(),
            "broker": self._broker(),
            **self._followed(),
            "stats": self.stats(),
            "decisions": [self._row(event) for event in self._decisions],
        }

    # --- whose phones are shown -------------------------------------------------------------------------------------

    def _followed(self) -> Json:
        people = [shopper for shopper in self._slots if shopper]
        return {
            "followed": [{"shopper": who, "label": self._label(who), "note": self._note(who)} for who in people],
            "phones": [card for who in people for card in self._cards[who]],
        }

    def _take_free_slot(self, shopper: str) -> None:
        """Show the phone of somebody who was just sent an offer, if one of the three shown has nobody in the store."""
        if shopper in self._slots:
            return
        free = [number for number, holder in enumerate(self._slots) if self._is_free(holder)]
        if free:
            self._put(free[0], shopper)

    def _is_free(self, holder: str) -> bool:
        """Whether nobody needs a slot: nobody has it, or its holder has gone, or was named and does not come."""
        if not holder:
            return True
        is_early = self._service.now_ms() - self._opened_ms < GRACE_MS
        return not self._is_here(holder) and not (is_early and holder in self._named)

    def _is_here(self, shopper: str) -> bool:
        track = self._service.state(shopper).track
        return track is not None and self._service.now_ms() - track.ts < PRESENT_MS

    def _give_back(self) -> None:
        """A named shopper who is in the store and has no slot has their own again."""
        for number, shopper in enumerate(self._named):
            if shopper not in self._slots and self._is_here(shopper):
                self._put(number, shopper)

    def _put(self, number: int, shopper: str) -> None:
        gone, self._slots[number] = self._slots[number], shopper
        if gone not in self._named:
            self._cards.pop(gone, None)
        self._cards.setdefault(shopper, deque(maxlen=3))
        self._tell({"type": "followed", **self._followed()})

    def _note(self, shopper: str) -> str:
        """What the engine may use of a followed shopper."""
        consents = self._service.state(shopper).person.consents
        shared = [name for name in ("location", "basket", "history") if getattr(consents, name)]
        return "shares " + ", ".join(shared) if shared else "shares nothing yet"

    def _broker(self) -> str:
        return "connected" if self.is_connected() else "lost"

    def tick(self) -> Json:
        """Where everybody is who may be drawn."""
        now = self._service.now_ms()
        dots: list[list[float]] = []
        followed: dict[str, int] = {}
        for live in self._service.shoppers():
            track = live.state.track
            if track is not None and now - track.ts < FRESH_MS:
                number = self._number(live.state.id)
                dots.append([number, round(track.x, 2), round(track.y, 2)])
                if live.state.id in self._slots:
                    followed[live.state.id] = number
        return {"type": "tick", "ts": now, "dots": dots, "followed": followed}

    def stats(self) -> Json:
        """The numbers at the top of the page."""
        counts = self._service.counts
        now = self._service.now_ms()
        present = [live for live in self._service.shoppers() if now - live.here_ms < PRESENT_MS]
        return {
            "type": "stats",
            "in_store": len(present),
            "sharing": sum(live.state.track is not None for live in present),
            "sent": counts.outcomes["offer"],
            "shown": counts.receipts["shown"],
            "opened": counts.receipts["opened"],
            "accepted": counts.receipts["accepted"],
            "redeemed": counts.redeemed,
            "silent": counts.outcomes["silent"] + counts.outcomes["holdout"],
            "latency_p95_ms": _percentile(self._latencies, 0.95),
            "positions_per_s": round(self._rate),
            "positions": counts.positions,
            "messages": counts.messages,
            "refused": dict(counts.refused),
            "dropped": dict(counts.dropped),
            "untracked": counts.untracked,
            "broker": self._broker(),
            "gateways_offline": sorted(self._service.foreign.offline) if self._service.foreign is not None else [],
            "rules_version": self._service.world.rules.version,
            "rule_problems": list(self._service.rule_problems),
            "rules_paused": self._service.paused_rules(),
            "notes": {shopper: self._note(shopper) for shopper in self._slots if shopper},
        }

    def _tell(self, message: Json) -> None:
        if self._watchers:
            text = msgspec.json.encode(message).decode()
            for watcher in self._watchers:
                try:
                    watcher.put_nowait(text)
                except QueueFull:
                    continue  # that page is slow; it gets the next tick

    async def run(self) -> None:
        """Send ticks and numbers as long as somebody watches."""
        while True:
            before = self._service.counts.positions
            for _ in range(STATS_EVERY):
                await sleep(TICK_S)
                if self._watchers:
                    self._tell(self.tick())
            self._rate = (self._service.counts.positions - before) / (TICK_S * STATS_EVERY)
            self._give_back()
            if self._watchers:
                self._tell(self.stats())

    async def serve(self, socket: WebSocket) -> None:
        """Feed one page until it goes."""
        await socket.accept()
        queue: Queue[str] = Queue(WATCHER_QUEUE)
        snapshot = msgspec.json.encode(self.snapshot()).decode()
        self._watchers.add(queue)  # before the snapshot is sent: what happens meanwhile comes after it
        try:
            await socket.send_text(snapshot)
            async with TaskGroup() as tasks:
                sender = tasks.create_task(_forward(queue, socket), name="send to a live page")
                await _until_gone(socket)
                sender.cancel()
        finally:
            self._watchers.discard(queue)


async def _forward(queue: Queue[str], socket: WebSocket) -> None:
    try:
        while True:
            await socket.send_text(await queue.get())
    except (WebSocketDisconnect, RuntimeError):
        return  # closed while sending: the listener sees it too


async def _until_gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


def _verdict(event: Sent) -> str:
    if event.decision.outcome != "offer":
        return TEXTS[event.decision.reason]
    return f"Sent in {event.latency_ms:.0f} ms" if event.phones else "Waiting for the phone"


def _percentile(values: deque[float], share: float) -> float | None:
    """The nearest-rank percentile, None without values."""
    ranked = sorted(values)
    return round(ranked[min(int(share * len(ranked)), len(ranked) - 1)], 1) if ranked else None


def _offer_json(offer: Offer) -> Json:
    return msgspec.json.decode(msgspec.json.encode(offer), type=Json)


def live_routes(view: LiveView) -> APIRouter:
    """The route of `/ws/live`."""
    router = APIRouter()
    router.add_api_websocket_route("/ws/live", view.serve)
    return router
