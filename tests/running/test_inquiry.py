"""Questions about a case: a module that does not answer is an answer."""

import pytest

from attnprof.errors import UsageError
from attnprof.records.case import Case
from attnprof.running import inquiry
from attnprof.running.inquiry import Inquiry

ENDLESS = """
import threading
import torch

class Endless(torch.nn.Module):
    def __init__(self, channels):
        super().__init__()

    def forward(self, x):
        threading.Event().wait()
"""


def test_a_module_that_does_not_end_is_stopped(monkeypatch, tmp_path):
    monkeypatch.setattr(inquiry, "ANSWER_SECONDS", 1.0)
    (tmp_path / "endless.py").write_text(ENDLESS, encoding="utf-8")
    case = Case(f"{tmp_path}/endless.py:Endless", 8, 4, 4)
    with Inquiry() as questions, pytest.raises(UsageError, match="no answer within 1 s"):
        questions.explanation(case)
