"""Where the counter and the hand differ, and why: (what is compared, network) to the reason. A strict
expected failure."""

MISH = "torch takes mish's backward apart on meta, and nowhere else"

FORWARD, BACKWARD, BYTES, FORWARD_PEAK, BACKWARD_PEAK = (
    "forward",
    "backward",
    "bytes",
    "forward peak",
    "backward peak",
)

DISPUTED = {
    (BACKWARD, "mish"): MISH,
    (BYTES, "mish"): MISH,
    (BACKWARD_PEAK, "mish"): MISH,
}
