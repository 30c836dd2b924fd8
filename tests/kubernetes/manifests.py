"""The manifests beside dumps of real kube-proxies, as the API server's JSON."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any


def api_json(manifest: Path) -> tuple[str, str, str]:
    """(services, endpointslices, node's name) of a manifest."""
    told = json.loads(gzip.decompress(manifest.read_bytes()))
    six = ":" in told["nodeIP"]
    services = [_service(each) for each in told["services"]]
    slices = [found for each in told["services"] for found in _slices(each, six)]
    return _list(services), _list(slices), told["hostname"]


def _list(items: list[dict[str, Any]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def _service(told: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "type": told["Type"],
        "clusterIP": told["ClusterIP"],
        "clusterIPs": [told["ClusterIP"]],
        "sessionAffinity": told["SessionAffinity"],
        "externalIPs": told["ExternalIPs"] or [],
        "loadBalancerSourceRanges": told["LBSourceRanges"] or [],
        "externalTrafficPolicy": told["ExternalTrafficPolicy"],
        "internalTrafficPolicy": told["InternalTrafficPolicy"],
        "ports": [
            {"name": p["Name"], "protocol": p["Protocol"], "port": p["Port"], "nodePort": p["NodePort"]}
            for p in told["Ports"]
        ],
    }
    status = {"loadBalancer": {"ingress": [{"ip": ip} for ip in told["LBIPs"] or []]}}
    metadata = {"namespace": told["Namespace"], "name": told["Name"]}
    return {"kind": "Service", "metadata": metadata, "spec": spec, "status": status}


def _slices(told: dict[str, Any], six: bool) -> list[dict[str, Any]]:
    """A slice for each port: the manifest's endpoints may have one port each."""
    found = []
    for port in told["Ports"]:
        for number in sorted({each["Port"] or port["Target"] for each in told["Endpoints"] or []}):
            pods = [each for each in told["Endpoints"] or [] if (each["Port"] or port["Target"]) == number]
            found.append(
                {
                    "kind": "EndpointSlice",
                    "metadata": {
                        "namespace": told["Namespace"],
                        "name": f"{told['Name']}-{number}",
                        "labels": {"kubernetes.io/service-name": told["Name"]},
                    },
                    "addressType": "IPv6" if six else "IPv4",
                    "ports": [{"name": port["Name"], "protocol": port["Protocol"], "port": number}],
                    "endpoints": [
                        {"addresses": [each["IP"]], "conditions": {"ready": True}, "nodeName": each["Node"]}
                        for each in pods
                    ],
                }
            )
    return found
