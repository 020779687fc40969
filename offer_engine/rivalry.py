"""Connections that are lost as soon as they stand become a verdict: another engine has this one's place at the broker.

An engine's client id is its store's, so that the session waits for it; a broker that sees it a second time lets go of
the first connection. Two engines for one store would therefore take the place from one another for ever, each a second
after the other. Neither is told why it was let go (MQTT 3.1.1 has no word for it), but it shows: the later one never
stays. The one that was there first has lost one long connection, the later one only short ones, so it is the later one
that gives up first. Where the first had not stood for five seconds either, it may be either of them. A rival leaves the
broker free to let one in again at once; a broker that does not for some seconds was away itself, and proves nothing.
"""

from dataclasses import dataclass

SHORT_S = 5.0  # a connection that held less was taken, or the broker is not well
GIVE_UP_AFTER = 3  # short connections in a row
AWAY_S = 3.0  # between two connections: longer than a retry takes, so the broker was not there


@dataclass(slots=True)
class Rivalry:
    """How the last connections ended."""

    since_s: float = 0.0
    short: int = 0  # in a row
    lost_s: float = 0.0  # when the last one was lost

    def connected(self, now_s: float) -> None:
        """A connection stands."""
        if now_s - self.lost_s > AWAY_S:
            self.short = 0
        self.since_s = now_s

    def lost(self, now_s: float) -> bool:
        """It has been lost; whether that settles that another engine is there.

        >>> rivalry, verdicts = Rivalry(), []
        >>> for start, end in [(0, 3600), (3601, 3602), (3603, 3604), (3605, 3606)]:
        ...     rivalry.connected(start)
        ...     verdicts.append(rivalry.lost(end))
        >>> verdicts
        [False, False, False, True]
        """
        self.short = self.short + 1 if now_s - self.since_s < SHORT_S else 0
        self.lost_s = now_s
        return self.short >= GIVE_UP_AFTER
