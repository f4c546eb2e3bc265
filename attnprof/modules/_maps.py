"""Maps, tokens, windows and heads: the layouts that attention modules share, so that a module's file reads like its paper."""

import torch


def to_tokens(x: torch.Tensor) -> torch.Tensor:
    """(N, C, H, W) to tokens (N, H*W, C), row by row."""
    return x.flatten(2).transpose(1, 2)


def to_map(tokens: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Tokens (N, H*W, C) back to (N, C, H, W)."""
    return tokens.transpose(1, 2).view(tokens.shape[0], tokens.shape[2], height, width)


def split_heads(tokens: torch.Tensor, heads: int) -> torch.Tensor:
    """(N, L, C) to (N, heads, L, C/heads): a head's channels are consecutive."""
    return tokens.view(tokens.shape[0], tokens.shape[1], heads, -1).transpose(1, 2)


def join_heads(split: torch.Tensor) -> torch.Tensor:
    """(N, heads, L, D) to (N, L, heads*D)."""
    return split.transpose(1, 2).flatten(2)


def to_windows(x: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """(N, C, H, W) to the windows of height x width that tile it: (N*windows, C, height, width), row by row."""
    n, c, h, w = x.shape
    tiles = x.view(n, c, h // height, height, w // width, width)
    return tiles.permute(0, 2, 4, 1, 3, 5).reshape(-1, c, height, width)


def from_windows(windows: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Windows as to_windows made them, back to (N, C, height, width) of the whole map."""
    _, c, h, w = windows.shape
    tiles = windows.view(-1, height // h, width // w, c, h, w)
    return tiles.permute(0, 3, 1, 4, 2, 5).reshape(-1, c, height, width)


def to_grids(x: torch.Tensor, side: int) -> torch.Tensor:
    """(N, C, H, W) to grids of side x side positions, H/side rows and W/side columns apart: (N*grids, C, side, side)."""
    n, c, h, w = x.shape
    tiles = x.reshape(n, c, side, h // side, side, w // side)
    return tiles.permute(0, 3, 5, 1, 2, 4).reshape(-1, c, side, side)


def from_grids(grids: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Grids as to_grids made them, back to (N, C, height, width) of the whole map."""
    _, c, side, _ = grids.shape
    tiles = grids.reshape(-1, height // side, width // side, c, side, side)
    return tiles.permute(0, 3, 4, 1, 5, 2).reshape(-1, c, height, width)


def relative_index(height: int, width: int) -> torch.Tensor:
    """(H*W, H*W) indices into a table of (2H-1)*(2W-1) offsets, query minus key, rows before columns."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    down = rows.flatten()[:, None] - rows.flatten()[None] + height - 1
    across = columns.flatten()[:, None] - columns.flatten()[None] + width - 1
    return down * (2 * width - 1) + across


def relative_logits(
    query: torch.Tensor, height: int, width: int, rows: torch.Tensor, columns: torch.Tensor
) -> torch.Tensor:
    """Logits of position alone, axis by axis: query (N, heads, H*W, D) to (N, heads, H*W, keys H*W).

    rows (2H-1, D), columns (2W-1, D): a vector per offset, key minus query. Raises ValueError for tables of another size.
    """
    grid = query.view(*query.shape[:2], height, width, -1)
    by_column = _along(grid, columns)  # (N, heads, H, W, keys W)
    by_row = _along(grid.transpose(2, 3), rows).transpose(2, 3)  # (N, heads, H, W, keys H)
    return (by_row[..., :, None] + by_column[..., None, :]).flatten(4).flatten(2, 3)


def _along(query: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    # query (..., L, D) and table (2L-1, D) to (..., L, keys L): entry [i, j] is query_i . table[j - i + L-1].
    length = query.shape[-2]
    if table.shape[0] != 2 * length - 1:
        raise ValueError(
            f"built for maps of {(table.shape[0] + 1) // 2} pixels along a side that has {length} here"
        )
    by_offset = query @ table.T
    position = torch.arange(length, device=query.device)
    offset = position[None, :] - position[:, None] + length - 1
    return by_offset.gather(-1, offset.expand(*by_offset.shape[:-1], length))
