"""What ``build`` says and writes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from porescope.apps.cli.failure import one_line
from porescope.workflows.build_framework import BuiltFramework


def file_names(built: Sequence[BuiltFramework]) -> list[str]:
    """Name of each framework's CIF: rank, net, and the known framework that it is built like."""
    names = []
    for rank, framework in enumerate(built, start=1):
        parts = [str(rank), framework.net_name or "framework", framework.template]
        names.append(re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(parts)) + ".cif")
    return names


def built_json(built: Sequence[BuiltFramework]) -> str:
    """The frameworks for programs; units are in the names."""
    from porescope import __version__

    rows = []
    for rank, (framework, name) in enumerate(zip(built, file_names(built), strict=True), start=1):
        a, b, c, alpha, beta, gamma = (round(float(x), 4) for x in framework.crystal.parameters)
        energy = framework.energy_per_atom
        rows.append(
            {
                "rank": rank,
                "file": name,
                "net": framework.net_name,
                "interpenetration": framework.interpenetration,
                "nodes": list(framework.nodes),
                "formula": framework.crystal.formula,
                "space_group": framework.crystal.space_group.symbol,
                "cell": {
                    "a_a": a,
                    "b_a": b,
                    "c_a": c,
                    "alpha_deg": alpha,
                    "beta_deg": beta,
                    "gamma_deg": gamma,
                },
                "n_atoms": framework.crystal.n_atoms,
                "density_g_per_cm3": round(framework.crystal.density, 4),
                "built_like": framework.template,
                "n_relatives": framework.n_relatives,
                "known_with_this_metal": framework.same_metal,
                "rms_gap_a": round(framework.rms_gap, 4),
                "energy_ev_per_atom": None if energy is None else round(energy, 5),
                "status": framework.status,
            }
        )
    return json.dumps({"porescope": __version__, "frameworks": rows}, indent=2)


def write_built(built: Sequence[BuiltFramework], folder: Path) -> None:
    """Write one CIF each and ``built.json``.

    Parameters
    ----------
    built:
        The frameworks.
    folder:
        Where to write.
    """
    from porescope.io.cif_write import write_cif

    for framework, name in zip(built, file_names(built), strict=True):
        write_cif(framework.crystal, folder / name)
    (folder / "built.json").write_text(built_json(built) + "\n", encoding="utf-8")


def show_built(built: Sequence[BuiltFramework], *, folder: Path, console: Console) -> None:
    """Say what was built.

    Parameters
    ----------
    built:
        The frameworks.
    folder:
        Where the CIFs are.
    console:
        Where to say it.
    """
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("", "net", "node", "a b c  [Å]", "α β γ  [°]", "space group", "like"):
        table.add_column(name, overflow="fold")
    for rank, framework in enumerate(built, start=1):
        a, b, c, alpha, beta, gamma = framework.crystal.parameters
        copies = f" ×{framework.interpenetration}" if framework.interpenetration > 1 else ""
        table.add_row(
            str(rank),
            (framework.net_name or "–") + copies,
            Text(", ".join(framework.nodes)),
            f"{a:.2f} {b:.2f} {c:.2f}",
            f"{alpha:.0f} {beta:.0f} {gamma:.0f}",
            framework.crystal.space_group.symbol,
            Text(framework.template),
        )
    console.print()
    console.print(Padding(table, (0, 2)))
    poor = [
        str(i) for i, f in enumerate(built, start=1) if f.status not in ("relaxed", "assembled")
    ]
    if poor:
        reason = built[int(poor[0]) - 1].status
        said = Text(f"Number {', '.join(poor)}: {one_line(reason)}.")
        console.print(Padding(said, (1, 2, 0, 2)))
    line = Text.assemble(("Written  ", "dim"), (one_line(str(folder)), "cyan"))
    console.print(Padding(line, (1, 2)))
