"""Structure factors of crystals, by direct sums over as few atoms as symmetry allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from jaxtyping import Complex, Float, Int

from porescope.crystal.structure import Crystal
from porescope.diffraction.density_fft import SMALL_WORK, fft_is_cheaper, fft_structure_factors
from porescope.diffraction.radiation import Radiation
from porescope.diffraction.reflections import (
    ReflectionList,
    bad_request,
    enumerated,
    plain_array,
    reflection_symmetry,
)
from porescope.diffraction.scatterers import DEFAULT_U_ISO, folding, scatterers_of
from porescope.diffraction.scattering import (
    check_elements,
    form_factor_table,
    scattering_factors,
)
from porescope.diffraction.structure_factor_kernels import (
    _direct,
    _direct_anisotropic,
    _it92,
    _sorted_by_d,
    _xray_reflections,
)
from porescope.errors import ConfigError

FormFactors = Callable[
    [Int[np.ndarray, "species"], Float[np.ndarray, "reflections"]],
    Float[np.ndarray, "species reflections"],
]
"""A table of form factors: atomic numbers and (sin θ/λ)² [1/Å²] in, electrons out."""

_BLOCK = 512


def reflections_of(
    crystal: Crystal,
    *,
    d_min: float,
    radiation: Radiation,
    d_max: float = np.inf,
    default_u_iso: float = DEFAULT_U_ISO,
    anomalous: bool = False,
    form_factors: FormFactors | None = None,
) -> ReflectionList:
    """Unique reflections of a crystal with their squared structure factors.

    The space group that the crystal carries is used for absences, equivalents and to shorten
    the sums; a crystal in P1 is summed over all its atoms.

    Parameters
    ----------
    crystal:
        The structure.
    d_min, d_max:
        Smallest and largest interplanar spacing [Å].
    radiation:
        X-rays or neutrons.
    default_u_iso:
        Displacement of atoms whose U is unknown [Å²].
    anomalous:
        Add the anomalous terms for the strongest line of the radiation.
    form_factors:
        Another table than IT92, used as it is, without anomalous terms.

    Raises
    ------
    ConfigError
        ``d_min`` is not positive, the crystal has no atoms, or an element has no form factor.
    """
    if not crystal.n_atoms:
        raise ConfigError(f"the crystal {crystal.name!r} has no atoms")
    symmetry = reflection_symmetry(crystal.space_group)
    plain = crystal.u_aniso is None and form_factors is None and not anomalous
    if plain and radiation.kind == "xray":
        found = _all_at_once(
            crystal, symmetry, d_min=d_min, d_max=d_max, default_u_iso=default_u_iso
        )
        if found is not None:
            return found
    hkl, multiplicity, s_squared = enumerated(crystal.lattice, symmetry, d_min=d_min, d_max=d_max)
    values = _f_squared(
        crystal,
        hkl,
        s_squared=s_squared,
        radiation=radiation,
        symmetry=symmetry,
        default_u_iso=default_u_iso,
        anomalous=anomalous,
        form_factors=form_factors,
    )
    hkl, d, multiplicity, values = _sorted_by_d(hkl, s_squared, multiplicity, values)
    return ReflectionList(hkl=hkl, d=d, multiplicity=multiplicity, f_squared=values)


def reflections_of_many(
    crystals: Iterable[Crystal],
    *,
    d_min: float,
    radiation: Radiation,
    default_u_iso: float = DEFAULT_U_ISO,
) -> Iterable[ReflectionList]:
    """Reflections of one crystal after the other, as they come.

    Parameters
    ----------
    crystals:
        The structures; a generator is read one at a time.
    d_min, radiation, default_u_iso:
        As in :func:`reflections_of`.
    """
    for crystal in crystals:
        yield reflections_of(crystal, d_min=d_min, radiation=radiation, default_u_iso=default_u_iso)


def f_squared(
    crystal: Crystal,
    hkl: Int[np.ndarray, "reflections 3"],
    *,
    radiation: Radiation,
    default_u_iso: float = DEFAULT_U_ISO,
    anomalous: bool = False,
) -> Float[np.ndarray, "reflections"]:
    """Squared structure factors of given reflections, the mean of Friedel mates.

    Every atom of the cell is summed, so absences come out as (nearly) zero.

    Parameters
    ----------
    crystal:
        The structure.
    hkl:
        Miller indices, in any order.
    radiation, default_u_iso, anomalous:
        As in :func:`reflections_of`.
    """
    order = np.lexsort(hkl.T[::-1])
    ordered = np.ascontiguousarray(hkl[order])
    values = np.empty(len(hkl))
    values[order] = _f_squared(
        crystal,
        ordered,
        s_squared=s_squared_of(ordered, lattice=crystal.lattice),
        radiation=radiation,
        symmetry=None,
        default_u_iso=default_u_iso,
        anomalous=anomalous,
    )
    return values


def with_f_squared(
    reflections: ReflectionList, crystal: Crystal, *, radiation: Radiation
) -> ReflectionList:
    """The same reflections with structure factors of a crystal.

    Parameters
    ----------
    reflections:
        Reflections in the basis of the crystal's cell.
    crystal:
        The structure.
    radiation:
        X-rays or neutrons.
    """
    return replace(reflections, f_squared=f_squared(crystal, reflections.hkl, radiation=radiation))


def structure_factors(
    crystal: Crystal,
    hkl: Int[np.ndarray, "reflections 3"],
    *,
    radiation: Radiation,
    default_u_iso: float = DEFAULT_U_ISO,
    anomalous: bool = False,
) -> Complex[np.ndarray, "reflections"]:
    r"""Complex structure factors, summed over every atom of the cell.

    .. math:: F(\mathbf h) = \sum_j o_j f_j(s)\, e^{-8 \pi^2 U_j s^2}\, e^{2 \pi i \mathbf h x_j}

    Parameters
    ----------
    crystal:
        The structure.
    hkl:
        Miller indices, in any order.
    radiation, default_u_iso, anomalous:
        As in :func:`reflections_of`.

    Returns
    -------
    :
        Structure factors [electrons or fm].
    """
    order = np.lexsort(hkl.T[::-1])
    ordered = np.ascontiguousarray(hkl[order])
    real, imaginary = _sums(
        crystal,
        ordered,
        s_squared=s_squared_of(ordered, lattice=crystal.lattice),
        radiation=radiation,
        symmetry=None,
        default_u_iso=default_u_iso,
        anomalous=anomalous,
    )
    result = np.empty(len(hkl), dtype=np.complex128)
    result[order] = real + 1j * imaginary
    return result


def s_squared_of(
    hkl: Int[np.ndarray, "reflections 3"], *, lattice: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "reflections"]:
    """(sin θ/λ)² of reflections [1/Å²].

    Parameters
    ----------
    hkl:
        Miller indices.
    lattice:
        Cell vectors as rows [Å].
    """
    reciprocal = np.linalg.inv(lattice).T
    return 0.25 * np.sum((hkl @ reciprocal) ** 2, axis=1)


def _all_at_once(crystal, symmetry, *, d_min, d_max, default_u_iso) -> ReflectionList | None:
    """X-ray reflections by the one fused kernel; ``None`` where the cell is too large for it."""
    orbit, isotopes, rotations, shifts, centre, centric = folding(crystal, symmetry)
    try:
        hkl, d, multiplicity, values = _xray_reflections(
            plain_array(crystal.lattice),
            1.0 / (d_min * d_min) if d_min > 0.0 else 0.0,
            1.0 / (d_max * d_max) if d_max > 0.0 else 0.0,
            symmetry.laue,
            symmetry.centrings,
            symmetry.screw_rotations,
            symmetry.screw_translations,
            plain_array(crystal.frac),
            orbit,
            plain_array(crystal.numbers),
            isotopes,
            plain_array(crystal.u_iso),
            plain_array(crystal.occupancy),
            rotations,
            shifts,
            centre,
            centric,
            default_u_iso,
            form_factor_table(),
            SMALL_WORK,
            _BLOCK,
        )
    except ValueError:
        check_elements(crystal.numbers)
        raise bad_request(crystal.lattice, d_min=d_min) from None
    if len(values) < len(hkl):
        return None
    return ReflectionList(hkl=hkl, d=d, multiplicity=multiplicity, f_squared=values)


def _f_squared(crystal, hkl, **options) -> Float[np.ndarray, "reflections"]:
    """|F|² for indices sorted by h, k; the mean of Friedel mates."""
    if crystal.u_aniso is None or np.isnan(crystal.u_aniso).all():
        parts = _isotropic_sums(crystal, hkl, **options)
    else:
        parts = _anisotropic_sums(crystal, hkl, **options)
    # with F(h) = P + iQ and F(-h) = conj(P - iQ), the mean of |F|² is |P|² + |Q|²
    total = parts[0] ** 2
    for part in parts[1:]:
        if part is not None:
            total += part**2
    return total


def _sums(crystal, hkl, **options):
    """Real and imaginary part of F(hkl)."""
    if crystal.u_aniso is None or np.isnan(crystal.u_aniso).all():
        parts = _isotropic_sums(crystal, hkl, **options)
    else:
        parts = _anisotropic_sums(crystal, hkl, **options)
    p_real, p_imaginary, q_real, q_imaginary = (0.0 if p is None else p for p in parts)
    return p_real - q_imaginary, p_imaginary + q_real


def _isotropic_sums(
    crystal,
    hkl,
    *,
    s_squared,
    radiation,
    symmetry,
    default_u_iso,
    anomalous,
    form_factors=None,
):
    """Parts of P and Q (see ``_f_squared``); ``None`` for those that vanish."""
    atoms = scatterers_of(crystal, symmetry=symmetry, default_u_iso=default_u_iso)
    anomalous = anomalous and radiation.kind == "xray"
    if form_factors is not None:
        factors, imaginary = form_factors(atoms.numbers, s_squared), None
    elif radiation.kind == "xray" and not anomalous:
        check_elements(atoms.numbers)
        factors = _it92(form_factor_table(), atoms.numbers, s_squared)
        imaginary = None
    else:
        factors, imaginary = scattering_factors(
            atoms.numbers,
            isotopes=atoms.isotopes,
            s_squared=s_squared,
            radiation=radiation,
            anomalous=anomalous,
        )
        imaginary = imaginary if np.any(imaginary) else None
    if not atoms.centric and fft_is_cheaper(
        hkl, n_atoms=len(atoms.frac), n_groups=len(atoms.group_u)
    ):
        return _fft_sums(atoms, hkl, s_squared, factors, imaginary)
    arguments = (
        atoms.frac,
        atoms.weight,
        atoms.start,
        atoms.group_species,
        atoms.group_u,
        hkl,
        s_squared,
    )
    real, imag = _direct(*arguments, factors, atoms.centric, _BLOCK)
    if imaginary is None:
        return real, None if atoms.centric else imag, None, None
    flat = np.repeat(imaginary[:, None], len(hkl), axis=1)
    q_real, q_imag = _direct(*arguments, flat, atoms.centric, _BLOCK)
    return real, imag, q_real, q_imag


def _fft_sums(atoms, hkl, s_squared, factors, imaginary):
    """The same parts, each group of atoms through one Fourier transform."""
    p = np.zeros(len(hkl), dtype=np.complex128)
    q = None if imaginary is None else np.zeros(len(hkl), dtype=np.complex128)
    for g, (species, u) in enumerate(zip(atoms.group_species, atoms.group_u, strict=True)):
        chosen = slice(atoms.start[g], atoms.start[g + 1])
        phases = fft_structure_factors(atoms.frac[chosen], weights=atoms.weight[chosen], hkl=hkl)
        phases *= np.exp(-8.0 * np.pi**2 * u * s_squared)
        p += factors[species] * phases
        if q is not None and imaginary is not None:
            q += imaginary[species] * phases
    return p.real, p.imag, *((None, None) if q is None else (q.real, q.imag))


def _anisotropic_sums(
    crystal,
    hkl,
    *,
    s_squared,
    radiation,
    symmetry,
    default_u_iso,
    anomalous,
    form_factors=None,
):
    """Parts of P and Q with a displacement tensor for each atom; every atom is summed."""
    del symmetry
    reciprocal = np.linalg.inv(crystal.lattice).T
    metric = reciprocal @ reciprocal.T
    lengths = np.sqrt(np.diag(metric))
    u_iso = np.where(np.isnan(crystal.u_iso), default_u_iso, crystal.u_iso)
    beta = u_iso[:, None, None] * metric
    assert crystal.u_aniso is not None
    has_tensor = ~np.isnan(crystal.u_aniso).any(axis=(1, 2))
    beta[has_tensor] = crystal.u_aniso[has_tensor] * np.outer(lengths, lengths)
    isotopes = crystal.isotopes
    kinds = np.stack(
        [crystal.numbers, np.zeros_like(crystal.numbers) if isotopes is None else isotopes], axis=1
    )
    species, index = np.unique(kinds, axis=0, return_inverse=True)
    factors, imaginary = scattering_factors(
        species[:, 0],
        isotopes=species[:, 1],
        s_squared=s_squared,
        radiation=radiation,
        anomalous=anomalous,
    )
    if form_factors is not None:
        factors, imaginary = form_factors(species[:, 0], s_squared), np.zeros(len(species))
    return _direct_anisotropic(
        crystal.frac, crystal.occupancy, beta, index.reshape(-1), hkl, factors, imaginary
    )
