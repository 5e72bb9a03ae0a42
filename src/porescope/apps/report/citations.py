"""What a paper that uses the answer should cite."""

from __future__ import annotations

from dataclasses import dataclass

from porescope.workflows.solution import SolveResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """One work to cite."""

    what: str
    """What it was used for."""
    text: str
    """Authors, journal, year."""
    doi: str = ""
    """Digital object identifier, without a prefix."""


_METHODS = (
    Citation(
        what="whole-pattern fit",
        text="A. Le Bail, H. Duroy, J. L. Fourquet, Mater. Res. Bull. 23 (1988) 447–452",
        doi="10.1016/0025-5408(88)90019-0",
    ),
    Citation(
        what="peak profile",
        text="P. Thompson, D. E. Cox, J. B. Hastings, J. Appl. Cryst. 20 (1987) 79–83",
        doi="10.1107/S0021889887087090",
    ),
)
_SOFTWARE = (
    Citation(
        what="gemmi: CIF, form factors",
        text="M. Wojdyr, J. Open Source Softw. 7 (2022) 4200",
        doi="10.21105/joss.04200",
    ),
    Citation(
        what="spglib: symmetry",
        text="A. Togo, K. Shinohara, I. Tanaka, Sci. Technol. Adv. Mater. Methods 4 (2024) 2384822",
        doi="10.1080/27660400.2024.2384822",
    ),
    Citation(what="pybaselines: background", text="D. Erb, Zenodo", doi="10.5281/zenodo.5608581"),
    Citation(
        what="NumPy",
        text="C. R. Harris et al., Nature 585 (2020) 357–362",
        doi="10.1038/s41586-020-2649-2",
    ),
    Citation(
        what="SciPy",
        text="P. Virtanen et al., Nat. Methods 17 (2020) 261–272",
        doi="10.1038/s41592-019-0686-2",
    ),
    Citation(
        what="Numba",
        text="S. K. Lam, A. Pitrou, S. Seibert, Proc. LLVM-HPC (2015) 7",
        doi="10.1145/2833157.2833162",
    ),
)


def citations_of(result: SolveResult) -> tuple[Citation, ...]:
    """Works to cite: this program, the structure, the methods, the software.

    Parameters
    ----------
    result:
        The answer.

    Returns
    -------
    :
        The works in the order in which they are listed.
    """
    own = Citation(
        what="identification", text=f"porescope {result.version}, the porescope authors".strip()
    )
    structures = tuple(
        Citation(
            what="structure",
            text=f"{candidate.name or candidate.id}, from {candidate.source}",
            doi=candidate.doi,
        )
        for candidate in result.candidates[:1]
        if candidate.doi
    )
    return (own, *structures, *_METHODS, *_SOFTWARE)
