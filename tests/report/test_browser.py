"""The page in a real browser: it sorts, filters, chooses and opens modules, says what Python says, and stays
silent.

The fixture ``look`` fails a test after which the console holds anything, or anything was asked of a network.
"""

import re
from dataclasses import replace

import pytest

from attnprof.report.ranks import runtime_ranks
from attnprof.results.columns import title
from attnprof.units import show_bytes, show_count, show_seconds, show_share, significant
from tests.report.conftest import results_of

expect = pytest.importorskip("playwright.sync_api", reason="the extra 'dev' is not installed").expect
pytestmark = pytest.mark.browser
EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def at(results, channels, side, mode="eval"):
    """The rows of one size, by title."""
    asked = (channels, side, side, mode)
    return {
        title(r): r for r in results.rows() if (r["channels"], r["height"], r["width"], r["mode"]) == asked
    }


def names(tab):
    return tab.locator("#table tbody th").all_inner_texts()


def sort_by(tab, column):
    tab.locator(f'#table [data-key="sort-{column}"]').click()


def ordered(rows, column, descending=False):
    known = [name for name, row in rows.items() if row[column] is not None]
    missing = [name for name in rows if name not in known]
    ends = sorted(known, key=lambda name: (-1 if descending else 1) * rows[name][column])
    return [rows[name][column] for name in ends], missing


def test_a_click_on_a_heading_sorts_and_another_turns_it_round(look, part):
    tab, rows = look(part), at(part, 64, 56)
    sort_by(tab, "title")
    assert names(tab) == sorted(rows)
    for column in ("params", "macs", "latency_s", "peak_memory_bytes"):
        heading = tab.locator("#table th", has=tab.locator(f'[data-key="sort-{column}"]'))
        for descending in (False, True):
            sort_by(tab, column)
            assert heading.get_attribute("aria-sort") == ("descending" if descending else "ascending")
            assert [rows[name][column] for name in names(tab)] == ordered(rows, column, descending)[0]


def test_a_row_without_a_figure_comes_last_whichever_way_it_is_sorted(look, small):
    tab, rows = look(small, "#at=8@28"), at(small, 8, 28)
    for descending in (False, True):
        if descending:
            sort_by(tab, "latency_s")
        values, missing = ordered(rows, "latency_s", descending)
        shown = names(tab)
        assert len(missing) == 2
        assert [rows[name]["latency_s"] for name in shown[: len(values)]] == values
        assert sorted(shown[len(values) :]) == sorted(missing)
    why = tab.locator("#table tr", has=tab.locator('a[data-module="se"]')).locator("td.missing").first
    assert why.get_attribute("title") == rows["se"]["reason"]
    assert tab.locator("#table .badge.bad").all_inner_texts() == ["skipped", "skipped"]


def test_the_table_is_filtered_by_name_and_by_family(look, part):
    tab, rows = look(part), at(part, 64, 56)
    tab.keyboard.press("/")
    tab.keyboard.type("cbam")
    assert names(tab) == ["cbam"]
    assert f"1 of {len(rows)} rows" in tab.locator("#table-count").inner_text()
    tab.locator("#search").fill("")
    tab.locator('[data-key="family-branch"]').click()
    branch = {name for name, row in rows.items() if row["family"] == "branch"}
    assert set(names(tab)) == branch
    assert tab.locator(".point").count() == len(branch)
    tab.locator("#search").fill("no such module")
    assert names(tab) == []
    assert tab.locator("#table-empty").is_visible()


def test_the_table_shows_every_row_where_all_conditions_are_asked_for(look, part):
    tab = look(part)
    tab.locator('[data-key="everywhere"]').check()
    assert len(names(tab)) == len(part.rows())


def test_another_column_is_shown_where_it_is_ticked(look, part):
    tab = look(part)
    tab.locator('[data-key="columns"]').click()
    tab.locator('[data-key="column-throughput_per_s"]').check()
    assert tab.locator('[data-key="sort-throughput_per_s"]').count() == 1


def front(rows):
    """By the definition: as good in both, and somewhere better by more than the noise."""

    def beats(one, other):
        less = one["macs"] < other["macs"] or one["latency_ci_high_s"] < other["latency_ci_low_s"]
        return one["macs"] <= other["macs"] and one["latency_s"] <= other["latency_s"] and less

    known = {name: row for name, row in rows.items() if row["status"] == "ok" and row["family"] != "floor"}
    return {name for name, row in known.items() if not any(beats(other, row) for other in known.values())}


def test_the_front_is_what_nothing_else_beats_by_more_than_the_noise(look, part):
    for channels, side in ((64, 56), (256, 28)):
        tab, rows = look(part, f"#at={channels}@{side}"), at(part, channels, side)
        assert set(tab.locator("#front .front-name").all_inner_texts()) == front(rows)
        assert tab.locator(".point.best").count() == len(front(rows))


def test_a_moved_slider_keeps_what_its_upper_end_fits(look, part):
    tab, rows = look(part), at(part, 64, 56)
    slider = tab.locator('[data-key="budget-latency_s"]')
    slider.focus()
    for _ in range(9):
        slider.press("PageDown")
    bound = float(re.search(r"within\.latency_s=([^&]+)", tab.url)[1])
    fitting = {name for name, row in rows.items() if (row["latency_ci_high_s"] or 1) <= bound}
    assert 3 < len(fitting) < len(rows)
    assert tab.locator("#verdict").inner_text() == f"{len(fitting - {'none'})} of {len(rows) - 1} modules fit"
    assert set(names(tab)) == fitting
    assert tab.locator(".point.out").count() == len(rows) - len(fitting)
    assert slider.get_attribute("aria-valuetext") == f"≤ {show_seconds(bound)}"
    assert tab.locator(".bound").count() == 1
    tab.locator("#reset").click()
    assert tab.locator("#verdict").inner_text() == f"{len(rows) - 1} modules, no limit"
    assert len(names(tab)) == len(at(part, 64, 56))


def test_the_budget_is_said_as_a_command(look, part):
    tab = look(part, "#at=256@56&within.latency_s=0.0005&within.macs=5000000")
    assert (
        tab.locator("#pick code").inner_text()
        == "attnprof pick reports/a-run --at 256@56 --max-latency 500us --max-macs 5M"
    )


def test_where_nothing_fits_the_closest_is_named(look, part):
    tab, rows = look(part, "#within.latency_s=0.000001"), at(part, 64, 56)
    least = min((r for r in rows.values() if r["family"] != "floor"), key=lambda r: r["latency_ci_high_s"])
    said = tab.locator("#front").inner_text()
    assert said.startswith(
        f"Nothing fits. Closest: {title(least)}, latency {show_seconds(least['latency_ci_high_s'])} is "
    )


def test_what_is_chosen_is_in_the_address_and_comes_back(look, part):
    tab = look(part)
    tab.locator('[data-key="x"]').select_option("params")
    tab.locator('[data-key="dimension-point-2"], [data-key="dimension-point"]').first.click()
    tab.locator("#search").fill("a")
    before = names(tab), tab.locator("#scatter svg").get_attribute("aria-label")
    tab.reload()
    tab.wait_for_selector("#table tbody tr")
    assert (names(tab), tab.locator("#scatter svg").get_attribute("aria-label")) == before
    assert "MACs" not in before[1]


def test_an_address_that_means_nothing_here_is_passed_over(look, small):
    tab = look(
        small, "#at=1@1&x=nothing&within.nothing=3&within.macs=x&module=nothing&scaleX=side&families=nothing"
    )
    assert tab.locator("#sheet").is_hidden()
    assert tab.locator("#reset").is_hidden()


def test_the_axes_are_chosen_and_a_zero_has_a_lane_of_its_own(look, part):
    tab = look(part)
    assert tab.locator("#scatter .lane").count() == 1  # none and others have no MACs
    tab.locator('[data-key="x"]').select_option("peak_memory_bytes")
    assert tab.locator("#scatter .lane").count() == 0
    assert "against memory" in tab.locator("#scatter svg").get_attribute("aria-label")
    tab.locator('[data-key="swap"]').click()
    assert "memory against latency" in tab.locator("#scatter svg").get_attribute("aria-label")
    tab.locator('[data-key="xLog"]').uncheck()
    assert tab.locator("#scatter .tick").all_text_contents().count("0") == 1


def test_the_keys_walk_from_point_to_point_and_open_one(look, part):
    tab = look(part)
    tab.locator("#scatter svg").focus()
    tab.keyboard.press("ArrowRight")
    first = tab.locator("#scatter-tip b").inner_text()
    tab.keyboard.press("ArrowRight")
    second = tab.locator("#scatter-tip b").inner_text()
    assert first != second
    tab.keyboard.press("Enter")
    assert tab.locator("#sheet h2 code").inner_text() == second
    tab.keyboard.press("Escape")
    assert tab.locator("#sheet").is_hidden()
    expect(tab).not_to_have_url(re.compile("module="))  # the dialog tells of its end a moment later


def test_a_module_has_a_page_with_formula_costs_share_and_citation(look, part):
    tab, rows = look(part), at(part, 64, 56)
    tab.locator('#table a[data-module="se"]').click()
    sheet = tab.locator("#sheet")
    sheet.locator("h2").wait_for()
    text = sheet.inner_text()
    assert "s = mean over H, W of x" in text
    assert "2*C*hidden + (hidden + C if bias else 0)" in text
    assert show_seconds(rows["se"]["latency_s"]) in text
    assert "0.500× of ours" in text
    assert "@inproceedings{hu2018squeeze," in text
    assert (
        sheet.locator(".stack").get_attribute("aria-label")
        == "mac 80 %, pointwise 12 %, norm 5.0 %, softmax 3.0 %"
    )
    macs = [row["macs"] for row in rows.values() if row["family"] != "floor" and row["macs"] is not None]
    rank = 1 + sum(value < rows["se"]["macs"] for value in macs)
    assert f"{rank} of {len(macs)}" in text
    tab.keyboard.press("ArrowRight")
    names = sorted(rows)
    expect(sheet.locator("h2 code")).to_have_text(names[names.index("se") + 1])
    tab.go_back()
    expect(sheet.locator("h2 code")).to_have_text("se")


def test_the_curves_say_by_which_power_a_cost_grows(look, part):
    tab = look(part, "#scaleY=macs")
    tab.locator('[data-key="series-add"]').fill("simam")
    tab.locator('[data-key="series-add"]').fill("se")
    tab.locator('[data-key="series-add"]').press("Enter")
    said = tab.locator("#scaling svg").get_attribute("aria-label")
    assert "se, exponent 2.00" in said  # 2 C C / 16
    tab.locator('[data-key="scale-x-1"]').click()
    assert "se, exponent 0.00" in tab.locator("#scaling svg").get_attribute("aria-label")
    tab.locator('#series [data-key="series-se"]').click()
    assert "se," not in tab.locator("#scaling svg").get_attribute("aria-label").split(": ")[1].split("; ")


def test_several_batches_have_a_switch_curves_and_a_place_in_the_command(look):
    tab = look(results_of(modules="se,eca,simam", points="64@28", batch="1,8,32"), "#within.macs=5000000")
    switch = '[data-key="dimension-batch-{}"]'
    assert [tab.locator(switch.format(n)).inner_text() for n in range(3)] == ["1", "8", "32"]
    assert tab.locator("#headline").inner_text() == "3 attention modules at 64 @ 28, 3 batches"
    tab.locator(switch.format(1)).click()
    assert (
        "attnprof pick reports/a-run --at 64@28 --batch 8 --max-macs 5M" in tab.locator("#pick").inner_text()
    )
    assert len(names(tab)) == 3
    said = tab.locator("#scaling svg").get_attribute("aria-label")
    assert " along images per call: " in said
    assert tab.locator("#scaling svg .series circle").count() % 3 == 0


@pytest.fixture
def deployed(stub_runtimes):
    """A part of the catalogue in three runtimes."""
    return results_of(modules="se,eca,cbam,simam,nonlocal,ca", points="64@28", runtime="eager,stub,reader")


def test_several_runtimes_have_a_switch_and_a_place_in_the_command(look, deployed):
    tab = look(deployed, "#within.macs=5000000")
    switch = [tab.locator(f'[data-key="dimension-execution-{n}"]') for n in range(3)]
    assert [button.inner_text() for button in switch] == ["eager", "stub", "reader"]
    assert tab.locator("#headline").inner_text() == "6 attention modules at 64 @ 28, 3 runtimes"
    assert tab.locator("#ranks .axis-title").text_content() == "eager"
    switch[1].click()
    assert "--at 64@28 --runtime stub --max-macs 5M" in tab.locator("#pick").inner_text()
    assert tab.locator("#ranks .axis-title").text_content() == "stub"
    assert len(names(tab)) == 5


def test_lines_go_from_runtime_to_runtime_with_name_and_rank_at_both_ends(look, deployed):
    (block,) = runtime_ranks(deployed.rows())
    tab, rows = look(deployed), deployed.rows()
    assert tab.locator("#ranks .rank").count() == len(block["modules"])
    assert tab.locator("#ranks .rank[class*=series-]").count() == block["coloured"] > 0
    labels = tab.locator("#ranks text.name, #ranks text.end").all_text_contents()
    for module in block["modules"]:
        name, (first, *_, last) = title(rows[module["rows"][0]]), module["ranks"]
        assert {f"{name} {first}", f"{name} {first}="} & set(labels)
        assert {f"{last} {name}", f"{last}= {name}"} & set(labels)
    in_colour = tab.locator("#ranks text.end").all_text_contents()
    assert len(in_colour) == 2 * block["coloured"]


def test_keys_walk_through_the_ranks_and_say_those_in_each_runtime(look, deployed):
    tab, (block,) = look(deployed), runtime_ranks(deployed.rows())
    first = next(module for module in block["modules"] if module["ranks"][0] == 1)
    tab.locator("#ranks svg").focus()
    tab.keyboard.press("ArrowDown")
    assert tab.locator("#ranks .rank.lit").count() == 1
    told = tab.locator("#ranks-tip dd").all_inner_texts()
    for text, rank, number in zip(told, first["ranks"], first["rows"], strict=True):
        latency = re.escape(show_seconds(deployed.rows()[number]["latency_s"]))
        assert re.fullmatch(f"{rank}=? of 6 {latency}", text)
    tab.keyboard.press("Enter")
    assert tab.locator("#sheet h2 code").inner_text() == tab.locator("#ranks-tip b").inner_text()


def test_filters_leave_ranks_as_they_are_and_the_others_pale(look, deployed):
    tab = look(deployed, "#query=simam")
    assert tab.locator("#ranks .rank").count() == 6
    assert tab.locator("#ranks .rank.out").count() == 5
    assert tab.locator("#ranks text.name, #ranks text.end").count() == 2


def test_a_run_of_one_runtime_has_no_ranks_across_them(look, small):
    tab = look(small)
    assert tab.locator("#runtimes").is_hidden()
    assert tab.locator('nav a[href="#runtimes"]').is_hidden()


def test_on_a_phone_ranks_are_no_wider_than_the_screen(look, deployed):
    tab = look(deployed, **PHONE)
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    assert tab.evaluate(
        "document.getElementById('ranks').scrollWidth <= document.getElementById('ranks').clientWidth"
    )


def test_a_run_of_one_size_says_what_curves_need(look):
    tab = look(results_of(modules="se,eca,simam", points="64@28"))
    assert tab.locator("#scaling-none").is_visible()
    assert tab.locator("#scaling-body").is_hidden()


def test_a_run_that_only_counted_has_a_page(look, part):
    frame = part.frame.copy()
    for name in [name for name in frame.columns if re.match("latency|throughput|peak|first_call", name)]:
        frame[name] = None
    tab = look(replace(part, frame=frame))
    assert tab.locator("#leaders h3").all_inner_texts() == [
        "Fewest MACs",
        "Fewest params",
        "Fewest FLOPs",
        "Same MACs as ours",
    ]
    assert len(names(tab)) == len(at(part, 64, 56))


def test_a_run_without_a_finished_cell_says_so(look, small):
    tab = look(replace(small, frame=small.frame.iloc[:0], notes={}))
    assert tab.locator("#headline").inner_text() == "No cell was finished"
    assert tab.locator("#table").is_hidden()


def test_a_module_named_like_markup_stays_text(look, small):
    frame = small.frame.copy()
    for name in ("module", "variant", "reason", "device_name"):
        frame[name] = EVIL
    tab = look(replace(small, frame=frame, notes={(0, "fvcore_macs"): EVIL}), name=EVIL)
    assert tab.locator(".eyebrow").inner_text() == EVIL
    assert names(tab)[0] == f"{EVIL}({EVIL})"
    assert tab.title() == f"{EVIL} · attnprof"
    tab.locator("#table a").first.click()
    assert tab.locator("#sheet h2").inner_text() == EVIL
    tab.locator("#scatter svg").focus()
    assert tab.locator("img").count() == 0
    assert tab.locator("body script").count() == 2


def test_the_page_cannot_ask_the_network_for_anything(look, small):
    tab = look(small)
    refused = tab.evaluate(
        """() => new Promise((done) => {
            document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
            new Image().src = "https://attnprof.invalid/x.png";
        })"""
    )
    assert refused == "img-src"
    assert len(look.said) == 1
    look.said.clear()
    look.asked.remove("https://attnprof.invalid/x.png")  # what was refused, and by this test


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_systems_theme_until_another_is_chosen(look, small, scheme):
    tab = look(small, color_scheme=scheme)

    def brightness():
        shade = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(float, re.findall(r"[\d.]+", shade)[:3])) / 3

    own = brightness()
    assert (own > 128) == (scheme == "light")
    seen = {}
    for _ in range(3):
        tab.locator("#theme").click()
        seen[tab.locator("#theme").inner_text()] = brightness()
    assert seen["System"] == own
    assert seen["Light"] > 200
    assert seen["Dark"] < 60


@pytest.mark.parametrize("after", ["", "#module=nonlocal"])
def test_on_a_phone_nothing_is_wider_than_the_screen(look, part, after):
    tab = look(part, after, **PHONE)
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    assert tab.evaluate("document.getElementById('sheet').scrollWidth") <= 390
    headings = tab.locator("#table thead th").all_inner_texts()
    assert re.sub(r"\W", "", headings[1]) == "latency"  # what sorts the rows is in sight


def test_names_beside_points_do_not_overlap(look, catalogue):
    tab = look(catalogue, "#families=channel")
    boxes = tab.eval_on_selector_all(
        "#scatter .name",
        "all => all.map(e => e.getBBox()).map(b => [b.x, b.y, b.x + b.width, b.y + b.height])",
    )
    assert len(boxes) > 5
    for n, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[:n]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] + 3 or other[3] <= top + 3


def test_figures_read_as_python_writes_them(look, small):
    tab = look(small)
    times = [1.5e-9, 9.994e-7, 9.996e-7, 2.5e-6, 1.125e-3, 0.0999, 1.0, 12.345, 250.0]
    sizes = [0, 1, 1023, 1024, 803328, 2**20, 3 * 2**29, 5 * 2**40]
    shares = [0.0, 0.004, 0.0994, 0.0996, 0.125, 1.5]
    counts = [0, 999, 1000, 1234567, 2**53]
    said = tab.evaluate(
        "([t, b, s, n]) => [t.map(showSeconds), b.map(showBytes), s.map(showShare), n.map(showCount), t.map((v) => significant(v))]",
        [times, sizes, shares, counts],
    )
    assert said == [
        list(map(show_seconds, times)),
        list(map(show_bytes, sizes)),
        list(map(show_share, shares)),
        list(map(show_count, counts)),
        list(map(significant, times)),
    ]


def test_a_count_beyond_what_javascript_holds_is_shown_with_every_digit(look, small):
    frame = small.frame.copy()
    frame["macs"] = [2**60 + n for n in range(len(frame))]
    tab = look(replace(small, frame=frame))
    sort_by(tab, "macs")
    shown = tab.locator("#table tbody tr").first.locator("td").all_inner_texts()
    assert show_count(2**60) in shown


def test_the_script_reads_what_python_wrote(look, part):
    tab = look(part)
    found = tab.evaluate("unpack(document.getElementById('data')).then((contents) => decode(contents.table))")
    for shown, row in zip(found, part.rows(), strict=True):
        assert {name: shown[name] for name in row} == row
