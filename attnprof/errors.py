"""Every mistake a user can make, one class each, with the exit code it ends in.

A message is one line that says what is wrong, where, and what to do; it never needs a traceback.
"""

from collections.abc import Iterable, Sequence

# Exit codes besides 0.
NOT_MET = 1  # a budget, a check, a comparison or a verification does not hold
USAGE = 2
CELLS_FAILED = 3
ENVIRONMENT = 4
CRASHED = 70  # a mistake of attnprof's own: EX_SOFTWARE of sysexits.h
INTERRUPTED = 130  # by Ctrl-C, SIGTERM or SIGHUP: the run can be resumed


class AttnprofError(Exception):
    """A mistake that the command line prints as ``error: ...`` and turns into ``exit_code``."""

    exit_code = USAGE


class UsageError(AttnprofError):
    """An argument or option without a meaning, or two that contradict each other."""


class CannotImportError(UsageError):
    """A file of the user's that fails when it is imported."""


class UnknownNameError(AttnprofError, LookupError):
    """A name that no registry entry has, answered with the nearest ones."""


class SpecError(AttnprofError, ValueError):
    """One or more mistakes in a specification, reported together.

    ``problems`` holds one line each, already carrying its place (``file:line: key`` or ``--option``).
    ``fields`` names the field of each problem and the index in it, where a field is what is wrong.
    ``lines`` are the problems behind their fields.
    """

    def __init__(self, problems: Sequence[str], fields: Sequence[tuple[str, str]] = ()) -> None:
        self.problems = tuple(problems)
        self.fields = tuple(fields)
        places = [f"{field}{index}: " for field, index in fields] or [""] * len(self.problems)
        self.lines = tuple(place + problem for place, problem in zip(places, self.problems, strict=True))
        super().__init__("\n".join(self.lines))


class ImpossibleShapeError(AttnprofError, ValueError):
    """A module that cannot be built for a number of channels or a map size, with its rule."""


class EnvironmentProblem(AttnprofError):
    """A problem of the machine: device, disk, permissions, a missing package."""

    exit_code = ENVIRONMENT


class RunFolderError(AttnprofError):
    """A run folder that is missing, damaged, in use, or of another run."""


def text_of(problem: BaseException) -> str:
    """What ``problem`` says; empty where it cannot tell, as a class of the user's may not."""
    try:
        return str(problem)
    except Exception:  # noqa: BLE001
        return ""


def one_line(problem: BaseException, most: int = 300) -> str:
    """The first line of what ``problem`` says, in characters that print; empty where there is none."""
    lines = text_of(problem).strip().splitlines()
    return "".join(map(_printable, lines[0][:most])) if lines else ""


def _printable(character: str) -> str:
    """``character``, or its escape where it controls, is half of a pair, or has no meaning."""
    is_plain = character.isprintable() or (character.isspace() and character >= "\u00a0")
    return character if is_plain else character.encode("unicode_escape").decode()


class DamagedRecord(UserWarning):
    """A line of a run's journal that cannot be read, and is passed over."""


def nearest(name: str, names: Iterable[str], most: int = 3) -> str:
    """``Did you mean 'a' or 'b'?`` with the closest of ``names``, or an empty string."""
    from difflib import get_close_matches  # after a mistake alone

    by_lower = {candidate.lower(): candidate for candidate in names}
    matches = get_close_matches(name.lower(), list(by_lower), n=most, cutoff=0.6)
    spellings = [repr(by_lower[match]) for match in matches]
    return f"Did you mean {' or '.join(spellings)}?" if spellings else ""
