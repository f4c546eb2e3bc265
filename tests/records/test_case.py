"""A case's key names it across processes and machines; no field may change without changing it."""

import json
import os
import subprocess
import sys
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import convert

from attnprof.catalogue.values import show_value
from attnprof.records.case import Case

law = settings(derandomize=True, deadline=None, max_examples=60)
CASE = Case("cbam", 64, 28, 40, {"bias": True, "reduction": 8}, "reduction=8")

values = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.none()
names = st.text(alphabet="abcdefgh_", min_size=1, max_size=6)
sizes = st.integers(1, 8192)
cases = st.builds(
    Case,
    module=names,
    channels=sizes,
    height=sizes,
    width=sizes,
    hyperparameters=st.dictionaries(names, values, max_size=4),
    variant=st.text(max_size=8),
    batch=sizes,
    dtype=st.sampled_from(["fp32", "bf16"]),
    mode=st.sampled_from(["eval", "train"]),
    tf32=st.booleans(),
    seed=st.integers(0, 2**63),
)

OTHER = {
    "module": "se",
    "channels": 65,
    "height": 29,
    "width": 41,
    "hyperparameters": {"bias": True, "reduction": 4},
    "variant": "reduction=4",
    "source": "abc",
    "host": "resnet50",
    "place": "layer1",
    "network_input": "224x224",
    "batch": 2,
    "dtype": "fp16",
    "autocast": "bf16",
    "layout": "channels_last",
    "device": "cuda:0",
    "threads": 2,
    "mode": "train",
    "execution": "compiled",
    "inputs": "hot",
    "tf32": True,
    "seed": 1,
}


def test_there_is_another_value_for_every_field():
    assert list(OTHER) == [field.name for field in fields(Case)]


@pytest.mark.parametrize("field", OTHER)
def test_the_key_differs_when_a_field_differs(field):
    other = replace(CASE, **{field: OTHER[field]})
    assert other != CASE
    assert other.key != CASE.key


def test_no_two_single_changes_have_the_same_key():
    keys = {replace(CASE, **{field: value}).key for field, value in OTHER.items()}
    assert len(keys) == len(OTHER)


@given(cases)
@law
def test_json_gives_the_same_case_again(case):
    again = convert(json.loads(json.dumps(case.to_json())), Case)
    assert again == case
    assert again.key == case.key


@given(cases, st.randoms(use_true_random=False))
@law
def test_the_key_does_not_depend_on_the_order_of_the_fields(case, random):
    def shuffled(given):
        items = list(given.items())
        random.shuffle(items)
        return dict(items)

    found = case.to_json()
    found["hyperparameters"] = shuffled(found["hyperparameters"])
    again = convert(shuffled(found), Case)
    assert (again, again.key) == (case, case.key)


def test_the_key_does_not_depend_on_the_order_of_the_hyperparameters():
    assert replace(CASE, hyperparameters={"reduction": 8, "bias": True}).key == CASE.key


@given(cases, cases)
@law
def test_equal_cases_have_equal_keys_and_others_do_not(one, other):
    assert (json.dumps(one.to_json(), sort_keys=True) == json.dumps(other.to_json(), sort_keys=True)) == (
        one.key == other.key
    )


@pytest.mark.parametrize(("one", "other"), [(1, True), (0, False), (1, "1"), (None, "none"), (None, "null")])
def test_values_of_different_kinds_have_different_keys(one, other):
    keys = {replace(CASE, hyperparameters={"x": value}).key for value in (one, other)}
    assert len(keys) == 2


def test_the_key_is_a_sha_256():
    assert len(CASE.key) == 64
    assert set(CASE.key) <= set("0123456789abcdef")


@pytest.mark.parametrize("seed", ["0", "1"])
def test_another_process_finds_the_same_key(seed):
    text = "import sys, msgspec; from attnprof.records.case import Case; print(msgspec.json.decode(sys.stdin.read(), type=Case).key)"
    found = subprocess.run(
        [sys.executable, "-c", text],
        input=json.dumps(CASE.to_json()),
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == CASE.key


def test_a_case_cannot_be_changed_and_can_be_a_dict_key():
    with pytest.raises(AttributeError):
        CASE.batch = 2
    assert {CASE: 1}[replace(CASE)] == 1


def test_the_title_is_the_module_with_its_variant():
    assert CASE.title == "cbam(reduction=8)"
    assert replace(CASE, variant="").title == "cbam"


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({}, "cbam(reduction=8)@64@28x40"),
        ({"width": 28}, "cbam(reduction=8)@64@28"),
        ({"variant": "", "mode": "train"}, "cbam@64@28x40 (train)"),
        ({"variant": "", "mode": "train", "batch": 8}, "cbam@64@28x40 batch 8 (train)"),
    ],
)
def test_the_label_is_title_size_batch_and_training(changes, label):
    assert replace(CASE, **changes).label == label


def test_the_shape_is_batch_channels_height_width():
    assert replace(CASE, batch=3).shape == (3, 64, 28, 40)


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (None, "none"), (8, "8"), (1e-4, "0.0001"), ("Both", "Both")],
)
def test_values_as_the_command_line_writes_them(value, text):
    assert show_value(value) == text
