"""Lorentz and polarisation factors of powder diffraction."""

from __future__ import annotations

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
    lorentz = 1.0 / (sine * sine * cosine)
    if radiation.kind == "neutron":
        return lorentz
    mono = radiation.monochromator_two_theta_deg
    transmitted = 1.0 if mono is None else float(np.cos(np.deg2rad(mono)) ** 2)
    cos2 = 1.0 - 2.0 * sine * sine
    p = radiation.polarisation
    return 2.0 * (p + (1.0 - p) * transmitted * cos2 * cos2) * lorentz
