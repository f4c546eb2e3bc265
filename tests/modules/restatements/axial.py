"""Position-sensitive axial attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, softmax


def along(lines, w, axis, groups):
    """Of (lines, channels, span)."""
    m, c, span = lines.shape
    each = c // groups
    half = each // 2
    t = torch.einsum("oc,mcs->mos", w[f"{axis}.qkv.weight"][:, :, 0], lines)
    t = batch_norm(t, w, f"{axis}.qkv_norm").reshape(m, groups, 2 * each, span)
    q, k, v = t[:, :, :half], t[:, :, half:each], t[:, :, each:]

    table = w[f"{axis}.relative"]
    query_at = torch.stack(
        [table[:half, [i - j + span - 1 for j in range(span)]] for i in range(span)], dim=1
    )
    key_at = torch.stack(
        [table[half:each, [j - i + span - 1 for j in range(span)]] for i in range(span)], dim=1
    )
    value_at = torch.stack(
        [table[each:, [i - j + span - 1 for j in range(span)]] for i in range(span)], dim=1
    )

    qk = torch.einsum("mgdi,mgdj->mgij", q, k)
    qr = torch.einsum("mgdi,dij->mgij", q, query_at)
    kr = torch.einsum("mgdj,dij->mgij", k, key_at)
    logits = batch_norm(torch.cat([qk, qr, kr], dim=1), w, f"{axis}.logit_norm")
    a = softmax(logits[:, :groups] + logits[:, groups : 2 * groups] + logits[:, 2 * groups :], -1)

    content = torch.einsum("mgij,mgdj->mgdi", a, v).reshape(m, c, span)
    position = torch.einsum("mgij,dij->mgdi", a, value_at).reshape(m, c, span)
    both = lines.new_zeros(m, 2 * c, span)
    both[:, 0::2], both[:, 1::2] = content, position
    both = batch_norm(both, w, f"{axis}.out_norm")
    return both[:, 0::2] + both[:, 1::2]


def restate(x, w, *, groups):
    n, c, height, width = x.shape
    columns = x.permute(0, 3, 1, 2).reshape(n * width, c, height)
    y = along(columns, w, "height", groups).reshape(n, width, c, height)
    rows = y.permute(0, 3, 2, 1).reshape(n * height, c, width)
    return along(rows, w, "width", groups).reshape(n, height, c, width).permute(0, 2, 1, 3)
