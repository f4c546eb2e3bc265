"""An order means the same at both ends of the pipe."""

import json
from math import inf

from attnprof.measuring.bound import Peaks
from attnprof.measuring.rounds import Effort
from attnprof.records.case import Case
from attnprof.running.protocol import Order

CASES = (Case("se", 64, 56, 56, (("bias", False),)), Case("eca", 64, 56, 56))
PEAKS = Peaks(((2**15, 8e9),), {"mac": 1e9}, 1e-6, 2**24)


def test_an_order_survives_the_pipe():
    for order in (
        Order(CASES, ("latency", "bound"), Effort(12.5, 0.02, 3, 48.0, 7), 2, True, PEAKS),
        Order(CASES, ("latency",), Effort(inf)),
    ):
        assert Order.from_json(json.loads(json.dumps(order.to_json()))) == order


def test_an_order_to_measure_says_so():
    assert Order(CASES, (), Effort()).to_json()["do"] == "measure"
