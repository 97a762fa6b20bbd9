"""Source specs for generated regions: the base region's spec of the same kind of system, with another id and zone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from samples.plan import BASE, SYSTEMS, Plan, zones


def write_specs(plan: Plan, base: Path, out: Path) -> list[Path]:
    """Write the folder of a spec (declaration, copybooks, notes) for every region of a plan.

    Args:
        plan: What is generated.
        base: Folder of the eight base regions' specs.
        out: Where the folders go.

    Returns:
        The folders written.

    Raises:
        FileNotFoundError: A base spec is missing.
    """
    written = []
    cities = {zone.id: zone.city for zone in zones()}
    for region in plan.regions:
        pattern = base / BASE[SYSTEMS.index(region.system)]
        folder = out / region.id
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(pattern.iterdir()):
            if path.suffix == ".cpy":
                shutil.copyfile(path, folder / path.name)
            elif path.name in ("source.toml", "NOTES.md"):
                text = path.read_text(encoding="utf-8").replace(cities[pattern.name], region.zone.city)
                text = re.sub(r'^id = ".*"$', f'id = "{region.id}"', text, count=1, flags=re.MULTILINE)
                text = re.sub(r'^zone = ".*"$', f'zone = "{region.zone.number:02d}"', text, count=1, flags=re.MULTILINE)
                (folder / path.name).write_text(text, encoding="utf-8")
        if not (folder / "source.toml").exists():
            raise FileNotFoundError(pattern / "source.toml")
        written.append(folder)
    return written
