"""What a user knows of a sample, and the elements that follow from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import gemmi

from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError

NODE_ELEMENTS = ("H", "C", "N", "O", "F", "Cl")
"""Elements that nodes and caps bring in beside the metals and the linkers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveConfig:
    """What the user knows of the sample, and how much work is done."""

    elements: tuple[str, ...] = ()
    """Elements that were in the pot; a framework may have no others but hydrogen."""
    metals: tuple[str, ...] = ()
    """Metals that the framework must have."""
    formula: str = ""
    """Formula of the framework: it must have these elements, and no others but hydrogen."""
    radiation: Radiation | None = None
    """Overrides what the file says."""
    two_theta_range_deg: tuple[float, float] | None = None
    """Range to use [°]."""
    linkers: tuple[str, ...] = ()
    """SMILES of the linkers that were in the pot: frameworks are assembled from them."""
    caps: tuple[str, ...] | None = None
    """SMILES of solvent or modulator that may be bound to the metal; ``None``: any."""
    nets: tuple[str, ...] = ()
    """RCSR symbols to which assembled frameworks are limited."""
    max_atoms: int = 1500
    """Largest number of atoms in the cell of an assembled framework."""
    max_phases: int = 2
    """Largest number of phases, the framework included."""
    n_fits: int = 20
    """Frameworks that are fitted."""
    learned: bool = True
    """Whether the nearest frameworks of the learned space are looked at too, where the extra ml
    and the weights are installed."""

    def __post_init__(self) -> None:
        if not 1 <= self.max_phases <= 3:
            raise ConfigError(f"max_phases must be 1, 2 or 3, got {self.max_phases}")
        if not 1 <= self.n_fits <= 200:
            raise ConfigError(f"n_fits must be between 1 and 200, got {self.n_fits}")


def told_elements(
    elements: Sequence[str], metals: Sequence[str], *, formula: str = ""
) -> tuple[str, ...]:
    """What a model is told of the framework's elements; nothing where the user named no full list.

    Parameters
    ----------
    elements:
        All elements that the framework may have.
    metals:
        Metals that it has; alone they are no full list.
    formula:
        Formula of the framework.
    """
    named = (*elements, *metals) if elements else ()
    if formula:
        named = (*named, *elements_of_formula(formula))
    return tuple(dict.fromkeys(named))


def element_rule(config: SolveConfig) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """Elements that a card must have, and those that it may have (``None``: any).

    Raises
    ------
    ConfigError
        Where the formula holds something that is no element.
    """
    contains = set(config.metals)
    only: set[str] | None = None
    if config.elements:
        only = {*config.elements, *config.metals, "H"}
    if config.linkers:
        from porescope.reticular.smiles import elements_of_smiles

        parts = {e for smiles in config.linkers for e in elements_of_smiles(smiles)}
        contains |= parts - {"H"}
        only = only or {*config.metals, *parts, *NODE_ELEMENTS}
    if config.formula:
        parts = elements_of_formula(config.formula)
        contains |= {e for e in parts if e != "H"}
        only = {*parts, "H"} | (only or set())
    return tuple(sorted(contains)), None if only is None else tuple(sorted(only))


def elements_of_formula(formula: str) -> tuple[str, ...]:
    """Elements of a chemical formula, in the order of their first mention.

    Raises
    ------
    ConfigError
        Where a part of the formula is no element.
    """
    text = re.sub(r"[\s()\[\]·.,0-9+\-*]", " ", formula)
    found: list[str] = []
    for symbol in re.findall(r"[A-Z][a-z]?|\S", text):
        element = gemmi.Element(symbol)
        if element.atomic_number < 1 or element.name != symbol:
            raise ConfigError(
                f"--formula {formula!r}: {symbol!r} is no element; "
                "write it like ZnC8H10N4 or Zn(C4H5N2)2"
            )
        found.append(symbol)
    if not found:
        raise ConfigError(f"--formula {formula!r} names no element; write it like ZnC8H10N4")
    return tuple(dict.fromkeys(found))


def settings_of(config: SolveConfig) -> dict[str, str]:
    """What the user asked for, as text."""
    settings = {}
    if config.elements:
        settings["elements"] = ", ".join(config.elements)
    if config.metals:
        settings["metal"] = ", ".join(config.metals)
    if config.linkers:
        settings["linker"] = ", ".join(config.linkers)
    if config.caps is not None:
        settings["caps"] = ", ".join(config.caps) or "none"
    if config.nets:
        settings["nets"] = ", ".join(config.nets)
    if config.formula:
        settings["formula"] = config.formula
    if config.two_theta_range_deg is not None:
        settings["range"] = "{:g}–{:g}°".format(*config.two_theta_range_deg)
    settings["phases"] = str(config.max_phases)
    settings["fits"] = str(config.n_fits)
    return settings
