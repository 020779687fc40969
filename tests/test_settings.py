"""Settings: a flag beats its variable, a variable beats the default, and a mistake is told in one line."""

from dataclasses import fields
from pathlib import Path

import pytest

from offer_engine.errors import SettingsError
from offer_engine.settings import CHOICES, OTHER_VARIABLES, PREFIX, Settings, read_settings


def test_without_anything_the_defaults_hold() -> None:
    """What is no variable of ours is nobody's business."""
    assert read_settings({"PATH": "/bin", "AISLE": "7"}, {}) == Settings()
    assert Settings().store_folder == Path("maps/demo-market")


def test_a_flag_beats_its_variable_and_a_variable_the_default() -> None:
    """Each field for itself; a flag that was not given says nothing."""
    environment = {"AISLEWISE_PORT": "9000", "AISLEWISE_DB": "a.db", "AISLEWISE_PHONE_KEY": "secret"}

    settings = read_settings(environment, {"db": "b.db", "port": None, "host": None})

    assert (settings.port, settings.db, settings.phone_key, settings.host) == (9000, "b.db", "secret", "127.0.0.1")


@pytest.mark.parametrize("field", [field.name for field in fields(Settings)])
def test_every_setting_is_read_from_its_variable(field: str) -> None:
    """No field can only be set by a flag."""
    value = {"port": "1", "listen": "omlox"}.get(field, CHOICES.get(field, ("anything",))[-1])

    settings = read_settings({PREFIX + field.upper(): value}, {})

    assert str(getattr(settings, field)) == value


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("AISLEWISE_BROKR", "; did you mean AISLEWISE_BROKER?"),
        ("AISLEWISE_LOGLEVEL", "; did you mean AISLEWISE_LOG_LEVEL?"),
        ("AISLEWISE_ZZZ", ""),
        ("AISLEWISE_", ""),
    ],
)
def test_an_unknown_variable_of_ours_is_a_mistake(variable: str, hint: str) -> None:
    """It is nearly always a misspelt one, and silence would hide it."""
    with pytest.raises(SettingsError) as told:
        read_settings({variable: "1"}, {})
    assert str(told.value) == f"unknown variable {variable}{hint}"


@pytest.mark.parametrize("name", sorted(OTHER_VARIABLES))
def test_variables_of_the_other_programs_are_let_be(name: str) -> None:
    """The phone and the tests read them."""
    assert read_settings({PREFIX + name: "x"}, {}) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("port", "http", "port is 'http'; expected a number"),
        ("port", "", "port is ''; expected a number"),
        ("port", "65536", "port is 65536; expected 0 to 65535"),
        ("port", "-1", "port is -1; expected 0 to 65535"),
        ("ingest", "mosquitto", "ingest is 'mosquitto'; expected gmqtt or paho"),
        ("clock", "Wall", "clock is 'Wall'; expected wall or event"),
        ("pairing", "", "pairing is ''; expected loopback or open"),
        ("log_level", "loud", "log_level is 'loud'; expected debug or info or warning or error"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_could(name: str, value: str, message: str) -> None:
    """The same answer for a flag and for a variable."""
    for environment, flags in (({PREFIX + name.upper(): value}, {}), ({}, {name: value})):
        with pytest.raises(SettingsError) as told:
            read_settings(environment, flags)
        assert str(told.value) == message


@pytest.mark.parametrize("port", ["0", "65535"])
def test_the_ends_of_a_range_belong_to_it(port: str) -> None:
    """Port 0 is any free one."""
    assert read_settings({"AISLEWISE_PORT": port}, {}).port == int(port)


def test_systems_to_listen_to_are_a_list() -> None:
    """Commas and blanks between them, each once, in their order."""
    assert read_settings({}, {}).systems == ()
    assert read_settings({}, {"listen": "owntracks, omlox,,owntracks"}).systems == ("owntracks", "omlox")


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ({"listen": "omlox,zigbee"}, "zigbee"),
        ({"listen": "espresense", "tracking": "grid", "clock": "event"}, "wall"),
        ({"listen": "omlox,espresense"}, "grid"),
    ],
)
def test_what_cannot_be_listened_to_is_a_mistake_in_the_settings(flags: dict[str, str], named: str) -> None:
    """A system nobody knows; or readings without a time or a place, where nothing gives them one."""
    with pytest.raises(SettingsError, match=named):
        read_settings({}, flags)
