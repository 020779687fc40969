"""The store full of people: a seeded day of shoppers becomes the MQTT messages that a real store would send.

The path of one shopper: `population` says who comes and why, `floor` finds the way round the shelves, `trip` plans the
stops and `shopper` walks them in virtual time, `radio` turns the true place into what a locating system would report,
`gateways` into what bare receivers hear, and `antenna` makes messages of either; `till` is the queue, `reaction` says
what becomes of an offer on the phone. `day` runs them all; `publish` and `phones` connect the day to a broker and to
the engine, and `drive` decides how fast virtual time passes.
"""
