"""The counts of networks that no other library has in this form, once more by hand: from widths and sizes."""

from attnprof.networks import network_named


def assert_facts(name, params, macs):
    facts = network_named(name).facts
    assert (facts.params, facts.macs) == (params, macs)


def test_a_unet_is_pairs_of_convolutions_and_what_joins_them():
    widths, side = (64, 128, 256, 512), 256
    weights = 9 * (3 * 64 + 64 * 64)
    params, macs = weights + 4 * 64, weights * side**2
    for width in widths:  # below each level: down to twice its width; back: up, and a pair of what is joined
        down = 9 * (width * 2 * width + (2 * width) ** 2)
        up = 4 * 2 * width * width
        back = 9 * (2 * width * width + width**2)
        params += down + 4 * 2 * width + up + width + back + 4 * width
        macs += (down // 4 + up // 4 + back) * side**2
        side //= 2
    params, macs = params + 64 * 2 + 2, macs + 64 * 2 * 256**2
    assert_facts("unet", params, macs)
