"""Names never lie on each other, on a mark or outside; what finds no room is left out, not squeezed in."""

from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.figures._placing import MARGIN, Box, place, spread

WITHIN = Box(0, 0, 200, 150)
COORDINATES = st.tuples(st.floats(0, 200), st.floats(0, 150))
SIZES = st.tuples(st.floats(4, 40), st.floats(4, 9))


def apart(one, other):
    return (
        one.x1 <= other.x0 + 1e-9
        or other.x1 <= one.x0 + 1e-9
        or one.y1 <= other.y0 + 1e-9
        or other.y1 <= one.y0 + 1e-9
    )


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(COORDINATES, SIZES), max_size=40))
def test_no_name_lies_on_another_on_a_mark_or_outside(marks):
    points = [point for point, _ in marks]
    taken = [Box.around(x, y, 2.5) for x, y in points]
    placed = [box for box in place(points, [size for _, size in marks], WITHIN, taken) if box]
    for n, box in enumerate(placed):
        assert box.x0 >= WITHIN.x0
        assert box.x1 <= WITHIN.x1
        assert box.y0 >= WITHIN.y0
        assert box.y1 <= WITHIN.y1
        assert all(apart(box, other) for other in [*placed[:n], *taken])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(COORDINATES, SIZES), max_size=20))
def test_a_placed_name_has_the_size_that_it_needs(marks):
    sizes = [size for _, size in marks]
    for box, (width, height) in zip(place([p for p, _ in marks], sizes, WITHIN), sizes, strict=True):
        assert box is None or (abs(box.x1 - box.x0 - width) < 1e-6 and abs(box.y1 - box.y0 - height) < 1e-6)


def test_a_lone_name_stands_beside_its_mark():
    (box,) = place([(100, 75)], [(30, 7)], WITHIN, [Box.around(100, 75, 2.5)])
    assert box
    assert box.x0 - 100 < 4
    assert box.middle[1] == 75


def test_where_there_is_no_room_a_name_is_left_out():
    assert place([(5, 5)], [(300, 7)], WITHIN) == [None]
    full = [Box(0, 0, 200, 150)]
    assert place([(100, 75)], [(10, 7)], WITHIN, full) == [None]


def test_the_first_names_find_room_first():
    only = Box(0, 0, 40, 12)
    first, second = place([(4, 6), (4, 6)], [(30, 7), (30, 7)], only)
    assert first
    assert second is None


@given(st.lists(st.floats(0, 100), max_size=60), st.floats(1, 20))
def test_places_along_an_axis_keep_their_distance_and_order_and_lie_within(wanted, height):
    places = spread(wanted, height, 0, 100)
    kept = sorted((want, at) for want, at in zip(wanted, places, strict=True) if at is not None)
    room = int(100 / height + 1e-9) + 1
    assert len(kept) == min(len(wanted), room)
    ordered = [at for _, at in kept]
    assert all(-1e-6 <= at <= 100 + 1e-6 for at in ordered)
    assert all(b - a >= height - 1e-6 for a, b in zip(sorted(ordered), sorted(ordered)[1:], strict=False))
    by_want = [at for _, at in sorted(kept, key=lambda pair: pair[0])]
    assert (
        all(b >= a - 1e-6 or w == v for (w, a), (v, b) in zip(kept, kept[1:], strict=False))
        or by_want == ordered
    )


def test_places_that_are_free_are_taken_as_they_are():
    assert spread([10, 50, 90], 5, 0, 100) == [10, 50, 90]


def test_the_margin_is_kept_between_boxes():
    one, other = place([(50, 50), (50, 50)], [(10, 5), (10, 5)], WITHIN)
    assert one
    assert other
    grown = Box(
        one.x0 - MARGIN + 1e-9,
        one.y0 - MARGIN + 1e-9,
        one.x1 + MARGIN - 1e-9,
        one.y1 + MARGIN - 1e-9,
    )
    assert apart(grown, other)
