"""Physical constants and conversions between the units of the field.

Internal units are ångström, electronvolt, kelvin and radian; any other unit is in the name.
Constants: CODATA 2018, https://doi.org/10.1103/RevModPhys.93.025010.
"""

from __future__ import annotations

import re

import numpy as np
from jaxtyping import Float

HC_EV_ANGSTROM = 12398.419843320026
"""Planck constant times speed of light [eV Å]."""

AVOGADRO = 6.02214076e23
"""Avogadro constant [1/mol]."""

GAS_CONSTANT = 8.31446261815324
"""Molar gas constant [J/mol/K]."""

BOLTZMANN_EV = 8.617333262145179e-5
"""Boltzmann constant [eV/K]."""

BOLTZMANN_PA_A3 = 1.380649e7
"""Boltzmann constant [Pa Å³/K]."""

COULOMB_K_A = 167100.94689828737
"""Energy of two elementary charges 1 Å apart over Boltzmann's constant [K Å]."""


def d_from_two_theta(
    two_theta: Float[np.ndarray, "peaks"], *, wavelength: float
) -> Float[np.ndarray, "peaks"]:
    r"""Interplanar spacing from scattering angle.

    .. math:: d = \lambda / (2 \sin\theta)

    Parameters
    ----------
    two_theta:
        Scattering angle [rad].
    wavelength:
        Radiation wavelength [Å].

    Returns
    -------
    :
        Interplanar spacing [Å].
    """
    return wavelength / (2.0 * np.sin(0.5 * two_theta))


def q_from_two_theta(
    two_theta: Float[np.ndarray, "peaks"], *, wavelength: float
) -> Float[np.ndarray, "peaks"]:
    r"""Momentum transfer from scattering angle.

    .. math:: Q = 4\pi \sin\theta / \lambda

    Parameters
    ----------
    two_theta:
        Scattering angle [rad].
    wavelength:
        Radiation wavelength [Å].

    Returns
    -------
    :
        Momentum transfer [1/Å].
    """
    return 4.0 * np.pi * np.sin(0.5 * two_theta) / wavelength


def two_theta_from_q(
    q: Float[np.ndarray, "peaks"], *, wavelength: float
) -> Float[np.ndarray, "peaks"]:
    """Scattering angle from momentum transfer; NaN where the wavelength cannot reach it.

    Parameters
    ----------
    q:
        Momentum transfer [1/Å].
    wavelength:
        Radiation wavelength [Å].

    Returns
    -------
    :
        Scattering angle [rad].
    """
    sine = q * wavelength / (4.0 * np.pi)
    return 2.0 * np.arcsin(np.where(sine <= 1.0, sine, np.nan))


_SYMBOLS = frozenset(
    (
        *("mol", "g", "L", "l", "m", "s", "K", "°C", "C", "F", "eV", "e", "J", "W", "V", "A", "Pa"),
        *("bar", "atm", "N", "H", "Hz", "Å", "D", "B", "u", "cell", "atom", "STP", "cal", "h"),
        *("min", "%", "Ha", "Ry", "cc", "angstrom"),
    )
)
_PREFIXES = ("", "k", "m", "c", "d", "µ", "μ", "n", "p", "M", "G", "T")


def is_unit(text: str) -> bool:
    """Whether a text is made of the field's units, such as ``mol/kg``, ``cm3(STP)/g`` or ``1``.

    Parameters
    ----------
    text:
        A unit; powers as ``m2``, ``m²`` or ``m^2``, ``per`` in place of a stroke.
    """
    words = re.findall(r"[^\W\d_]+|%|°C", text.replace("²", "2").replace("³", "3"))
    words = [word for word in words if word != "per"]
    if not words:
        return text.strip() == "1"
    return all(
        any(word.startswith(p) and word[len(p) :] in _SYMBOLS for p in _PREFIXES) for word in words
    )
