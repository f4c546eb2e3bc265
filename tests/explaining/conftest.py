"""Cases of the catalogue and of files written on the spot."""

import pytest

from attnprof.planning import plan
from attnprof.spec import Spec


@pytest.fixture(scope="session")
def case_of():
    """The case that 'nonlocal@64@56' means, in eval or in train."""

    def case(target, train=False, batch=1):
        name, channels, res = target.rsplit("@", 2)
        spec = Spec(modules=[name], points=[f"{channels}@{res}"], train=train, batch=batch, no_latency=True)
        cell = plan(spec, "meta").cells[-1]
        assert cell.refusal is None
        return cell.case

    return case


@pytest.fixture
def user_case(tmp_path, case_of):
    """A case of a class Gate of the user's own, whose body is given."""

    def case(body, target="64@14", name="gate"):
        file = tmp_path / f"{name}.py"
        file.write_text(f"import torch\nfrom torch import nn\nimport torch.nn.functional as F\n\n\n{body}\n")
        return case_of(f"{file}:Gate@{target}")

    return case
