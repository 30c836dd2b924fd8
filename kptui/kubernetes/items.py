"""The items of a list as `kubectl get … -o json` prints it."""

from __future__ import annotations

import json
from typing import Any

from kptui.errors import UsageError
from kptui.text import visible


def items_of(name: str, text: str, expected: str) -> list[Any]:
    """The items of a list, or the one object there is; raises UsageError naming the file `name` and the place.

    `expected` says in a clause what the file should hold.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise UsageError(f"{visible(name)}, {where}: this is no JSON: {error.msg}.") from None
    except RecursionError:
        raise UsageError(f"{visible(name)}: the JSON is nested too deep.") from None
    items = data.get("items", [data]) if isinstance(data, dict) else data
    if not isinstance(items, list):
        raise UsageError(f"{visible(name)}: “items” is no list; {expected}.")
    return items
