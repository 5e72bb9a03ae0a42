"""Making the table of relaxed silica zeolites from idealised framework CIFs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import gemmi

from porescope.crystal.structure import Crystal
from porescope.datasets.cards import PowderCard
from porescope.datasets.making import CardConfig, card_from_crystal
from porescope.datasets.store import Source
from porescope.errors import PorescopeError
from porescope.io.cif import read_cif
from porescope.reticular.dls import relax_silica
from porescope.reticular.silica import (
    FORMAT,
    SilicaEntry,
    crystal_of_entry,
    silica_entries,
    silica_framework,
    silica_geometry,
)

SILICA = Source(
    name="porescope-silica",
    licence="MIT",
    citation=(
        "silica zeolites relaxed by distance least squares (W. M. Meier, H. Villiger, "
        "Z. Kristallogr. 129 (1969) 411); topologies: IZA Structure Commission"
    ),
)
"""Source of the cards with coordinates in the package."""

MAX_RESIDUAL = 0.03
"""Frameworks with a larger deviation from the prescribed distances are left out [Å]."""


def silica_cards(*, config: CardConfig | None = None) -> Iterator[PowderCard]:
    """Cards of all relaxed frameworks; identifiers are ``CHA-silica``."""
    from porescope.datasets.shipped import zeolite_title

    for code in silica_entries():
        yield card_from_crystal(
            silica_framework(code),
            id=f"{code}-silica",
            source=SILICA.name,
            name=zeolite_title(code),
            licence=SILICA.licence,
            content_hash=f"silica-{FORMAT}-{code}".encode(),
            config=config,
        )


def relaxed_entry(crystal: Crystal, *, code: str) -> SilicaEntry:
    """Relax a framework and round it as it will stand in the table.

    Parameters
    ----------
    crystal:
        Idealised silica framework with its space group.
    code:
        Three-letter code.

    Raises
    ------
    ConfigError
        Where it is no four-connected silica framework.
    """
    result = relax_silica(crystal)
    relaxed = result.crystal
    a, b, c, alpha, beta, gamma = (round(float(x), 5) for x in relaxed.parameters)
    unit = relaxed.asymmetric_unit()
    return SilicaEntry(
        code=code,
        symbol=relaxed.space_group.symbol,
        cell=(a, b, c, alpha, beta, gamma),
        sites=tuple(
            (gemmi.Element(int(z)).name, round(float(x), 6), round(float(y), 6), round(float(w), 6))
            for z, (x, y, w) in zip(unit.numbers, unit.frac % 1.0, strict=True)
        ),
        residual=round(result.residual, 5),
        volume_ratio=round(relaxed.volume / crystal.volume, 5),
    )


def build_silica(
    folder: Path, out: Path, *, on_progress: Callable[[str, str], None] | None = None
) -> dict[str, str]:
    """Relax all frameworks of a folder and write the table.

    Parameters
    ----------
    folder:
        Folder with one CIF for each code.
    out:
        Table to write.
    on_progress:
        Called with each code and what came of it.

    Returns
    -------
    :
        Why a framework was left out, by code.
    """
    rows: list[dict] = []
    refused: dict[str, str] = {}
    for path in sorted(folder.glob("*.cif")):
        code = path.stem
        try:
            entry = relaxed_entry(read_cif(path), code=code)
            reason = _refusal(entry)
        except PorescopeError as error:
            reason, entry = str(error), None
        if entry is not None and not reason:
            rows.append(
                {
                    "code": entry.code,
                    "symbol": entry.symbol,
                    "cell": entry.cell,
                    "sites": entry.sites,
                    "residual": entry.residual,
                    "volume_ratio": entry.volume_ratio,
                }
            )
        else:
            refused[code] = reason
        if on_progress is not None:
            on_progress(code, reason or "ok")
    body = ",\n".join(f"  {json.dumps(row, separators=(',', ':'))}" for row in rows)
    text = f'{{\n "format": {FORMAT},\n "entries": [\n{body}\n ]\n}}\n'
    part = out.with_name(f"{out.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(out)
    return refused


def _refusal(entry: SilicaEntry) -> str:
    """Why a relaxed framework is not fit for the table; empty if it is."""
    if entry.residual > MAX_RESIDUAL:
        return f"deviation {entry.residual:.3f} Å from the prescribed distances"
    crystal = crystal_of_entry(entry)
    geometry = silica_geometry(crystal)
    if geometry.si_o[0] < 1.55 or geometry.si_o[1] > 1.67:
        return f"bonds of {geometry.si_o[0]:.2f} to {geometry.si_o[1]:.2f} Å"
    return ""


def geometry_page() -> str:
    """Page of the documentation with distances, angles and volumes of all relaxed frameworks."""
    lines = [
        "# Relaxed silica frameworks",
        "",
        "Made by `python -m porescope.datasets.silica_build --page docs/silica.md`. ΔV is the "
        "change of the cell's volume against the idealised framework in the IZA's database.",
        "",
        "| code | space group | Si–O [Å] | O–Si–O [°] | Si–O–Si [°] | ΔV [%] |",
        "|---|---|---|---|---|---|",
    ]
    for code, entry in silica_entries().items():
        geometry = silica_geometry(crystal_of_entry(entry))
        lines.append(
            f"| {code} | {entry.symbol} | {geometry.si_o[0]:.3f}–{geometry.si_o[1]:.3f} "
            f"| {geometry.o_si_o[0]:.1f}–{geometry.o_si_o[1]:.1f} "
            f"| {geometry.si_o_si[0]:.0f}–{geometry.si_o_si[1]:.0f} "
            f"| {100.0 * (entry.volume_ratio - 1.0):+.1f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """``python -m porescope.datasets.silica_build FOLDER --out FILE``, or ``--page FILE``."""
    parser = argparse.ArgumentParser(description="Relax silica zeolites and write the table.")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--page", type=Path, help="write the page of the documentation instead")
    options = parser.parse_args()
    if options.page is not None:
        options.page.write_text(geometry_page(), encoding="utf-8")
        return
    if options.folder is None or options.out is None:
        parser.error("give the folder of idealised CIFs and --out FILE, or --page FILE")

    def show(code: str, state: str) -> None:
        sys.stderr.write(f"{code} {state}\n")

    refused = build_silica(options.folder, options.out, on_progress=show)
    sys.stdout.write(f"left out: {len(refused)}\n")
    for code, reason in refused.items():
        sys.stdout.write(f"  {code}: {reason}\n")


if __name__ == "__main__":
    main()
