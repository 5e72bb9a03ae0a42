"""Lorentz and polarisation factors of powder diffraction."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from porescope.diffraction.radiation import Radiation


def lorentz_polarisation(
    two_theta_deg: Float[np.ndarray, "..."], radiation: Radiation
) -> Float[np.ndarray, "..."]:
    r"""Lorentz–polarisation factor of a powder line.

    .. math:: LP = \frac{2 p + 2 (1 - p) \cos^2 2\theta_m \cos^2 2\theta}{\sin^2\theta \cos\theta}

    with :math:`p` the polarised fraction and :math:`2\theta_m` the angle of the monochromator
    (mosaic crystal, same plane as the sample). For a tube without monochromator this is
    :math:`(1 + \cos^2 2\theta)/(\sin^2\theta \cos\theta)`; neutrons have the Lorentz factor
    :math:`1/(\sin^2\theta \cos\theta)` only. International Tables for Crystallography C,
    chapter 6.2, https://doi.org/10.1107/97809553602060000596.

    Parameters
    ----------
    two_theta_deg:
        Scattering angles [°], between 0 and 180.
    radiation:
        Kind, polarisation and monochromator are used.
    """
    theta = 0.5 * np.deg2rad(two_theta_deg)
    sine, cosine = np.sin(theta), np.cos(theta)
    constant, sloped = polarisation_terms(radiation)
    cos2 = 1.0 - 2.0 * sine * sine
    return (constant + sloped * cos2 * cos2) / (sine * sine * cosine)


def polarisation_terms(radiation: Radiation) -> tuple[float, float]:
    """The constant and the factor of cos²2θ in the polarisation factor.

    Parameters
    ----------
    radiation:
        Kind, polarisation and monochromator are used; neutrons have 1 and 0.
    """
    if radiation.kind == "neutron":
        return 1.0, 0.0
    mono = radiation.monochromator_two_theta_deg
    transmitted = 1.0 if mono is None else math.cos(math.radians(mono)) ** 2
    return 2.0 * radiation.polarisation, 2.0 * (1.0 - radiation.polarisation) * transmitted
