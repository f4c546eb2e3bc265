"""What is installed is listed; what is not says what is blank without it."""

import pytest

from attnprof.doctor import FINE, NOTE
from attnprof.doctor.packages import compiler, packages


def test_all_that_are_there_are_one_line():
    [found] = packages(gpu=False, find=lambda name: "1.0")
    assert (found.level, found.says) == (FINE, "fvcore 1.0, thop 1.0, matplotlib 1.0")


def test_one_that_is_missing_says_what_for_and_how_to_get_it():
    _, found = packages(gpu=False, find=lambda name: None if name == "thop" else "1.0")
    assert (found.level, found.says, found.advice) == (
        NOTE,
        "no thop: without it no column of its counts",
        "pip install thop",
    )


def test_what_only_a_gpu_needs_is_missed_only_there():
    def names(gpu):
        return [each.advice.removeprefix("pip install ") for each in packages(gpu, find=lambda name: None)]

    assert set(names(True)) - set(names(False)) == {"nvidia-ml-py"}


@pytest.mark.parametrize(
    ("environ", "there", "level", "says"),
    [
        ({}, {"clang++": "/bin/clang++"}, FINE, "/bin/clang++"),
        ({"CXX": "my-c++"}, {"my-c++": "/opt/my-c++", "g++": "/bin/g++"}, FINE, "/opt/my-c++"),
        ({"CXX": "my-c++"}, {"g++": "/bin/g++"}, NOTE, "CXX=my-c++ is not there"),
        ({}, {}, NOTE, "no C++ compiler"),
    ],
)
def test_the_compiler_is_the_one_that_torch_would_call(environ, there, level, says):
    found = compiler(environ, there.get)
    assert (found.level, found.says) == (level, says)
