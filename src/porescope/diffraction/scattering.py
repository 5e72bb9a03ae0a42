"""Scattering power of single atoms: X-ray form factors, anomalous terms, neutron lengths.

Form factors are the four Gaussians plus constant of International Tables for Crystallography C
(1992), table 6.1.1.4, https://doi.org/10.1107/97809553602060000600; coherent neutron scattering
lengths are those of V. F. Sears, Neutron News 3 (1992) 26,
https://doi.org/10.1080/10448639208218770. Both tables come with gemmi. Atoms are taken neutral.
"""

from __future__ import annotations

from functools import lru_cache

import gemmi
import numpy as np
from jaxtyping import Float, Int

from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError

MAX_ATOMIC_NUMBER = 98
"""Heaviest element with a form factor."""


@lru_cache(maxsize=1)
def form_factor_table() -> Float[np.ndarray, "elements 9"]:
    """Coefficients a1–a4, b1–b4, c of each atomic number; a row of NaN where there are none.

    ``f0 = c + Σ a_i exp(-b_i s²)`` with s = sin θ/λ [1/Å].
    """
    table = np.full((MAX_ATOMIC_NUMBER + 1, 9), np.nan)
    for z in range(1, MAX_ATOMIC_NUMBER + 1):
        coefficients = gemmi.Element(z).it92
        if coefficients is not None:
            # gemmi keeps single precision; the published numbers have at most seven digits
            table[z] = [float(f"{x:.7g}") for x in coefficients.get_coefs()]
    table.flags.writeable = False
    return table


def form_factor(
    number: int, *, s_squared: Float[np.ndarray, "reflections"]
) -> Float[np.ndarray, "reflections"]:
    """X-ray form factor of a neutral atom at rest [electrons].

    Parameters
    ----------
    number:
        Atomic number.
    s_squared:
        (sin θ/λ)² [1/Å²], valid to about 4.
    """
    row = form_factor_table()[_checked(number)]
    return row[8] + np.exp(-np.multiply.outer(s_squared, row[4:8])) @ row[:4]


@lru_cache(maxsize=4096)
def anomalous_terms(number: int, *, wavelength: float) -> tuple[float, float]:
    """Dispersion corrections f' and f'' [electrons] by the Cromer–Liberman method.

    D. T. Cromer and D. A. Liberman, Acta Cryst. A37 (1981) 267,
    https://doi.org/10.1107/S0567739481000600; as implemented in gemmi.

    Parameters
    ----------
    number:
        Atomic number; hydrogen and helium have none.
    wavelength:
        X-ray wavelength [Å].
    """
    if number < 3:
        return 0.0, 0.0
    first, second = gemmi.cromer_liberman(_checked(number), 12398.419843320026 / wavelength)
    return float(first), float(second)


@lru_cache(maxsize=512)
def neutron_length(number: int, *, isotope: int = 0) -> float:
    """Bound coherent scattering length [fm] of the natural mixture, or of deuterium.

    Raises
    ------
    ConfigError
        No length is tabulated for the element or the isotope.
    """
    if number == 1 and isotope == 2:
        element = gemmi.Element("D")
    elif isotope == 0:
        element = gemmi.Element(number)
    else:
        raise ConfigError(
            f"no neutron scattering length for isotope {isotope} of element {number}; "
            "deuterium and natural mixtures are known"
        )
    if element.neutron92 is None:
        raise ConfigError(f"no neutron scattering length for element {element.name}")
    return round(float(element.neutron92.get_coefs()[0]), 6)


def scattering_factors(
    numbers: Int[np.ndarray, "species"],
    *,
    isotopes: Int[np.ndarray, "species"],
    s_squared: Float[np.ndarray, "reflections"],
    radiation: Radiation,
    anomalous: bool = False,
) -> tuple[Float[np.ndarray, "species reflections"], Float[np.ndarray, "species"]]:
    """Real part for each reflection and imaginary part of each species' scattering factor.

    Electrons for X-rays, fm for neutrons. Thermal motion is not in it.

    Parameters
    ----------
    numbers, isotopes:
        Atomic numbers, and mass numbers for neutrons (0 for the natural mixture).
    s_squared:
        (sin θ/λ)² [1/Å²].
    radiation:
        X-rays or neutrons; the anomalous terms are those of its strongest line.
    anomalous:
        Add f' and f''.
    """
    real = np.empty((len(numbers), len(s_squared)))
    imaginary = np.zeros(len(numbers))
    for i, (number, isotope) in enumerate(zip(numbers.tolist(), isotopes.tolist(), strict=True)):
        if radiation.kind == "neutron":
            real[i] = neutron_length(number, isotope=isotope)
            continue
        real[i] = form_factor(number, s_squared=s_squared)
        if anomalous:
            first, second = anomalous_terms(number, wavelength=radiation.wavelength)
            real[i] += first
            imaginary[i] = second
    return real, imaginary


def check_elements(numbers: Int[np.ndarray, "atoms"]) -> None:
    """Raise a ``ConfigError`` that names an element without a form factor.

    Parameters
    ----------
    numbers:
        Atomic numbers.
    """
    for number in np.unique(numbers).tolist():
        _checked(number)


def _checked(number: int) -> int:
    """The atomic number, if there is a form factor for it."""
    if not 1 <= number <= MAX_ATOMIC_NUMBER or np.isnan(form_factor_table()[number, 8]):
        raise ConfigError(
            f"no form factor for atomic number {number}; 1 to {MAX_ATOMIC_NUMBER} are known"
        )
    return number
