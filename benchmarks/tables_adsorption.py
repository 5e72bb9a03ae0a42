"""Tables of the adsorption bench, made from its rows; ``tables.py`` fills them in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tables import markdown, percent, rows_of


def number(text: str, digits: int = 3) -> str:
    """A number to a few significant digits."""
    return f"{float(text):.{digits}g}" if text not in ("", "nan") else "–"


def argon_energies() -> str:
    """Energies of saved configurations against RASPA2's."""
    return markdown(
        ["zeolite", "argon atoms", "argon–framework: relative difference", "argon–argon"],
        [
            [
                row["code"],
                row["n_argon"],
                f"{abs(float(row['host_guest_relative_error'])):.0e}",
                f"{abs(float(row['guest_guest_relative_error'])):.0e}",
            ]
            for row in rows_of("argon_energies")
        ],
    )


def argon_zeolites() -> str:
    """Argon at 87 K: the summary."""
    return markdown(
        [
            "frameworks",
            "n",
            "R²",
            "mean absolute deviation",
            "median",
            "mean signed",
            "within the joint error",
            "largest",
        ],
        [
            [
                row["set"],
                row["n_codes"],
                f"{float(row['r2']):.4f}",
                f"{float(row['mean_absolute_deviation_percent']):.1f} %",
                f"{float(row['median_absolute_deviation_percent']):.1f} %",
                f"{float(row['mean_signed_deviation_percent']):+.1f} %",
                row["within_joint_error"],
                row["largest"],
            ]
            for row in rows_of("argon_zeolites")
        ],
    )


def raspa_examples() -> str:
    """Example runs of RASPA2 and gRASPA."""
    return markdown(
        ["case", "gas", "program", "theirs / box", "ours / box", "deviation", "joint errors"],
        [
            [
                row["case"],
                row["gas"],
                row["program"],
                f"{number(row['reference'], 4)} ± {number(row['reference_error'], 2)}",
                f"{number(row['molecules_in_box'], 4)} ± {number(row['error'], 2)}",
                f"{float(row['deviation_percent']):+.1f} %",
                f"{abs(float(row['deviation_over_joint_error'])):.2f}",
            ]
            for row in rows_of("raspa_examples")
        ],
    )


def crafted_isotherms() -> str:
    """CRAFTED's isotherms: the summary, whatever its columns are."""
    rows = rows_of("crafted_isotherms")
    hidden = {"commit", "date", "hardware", "seed", "data_sha256", "field", "charges"}
    header = [key for key in (rows[0] if rows else {}) if key not in hidden]
    return markdown(
        [key.replace("_", " ") for key in header], [[row[key] for key in header] for row in rows]
    )


def eqeq_crafted() -> str:
    """EQeq against the published program, over all structures."""
    rows = [row for row in rows_of("eqeq_crafted") if row["status"] == "ok"]
    body = []
    for title, key in (
        ("the published sums, 5 × 5 × 5 cells", "published"),
        ("sums over all images", "converged"),
    ):
        mae = np.array([float(row[f"{key}_mean_deviation"]) for row in rows])
        low = min((float(row[f"{key}_correlation"]) for row in rows), default=0.0)
        body.append(
            [
                title,
                str(len(rows)),
                f"{np.median(mae):.4f}",
                f"{mae.mean():.4f}",
                f"{mae.max():.3f}",
                f"{low:.4f}",
            ]
        )
    return markdown(
        ["ours with", "structures", "median MAE / e", "mean", "largest", "lowest correlation"],
        body if rows else [],
    )


def core_mof_geometry() -> str:
    """Pore diameters of CoRE MOFs."""
    body = []
    for row in rows_of("core_mof_geometry"):
        for key in ("pld", "lcd"):
            body.append(
                [
                    row["engine"],
                    key.upper(),
                    row["n_structures"],
                    row["n_failed"],
                    f"{float(row[f'{key}_median_deviation_a']):.3f} Å",
                    f"{float(row[f'{key}_p95_deviation_a']):.3f} Å",
                    percent(row[f"{key}_share_within_0.05"]),
                    percent(row[f"{key}_share_within_0.1"]),
                    f"{float(row['seconds_median']):.2f}",
                ]
            )
    return markdown(
        [
            "engine",
            "diameter",
            "MOFs",
            "failed",
            "median deviation",
            "95 %",
            "≤ 0.05 Å",
            "≤ 0.1 Å",
            "s (median)",
        ],
        body,
    )


def speed_energy_grid() -> str:
    """Lennard-Jones grids against peers, and their cost as cells grow."""
    body = []
    for row in rows_of("speed_energy_grid"):
        peers = row["series"] == "peers"
        ratio, share = row["fastest_peer_over_this"], row["share_of_limit"]
        body.append(
            [
                row["framework"] if peers else f"{row['framework']} {row['cells']}",
                row["n_atoms"],
                row["code"],
                f"{row['n_grid']}³",
                f"{1e3 * float(row['processor_seconds']):.3g}",
                f"{float(row['ns_per_point_and_image']):.3g}",
                f"{float(ratio):.3g}×" if peers and ratio else "–",
                percent(share, 0) if share else "–",
            ]
        )
    return markdown(
        [
            "framework",
            "atoms",
            "program",
            "points",
            "ms of the processor",
            "ns per pair",
            "fastest peer over this",
            "of the machine's limit",
        ],
        body,
    )


def speed_henry() -> str:
    """Henry coefficients against RASPA3."""
    body = []
    for row in rows_of("speed_henry"):
        body += [
            ["frameworks", row["n_frameworks"]],
            ["RASPA3, seconds in all", row["raspa3_s"]],
            ["porescope, seconds in all", row["ours_s"]],
            ["ratio of totals", f"{float(row['ratio_of_totals']):.0f}×"],
            ["median ratio", f"{float(row['ratio_median']):.0f}×"],
            ["smallest ratio", f"{float(row['ratio_smallest']):.1f}×"],
            ["RASPA3's median standard error", percent(row["raspa3_median_relative_error"])],
            ["ours: median true deviation", percent(row["ours_median_true_error"], 2)],
            ["ours within twice its standard error", percent(row["ours_within_two_errors"])],
            ["RASPA3 within its 95 % interval", percent(row["raspa3_within_two_errors"])],
        ]
    return markdown(["what", "value"], body)


def speed_screen() -> str:
    """A thousand CoRE MOFs."""
    body = []
    for row in rows_of("speed_screen"):
        body += [
            ["structures", row["n_structures"]],
            ["processes", row["jobs"]],
            ["minutes", row["minutes"]],
            ["complete, partial, failed", f"{row['n_ok']}, {row['n_partial']}, {row['n_failed']}"],
            ["largest process", f"{row['largest_process_mb']} MB"],
        ]
    for row in rows_of("speed_screen_sizes"):
        span = f"{row['atoms_above']}–{row['atoms_up_to']} atoms ({row['n']})"
        body.append([span, f"median {row['median_s']} s, 95 % below {row['p95_s']} s"])
    return markdown(["what", "value"], body)


def adsorption_summary() -> str:
    """One line for each comparison."""
    body = []
    for row in rows_of("argon_zeolites")[:1]:
        text = f"R² {float(row['r2']):.3f}, mean deviation "
        text += f"{float(row['mean_absolute_deviation_percent']):.1f} %"
        body.append([f"argon at 87 K in {row['n_codes']} zeolites, RASPA2", text])
    rows = rows_of("raspa_examples")
    if rows:
        inside = sum(row["within_joint_error"] == "True" for row in rows)
        text = f"{inside} of {len(rows)} within the joint error"
        body.append(["example runs of RASPA2 and gRASPA", text])
    for row in rows_of("core_mof_geometry"):
        if row["engine"] == "grid":
            text = f"PLD {float(row['pld_median_deviation_a']):.3f} Å, "
            text += f"LCD {float(row['lcd_median_deviation_a']):.3f} Å (median)"
            body.append([f"pore diameters of {row['n_structures']} CoRE MOFs, Zeo++", text])
    for row in rows_of("speed_henry"):
        text = f"{float(row['ratio_of_totals']):.0f}× as fast at equal error"
        body.append(
            [f"methane's Henry coefficient in {row['n_frameworks']} zeolites, RASPA3", text]
        )
    for row in rows_of("speed_screen"):
        text = f"{float(row['minutes']):.0f} minutes on two cores"
        body.append([f"pores and methane of {row['n_structures']} CoRE MOFs", text])
    return markdown(["what, against", "result"], body)


TABLES: dict[str, Callable[[], str]] = {
    f.__name__: f
    for f in (
        adsorption_summary,
        argon_energies,
        argon_zeolites,
        raspa_examples,
        crafted_isotherms,
        eqeq_crafted,
        core_mof_geometry,
        speed_energy_grid,
        speed_henry,
        speed_screen,
    )
}
