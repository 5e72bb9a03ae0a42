"""Powder patterns of crystals: lines, instrument, sample and background put together."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from porescope.crystal.space_group import P1, SpaceGroup
from porescope.crystal.structure import Crystal
from porescope.diffraction.lorentz_polarisation import lorentz_polarisation, polarisation_terms
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.profile import ProfileParameters, profile_on_grid
from porescope.diffraction.radiation import Radiation
from porescope.diffraction.reflections import ReflectionList, reflection_symmetry
from porescope.diffraction.structure_factors import DEFAULT_U_ISO, reflections_of
from porescope.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundParameters:
    """A smooth background: Chebyshev polynomial plus humps."""

    chebyshev: tuple[float, ...] = ()
    """Coefficients on the range of the grid mapped to −1 to 1 [intensity]."""
    humps: tuple[tuple[float, float, float], ...] = ()
    """Gaussian humps of an amorphous part: position [°], full width [°], height [intensity]."""
    air_scatter: float = 0.0
    """Height at 5° of a term that falls as 1/2θ [intensity]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentParameters:
    """Everything between the reflections and the pattern."""

    profile: ProfileParameters = field(default_factory=ProfileParameters)
    """Widths and asymmetry of the lines."""
    zero_shift_deg: float = 0.0
    """Added to every angle [°]."""
    displacement_mm: float = 0.0
    """Height of the sample above the axis of a Bragg–Brentano diffractometer [mm]; lines move
    by ``2 s cosθ / R`` to higher angles."""
    radius_mm: float = 200.0
    """Radius of the goniometer [mm]."""
    march: float = 1.0
    """March–Dollase parameter: 1 is no preferred orientation, below 1 are plates."""
    march_axis: tuple[int, int, int] = (0, 0, 1)
    """Miller indices of the planes that are oriented."""
    scale: float = 1.0
    """Factor on the lines' areas."""
    background: BackgroundParameters = field(default_factory=BackgroundParameters)
    """What lies under the lines."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PowderLines:
    """Lines of a pattern by rising angle; reflections of equal spacing are one line."""

    two_theta_deg: Float[np.ndarray, "lines"]
    """Positions for the strongest wavelength [°]."""
    d: Float[np.ndarray, "lines"]
    """Interplanar spacings [Å]."""
    intensity: Float[np.ndarray, "lines"]
    """Multiplicity × |F|² × Lorentz–polarisation, the sum over the line."""
    first: Int[np.ndarray, "lines"]
    """Index of the first reflection of each line in the list."""

    @property
    def n_lines(self) -> int:
        """Number of lines."""
        return len(self.d)


def simulate_pattern(
    crystal: Crystal,
    *,
    radiation: Radiation,
    two_theta_deg: Float[np.ndarray, "points"],
    instrument: InstrumentParameters | None = None,
    default_u_iso: float = DEFAULT_U_ISO,
    anomalous: bool = False,
) -> Pattern:
    """Powder pattern of a crystal.

    Parameters
    ----------
    crystal:
        The structure; its space group is used where it has one.
    radiation:
        Kind, lines, polarisation, monochromator.
    two_theta_deg:
        Grid [°], rising, between 0 and 180.
    instrument:
        Profile, shifts, orientation, scale, background; ``None`` means the defaults.
    default_u_iso:
        Displacement of atoms whose U is unknown [Å²].
    anomalous:
        Add anomalous scattering for the strongest line.

    Returns
    -------
    :
        The pattern; ``sigma`` is the square root of the intensity, at least 1.

    Raises
    ------
    ConfigError
        The grid is not rising or leaves 0 to 180°.
    """
    _check_grid(two_theta_deg)
    # a line whose middle lies a little beyond the grid still reaches into it
    sine = np.sin(np.deg2rad(min(0.5 * (float(two_theta_deg[-1]) + 1.0), 90.0)))
    d_min = min(radiation.wavelengths) / (2.0 * float(sine))
    reflections = reflections_of(
        crystal,
        d_min=d_min,
        radiation=radiation,
        default_u_iso=default_u_iso,
        anomalous=anomalous,
    )
    return pattern_from_reflections(
        reflections,
        radiation=radiation,
        two_theta_deg=two_theta_deg,
        instrument=instrument,
        lattice=crystal.lattice,
        space_group=crystal.space_group,
        name=crystal.name,
    )


def pattern_from_reflections(
    reflections: ReflectionList,
    *,
    radiation: Radiation,
    two_theta_deg: Float[np.ndarray, "points"],
    instrument: InstrumentParameters | None = None,
    lattice: Float[np.ndarray, "3 3"] | None = None,
    space_group: SpaceGroup = P1,
    name: str = "",
) -> Pattern:
    """Powder pattern of a list of reflections with structure factors.

    Parameters
    ----------
    reflections:
        With ``f_squared``.
    radiation, two_theta_deg, instrument:
        As in :func:`simulate_pattern`.
    lattice, space_group:
        Cell and symmetry; needed for preferred orientation only.
    name:
        Name of the pattern.

    Raises
    ------
    ConfigError
        There are no structure factors, or the orientation is asked for without a lattice.
    """
    _check_grid(two_theta_deg)
    instrument = InstrumentParameters() if instrument is None else instrument
    strength = instrument.scale * _strengths(reflections)
    if instrument.march != 1.0:
        if lattice is None:
            raise ConfigError("preferred orientation needs the lattice of the reflections")
        strength = strength * march_dollase(
            reflections.hkl,
            axis=instrument.march_axis,
            march=instrument.march,
            lattice=lattice,
            space_group=space_group,
        )
    positions, areas = [], []
    for wavelength, weight in zip(radiation.wavelengths, radiation.weights, strict=True):
        sine = wavelength / (2.0 * reflections.d)
        seen = sine < 1.0
        angle = 2.0 * np.rad2deg(np.arcsin(sine[seen]))
        areas.append(weight * strength[seen] * lorentz_polarisation(angle, radiation))
        positions.append(shifted_two_theta(angle, instrument=instrument))
    intensity = profile_on_grid(
        two_theta_deg,
        position_deg=np.concatenate(positions),
        area=np.concatenate(areas),
        profile=instrument.profile,
    )
    intensity = intensity + background_on_grid(two_theta_deg, background=instrument.background)
    return Pattern(
        two_theta_deg=two_theta_deg,
        intensity=intensity,
        sigma=np.sqrt(np.maximum(intensity, 1.0)),
        radiation=radiation,
        name=name,
        source_format="simulated",
        notes=("simulated from a structure",),
    )


def powder_lines(
    reflections: ReflectionList,
    *,
    radiation: Radiation,
    tolerance_deg: float = 1e-5,
) -> PowderLines:
    """Merge reflections of equal spacing and give their intensities.

    Parameters
    ----------
    reflections:
        With ``f_squared``, sorted by falling d.
    radiation:
        The strongest line's wavelength is used.
    tolerance_deg:
        Reflections nearer than this to the line's first one are part of it [°].
    """
    tube, sloped = polarisation_terms(radiation)
    angle, d, intensity, first = _merged(
        reflections.d, _strengths(reflections), radiation.wavelength, tolerance_deg, tube, sloped
    )
    return PowderLines(two_theta_deg=angle, d=d, intensity=intensity, first=first)


def shifted_two_theta(
    two_theta_deg: Float[np.ndarray, "peaks"], *, instrument: InstrumentParameters
) -> Float[np.ndarray, "peaks"]:
    """Angles as the instrument shows them: zero shift and sample displacement added [°].

    Parameters
    ----------
    two_theta_deg:
        True angles [°].
    instrument:
        ``zero_shift_deg``, ``displacement_mm`` and ``radius_mm`` are used.
    """
    moved = two_theta_deg + instrument.zero_shift_deg
    if instrument.displacement_mm:
        tilt = np.rad2deg(2.0 * instrument.displacement_mm / instrument.radius_mm)
        moved = moved + tilt * np.cos(0.5 * np.deg2rad(two_theta_deg))
    return moved


def background_on_grid(
    two_theta_deg: Float[np.ndarray, "points"], *, background: BackgroundParameters
) -> Float[np.ndarray, "points"]:
    """Chebyshev polynomial, humps and air scatter on a grid.

    Parameters
    ----------
    two_theta_deg:
        Grid [°].
    background:
        The terms.
    """
    result = np.zeros(len(two_theta_deg))
    if background.chebyshev:
        low, high = two_theta_deg[0], two_theta_deg[-1]
        mapped = (2.0 * two_theta_deg - low - high) / max(high - low, 1e-12)
        result += np.polynomial.chebyshev.chebval(mapped, np.array(background.chebyshev))
    for position, fwhm, height in background.humps:
        result += height * np.exp(-4.0 * np.log(2.0) * ((two_theta_deg - position) / fwhm) ** 2)
    if background.air_scatter:
        result += background.air_scatter * 5.0 / np.maximum(two_theta_deg, 0.1)
    return result


def march_dollase(
    hkl: Int[np.ndarray, "reflections 3"],
    *,
    axis: tuple[int, int, int],
    march: float,
    lattice: Float[np.ndarray, "3 3"],
    space_group: SpaceGroup = P1,
) -> Float[np.ndarray, "reflections"]:
    r"""March–Dollase factor of each reflection, the mean over its equivalents.

    .. math:: P = \langle (r^2 \cos^2\alpha + \sin^2\alpha / r)^{-3/2} \rangle

    with α between the reflection's normal and that of the oriented planes. W. A. Dollase,
    J. Appl. Cryst. 19 (1986) 267, https://doi.org/10.1107/S0021889886089458.

    Parameters
    ----------
    hkl:
        Miller indices.
    axis:
        Miller indices of the oriented planes.
    march:
        The parameter r, positive; 1 gives 1.
    lattice:
        Cell vectors as rows [Å].
    space_group:
        Gives the equivalents.
    """
    if not march > 0.0 or not any(axis):
        raise ConfigError(f"March–Dollase needs r > 0 and an axis; got {march} and {axis}")
    reciprocal = np.linalg.inv(lattice).T
    normal = np.array(axis, dtype=np.float64) @ reciprocal
    normal /= np.linalg.norm(normal)
    return _march(
        hkl, np.ascontiguousarray(reciprocal), normal, march, reflection_symmetry(space_group).laue
    )


def _strengths(reflections: ReflectionList) -> Float[np.ndarray, "reflections"]:
    """Multiplicity times |F|²."""
    if reflections.f_squared is None:
        raise ConfigError("these reflections carry no structure factors; use reflections_of")
    return reflections.multiplicity * reflections.f_squared


def _check_grid(two_theta_deg: Float[np.ndarray, "points"]) -> None:
    """The grid rises and stays within 0 to 180°."""
    if len(two_theta_deg) < 2 or not np.all(np.diff(two_theta_deg) > 0.0):
        raise ConfigError("the grid of angles must rise and have two points at least")
    if not (two_theta_deg[0] >= 0.0 and two_theta_deg[-1] < 180.0):
        raise ConfigError(
            f"angles must lie between 0 and 180°; got {two_theta_deg[0]} to {two_theta_deg[-1]}"
        )


@njit(cache=True)
def _merged(d, strength, wavelength, tolerance, constant, sloped):
    # with the Lorentz-polarisation factor (constant + sloped cos² 2θ) / (sin²θ cosθ)
    n = len(d)
    angle = np.empty(n)
    spacing = np.empty(n)
    total = np.empty(n)
    first = np.empty(n, np.int64)
    count = 0
    for i in range(n):
        sine = wavelength / (2.0 * d[i])
        if sine >= 1.0:
            break
        position = 2.0 * np.rad2deg(np.arcsin(sine))
        if count and position - angle[count - 1] < tolerance:
            total[count - 1] += strength[i]
            continue
        angle[count] = position
        spacing[count] = d[i]
        total[count] = strength[i]
        first[count] = i
        count += 1
    for i in range(count):
        sine = wavelength / (2.0 * spacing[i])
        square = sine * sine
        cos2 = 1.0 - 2.0 * square
        total[i] *= (constant + sloped * cos2 * cos2) / (square * np.sqrt(1.0 - square))
    return angle[:count].copy(), spacing[:count].copy(), total[:count].copy(), first[:count].copy()


@njit(cache=True)
def _march(hkl, reciprocal, normal, march, laue):
    out = np.zeros(len(hkl))
    for r in range(len(hkl)):
        for i in range(len(laue)):
            dot = 0.0
            square = 0.0
            for x in range(3):
                component = 0.0
                for b in range(3):
                    index = 0
                    for a in range(3):
                        index += hkl[r, a] * laue[i, a, b]
                    component += index * reciprocal[b, x]
                dot += component * normal[x]
                square += component * component
            cos2 = min(dot * dot / square, 1.0) if square > 0.0 else 0.0
            out[r] += (march * march * cos2 + (1.0 - cos2) / march) ** -1.5
        out[r] /= len(laue)
    return out
