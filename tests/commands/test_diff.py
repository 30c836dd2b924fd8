"""kptui diff as a command: exit codes, text, JSON, bad input."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support import SAMPLES, kptui, sample

NGINX = sample("nginx-nodeport")


def test_no_difference_ends_with_0(tmp_path: Path) -> None:
    counted = tmp_path / "counted.txt"
    counted.write_text((SAMPLES / "nginx-nodeport.txt").read_text().replace("\n-A ", "\n[3:180] -A "))
    done = kptui("diff", NGINX, str(counted))
    assert done.code == 0
    assert "No difference." in done.out


def test_differences_end_with_1_and_fit_80_columns(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    text = (SAMPLES / "nginx-nodeport.txt").read_text()
    other.write_text(text.replace("32754", "30007").replace("10.42.0.0/24", "10.42.0.0/16"))
    done = kptui("diff", NGINX, str(other))
    assert done.code == 1
    assert "  ~ default/nginx:80-80 (tcp)\n    ~ node port      32754 → 30007" in done.out
    assert max(len(line) for line in done.out.split("\n")[1:]) <= 80


def test_the_json(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text(
        (SAMPLES / "nginx-nodeport.txt").read_text().replace(":FORWARD ACCEPT [1904", ":FORWARD DROP [1904")
    )
    done = kptui("diff", NGINX, str(other), "--json")
    told = json.loads(done.out)
    assert done.code == 1
    assert told["schema"] == "kptui.diff/1"
    assert told["same"] is False
    assert told["services"] == []
    assert told["chains"] == [{
        "change": "changed", "table": "filter", "family": 4, "chain": "FORWARD", "service": None,
        "policy": {"before": "ACCEPT", "after": "DROP"}, "rules": [],
    }]  # fmt: skip


def test_the_json_of_services_and_rules(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    text = (SAMPLES / "nginx-nodeport.txt").read_text()
    text = text.replace("10.42.0.200", "10.42.0.201").replace("-A INPUT -j KUBE-FIREWALL\n", "")
    other.write_text(text)
    told = json.loads(kptui("diff", NGINX, str(other), "--json").out)
    [service] = told["services"]
    assert (service["namespace"], service["name"], service["port_name"]) == ("default", "nginx", "80-80")
    assert [pod["ip"] for pod in service["endpoints"]["added"]] == ["10.42.0.201"]
    [chain] = told["chains"]
    assert chain["rules"][0]["before"]["text"] == "-A INPUT -j KUBE-FIREWALL"
    assert chain["rules"][0]["after"] is None


def test_bad_sources() -> None:
    assert kptui("diff", NGINX, "/nowhere").code == 3
    assert kptui("diff", "-", "-", text="").code == 2
    assert kptui("diff", NGINX).code == 2


def test_the_policy_of_a_chain_that_only_one_side_has(tmp_path: Path) -> None:
    """Without its rules nobody would see what becomes of the packets that none of them decides."""
    less, more = tmp_path / "less.txt", tmp_path / "more.txt"
    nat = "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j LOG\nCOMMIT\n"
    less.write_text(nat)
    more.write_text(f"{nat}*filter\n:FORWARD DROP [0:0]\n:MINE - [0:0]\n-A MINE -j LOG\nCOMMIT\n")
    added, removed = (kptui("diff", str(one), str(other)).out for one, other in ((less, more), (more, less)))
    assert "+ filter FORWARD  0 rules, policy DROP" in added
    assert "- filter FORWARD  0 rules, policy DROP" in removed
    assert "+ filter MINE  1 rule\n" in added
    forward, mine = json.loads(kptui("diff", str(less), str(more), "--json").out)["chains"]
    assert (forward["change"], forward["policy"]) == ("added", {"before": None, "after": "DROP"})
    assert (mine["change"], mine["policy"]) == ("added", None)
