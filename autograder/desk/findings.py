"""What the doctor found: a sentence, and the command that mends it. An assignment's kit may add findings."""

from dataclasses import dataclass

OK, MISSING, BETTER = "ok", "missing", "could be better"


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes
    ----------
    state : {"ok", "missing", "could be better"}
        Whether it is fine, whether the work needs it, or whether the work goes on without it.
    what : str
        One sentence.
    cure : str
        The command, or what to do, or "".
    """

    state: str
    what: str
    cure: str = ""
