"""Tables of labels and how they are joined."""

from pathlib import Path

import pytest

from porescope.datasets.labels.table import LabelTable, csv_rows, joined, number
from porescope.errors import ConfigError, ParseError

TABLE = LabelTable(
    name="gaps",
    collection="made",
    licence="none",
    source="here",
    rows={"a": {"gap_ev": 1.0, "kind": "x"}, "b": {"gap_ev": 2.0}, "z": {}},
)


def test_columns_and_values() -> None:
    assert TABLE.columns == ("gap_ev", "kind")
    assert TABLE.values("gap_ev") == {"a": 1.0, "b": 2.0}
    with pytest.raises(ConfigError, match="has no column 'heat'; it has gap_ev, kind"):
        TABLE.values("heat")
    with pytest.raises(ConfigError, match="holds words such as 'x'"):
        TABLE.values("kind")


def test_what_does_not_match_is_listed() -> None:
    match = joined(["c", "b", "a", "c"], TABLE)
    assert match.ids == ("b", "a")
    assert match.without_labels == ("c",)
    assert match.without_structure == ("z",)
    assert match.sentence.startswith("2 structures with labels, 1 structures without, 1 labels")


def test_numbers_and_their_absence() -> None:
    assert number("-nan") is None
    assert number("inf") is None
    assert number("") is None
    assert number("1e-3") == 1e-3
    with pytest.raises(ParseError, match="got 'many'"):
        number("many")


def test_missing_files_and_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no table"):
        list(csv_rows(tmp_path / "a.csv", needed=()))
    (tmp_path / "a.csv").write_text("\ufeffid,b\n x ,2\n")
    assert list(csv_rows(tmp_path / "a.csv", needed=("id",))) == [{"id": "x", "b": "2"}]
    with pytest.raises(ParseError, match="expected the column c, found id, b"):
        list(csv_rows(tmp_path / "a.csv", needed=("id", "c")))
