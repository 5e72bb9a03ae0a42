"""Library files of format version 1 stay readable."""

from pathlib import Path

import numpy as np
import pytest

from porescope.datasets.library import Library
from porescope.datasets.names import assign_frameworks
from porescope.datasets.store import CardStore

FILE = Path(__file__).parent / "data" / "library_v1.sqlite"


def test_cards_of_version_1() -> None:
    with Library.open([FILE]) as library:
        table = library.peak_table()
        assert table.ids.tolist() == [1, 3, 4, 5, 6, 7]
        cards = {card.id: card for card in library.cards(table.ids)}
        info = library.info()[0]
    assert list(cards) == ["quartz", "zincite", "halite", "sylvite", "anatase", "rutile"]
    quartz = cards["quartz"]
    assert quartz.cell == (4.916, 4.916, 5.4054, 90.0, 90.0, 120.0)
    assert (quartz.space_group_symbol, quartz.space_group_number) == ("P 32 2 1", 154)
    assert (quartz.formula, quartz.elements, quartz.n_atoms) == ("O2Si", ("O", "Si"), 9)
    assert (quartz.name, quartz.source) == ("quartz, alpha (SiO2)", "minerals")
    assert quartz.framework == "f1e708f650a.1"
    assert quartz.n_peaks == 9
    best = int(np.argmax(quartz.intensity_xray))
    assert quartz.hkl[best].tolist() == [1, 0, -1]
    assert quartz.intensity_xray[best] == pytest.approx(12478.52)
    assert quartz.intensity_neutron.max() == pytest.approx(4088.902)
    assert cards["zincite"].doi == "10.1107/S0567740869003876"
    assert len(table.hkl) == 36
    assert info.unreadable == {"bad.cif": "no atoms"}


def test_version_1_can_be_written_to(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    path.write_bytes(FILE.read_bytes())
    with CardStore(path, writable=True) as store:
        assert assign_frameworks(store) == 6
        store.remove([1])
        store.finish()
    with Library.open([path]) as library:
        assert library.peak_table().ids.tolist() == [3, 4, 5, 6, 7]
