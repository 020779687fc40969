"""The phone's tables: total, with ends that are ends, and equal to what the docs show."""

from pathlib import Path

import pytest

from phone_client.states import ACTS, TRANSITIONS, Happening, Stage, State, draw_into

DOCS = Path(__file__).parents[2] / "docs" / "phone.md"


def test_every_state_has_an_answer_to_everything() -> None:
    """No pair of state and happening is left to chance."""
    assert {state: set(row) for state, row in TRANSITIONS.items()} == {state: set(Happening) for state in State}
    assert set(ACTS) == set(Stage)


def test_every_state_can_be_reached() -> None:
    """Starting offline."""
    reached = {State.OFFLINE}
    for _ in State:
        reached |= {after for state in reached for after in TRANSITIONS[state].values()}
    assert reached == set(State)


@pytest.mark.parametrize("end", [State.REFUSED, State.CLOSED])
def test_an_end_is_an_end(end: State) -> None:
    """Whatever happens afterwards, the phone neither greets nor sends."""
    assert set(TRANSITIONS[end].values()) <= {end, State.CLOSED}


def test_the_docs_show_the_tables_as_they_are() -> None:
    """If this fails: python -m phone_client.states docs/phone.md."""
    page = DOCS.read_text(encoding="utf-8")
    assert draw_into(page) == page
    assert "**greeting**" in page
    assert "**not_for_me**" in page
