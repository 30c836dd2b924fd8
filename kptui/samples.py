"""The built-in sample, found wherever kptui is installed."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

DEMO = "nginx-nodeport.txt"


def demo_path() -> Path:
    """The demo's dump: packaged as kptui/samples in a wheel, else samples/ at the top of a checkout or sdist."""
    packaged = resources.files("kptui") / "samples" / DEMO
    if packaged.is_file():
        return Path(str(packaged))
    return Path(__file__).parents[1] / "samples" / DEMO
