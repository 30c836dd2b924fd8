"""More of what the kernel taught: matches and targets, each a dump, a packet, and how it goes on."""

from __future__ import annotations

from dataclasses import replace

from kptui.kernel.messages import Probe
from tests.kernel.finds import NODE, NODE6, Find, dump

_OUT, _POD, _ME = "192.168.50.2", "10.42.0.7", "192.168.50.10"
_SYN = Probe(6, _OUT, _POD, "eth0", 40000, 80)
_SYN6 = Probe(6, "2001:db8:50::2", "fd00:42::7", "eth0", 40000, 80)
_SETS = replace(
    NODE,
    ipsets="""create written hash:ip
create all list:set size 8
add all written
create macs bitmap:ip,mac range 10.42.0.0/24
add macs 10.42.0.7
create wide hash:ip netmask 28
add wide 10.42.0.0
create types hash:ip,port
add types 10.42.0.7,icmp:8/0
add types 10.42.0.7,47:0
""",
)
_SYN_ONLY = "-p tcp -m tcp --tcp-flags SYN,RST SYN"
EXTENSIONS: dict[str, Find] = {
    # TCPMSS, HMARK, SYNPROXY, CONNMARK, NPT
    "an_mss_that_was_not_there_makes_the_packet_longer": Find(
        dump(mangle=f"PREROUTING {_SYN_ONLY} -j TCPMSS --set-mss 1000\nFORWARD -m length --length 44"),
        _SYN,
        ("forwarded",),
        ("mangle PREROUTING 1", "mangle FORWARD 1"),
    ),
    "an_mss_that_was_not_there_is_536_at_most": Find(
        dump(mangle=f"PREROUTING {_SYN_ONLY} -j TCPMSS --set-mss 1000\nFORWARD -p tcp -m tcpmss --mss 536"),
        _SYN,
        ("forwarded",),
        ("mangle PREROUTING 1", "mangle FORWARD 1"),
    ),
    "an_mss_is_never_raised": Find(
        dump(mangle=f"PREROUTING {_SYN_ONLY} -j TCPMSS --set-mss 1400\nFORWARD -p tcp -m tcpmss --mss 1000"),
        replace(_SYN, options="020403e8"),
        ("forwarded",),
        ("mangle PREROUTING 1", "mangle FORWARD 1"),
    ),
    "an_option_that_is_stripped_leaves_the_length": Find(
        dump(
            mangle="PREROUTING -p tcp -j TCPOPTSTRIP --strip-options mss\n"
            "FORWARD -p tcp -m tcpmss --mss 0:65535 -j DROP\nFORWARD -m length --length 44"
        ),
        replace(_SYN, options="020405b4"),
        ("forwarded",),
        ("mangle PREROUTING 1", "mangle FORWARD 2"),
    ),
    "hmark_leaves_the_mark_where_there_is_nothing_to_hash": Find(
        dump(6, mangle="PREROUTING -j HMARK --hmark-tuple src,dport --hmark-mod 64 --hmark-offset 5 --hmark-rnd 1"),
        Probe(58, "2001:db8:50::2", "fd00:42::7", "eth0", icmp_type=1, payload=60),
        ("forwarded",),
        place=NODE6,
    ),
    "hmark_is_within_offset_and_modulus": Find(
        dump(
            mangle="PREROUTING -j HMARK --hmark-tuple src,dst --hmark-mod 10 --hmark-offset 100 --hmark-rnd 1\n"
            "PREROUTING -m mark --mark 0x80/0x80 -j DROP"
        ),
        _SYN,
        ("forwarded",),
        ("mangle PREROUTING 1",),
    ),
    "synproxy_answers_a_syn": Find(dump(filter="FORWARD -p tcp -j SYNPROXY --mss 1460"), _SYN, ("dropped",)),
    "synproxy_lets_a_rst_pass": Find(
        dump(filter="FORWARD -p tcp -j SYNPROXY --mss 1460"), replace(_SYN, tcp_flags=4), ("forwarded",)
    ),
    "a_mark_that_is_saved_is_shifted_after_its_mask": Find(
        dump(
            mangle="PREROUTING -j MARK --set-mark 0x112\n"
            "PREROUTING -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff0 --left-shift-mark 4\n"
            "PREROUTING -m connmark --mark 0x120 -j ACCEPT\nPREROUTING -j DROP"
        ),
        _SYN,
        ("forwarded",),
        tuple(f"mangle PREROUTING {n}" for n in (1, 2, 3)),
    ),
    "a_prefix_is_translated_and_the_checksum_kept": Find(
        dump(6, mangle="POSTROUTING -j SNPT --src-pfx 2001:db8:50::/64 --dst-pfx fd00:77:1:2::/64"),
        _SYN6,
        ("forwarded",),
        place=NODE6,
    ),
    # NAT's choice of a range
    "snat_takes_the_address_that_the_hash_leads_to": Find(
        dump(nat="POSTROUTING -j SNAT --to-source 10.9.1.3-10.77.3.200"), _SYN, ("forwarded",)
    ),
    "a_persistent_snat_looks_at_the_source_only": Find(
        dump(nat="POSTROUTING -j SNAT --to-source 10.9.1.3-10.77.3.200 --persistent"), _SYN, ("forwarded",)
    ),
    "conntrack_s_zone_is_hashed_too": Find(
        dump(raw="PREROUTING -j CT --zone 7", nat="POSTROUTING -j SNAT --to-source 10.9.1.3-10.77.3.200"),
        _SYN,
        ("forwarded",),
    ),
    "dnat_hashes_the_words_it_has_written": Find(
        dump(6, nat="PREROUTING -j DNAT --to-destination fd00:42::7-fd00:42::1:3"),
        Probe(6, "2001:db8:50::77", "2001:db8:50::ff:7", "eth0", 80, 40001, 24),
        ("forwarded",),
        place=NODE6,
    ),
    "redirect_takes_the_incoming_device_s_only_address": Find(
        dump(nat="PREROUTING -p tcp -j REDIRECT --to-ports 8080"),
        Probe(6, _POD, "203.0.113.9", "cni0", 40000, 80),
        ("delivered",),
    ),
    # ipsets
    "a_list_changes_with_its_members": Find(
        dump(filter="FORWARD -j SET --add-set written src\nFORWARD -m set --match-set all src -j DROP"),
        _SYN,
        ("dropped", "forwarded"),
        place=_SETS,
    ),
    "without_a_mac_address_a_packet_is_in_no_set_of_them": Find(
        dump(filter="FORWARD -m set --match-set macs src,src -j DROP"),
        Probe(6, _POD, _OUT, "cni0", 40000, 80),
        ("forwarded",),
        (),
        _SETS,
    ),
    "a_set_s_netmask_stands_for_the_whole_network": Find(
        dump(filter="FORWARD -m set --match-set wide dst -j DROP"), _SYN, ("dropped",), None, _SETS
    ),
    "of_icmp_a_set_holds_type_and_code": Find(
        dump(filter="FORWARD -m set --match-set types dst,dst -j DROP"),
        Probe(1, _OUT, _POD, "eth0"),
        ("dropped",),
        None,
        _SETS,
    ),
    "of_a_protocol_without_ports_a_set_holds_port_0": Find(
        dump(filter="FORWARD -m set --match-set types dst,dst -j DROP"),
        Probe(47, _OUT, _POD, "eth0"),
        ("dropped",),
        None,
        _SETS,
    ),
    "with_too_few_sides_nothing_is_in_a_set": Find(
        dump(filter="FORWARD -m set ! --match-set types dst"), _SYN, ("forwarded",), ("filter FORWARD 1",), _SETS
    ),
    # matches
    "bytes_of_the_header_are_searched_too": Find(
        dump(filter='FORWARD -m string --hex-string "|00000000|" --algo bm -j DROP'), _SYN, ("dropped", "forwarded")
    ),
    "soft_wants_all_headers_named": Find(
        dump(
            6,
            filter="FORWARD -m ipv6header --header hop,prot --soft -j DROP\nFORWARD -m ipv6header --header prot --soft",
        ),
        _SYN6,
        ("forwarded",),
        ("filter FORWARD 2",),
        NODE6,
        told={"ipv6-headers": "none"},
    ),
    "without_the_header_its_match_fails_even_negated": Find(
        dump(6, filter="FORWARD -m rt ! --rt-type 0 -j DROP\nFORWARD -m hbh ! --hbh-len 5 -j DROP"),
        _SYN6,
        ("forwarded",),
        (),
        NODE6,
        told={"ipv6-headers": "none"},
    ),
    "what_conntrack_keeps_of_dccp_hangs_on_the_kernel": Find(
        dump(filter="FORWARD -m conntrack --ctorigdstport 80 -j DROP"),
        Probe(33, _OUT, _POD, "eth0", 40000, 80),
        ("dropped", "forwarded"),
    ),
    "the_first_packet_s_connection_has_no_status_yet": Find(
        dump(
            filter="FORWARD -m conntrack --ctstatus CONFIRMED,SEEN_REPLY -j DROP\n"
            "FORWARD -m conntrack ! --ctstatus NONE"
        ),
        _SYN,
        ("forwarded",),
        ("filter FORWARD 2",),
    ),
    "after_lo_it_is_confirmed": Find(
        dump(filter="INPUT -m conntrack --ctstatus CONFIRMED"),
        Probe(17, _ME, "10.42.0.1", None, 40000, 80),
        ("delivered",),
        ("filter INPUT 1",),
    ),
    "what_is_forwarded_came_as_unicast": Find(
        dump(filter="FORWARD -m pkttype ! --pkt-type unicast -j DROP"), _SYN, ("forwarded",), ()
    ),
    "what_is_forwarded_belongs_to_no_user": Find(
        dump(mangle="POSTROUTING -m owner --uid-owner 0 -j DROP\nPOSTROUTING -m owner ! --uid-owner 0"),
        _SYN,
        ("forwarded",),
        ("mangle POSTROUTING 2",),
    ),
    "a_start_that_is_the_end_is_the_whole_day": Find(
        dump(filter="FORWARD -m time --timestart 12:00 --timestop 12:00 -j DROP"),
        _SYN,
        ("dropped",),
        told={"time": "2026-11-25T03:00"},
    ),
    "a_list_that_was_just_written_has_the_address": Find(
        dump(filter="FORWARD -m recent --set --name x\nFORWARD -m recent --rcheck --seconds 5 --name x -j DROP"),
        _SYN,
        ("dropped",),
    ),
}
