"""The picture: every state of the face has its words, and fits a small terminal."""

import io

import pytest
from msgspec.structs import replace
from rich.console import Console

from offer_engine.messages import ALWAYS_MS, Explanation
from phone_client.card import SHAKE_COLUMNS, draw, shake_columns
from phone_client.events import LinkLost
from phone_client.face import Face
from tests.phone_client.dialogue import CHABLIS, SILVER_OAK, WELCOME
from tests.phone_client.test_face import NOW, face_with, hears


def seen(face: Face, now_ms: int = NOW, *, width: int = 80, shake: int = 0) -> str:
    """The screen as text, each line without what is right of its last character."""
    console = Console(file=io.StringIO(), width=width, height=24, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(draw(face, now_ms, shake))
    return "\n".join(line.rstrip() for line in capture.get().replace("\N{NO-BREAK SPACE}", " ").splitlines())


def pressed(face: Face, keys: str) -> Face:
    """The same face after some keys."""
    for key in keys:
        face.press(key, NOW)
    return face


def test_an_offer_says_what_how_much_why_and_how_long() -> None:
    """All that a shopper in an aisle needs at one glance."""
    screen = seen(face_with(SILVER_OAK))
    for words in ("Silver Oak", "20% off", "19.92 instead of 24.90", "lamb in your cart", "4:58 left", "a accept"):
        assert words in screen
    assert "OAK-20" not in screen


def test_after_the_accept_it_shows_the_code() -> None:
    """And no longer offers to accept."""
    screen = seen(pressed(face_with(SILVER_OAK), "a"))
    assert "OAK-20" in screen
    assert "a accept" not in screen
    assert "Uses: location, basket and history" in screen


def test_the_answer_to_why_is_listed() -> None:
    """Each check on its own line."""
    face = face_with(SILVER_OAK)
    hears(face, Explanation(offer="o-1", reason="Because.", because=["In the aisle.", "Bought twice."]))
    assert "· In the aisle." in seen(face)
    assert "· Bought twice." in seen(face)


def test_a_long_answer_leaves_room_for_the_keys() -> None:
    """What does not fit is counted; the checks that come first say most."""
    face = pressed(face_with(SILVER_OAK), "a")
    hears(face, Explanation(offer="o-1", reason="Because.", because=[f"Check {n}." for n in range(30)]))
    lines = seen(face).splitlines()
    assert len(lines) <= 24
    assert "q quit" in lines[-1]
    assert any("Check 0." in line for line in lines)
    assert any("… and 17 more" in line for line in lines)


def test_each_kind_of_silence_says_which_it_is() -> None:
    """Nothing to show, muted, not allowed to look, not connected: four different sentences."""
    quiet = face_with()
    for_good = face_with(replace(WELCOME, muted_until=ALWAYS_MS))
    hidden = face_with(replace(WELCOME, location=False))
    offline = face_with()
    offline.saw(LinkLost("connection refused", 1.0))
    screens = [seen(face) for face in (quiet, for_good, hidden, offline)]
    for screen, words in zip(
        screens, ("Walk on", "Muted for good", "may not use your location", "sent later"), strict=True
    ):
        assert [words in other for other in screens].count(True) == 1
        assert words in screen


def test_the_menus_name_what_they_are_about() -> None:
    """The category by its name, the consents with their boxes."""
    face = face_with(SILVER_OAK)
    assert "2 red wine" in seen(pressed(face, "m"))
    assert "1 [x] location" in seen(pressed(face, "mp"))
    assert "3 [ ] history" in seen(pressed(face, "3"))


def test_what_lies_under_the_front_offer_is_mentioned() -> None:
    """Another offer, and the code of one that was taken."""
    face = pressed(face_with(SILVER_OAK), "a")
    hears(face, CHABLIS)
    screen = seen(face)
    assert "1 more under this one" in screen
    assert "At the till: OAK-20" in screen


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_it_fits(width: int) -> None:
    """The longest screen on terminals of several widths: no line is wider, and none is lost below the 24th."""
    face = pressed(face_with(SILVER_OAK), "a")
    lines = seen(face, width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) <= 24


def test_a_hostile_title_cannot_steer_the_terminal() -> None:
    """Escapes and rich's own markup are shown, not obeyed."""
    screen = seen(face_with(replace(SILVER_OAK, title="\x1b[2J[bold]Oak[/bold]")))
    assert "\x1b" not in screen
    assert "[bold]Oak[/bold]" in screen


def test_the_banner_shakes_for_as_long_as_the_phone_would_vibrate() -> None:
    """To and fro while the pattern says on; still in its pauses, at its end, and without a pattern."""
    pattern_ms = [200, 100, 200]
    at_rest = [shake_columns(pattern_ms, at_ms) for at_ms in range(200, 300)]
    buzzing = {shake_columns(pattern_ms, at_ms) for at_ms in (*range(200), *range(300, 500))}
    assert set(at_rest) == {0}
    assert buzzing == {0, SHAKE_COLUMNS}
    assert shake_columns(pattern_ms, 500) == shake_columns([], 0) == 0
    still, shaken = (seen(face_with(SILVER_OAK), shake=columns) for columns in (0, SHAKE_COLUMNS))
    assert shaken != still
