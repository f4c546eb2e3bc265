"""What is said of a machine follows from what its files and clocks tell; what it does not tell is no
finding."""

from itertools import count

import pytest

from attnprof.doctor import FINE, NOTE, STOP, Finding
from attnprof.doctor.machine import allocator, clocks, load, memory, quota, reports, scheduler, survey, timer


@pytest.fixture
def system(tmp_path):
    """A file system with these files."""

    def make(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


GOVERNOR = "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
SOURCE = "sys/devices/system/clocksource/clocksource0/current_clocksource"


@pytest.mark.parametrize(("average", "level"), [(0.3, FINE), (1.0, FINE), (1.1, NOTE), (9.0, NOTE)])
def test_a_load_beyond_half_of_the_cores_is_noted(average, level):
    assert load(average, 2).level == level


@pytest.mark.parametrize(
    ("text", "level"),
    [("max 100000\n", None), ("150000 100000\n", NOTE), ("200000 100000\n", FINE), ("", None)],
)
def test_a_container_that_may_not_use_all_cores_is_noted(system, text, level):
    found = quota(2, system({"sys/fs/cgroup/cpu.max": text}))
    assert (found and found.level) == level
    if level == NOTE:
        assert found.says == "1.5 of 2 cores"


@pytest.mark.parametrize(
    ("files", "level", "says"),
    [
        ({}, FINE, "not told by this system; a reference product watches them in every run"),
        ({GOVERNOR: "performance\n"}, FINE, "governor performance"),
        ({GOVERNOR: "powersave\n"}, NOTE, "governor powersave"),
        ({GOVERNOR: "performance\n", "sys/class/power_supply/AC/online": "0\n"}, NOTE, "on battery"),
        (
            {GOVERNOR: "performance\n", "sys/class/power_supply/AC/online": "1\n"},
            FINE,
            "governor performance",
        ),
    ],
)
def test_clocks_that_may_change_are_noted(system, files, level, says):
    found = clocks(system(files))
    assert (found.level, found.says) == (level, says)


def ticking(step, every=1):
    """A clock that moves by ``step`` seconds with every so many readings."""
    readings = count()
    return lambda: next(readings) // every * step


@pytest.mark.parametrize(
    ("clock", "source", "level"),
    [
        (ticking(50e-9), "tsc", FINE),
        (ticking(1e-6), "tsc", FINE),
        (ticking(2e-6), "tsc", NOTE),
        (ticking(15e-3, every=500), "", NOTE),
        (ticking(50e-9), "hpet", NOTE),
        (ticking(0.0), "tsc", STOP),
    ],
)
def test_a_clock_too_coarse_for_a_millisecond_is_noted_and_one_that_stands_is_the_end(
    system, clock, source, level
):
    found = timer(clock, system({SOURCE: source}))
    assert found.level == level


def test_a_timer_says_its_step_its_cost_and_who_keeps_it(system):
    found = timer(ticking(50e-9), system({SOURCE: "tsc\n"}))
    assert found.says == "a step of 50.0 ns, 50.0 ns per reading, by tsc; samples last 1.00 ms"


def test_a_kernel_that_does_not_tell_of_waiting_leaves_one_thread(system):
    root = system({})
    assert scheduler(root).level == NOTE
    assert scheduler(system({"proc/self/schedstat": "1 2 3\n"})).level == FINE


@pytest.mark.parametrize(
    ("environ", "libc", "level"),
    [({}, "glibc", FINE), ({}, "", NOTE), ({"LD_PRELOAD": "libjemalloc.so"}, "glibc", NOTE)],
)
def test_an_allocator_that_workers_cannot_set_is_noted(environ, libc, level):
    assert allocator(environ, libc).level == level


@pytest.mark.parametrize(("free", "level"), [(8 * 2**20, FINE), (2**19, NOTE)])
def test_little_free_memory_is_noted(system, free, level):
    found = memory(system({"proc/meminfo": f"MemTotal: {16 * 2**20} kB\nMemAvailable: {free} kB\n"}))
    assert found.level == level


def test_a_system_that_does_not_tell_its_memory_has_no_finding(system):
    assert memory(system({})) is None


def test_reports_are_written_below_a_folder_that_is_not_there_yet(tmp_path):
    found = reports(tmp_path / "reports" / "deep")
    assert found.level in (FINE, NOTE)
    assert not (tmp_path / "reports").exists()


def test_a_folder_that_cannot_be_written_is_the_end_and_says_why(tmp_path):
    (tmp_path / "reports").write_text("a file")
    found = reports(tmp_path / "reports")
    assert (found.level, found.says) == (STOP, f"cannot write {tmp_path}/reports/: not a directory")


def test_a_full_disk_is_the_end(tmp_path, monkeypatch):
    class Usage:
        free = 2**20

    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage)
    assert reports(tmp_path).level == STOP
    Usage.free = 2**29
    assert reports(tmp_path).level == NOTE


def test_this_machine_is_surveyed_with_advice_wherever_something_is_noted(tmp_path):
    found = list(survey(2, tmp_path))
    assert {"load", "clocks", "timer", "scheduler", "allocator", "reports"} <= {each.name for each in found}
    assert all(bool(each.advice) == (each.level != FINE) for each in found)


def test_a_finding_is_of_a_known_level_and_advises_nothing_where_all_is_well():
    for level, advice in (("bad", ""), (FINE, "do something")):
        with pytest.raises(ValueError, match="^x: level"):
            Finding("x", level, "says", advice)
