"""Phones: every phone of a shopper hears everything, and one that does not read loses the oldest, counted."""

import asyncio

from offer_engine.messages import Bye, Here, parse_engine_message
from offer_engine.push import QUEUE_MESSAGES, Phone, Phones


def test_messages_come_out_in_the_order_they_went_in() -> None:
    """A phone is told things in the order in which they happened."""
    phone = Phone("dave")
    for number in range(3):
        phone.put(str(number))

    assert [phone.take() for _ in range(4)] == ["0", "1", "2", None]


def test_a_full_queue_drops_the_oldest_and_counts_it() -> None:
    """A phone that does not read costs 32 messages of memory, not more."""
    phone = Phone("dave")
    for number in range(QUEUE_MESSAGES + 3):
        phone.put(str(number))

    assert phone.lost == 3
    assert phone.take() == "3"
    assert len(list(iter(phone.take, None))) == QUEUE_MESSAGES - 1


async def test_next_waits_for_a_message() -> None:
    """The sender sleeps until there is something to send, each time anew."""
    phone = Phone("dave")
    for word in ("one", "two"):
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(phone.next())
            await asyncio.sleep(0)
            assert not waiting.done()
            phone.put(word)
        assert waiting.result() == word


async def test_next_does_not_wait_when_something_is_there() -> None:
    """What was queued before anybody asked is not forgotten."""
    phone = Phone("dave")
    phone.put("one")
    phone.put("two")

    assert [await phone.next(), await phone.next()] == ["one", "two"]


def test_every_phone_of_a_shopper_hears_and_nobody_else() -> None:
    """A page and a terminal of one shopper ring together."""
    phones = Phones()
    page, terminal, other = phones.connect("dave"), phones.connect("dave"), phones.connect("ana")

    assert phones.send("dave", Here(1, "wine", "Wine")) == 2

    for phone in (page, terminal):
        assert parse_engine_message(phone.take() or "") == Here(1, "wine", "Wine")
    assert other.take() is None


def test_nobody_is_told_when_there_is_no_phone() -> None:
    """An offer without a phone waits in the ledger, not here."""
    assert Phones().send("dave", Bye()) == 0


def test_a_phone_that_is_gone_is_forgotten() -> None:
    """Its siblings still ring; of a shopper without phones nothing is kept."""
    phones = Phones()
    first, second = phones.connect("dave"), phones.connect("dave")

    phones.disconnect(first)
    assert (len(phones), phones.send("dave", Bye())) == (1, 1)
    phones.disconnect(second)

    assert (len(phones), phones.send("dave", Bye())) == (0, 0)
    assert phones._by_shopper == {}
