"""Settings of the preset ``sites``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from porescope.errors import ConfigError

LEAST_READOUT = 1.0
"""A readout that could reach no farther than this is left out [Å]."""

Amount = Literal["intensive", "per_mass", "per_cell"]
"""An intensive target is the mean of what the places say (an uptake per volume, a band gap). One
per mass is that mean over the density, one per cell that mean times the size of the cell, so that
what a place says stays a density in either case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SitesConfig:
    """Shape of the network, and what it sees of a crystal.

    The defaults are those for electronic properties: every atom is a place. For what guests do,
    :func:`gas_settings` has the settings.
    """

    n_targets: int = 1
    """Number of properties that are learned together."""
    places: Literal["atoms", "points"] = "atoms"
    """Where contributions are read out: at the atoms, or at points of the empty space."""
    window: float = 8.0
    """Radius about a place outside of which nothing changes its contribution [Å]."""
    cutoffs: tuple[float, ...] = (4.0, 4.0)
    """Reach of each layer of messages [Å]; an atom's features know of atoms as far away as these
    add up to, and are read out no farther than what then remains of the window."""
    width: int = 128
    """Features of an atom."""
    channels: int = 32
    """Numbers that a neighbour's features are pressed into before they are summed."""
    n_radial: int = 8
    """Radial functions."""
    pairs: int = 32
    """Invariants of a layer from each rank of direction tensors."""
    dropout: float = 0.0
    """Share of hidden values dropped while training."""
    pooling: Literal["mean", "weighted", "frontier"] = "mean"
    """How places come to a property: ``mean`` over them; ``weighted``, where each place also says
    how much it counts; ``frontier``, where each place offers an occupied and an empty level, and
    the property is the lowest empty less the highest occupied one, softly."""
    softness: float = 0.3
    """Breadth of ``frontier``'s softest extreme, in scaled units."""
    probe: str | None = None
    """Gas of one site whose energy and its slope each point knows; None for none."""
    field: str = "UFF"
    """Force field of the probe."""
    energy_cap_k: float = 4000.0
    """Energy from which on a point counts as closed, all closed ones alike [K]."""
    spacing: float = 2.0
    """Largest distance between points along an axis, without a probe [Å]."""
    fine_spacing: float = 0.5
    """The same of the grid of energies from which points are drawn, with a probe [Å]."""
    n_points: int = 192
    """Most points of a crystal while training."""
    n_points_predict: int = 768
    """Most points of a crystal for a prediction."""
    redraws: bool = True
    """Whether the points are drawn anew each time a crystal is trained on."""
    states_variance: bool = False
    """Whether each property comes with a variance."""
    amounts: tuple[Amount, ...] = ()
    """What each target is an amount of; empty for ``intensive`` ones only."""
    neutral: bool = False
    """Whether the atoms' values add up to zero in each crystal, as charges do."""

    def __post_init__(self) -> None:
        field = sum(self.cutoffs)
        if not self.cutoffs or min(self.cutoffs) <= 0.0:
            raise ConfigError(f"each layer needs a reach above 0 Å, not {self.cutoffs}")
        if field > self.window + 1e-9 or (self.places == "points" and not self.reaches):
            raise ConfigError(
                f"messages that reach {field:g} Å leave nothing of a window of {self.window:g} Å; "
                "shorten the cutoffs or widen the window"
            )
        if self.amounts and len(self.amounts) != self.n_targets:
            raise ConfigError(
                f"one amount is needed for each of {self.n_targets} targets, not "
                f"{len(self.amounts)}"
            )
        if self.neutral and self.places != "atoms":
            raise ConfigError("neutral values belong to atoms; set places to 'atoms'")
        if self.probe is not None and self.places != "points":
            raise ConfigError("a probe is felt at points; set places to 'points'")
        for name in ("width", "channels", "n_radial", "pairs", "n_points", "n_points_predict"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, not {getattr(self, name)}")

    @property
    def reaches(self) -> tuple[tuple[int, float], ...]:
        """Layers whose features are read out at a distance, each with how far [Å]."""
        left = self.window
        found: list[tuple[int, float]] = []
        for depth, cutoff in enumerate((*self.cutoffs, 0.0)):
            if left >= LEAST_READOUT:
                found.append((depth, left))
            left -= cutoff
        if self.places == "atoms" and sum(self.cutoffs) > self.window - LEAST_READOUT:
            return ()  # An atom's own features already know of the whole window.
        return tuple(found)


def gas_settings(probe: str | None = "CH4", **changed: object) -> dict[str, object]:
    """Settings for what guests do: points, a window of 6 Å, the energy of a probe.

    Parameters
    ----------
    probe:
        Gas of one site.
    changed:
        Any other setting.
    """
    settings: dict[str, object] = {
        "places": "points",
        "window": 6.0,
        "cutoffs": (2.4,),
        "width": 64,
        "channels": 16,
        "n_radial": 6,
        "pairs": 16,
        "dropout": 0.1,
        "n_points": 96,
        "probe": probe,
    }
    return settings | changed


def band_gap_settings(**changed: object) -> dict[str, object]:
    """Settings for band gaps: places are atoms, each offers an occupied and an empty level.

    Parameters
    ----------
    changed:
        Any other setting.
    """
    return {"places": "atoms", "pooling": "frontier"} | changed


def settings_for(targets: Sequence[tuple[str, str]]) -> dict[str, object]:
    """Settings that suit targets, from their names and units.

    Energies of electrons (eV) are read at the atoms; what guests do, and sizes and shares of the
    empty space, at points with a probe: the gas itself where it is one site (argon, hydrogen),
    else methane. Amounts per mass or cell are told by the unit.

    Parameters
    ----------
    targets:
        Name and unit of each.
    """
    units = [unit.replace(" ", "").lower() for _, unit in targets]
    amounts = tuple(_amount(unit) for unit in units)
    shared: dict[str, object] = {"n_targets": len(targets)}
    if any(amount != "intensive" for amount in amounts):
        shared["amounts"] = amounts
    if all(unit == "ev" for unit in units):
        gap = all("gap" in name.lower() for name, _ in targets)
        return band_gap_settings(**shared) if gap else shared
    if all(unit == "e" for unit in units):
        return {"neutral": True} | shared
    return gas_settings(_probe([name for name, _ in targets]), **shared)


def _amount(unit: str) -> Amount:
    if unit.endswith(("/kg", "/g", "perkg", "perg", "/(kgpa)", "/(gpa)")):
        return "per_mass"
    return "per_cell" if unit.endswith(("/cell", "percell")) else "intensive"


def _probe(names: Sequence[str]) -> str:
    for start, probe in (("argon", "Ar"), ("ar_", "Ar"), ("h2_", "H2"), ("hydrogen", "H2")):
        if all(name.lower().startswith(start) for name in names):
            return probe
    return "CH4"
