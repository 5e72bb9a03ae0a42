"""Tables of docs/datasets.md, made from its rows; ``tables.py`` fills them in."""

from __future__ import annotations

from collections.abc import Callable

from tables import markdown, rows_of


def _columns(name: str, columns: dict[str, str]) -> str:
    rows = rows_of(name)
    body = [[row[key] or "–" for key in columns] for row in rows]
    return markdown(list(columns.values()), body)


def data_archives() -> str:
    """What is in each archive."""
    return _columns(
        "data_archives",
        {
            "collection": "collection",
            "archive": "archive",
            "licence": "licence",
            "doi": "DOI",
            "files": "files",
            "unreadable": "unreadable",
            "structures": "structures",
            "with_charges": "files with charges",
            "atoms_median": "atoms, median",
            "atoms_largest": "atoms, largest",
        },
    )


def data_labels() -> str:
    """What is in each table of labels, and how it joins."""
    return _columns(
        "data_labels",
        {
            "table": "table",
            "collection": "structures",
            "licence": "licence",
            "rows": "rows",
            "columns": "columns",
            "matched": "matched",
            "structures_without_labels": "structures without labels",
            "labels_without_structure": "labels without structure",
        },
    )


def data_label_notes() -> str:
    """What was found odd in each table."""
    lines = [
        f"- `{row['table']}`: {note}.\n"
        for row in rows_of("data_labels")
        for note in row["notes"].split("; ")
        if note
    ]
    return "".join(lines) or "No rows yet.\n"


def data_splits() -> str:
    """Sizes of the sides of each split."""
    return _columns(
        "data_splits",
        {
            "split": "split",
            "train": "train",
            "validation": "validation",
            "test": "test",
            "test_known": "test: known",
            "test_new_combination": "test: new combination",
            "test_new_block": "test: new block",
            "duplicates_left_out": "duplicates left out",
        },
    )


def speed_stores() -> str:
    """Five file formats for the same structures."""
    rows = rows_of("speed_stores")
    latest = {row["format"]: row for row in rows}
    return markdown(
        [
            "format",
            "write [s]",
            "size [MB]",
            "one structure [µs]",
            "one pattern [µs]",
            "one label of all [ms]",
            "structures/s, two processes",
            "after the writer was killed",
        ],
        [
            [
                row["format"],
                row["write_s"],
                row["size_mb"],
                row["crystal_us"],
                row["pattern_us"],
                row["label_of_all_ms"],
                row["crystals_per_s_two_processes"],
                row["after_kill"],
            ]
            for row in latest.values()
        ],
    )


TABLES: dict[str, Callable[[], str]] = {
    made.__name__: made
    for made in (data_archives, data_labels, data_label_notes, data_splits, speed_stores)
}
