"""Layouts: what goes to tokens, windows and heads comes back unchanged."""

import torch

from attnprof.catalogue.formula import stage
from attnprof.modules._maps import (
    from_grids,
    from_windows,
    join_heads,
    relative_index,
    split_heads,
    to_grids,
    to_map,
    to_tokens,
    to_windows,
)

X = torch.arange(2 * 6 * 4 * 6.0).view(2, 6, 4, 6)


def test_tokens_are_positions_row_by_row():
    tokens = to_tokens(X)
    assert tokens.shape == (2, 24, 6)
    assert torch.equal(tokens[1, 6 + 2], X[1, :, 1, 2])
    assert torch.equal(to_map(tokens, 4, 6), X)


def test_a_heads_channels_are_consecutive():
    heads = split_heads(to_tokens(X), 3)
    assert torch.equal(heads[0, 1, 5], to_tokens(X)[0, 5, 2:4])
    assert torch.equal(join_heads(heads), to_tokens(X))


def test_windows_tile_the_map_row_by_row():
    windows = to_windows(X, 2, 3)
    assert windows.shape == (8, 6, 2, 3)
    assert torch.equal(windows[1], X[0, :, :2, 3:])
    assert torch.equal(windows[2], X[0, :, 2:, :3])
    assert torch.equal(from_windows(windows, 4, 6), X)


def test_a_grid_reaches_over_the_whole_map():
    grids = to_grids(X, 2)
    assert grids.shape == (2 * 2 * 3, 6, 2, 2)
    assert torch.equal(grids[1], X[0, :, ::2, 1::3])
    assert torch.equal(from_grids(grids, 4, 6), X)


def test_a_relative_index_is_query_minus_key():
    index = relative_index(3, 4)
    assert index.shape == (12, 12)
    assert index.min() == 0
    assert index.max() == 5 * 7 - 1
    query, key = 1 * 4 + 3, 2 * 4 + 1
    assert index[query, key] == (1 - 2 + 2) * 7 + (3 - 1 + 3)


def test_the_stages_are_the_four_sizes_of_a_pyramid():
    assert [stage(side, side) for side in (224, 56, 28, 14, 7, 1)] == [0, 0, 1, 2, 3, 3]
    assert stage(56, 14) == 2
