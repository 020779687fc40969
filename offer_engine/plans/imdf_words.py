"""What the types and categories of IMDF (OGC 20-094, chapter Categories) mean to the floor of a store, as tables.

IMDF knows airports, stations and malls; the inside of one shop is a small part of it. What it calls furniture we call a
shelf, and a room that shoppers do not enter is to us a thing that they walk round.
"""

from collections.abc import Mapping

OPENINGS_NOT_FOR_SHOPPERS = frozenset({"automobile", "bicycle", "emergencyexit", "service"})

FIXTURE_KIND: Mapping[str, str] = {  # any other fixture is taken for a shelf
    "baggagecarousel": "counter",
    "desk": "counter",
    "immigrationdesk": "counter",
    "inspectioncounter": "counter",
    "obstruction": "wall",
    "stage": "wall",
    "vegetation": "wall",
    "wall": "wall",
    "water": "wall",
}
SHELF = "gondola"

UNITS_CLOSED_TO_SHOPPERS = frozenset(
    {
        "brick",
        "column",
        "concrete",
        "drywall",
        "elevator",
        "escalator",
        "glass",
        "kitchen",
        "mothersroom",
        "movingwalkway",
        "nonpublic",
        "office",
        "opentobelow",
        "parking",
        "restroom",
        "road",
        "serverroom",
        "shower",
        "stairs",
        "steps",
        "storage",
        "structure",
        "vegetation",
        "wood",
    }
)

UNUSED: Mapping[str, str] = {
    "address": "an address stands on no floor",
    "amenity": "an amenity is a point; what is offered there needs a geofence drawn round it",
    "anchor": "an anchor is the point of an address, not a radio",
    "building": "the level's outline is what counts",
    "detail": "a detail is a line to draw, nothing to walk round",
    "footprint": "the level's outline is what counts",
    "occupant": "an occupant names the unit it is in, and is nothing else on the floor",
    "relationship": "ways between levels and buildings are not used",
    "venue": "the level's outline is what counts; its name is proposed as the store's label",
}


def is_closed(category: str) -> bool:
    """Whether shoppers do not enter a unit of this category; `restroom.female` is one of `restroom`.

    >>> is_closed("restroom.female"), is_closed("walkway")
    (True, False)
    """
    return category.partition(".")[0] in UNITS_CLOSED_TO_SHOPPERS
