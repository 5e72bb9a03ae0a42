"""Tables of docs/reticular.md and docs/solving-new.md, made from rows of the benchmarks.

python benchmarks/tables_reticular.py           rewrite the tables
python benchmarks/tables_reticular.py --check   exit 1 where one is not what its rows give
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from benchmarks.tables import markdown, percent, rows_of  # noqa: E402

FILES = ("docs/reticular.md", "docs/solving-new.md")
_BLOCK = re.compile(r"(<!-- table ([a-z_]+) -->\n).*?(<!-- end table -->)", re.DOTALL)


def take_apart() -> str:
    """Shares of each archive that were taken apart, and whose net has a name.

    A sample stands in the rows only until the whole archive does.
    """
    rows = rows_of("take_apart")
    whole = {row["set"] for row in rows if row["sample"] == "all"}
    body = [
        [
            row["set"],
            "all" if row["sample"] == "all" else "sample",
            row["n_read"],
            row["n_failed"],
            percent(row["share_without_unknown"]),
            percent(row["share_same_graph"]),
            percent(row["share_net_named"]),
            percent(row["share_net_named_2d_3d"]),
            percent(row["share_charge_zero"]),
            row["seconds_median"],
        ]
        for row in rows
        if row["sample"] == "all" or row["set"] not in whole
    ]
    header = (
        "archive", "", "structures", "failed", "known", "same graph", "net named",
        "net named, layers and frameworks", "charges balance", "seconds, median",
    )  # fmt: skip
    return markdown(header, body)


def solve_famous() -> str:
    """Each famous framework that was held out."""
    body = []
    for row in rows_of("solve_famous"):
        done = row["status"] == "ok"
        body.append(
            [
                row["name"],
                row["pattern_kind"],
                row["proposals"] or "–",
                row["rank_of_net"] if row["rank_of_net"] not in ("", "0") else "–",
                _yes(row["right_1"]),
                _yes(row["right_10"]),
                percent(row["none_of_these"]) if done else "–",
                row["failure"] if row["failure"] != "none" else "",
                f"{float(row['solve_s']):.0f}" if row["solve_s"] else "–",
            ]
        )
    header = (
        "framework", "pattern", "proposals", "rank of its bond graph",
        "right, first", "right, among ten", "p (none)", "what went wrong", "seconds",
    )  # fmt: skip
    return markdown(header, body)


def _yes(text: str) -> str:
    return {"True": "yes", "False": "**no**"}.get(text, "–")


def proposal_fit() -> str:
    """Before and after the pieces were fitted."""
    body = []
    for row in rows_of("proposal_fit"):
        for when in ("before", "after"):
            body.append(
                [
                    f"{when} ({row['accepted']} of {row['n']} changed)"
                    if when == "after"
                    else when,
                    row[f"rmse_{when}"],
                    percent(row[f"rwp_{when}"]),
                    *(
                        f"{row[f'{rung}_{when}']} of {row['n']}"
                        for rung in ("strict", "net", "cell", "pattern")
                    ),
                ]
            )
    header = ("pieces", "distance, mean", "Rwp, mean", "strict", "net", "cell", "pattern")
    return markdown(header, body)


def judge_noise() -> str:
    """What passes each rung after atoms were moved at random."""
    rungs = ("loose", "standard", "strict", "net", "cell", "pattern")
    body = [
        [row["moved_angstrom"], *(percent(row[rung], 0) for rung in rungs)]
        for row in rows_of("judge_noise")
    ]
    return markdown(("moved by [Å]", *rungs), body)


TABLES = {made.__name__: made for made in (take_apart, solve_famous, proposal_fit, judge_noise)}


def main() -> int:
    """Command line."""
    stale = []
    for file in FILES:
        path = ROOT / file
        text = path.read_text(encoding="utf-8")
        new = _BLOCK.sub(lambda match: f"{match[1]}{TABLES[match[2]]()}{match[3]}", text)
        if new == text:
            continue
        stale.append(file)
        if "--check" not in sys.argv[1:]:
            path.write_text(new, encoding="utf-8")
    if stale and "--check" in sys.argv[1:]:
        print(f"stale tables in {', '.join(stale)}; run: python benchmarks/tables_reticular.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
