"""Writes the frozen library file of format version 1; run once, when the version was made."""

import sys
from pathlib import Path

from porescope.datasets.making import CardConfig
from porescope.datasets.minerals import MINERALS, mineral_cards
from porescope.datasets.names import assign_frameworks
from porescope.datasets.store import CardStore, SeenFile

NAMES = ("quartz", "cristobalite", "zincite", "halite", "sylvite", "anatase", "rutile")


def main(path: Path) -> None:
    with CardStore(path, writable=True) as store:
        store.add_source(MINERALS)
        cards = [c for c in mineral_cards(config=CardConfig(max_peaks=40)) if c.id in NAMES]
        bad = SeenFile(content_hash=b"bad", path="bad.cif", status="no atoms")
        store.add(cards[:4], files=[bad], source=MINERALS.name)
        store.add(cards[4:], source=MINERALS.name)
        store.remove([2])
        assign_frameworks(store)
        store.finish()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
