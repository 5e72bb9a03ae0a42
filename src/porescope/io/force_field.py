"""Force fields, gases and charge tables of the user, from files.

Three ways: porescope's own tables (comma-separated, as in its ``adsorption/data``), and for force
fields and gases the files of RASPA2.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from porescope.adsorption.charges import ChargeTable, charge_table_from_text
from porescope.adsorption.field_text import field_from_text
from porescope.adsorption.force_field import ForceField
from porescope.adsorption.gas import Gas
from porescope.adsorption.gas_text import gas_model_from_text
from porescope.adsorption.gases import gas_from_model
from porescope.errors import ConfigError
from porescope.io.raspa_molecules import gas_model_from_raspa
from porescope.io.raspa_tables import field_from_raspa


def read_force_field(
    path: str | Path, *, framework: Sequence[str] | None = None, cutoff: float | None = None
) -> ForceField:
    """Force field in a file, or in a folder of RASPA2's tables.

    Parameters
    ----------
    path:
        A table of porescope (``.csv``), a folder with ``force_field_mixing_rules.def``, or that
        file.
    framework:
        Types of RASPA2's tables that stand for framework atoms, where they cannot be told; see
        :func:`porescope.io.raspa_tables.field_from_raspa`.
    cutoff:
        Cutoff [Å]; by default that of the table, or RASPA2's 12 Å.

    Raises
    ------
    ParseError
        Where the file is not of the format, with the line.
    OSError
        Where it cannot be opened.
    """
    path = Path(path)
    if path.is_dir() or path.suffix == ".def":
        folder = path if path.is_dir() else path.parent
        return field_from_raspa(folder, framework=framework, cutoff=cutoff or 12.0)
    field = field_from_text(_text(path), path=path)
    return field if cutoff is None else field.with_options(cutoff=cutoff)


def read_gas(
    path: str | Path, *, tables: str | Path | None = None, temperature: float | None = None
) -> Gas:
    """Gas in a file.

    Parameters
    ----------
    path:
        A table of porescope (``.csv``), or the definition of a molecule of RASPA2 (``.def``).
    tables:
        For RASPA2's definitions: folder with ``force_field_mixing_rules.def`` and
        ``pseudo_atoms.def``; by default that of the definition.
    temperature:
        Temperature at which the shapes of a flexible molecule are drawn [K].

    Raises
    ------
    ParseError
        Where the file is not of the format, with the line.
    OSError
        Where it cannot be opened.
    """
    path = Path(path)
    if path.suffix == ".def":
        folder = path.parent if tables is None else Path(tables)
        if not (folder / "force_field_mixing_rules.def").exists():
            raise ConfigError(
                f"the beads of {path.name} need force_field_mixing_rules.def and pseudo_atoms.def; "
                f"there are none in {folder.name}: give their folder as tables=..."
            )
        model = gas_model_from_raspa(path, tables=folder)
    else:
        model = gas_model_from_text(_text(path), path=path)
    return gas_from_model(model, temperature=temperature)


def read_charge_table(path: str | Path) -> ChargeTable:
    """Charge table in a file, as in porescope's ``adsorption/data/charge_tables``.

    Raises
    ------
    ParseError
        Where the file is not of the format, with the line.
    OSError
        Where it cannot be opened.
    """
    path = Path(path)
    return charge_table_from_text(_text(path), path=path)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
