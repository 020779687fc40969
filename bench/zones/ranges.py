"""What bare gateways would hear on a true walk, by the simulator's own radio, and places and zones found from it.

Two ways are compared: to work a place out each second, the likeliest of all cells, and treat it as a fix; and to weigh
the ranges themselves into the belief, which is what the engine does. Each trip has shadows of its own, so that no one
store's luck decides.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from beacon_sim.antenna import Overheard
from beacon_sim.gateways import Air, Gateways
from beacon_sim.radio import RadioSettings
from bench.zones.methods import by_belief
from bench.zones.trips import STEP_MS, Trip
from offer_engine.core.belief import Belief, observe_ranges
from offer_engine.core.geofence import Transition
from offer_engine.core.ranging import range_logs
from offer_engine.core.readings import ranges_of
from offer_engine.core.store_map import Gateway, Zone
from offer_engine.core.walk_model import WalkModel
from offer_engine.messages import Position, Ranges, parse_report

FOUND_ACCURACY_M = 2.8  # median error of such places: what a locating server would state (docs/zones.md)


def ranges_on(trip: Trip, gateways: Sequence[Gateway], seed: Sequence[int]) -> tuple[Ranges, ...]:
    """What was heard on one trip, a message a second, at true time stamps; the same seed gives the same errors."""
    air = Gateways(gateways, Air(), np.random.default_rng([*seed, 0]))
    antenna = Overheard(RadioSettings(source="ranges"), air, np.random.default_rng([*seed, 1]))
    heard: list[Ranges] = []
    for ms in range(0, (len(trip.places) - 1) * STEP_MS, antenna.interval_ms):
        step, part = divmod(ms, STEP_MS)
        x, y = (trip.places[step] + (trip.places[step + 1] - trip.places[step]) * part / STEP_MS).tolist()
        payload = antenna.message((x, y), trip.start_ms + ms)
        report = None if payload is None else parse_report(antenna.leaf, payload)
        if isinstance(report, Ranges):
            heard.append(report)
    return tuple(heard)


def places_found(model: WalkModel, gateways: Mapping[str, Gateway], heard: Iterable[Ranges]) -> tuple[Position, ...]:
    """The likeliest cell of the floor for each message alone."""
    found: list[Position] = []
    for one in heard:
        cell = int(range_logs(model, model.all, ranges_of(one, gateways)).argmax())
        found.append(Position(one.ts, float(model.x[cell]), float(model.y[cell]), accuracy=FOUND_ACCURACY_M))
    return tuple(found)


def believed_from_ranges(
    model: WalkModel,
    zones: Mapping[str, Zone],
    gateways: Mapping[str, Gateway],
    heard: Iterable[Ranges],
    end_ms: int,
) -> tuple[Transition, ...]:
    """The transitions of one trip by the engine's belief, from ranges alone."""

    def weigh(one: Ranges, belief: Belief | None) -> Belief:
        return observe_ranges(model, belief, one.ts, ranges_of(one, gateways))

    return by_belief(model, zones, ((one.ts, partial(weigh, one)) for one in heard), end_ms)
