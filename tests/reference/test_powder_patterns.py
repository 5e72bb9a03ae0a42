"""Whole powder patterns and line lists against other programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_structure_factor_lists import anglesite

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.diffraction.lorentz_polarisation import lorentz_polarisation
from porescope.diffraction.profile import sum_of_peaks
from porescope.diffraction.radiation import Radiation, radiation_from_name
from porescope.diffraction.simulate import powder_lines
from porescope.diffraction.structure_factors import reflections_of


@pytest.mark.shared
@pytest.mark.parametrize(
    ("kind", "shape", "eta", "limit"),
    # X-rays differ by the table of anomalous terms; Lorentzians by where the program cuts tails
    [
        ("neutron", "gaussian", 0.0, 2e-5),
        ("neutron", "lorentzian", 1.0, 2e-3),
        ("xray", "gaussian", 0.0, 2e-3),
        ("xray", "lorentzian", 1.0, 8e-3),
    ],
)
def test_objcryst_profiles_of_anglesite(
    shared_data: Path, kind: str, shape: str, eta: float, limit: float
) -> None:
    """Grid from 10° in steps of 0.05°, Γ² = 0.03 °², λ = 1.54056 Å, up to one scale."""
    folder = shared_data / "reference" / "structure_factors"
    table = np.loadtxt(folder / f"powder_{kind}_pv_{shape}_pbso4.txt")
    points, theirs = table[:, 0].astype(int), table[:, 1]
    radiation = Radiation(kind=kind, wavelengths=(1.54056,))  # type: ignore[arg-type]
    reflections = reflections_of(anglesite(), d_min=1.2, radiation=radiation, anomalous=True)
    angle = 2.0 * np.rad2deg(np.arcsin(1.54056 / (2.0 * reflections.d)))
    assert reflections.f_squared is not None
    ours = sum_of_peaks(
        10.0 + 0.05 * np.arange(1000),
        position_deg=angle,
        fwhm_deg=np.full(len(angle), np.sqrt(0.03)),
        eta=np.full(len(angle), eta),
        area=reflections.multiplicity
        * reflections.f_squared
        * lorentz_polarisation(angle, radiation),
        cut=10.0,
    )[points]
    scale = (ours @ theirs) / (ours @ ours)
    assert np.abs(theirs - scale * ours).sum() / theirs.sum() < limit


def _peer_form_factors(numbers: np.ndarray, s_squared: np.ndarray) -> np.ndarray:
    """pymatgen's own table, so that nothing but the calculation is compared."""
    from pymatgen.analysis.diffraction.xrd import ATOMIC_SCATTERING_PARAMS
    from pymatgen.core import Element

    rows = []
    for z in numbers.tolist():
        table = np.array(ATOMIC_SCATTERING_PARAMS[Element.from_Z(z).symbol])
        waves = table[:, 0] * np.exp(-np.multiply.outer(s_squared, table[:, 1]))
        rows.append(z - 41.78214 * s_squared * waves.sum(axis=1))
    return np.array(rows)


def _our_lines(crystal: Crystal, radiation: Radiation, *, end_deg: float):
    reflections = reflections_of(
        crystal,
        d_min=radiation.wavelength / (2.0 * np.sin(np.deg2rad(0.5 * end_deg))),
        radiation=radiation,
        default_u_iso=0.0,
        form_factors=_peer_form_factors,
    )
    return powder_lines(reflections, radiation=radiation)


def caesium_chloride() -> Crystal:
    """CsCl, a = 4.209 Å."""
    return crystal_from_asymmetric_unit(
        lattice=4.209 * np.eye(3),
        frac=np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]),
        numbers=np.array([55, 17]),
        space_group=space_group_from_symbol("P m -3 m"),
    )


def triphylite() -> Crystal:
    """LiFePO₄: V. A. Streltsov et al., Acta Cryst. B49 (1993) 147, rounded.

    https://doi.org/10.1107/S0108768192004701
    """
    return crystal_from_asymmetric_unit(
        lattice=lattice_from_parameters(10.332, 6.010, 4.692, 90.0, 90.0, 90.0),
        frac=np.array(
            [
                [0.0, 0.0, 0.0],
                [0.2822, 0.25, 0.9747],
                [0.0948, 0.25, 0.4182],
                [0.0968, 0.25, 0.7428],
                [0.4571, 0.25, 0.2060],
                [0.1656, 0.0465, 0.2848],
            ]
        ),
        numbers=np.array([3, 26, 15, 8, 8, 8]),
        space_group=space_group_from_symbol("P n m a"),
    )


def test_published_values_of_caesium_chloride() -> None:
    """Numbers in pymatgen's test of XRDCalculator (MIT), https://github.com/materialsproject."""
    pytest.importorskip("pymatgen")
    lines = _our_lines(caesium_chloride(), radiation_from_name("1.54184"), end_deg=90.0)
    scaled = 100.0 * lines.intensity / lines.intensity.max()
    assert lines.two_theta_deg[0] == pytest.approx(21.107738329639844, rel=1e-13)
    assert lines.two_theta_deg[1] == pytest.approx(30.024695921112777, rel=1e-13)
    assert lines.d[1] == pytest.approx(2.976212442014178, rel=1e-13)
    assert scaled[0] == pytest.approx(36.483184003748946, rel=1e-12)
    assert scaled[1] == 100.0


@pytest.mark.parametrize("crystal", [caesium_chloride(), triphylite(), anglesite()])
def test_lines_are_those_of_pymatgen(crystal: Crystal) -> None:
    pytest.importorskip("pymatgen")
    from pymatgen.analysis.diffraction.xrd import XRDCalculator
    from pymatgen.core import Element, Lattice, Structure

    crystal_at_rest = crystal_from_asymmetric_unit(
        lattice=crystal.lattice,
        frac=crystal.asymmetric_unit().frac,
        numbers=crystal.asymmetric_unit().numbers,
        u_iso=np.zeros(crystal.asymmetric_unit().n_sites),
        space_group=crystal.space_group,
    )
    structure = Structure(
        Lattice(crystal.lattice),
        [Element.from_Z(int(z)) for z in crystal.numbers],
        crystal.frac,
    )
    radiation = radiation_from_name("1.54184")
    theirs = XRDCalculator(wavelength=1.54184).get_pattern(structure, two_theta_range=(0, 90))
    ours = _our_lines(crystal_at_rest, radiation, end_deg=90.0)
    scaled = 100.0 * ours.intensity / ours.intensity.max()
    shown = scaled > 1e-3  # the peer leaves out weaker ones
    np.testing.assert_allclose(ours.two_theta_deg[shown], theirs.x, rtol=1e-12)
    np.testing.assert_allclose(scaled[shown], theirs.y, rtol=1e-9)
