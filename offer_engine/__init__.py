"""The offer engine: positions and baskets come in; now and then an offer goes out. Here is the path of one message.

Dave, with a rack of lamb in his cart, has stood in the wine aisle for five seconds. His beacon's next fix makes it so:

1.  `offer_engine.mqtt_packets.take_packets` finds topic and payload in what the broker sent.
2.  `offer_engine.service.Service.receive` takes every message, whatever it holds, and never raises.
3.  `offer_engine.messages.parse_report` makes it a `Position`, or refuses it with a reason.
4.  `offer_engine.core.shopper.apply` is the whole engine for one shopper: state and event in, state and outcomes out.
5.  `offer_engine.core.tracking.follow` believes the fix, or drops it as late, repeated or a jump.
6.  `offer_engine.core.geofence.step` finds that Dave now dwells in the wine aisle.
7.  `offer_engine.core.decision.decide` narrows the rules that wait for that, stage by stage, to an offer or silence.
8.  `offer_engine.core.eligible.offerable` leaves the products that a rule could offer here and now.
9.  `offer_engine.core.score.score` weighs each by history, cart and popularity.
10. `offer_engine.core.sentence.reason_sentence` says why, in one sentence that is true.
11. `offer_engine.ledger.Ledger.write` records the decision, before anything is sent.
12. `offer_engine.push.Phones.send` queues the offer for Dave's phones.
13. `phone_client.session.Session.received` is the phone: it buzzes.

Steps 4 to 10 are `offer_engine.core`: pure, without clock, chance or I/O, so the same day can be replayed. The rest
is a shell around it, put together in `offer_engine.run`. `make trace` sends this one message and prints what each of
these functions received and returned, with file and line; `tests/test_journey.py` tells the same story as a test.
"""

TOUR = (
    "offer_engine.mqtt_packets.take_packets",
    "offer_engine.service.Service.receive",
    "offer_engine.messages.parse_report",
    "offer_engine.core.shopper.apply",
    "offer_engine.core.tracking.follow",
    "offer_engine.core.geofence.step",
    "offer_engine.core.decision.decide",
    "offer_engine.core.eligible.offerable",
    "offer_engine.core.score.score",
    "offer_engine.core.sentence.reason_sentence",
    "offer_engine.ledger.Ledger.write",
    "offer_engine.push.Phones.send",
    "phone_client.session.Session.received",
)
