"""Factorizations of matrices, and what is solved with them: published operation counts of dense algorithms.

LU, Cholesky, inverse, triangular systems, QR: LAPACK Working Note 41. Eigenvalues and singular values: Golub
and Van Loan, Matrix Computations (QR algorithms; Golub-Reinsch). Their inner loops are multiply-accumulates,
so that the counts are in category mac: half of them as MACs.
"""

from collections.abc import Callable
from fractions import Fraction
from math import prod
from typing import Any

from attnprof.counting.rules import Cost, Flops, Rule
from attnprof.counting.rules._meta import argument, fresh, plain
from attnprof.counting.rules.products import mac

_Count = Callable[[int, int], Fraction | int]  # of rows and columns


def _flops(matrix: Any, per_matrix: Fraction | int) -> Cost:
    """The cost of a batch. per_matrix: FLOPs of one."""
    matrices = prod(matrix.shape[:-2])
    return (mac(round(matrices * Fraction(per_matrix) / 2), matrix),)


def _of(count: _Count, place: int = 0) -> Flops:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        return _flops(args[place], count(*args[place].shape[-2:]))

    return flops


def _lu(m: int, n: int) -> Fraction:
    """With partial pivoting; m n^2 - n^3 / 3 of a tall matrix, 2/3 n^3 of a square one."""
    n, m = sorted((m, n))
    return m * n * n - Fraction(n**3, 3)


def _cholesky(n: int, _: int) -> Fraction:
    return Fraction(n**3, 3)


def _inverse(n: int, _: int) -> int:
    return 2 * n**3


def _householder(m: int, n: int) -> Fraction:
    """R alone."""
    n, m = sorted((m, n))
    return 2 * m * n * n - Fraction(2 * n**3, 3)


def _qr(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """R, and Q as a matrix unless the mode is 'r': of m or of n columns."""
    m, n = args[0].shape[-2:]
    mode = argument(args, kwargs, 1, "mode", "reduced")
    if mode == "r":
        return _flops(args[0], _householder(m, n))
    k = min(m, n)
    if mode == "complete":
        return _flops(args[0], _householder(m, n) + 4 * (m * m * k - m * k * k) + Fraction(4 * k**3, 3))
    return _flops(args[0], _householder(m, n) + 2 * m * k * k - Fraction(2 * k**3, 3))


def _q_and_r(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Q and R of one matrix, column by column, as LAPACK writes them."""
    matrix = args[0]
    if matrix.dim() != 2 or argument(args, kwargs, 1, "mode", "reduced") != "reduced" or not plain(matrix):
        return None
    m, n = matrix.shape
    k = min(m, n)
    return fresh((k, m), matrix.dtype).mT, fresh((n, k), matrix.dtype).mT


def _svd(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """Golub-Reinsch: the values alone, with the first columns of U, or with all of U."""
    n, m = sorted(args[0].shape[-2:])
    is_full, has_vectors = argument(args, kwargs, 1, "full_matrices", False), _has_vectors(args, kwargs, 2)
    if not has_vectors:
        return _flops(args[0], 4 * m * n * n - Fraction(4 * n**3, 3))
    if is_full:
        return _flops(args[0], 4 * m * m * n + 8 * m * n * n + 9 * n**3)
    return _flops(args[0], 14 * m * n * n + 8 * n**3)


def _has_vectors(args: tuple[Any, ...], kwargs: dict[str, Any], place: int) -> bool:
    return bool(argument(args, kwargs, place, "compute_uv", argument(args, kwargs, place, "compute_v", True)))


def _symmetric(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """The symmetric QR algorithm: 4/3 n^3 for the values, 9 n^3 with the vectors."""
    n = args[0].shape[-1]
    return _flops(args[0], 9 * n**3 if _has_vectors(args, kwargs, 2) else Fraction(4 * n**3, 3))


def _solve(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """LU, and two triangular systems per column."""
    n = args[0].shape[-1]
    return _flops(args[0], _lu(n, n) + 2 * n * n * _columns(args[0], args[1]))


def _columns(matrix: Any, right: Any) -> int:
    """Columns of the right side: a vector is one."""
    return int(right.shape[-1]) if right.dim() >= matrix.dim() else 1


def _triangular(matrix: int, systems: int) -> Flops:
    """``systems`` triangular systems per column of the output, n^2 each. matrix: its position."""

    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        solution = out[0] if isinstance(out, tuple | list) else out
        return (mac(systems * args[matrix].shape[-1] * solution.numel() // 2, args[matrix]),)

    return flops


def _eigenvalues(n: int, _: int) -> int:
    return 10 * n**3


def _eigenvectors(n: int, _: int) -> int:
    return 25 * n**3


def _least_squares(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """Householder QR of A, Q' applied to B and a triangular system: per column 4 m n - 2 n^2, and n^2."""
    m, n = args[0].shape[-2:]
    n, m = sorted((m, n))
    return _flops(args[0], _householder(m, n) + _columns(args[0], args[1]) * (4 * m * n - n * n))


def _pseudoinverse(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """An SVD with vectors, and the product of its parts."""
    n, m = sorted(args[0].shape[-2:])
    return _flops(args[0], 14 * m * n * n + 8 * n**3 + 2 * m * n * n)


RULES = {
    "linalg_lu": Rule(_of(_lu)),
    "linalg_lu_factor_ex": Rule(_of(_lu)),
    "_linalg_det": Rule(_of(_lu)),
    "_linalg_slogdet": Rule(_of(_lu)),
    "linalg_cholesky_ex": Rule(_of(_cholesky)),
    "cholesky": Rule(_of(_cholesky)),
    "linalg_ldl_factor_ex": Rule(_of(_cholesky)),
    "linalg_inv_ex": Rule(_of(_inverse)),
    "cholesky_inverse": Rule(_of(lambda n, _: Fraction(2 * n**3, 3))),
    "_linalg_solve_ex": Rule(_solve),
    "linalg_solve_triangular": Rule(_triangular(0, 1)),
    "triangular_solve": Rule(_triangular(1, 1)),
    "cholesky_solve": Rule(_triangular(1, 2)),
    "linalg_lu_solve": Rule(_triangular(0, 2)),
    "linalg_ldl_solve": Rule(_triangular(0, 2)),
    "linalg_qr": Rule(_qr, _q_and_r),
    "geqrf": Rule(_of(_householder)),
    "linalg_householder_product": Rule(_of(_householder)),
    "_linalg_svd": Rule(_svd),
    "_linalg_eigh": Rule(_symmetric),
    "_linalg_eigvals": Rule(_of(_eigenvalues)),
    "linalg_eigvals": Rule(_of(_eigenvalues)),
    "linalg_eig": Rule(_of(_eigenvectors)),
    "linalg_lstsq": Rule(_least_squares),
    "linalg_pinv": Rule(_pseudoinverse),
}
