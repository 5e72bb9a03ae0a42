"""What ``adsorb isotherm``, ``fit`` and ``iast`` say."""

from __future__ import annotations

import json
import math
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from porescope.adsorption.isotherm import Isotherm
from porescope.adsorption.isotherm_fit import FitTable, IsothermFit
from porescope.adsorption.isotherm_models import form_named
from porescope.adsorption.loading import LoadingBasis, LoadingUnit
from porescope.apps.cli.failure import one_line
from porescope.apps.cli.show_adsorption import facts_table, finite, json_of
from porescope.workflows.mixture import MixtureIsotherm


def _table(*columns: tuple[str, bool]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name, to_the_right in columns:
        table.add_column(name, justify="right" if to_the_right else "left", no_wrap=True)
    return table


def pressure_text(pascals: float) -> str:
    """A pressure in the unit that makes it short."""
    if pascals >= 1e3:
        return f"{pascals / 1e5:.4g} bar"
    return f"{pascals:.4g} Pa"


def isotherm_json(result: Isotherm) -> str:
    """The isotherm for programs; units are in the names."""
    return json_of(result)


def show_isotherm(result: Isotherm, *, unit: LoadingUnit, folder: Path, console: Console) -> None:
    """Say how much the framework holds.

    Parameters
    ----------
    result:
        The isotherm.
    unit:
        Unit of the loadings on the screen.
    folder:
        Where the files were written.
    console:
        Where to say it.
    """
    console.print()
    head = f"{', '.join(result.gases)} in {result.framework or 'the structure'}"
    console.print(
        Padding(Text.assemble((one_line(head), "bold"), f" at {result.temperature:g} K"), (0, 2))
    )
    for gas, (name, mass) in enumerate(zip(result.gases, result.molar_masses, strict=True)):
        basis = LoadingBasis(
            molar_mass=mass, framework_density=result.framework_density, cell_mass_g_per_mol=1.0
        )
        factor = basis.per_mol_per_kg(unit)
        table = _table(
            ("pressure", True),
            (f"absolute / {unit}", True),
            ("±", True),
            ("excess", True),
            ("heat / kJ/mol", True),
            ("", False),
        )
        for point in result.points:
            loading = point.loadings[gas]
            table.add_row(
                pressure_text(point.pressure_pa),
                f"{loading.absolute_mol_per_kg * factor:.4g}",
                f"{loading.absolute_error * factor:.2g}",
                _number(loading.excess_mol_per_kg * factor),
                _number(loading.heat_kj_per_mol, digits=3),
                "" if point.equilibrated else Text("still drifting", style="yellow"),
            )
        console.print()
        if len(result.gases) > 1:
            console.print(Padding(Text(one_line(name), style="bold"), (0, 2)))
        console.print(Padding(table, (0, 2)))
    notes = facts_table()
    for point in result.points if len(result.gases) > 1 else ():
        first, *others = point.loadings
        for other in others:
            if other.absolute_mol_per_kg > 0.0:
                ratio = first.absolute_mol_per_kg / other.absolute_mol_per_kg
                ratio *= other.mole_fraction / first.mole_fraction
                text = f"{first.gas} over {other.gas} {ratio:.4g} at "
                notes.add_row("Selectivity", one_line(text + pressure_text(point.pressure_pa)))
    notes.add_row("Force field", one_line(result.field))
    notes.add_row("Charges", one_line(result.charge_source))
    cells = " × ".join(str(n) for n in result.unit_cells)
    notes.add_row("Sampled", f"{one_line(result.engine)}, {cells} cells, 95 % intervals")
    notes.add_row("Written", Text(one_line(str(folder)), style="cyan"))
    console.print()
    console.print(Padding(notes, (0, 2)))


def _number(value: float, *, digits: int = 4) -> str:
    return f"{value:.{digits}g}" if math.isfinite(value) else "–"


def _parameters(fit: IsothermFit) -> str:
    pairs = zip(
        form_named(fit.model.form).parameters, fit.model.values, fit.standard_errors, strict=True
    )
    return ", ".join(
        f"{parameter.name} {value:.4g}"
        + (f" ± {error:.1g}" if math.isfinite(error) else " (not fixed by the data)")
        + (f" {parameter.unit}" if parameter.unit else "")
        for parameter, value, error in pairs
    )


def fits_json(fits: FitTable, *, name: str) -> str:
    """The fits for programs."""
    from porescope import __version__

    rows = [
        {
            "form": fit.model.form,
            "aicc": fit.aicc,
            "weight": weight,
            "rmse_mol_per_kg": fit.rmse_mol_per_kg,
            "parameters": {
                p.name: {"value": value, "standard_error": error, "unit": p.unit}
                for p, value, error in zip(
                    form_named(fit.model.form).parameters,
                    fit.model.values,
                    fit.standard_errors,
                    strict=True,
                )
            },
        }
        for fit, weight in zip(fits.fits, fits.akaike_weights, strict=True)
    ]
    record = {"porescope": __version__, "table": name, "fits": rows, "left_out": fits.left_out}
    return json.dumps(finite(record), indent=2, ensure_ascii=False)


def show_fits(fits: FitTable, *, name: str, console: Console) -> None:
    """Rank the fitted models."""
    table = _table(("model", False), ("AICc", True), ("weight", True), ("rmse / mol/kg", True))
    for fit, weight in zip(fits.fits, fits.akaike_weights, strict=True):
        table.add_row(
            fit.model.form, f"{fit.aicc:.1f}", f"{weight:.2f}", f"{fit.rmse_mol_per_kg:.3g}"
        )
    console.print()
    console.print(Padding(Text(one_line(name), style="bold"), (0, 2)))
    console.print()
    console.print(Padding(table, (0, 2)))
    console.print()
    notes = facts_table()
    notes.add_row("Best", Text(fits.best.model.form, style="bold"))
    notes.add_row("", _parameters(fits.best))
    if fits.best.at_limit:
        notes.add_row("Take care", f"at its limit: {', '.join(fits.best.at_limit)}")
    for form, reason in fits.left_out:
        notes.add_row("Left out", f"{form}: {one_line(reason)}")
    console.print(Padding(notes, (0, 2)))


def mixture_json(result: MixtureIsotherm) -> str:
    """The mixture for programs."""
    from porescope import __version__

    record = {
        "porescope": __version__,
        "gases": result.gases,
        "mole_fractions": result.mole_fractions,
        "models": [fit.model.form for fit in result.fits],
        "pressures_pa": result.pressures_pa,
        "loadings_mol_per_kg": result.loadings_mol_per_kg,
        "selectivities": result.selectivities,
        "beyond_data": result.beyond_data,
    }
    return json.dumps(finite(record), indent=2, ensure_ascii=False)


def show_mixture(result: MixtureIsotherm, *, console: Console) -> None:
    """Say the loadings of the mixture and the selectivity of its first gas."""
    columns = [("pressure", True), *((f"{one_line(gas)[:14]}", True) for gas in result.gases)]
    columns += [(f"over {one_line(gas)[:12]}", True) for gas in result.gases[1:]]
    table = _table(*columns)
    for pressure, loadings, ratios in zip(
        result.pressures_pa, result.loadings_mol_per_kg, result.selectivities, strict=True
    ):
        table.add_row(
            pressure_text(float(pressure)),
            *(f"{loading:.4g}" for loading in loadings),
            *(f"{ratio:.4g}" for ratio in ratios[1:]),
        )
    console.print()
    console.print(Padding(table, (0, 2)))
    console.print()
    notes = facts_table()
    notes.add_row("Loadings", "mol/kg, ideal adsorbed solution")
    for gas, share, fit in zip(result.gases, result.mole_fractions, result.fits, strict=True):
        notes.add_row(f"{one_line(gas)}", f"{share:.3g} of the gas, {fit.model.form}")
    for text in result.beyond_data:
        notes.add_row(Text("Take care", style="yellow"), f"beyond the data: {one_line(text)}")
    console.print(Padding(notes, (0, 2)))
