"""The journey of a reply: from where it starts to whoever waits for it, or past this host."""

from __future__ import annotations

from fractions import Fraction

from kptui.netfilter.deciding import parted
from kptui.netfilter.ended import Ended
from kptui.netfilter.facts import Facts
from kptui.netfilter.journey import Journey, Origin
from kptui.netfilter.packet import Packet
from kptui.netfilter.path import Path
from kptui.netfilter.reply import Sent, bypassed, mistaken, returns, returns_words
from kptui.netfilter.walk import Journal
from kptui.netfilter.worlds import Flow, Way, Ways


def replying(
    journey: Journey, sent: Sent, answer: Packet, origin: Origin, given: Facts, journal: Journal, ended: Ended
) -> None:
    """Send the answer to a packet on its way, given what was assumed for the packet."""
    ways: Ways = {given: Way(Fraction(1), Path())}
    if sent.end != "delivered":
        ways, past = parted(returns(sent, journey.host), ways, returns_words(sent), journal)
        if past:
            fine, reason = bypassed(sent)
            ended.add("ACCEPT" if fine else "LOST", "bypassed", reason, Flow.of(answer, past))
    if not ways:
        return
    for reached in journey.run(answer, origin, journal, ways):
        for packet, some in reached.flow:
            wrong, why = mistaken(packet, sent.wanted)
            bad, good = parted(wrong, some, why, journal)
            if good:
                ended.add("ACCEPT", reached.end, None, Flow.of(packet, good))
            if bad:
                ended.add("LOST", reached.end, why, Flow.of(packet, bad))
    ended.all_of((), journal)
