"""The signatures that circulate in public collections, through the command that counts them, at two sizes."""

import csv
import io
import shutil
from pathlib import Path

import pytest

from tests.catalogue.brought_cases import FIRST, LISTINGS, SIZES
from tests.every_case import every_case

FOLDER = Path(__file__).parent / "brought"
# Figures at 64 channels and 28 x 28 pixels, as worked out for these listings where they circulate.
WELL_KNOWN = {
    "channels.py:SELayer": (512, 512),
    "channels.py:ReductionFirst": (580, 512),
    "companions.py:CA_Block": (776, 28_672),
    "companions.py:GAM_Attention": (102_720, 80_281_600),
    "shapes.py:ChannelGate": (512, 1_024),
    "defaults.py:SpatialAttention": (98, 76_832),
    "defaults.py:SpatialFree": (98, 76_832),
    "defaults.py:Spartial_Attention(kernel_size=7)": (99, 76_832),
    "defaults.py:SimAM": (0, 0),
    "defaults.py:SpatialGroupEnhance": (16, 0),
    "defaults.py:ECAAttention": (4, 192),
    "defaults.py:TripletAttention": (300, 428_064),
    "blocks.py:SEBottleneck(planes=16)": (5_056, 3_412_480),
}


@pytest.fixture(scope="module")
def counted(tmp_path_factory, command):
    """What one command did with all listings."""
    folder = tmp_path_factory.mktemp("brought")
    for kind in {listing.kind for listing in LISTINGS}:
        shutil.copy(FOLDER / f"{kind}.py", folder)
    names = ",".join(listing.name for listing in LISTINGS)
    points = ",".join(f"{c}@{h}x{w}" for c, h, w in SIZES)
    options = ("--points", points, "--counters", "none", "--format", "csv")
    return command("count", "-m", names, *options, cwd=folder)


@pytest.fixture(scope="module")
def rows(counted):
    """(listing, size) -> its row. Rows come size by size, in the order of the request."""
    table = list(csv.DictReader(io.StringIO(counted.stdout)))
    cells = [(listing, size) for size in SIZES for listing in LISTINGS]
    assert [row["module"] for row in table] == [listing.name.partition("(")[0] for listing, _ in cells]
    return dict(zip(cells, table, strict=True))


def words_of(row):
    return " ".join(filter(None, (row["reason"], row.get("remarks"))))


def figures_of(row):
    return int(row["params"]), int(row["macs"]), row["output_shape"]


def test_the_command_counts_what_it_can_and_ends_in_words(counted):
    assert counted.returncode == 3, counted.stderr  # some cells could not be counted
    assert "Traceback" not in counted.stdout + counted.stderr


def test_each_listing_has_the_figures_worked_out_by_hand_or_says_what_it_needs(rows):
    with every_case() as case:
        for (listing, size), row in rows.items():
            with case(listing.name, size):
                if listing.works_at(size):
                    assert row["status"] == "ok", words_of(row)
                    assert figures_of(row) == listing.figures_at(size), words_of(row)
                else:
                    assert row["status"] in ("skipped", "failed", "unsupported"), figures_of(row)
                    assert row["reason"]
                for words in listing.says if size == FIRST else ():
                    assert words in words_of(row)


def test_the_well_known_listings_have_their_well_known_figures(rows):
    by_name = {listing.name: row for (listing, size), row in rows.items() if size == FIRST}
    counts = {name: figures_of(by_name[name])[:2] for name in WELL_KNOWN}
    assert counts == WELL_KNOWN


def test_a_hundred_classes_work_at_once_or_say_what_they_need():
    as_they_are = [listing for listing in LISTINGS if "(" not in listing.name]
    helped = [listing for listing in as_they_are if listing.params or listing.says]
    assert len(as_they_are) >= 100
    assert len(helped) >= 0.95 * len(as_they_are)
