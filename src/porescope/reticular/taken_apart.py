"""What is left of a framework when it is taken apart."""

from __future__ import annotations

from dataclasses import dataclass

from porescope.reticular.assembly import Assembly
from porescope.reticular.net import PeriodicNet


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TakenApart:
    """The pieces of a framework, how they hang together, and what is not clear about them."""

    assembly: Assembly
    """All pieces exactly as they stand in the crystal; guests are pieces without links."""
    net: PeriodicNet
    """Nodes, and linkers with three and more nodes around them, as vertices; other linkers as
    edges; caps and guests left out. Of one of the interpenetrating nets."""
    net_key: str = ""
    """Key of the net: equal for equal nets."""
    net_name: str = ""
    """RCSR symbol, or empty."""
    net_view: str = ""
    """What the vertices stand for where the net has a name or a key: ``pieces``, ``clusters``
    (metals joined through neighbouring nitrogen atoms or single donor atoms as one), ``metals``
    (endless nodes metal by metal), or another simplification."""
    dimension: int = 3
    """Directions in which the framework is endless, 0 to 3."""
    interpenetration: int = 1
    """Number of nets that are not linked to one another."""
    charge: int | None = None
    """Sum of all pieces' charges [e]; ``None`` where one is unknown."""
    problems: tuple[str, ...] = ()
    """What could not be made out, each a class and its detail: ``unknown linker: ...``."""
