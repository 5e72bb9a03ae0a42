"""Small CIFs and cards."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from porescope.datasets.cards import PowderCard

ROCKSALT = """data_{name}
_cell_length_a {a}
_cell_length_b {a}
_cell_length_c {a}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
{metal}1 {metal} 0 0 0
{anion}1 {anion} 0.5 0.5 0.5
"""


def rocksalt_text(metal: str = "Mg", anion: str = "O", a: float = 4.2) -> str:
    return ROCKSALT.format(name=f"{metal}{anion}", metal=metal, anion=anion, a=a)


@pytest.fixture
def cif_folder(tmp_path: Path) -> Path:
    """Three oxides, a copy of one under another name, and a file that is no CIF."""
    folder = tmp_path / "cifs"
    (folder / "deep").mkdir(parents=True)
    (folder / "MgO.cif").write_text(rocksalt_text("Mg", "O", 4.212))
    (folder / "NiO.cif").write_text(rocksalt_text("Ni", "O", 4.178))
    (folder / "deep" / "CaO.CIF").write_text(rocksalt_text("Ca", "O", 4.811))
    (folder / "copy.cif").write_text(rocksalt_text("Mg", "O", 4.212))
    (folder / "broken.cif").write_text("this is no structure\n")
    return folder


@pytest.fixture
def make_card() -> Callable[..., PowderCard]:
    """Cards with random reflections."""

    def make(number: int = 0, **changes: object) -> PowderCard:
        rng = np.random.default_rng(number)
        n_peaks = int(rng.integers(1, 30))
        fields: dict = {
            "id": f"card-{number}",
            "source": "test",
            "formula": "C2H2Zn",
            "elements": ("H", "C", "Zn"),
            "density": 1.0 + 0.01 * number,
            "cell": (10.0 + number, 11.0, 12.0, 90.0, 95.0, 90.0),
            "space_group_number": 5,
            "space_group_symbol": "C 1 2 1",
            "n_atoms": 100,
            "net_hash": f"{number:016x}",
            "net_hash_metals_alike": f"{number + 1:016x}",
            "content_hash": number.to_bytes(12, "big"),
            "hkl": rng.integers(-9, 10, (n_peaks, 3)),
            "intensity_xray": np.exp(rng.normal(0.0, 1.0, n_peaks)),
            "intensity_neutron": np.exp(rng.normal(0.0, 1.0, n_peaks)),
        }
        return PowderCard(**{**fields, **changes})

    return make
