"""The phone: offers in, receipts and the shopper's own choices out. Read in this order.

    states       two tables: what a connection may do next, what a shopper may do with an offer
    choices      what the shopper allows, and whether an offer may still be shown
    events       what a phone tells whoever holds it
    session      one phone without any I/O: messages in, events and messages out
    connection   keeps one session connected over a websocket
    clock        the store's time, as the phone can know it
    pairing      from the engine's address to a token
    face         what the terminal phone shows and what each key does
    card         the face drawn with rich
    plain        the same as readable lines, or as JSON lines
    terminal     the keyboard, the bell and the screen; puts all of it back
    web/         the page for a real phone; the same messages

The terminal phone and every simulated shopper run the same `session` and `connection`.
"""
