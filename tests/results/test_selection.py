"""Results choose among themselves: what keeps a budget, what nothing else beats, and a figure of that."""

import pytest

import attnprof
from attnprof import Spec, gather, plan, run
from attnprof.errors import UnknownNameError, UsageError
from tests.synthetic import folder as folder_of


@pytest.fixture(scope="module")
def counts():
    return gather(
        run(plan(Spec(modules="se,eca,cbam,gc", points="64@14,128@7", counters="none", no_latency=True)))
    )


def modules(results):
    return list(dict.fromkeys(results.df.module))


def test_what_keeps_a_budget_at_every_point_comes_back_the_best_first(counts):
    chosen = counts.pick(max_params=3000, rank="params")
    params = counts.df.groupby("module").params.max()
    expected = params[params <= 3000].sort_values()
    assert modules(chosen) == list(expected.index)
    assert len(chosen.df) == 2 * len(expected)
    assert modules(counts.pick("params<=3k", rank="params")) == modules(chosen)


def test_limits_may_be_relative_and_several(counts):
    assert modules(counts.pick(max_params="1x:se", max_macs="1x:se")) == ["eca", "se"]
    assert modules(counts.pick(max_params="0.5x:SE")) == ["eca"]


def test_a_choice_can_be_chosen_from_again(counts):
    chosen = counts.pick(max_params=3000).pareto("params", "macs").pick(rank="params", at="64@14")
    assert modules(chosen) == ["eca"]
    assert set(chosen.df.channels) == {64}


def test_a_front_is_what_nothing_beats(counts):
    front = counts.pareto("params", "flops", at="64@14").df
    everything = counts.df[counts.df.channels == 64]
    for row in front.itertuples():
        beats = everything[(everything.params < row.params) & (everything.flops < row.flops)]
        assert beats.empty


def test_notes_and_columns_stay_with_their_rows(counts):
    chosen = counts.pick(max_params=3000, rank="params")
    by_key = {(row["module"], row["channels"]): row for row in counts.rows()}
    assert all(row == by_key[row["module"], row["channels"]] for row in chosen.rows())


@pytest.mark.parametrize(
    ("call", "problem", "says"),
    [
        (lambda r: r.pick(max_parms=3), UsageError, "no limit 'max_parms'. Did you mean 'max_params'"),
        (lambda r: r.pick(at="64@15"), UsageError, "at: 64@15 was not measured. There are: 64@14, 128@7"),
        (lambda r: r.pick(rank="speed"), UnknownNameError, "'speed': no such metric"),
        (lambda r: r.pick(max_params="1x:bam"), UnknownNameError, "no 'bam' in this run"),
        (lambda r: r.pareto("params"), UsageError, "a Pareto front is of two metrics or more"),
        (lambda r: r.plot(x="speed"), UsageError, "x: 'speed': no such metric"),
        (lambda r: r.plot(at="7@7"), UsageError, "at: 7@7 was not measured. There are: 64@14, 128@7"),
        (lambda r: r.plot("front"), UnknownNameError, "no figure 'front'"),
    ],
)
def test_a_mistake_says_what_there_is(counts, call, problem, says):
    with pytest.raises(problem) as raised:
        call(counts)
    assert says in str(raised.value)


def test_a_figure_is_matplotlib_s_and_names_what_it_shows(counts):
    figure = counts.plot(x="params", y="macs", at="64@14")
    texts = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {"se", "eca"} <= {text.strip() for text in texts}


def test_a_run_folder_is_read(tmp_path):
    folder = folder_of(tmp_path, modules="se,eca", points="64@14")
    results = attnprof.read_run(str(folder))
    assert results.df.equals(attnprof.read_run(folder).df)
    assert len(results.df)
