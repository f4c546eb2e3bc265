"""Many cases in one test: each that fails is named, and the others are still looked at."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import pytest


@contextmanager
def every_case() -> Iterator[Callable[..., AbstractContextManager[None]]]:
    """Give ``case``, for ``with case("what", "is", "tested"): assert ...``; at the end, fail with all that
    failed.

    Collecting a test costs a millisecond in every process, building a module twice costs more: where hundreds
    of cases differ in a value alone, they are one test.
    """
    failures: list[str] = []

    @contextmanager
    def case(*labels: object) -> Iterator[None]:
        try:
            yield
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 # whatever it is, the next case is looked at
            line = traceback.extract_tb(error.__traceback__)[1].lineno  # 0 is the yield above
            label = " ".join(map(str, labels))
            failures.append(f"{label} (line {line}): {type(error).__name__}: {error}")

    yield case
    if failures:
        pytest.fail(f"{len(failures)} cases fail\n" + "\n".join(failures), pytrace=False)


def hold_together(law: Callable[[Sequence[str]], None], names: Sequence[str]) -> None:
    """Look whether ``law`` holds of all ``names`` at once; where it does not, of which it does not by itself.

    For what costs much once and little for each more, as the start of a compiler.
    """
    if not names:
        return
    try:
        law(names)
    except Exception:
        with every_case() as case:
            for name in names:
                with case(name):
                    law([name])
        raise  # only together do they fail
