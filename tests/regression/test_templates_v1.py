"""Template files of format version 1 stay readable."""

from pathlib import Path

import numpy as np
import pytest

from porescope.datasets.template_store import TemplateStore, write_templates
from porescope.reticular.assembly import crystal_of_assembly, link_gaps
from porescope.workflows.propose import ProposeConfig, propose_frameworks

FILE = Path(__file__).parent / "data" / "templates_v1.sqlite"


def test_entries_of_version_1() -> None:
    store = TemplateStore(FILE)
    entries = {entry.id: entry for entry in store.entries()}
    assert list(entries) == ["EDUSIF", "qmof-33eb7e6", "RUQVEF", "COF-5"]
    mof5 = entries["EDUSIF"]
    assert (mof5.row, mof5.metals, mof5.linkers) == (1, (30,), ("O=C(O)c1ccc(C(=O)O)cc1",))
    assert (mof5.keys, mof5.sites, mof5.caps) == (("233232857903e2a8",), ("6:2",), ())
    assert (mof5.net_name, mof5.net_key) == ("pcu", "3d-1v-3e-909294db0bc960e81385d1e8")
    assert (mof5.interpenetration, mof5.n_atoms) == (1, 106)
    assert (mof5.net_hash, mof5.shape) == ("451425c15139b7df", "3f4def1d5a6c7c82")
    assert entries["qmof-33eb7e6"].caps == ("CC(O)C(=O)O", "CN(C)C=O")
    assert entries["RUQVEF"].sites == ("7:2", "6:2")
    assert entries["COF-5"].metals == ()
    assert store.linkers_of()["RUQVEF"] == ("233232857903e2a8", "276c681d8e74b2f7")
    assert store.meta() == {"source": "a few of the shipped ones", "version": "1"}
    store.close()


@pytest.mark.parametrize(
    ("row", "n_atoms", "n_pieces", "n_links", "volume", "first"),
    [
        (1, 82, 8, 12, 4309.4, (7.31, 12.23, 7.31)),
        (2, 144, 14, 28, 2478.3, (2.68, 0.23, 9.71)),
        (3, 34, 4, 6, 1154.7, (-0.52, -1.28, 4.03)),
        (4, 36, 5, 6, 2656.7, (8.71, 12.30, 1.70)),
    ],
)
def test_coordinates_of_version_1(
    row: int, n_atoms: int, n_pieces: int, n_links: int, volume: float, first: tuple[float, ...]
) -> None:
    store = TemplateStore(FILE)
    assembly = store.template(row).assembly
    store.close()
    assert (assembly.n_atoms, assembly.n_pieces, len(assembly.links)) == (
        n_atoms,
        n_pieces,
        n_links,
    )
    assert crystal_of_assembly(assembly).volume == pytest.approx(volume, abs=0.1)
    np.testing.assert_allclose(assembly.piece_positions(0)[0], first, atol=0.011)
    assert link_gaps(assembly).max() < 0.05


def test_charges_and_names_of_version_1() -> None:
    store = TemplateStore(FILE)
    blocks = {b.formula: b for b in store.template(2).assembly.blocks}
    store.close()
    assert blocks["C2H4O"].smiles == "CC(O)C(=O)O"
    assert (blocks["C2H4O"].kind, blocks["C2H4O"].charge) == ("cap", -1)
    assert (blocks["C6"].kind, blocks["C6"].charge) == ("linker", 0)
    assert (blocks["C6O12Zn4"].kind, blocks["C6O12Zn4"].charge) == ("node", None)


def test_version_1_can_be_built_upon() -> None:
    store = TemplateStore(FILE)
    found = propose_frameworks(
        metals=("Zn",),
        linkers=("OC(=O)c1ccc(cc1)C(=O)O",),
        store=store,
        config=ProposeConfig(on_nets=False, n_conformers=2, caps=()),
    )
    store.close()
    assert [(p.id, p.crystal.n_atoms) for p in found] == [("assembled:EDUSIF", 106)]


def test_what_is_read_is_written_again_alike(tmp_path: Path) -> None:
    store = TemplateStore(FILE)
    entries = store.entries()
    path = tmp_path / "again.sqlite"
    rows = [(store.template(entry.row), entry.shape) for entry in entries]
    assert write_templates(path, rows, meta={}, contents=store.linkers_of()) == len(entries)
    again = TemplateStore(path)
    assert again.entries() == entries
    assert again.linkers_of() == store.linkers_of()
    store.close()
    again.close()
