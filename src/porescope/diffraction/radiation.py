"""What the sample was illuminated with."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

from porescope.errors import ConfigError
from porescope.units import HC_EV_ANGSTROM


@dataclass(frozen=True, slots=True, kw_only=True)
class Radiation:
    """X-rays or neutrons of one or more wavelengths."""

    kind: Literal["xray", "neutron"] = "xray"
    """What scatters: electrons (X-rays) or nuclei (neutrons)."""
    wavelengths: tuple[float, ...]
    """Wavelengths [Å], the strongest line first."""
    weights: tuple[float, ...] = (1.0,)
    """Relative intensities of the lines, the first is 1."""
    name: str = ""
    """Name such as ``CuKa``; empty for a bare wavelength."""
    polarisation: float = 0.5
    """Fraction of the incident intensity polarised perpendicular to the scattering plane: 0.5
    for a tube, near 1 for a synchrotron with a horizontal ring and a vertical scattering plane."""
    monochromator_two_theta_deg: float | None = None
    """Scattering angle of a crystal monochromator [°], if one is known."""

    def __post_init__(self) -> None:
        if not self.wavelengths or len(self.wavelengths) != len(self.weights):
            raise ConfigError(
                "a radiation needs at least one wavelength and one weight for each; got "
                f"{len(self.wavelengths)} wavelengths and {len(self.weights)} weights"
            )
        if not all(math.isfinite(x) and x > 0.0 for x in (*self.wavelengths, *self.weights)):
            raise ConfigError(
                "wavelengths [Å] and weights must be finite and positive; got "
                f"{self.wavelengths} and {self.weights}"
            )
        if not 0.0 <= self.polarisation <= 1.0:
            raise ConfigError(f"the polarisation must lie in 0 to 1; got {self.polarisation}")

    @property
    def wavelength(self) -> float:
        """Wavelength of the strongest line [Å]."""
        return self.wavelengths[0]

    @property
    def mean_wavelength(self) -> float:
        """Mean wavelength, weighted by the lines' intensities [Å]."""
        return sum(w * x for w, x in zip(self.weights, self.wavelengths, strict=True)) / sum(
            self.weights
        )

    @property
    def energy_ev(self) -> float:
        """Photon energy of the strongest line [eV]; of no meaning for neutrons."""
        return HC_EV_ANGSTROM / self.wavelength


@lru_cache(maxsize=1)
def _lines() -> dict[tuple[str, str], tuple[float, float]]:
    """Wavelength [Å] and weight of each line in the table, by lower-case anode and line."""
    text = (files("porescope.diffraction") / "data" / "radiation_lines.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {
        (row["anode"].lower(), row["line"].lower()): (
            HC_EV_ANGSTROM / float(row["energy_ev"]),
            float(row["weight"]),
        )
        for row in rows
    }


def radiation_names() -> tuple[str, ...]:
    """Names of the characteristic lines that :func:`radiation_from_name` knows."""
    anodes = sorted({anode for anode, _ in _lines()})
    return tuple(f"{a.title()}{line}" for a in anodes for line in ("Ka", "Ka1", "Ka2", "Kb"))


def radiation_from_name(
    name: str,
    *,
    kind: Literal["xray", "neutron"] = "xray",
    monochromator_two_theta_deg: float | None = None,
    polarisation: float = 0.5,
) -> Radiation:
    """Radiation from what a person writes.

    ``CuKa`` means Kα1 + ½ Kα2; ``CuKa1``, ``CuKa2`` and ``CuKb`` are single lines; ``Cu`` is
    ``CuKa``. A number is a wavelength in Å. Several lines are written ``1.5406,1.5444:0.5``,
    the weight after the colon (1 where there is none).

    Parameters
    ----------
    name:
        Name of a line, or wavelengths [Å].
    kind:
        X-rays or neutrons; names of lines mean X-rays.
    monochromator_two_theta_deg:
        Scattering angle of a crystal monochromator [°].
    polarisation:
        Fraction of the incident intensity polarised perpendicular to the scattering plane.

    Raises
    ------
    ConfigError
        The name is not known, or a wavelength is no positive number.
    """
    text = name.strip().replace("α", "a").replace("β", "b")
    text = re.sub(r"alpha", "a", text, flags=re.IGNORECASE)
    text = re.sub(r"beta", "b", text, flags=re.IGNORECASE)
    if text[:1].isdigit():
        text = re.sub(r"(å|angstroms?|a)\s*$", "", text, flags=re.IGNORECASE)
    compact = re.sub(r"[\s_\-]", "", text)
    match = re.fullmatch(r"([A-Za-z]{2})(?:K(a|a1|a2|a12|b)?)?", compact, flags=re.IGNORECASE)
    if match and (match[1].lower(), "ka1") in _lines():
        if kind != "xray":
            raise ConfigError(f"{name!r} is an X-ray line; give neutrons a wavelength in Å")
        anode = match[1].lower()
        line = "k" + (match[2] or "a").lower()
        members = ("ka1", "ka2") if line in ("ka", "ka12") else (line,)
        found = [_lines()[anode, member] for member in members]
        return Radiation(
            wavelengths=tuple(w for w, _ in found),
            weights=tuple(weight / found[0][1] for _, weight in found),
            name=f"{anode.title()}K{members[0][1:] if len(members) == 1 else 'a'}",
            polarisation=polarisation,
            monochromator_two_theta_deg=monochromator_two_theta_deg,
        )
    try:
        pairs = [part.split(":") for part in text.split(",")]
        wavelengths = tuple(float(pair[0]) for pair in pairs)
        weights = tuple(float(pair[1]) if len(pair) > 1 else 1.0 for pair in pairs)
    except ValueError:
        raise ConfigError(
            f"expected the name of a radiation ({', '.join(radiation_names())}) or a wavelength "
            f"in Å such as 1.5418; got {name!r}"
        ) from None
    order = sorted(range(len(weights)), key=lambda i: -weights[i])
    top = weights[order[0]]
    return Radiation(
        kind=kind,
        wavelengths=tuple(wavelengths[i] for i in order),
        weights=tuple(weights[i] / top if top > 0 else weights[i] for i in order),
        polarisation=polarisation,
        monochromator_two_theta_deg=monochromator_two_theta_deg,
    )
