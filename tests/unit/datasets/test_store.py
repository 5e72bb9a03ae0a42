"""One library file."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from porescope.datasets.cards import PowderCard
from porescope.datasets.store import SCHEMA_VERSION, CardStore, SeenFile, Source
from porescope.errors import ConfigError, ParseError

Make = Callable[..., PowderCard]


@pytest.fixture
def store(tmp_path: Path) -> CardStore:
    store = CardStore(tmp_path / "library.sqlite", writable=True)
    store.add_source(Source(name="test", licence="MIT", doi="10.1/x", path_rule="cifs/{id}.cif"))
    return store


def test_cards_come_back_whole(store: CardStore, make_card: Make) -> None:
    cards = [
        make_card(0, doi="10.2/own", name="Zinc thing", cif_path="elsewhere/a.cif"),
        make_card(1, cif_path="cifs/card-1.cif", elements=("Zn", "U"), framework="f1", group="g1"),
    ]
    assert store.add(cards, source="test") == 2
    one, two = store.cards([1, 2])
    assert (one.id, one.name, one.doi, one.licence) == ("card-0", "Zinc thing", "10.2/own", "MIT")
    assert (two.doi, two.cif_path, two.elements) == ("10.1/x", "cifs/card-1.cif", ("Zn", "U"))
    assert (two.framework, two.group, two.net_hash) == ("f1", "g1", cards[1].net_hash)
    assert one.cif_path == "elsewhere/a.cif"
    assert one.cell == pytest.approx(cards[0].cell)
    order = np.lexsort(cards[0].hkl.T[::-1])
    np.testing.assert_array_equal(one.hkl, cards[0].hkl[order])
    np.testing.assert_allclose(one.intensity_xray, cards[0].intensity_xray[order], rtol=0.01)


def test_the_same_card_is_added_once(store: CardStore, make_card: Make) -> None:
    assert store.add([make_card(0), make_card(0)], source="test") == 1
    assert store.add([make_card(0), make_card(1)], source="test") == 1
    assert store.n_cards == 2


def test_removed_cards_are_gone_and_others_stay(store: CardStore, make_card: Make) -> None:
    store.add([make_card(i) for i in range(4)], source="test")
    assert store.remove([2, 3, 99]) == 2
    assert store.removed() == [2, 3]
    assert [card.id for card in store.cards([1, 4])] == ["card-0", "card-3"]
    with pytest.raises(ConfigError, match="card number 2"):
        store.cards([2])
    store.remove([1, 4])
    assert list(store.page_bodies()) == []
    assert store.removed() == []


def test_a_source_goes_with_its_cards(store: CardStore, make_card: Make) -> None:
    store.add(
        [make_card(0)], files=[SeenFile(content_hash=b"x", path="p", status="bad")], source="test"
    )
    assert store.remove_source("test") == 1
    assert store.sources() == {}
    assert store.seen() == {}


def test_unknown_sources_are_refused(store: CardStore, make_card: Make) -> None:
    with pytest.raises(ConfigError, match="source"):
        store.add([make_card(0)], source="nobody")


def test_a_failing_transaction_leaves_nothing(store: CardStore, make_card: Make) -> None:

    def half_done() -> None:
        with store.transaction() as db:
            db.execute("INSERT INTO meta VALUES ('a', 'b')")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_done()
    assert store.query("SELECT * FROM meta") == []


def test_readers_cannot_write(store: CardStore, make_card: Make) -> None:
    with CardStore(store.path) as reader, pytest.raises(ConfigError, match="reading only"):
        reader.add([make_card(0)], source="test") if reader.sources() else None


def test_newer_versions_are_refused_by_name(store: CardStore) -> None:
    store.close()
    db = sqlite3.connect(store.path)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.close()
    with pytest.raises(ParseError, match=f"version {SCHEMA_VERSION + 1}.*newer porescope"):
        CardStore(store.path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("hello " * 1000)
    with pytest.raises(ParseError, match="no porescope library"):
        CardStore(text)
    other = tmp_path / "other.sqlite"
    db = sqlite3.connect(other)
    db.execute("CREATE TABLE t (x)")
    db.commit()
    db.close()
    for writable in (False, True):
        with pytest.raises(ParseError, match="no porescope library"):
            CardStore(other, writable=writable)
    with pytest.raises(ConfigError, match="no library"):
        CardStore(tmp_path / "missing.sqlite")
    with pytest.raises((ConfigError, ParseError)):
        CardStore(tmp_path)


def test_a_truncated_file_is_refused(store: CardStore, make_card: Make) -> None:
    store.add([make_card(i) for i in range(200)], source="test")
    store.finish()
    store.close()
    data = store.path.read_bytes()
    store.path.write_bytes(data[: len(data) // 2])

    def read_all() -> None:
        with CardStore(store.path) as reader:
            list(reader.page_bodies())
            reader.cards([200])

    with pytest.raises((ParseError, ConfigError)):
        read_all()


def test_finishing_leaves_one_small_file_that_can_grow_again(
    store: CardStore, make_card: Make
) -> None:
    store.add(
        [make_card(0)], files=[SeenFile(content_hash=b"1", path="p", status="ok")], source="test"
    )
    store.finish()
    store.close()
    assert [p.name for p in store.path.parent.iterdir()] == ["library.sqlite"]
    with CardStore(store.path, writable=True) as again:
        assert again.add([make_card(0), make_card(1)], source="test") == 1


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_writer_leaves_whole_batches(tmp_path: Path) -> None:
    """Batches of five cards are added until the process is killed: no part of one is seen."""
    path = tmp_path / "library.sqlite"
    code = f"""
        import sys
        import numpy as np
        from pathlib import Path
        from porescope.datasets.cards import PowderCard
        from porescope.datasets.store import CardStore, Source
        store = CardStore(Path({str(path)!r}), writable=True)
        store.add_source(Source(name="test"))
        for batch in range(100000):
            store.add([PowderCard(
                id=f"{{batch}}-{{i}}", source="test", formula="C", elements=("C",), density=1.0,
                cell=(5.0, 5.0, 5.0, 90.0, 90.0, 90.0), n_atoms=1,
                content_hash=f"{{batch}}-{{i}}".encode(), hkl=np.eye(3, dtype=int),
                intensity_xray=np.ones(3), intensity_neutron=np.ones(3),
            ) for i in range(5)], source="test")
            if batch == 3:
                sys.stdout.write("ready\\n")
                sys.stdout.flush()
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with CardStore(path) as store:
        assert store.n_cards >= 20
        assert store.n_cards % 5 == 0
        assert store.query("PRAGMA integrity_check") == [("ok",)]
        assert len(store.cards(range(1, store.n_cards + 1))) == store.n_cards
