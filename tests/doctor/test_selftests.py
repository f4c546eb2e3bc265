"""The self-tests: a module against itself says 'same' or what to do; a counter that is wrong is the end."""

import pytest

from attnprof.doctor import FINE, NOTE, STOP
from attnprof.doctor.selftests import PairTiming, noise, pair, self_tests
from attnprof.records.record import Measurement, account_event
from attnprof.running.protocol import AccountRequest, Failure, MeasureRequest
from tests.doctor.scripted import ENVIRONMENT, Scripted


def timings(*pairs, flags=()):
    return [PairTiming(each, flags) for each in pairs]


def counted(request):
    return Failure(request.case.key, "failed", "a shape is wrong")


def test_a_module_that_is_as_fast_as_itself_in_every_process_is_the_same():
    found = noise(timings((1.00e-4, 1.01e-4), (1.02e-4, 1.01e-4), (1.01e-4, 1.01e-4)))
    assert found.level == FINE
    assert found.says.startswith("a module against itself: same, 1.000x (0.9")


@pytest.mark.parametrize(
    ("pairs", "says", "advice"),
    [
        (
            [(1.0, 1.0), (1.2, 1.2), (1.1, 1.1)],
            "same, 1.000x (1.000 to 1.000); processes 20.0 % apart",
            "ratios within a run",
        ),
        ([(1.0, 1.3), (1.0, 0.8), (1.0, 1.0)], "unclear, 1.000x", "changes of 5 % cannot be told"),
        ([(1.0, 1.3), (1.0, 1.31), (1.0, 1.3)], "slower, 1.300x", "something else changes the machine"),
    ],
)
def test_noise_is_noted_with_what_it_spoils(pairs, says, advice):
    found = noise(timings(*pairs))
    assert found.level == NOTE
    assert says in found.says
    assert found.advice.startswith(advice)


def test_flags_are_told_once():
    found = noise(
        [
            *timings((1.0, 1.0), flags=("contended",)),
            *timings((1.0, 1.0), (1.0, 1.0), flags=("contended", "drift")),
        ]
    )
    assert found.says.endswith("; contended drift")


def test_the_two_cases_differ_in_their_seed_alone():
    first, second = pair("cpu", 2)
    differing = {name for name, value in first.to_json().items() if second.to_json()[name] != value}
    assert differing == {"seed"}


def test_both_tests_pass_with_three_processes_and_end_all_workers():
    workers = [Scripted() for _ in range(3)]
    rest = iter(workers[1:])
    found = self_tests(workers[0], lambda: next(rest), ENVIRONMENT)
    assert [(each.name, each.level) for each in found] == [("noise", FINE), ("counter", FINE)]
    assert found[1].says == "resnet18, resnet50, mobilenetv2: params and MACs as known; shapes as torch's"
    assert all(worker.ended for worker in workers)


@pytest.mark.parametrize(
    ("worker", "name", "says"),
    [
        (Scripted(raises=ValueError("no kernel")), "noise", "nothing was measured: ValueError: no kernel"),
        (Scripted(dies=MeasureRequest), "self-tests", "the worker was killed by SIGKILL (out of memory?)"),
        (Scripted(dies=AccountRequest), "self-tests", "the worker was killed by SIGKILL (out of memory?)"),
        (Scripted(counts=counted), "counter", "resnet18: a shape is wrong"),
    ],
)
def test_what_cannot_be_measured_or_counted_is_the_end(worker, name, says):
    found = self_tests(worker, lambda: worker, ENVIRONMENT)[-1]
    assert (found.name, found.level, found.says) == (name, STOP, says)
    assert worker.ended


def test_a_count_that_is_off_by_one_is_the_end():
    def off(request):
        figures = {"params": 11_689_513, "macs": 1_814_073_344}
        return account_event(request.case, [Measurement(n, value, "count") for n, value in figures.items()])

    found = self_tests(Scripted(counts=off), lambda: Scripted(counts=off), ENVIRONMENT)[-1]
    assert found.says == "resnet18: 11689513 params and 1814073344 MACs, not 11689512 and 1814073344"
