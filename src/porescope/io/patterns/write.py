"""Patterns as columns of text."""

from __future__ import annotations

import os
from pathlib import Path

from porescope.diffraction.pattern import Pattern
from porescope.diffraction.radiation import Radiation


def write_pattern_xye(pattern: Pattern, path: str | Path) -> None:
    """Write 2θ, intensity and uncertainty; the file appears whole or not at all.

    The radiation stands in the first line, in words that ``read_pattern`` understands.

    Parameters
    ----------
    pattern:
        What is written.
    path:
        The file; an existing one is replaced.

    Raises
    ------
    OSError
        The folder cannot be written to.
    """
    said = radiation_text(pattern.radiation)
    name = " ".join(pattern.name.split())
    _write(pattern, Path(path), head=f"# {name}\n# {said}\n# 2theta_deg intensity sigma\n", gap=" ")


def write_pattern_csv(pattern: Pattern, path: str | Path) -> None:
    """Write the columns ``2theta_deg,intensity,sigma``; the file appears whole or not at all.

    Parameters
    ----------
    pattern:
        What is written.
    path:
        The file; an existing one is replaced.

    Raises
    ------
    OSError
        The folder cannot be written to.
    """
    _write(pattern, Path(path), head="2theta_deg,intensity,sigma\n", gap=",")


def radiation_text(radiation: Radiation | None) -> str:
    """One line about the radiation, such as ``wavelength 1.540593/1.544427 A (CuKa)``."""
    if radiation is None:
        return "radiation not known"
    lines = "/".join(f"{wavelength:.6f}" for wavelength in radiation.wavelengths)
    kind = "neutrons" if radiation.kind == "neutron" else "X-rays"
    return f"wavelength {lines} A ({radiation.name or kind})"


def _write(pattern: Pattern, path: Path, *, head: str, gap: str) -> None:
    rows = zip(
        pattern.two_theta_deg.tolist(),
        pattern.intensity.tolist(),
        pattern.sigma.tolist(),
        strict=True,
    )
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(head)
            file.writelines(f"{x:.10g}{gap}{y:.10g}{gap}{e:.6g}\n" for x, y, e in rows)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
