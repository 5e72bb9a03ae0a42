"""Tables with a heading: what they promise, and errors with the line."""

from pathlib import Path

import pytest

from porescope.adsorption.text_tables import plain, table_from_text
from porescope.errors import ParseError

GOOD = '# a comment\n# format = 1\n# name = x = y\n# gas = A\n# gas = B\n\na,b\n1,"2, 3"\n\n4,5\n'


def _read(text: str):
    return table_from_text(
        text, columns=("a", "b"), keys=("format", "name", "gas"), path=Path("t.csv")
    )


def test_heading_rows_and_lines() -> None:
    table = _read(GOOD)
    assert table.value("name") == "x = y"
    assert [entry.text for entry in table.heading["gas"]] == ["A", "B"]
    assert table.rows == ({"a": "1", "b": "2, 3"}, {"a": "4", "b": "5"})
    assert table.lines == (8, 10)
    assert table.cell_number(1, "b") == 5.0
    assert table.value("missing", default="none") == "none"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# format = 1\n# nmae = x\na,b\n", r"t.csv:2: unknown key 'nmae'"),
        ("# format = 1\nb,a\n", r"t.csv:2: expected the columns a,b"),
        ("# format = 1\na,b\n1\n", r"t.csv:3: expected 2 values"),
        ("# format = 2\na,b\n", r"expected '# format = 1', got '2'"),
        ("a,b\n", r"add it"),
        ("# format = 1\n", r"expected a line with the columns"),
    ],
)
def test_errors_name_file_and_line(text: str, said: str) -> None:
    with pytest.raises(ParseError, match=said):
        _read(text)


def test_numbers_are_finite() -> None:
    table = _read("# format = 1\na,b\nx,nan\n")
    with pytest.raises(ParseError, match="expected a number for a, got 'x'"):
        table.cell_number(0, "a")
    with pytest.raises(ParseError, match="expected a finite number for b"):
        table.cell_number(0, "b")
    with pytest.raises(ParseError, match="expected 'gas' once"):
        _read(GOOD).value("gas")


def test_names_are_compared_without_case_accents_and_signs() -> None:
    assert plain("García-Sánchez") == plain("garcia sanchez") == "garciasanchez"
    assert plain("n-C4H10") != plain("i-C4H10")
