"""Tables of docs/retrieval.md, made from its rows; ``tables.py`` fills them in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import mean, stdev

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
VARIANTS: dict[str, str] = {
    "reference": "nothing: the preset with this budget",
    "profile": "whole profile from 3° to 30° in place of peaks",
    "temperature_1": "temperature fixed at 1.0, no normalisation (Xrd2Mof's)",
    "temperature_1_unit": "temperature fixed at 1.0, unit vectors",
    "no_corruption": "trained on ideal patterns alone",
    "no_new_crystals": "no crystals that nobody made",
    "no_confusions": "batches drawn by chance, no twins of another metal",
    "no_elements": "never told the elements",
    "batch_quarter": "a quarter of the batch, as many pairs",
    "batch_double": "twice the batch, as many pairs",
    "frameworks_1000": "1 000 training frameworks",
    "frameworks_3000": "3 000 training frameworks",
    "frameworks_10000": "10 000 training frameworks",
}
"""What differs in each variant of the ablations, in the order of the table."""


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


def _hits(direction: str, *haystacks: str) -> str:
    """Hit rates of one direction and some haystacks."""
    body = []
    for row in _sorted(rows_of("retrieval")):
        if row["direction"] != direction or row["haystack"] not in haystacks:
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
    return _hits("pattern to crystal", "all cards", "held-out and drawn cards")


def retrieval_held_out_cards() -> str:
    """Patterns that look for their crystal among held-out ones."""
    return _hits("pattern to crystal", "held-out cards")


def retrieval_backwards() -> str:
    """Crystals that look for their pattern."""
    return _hits("crystal to pattern", "held-out patterns", "patterns of all frameworks")


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


def retrieval_solve_kinds() -> str:
    """What the learned space adds on cases of four kinds."""
    right = {
        "corrupted": "the framework, first",
        "other metal": "its net with another metal, among ten",
        "other group": "its net with another group on the linker, among ten",
        "no relative": "none is named",
    }
    body = [
        [
            row["kind"] + (", elements known" if row["known"] == "elements" else ""),
            right[row["kind"]],
            row["n"],
            row["right_without"],
            row["right_with"],
            row["won"],
            row["lost"],
            row["ties"],
            row["false_names_without"],
            row["false_names_with"],
            row["among_ten_nearest"] if row["kind"] != "no relative" else "–",
        ]
        for row in rows_of("retrieval_solve")
    ]
    header = (
        "cases", "right is", "n", "right without", "with", "won", "lost", "as before",
        "false names without", "with", "among the ten nearest of the space",
    )  # fmt: skip
    return markdown(header, body)


def retrieval_ablations() -> str:
    """What each choice of the preset is worth, mean and standard deviation over seeds."""
    rows = rows_of("retrieval_ablations")
    if not rows:
        return markdown((), [])
    # of several budgets the one with most runs
    budget = Counter((row["steps"], row["batch"]) for row in rows).most_common(1)[0][0]
    rows = [row for row in rows if (row["steps"], row["batch"]) == budget]
    shown = [
        f"{kind}_{key}"
        for kind in ("ideal", "corrupted", "corrupted_told")
        for key in ("top_1", "top_10", "mrr")
    ]
    body = []
    for name, what in VARIANTS.items():
        runs = [row for row in rows if row["variant"] == name]
        if runs:
            cells = [_spread([100.0 * float(run[key]) for run in runs]) for key in shown]
            body.append([what, str(len(runs)), runs[0]["n_frameworks"], *cells])
    header = (
        "what differs", "runs", "training frameworks", "ideal: top-1 [%]", "top-10", "MRR",
        "corrupted: top-1 [%]", "top-10", "MRR", "elements told: top-1 [%]", "top-10", "MRR",
    )  # fmt: skip
    note = (
        f"Each run: {int(rows[0]['pairs']):,} pairs in {budget[0]} steps of {budget[1]}; "
        f"{rows[0]['n_queries']} patterns of each kind, {rows[0]['n_haystack']} frameworks."
    )
    return markdown(header, body) + f"\n{note.replace(',', ' ', 1)}\n"


def _spread(values: Sequence[float]) -> str:
    """Mean and standard deviation; the mean alone of one value."""
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{mean(values):.1f} ± {stdev(values):.1f}"


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
        retrieval_solve_kinds,
        retrieval_ablations,
        retrieval_speed,
    )
}
