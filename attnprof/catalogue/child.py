"""The child process that imports users' modules and describes them, one line of JSON each.

Whatever a module does while it is imported, it does here: it prints to nowhere, and exits, crashes or hangs
alone.
"""

import json
import os
import sys
from typing import Any

from attnprof.catalogue import user_import
from attnprof.errors import AttnprofError, CannotImportError
from attnprof.system.descriptors import private_copy
from attnprof.system.scheduling import end_after

BEYOND = 512  # a module that closes what it has inherited rarely closes a file of a higher number
CLOSED = 75  # exit code: there is no more file to write to


def main(seconds: float) -> None:
    """Describe on stdout the modules whose names stdin has. seconds: until this process ends, also where
    nobody is left to stop it."""
    end_after(seconds)
    process, answers = os.getpid(), _claimed_stdout()
    for name in json.load(sys.stdin):
        answer = {"name": name, **_answer(name)}
        if os.getpid() != process:  # the module has forked
            os._exit(0)
        _write(answers, json.dumps(answer).encode() + b"\n")
    os._exit(0)  # what the module has started is not waited for


def _answer(name: str) -> dict[str, Any]:
    try:
        return {"description": user_import.description_here(name).to_json()}
    except AttnprofError as problem:
        return {"problem": str(problem), "is_of_import": isinstance(problem, CannotImportError)}
    except BaseException as problem:  # noqa: BLE001 # the user's code may raise anything
        return {"problem": user_import.cannot_import(name, problem), "is_of_import": True}


def _claimed_stdout() -> int:
    """The number of the file to write to. What a module prints from now on goes nowhere."""
    try:
        answers = private_copy(1, BEYOND)
    except OSError:  # fewer files than that may be open
        answers = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return answers


def _write(number: int, line: bytes) -> None:
    try:
        while line:
            line = line[os.write(number, line) :]
    except OSError:
        os._exit(CLOSED)
