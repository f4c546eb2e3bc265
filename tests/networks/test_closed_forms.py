"""The counts of networks that no other library has in this form, once more by hand: from widths and sizes."""

import pytest

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


def test_a_deeplab_is_a_dilated_resnet_a_pyramid_and_a_decoder():
    params, macs = 7 * 7 * 3 * 64 + 2 * 64, 7 * 7 * 3 * 64 * 257**2
    inputs, before = 64, 129
    for width, blocks, side in ((64, 3, 129), (128, 4, 65), (256, 6, 33), (512, 3, 33)):
        rest = 9 * width**2 + 4 * width**2  # 3x3 and the second 1x1
        other = (blocks - 1) * (4 * width**2 + rest)
        joint = inputs * 4 * width  # the shortcut's 1x1
        params += inputs * width + rest + joint + other
        params += 2 * (blocks * (width + width + 4 * width) + 4 * width)  # norms
        macs += inputs * width * before**2 + (rest + joint + other) * side**2
        inputs, before = 4 * width, side
    pyramid = 2048 * 256 + 3 * 9 * 2048 * 256 + 5 * 256 * 256
    pooled = 2048 * 256
    decoder = 9 * 304 * 256 + 9 * 256 * 256 + 256 * 48
    scores = 256 * 21
    params += pyramid + pooled + decoder + scores + 21 + 2 * (6 * 256 + 48 + 2 * 256)
    macs += pyramid * 33**2 + pooled + (decoder + scores) * 129**2
    assert_facts("deeplabv3plus", params, macs)


@pytest.mark.parametrize(("name", "w"), [("yolov8n", 16), ("yolov8s", 32)])
def test_a_yolo_is_stages_a_pyramid_of_maps_and_three_heads(name, w):
    """w: channels of the stem. Sides are those of an image of 640."""
    convolutions = [(3, w, 3, 320)]  # inputs, outputs, kernel, side of the output
    for n, repeats in enumerate((1, 2, 2, 1)):
        side = 160 // 2**n
        convolutions += [(w << n, 2 * w << n, 3, side), *c2f(2 * w << n, 2 * w << n, repeats, side)]
    fine, middle, coarse = 4 * w, 8 * w, 16 * w
    convolutions += [(coarse, coarse // 2, 1, 20), (2 * coarse, coarse, 1, 20)]
    convolutions += c2f(coarse + middle, middle, 1, 40) + c2f(middle + fine, fine, 1, 80)
    convolutions += [(fine, fine, 3, 40), *c2f(fine + middle, middle, 1, 40)]
    convolutions += [(middle, middle, 3, 20), *c2f(middle + coarse, coarse, 1, 20)]
    params = macs = 0
    for channels, side in ((fine, 80), (middle, 40), (coarse, 20)):
        for inside, outputs in ((64, 64), (max(fine, 80), 80)):
            convolutions += [(channels, inside, 3, side), (inside, inside, 3, side)]
            params += inside * outputs + outputs
            macs += inside * outputs * side**2
    params += sum(k * k * i * o + 2 * o for i, o, k, _ in convolutions)
    macs += sum(k * k * i * o * side**2 for i, o, k, side in convolutions)
    assert_facts(name, params, macs)


def c2f(inputs, outputs, repeats, side):
    """The convolutions of a block C2f."""
    half = outputs // 2
    ends = [(inputs, outputs, 1, side), ((2 + repeats) * half, outputs, 1, side)]
    return ends + 2 * repeats * [(half, half, 3, side)]
