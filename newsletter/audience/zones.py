"""The time zones that a reader may choose, by the region in which they are looked for."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from zoneinfo import available_timezones


@lru_cache(maxsize=1)
def zones_by_region() -> dict[str, tuple[tuple[str, str], ...]]:
    """Region → (name, label) of its zones in order: `Europe` → (`Europe/Berlin`, `Berlin`) …

    One for each place in the `zone.tab` of the time zone database; its old names and links are left out.
    """
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    names = {line.split("\t")[2] for line in table.splitlines() if line and not line.startswith("#")}
    found: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(names & available_timezones()):
        region, _, place = name.partition("/")
        found.setdefault(region, []).append((name, place.replace("_", " ").replace("/", ", ")))
    return {region: tuple(zones) for region, zones in found.items()}


def is_zone(name: str) -> bool:
    """Whether zoneinfo knows it, old names included."""
    return name in _every_name()


@lru_cache(maxsize=1)
def _every_name() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}
