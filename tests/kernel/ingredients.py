"""What random rulesets are made of: matches and targets as templates, and where each of them may stand.

`{a|b}` is one of these, `{!}` perhaps a negation. What stands in no template (addresses, ports, marks, NAT) is made in
rulesets.py; `MISSING` says what is left out, and why.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from kptui.syntax.ast import Family

_PICK = re.compile(r"\{([^{}]*)\}")
_EVERY_TABLE = frozenset({"raw", "mangle", "nat", "filter", "security"})
_EVERY_HOOK = frozenset({"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"})
_IN = frozenset({"PREROUTING", "INPUT", "FORWARD"})


@dataclass(frozen=True)
class Ingredient:
    """A match, or a target with `-j`; `hooks` and `tables` are all that take it, `proto` is what it needs -p for.

    `unsure` ones leave the tracer two ways at least.
    """

    template: str
    proto: str | None = None
    family: Family | None = None
    tables: frozenset[str] = _EVERY_TABLE
    hooks: frozenset[str] = _EVERY_HOOK
    unsure: bool = False

    @property
    def name(self) -> str:
        """The match's or target's name."""
        return self.template.split()[1]

    def fits(self, table: str, hooks: tuple[str, ...], family: Family, unsure: bool) -> bool:
        """Whether it may stand in a chain of a table that is reached from these hooks."""
        right = table in self.tables and set(hooks) <= self.hooks and self.family in (None, family)
        return right and (unsure or not self.unsure)

    def made(self, chance: random.Random) -> str:
        """The template with every choice made."""
        return chosen(self.template, chance)


def chosen(template: str, chance: random.Random) -> str:
    """A template with every choice made."""
    return _PICK.sub(
        lambda found: (
            ("! " if chance.random() < 0.25 else "") if found[1] == "!" else chance.choice(found[1].split("|"))
        ),
        template,
    )


def _in(*tables: str) -> frozenset[str]:
    return frozenset(tables)


_SENT = _in("OUTPUT", "POSTROUTING")
MATCHES = [
    # The packet's header.
    Ingredient("-m length {!}--length {40|60|0:60|100:65535|28:48}"),
    Ingredient("-m ttl --ttl-{lt|gt|eq} {2|63|64|65|128}", family=4),
    Ingredient("-m ttl ! --ttl-eq {63|64}", family=4),
    Ingredient("-m hl --hl-{lt|gt|eq} {2|63|64|65|128}", family=6),
    Ingredient("-m hl ! --hl-eq {63|64}", family=6),
    Ingredient("-m tos {!}--tos {0x10/0x3f|0x00/0xff|0xb8/0xfc|0x08/0x08}"),
    Ingredient("-m dscp {!}--dscp {0x00|0x2e|0x04}"),
    Ingredient("-m dscp {!}--dscp-class {EF|BE|AF11|CS1}"),
    Ingredient("-m ecn {!}--ecn-ip-ect {0|1|2}"),
    Ingredient("-m string {!}--string {abcd|xyz0} --algo {bm|kmp}"),
    Ingredient("-m string {!}--hex-string |00000000| --algo bm --from {0|40} --to {60|200}"),
    Ingredient("-m u32 {!}--u32 0x0=0x0", unsure=True),
    Ingredient('-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0"', unsure=True),
    Ingredient("-m tcpmss {!}--mss {1460|1000:1400|536}", "tcp"),
    Ingredient("-m ecn {!}--ecn-tcp-{cwr|ece}", "tcp", unsure=True),
    Ingredient("-m osf {!}--genre {Linux|Windows}", "tcp", 4, hooks=_IN, unsure=True),
    Ingredient("-m esp {!}--espspi {0|5:9}", "esp", unsure=True),
    Ingredient("-m esp", "esp"),
    Ingredient("-m ah {!}--ahspi {0|5:9}", "ah", 4, unsure=True),
    Ingredient("-m ipcomp {!}--ipcompspi {0|5:9}", "ipcomp", unsure=True),
    Ingredient("-m dccp {!}--dport {80|53:443|8080}", "dccp"),
    Ingredient("-m dccp {!}--dccp-types {REQUEST|RESPONSE,DATA}", "dccp", unsure=True),
    Ingredient("-m sctp {!}--chunk-types {any|all|only} {INIT|DATA}", "sctp", unsure=True),
    Ingredient("-m tcp {!}--tcp-option {2|8}", "tcp", unsure=True),
    # IPv6's extension headers, of which the packets have none.
    Ingredient("-m rt {!}--rt-type {0|1}", family=6),
    Ingredient("-m rt {!}--rt-segsleft 0:3", family=6),
    Ingredient("-m hbh {!}--hbh-len 5", family=6),
    Ingredient("-m dst {!}--dst-len 5", family=6),
    Ingredient("-m frag {!}--fragid 7", family=6),
    Ingredient("-m srh {!}--srh-next-hdr 17", family=6),
    Ingredient("-m ipv6header {!}--header {prot|hop,prot|frag} {--soft|}", family=6),
    Ingredient("-m mh {!}--mh-type 5", "mh", 6),
    Ingredient("-m eui64", family=6, hooks=_IN, unsure=True),
    # The link, of which a TUN device has none.
    Ingredient("-m mac {!}--mac-source 00:11:22:33:44:55", hooks=_IN),
    Ingredient("-m pkttype {!}--pkt-type {unicast|broadcast|multicast}"),
    Ingredient("-m physdev {!}--physdev-in {eth0|cni+}", hooks=_IN),
    Ingredient("-m physdev {!}--physdev-is-in", hooks=_IN),
    Ingredient("-m physdev {!}--physdev-is-bridged", hooks=_in("FORWARD")),
    # The connection.
    Ingredient("-m conntrack {!}--ctstate {NEW|INVALID|ESTABLISHED,RELATED|NEW,UNTRACKED|UNTRACKED}"),
    Ingredient("-m conntrack {!}--ctstate {DNAT|SNAT|DNAT,SNAT}"),
    Ingredient("-m conntrack {!}--ctproto {6|17}"),
    Ingredient("-m conntrack --ctdir {ORIGINAL|REPLY}"),
    Ingredient("-m conntrack {!}--ctstatus {NONE|SEEN_REPLY|ASSURED|CONFIRMED|CONFIRMED,EXPECTED}"),
    Ingredient("-m conntrack {!}--ctexpire 1:1000", unsure=True),
    Ingredient("-m state {!}--state {NEW|INVALID|ESTABLISHED|UNTRACKED}"),
    Ingredient("-m helper {!}--helper {ftp|sip}"),
    Ingredient("-m connlabel {!}--label 3", unsure=True),
    Ingredient("-m connbytes {!}--connbytes 1: --connbytes-dir both --connbytes-mode packets", unsure=True),
    Ingredient("-m connlimit --connlimit-{upto|above} 2", unsure=True),
    # The host.
    Ingredient("-m addrtype {!}--{src|dst}-type {LOCAL|UNICAST|LOCAL,UNICAST|MULTICAST,LOCAL|ANYCAST}"),
    Ingredient("-m addrtype {!}--{src|dst}-type BROADCAST", family=4),
    Ingredient("-m addrtype {!}--src-type LOCAL --limit-iface-in", family=4, hooks=_IN),
    Ingredient("-m owner {!}--uid-owner {0|1337|0-999}", hooks=_SENT),
    Ingredient("-m owner {!}--gid-owner {0|5}", hooks=_SENT),
    Ingredient("-m owner {!}--socket-exists", hooks=_SENT),
    Ingredient("-m cgroup {!}--cgroup {0|5}", hooks=_SENT, unsure=True),
    Ingredient(
        "-m rpfilter {--loose|--invert|--loose --invert|}", tables=_in("raw", "mangle"), hooks=_in("PREROUTING")
    ),
    Ingredient("-m realm {!}--realm {0|1/1}", family=4, hooks=_EVERY_HOOK - {"PREROUTING"}),
    Ingredient("-m socket", hooks=_in("PREROUTING", "INPUT"), tables=_in("mangle", "filter"), unsure=True),
    Ingredient("-m policy --dir in --pol {none|ipsec}", hooks=_IN),
    Ingredient("-m policy --dir out --pol {none|ipsec}", hooks=_in("FORWARD", "OUTPUT", "POSTROUTING")),
    Ingredient("-m devgroup {!}--src-group {0|7}", hooks=_IN, unsure=True),
    Ingredient("-m cpu {!}--cpu {0|1}", unsure=True),
    Ingredient("-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 5", unsure=True),
    Ingredient(
        "-m time {--timestart 03:17 --timestop 19:44|--weekdays Mon,Wed,Fri|! --weekdays Sun|--monthdays 1,7,25}"
    ),
    Ingredient("-m time --timestart 22:03 --timestop 04:11 {--contiguous --weekdays Tue,Wed|}"),
    Ingredient("-m time --datestart 2020-01-01 --datestop {2021-01-01T12:00:00|2037-01-01}"),
    # Lists, chance and counters.
    Ingredient("-m set {!}--match-set {nets|hosts} {src|dst}"),
    Ingredient("-m set {!}--match-set nets {src|dst} --return-nomatch"),
    Ingredient("-m set {!}--match-set {pairs|netports} {src,dst|dst,dst|src,src}"),
    Ingredient("-m set {!}--match-set netdev {src,src|dst,dst}"),
    Ingredient("-m set {!}--match-set triple {src,dst,dst|dst,dst,src}"),
    Ingredient("-m set {!}--match-set {ports|wide|all} {src|dst}"),
    Ingredient("-m set {!}--match-set maps {src|dst}", family=4),
    Ingredient("-m set {!}--match-set macs src,src", family=4),
    Ingredient("-m statistic --mode random {!}--probability {0.5|0.25|0.33333333349|1}"),
    Ingredient("-m statistic --mode nth {!}--every 3 --packet 0", unsure=True),
    Ingredient("-m limit --limit {1/hour|100/second}", unsure=True),
    Ingredient(
        "-m hashlimit --hashlimit-{upto|above} {1/hour|5/sec} --hashlimit-mode {srcip|dstip,dstport} "
        "--hashlimit-name h",
        unsure=True,
    ),
    Ingredient("-m quota {!}--quota {100|100000}", unsure=True),
    Ingredient("-m recent {!}--rcheck --name seen --{rsource|rdest}", unsure=True),
    Ingredient("-m recent {!}--update --seconds 60 --hitcount {1|2} --name seen --rsource", unsure=True),
    Ingredient("-m recent --set --name seen --rsource", unsure=True),
    Ingredient("-m recent --remove --name seen --rsource", unsure=True),
    Ingredient('-m comment --comment "{plain|with blanks|a -j DROP b}"'),
    Ingredient("{!}-f", family=4),
]
_TOS = "{--set-tos 0x10/0x3f|--set-tos 0xb8/0xff|--and-tos 0x18|--or-tos 0x08|--xor-tos 0x18}"
TARGETS = [
    Ingredient('-j LOG --log-prefix "a b: "'),
    Ingredient("-j NFLOG --nflog-group 5"),
    Ingredient("-j AUDIT --type accept"),
    Ingredient("-j TRACE", tables=_in("raw")),
    Ingredient("-j RATEEST --rateest-name r --rateest-interval 250ms --rateest-ewmalog 500ms"),
    Ingredient("-j IDLETIMER --timeout 600 --label t"),
    Ingredient("-j CONNSECMARK --{save|restore}", tables=_in("mangle", "security")),
    Ingredient("-j CLASSIFY --set-class 1:1", tables=_in("mangle"), hooks=_in("FORWARD", "OUTPUT", "POSTROUTING")),
    Ingredient("-j CHECKSUM --checksum-fill", tables=_in("mangle")),
    Ingredient("-j SET --{add|del}-set written src"),
    Ingredient("-j CT --notrack", tables=_in("raw")),
    Ingredient("-j NOTRACK", tables=_in("raw")),
    Ingredient("-j CT {--zone 3|--ctevents new|}", tables=_in("raw")),
    Ingredient("-j TTL --ttl-{set|inc|dec} {1|62|63|100|200}", family=4, tables=_in("mangle")),
    Ingredient("-j HL --hl-{set|inc|dec} {1|62|63|100|200}", family=6, tables=_in("mangle")),
    Ingredient(f"-j TOS {_TOS}", tables=_in("mangle")),
    Ingredient("-j DSCP --set-dscp {0x2e|0x04}", tables=_in("mangle")),
    Ingredient("-j DSCP --set-dscp-class {EF|CS1}", tables=_in("mangle")),
    Ingredient("-j ECN --ecn-tcp-remove", "tcp", 4, tables=_in("mangle")),
    Ingredient("-j TCPMSS --set-mss {536|1000|1460}", "tcp-syn", tables=_in("mangle")),
    Ingredient(
        "-j TCPMSS --clamp-mss-to-pmtu", "tcp-syn", tables=_in("mangle"),
        hooks=_in("FORWARD", "OUTPUT", "POSTROUTING"),
    ),
    Ingredient("-j TCPOPTSTRIP --strip-options {mss|sack}", "tcp", tables=_in("mangle")),
    Ingredient(
        "-j HMARK --hmark-tuple {src,dst|src,dport} --hmark-mod {10|64} --hmark-offset {0|5} --hmark-rnd 1",
        tables=_in("mangle"),
    ),
    Ingredient("-j SNPT --src-pfx fd00:42::/64 --dst-pfx 2001:db8:9:7::/64", family=6, tables=_in("mangle"),
               hooks=_in("POSTROUTING")),
    Ingredient("-j DNPT --src-pfx 2001:db8:50::/64 --dst-pfx fd00:42::/64", family=6, tables=_in("mangle"),
               hooks=_in("PREROUTING")),
    Ingredient("-j TPROXY --on-port 90 --tproxy-mark 0x1/0x{1|f}", "{tcp|udp}", tables=_in("mangle"),
               hooks=_in("PREROUTING"), unsure=True),
    Ingredient("-j SYNPROXY --mss 1460", "tcp", tables=_in("filter"), hooks=_in("INPUT", "FORWARD")),
    Ingredient("-j NFQUEUE --queue-num 3 --queue-bypass", tables=_in("filter", "mangle"), unsure=True),
    Ingredient("-j NFQUEUE --queue-balance 1:3", tables=_in("filter")),
    Ingredient("-j REJECT --reject-with tcp-reset", "tcp", tables=_in("filter")),
    Ingredient("-j REJECT --reject-with icmp-{port-unreachable|admin-prohibited|net-prohibited}", family=4,
               tables=_in("filter")),
    Ingredient("-j REJECT --reject-with icmp6-{port-unreachable|adm-prohibited|no-route}", family=6,
               tables=_in("filter")),
]  # fmt: skip
MISSING = {
    "match": {
        "ipvs": "the kernel at hand has no IPVS",
        "nfacct": "needs an accounting object of its own",
        "rateest": "needs an estimator that has measured",
        "udplite": "iptables 1.8.9 has no such match; its ports are asked by multiport",
    },
    "target": {
        "CLUSTERIP": "gone from the kernel at hand",
        "LED": "needs a light",
        "QUEUE": "iptables-nft has none; NFQUEUE is the same",
        "SECMARK": "needs SELinux",
        "TEE": "its copies carry the packet's own tag",
        "ULOG": "gone from the kernel at hand",
    },
}
