"""Which hypothetical frameworks are tried: metals and linkers, in an order that a seed fixes."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from importlib.resources import files

import numpy as np

from porescope.errors import ConfigError

METALS = (
    "Zn", "Cu", "Co", "Ni", "Mg", "Mn", "Fe", "Cd", "Zr", "Hf", "Ce", "Al", "Cr", "Ga", "In",
    "V", "Ti", "Sc", "Y", "La", "Nd", "Eu", "Gd", "Tb", "Dy", "Er", "Yb",
)  # fmt: skip
"""Metals that are tried by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One metal, its linkers, and how frameworks are found for them."""

    metal: str
    """Symbol of the metal."""
    linkers: tuple[str, ...]
    """SMILES of the linkers."""
    names: tuple[str, ...]
    """Their names."""
    route: str
    """``template``: known frameworks with other linkers; ``net``: nodes and linkers on nets."""

    @property
    def key(self) -> str:
        """What tells it from other recipes, for people and for resuming."""
        return f"{self.route}:{self.metal}:{'+'.join(self.names)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkerRow:
    """One linker of the table."""

    name: str
    """Name."""
    smiles: str
    """The protonated molecule."""


def known_linkers() -> tuple[LinkerRow, ...]:
    """The linkers that are tried by default."""
    text = files("porescope.workflows").joinpath("data", "hypothetical_linkers.csv").read_text()
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(LinkerRow(name=row["name"], smiles=row["smiles"]) for row in rows)


def recipes(
    *,
    seed: int,
    metals: Sequence[str] = METALS,
    linkers: Sequence[LinkerRow] | None = None,
    routes: Sequence[str] = ("template", "net"),
    pairs: bool = True,
) -> list[Recipe]:
    """All recipes in the order of the seed.

    Parameters
    ----------
    seed:
        Decides the order.
    metals:
        Symbols of metals.
    linkers:
        Linkers; by default those of the package.
    routes:
        Ways to find frameworks.
    pairs:
        Whether to put pillars beside acids as well.

    Raises
    ------
    ConfigError
        Where there is no metal, no linker, or no such route.
    """
    rows = known_linkers() if linkers is None else tuple(linkers)
    if not rows or not metals:
        raise ConfigError("expected at least one metal and one linker")
    unknown = [route for route in routes if route not in ("template", "net")]
    if unknown:
        raise ConfigError(f"there is no route {unknown[0]!r}; the routes are template and net")
    sets: list[tuple[LinkerRow, ...]] = [(row,) for row in rows]
    if pairs:
        acids = [row for row in rows if "C(=O)O" in row.smiles and "n" not in row.smiles]
        pillars = [row for row in rows if row.name in _PILLARS]
        sets += [(acid, pillar) for acid in acids for pillar in pillars]
    made = [
        Recipe(
            metal=metal,
            linkers=tuple(row.smiles for row in chosen),
            names=tuple(row.name for row in chosen),
            route=route,
        )
        for route in routes
        for metal in metals
        for chosen in sets
    ]
    order = np.random.default_rng(seed).permutation(len(made))
    return [made[i] for i in order]


_PILLARS = ("4-4-bipy", "DABCO", "BPE", "BPEE", "BPB", "PYZ")
"""Neutral linkers that stand between layers of metal and acid."""


def seed_of(recipe: Recipe, *, seed: int) -> int:
    """Seed of the choices within a recipe, whatever was made before it.

    Parameters
    ----------
    recipe:
        The recipe.
    seed:
        Seed of the run.
    """
    text = json.dumps([seed, asdict(recipe)], sort_keys=True)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
