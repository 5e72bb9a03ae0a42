"""Tables of docs/reticular.md and docs/solving-new.md, and the summary of the README, made from
their rows; ``tables.py`` fills them in."""

from __future__ import annotations

from tables import markdown, percent, rows_of


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
                _yes(row["topology_1"]),
                _yes(row["right_1"]),
                _yes(row["right_10"]),
                percent(row["none_of_these"]) if done else "–",
                row["failure"] if row["failure"] != "none" else "",
                f"{float(row['solve_s']):.0f}" if row["solve_s"] else "–",
            ]
        )
    header = (
        "framework", "pattern", "proposals", "rank of its bond graph", "net, first",
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


RUNGS = ("strict", "net", "cell", "right")


def solve_held_out() -> str:
    """Random frameworks with one and with two kinds of linker, rung by rung."""
    body = []
    for name, title in (
        ("solve_held_out", "one linker"),
        ("solve_mixed_linkers", "two linkers"),
    ):
        cases = rows_of(f"{name}_cases")
        if not cases:
            continue
        n = len(cases)
        for top in ("1", "10"):
            shares = [
                percent(str(sum(case.get(f"{rung}_{top}") == "True" for case in cases) / n))
                for rung in ("loose", "standard", *RUNGS, "pattern")
            ]
            seconds = [float(case["solve_cpu_s"]) for case in cases if case.get("solve_cpu_s")]
            half = sorted(seconds)[len(seconds) // 2] if seconds else float("nan")
            body.append([title, str(n), f"top-{top}", *shares, f"{half:.0f}"])
    header = (
        "frameworks", "n", "", "loose", "standard", "strict", "net", "cell", "net and cell",
        "pattern", "CPU seconds, median",
    )  # fmt: skip
    return markdown(header, body)


def solve_held_out_failures() -> str:
    """What stopped the others, and how many of these have a relative left."""
    body = []
    for name, title in (
        ("solve_held_out", "one linker"),
        ("solve_mixed_linkers", "two linkers"),
    ):
        cases = rows_of(f"{name}_cases")
        for failure in sorted({case["failure"] for case in cases}):
            mine = [case for case in cases if case["failure"] == failure]
            known = sum(case.get("shape_known") == "True" for case in mine)
            what = "solved" if failure == "none" else failure
            body.append([title, what, str(len(mine)), str(known)])
    return markdown(("frameworks", "outcome", "cases", "a relative is left"), body)


def reticular_summary() -> str:
    """The few numbers of the README."""
    body = []
    famous = rows_of("solve_famous")
    for kind in ("measured", "simulated"):
        cases = [row for row in famous if row["pattern_kind"] == kind]
        if cases:
            first = sum(row["right_1"] == "True" for row in cases)
            ten = sum(row["right_10"] == "True" for row in cases)
            body.append(
                [f"famous frameworks, {kind} patterns", str(len(cases)), str(first), str(ten)]
            )
    for name, title in (
        ("solve_held_out", "drawn at random, one linker"),
        ("solve_mixed_linkers", "drawn at random, two linkers"),
    ):
        cases = rows_of(f"{name}_cases")
        if cases:
            first = sum(case.get("right_1") == "True" for case in cases)
            ten = sum(case.get("right_10") == "True" for case in cases)
            body.append([title, str(len(cases)), str(first), str(ten)])
    return markdown(("frameworks", "n", "right net and cell first", "among ten"), body)


TABLES = {
    made.__name__: made
    for made in (
        take_apart,
        solve_famous,
        solve_held_out,
        solve_held_out_failures,
        reticular_summary,
        proposal_fit,
        judge_noise,
    )
}
