"""A floor plan is read exactly; a feature that cannot be used is refused on its own line."""

import pytest

from offer_engine.core.store_parse import parse_store
from tests.core.tiny_store import FLOOR, FOLDER, TEXTS, TIMEZONES, edited, problems_with, tiny_store

_WINE_RING = "[[[0, 4], [4, 4], [4, 7], [0, 7], [0, 4]]]"


def test_every_feature_of_a_good_plan_arrives() -> None:
    """What the plan draws is what the map holds."""
    store = tiny_store()
    wine = store.zones["wine"]
    assert list(store.zones) == ["wine", "meat", "promo"]
    assert (wine.label, wine.kind, wine.floor, wine.area.area) == ("Wine", "dept", 0, 12.0)
    assert (wine.min_inside_ms, wine.min_dwell_ms, wine.min_outside_ms) == (2000, 5000, 3000)
    assert (wine.exit_margin_m, wine.timeout_ms) == (1.0, 20_000)
    assert [(fixture.key, fixture.kind, fixture.zone) for fixture in store.fixtures] == [("shelf", "rack", "wine")]
    assert [(opening.key, opening.label, opening.direction) for opening in store.openings] == [("door", "Door", "both")]
    assert [(gateway.key, gateway.x, gateway.y, gateway.rssi_1m_dbm) for gateway in store.gateways] == [
        ("b1", 5.0, 4.0, -59.0)
    ]
    assert store.level.bounds == (0, 0, 10, 8)


CASES = {
    "misspelt property": (
        ('"min_dwell_ms"', '"min_dwel_ms"'),
        [
            "tiny/floor.geojson:4: properties.min_dwell_ms: is missing",
            "tiny/floor.geojson:4: properties.min_dwel_ms: unknown field; did you mean 'min_dwell_ms'?",
        ],
    ),
    "misspelt feature type": (
        ('"feature_type": "geofence"', '"feature_type": "geo-fence"'),
        [
            (
                "tiny/floor.geojson:4: feature_type: must be level or fixture or opening or geofence or x-beacon, "
                "not 'geo-fence'; did you mean 'geofence'?"
            ),
            "tiny/floor.geojson:3: properties.zone: zone 'wine' unknown",
            "tiny/catalogue.csv:2: zone: zone 'wine' unknown",
            "tiny/catalogue.csv:3: zone: zone 'wine' unknown",
        ],
    ),
    "unknown kind of zone": (
        ('"kind": "dept"', '"kind": "isle"'),
        [
            (
                "tiny/floor.geojson:4: properties.kind: must be dept or aisle or promo or service, not 'isle'; "
                "did you mean 'aisle'?"
            )
        ],
    ),
    "dwell before enter": (
        ('"min_dwell_ms": 5000', '"min_dwell_ms": 500'),
        [
            (
                "tiny/floor.geojson:4: properties.min_dwell_ms: is less than min_inside_ms, but a dwell comes after "
                "its enter; make it as long"
            )
        ],
    ),
    "timeout before exit": (
        ('"timeout_ms": 20000', '"timeout_ms": 3000'),
        [
            (
                "tiny/floor.geojson:4: properties.timeout_ms: is not more than min_outside_ms, so that every exit "
                "would be a lost signal"
            )
        ],
    ),
    "no label": (
        ('"name": {"en": "Wine"}', '"name": "Wine"'),
        ['tiny/floor.geojson:4: properties.name: must be labels by language, like {"en": "Wine"}'],
    ),
    "same key twice": (
        ('"key": "meat"', '"key": "wine"'),
        [
            "tiny/floor.geojson:5: properties.key: geofence 'wine' stands on line 4 too; keys are unique",
            "tiny/catalogue.csv:4: zone: zone 'meat' unknown",
            "tiny/catalogue.csv:5: zone: zone 'meat' unknown",
        ],
    ),
    "same id twice": (
        ('"id": "Z2"', '"id": "Z1"'),
        ["tiny/floor.geojson:5: id: 'Z1' is used on line 4 too; every feature needs its own"],
    ),
    "a line for an area": (
        (
            f'"type": "Polygon", "coordinates": {_WINE_RING}',
            '"type": "LineString", "coordinates": [[0, 4], [4, 4]]',
        ),
        ["tiny/floor.geojson:4: geometry: must be a Polygon or MultiPolygon, not 'LineString'"],
    ),
    "an outline that crosses itself": (
        (_WINE_RING, "[[[0, 4], [4, 7], [4, 4], [0, 7], [0, 4]]]"),
        ["tiny/floor.geojson:4: geometry: is not valid: Self-intersection[2 5.5]; draw it without crossing itself"],
    ),
    "too few corners": (
        (_WINE_RING, "[[[0, 4], [4, 4]]]"),
        ["tiny/floor.geojson:4: geometry: is not a Polygon: A linearring requires at least 4 coordinates."],
    ),
    "a coordinate that is no metre": (
        (_WINE_RING, "[[[0, 4], [1e9, 4], [4, 7], [0, 7], [0, 4]]]"),
        ["tiny/floor.geojson:4: geometry: has a coordinate beyond 10,000,000; coordinates are metres from nearby"],
    ),
    "coordinates of another shape": (
        (_WINE_RING, "[[0, 4], [4, 4], [4, 7], [0, 4]]"),
        [
            (
                "tiny/floor.geojson:4: geometry: is not a Polygon, whose coordinates are "
                "a list of rings, [[[x, y], [x, y], ...]]"
            )
        ],
    ),
    "our word for IMDF's": (
        ('"feature_type": "geofence"', '"feature_type": "zone"'),
        [
            (
                "tiny/floor.geojson:4: feature_type: must be level or fixture or opening or geofence or x-beacon, "
                "not 'zone'"
            ),
            "tiny/floor.geojson:4: feature_type: IMDF calls a zone 'geofence'",
            "tiny/floor.geojson:3: properties.zone: zone 'wine' unknown",
            "tiny/catalogue.csv:2: zone: zone 'wine' unknown",
            "tiny/catalogue.csv:3: zone: zone 'wine' unknown",
        ],
    ),
    "no coordinates": (
        (_WINE_RING, "[]"),
        ["tiny/floor.geojson:4: geometry: has no coordinates"],
    ),
    "another schema": (
        ("store-map/1", "store-map/2"),
        ["tiny/floor.geojson:1: schema: must be store-map/1, not 'store-map/2'; did you mean 'store-map/1'?"],
    ),
    "NaN": (
        ('"exit_margin_m": 1.0', '"exit_margin_m": NaN'),
        ["tiny/floor.geojson:4: is not JSON: NaN is not a number in JSON; nothing after this was read"],
    ),
    "a comma missing": (
        ('"type": "Feature", "id": "Z1"', '"type": "Feature" "id": "Z1"'),
        ["tiny/floor.geojson:4: is not JSON: Expecting ',' delimiter; nothing after this was read"],
    ),
    "a list for the whole": (
        (FLOOR, "[]"),
        ["tiny/floor.geojson:1: is not JSON: expected '{'; nothing after this was read"],
    ),
    "no features": (
        (FLOOR, '{"type": "FeatureCollection", "schema": "store-map/1"}'),
        ["tiny/floor.geojson: features: there is no usable level, the outline of the sales floor"],
    ),
}


@pytest.mark.parametrize(("edit", "expected"), CASES.values(), ids=CASES.keys())
def test_plan_is_refused_with(edit: tuple[str, str], expected: list[str]) -> None:
    """Each mistake in a feature comes out as just its own problem, on the feature's line."""
    assert problems_with({**TEXTS, "floor.geojson": edited(FLOOR, edit)}) == expected


def test_imdf_properties_are_welcome() -> None:
    """A plan exported from an IMDF tool need not be stripped of what we do not use."""
    edit = ('"kind": "dept"', '"category": "geofence", "alt_name": null, "restriction": null, "kind": "dept"')
    assert problems_with({**TEXTS, "floor.geojson": edited(FLOOR, edit)}) == []


def test_lines_are_exact_in_any_layout() -> None:
    """A feature spread over several lines is reported where it begins."""
    spread = edited(FLOOR, ('"feature_type": "geofence"', '\n"feature_type":\n"geofence"'), ('"Z2"', '"Z1"'))
    assert problems_with({**TEXTS, "floor.geojson": spread}) == [
        "tiny/floor.geojson:7: id: 'Z1' is used on line 4 too; every feature needs its own"
    ]


_TIED = """"georeference": {"crs": "local", "target": "EPSG:4326", "ground_control_points": \
[[13.37, 52.51], [0, 0], [13.370707, 52.51], [48, 0], [13.37, 52.510306], [0, 34]]}, "features": ["""


def test_control_points_tie_the_plan_to_the_world() -> None:
    """A georeference becomes the store's tie; a plan without one has none."""
    texts = {**TEXTS, "floor.geojson": edited(FLOOR, ('"features": [', _TIED))}
    tie = parse_store(texts, FOLDER, timezones=TIMEZONES).tie
    assert tie is not None
    assert tie.to_local(13.370707, 52.51) == pytest.approx((48, 0), abs=0.05)
    assert tiny_store().tie is None


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (("[48, 0]", "[4800, 0]"), "georeference.ground_control_points: makes a metre on the ground"),
        (('"ground_control_points"', '"ground_controls"'), "georeference.ground_controls: unknown field; did you mean"),
        (('"local"', '"EPSG:25833"'), "georeference.crs: must be local, not 'EPSG:25833'"),
        (('"crs": "local"', '"crs": null'), ""),
    ],
)
def test_a_wrong_tie_refuses_the_plan(edit: tuple[str, str], expected: str) -> None:
    """A tie that would put every receiver elsewhere is a problem like any other, on its own line."""
    problems = problems_with({**TEXTS, "floor.geojson": edited(FLOOR, ('"features": [', _TIED), edit)})
    assert len(problems) == bool(expected)
    assert all(problem.startswith(f"tiny/floor.geojson:1: {expected}") for problem in problems)
