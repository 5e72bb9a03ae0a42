"""What the commands of ``adsorb`` say about Henry coefficients, grids, gases and fields."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from porescope.adsorption.grid import EnergyGrid
from porescope.adsorption.henry import HenryResult
from porescope.apps.cli.failure import one_line
from porescope.crystal.structure import Crystal
from porescope.units import GAS_CONSTANT


def finite(value: object) -> object:
    """A value for JSON: numbers that are not finite become null, arrays become lists."""
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.integer | np.bool_):
        return value.item()
    if isinstance(value, np.ndarray):
        return [finite(item) for item in value.tolist()]
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def json_of(result: object, **more: object) -> str:
    """A result object as JSON, with the version of the program.

    Parameters
    ----------
    result:
        A dataclass.
    more:
        Further entries.
    """
    from porescope import __version__

    assert dataclasses.is_dataclass(result)
    assert not isinstance(result, type)
    record = {"porescope": __version__, **more, **dataclasses.asdict(result)}
    return json.dumps(finite(record), indent=2, ensure_ascii=False)


def henry_json(result: HenryResult) -> str:
    """The Henry coefficient for programs; units are in the names."""
    return json_of(result)


def with_error(value: float, error: float) -> str:
    """A number with its error to two digits, such as ``4.12e-06 ± 3.1e-08``."""
    if not math.isfinite(value):
        return "–"
    if not (math.isfinite(error) and error > 0.0):
        return f"{value:.4g}"
    if value != 0.0 and not 1e-3 <= abs(value) < 1e5:
        power = math.floor(math.log10(abs(value)))
        scale = 10.0**power
        digits = min(6, max(1, 1 - math.floor(math.log10(error / scale))))
        return f"({value / scale:.{digits}f} ± {error / scale:.{digits}f})e{power:+03d}"
    digits = min(8, max(0, 1 - math.floor(math.log10(error))))
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def facts_table() -> Table:
    """Two columns: what, and its value."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def show_henry(result: HenryResult, *, console: Console) -> None:
    """Say how strongly the framework holds the gas.

    Parameters
    ----------
    result:
        The Henry coefficient.
    console:
        Where to say it.
    """
    console.print()
    head = f"{one_line(result.gas)} in {one_line(result.framework) or 'the structure'}"
    console.print(Padding(Text.assemble((head, "bold"), f" at {result.temperature:g} K"), (0, 2)))
    console.print()
    table = facts_table()
    coefficient = with_error(result.coefficient_mol_per_kg_pa, result.coefficient_error)
    per_bar = result.coefficient_mol_per_kg_pa * 1e5
    table.add_row("Henry coefficient", Text(f"{coefficient} mol/kg/Pa", style="bold"))
    table.add_row("", f"{per_bar:.4g} mol/kg per bar, while the isotherm is a straight line")
    heat = with_error(result.heat_kj_per_mol, result.heat_error)
    table.add_row("Isosteric heat", Text(f"{heat} kJ/mol", style="bold"))
    table.add_row("Unitless", with_error(result.boltzmann_mean, result.boltzmann_error))
    if result.boltzmann_mean > 0.0:
        work = -GAS_CONSTANT * 1e-3 * result.temperature * math.log(result.boltzmann_mean)
        table.add_row("Free energy", f"{work:.2f} kJ/mol, -RT ln of the unitless coefficient")
    table.add_row("Force field", one_line(result.field))
    table.add_row("Charges", one_line(result.charge_source))
    count = f"{result.n_samples:,}".replace(",", " ")
    what = "points of the grid" if result.method == "quadrature" else "insertions"
    table.add_row("Method", f"{result.method}, {count} {what}")
    if result.n_pockets_blocked is None:
        table.add_row("Pockets", "not looked for: --block-pockets leaves closed ones out")
    else:
        table.add_row("Pockets", f"{result.n_pockets_blocked} left out as out of reach")
    console.print(Padding(table, (0, 2)))
    if not result.converged:
        text = (
            "The gas does not fit: no position has a Boltzmann factor above zero."
            if result.boltzmann_mean <= 0.0
            else f"The error wanted was not reached; it stands at {result.relative_error:.1%}."
        )
        console.print()
        console.print(Padding(Text(text, style="yellow"), (0, 2)))


def grid_json(grid: EnergyGrid, *, file: str) -> str:
    """Facts about a grid for programs, without its values."""
    from porescope import __version__

    record = {
        "porescope": __version__,
        "file": one_line(file),
        "shape": list(grid.shape),
        "lowest_energy_k": float(grid.energy_k.min()),
        "cap_k": grid.cap_k,
        "gas": grid.gas,
        "field": grid.field,
        "temperature": grid.temperature,
    }
    return json.dumps(record, indent=2, ensure_ascii=False)


def show_grid(grid: EnergyGrid, *, file: Path, console: Console) -> None:
    """Say what a grid holds and where it was written."""
    console.print()
    table = facts_table()
    lowest = float(grid.energy_k.min())
    table.add_row("Gas", one_line(grid.gas))
    table.add_row("Points", " × ".join(str(n) for n in grid.shape))
    table.add_row("Lowest energy", f"{lowest:.1f} K, {lowest * GAS_CONSTANT * 1e-3:.2f} kJ/mol")
    table.add_row("Below zero", f"{float(np.mean(grid.energy_k < 0.0)):.1%} of the cell")
    if grid.temperature is not None:
        table.add_row("Orientations", f"averaged as free energy at {grid.temperature:g} K")
    table.add_row("Force field", one_line(grid.field))
    table.add_row("Written", Text(one_line(str(file)), style="cyan"))
    console.print(Padding(table, (0, 2)))


def _columns(*names: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in names:
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    return table


def show_gases(*, console: Console) -> None:
    """List the gases with their models."""
    from porescope.adsorption.gases import gas_named, gas_names, model_names

    table = _columns("gas", "model", "sites", "source")
    for name in gas_names():
        for place, model in enumerate(model_names(name)):
            gas = gas_named(name, model=model, temperature=298.0)
            sites = f"{len(gas.beads)}{', charged' if gas.is_charged else ''}"
            sites += ", flexible" if gas.is_flexible else ""
            table.add_row(name if place == 0 else "", model, sites, Text(gas.source, style="dim"))
    console.print()
    console.print(Padding(table, (0, 2)))
    console.print()
    note = "The first model of a gas is taken where none is named; name one as CO2:MODEL."
    console.print(Padding(Text(note, style="dim"), (0, 2)))


def show_fields(*, console: Console) -> None:
    """List the force fields."""
    from porescope.adsorption.fields import field_named, field_names

    table = _columns("field", "types", "long range", "source")
    for name in field_names():
        field = field_named(name)
        tail = ", tail" if field.tail_correction else ""
        table.add_row(
            name,
            str(len(field.types)),
            f"{field.truncation} {field.cutoff:g} Å{tail}",
            Text(field.citation, style="dim"),
        )
    console.print()
    console.print(Padding(table, (0, 2)))


def show_charges(crystal: Crystal, *, file: Path, console: Console) -> None:
    """Say the charges of each element and where they were written."""
    import gemmi

    charges = np.zeros(crystal.n_atoms) if crystal.charges is None else crystal.charges
    table = _columns("element", "atoms", "mean / e", "lowest", "highest")
    for number in np.unique(crystal.numbers):
        chosen = charges[crystal.numbers == number]
        table.add_row(
            gemmi.Element(int(number)).name,
            str(len(chosen)),
            f"{chosen.mean():+.3f}",
            f"{chosen.min():+.3f}",
            f"{chosen.max():+.3f}",
        )
    console.print()
    console.print(Padding(table, (0, 2)))
    console.print()
    line = Text.assemble(("Written  ", "dim"), (one_line(str(file)), "cyan"))
    console.print(Padding(line, (0, 2)))
