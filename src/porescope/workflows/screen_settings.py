"""What a screening computes, and the columns that come of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from porescope.adsorption.state_point import StatePoint
from porescope.errors import ConfigError
from porescope.io.result_tables import Column

Property = Literal["geometry", "void", "henry", "histogram", "histogram2d", "uptake"]
"""What can be computed for each structure."""
PROPERTIES: tuple[Property, ...] = get_args(Property)
SCHEMA = 1
"""Version of the rows and of the settings."""

GEOMETRY_COLUMNS = (
    Column(name="lcd_angstrom", title="LCD", unit="Å"),
    Column(name="pld_angstrom", title="PLD", unit="Å"),
    Column(name="lcd_free_path_angstrom", title="LCD on path", unit="Å"),
    Column(name="accessible_area_m2_per_g", title="Surface", unit="m²/g"),
    Column(name="accessible_area_m2_per_cm3", title="Surface by volume", unit="m²/cm³"),
    Column(name="non_accessible_area_m2_per_g", title="Surface of pockets", unit="m²/g"),
    Column(name="accessible_volume_fraction", title="Accessible volume"),
    Column(name="accessible_volume_cm3_per_g", title="Accessible volume by mass", unit="cm³/g"),
    Column(name="non_accessible_volume_fraction", title="Volume of pockets"),
    Column(name="n_channels", title="Channels", kind="count"),
    Column(name="channel_dimension", title="Channel dimension", kind="count"),
    Column(name="n_pockets", title="Pockets", kind="count"),
    Column(name="pore_engine", title="Geometry by", kind="text"),
    Column(name="pore_status", title="Geometry status", kind="text"),
)
_FIRST = (
    Column(name="file", title="File", kind="text"),
    Column(name="name", title="Name", kind="text"),
    Column(name="status", title="Status", kind="text"),
    Column(name="message", title="Message", kind="text"),
    Column(name="formula", title="Formula", kind="text"),
    Column(name="n_atoms", title="Atoms", kind="count"),
    Column(name="volume_a3", title="Cell volume", unit="Å³"),
    Column(name="density_g_per_cm3", title="Density", unit="g/cm³"),
)
_LAST = (
    Column(name="seconds", title="Time", unit="s"),
    Column(name="same_as", title="Same content as", kind="text"),
    Column(name="content_hash", title="Content", kind="text"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenSettings:
    """Everything that decides the numbers of a screening."""

    properties: tuple[Property, ...] = ("geometry", "henry")
    """What is computed."""
    gases: tuple[str, ...] = ()
    """Gases, such as ``CO2`` or ``CO2:TraPPE``; each is looked at alone."""
    states: tuple[StatePoint, ...] = ()
    """Temperatures and pressures; Henry coefficients take the temperatures."""
    field: str = "UFF"
    """Force field: its name or its file."""
    charges: str = "auto"
    """Charges of the frameworks."""
    probe_radius: float = 1.86
    """Radius of the sphere for areas and volumes [Å]; nitrogen."""
    histogram_probe: str = "CH4"
    """Gas of the energy histograms; one uncharged sphere."""
    wanted_error: float = 0.05
    """Relative standard error at which a Henry coefficient is good enough."""
    cycles: int = 2000
    """Cycles of GCMC at each state, those of equilibration among them."""
    seed: int = 1
    """Seed of all random numbers."""

    def __post_init__(self) -> None:
        if not self.properties:
            raise ConfigError(f"name what to compute: {', '.join(PROPERTIES)}")
        for name in self.properties:
            if name not in PROPERTIES:
                raise ConfigError(f"there is no {name!r}; choose {', '.join(PROPERTIES)}")
        if "henry" in self.properties or "uptake" in self.properties:
            needs = "henry" if "henry" in self.properties else "uptake"
            if not self.gases:
                raise ConfigError(f"{needs} needs a gas, such as CO2")
            if not self.states:
                raise ConfigError(f"{needs} needs a state, such as 298K,0.15bar")
        if not 0.0 < self.probe_radius < 10.0:
            raise ConfigError(f"expected a probe radius up to 10 Å, got {self.probe_radius:g}")
        if self.cycles < 50:
            raise ConfigError(f"expected 50 cycles of GCMC or more, got {self.cycles}")

    @property
    def temperatures(self) -> tuple[float, ...]:
        """The different temperatures [K], in the order given."""
        return tuple(dict.fromkeys(state.temperature for state in self.states))

    def record(self) -> dict[str, Any]:
        """Plain values, from which :func:`settings_from_record` makes the same settings."""
        return {
            "schema": SCHEMA,
            "properties": list(self.properties),
            "gases": list(self.gases),
            "states": [
                {"temperature": state.temperature, "pressure_pa": state.pressure_pa}
                for state in self.states
            ],
            "field": self.field,
            "field_file": _digest_of(self.field),
            "charges": self.charges,
            "probe_radius": self.probe_radius,
            "histogram_probe": self.histogram_probe,
            "wanted_error": self.wanted_error,
            "cycles": self.cycles,
            "seed": self.seed,
        }


def settings_from_record(record: Mapping[str, Any]) -> ScreenSettings:
    """Settings from what :meth:`ScreenSettings.record` gave.

    Raises
    ------
    ConfigError
        A key is unknown.
    """
    values = {k: v for k, v in record.items() if k not in ("schema", "field_file", "version")}
    unknown = set(values) - set(ScreenSettings.__dataclass_fields__)
    if unknown:
        raise ConfigError(f"these settings are unknown: {', '.join(sorted(unknown))}")
    values["properties"] = tuple(values["properties"])
    values["gases"] = tuple(values["gases"])
    values["states"] = tuple(StatePoint(**state) for state in values["states"])
    return ScreenSettings(**values)


def columns_of(settings: ScreenSettings) -> tuple[Column, ...]:
    """The columns of every row, whatever becomes of the structure."""
    middle: list[Column] = []
    if "geometry" in settings.properties:
        middle += _grouped(GEOMETRY_COLUMNS, "geometry")
    if "void" in settings.properties:
        middle += [
            Column(name="void_fraction", title="He void fraction", group="void"),
            Column(name="open_fraction_15kt", title="He open fraction, 15 kT", group="void"),
        ]
    if "henry" in settings.properties:
        for gas in settings.gases:
            for temperature in settings.temperatures:
                middle += _henry_columns(gas, temperature)
    if "uptake" in settings.properties:
        for gas in settings.gases:
            for state in settings.states:
                middle += _uptake_columns(gas, state)
    if "henry" in settings.properties or "uptake" in settings.properties:
        middle.append(Column(name="charge_source", title="Charges", kind="text"))
    if "histogram" in settings.properties:
        middle += histogram_columns(with_slope=False)
    if "histogram2d" in settings.properties:
        middle += histogram_columns(with_slope=True)
    return (*_FIRST, *middle, *_LAST)


def empty_row(settings: ScreenSettings) -> dict[str, Any]:
    """A row without values, of the same columns as every other."""
    return dict.fromkeys((column.name for column in columns_of(settings)), None)


def henry_key(gas: str, temperature: float) -> str:
    """What the columns of a Henry coefficient have in their names."""
    return f"{_plain(gas)}_{temperature:g}K"


def uptake_key(gas: str, state: StatePoint) -> str:
    """What the columns of an uptake have in their names."""
    return f"{_plain(gas)}_{state.label}"


def histogram_columns(*, with_slope: bool) -> list[Column]:
    """Columns of the energy histogram, or of the one of energy and slope: shares of the volume."""
    from porescope.adsorption.histograms import energy_histogram, energy_slope_histogram

    nowhere = np.zeros(1)
    if with_slope:
        names = list(energy_slope_histogram(nowhere, slope_k_per_a=nowhere))
    else:
        names = list(energy_histogram(nowhere))
    group = "histogram2d" if with_slope else "histogram"
    return [Column(name=name, title=_histogram_title(name), group=group) for name in names]


def _histogram_title(name: str) -> str:
    """``energy_-30_to_-28_kj_per_mol`` as ``E -30 to -28``."""
    said = name.replace("_kj_per_mol_a", "").replace("_kj_per_mol", "")
    said = said.replace("energy_", "E ").replace("slope_", "slope ").replace("_", " ")
    return said.replace("below", "<").replace("above", ">").replace("-", "\N{MINUS SIGN}")


def _henry_columns(gas: str, temperature: float) -> list[Column]:
    key, said = henry_key(gas, temperature), f"{_plain(gas)} {temperature:g} K"
    unit = "mol/kg/Pa"
    return [
        Column(name=f"henry_{key}_mol_per_kg_pa", title=f"K_H {said}", unit=unit, group="henry"),
        Column(
            name=f"henry_{key}_error_mol_per_kg_pa",
            title=f"K_H error {said}",
            unit=unit,
            group="henry",
        ),
        Column(name=f"heat_{key}_kj_per_mol", title=f"Heat {said}", unit="kJ/mol", group="henry"),
        Column(
            name=f"heat_{key}_error_kj_per_mol",
            title=f"Heat error {said}",
            unit="kJ/mol",
            group="henry",
        ),
    ]


def _uptake_columns(gas: str, state: StatePoint) -> list[Column]:
    key = uptake_key(gas, state)
    said = f"{_plain(gas)} {state.temperature:g} K, {state.pressure_pa / 1e5:g} bar"
    return [
        Column(
            name=f"uptake_{key}_mol_per_kg",
            title=f"Absolute uptake {said}",
            unit="mol/kg",
            group="uptake",
        ),
        Column(
            name=f"uptake_{key}_error_mol_per_kg",
            title=f"Uptake error {said}",
            unit="mol/kg",
            group="uptake",
        ),
        Column(
            name=f"uptake_{key}_equilibrated",
            title=f"Equilibrated {said}",
            kind="flag",
            group="uptake",
        ),
    ]


def _grouped(columns: Sequence[Column], group: str) -> list[Column]:
    return [replace(column, group=group) for column in columns]


def _plain(gas: str) -> str:
    return gas.replace(":", "-").replace(" ", "")


def _digest_of(field: str) -> str:
    """Hash of a field's file, so that an edited file counts as another field."""
    path = Path(field)
    if not path.suffix or not path.is_file():
        return ""
    return blake2b(path.read_bytes(), digest_size=8).hexdigest()
