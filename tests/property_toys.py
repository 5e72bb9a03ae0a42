"""Small frameworks with properties that follow from them, and sets made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from framework_crystals import magnesium_pyrazine
from porescope.crystal.structure import Crystal
from porescope.datasets.property_set import PropertySet, SetReport, Target
from porescope.datasets.structure_store import StoredStructure, StructureStore

METALS = (12, 20, 25, 26, 27, 28, 29, 30, 24, 40, 22, 48)


def some_frameworks(n: int, *, scale: float = 0.01) -> list[Crystal]:
    """One net with another metal each, in cells of growing size."""
    made = []
    for i in range(n):
        base = magnesium_pyrazine().without_symmetry()
        metal = METALS[i % len(METALS)]
        made.append(
            replace(
                base.with_lattice(base.lattice * (1.0 + scale * i)),
                numbers=np.where(base.numbers == 12, metal, base.numbers),
                name=f"framework {i}",
            )
        )
    return made


def true_values(crystals: Sequence[Crystal]) -> np.ndarray:
    """Two properties: what the metal is, and how dense the crystal is."""
    metal = [max(int(z) for z in crystal.numbers) for crystal in crystals]
    return np.stack([np.array(metal) / 10.0, [c.density for c in crystals]], axis=1)


def toy_set(folder: Path, crystals: Sequence[Crystal], values: np.ndarray) -> PropertySet:
    """A set of these crystals."""
    names = [f"toy-{i}" for i in range(len(crystals))]
    with StructureStore(folder / "structures-toy.store", writable=True) as store:
        store.add(
            [StoredStructure(id=id, crystal=c) for id, c in zip(names, crystals, strict=True)]
        )
    return PropertySet(
        name="toy",
        targets=tuple(Target(name=f"t{i}", unit="eV") for i in range(values.shape[1])),
        ids=tuple(names),
        formulas=tuple(c.formula for c in crystals),
        values=np.asarray(values, dtype=np.float64),
        store=StructureStore(folder / "structures-toy.store"),
        split="",
        licence="none",
        source="toy",
        report=SetReport(),
    )
