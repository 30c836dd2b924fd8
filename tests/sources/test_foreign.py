"""What other tools collect: found by what it holds, its host's facts beside it, a sentence where there are several."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kptui.errors import SourceError
from kptui.sources import members, read_source
from kptui.sources.iproute_text import addresses, routes, rules
from tests.sources.test_bundle import LEGACY, NFT, SIX, archive, refused
from tests.support import Done

OTHER = NFT.replace("PREROUTING", "OUTPUT")
ADDR = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP group default qlen 1000
    link/ether 02:42:0a:00:00:01 brd ff:ff:ff:ff:ff:ff link-netnsid 0
    inet 192.168.50.10/24 metric 100 brd 192.168.50.255 scope global dynamic eth0
       valid_lft 3000sec preferred_lft 3000sec
    inet6 fe80::1/64 scope link
       valid_lft forever preferred_lft forever
"""
ROUTE = """\
default via 192.168.50.1 dev eth0 proto dhcp src 192.168.50.10 metric 100
192.168.50.0/24 dev eth0 proto kernel scope link src 192.168.50.10
local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1
local 192.168.50.10 dev eth0 table local proto kernel scope host src 192.168.50.10
broadcast 192.168.50.255 dev eth0 table local proto kernel scope link src 192.168.50.10
fe80::/64 dev eth0 proto kernel metric 256 pref medium
local fe80::1 dev eth0 table local proto kernel metric 0 pref medium
multicast ff00::/8 dev eth0 table local proto kernel metric 256 pref medium
"""
RULE = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n"
SYSCTL = "net.ipv4.ip_forward = 1\nnet.ipv6.conf.all.stable_secret = secret\nkernel.hostname = node1\n"
TREE = Mapping[str, "bytes | str"]

RANCHER: TREE = {
    "networking/iptablessave": NFT,
    "networking/ip6tablessave": SIX,
    "networking/iptablesnat": "Chain PREROUTING (policy ACCEPT)\n",
    "networking/ipaddrshow": ADDR,
    "networking/iproute": ROUTE,
    "networking/iprule": RULE,
    "networking/ipv6rule": RULE,
    "networking/ipv6route": "fe80::/64 dev eth0 proto kernel metric 256 pref medium\n",
    "systeminfo/sysctla": SYSCTL,
    "systeminfo/ps": "root 1\n",
    "k3s/containerd.log": "\0",
}
EKS: TREE = {
    "./networking/iptables-save.txt": NFT,
    "./networking/iptables-nat.txt": "Chain\n",
    "./networking/conntrack.txt": "*** Output of conntrack -S *** \n*** Output of conntrack -L ***\n",
    "./networking/iproute.txt": ROUTE,
    "./networking/iprule.txt": RULE,
    "./sysctls/sysctl_all.txt": SYSCTL,
    "./networking/resolv.conf": "nameserver 10.0.0.2\n",
}


def sos(*namespaces: str) -> dict[str, bytes | str]:
    top = "sosreport-node1-2026-11-25-abcdefg"
    found: dict[str, bytes | str] = {
        f"{top}/sos_commands/firewall_tables/iptables_-t_nat_-nvL": "Chain PREROUTING\n",
        f"{top}/sos_commands/networking/ip_-d_address": ADDR,
        f"{top}/sos_commands/kernel/sysctl_-a": SYSCTL,
    }
    for name in namespaces:
        inside = f"{top}/sos_commands/networking/namespaces/{name}/ip_netns_exec_{name}_"
        texts = {"iptables-save": NFT, "ip6tables-save": SIX, "ip_-d_address_show": ADDR, "sysctl_-a": SYSCTL,
                 "ip_route_show_table_all": ROUTE, "ip_-4_rule_list": RULE}  # fmt: skip
        found.update({f"{inside}{what}": text for what, text in texts.items()})
    return found


def written(root: Path, tree: TREE) -> str:
    """The tree as a directory."""
    for name, content in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(root)


def zipped(path: Path, tree: TREE) -> str:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in tree.items():
            file.writestr(name, content)
    return str(path)


FORMS = pytest.mark.parametrize(
    "pack",
    [
        lambda to, tree: written(to / "d", tree),
        lambda to, tree: archive(to / "x", tree),
        lambda to, tree: zipped(to / "x", tree),
    ],
    ids=["directory", "tar.gz", "zip"],
)
Pack = Callable[[Path, TREE], str]


class TestCollectors:
    @FORMS
    def test_rancher_s(self, tmp_path: Path, pack: Pack) -> None:
        found = read_source(pack(tmp_path, RANCHER))
        assert found.text == NFT + SIX
        assert set(found.facts) == {
            "ip-addr.json", "ip-route.json", "ip6-route.json", "ip-rule.json", "ip6-rule.json", "sysctl",
        }  # fmt: skip
        assert found.facts["sysctl"] == "net.ipv4.ip_forward = 1\n"
        assert "networking is what was found in it" in found.remarks[0]
        assert found.remarks[0].endswith("policy rules, sysctls; not ipsets, connections.")
        assert found.remarks[1] == "networking/ipv6route is left out: it is not of all tables."

    @FORMS
    def test_the_one_of_eks(self, tmp_path: Path, pack: Pack) -> None:
        found = read_source(pack(tmp_path, EKS))
        assert found.text == NFT
        # conntrack's file doesn't tell whether there were no connections or no conntrack.
        assert set(found.facts) == {"ip-route.json", "ip-rule.json", "sysctl"}
        assert "not addresses" in found.remarks[0]

    @FORMS
    def test_a_sosreport_of_one_namespace(self, tmp_path: Path, pack: Pack) -> None:
        found = read_source(pack(tmp_path, sos("qrouter-1")))
        assert found.text == NFT + SIX
        # What is known of the host itself is nothing that its namespace has.
        assert set(found.facts) == {"ip-addr.json", "ip-route.json", "ip-rule.json", "sysctl"}

    @FORMS
    def test_a_sosreport_of_several_names_them_and_takes_one(
        self, tmp_path: Path, pack: Pack, run: Callable[..., Done]
    ) -> None:
        name = pack(tmp_path, sos("blue", "green"))
        said = refused(name)
        assert "holds the rules of 2 hosts or namespaces: " in said
        assert said.endswith("/namespaces/blue")
        picked = said.rpartition("name one: ")[2]
        assert read_source(picked).text == NFT + SIX
        assert set(read_source(picked).facts) == {"ip-addr.json", "ip-route.json", "ip-rule.json", "sysctl"}
        assert run("trace", name, "-> 10.0.0.1:80").code == 3
        assert run("check", name).out.count("── ") == 2
        assert "holds no rules at red" in refused(f"{name}//red")

    def test_a_sosreport_with_listings_only(self, tmp_path: Path) -> None:
        said = refused(archive(tmp_path / "x", sos()))
        assert "only listings such as" in said
        assert "iptables_-t_nat_-nvL: expected what iptables-save prints" in said

    def test_a_dump_of_a_cluster_with_a_node_in_each_folder(self, tmp_path: Path) -> None:
        tree = {
            "nodes/a/networking/iptablessave": NFT,
            "nodes/b/networking/iptablessave": OTHER,
            "default/events.json": "{}",
        }
        name = archive(tmp_path / "x", tree)
        assert "nodes/a/networking, nodes/b/networking" in refused(name)
        assert read_source(f"{name}//nodes/b").text == OTHER

    def test_files_named_for_their_nodes_in_one_folder(self, tmp_path: Path) -> None:
        name = written(tmp_path / "d", {"node1-iptables-save.txt": NFT, "node2-iptables-save.txt": OTHER})
        assert "node1-iptables-save.txt, node2-iptables-save.txt" in refused(name)
        assert read_source(f"{name}//node2-iptables-save.txt").text == OTHER

    def test_archives_in_archives(self, tmp_path: Path) -> None:
        inner = archive(tmp_path / "node1.tar.gz", RANCHER)
        bundle = zipped(tmp_path / "x.zip", {"nodes/node1.tar.gz": Path(inner).read_bytes(), "readme": "hello"})
        found = read_source(bundle)
        assert found.text == NFT + SIX
        assert "sysctl" in found.facts

    def test_whatever_its_name(self, tmp_path: Path) -> None:
        assert read_source(archive(tmp_path / "x", {"a/b/c/d.log": LEGACY, "a/b/other": "text"})).text == LEGACY

    def test_words_of_the_command_in_the_names(self, tmp_path: Path) -> None:
        folder = "sosreport-x/sos_commands/firewall_tables"
        tree = {
            f"{folder}/iptables-save_-c": NFT,
            f"{folder}/ip6tables-save_-c": SIX,
            f"{folder}/iptables_-vnxL": "Chain",
        }
        assert read_source(archive(tmp_path / "x", tree)).text == NFT + SIX

    def test_files_packed_one_by_one(self, tmp_path: Path) -> None:
        tree = {"n/iptables-save.txt.gz": gzip.compress(NFT.encode()), "n/sysctl_-a.xz": lzma.compress(SYSCTL.encode()),
                "log/messages-1.gz": b"\x1f\x8b garbage"}  # fmt: skip
        for name in (written(tmp_path / "d", tree), archive(tmp_path / "x", tree), zipped(tmp_path / "y", tree)):
            found = read_source(name)
            assert found.text == NFT
            assert "sysctl" in found.facts

    def test_a_file_of_rules_to_be_loaded_is_not_taken_for_those_in_force(self, tmp_path: Path) -> None:
        tree = {"etc/iptables/rules.v4": OTHER, "networking/iptables-save": NFT}
        assert read_source(archive(tmp_path / "x", tree)).text == NFT
        assert read_source(archive(tmp_path / "y", {"etc/iptables/rules.v4": OTHER})).text == OTHER

    def test_both_back_ends_beside_each_other(self, tmp_path: Path) -> None:
        tree = {"n/iptables-legacy-save.out": LEGACY, "n/iptables-nft-save.out": NFT, "n/iproute": ROUTE}
        assert read_source(archive(tmp_path / "x", tree)).text == LEGACY + NFT

    def test_routes_without_the_policy_rules_are_left_out(self, tmp_path: Path) -> None:
        found = read_source(archive(tmp_path / "x", {"n/iptablessave": NFT, "n/iproute": ROUTE}))
        assert found.facts == {}
        assert "The IPv4 routes are left out: there is no `ip rule` beside them." in found.remarks

    def test_a_trace_takes_the_facts_and_says_what_is_missing(self, tmp_path: Path, run: Callable[..., Done]) -> None:
        done = run("trace", archive(tmp_path / "x", RANCHER), "--src", "10.0.0.1", "--dst", "192.168.50.10", "--json")
        assert {each["end"] for each in json.loads(done.out)["outcomes"]} == {"delivered"}
        assert "networking is what was found in it. Of its host it tells addresses" in done.err


class TestHostile:
    def test_links_are_passed_over(self, tmp_path: Path) -> None:
        (tmp_path / "d" / "n").mkdir(parents=True)
        (tmp_path / "d" / "n" / "iptablessave").write_text(NFT)
        (tmp_path / "d" / "n" / "iprule").symlink_to("/etc/passwd")
        (tmp_path / "d" / "loop").symlink_to(tmp_path / "d")
        assert read_source(str(tmp_path / "d")).facts == {}

    def test_bombs_in_archives(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(members, "MAX_BYTES", 1 << 20)
        noise = b" " * (2 << 20)
        inner = archive(tmp_path / "i", {"noise": noise})
        for bomb in (
            zipped(tmp_path / "a.zip", {"ip_addr": noise, "iptables-save": NFT}),
            zipped(tmp_path / "b.zip", {"x.zip": Path(zipped(tmp_path / "c.zip", {"ip_addr": noise})).read_bytes()}),
            archive(tmp_path / "e.tgz", {"ip_addr.gz": gzip.compress(noise)}),
            archive(tmp_path / "d.tgz", {"x.tar.gz": Path(inner).read_bytes()}),
        ):
            assert Path(bomb).stat().st_size < 20_000
            assert "1 MiB when unpacked" in refused(bomb)

    def test_paths_that_lead_out_of_an_inner_archive(self, tmp_path: Path) -> None:
        inner = archive(tmp_path / "i", {"../../iptables-save": NFT})
        assert "leads out of it" in refused(zipped(tmp_path / "x.zip", {"a.tgz": Path(inner).read_bytes()}))

    @pytest.mark.parametrize("data", [b"no archive", b"\x1f\x8b garbage", b"PK\x03\x04 garbage", b""])
    def test_damaged_inner_archives(self, tmp_path: Path, data: bytes) -> None:
        said = refused(archive(tmp_path / "x", {"a.tar.gz": data, "iptablessave": NFT}))
        assert "damaged archive" in said

    def test_a_damaged_zip(self, tmp_path: Path) -> None:
        whole = Path(zipped(tmp_path / "x.zip", {"iptables-save": NFT})).read_bytes()
        (tmp_path / "cut.zip").write_bytes(whole[:-30])
        assert "is a damaged archive" in refused(str(tmp_path / "cut.zip"))

    def test_more_files_than_any_has(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(members, "MAX_MEMBERS", 3)
        assert "more than 3 files" in refused(written(tmp_path / "d", {f"a/{i}": "" for i in range(4)}))

    def test_two_slashes_in_a_path_are_one(self, tmp_path: Path) -> None:
        (tmp_path / "rules.txt").write_text(NFT)
        assert read_source(f"{tmp_path}//rules.txt").text == NFT

    def test_names_are_made_visible(self, tmp_path: Path) -> None:
        assert "\x1b" not in refused(archive(tmp_path / "x", {"\x1b[31m/iptablessave": NFT, "b/iptablessave": NFT}))


class TestTexts:
    """Beside these, tests/kernel/test_iproute_text.py has what the real `ip` prints both ways."""

    def test_one_line_an_address(self) -> None:
        text = "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever\n"
        [link] = json.loads(addresses(text))
        assert link == {
            "ifname": "lo",
            "addr_info": [{"family": "inet", "local": "127.0.0.1", "prefixlen": 8, "scope": "host"}],
        }

    @pytest.mark.parametrize(
        ("reader", "text"),
        [
            (addresses, ""),
            (addresses, "Command 'ip' not found\n"),
            (addresses, "2: eth0: <UP>\n    inet\n"),
            (addresses, "2: eth0: <UP>\n    inet 10.0.0.300/24 scope global eth0\n"),
            (addresses, "2: eth0: <UP>\n    inet 10.0.0.3/24 wondrous new eth0\n"),
            (rules, "garbage\n"),
            (rules, ""),
            (lambda text: routes(text, 4), "default via 10.0.0.1 dev eth0\n"),
            (lambda text: routes(text, 4), ROUTE + "10.0.0.0/8 wondrous 7\n"),
            (lambda text: routes(text, 4), ROUTE + "10.0.0.300 dev eth0\n"),
            (lambda text: routes(text, 4), ROUTE + "10.0.0.0/8 dev eth0 metric x\n"),
            (lambda text: routes(text, 4), ROUTE + "10.0.0.0/8 via dev eth0\n"),
            (lambda text: routes(text, 4), ROUTE + "local\n"),
            (rules, "10:\tfrom 10.0.0.300 lookup main\n"),
            (rules, "10:\tfrom all fwmark x lookup main\n"),
            (rules, "10:\tfrom all sport x lookup main\n"),
        ],
    )
    def test_what_can_t_be_read_as_a_whole_is_not_read(self, reader: Callable[[str], str], text: str) -> None:
        with pytest.raises((ValueError, IndexError)):
            reader(text)


def test_a_pipe_of_a_foreign_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kptui.sources import file

    with open(archive(tmp_path / "x", RANCHER), "rb") as packed:
        assert file._read(packed, "standard input").text == NFT + SIX


def test_an_archive_whose_top_is_listed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        top = tarfile.TarInfo("./")
        top.type = tarfile.DIRTYPE
        tar.addfile(top)
        entry = tarfile.TarInfo("./n/iptablessave")
        entry.size = len(NFT)
        tar.addfile(entry, io.BytesIO(NFT.encode()))
    assert read_source(str(tmp_path / "x.tar")).text == NFT


def test_a_source_error_names_the_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"x\.zip"):
        read_source(zipped(tmp_path / "x.zip", {"a": "b"}))
