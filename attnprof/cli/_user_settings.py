"""The user's own settings, which every spec on this machine starts from: how it is measured, and what is
printed."""

from pathlib import Path

from platformdirs import user_config_path

from attnprof.spec.file import Source, from_file
from attnprof.spec.settings import SECTIONS

PERSONAL = ("measure", "output")  # tables; what is measured is never a habit
HOW_TO_ASK = "name it on the command line"


def user_file() -> Path:
    """Where the user's settings stand, or would stand: ~/.config/attnprof/attnprof.toml on Linux."""
    return user_config_path("attnprof", appauthor=False) / "attnprof.toml"


def user_settings() -> Source | None:
    """What the user has set for all runs; None without such a file.

    A field of another table than PERSONAL is a problem of the source. Raises SpecError for a file that cannot
    be read.
    """
    path = user_file()
    if not path.is_file():
        return None
    source = from_file(path, HOW_TO_ASK)
    others = [field for field in source.values if SECTIONS.get(field) not in PERSONAL]
    values = {field: value for field, value in source.values.items() if field not in others}
    problems = [
        f"{source.places[field]}: it would hold for every run; write it into a spec, ./attnprof.toml"
        for field in others
    ]
    return Source(values, source.places, (*source.problems, *problems), HOW_TO_ASK)
