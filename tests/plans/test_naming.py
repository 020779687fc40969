"""Names of a drawing as labels, keys and ids: whatever a drawing calls things, a store can use it."""

from hypothesis import given
from hypothesis import strategies as st

from offer_engine.messages import is_id
from offer_engine.plans.naming import english, key_for, labels, uuid_for


@given(st.lists(st.text(max_size=80), max_size=12))
def test_any_names_make_keys_that_differ(names: list[str]) -> None:
    """Whatever script a name is in, and however often it comes, its key may travel in a topic and is the only one."""
    taken: set[str] = set()
    keys = [key_for(name, taken) for name in names]
    assert all(is_id(key) for key in keys)
    assert len(set(keys)) == len(keys)


def test_labels_keep_their_languages() -> None:
    """Blank ones, and what is no text, are none."""
    assert labels({"en": " Wine ", "de": "Wein", "fr": "", "it": 3}) == {"en": "Wine", "de": "Wein"}
    assert (labels(["Wine"]), english({"de": "Wein"}), english(7)) == ({}, "Wein", "")


def test_ids_are_made_of_what_they_stand_for() -> None:
    """The same parts give the same id, other parts another; an id that is a UUID stays as it is."""
    own = "41e60612-8008-527d-b7fb-10767768ae16"
    assert uuid_for(own, "a") == own
    assert uuid_for("", "shop", "level") == uuid_for("L", "shop", "level")
    assert uuid_for("", "shop", "level") != uuid_for("", "shop", "unit")
