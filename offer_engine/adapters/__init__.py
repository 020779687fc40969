"""Foreign positioning systems become the wire's own reports: each adapter a few pure functions and a table.

`listening` knows which systems there are and hands each message to its adapter; `foreign` is what they share. None of
them decides anything: what they yield is handled as if the store had sent it, with the same refusals and consents.
"""
