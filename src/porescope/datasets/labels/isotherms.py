"""Tables of loadings against pressure, temperature and composition."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.datasets.archives.members import archive_members, archive_path, text_from_bytes
from porescope.datasets.labels.table import csv_rows
from porescope.errors import ConfigError, ParseError

SCHEMES = {
    1: ("UFF", "DDEC"),
    2: ("UFF", "EQeq"),
    3: ("UFF", "Qeq"),
    4: ("UFF", "none"),
    5: ("DREIDING", "DDEC"),
    6: ("DREIDING", "EQeq"),
    7: ("DREIDING", "Qeq"),
    8: ("DREIDING", "none"),
}
"""Force field and charges by CRAFTED's number; its files have no legend, the order is that of
Oliveira et al., Sci. Data 10 (2023) 230."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CraftedIsotherm:
    """One isotherm of CRAFTED."""

    id: str
    """Framework, as in the collection ``crafted``."""
    gas: str
    """``CO2`` or ``N2``."""
    force_field: str
    """``UFF`` or ``DREIDING``."""
    charge_method: str
    """``DDEC``, ``EQeq``, ``Qeq`` or ``none``."""
    temperature: float
    """Temperature [K]."""
    pressure_pa: Float[np.ndarray, "points"]
    """Pressures [Pa]."""
    loading_mol_per_kg: Float[np.ndarray, "points"]
    """Loadings [mol/kg]."""
    error_mol_per_kg: Float[np.ndarray, "points"]
    """Errors of the mean [mol/kg]."""


def crafted_isotherms(folder: Path) -> Iterator[CraftedIsotherm]:
    """All isotherms of CRAFTED, one at a time.

    Parameters
    ----------
    folder:
        Folder with the archives of structures, or with unpacked folders.

    Raises
    ------
    ConfigError
        Where the archive is missing.
    ParseError
        Where a table is broken.
    """
    path = archive_path(folder, "crafted_cif_and_isotherms")
    tables = archive_members(
        path, wanted=lambda p: p.parent.name == "isotherms" and p.suffix == ".csv"
    )
    for name, raw in tables:
        id, _, gas = name.stem.rpartition("_")
        groups: dict[tuple[int, float], list[tuple[float, float, float]]] = {}
        try:
            for row in csv.DictReader(io.StringIO(text_from_bytes(raw))):
                key = (int(float(row["ID"])), float(row["Temp(K)"]))
                point = (
                    float(row["Pressure(Pa)"]),
                    float(row["Loading(mmol/g)"]),
                    float(row["Mean_Error(mmol/g)"]),
                )
                groups.setdefault(key, []).append(point)
        except (KeyError, ValueError, TypeError) as error:
            raise ParseError(f"expected a table of CRAFTED ({error})", path=Path(name)) from error
        for (scheme, temperature), points in sorted(groups.items()):
            if scheme not in SCHEMES:
                raise ParseError(f"expected a scheme from 1 to 8, got {scheme}", path=Path(name))
            table = np.array(sorted(points))
            yield CraftedIsotherm(
                id=id,
                gas=gas,
                force_field=SCHEMES[scheme][0],
                charge_method=SCHEMES[scheme][1],
                temperature=temperature,
                pressure_pa=table[:, 0],
                loading_mol_per_kg=table[:, 1],
                error_mol_per_kg=table[:, 2],
            )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MixtureTable:
    """Loadings of two gases in Cu-BTC at many state points."""

    gases: tuple[str, str]
    """The two gases."""
    pressure_as_stated: Float[np.ndarray, "points"]
    """Pressures; the files say Pa, without a source."""
    temperature: Float[np.ndarray, "points"]
    """Temperatures [K]."""
    mole_fraction: Float[np.ndarray, "points"]
    """Mole fraction of the first gas."""
    uptake_as_stated: Float[np.ndarray, "points 2"]
    """Loadings of both gases, in the files' unit, which they do not state."""
    error_as_stated: Float[np.ndarray, "points 2"]
    """Their errors, in the same unit."""


def cu_btc_mixture(
    folder: Path, pair: str, *, temperatures: bool = False, training: bool = False
) -> MixtureTable:
    """Mixture loadings in Cu-BTC.

    Parameters
    ----------
    folder:
        Folder of labels.
    pair:
        ``CO2-CH4``, ``H2S-CO2`` or ``Xe-Kr``.
    temperatures:
        The table over several temperatures, and not that at 300 K.
    training:
        The few points that a model was trained on, and not all.

    Raises
    ------
    ConfigError
        Where there is no such table.
    """
    part = "P-X-T" if temperatures else "P-X"
    path = folder / "cu_btc_mixtures" / part / pair
    if not path.is_dir():
        known = ", ".join(sorted(p.name for p in path.parent.glob("*-*")))
        raise ConfigError(f"there are no mixtures {pair!r} in Cu-BTC; the pairs are: {known}")
    one, other = pair.split("-")
    columns = ["Pressure(Pa)", "Temperature(K)", f"{one}_mole_frac"]
    columns += [f"{one}_uptake", f"{other}_uptake", f"{one}_Error", f"{other}_Error"]
    file = path / ("training.csv" if training else "complete.csv")
    rows = [[float(row[c]) for c in columns] for row in csv_rows(file, needed=columns)]
    table = np.array(rows, dtype=np.float64).reshape(-1, len(columns))
    return MixtureTable(
        gases=(one, other),
        pressure_as_stated=table[:, 0],
        temperature=table[:, 1],
        mole_fraction=table[:, 2],
        uptake_as_stated=table[:, 3:5],
        error_as_stated=table[:, 5:7],
    )
