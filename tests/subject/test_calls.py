"""What torch.compile is told of the call that is timed."""

from types import SimpleNamespace

import pytest

from attnprof.runtimes._torch import allow_compiling


@pytest.mark.parametrize("names", [("recompile_limit", "cache_size_limit"), ("cache_size_limit",)])
def test_dynamos_limit_is_lifted_by_the_name_that_this_torch_has(names):
    config = SimpleNamespace(**dict.fromkeys(names, 8))
    allow_compiling(config, 100)
    first = names[0]
    assert vars(config)[first] == vars(config)[f"accumulated_{first}"] == 100
