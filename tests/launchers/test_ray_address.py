"""What stands behind 'ray:' is read, or refused in words of its own. Needs no Ray."""

import pytest

from attnprof.errors import UsageError
from attnprof.launchers._ray_address import ClusterWish, read_address


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("", ClusterWish()),
        ("auto", ClusterWish("auto")),
        ("10.0.0.1:6379", ClusterWish("10.0.0.1:6379")),
        (",lanes=8,wait=600", ClusterWish("auto", lanes=8, wait=600)),
        ("lanes=8", ClusterWish("auto", lanes=8)),
        ("head:6379,resource=accelerator", ClusterWish("head:6379", resource="accelerator")),
    ],
)
def test_an_address_says_which_cluster_how_many_lanes_and_what_each_leases(text, wish):
    assert read_address(text) == wish


@pytest.mark.parametrize("text", ["a,b", "lanes=0", "lanes=many", "wait=-1", "resource=", "gpus=2"])
def test_what_cannot_be_read_is_the_users_mistake(text):
    with pytest.raises(UsageError, match="^--on ray"):
        read_address(text)
