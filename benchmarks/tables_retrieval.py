"""Tables of docs/retrieval.md, made from its rows; ``tables.py`` fills them in."""

from __future__ import annotations

from collections.abc import Sequence

from tables import Row, markdown, percent, rows_of

METHODS = (
    "small",
    "xtalnet",
    "xrd2mof",
    "card search",
    "cosine of peak sums",
    "cosine of profiles",
)
"""Methods in the order of the tables; others follow."""
KNOWN = ("none", "told", "told, others left out")
"""What is known of the elements."""
PATTERNS = ("ideal", "corrupted")


def _place(value: str, order: Sequence[str]) -> tuple[int, str]:
    return (order.index(value) if value in order else len(order), value)


def _sorted(rows: list[Row]) -> list[Row]:
    return sorted(
        rows,
        key=lambda row: (
            _place(row["patterns"], PATTERNS),
            _place(row["elements"], KNOWN),
            _place(row["method"], METHODS),
        ),
    )


def _hits(direction: str, haystack: str | None) -> str:
    """Hit rates of one direction, and for patterns of one haystack."""
    body = []
    for row in _sorted(rows_of("retrieval")):
        if row["direction"] != direction or haystack not in (None, row["haystack"]):
            continue
        body.append(
            [
                row["patterns"],
                row["elements"],
                row["method"],
                row["n_queries"],
                row["n_haystack"],
                percent(row["top_1"]),
                percent(row["top_5"]),
                percent(row["top_10"]),
            ]
        )
    header = (
        "patterns", "elements", "method", "queries", "frameworks compared", "top-1", "top-5",
        "top-10",
    )  # fmt: skip
    return markdown(header, body)


def retrieval_all_cards() -> str:
    """Patterns that look for their crystal among all cards."""
    return _hits("pattern to crystal", "all cards")


def retrieval_held_out_cards() -> str:
    """Patterns that look for their crystal among held-out ones."""
    return _hits("pattern to crystal", "held-out cards")


def retrieval_backwards() -> str:
    """Crystals that look for their pattern."""
    return _hits("crystal to pattern", None)


def retrieval_measured() -> str:
    """Rank of the truth for each measured pattern."""
    ranks: dict[str, dict[str, Row]] = {}
    for row in rows_of("retrieval_measured"):
        ranks.setdefault(row["pattern"], {})[row["elements"]] = row
    body = []
    for pattern, known in ranks.items():
        shown = [
            (known[name]["rank_of_right"] if known[name]["rank_of_right"] != "0" else "–")
            if name in known
            else "–"
            for name in KNOWN
        ]
        any_row = next(iter(known.values()))
        first = known.get("told, others left out", any_row)["first"]
        body.append([pattern, any_row["n_peaks"], *shown, first])
    header = (
        "pattern", "peaks", "rank, nothing known", "elements told", "others left out", "first",
    )  # fmt: skip
    return markdown(header, body)


def retrieval_solve() -> str:
    """What the learned space adds to a solve."""
    names = {
        "none_given": "nothing known",
        "elements_given": "elements known",
        "other_metal": "its own cards taken out, right: its net with another metal",
    }
    body = [
        [
            names.get(row["mode"], row["mode"]),
            row["n"],
            row["top1_without"],
            row["top1_with"],
            row["won"],
            row["lost"],
            row["fitted_without"],
            row["fitted_with"],
        ]
        for row in rows_of("identify_learned_gain")
    ]
    header = (
        "", "patterns", "first is right without", "with", "won", "lost", "right is fitted without",
        "with",
    )  # fmt: skip
    return markdown(header, body)


def retrieval_speed() -> str:
    """What the learned space costs."""
    body = [[row["what"], row["value"], row["unit"]] for row in rows_of("speed_retrieval")]
    return markdown(("on one core", "", ""), body)


TABLES = {
    made.__name__: made
    for made in (
        retrieval_all_cards,
        retrieval_held_out_cards,
        retrieval_backwards,
        retrieval_measured,
        retrieval_solve,
        retrieval_speed,
    )
}
