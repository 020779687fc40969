"""Tills: first come, first served, and nobody joins a longer queue than needed."""

import math
from collections.abc import Generator

import simpy

from beacon_sim.places import TillPlace
from beacon_sim.till import Till, open_tills, shortest

PLACE = TillPlace("till-0", (0.0, 0.0), ((0.0, 1.0), (0.0, 2.0)))
OTHER = TillPlace("till-1", (5.0, 0.0), ((5.0, 1.0),))


def test_a_till_serves_in_the_order_of_arrival() -> None:
    """Ten shoppers with different basket sizes pay in the order in which they came to the till."""
    env = simpy.Environment()
    till = Till(env, PLACE, 1)
    paid = []

    def pay(number: int) -> Generator[simpy.Event, object, None]:
        yield env.timeout(number)
        with till.lanes.request() as request:
            till.join(request)
            yield request
            yield env.timeout(50 - 4 * number)
            paid.append(number)
            till.leave(request)

    for number in range(10):
        env.process(pay(number))
    env.run()
    assert paid == list(range(10))
    assert till.length == 0


def test_the_queue_stands_in_line_and_moves_up() -> None:
    """The first stands at the till, the next behind, and everybody moves up when one leaves."""
    env = simpy.Environment()
    till = Till(env, PLACE, 1)
    assert till.tail() == (0.0, 0.0)
    requests = [till.lanes.request() for _ in range(4)]
    for request in requests:
        till.join(request)
    assert [till.spot(request) for request in requests] == [(0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (0.0, 2.0)]
    moved = till.advanced
    till.leave(requests[0])
    assert moved.triggered
    assert till.spot(requests[1]) == (0.0, 0.0)


def test_the_shortest_queue_is_joined_then_the_nearest() -> None:
    """Fewer people go before a shorter way; between equals the nearer till is taken."""
    env = simpy.Environment()
    near, far = Till(env, PLACE, 1), Till(env, OTHER, 1)
    here = (1.0, 0.0)
    assert shortest([near, far], here) is near
    near.join(near.lanes.request())
    assert shortest([near, far], here) is far


def test_a_crowd_gets_more_lanes() -> None:
    """An ordinary day needs one lane a till; ten times the arrivals get enough for their service time."""
    env = simpy.Environment()
    assert [till.lanes.capacity for till in open_tills(env, [PLACE, OTHER], 1.0)] == [1, 1]
    crowd = open_tills(env, [PLACE, OTHER], 26.0)
    assert sum(till.lanes.capacity for till in crowd) >= math.ceil(26 / 60 * 45)
