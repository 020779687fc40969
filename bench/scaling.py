"""More shoppers and more zones become a curve of the cost of one position, which should be flat.

Generated stores, so that the size is the only difference: every zone alike, every walk alike, no phones. Time is event
time here, so that 50 shoppers may walk for as many positions as 5,000.
"""

from dataclasses import dataclass
from pathlib import Path

from bench.stores import grid_store
from bench.subjects import EngineOptions
from bench.throughput import EngineRate, Flood, flood, whole
from bench.walk import Pace
from offer_engine.store_files import load_store

WARM_STEPS = 100  # 25 s: everybody has stood somewhere and gone on
TIMED_STEPS = 40  # at least, so that 5,000 shoppers too are seen standing and going
STAND_S = 18.0


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """One point of a curve."""

    shoppers: int
    zones: int


SMALL_SIZES = (Size(500, 20), Size(50, 20), Size(500, 200))  # those that are ready in a few seconds
SIZES = (*SMALL_SIZES, Size(5_000, 20), Size(500, 2_000))


def scaled(size: Size, folder: Path, positions: int) -> Flood:
    """The walk of one size, so many positions of it timed, or a few more."""
    store_folder = folder / f"grid-{size.zones}"
    if not store_folder.exists():
        grid_store(store_folder, size.zones)
    pace = Pace(size.shoppers, stand_s=STAND_S)
    steps = (WARM_STEPS, max(positions // size.shoppers, TIMED_STEPS))
    return flood(load_store(store_folder), store_folder, pace, steps, seed=size.shoppers + size.zones)


def cost(work: Flood, folder: Path) -> EngineRate:
    """What a position costs there."""
    return whole(work, folder, 0, EngineOptions(clock="event"))
