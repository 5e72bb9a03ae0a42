"""Relaxed silica frameworks against the structures from which they started."""

from pathlib import Path

import pytest

from porescope.crystal.graph import net_hash
from porescope.datasets.build import unpacked
from porescope.datasets.silica_build import relaxed_entry
from porescope.io.cif import read_cif
from porescope.reticular.silica import crystal_of_entry, silica_entries


@pytest.mark.shared
def test_the_nets_are_those_of_the_database(shared_data: Path) -> None:
    with unpacked(shared_data / "structures" / "zeolites_iza.tar.xz") as folder:
        for code in ("ABW", "CHA", "MFI", "FAU", "SOD", "NPO", "-CLO"[1:]):
            path = next(p for p in folder.rglob(f"{code}.cif") if "experimental" in p.parent.name)
            start = read_cif(path)
            stored = crystal_of_entry(silica_entries()[code])
            assert stored.n_atoms == start.n_atoms
            assert net_hash(stored) == net_hash(start)
            if code in ("ABW", "CHA", "SOD"):
                again = relaxed_entry(start, code=code)
                assert again.cell == pytest.approx(silica_entries()[code].cell, rel=1e-4)
