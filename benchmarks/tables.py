"""Tables of README.md and docs, made from the rows in ``benchmarks/results``.

    python benchmarks/tables.py           rewrite the tables
    python benchmarks/tables.py --check   exit 1 where a table is not what its rows give

A table stands between ``<!-- table NAME -->`` and ``<!-- end table -->``.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
FILES = (
    "README.md",
    "docs/results.md",
    "docs/relaxing.md",
    "docs/datasets.md",
    "docs/reticular.md",
    "docs/retrieval.md",
    "docs/properties.md",
    "docs/solving-new.md",
)
_BLOCK = re.compile(r"(<!-- table ([a-z_]+) -->\n).*?(<!-- end table -->)", re.DOTALL)

Row = dict[str, str]


def rows_of(name: str) -> list[Row]:
    """Rows of one results file; none where it is not there."""
    path = RESULTS / f"{name}.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def markdown(header: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A Markdown table, or a line that says that there are no rows."""
    if not body:
        return "No rows yet.\n"
    lines = [header, ["---"] * len(header), *body]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def percent(text: str, digits: int = 1) -> str:
    """A share as percent."""
    return f"{100.0 * float(text):.{digits}f} %" if text else "–"


def identify_measured() -> str:
    """Every measured pattern."""
    body = []
    for row in rows_of("identify_measured"):
        answered = bool(row.get("rwp"))
        body.append(
            [
                row["pattern"],
                row["elements"],
                row["answer"],
                "yes" if row["right"] == "True" else "**no**",
                percent(row["probability"]) if answered else "–",
                percent(row["none_of_these"]) if answered else "–",
                percent(row["rwp"]) if answered else "–",
                row["further_phases"] or "–",
            ]
        )
    header = ("pattern", "elements", "answer", "right", "p", "p (none)", "Rwp", "further phases")
    return markdown(header, body)


def identify_corrupted() -> str:
    """Corrupted patterns of library frameworks."""
    body = [
        [
            row["mode"].replace("_", " "),
            row["n"],
            percent(row["top1"]),
            percent(row["top10"]),
            percent(row["top1_any_metal"]),
            percent(row["top10_any_metal"]),
            f"{float(row['auroc_none']):.3f}",
            f"{float(row['calibration_error']):.3f}",
        ]
        for row in rows_of("identify_corrupted")
    ]
    header = (
        "elements",
        "patterns",
        "top-1",
        "top-10",
        "top-1, any metal",
        "top-10, any metal",
        'AUROC of "none"',
        "calibration error",
    )
    return markdown(header, body)


def reliability() -> str:
    """Stated against true probability of the first candidate."""
    body = []
    for row in rows_of("identify_reliability"):
        true = float(row["true"])
        bar = "█" * round(20 * true)
        body.append([row["bin"], row["n"], percent(row["stated"]), percent(row["true"]), bar])
    return markdown(("stated between", "searches", "stated, mean", "true", ""), body)


def naive() -> str:
    """The naive reference on the same corrupted patterns."""
    body = [
        [row["mode"].replace("_", " "), row["n"], percent(row["top1"]), percent(row["top10"])]
        for row in rows_of("identify_naive")
    ]
    return markdown(("elements", "patterns", "top-1", "top-10"), body)


def speed_simulate() -> str:
    """Patterns a second against pymatgen."""
    body = [
        [
            row["structure"],
            row["mode"],
            row["range"],
            f"{float(row['peer_per_s']):.0f}",
            f"{float(row['ours_per_s']):.0f}",
            f"{float(row['ratio']):.0f}×",
        ]
        for row in rows_of("speed_simulate")
    ]
    return markdown(("structure", "cell", "2θ", "pymatgen /s", "porescope /s", "ratio"), body)


def speed_search() -> str:
    """Seconds of a search."""
    body = [[row["what"], row["value"], row["unit"]] for row in rows_of("speed_search")]
    return markdown(("what", "value", "unit"), body)


def indexing() -> str:
    """Indexing of peak lists, one row a set."""
    rows = rows_of("indexing")
    body = []
    for part in dict.fromkeys(row["part"] for row in rows):
        known = [row for row in rows if row["part"] == part and row["true_cell"]]
        if not known:
            continue
        ranks = [int(row["rank"] or 0) for row in known]
        seconds = sorted(float(row["seconds"]) for row in known)
        body.append(
            [
                part,
                str(len(known)),
                str(sum(rank == 1 for rank in ranks)),
                str(sum(1 <= rank <= 20 for rank in ranks)),
                f"{seconds[len(seconds) // 2]:.1f}",
            ]
        )
    return markdown(("set", "patterns", "top-1", "top-20", "s (median)"), body)


def cell_recovery() -> str:
    """Cells recovered from 3 % off."""
    body = [
        [
            row["n"],
            percent(row["share_recovered"]),
            percent(row["baseline_share"]),
            row["seconds_median"],
            row["by_system"],
        ]
        for row in rows_of("cell_recovery")
    ]
    return markdown(
        ("structures", "recovered", "plain least squares", "s (median)", "by system"), body
    )


def lebail_measured() -> str:
    """Le Bail fits of measured patterns with published residuals."""
    rows = rows_of("lebail_measured")
    if not rows:
        return markdown((), [])
    keys = ("pattern", "rwp", "rwp_published", "ratio", "cell_deviation_percent", "status")
    return markdown(keys, [[row[k] for k in keys] for row in rows])


TABLES: dict[str, Callable[[], str]] = {
    f.__name__: f
    for f in (
        identify_measured,
        identify_corrupted,
        reliability,
        naive,
        speed_simulate,
        speed_search,
        indexing,
        cell_recovery,
        lebail_measured,
    )
}


def filled(text: str) -> str:
    """A document with its tables made anew."""

    sys.path.insert(0, str(Path(__file__).parent))
    from tables_adsorption import TABLES as ADSORPTION
    from tables_datasets import TABLES as DATASETS
    from tables_property import TABLES as PROPERTY
    from tables_relaxing import TABLES as RELAXING
    from tables_reticular import TABLES as RETICULAR
    from tables_retrieval import TABLES as RETRIEVAL

    tables = TABLES | ADSORPTION | DATASETS | PROPERTY | RELAXING | RETICULAR | RETRIEVAL

    def one(match: re.Match[str]) -> str:
        if match[2] not in tables:
            raise SystemExit(f"no table is called {match[2]!r}; there are {', '.join(tables)}")
        return f"{match[1]}{tables[match[2]]()}{match[3]}"

    return _BLOCK.sub(one, text)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    stale = []
    for name in FILES:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        new = filled(text)
        if new != text:
            stale.append(name)
            if not options.check:
                path.write_text(new, encoding="utf-8")
    if options.check and stale:
        print("stale tables in " + ", ".join(stale) + "; run: python benchmarks/tables.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
