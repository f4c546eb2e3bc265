"""Where one test looks at many cases, none that fails is lost."""

import pytest

from tests.every_case import every_case, hold_together


def look_at_numbers():
    with every_case() as case:
        for number in range(5):
            with case("number", number):
                assert number % 2 == 0


def test_every_case_that_fails_is_named_with_what_failed():
    with pytest.raises(pytest.fail.Exception) as failure:
        look_at_numbers()
    lines = str(failure.value).splitlines()
    assert lines[0] == "2 cases fail"
    labels = [line.partition(" (line ")[0] for line in lines if line.startswith("number")]
    assert labels == ["number 1", "number 3"]
    assert "assert (1 % 2) == 0" in str(failure.value)


def raise_a_key_error():
    with every_case() as case, case("first"):
        raise KeyError("key")


def test_an_error_that_is_no_assertion_fails_its_case_too():
    with pytest.raises(pytest.fail.Exception, match=r"first \(line \d+\): KeyError: 'key'"):
        raise_a_key_error()


def expect_in_vain():
    with every_case() as case, case("first"), pytest.raises(ValueError, match="never"):
        pass


def test_what_does_not_raise_as_expected_fails_its_case():
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        expect_in_vain()


def skip_inside():
    with every_case() as case, case("first"):
        pytest.skip("no compiler")


def test_a_skip_inside_a_case_is_the_whole_tests():
    with pytest.raises(pytest.skip.Exception):
        skip_inside()


def test_cases_that_hold_are_silent():
    with every_case() as case, case("first"):
        assert True


def is_even(names):
    assert all(int(name) % 2 == 0 for name in names)


def test_of_many_at_once_those_that_fail_by_themselves_are_named():
    with pytest.raises(pytest.fail.Exception) as failure:
        hold_together(is_even, ["2", "3", "4"])
    headline, three = str(failure.value).splitlines()[:2]
    assert headline == "1 cases fail"
    assert three.startswith("3 (line")


def is_alone(names):
    assert len(names) == 1


def test_what_fails_only_together_fails():
    with pytest.raises(AssertionError):
        hold_together(is_alone, ["2", "4"])


def test_what_holds_of_many_at_once_is_looked_at_once():
    seen = []
    hold_together(seen.append, ["2", "4"])
    hold_together(seen.append, [])
    assert seen == [["2", "4"]]
