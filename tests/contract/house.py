"""The picture of the house: each floor with the floors that it stands on, from the imports.

``python tests/contract/house.py`` prints it as CONTRIBUTING shows it.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]


def picture() -> str:
    """Return a line for each floor, the top one first: its parts, and what they import.

    The floors from ``clock`` down serve all others, and are left out.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    [layers] = [
        contract["layers"]
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == ["mockseg"]
    ]
    graph = grimp.build_graph("mockseg")
    places = {part: floor for floor, layer in enumerate(layers) for part in _parts(layer)}
    lines = []
    for layer in layers[: places["clock"]]:
        parts = _parts(layer)
        below = {
            imported.split(".")[1]
            for part in parts
            for module in {f"mockseg.{part}", *graph.find_descendants(f"mockseg.{part}")}
            for imported in graph.find_modules_directly_imported_by(module)
            if imported.startswith("mockseg.")
            and imported.split(".")[1] not in parts
            and places[imported.split(".")[1]] < places["clock"]
        }
        stands_on = " ".join(sorted(below, key=lambda part: (places[part], part)))
        lines.append(f"{' '.join(parts):<36} {stands_on}".rstrip())
    return "\n".join(lines) + "\n"


def _parts(layer: str) -> list[str]:
    return re.findall(r"\w+", layer)


if __name__ == "__main__":
    sys.stdout.write(picture())
