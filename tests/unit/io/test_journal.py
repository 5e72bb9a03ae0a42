"""The append-only journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from porescope.errors import ConfigError, ParseError
from porescope.io.journal import Journal


def test_records_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    with Journal(path) as journal:
        assert journal.records == []
        journal.append({"key": "a", "text": "Å and\nnew line"})
        journal.append({"key": "b", "value": None})
    with Journal(path) as journal:
        assert [record["key"] for record in journal.records] == ["a", "b"]
        assert journal.records[0]["text"] == "Å and\nnew line"
    assert path.read_bytes().count(b"\n") == 2


@pytest.mark.parametrize("cut", [1, 5, 14])
def test_a_torn_last_line_is_cut_off_and_the_next_one_is_whole(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "j.jsonl"
    with Journal(path) as journal:
        for number in range(3):
            journal.append({"key": number, "text": "long enough"})
    path.write_bytes(path.read_bytes()[:-cut])
    with Journal(path) as journal:
        assert [record["key"] for record in journal.records] == [0, 1]
        journal.append({"key": 7})
    with Journal(path) as journal:
        assert [record["key"] for record in journal.records] == [0, 1, 7]


def test_no_number_that_json_does_not_know(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.jsonl") as journal, pytest.raises(ValueError, match="JSON"):
        journal.append({"value": float("nan")})


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    path = tmp_path / "j.jsonl"
    with Journal(path), pytest.raises(ConfigError, match="another run"):
        Journal(path)
    with Journal(path):
        pass


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text('{"key": 1}\n{broken\n{"key": 2}\n')
    with pytest.raises(ParseError, match=r"j\.jsonl:2"):
        Journal(path)
