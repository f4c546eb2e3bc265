"""Products of matrices: every element of the output costs as many MACs as the contracted side is long."""

from math import prod
from typing import Any

import torch

from attnprof.counting.rules import BIAS, MAC, POINTWISE, REDUCTION, Cost, MaybeFlops, Rule
from attnprof.counting.rules._meta import argument, broadcast, fresh
from attnprof.counting.rules.reductions import norm_functions
from attnprof.counting.tensors import stored

_COMPLEX = 4  # real MACs of a complex one


def mac(macs: int, x: Any) -> tuple[str, int]:
    """2 FLOPs per MAC, on tensors of x's dtype."""
    return MAC, 2 * macs * (_COMPLEX if x.is_complex() else 1)


def bias(out: Any) -> tuple[str, int]:
    """1 addition per element of ``out``, 2 where it is complex."""
    return BIAS, (2 if out.is_complex() else 1) * out.numel()


def _product(first: int) -> MaybeFlops:
    """out = a @ b, where a is argument ``first``, whose last side is contracted."""

    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost | None:
        a, b = args[first : first + 2]  # b is no tensor where torch makes it itself
        if not (_is_dense(a) and _is_dense(b)):
            return _sparse(a, b, out)
        return (mac(out.numel() * a.shape[-1], a),)

    return flops


def _is_dense(x: Any) -> bool:
    return not isinstance(x, torch.Tensor) or x.layout is torch.strided


def _sparse(a: Any, b: Any, out: Any) -> Cost | None:
    """A MAC per stored element of the sparse factor and row or column of the other; of two sparse ones none
    is known."""
    if not _is_dense(a) and not _is_dense(b):
        return None
    if not _is_dense(b):
        return (mac(stored(b)[0].numel() * a.shape[-2], a),)
    return (mac(stored(a)[0].numel() * (b.shape[-1] if b.dim() > 1 else 1), a),)


def _plus_product(batched_sum: bool = False) -> MaybeFlops:
    """out = beta c + alpha a @ b: a bias, unless beta is 0. addbmm sums over the batch as well."""

    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost | None:
        a, b = args[1:3]
        if not (_is_dense(a) and _is_dense(b)):
            product = _sparse(a, b, out)
            return None if product is None else _with_bias(product, kwargs, out)
        length = a.shape[-1] * (a.shape[0] if batched_sum else 1)
        return _with_bias((mac(out.numel() * length, a),), kwargs, out)

    return flops


def _with_bias(product: Cost, kwargs: dict[str, Any], out: Any) -> Cost:
    return product if kwargs.get("beta", 1) == 0 else (*product, bias(out))


def _groups(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """Each group of rows of a by its own matrix of b; two matrices are cut along the contracted side."""
    a, b = args[:2]
    length = a.shape[-1]
    macs = a.numel() * b.shape[-1] if a.dim() == b.dim() == 2 else out.numel() * length
    shift = next((each for each in args[3:] if isinstance(each, torch.Tensor)), kwargs.get("bias"))
    return (mac(macs, a),) if shift is None else (mac(macs, a), bias(out))


def _groups_shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Torch's own meta kernel takes bfloat16 alone."""
    a, b, ends = args[0], args[1], argument(args, kwargs, 2, "offs")
    if not a.is_meta or not _can_be_multiplied(a, b) or argument(args, kwargs, 3, "bias") is not None:
        return None
    batches = [each.shape[0] for each in (a, b) if each.dim() == 3]
    groups = _number_of_groups(batches, ends)
    if groups is None or any(batch != groups for batch in batches):
        return None
    sides = [a.shape[-2], b.shape[-1]]
    return fresh(sides if len(batches) == 1 else [groups, *sides], a.dtype)


def _number_of_groups(batches: list[int], ends: Any) -> int | None:
    """Of two batches of matrices, or of the rows that ``ends`` cuts in groups; None for other arguments."""
    if ends is None:
        return batches[0] if len(batches) == 2 else None
    cuts = ends.dim() == 1 and ends.dtype == torch.int32 and len(batches) < 2
    return ends.shape[0] if cuts else None


def _can_be_multiplied(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether torch multiplies groups of the one by groups of the other."""
    ranks = {a.dim(), b.dim()} <= {2, 3}
    if not ranks or a.dtype != b.dtype or not a.is_floating_point() or a.shape[-1] != b.shape[-2]:
        return False
    return _is_aligned(a) and _is_aligned(b) and b.shape[-1] * b.element_size() % 16 == 0


def _is_aligned(x: torch.Tensor) -> bool:
    """Whether its rows, or its columns, lie one behind the other, each of a multiple of 16 bytes."""
    rows, columns = x.is_contiguous(), x.mT.is_contiguous()
    length = x.shape[-1] if rows else x.shape[-2]
    return (rows or columns) and length * x.element_size() % 16 == 0


def _scaled(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """A product of small numbers, times a scale; the bias comes after it."""
    a = args[0]
    shift = next((each for each in args[4:] if isinstance(each, torch.Tensor)), kwargs.get("bias"))
    product = (mac(out.numel() * a.shape[-1], a), (POINTWISE, out.numel()))
    return product if shift is None or shift.numel() != out.shape[-1] else (*product, bias(out))


def _by_small_numbers(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """x by a packed weight, whose scale is 1 product per output element."""
    return (mac(out.numel() * args[0].shape[-1], args[0]), (POINTWISE, out.numel()))


def _linear(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """x @ weight.T + bias, where it is one operator: on nested tensors."""
    x, weight = args[:2]
    shift = argument(args, kwargs, 2, "bias")
    product = mac(out.numel() * weight.shape[1], weight)
    return (product,) if shift is None else (product, bias(out))


def _outer(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """addr: c + outer(a, b). Nothing is contracted: a product and a sum per element."""
    return ((POINTWISE, 2 * out.numel()),)


def _distances(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """cdist: the norm of the difference of every pair, however a device computes it."""
    n, width = out.numel(), args[0].shape[-1]
    order = args[2] if len(args) > 2 else 2.0
    plain = ((POINTWISE, n * width), (REDUCTION, n * (2 * width - 1)))
    return (*plain, *norm_functions(n * width, n, order))


def _trilinear(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """The sum of a b c, each expanded to all sides: a MAC and one more product per combination."""
    expansions = list(zip(args[:3], args[3:6], strict=True))  # each factor, and the sides that it lacks
    sides = [1] * max(x.dim() + len(lacking) for x, lacking in expansions)
    for x, lacking in expansions:
        own_dims = [d for d in range(len(sides)) if d not in lacking]
        for d, side in zip(own_dims, x.shape, strict=False):
            sides[d] = max(sides[d], side)
    combinations = prod(sides)
    return (mac(combinations, args[0]), (POINTWISE, combinations))


def _mm(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    a, b = args[0], args[1]
    return fresh((a.shape[0], b.shape[1]), a.dtype) if len(args) == 2 and _fit(a, b, 0, 1) else None


def _bmm(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    a, b = args[0], args[1]
    if len(args) != 2 or not _fit(a, b, 1, 2):
        return None
    return fresh((a.shape[0], a.shape[1], b.shape[2]), a.dtype)


def _addmm(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return _added_to(args[0], _mm(args[1:], kwargs))


def _baddbmm(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return _added_to(args[0], _bmm(args[1:], kwargs))


def _added_to(c: Any, product: Any) -> Any:
    """The product, where c has its dtype and broadcasts to it."""
    if product is None or c.dtype != product.dtype:
        return None
    return product if broadcast(product.shape, c.shape) == [*product.shape] else None


def _fit(a: Any, b: Any, row: int, column: int) -> bool:
    """Whether the matrices multiply; where not, torch's own kernel explains the mistake."""
    if not a.is_meta or a.dtype != b.dtype or not a.dim() == b.dim() == column + 1:
        return False
    if a.layout is not torch.strided or b.layout is not torch.strided:
        return False
    is_one_batch = row == 0 or a.shape[0] == b.shape[0]
    return bool(is_one_batch and a.shape[column] == b.shape[row])


_SMALL = "_weight_int8pack_mm _weight_int4pack_mm _weight_int4pack_mm_for_cpu _dyn_quant_matmul_4bit "
_SMALL += "_weight_int4pack_mm_with_scales_and_zeros"

RULES = {
    "linear": Rule(_linear),
    "mm": Rule(_product(0), _mm),
    "bmm": Rule(_product(0), _bmm),
    "mv": Rule(_product(0)),
    "dot": Rule(_product(0)),
    "vdot": Rule(_product(0)),
    "addmm": Rule(_plus_product(), _addmm),
    "_sparse_addmm": Rule(_plus_product()),
    "_sparse_sparse_matmul": Rule(lambda args, kwargs, out: None),
    "_addmm_activation": Rule(_plus_product()),
    "baddbmm": Rule(_plus_product(), _baddbmm),
    "addbmm": Rule(_plus_product(batched_sum=True)),
    "addmv": Rule(_plus_product()),
    "addr": Rule(_outer),
    "_trilinear": Rule(_trilinear),
    "_cdist_forward": Rule(_distances),
    "_euclidean_dist": Rule(_distances),
    "affine_grid_generator": Rule(_product(0)),
    "_grouped_mm": Rule(_groups, _groups_shape),
    "_scaled_grouped_mm": Rule(_groups),
    "_scaled_mm": Rule(_scaled),
    "_scaled_mm_v2": Rule(_scaled),
    "_int_mm": Rule(_product(0)),
    **dict.fromkeys(_SMALL.split(), Rule(_by_small_numbers)),
}
