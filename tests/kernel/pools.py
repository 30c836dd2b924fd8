"""The hosts, addresses and ports that random rulesets and random packets are drawn from."""

from __future__ import annotations

from kptui.kernel.messages import Leg, Place, Way

_SETS = {
    4: """create nets hash:net family inet
add nets 10.1.0.0/16
add nets 10.1.2.0/24 nomatch
create hosts hash:ip family inet netmask 28
add hosts 203.0.113.0
add hosts 10.42.0.0
create pairs hash:ip,port family inet
add pairs 10.42.0.7,tcp:80
add pairs 203.0.113.9,udp:53
add pairs 10.42.0.8,icmp:8/0
add pairs 10.42.0.7,47:0
create netports hash:net,port family inet timeout 600
add netports 10.0.0.0/8,tcp:80-90
add netports 10.42.0.0/24,tcp:80 nomatch
add netports 203.0.113.0/24,udp:1-1024 timeout 300
create netdev hash:net,iface family inet
add netdev 10.0.0.0/8,eth1
add netdev 10.42.0.0/24,cni wildcard
add netdev 10.42.0.8,cni0 nomatch
create triple hash:ip,port,net family inet
add triple 10.42.0.7,tcp:80,10.0.0.0/8
add triple 192.168.50.2,tcp:80,10.42.0.0/24
add triple 10.42.0.7,tcp:80,10.42.0.7/32
create macs bitmap:ip,mac range 10.42.0.0/24
add macs 10.42.0.7,00:11:22:33:44:55
add macs 10.42.0.8
create maps bitmap:ip range 10.42.0.0/24
add maps 10.42.0.7
add maps 10.42.0.128-10.42.0.130
create ports bitmap:port range 0-65535
add ports 80
add ports 8000-8100
create wide hash:net family inet
add wide 0.0.0.0/1
add wide 128.0.0.0/2
create written hash:ip family inet
create all list:set size 8
add all nets
add all hosts
""",
    6: """create nets hash:net family inet6
add nets fd00:1::/32
add nets fd00:1:2::/64 nomatch
create hosts hash:ip family inet6 netmask 124
add hosts 2001:db8:9::
add hosts fd00:42::
create pairs hash:ip,port family inet6
add pairs fd00:42::7,tcp:80
add pairs 2001:db8:9::9,udp:53
add pairs fd00:42::8,icmpv6:128/0
add pairs fd00:42::7,47:0
create netports hash:net,port family inet6 timeout 600
add netports fd00::/8,tcp:80-90
add netports fd00:42::/64,tcp:80 nomatch
add netports 2001:db8:9::/48,udp:1-1024 timeout 300
create netdev hash:net,iface family inet6
add netdev fd00::/8,eth1
add netdev fd00:42::/64,cni wildcard
add netdev fd00:42::8,cni0 nomatch
create triple hash:ip,port,net family inet6
add triple fd00:42::7,tcp:80,fd00::/8
add triple 2001:db8:50::2,tcp:80,fd00:42::/64
add triple fd00:42::7,tcp:80,fd00:42::7/128
create ports bitmap:port range 0-65535
add ports 80
add ports 8000-8100
create wide hash:net family inet6
add wide ::/1
add wide 8000::/2
create written hash:ip family inet6
create all list:set size 8
add all nets
add all hosts
""",
}
PLACES: dict[int, Place] = {
    4: Place(
        4,
        (Leg("eth0", ("192.168.50.10", "192.168.50.11")), Leg("eth1", ("10.1.0.1",)), Leg("cni0", ("10.42.0.1",))),
        (
            Way("192.168.50.0/24", "eth0", "192.168.50.10"),
            Way("10.1.0.0/16", "eth1", "10.1.0.1"),
            Way("10.42.0.0/24", "cni0", "10.42.0.1"),
            Way("198.51.100.0/25", "eth1", "10.1.0.1"),
            Way("203.0.113.0/24", "eth0", "192.168.50.11"),
        ),
        local=("172.16.5.0/24",),
        ipsets=_SETS[4],
    ),
    6: Place(
        6,
        (
            Leg("eth0", ("2001:db8:50::10", "2001:db8:50::11")),
            Leg("eth1", ("fd00:1::1",)),
            Leg("cni0", ("fd00:42::1",)),
        ),
        (
            Way("2001:db8:50::/64", "eth0", "2001:db8:50::10"),
            Way("fd00:1::/32", "eth1", "fd00:1::1"),
            Way("fd00:42::/64", "cni0", "fd00:42::1"),
            Way("2001:db8:8::/48", "eth1", "fd00:1::1"),
            Way("2001:db8:9::/48", "eth0", "2001:db8:50::11"),
        ),
        local=("fd00:5::/64",),
        ipsets=_SETS[6],
    ),
}
OWN = {
    4: ("192.168.50.10", "192.168.50.11", "10.1.0.1", "10.42.0.1", "172.16.5.5", "127.0.0.1"),
    6: ("2001:db8:50::10", "2001:db8:50::11", "fd00:1::1", "fd00:42::1", "fd00:5::5", "::1"),
}
OTHERS = {
    4: {
        "eth0": ("192.168.50.2", "203.0.113.9", "203.0.113.77"),
        "eth1": ("10.1.2.3", "10.1.9.9", "198.51.100.7"),
        "cni0": ("10.42.0.7", "10.42.0.8"),
    },
    6: {
        "eth0": ("2001:db8:50::2", "2001:db8:9::9", "2001:db8:9::77"),
        "eth1": ("fd00:1:2::3", "fd00:1:9::9", "2001:db8:8::7"),
        "cni0": ("fd00:42::7", "fd00:42::8"),
    },
}
STRANGE = {
    4: ("224.0.0.5", "192.168.50.255", "255.255.255.255", "9.9.9.9", "127.0.0.1", "0.0.0.0", "0.1.2.3", "240.0.0.1"),
    6: ("ff02::5", "fe80::5", "::1", "::", "2001:db8:ffff::1", "ff0e::1"),
}
PORTS = (53, 80, 443, 8080, 8081, 40000, 40001, 600, 100)
