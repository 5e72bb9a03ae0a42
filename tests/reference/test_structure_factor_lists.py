"""Structure factors against the lists of other programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from jaxtyping import Float, Int

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.diffraction.radiation import Radiation, radiation_from_name
from porescope.diffraction.structure_factors import f_squared, reflections_of
from porescope.io.cif import read_cif

COPPER = radiation_from_name("CuKa1")


def anglesite() -> Crystal:
    """PbSO₄ as in the calculations of ObjCryst++ (its public test of powder patterns).

    Coordinates: K. Sahl, Beitr. Mineral. Petrogr. 9 (1963) 111; COD 1528837. B of 1.48, 0.74 and
    1.2 Å² for Pb, S and O.
    """
    return crystal_from_asymmetric_unit(
        lattice=lattice_from_parameters(8.516, 5.399, 6.989, 90.0, 90.0, 90.0),
        frac=np.array(
            [
                [0.1882, 0.25, 0.167],
                [0.437, 0.75, 0.186],
                [0.595, 0.75, 0.1],
                [0.319, 0.75, 0.043],
                [0.415, 0.974, 0.306],
            ]
        ),
        numbers=np.array([82, 16, 8, 8, 8]),
        u_iso=np.array([1.48, 0.74, 1.2, 1.2, 1.2]) / (8.0 * np.pi**2),
        space_group=space_group_from_symbol("P n m a"),
    )


def listed(path: Path) -> tuple[Int[np.ndarray, "n 3"], Float[np.ndarray, " n"]]:
    """Indices and |F|² of a list."""
    table = np.loadtxt(path)
    return table[:, :3].astype(np.int64), table[:, 3]


def r_factor(ours: Float[np.ndarray, " n"], theirs: Float[np.ndarray, " n"]) -> float:
    """R(F) on the absolute scale."""
    return float(np.abs(np.sqrt(ours) - np.sqrt(theirs)).sum() / np.sqrt(theirs).sum())


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "cif", "limit"),
    [
        ("ZIF-8_Cl_GSAS_F2.txt", "porous/ZIF-8_Cl/structure.cif", 0.0002),
        ("wm2446Isup2_F2.txt", "other/iucr_wm2446Isup2/*.cif", 0.001),
    ],
)
def test_gsas_lists_without_anomalous_terms(
    shared_data: Path, name: str, cif: str, limit: float
) -> None:
    path = shared_data / "reference" / "structure_factors" / name
    crystal = read_cif(next((shared_data / "measured").glob(cif)))
    hkl, theirs = listed(path)
    assert len(hkl) > 200
    assert r_factor(f_squared(crystal, hkl, radiation=COPPER), theirs) < limit


@pytest.mark.shared
def test_unique_reflections_of_zif8_cl_are_those_of_gsas(shared_data: Path) -> None:
    """The list's reflections, and their |F|², come out of the symmetric path too."""
    hkl, theirs = listed(shared_data / "reference" / "structure_factors" / "ZIF-8_Cl_GSAS_F2.txt")
    crystal = read_cif(shared_data / "measured" / "porous" / "ZIF-8_Cl" / "structure.cif")
    lattice_a = float(np.linalg.norm(crystal.lattice[0]))
    d = lattice_a / np.linalg.norm(hkl, axis=1)
    ours = reflections_of(crystal, d_min=d.min() * 0.99999, radiation=COPPER)
    assert ours.f_squared is not None
    by_index = {
        tuple(sorted(np.abs(index).tolist(), reverse=True)): value
        for index, value in zip(ours.hkl, ours.f_squared, strict=True)
    }
    found = np.array(
        [by_index[tuple(sorted(np.abs(index).tolist(), reverse=True))] for index in hkl]
    )
    assert r_factor(found, theirs) < 0.0002


@pytest.mark.shared
def test_fullprof_list_with_anomalous_terms(shared_data: Path) -> None:
    """EuI₂ at Cu Kα1; the file's U of zero for iodine is meant."""
    hkl, theirs = listed(shared_data / "reference" / "structure_factors" / "sq3214Isup2_F2.txt")
    crystal = read_cif(
        next((shared_data / "measured" / "other" / "iucr_sq3214Isup2").glob("*.cif"))
    )
    ours = f_squared(crystal, hkl, radiation=COPPER, anomalous=True, default_u_iso=0.0)
    assert r_factor(ours, theirs) < 0.03
    without = f_squared(crystal, hkl, radiation=COPPER, default_u_iso=0.0)
    assert r_factor(without, theirs) > 0.08


@pytest.mark.shared
@pytest.mark.parametrize(
    ("kind", "limit"),
    # X-rays: ObjCryst++ takes f' and f'' from another table than Cromer and Liberman's
    [("neutron", 1e-5), ("xray", 0.006)],
)
def test_objcryst_lists_of_anglesite(shared_data: Path, kind: str, limit: float) -> None:
    name = f"singlecrystal_{kind}_pbso4.txt"
    hkl, theirs = listed(shared_data / "reference" / "structure_factors" / name)
    radiation = Radiation(kind=kind, wavelengths=(1.54056,))  # type: ignore[arg-type]
    ours = f_squared(anglesite(), hkl, radiation=radiation, anomalous=True)
    assert r_factor(ours, theirs) < limit


def test_symmetric_sum_is_that_of_gemmi_over_the_cell() -> None:
    """An independent direct sum, by gemmi, over every atom of the cell."""
    import gemmi

    crystal = anglesite()
    structure = gemmi.SmallStructure()
    structure.cell = gemmi.UnitCell(8.516, 5.399, 6.989, 90, 90, 90)
    for i in range(crystal.n_atoms):
        site = gemmi.SmallStructure.Site()
        site.element = gemmi.Element(int(crystal.numbers[i]))
        site.fract = gemmi.Fractional(*crystal.frac[i])
        site.u_iso = float(crystal.u_iso[i])
        site.occ = 1.0
        structure.add_site(site)
    calculator = gemmi.StructureFactorCalculatorX(structure.cell)
    ours = reflections_of(crystal, d_min=0.8, radiation=COPPER)
    assert ours.f_squared is not None
    theirs = np.array(
        [
            abs(calculator.calculate_sf_from_small_structure(structure, index)) ** 2
            for index in ours.hkl.tolist()
        ]
    )
    # gemmi keeps the coefficients of form factors in single precision
    np.testing.assert_allclose(ours.f_squared, theirs, atol=1e-6 * theirs.max())
