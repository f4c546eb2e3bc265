"""An explanation as a page of text: the counts, the tree, the other counters, and the closed forms."""

from collections.abc import Sequence
from textwrap import fill, wrap

from attnprof.case import Case
from attnprof.cli._tree_text import WIDTH, tree
from attnprof.explanation import Explanation, Form, Says
from attnprof.formats import Look
from attnprof.record import FLAGS
from attnprof.units import show_bytes, show_count, significant

INDENT = "  "
EVERY_SIZE = "every size it takes"


def page(
    case: Case, name: str, found: Explanation, counters: Sequence[Says], forms: Sequence[Form], look: Look
) -> tuple[str, list[str]]:
    """The page, and the titles of the tree's columns that did not fit. name: what the field calls the module."""
    width = min(look.width or WIDTH, 100)
    table, dropped = tree(found.tree, look)
    says = "share: of the FLOPs. grows with: the leading terms of the FLOPs (of the bytes, where there are none)."
    parts = [
        _head(case, name, found),
        _totals(found, width),
        table,
        fill(f"{says} Figures have three digits; all of them: --format json.", width),
    ]
    if found.tokens:
        says = FLAGS["tokens"]
        parts.append(fill(f"{says[:1].upper()}{says[1:]}.", width))
    if found.unknown:
        listed = ", ".join(found.unknown)
        parts.append(fill(f"No rule for {listed}: MACs and FLOPs are at least the figures shown.", width))
    if counters:
        parts.append(_counters(found, counters, width, case.mode == "train"))
    if forms:
        parts.append(written(forms, width, case.batch))
    if found.verified is not None:
        held = f"verified: the shapes of all {found.verified} operators are those of torch's own kernels."
        parts.append(fill(f"not verified: {found.differs}" if found.differs else held, width))
    return "\n\n".join(parts), dropped


def _head(case: Case, name: str, found: Explanation) -> str:
    called = f" - {name}" if name and name != case.module.partition(":")[2] else ""
    mode = "train: forward + backward" if case.mode == "train" else "eval"
    shape = "x".join(map(str, found.shape))
    return f"{case.title}{called}\n{shape}, {case.dtype}, {mode}, counted on meta tensors"


def _totals(found: Explanation, width: int) -> str:
    root = found.tree
    frozen = root.params - found.trainable
    intensity = f"; {significant(root.flops / found.bytes)} FLOP/byte" if found.bytes else ""
    unfused = found.unfused_activations
    rows = [
        ("params", show_count(root.params), f"{show_count(frozen)} of them frozen" if frozen else ""),
        ("MACs", show_count(root.macs), ""),
        ("FLOPs", show_count(root.flops), _categories(found.flops)),
        ("bytes moved", show_bytes(found.bytes), f"at least {show_bytes(found.minimal_bytes)}{intensity}"),
        (
            "activations",
            show_bytes(found.activations),
            "most bytes alive at once" + ("" if unfused is None else f"; {show_bytes(unfused)} with unfused attention"),
        ),
    ]
    first, second = (max(len(row[n]) for row in rows) for n in (0, 1))
    lines = []
    for title, figure, note in rows:
        before = f"{title:{first}}  {figure:{second}}  "
        lines += wrap(note, width, initial_indent=before, subsequent_indent=" " * len(before)) or [before.rstrip()]
    return "\n".join(lines)


def _categories(flops: dict[str, int]) -> str:
    """The categories' shares, the largest first; those that round to nothing are left out."""
    whole = sum(flops.values())
    listed = sorted(flops.items(), key=lambda each: -each[1])
    shown = [(name, f"{100 * n / whole:.1f}") for name, n in listed if n]
    return ", ".join(f"{name} {share} %" for name, share in shown if share != "0.0")


def _counters(found: Explanation, counters: Sequence[Says], width: int, train: bool) -> str:
    ours = found.forward_macs
    rows = [("attnprof", show_count(ours), "")]
    rows += [
        (
            each.counter,
            "" if each.macs is None else show_count(each.macs),
            "" if each.macs is None else ratio(each.macs, ours),
        )
        for each in counters
    ]
    names, figures = (max(len(row[n]) for row in rows) for n in (0, 1))
    lines = [f"{INDENT}{rows[0][0]:{names}}  {rows[0][1]:>{figures}}"]
    for each, (name, figure, compared) in zip(counters, rows[1:], strict=True):
        before = f"{INDENT}{name:{names}}  {figure:>{figures}}  "
        if each.macs is None:
            lines += wrap(each.note, width, initial_indent=before, subsequent_indent=" " * len(before))
            continue
        lines.append((before + compared).rstrip())
        for part in each.differences:
            sign = "+" if part.macs > 0 else "-"
            amount = f"{sign}{show_count(abs(part.macs))}".rjust(figures)
            text = f"{part.what}: {part.why}" if part.why else part.what or "unexplained"
            head = f"{INDENT}{'':{names}}  {amount}  "
            lines += wrap(text, width, initial_indent=head, subsequent_indent=" " * len(head))
    title = "MACs, as others count them" + (", of the forward pass in eval" if train else "")
    return "\n".join([title, *lines])


def ratio(theirs: int, ours: int) -> str:
    """theirs over ours: '=', '0.145x'; with more digits where three would say 1.00; '' where ours is 0."""
    if theirs == ours:
        return "="
    if not ours:
        return ""
    value = theirs / ours
    # As many digits as it takes not to look like 1.
    digits = next((n for n in range(3, 9) if float(significant(value, n)) != 1), 9)
    return f"{significant(value, digits)}x"


def written(forms: Sequence[Form], width: int, batch: int = 1) -> str:
    """The closed forms, one piece after the other, and on how many sizes they were tried."""
    lines = ["Closed forms in C, H and W" + (f", of a batch of {batch}" if batch > 1 else "")]
    titles = max(len(form.quantity) for form in forms)
    rest = INDENT + " " * (titles + 2)
    for form in forms:
        before = f"{INDENT}{form.quantity:{titles}}  "
        for piece in form.pieces:
            lines += _wrapped(piece.polynomial, f"for {piece.where or EVERY_SIZE}", width, before, rest)
            before = rest
        notes = [f"elsewhere other polynomials, as at {', '.join(form.more)}"] if form.more else []
        notes += [f"none found at {', '.join(form.without)}"] if form.without else []
        for note in notes:
            lines += wrap(note, width, initial_indent=before, subsequent_indent=rest)
            before = rest
    pieces = [piece for form in forms for piece in form.pieces]
    if pieces:
        most, least = max(p.fitted for p in pieces), min(p.held for p in pieces)
        sizes = f"{most} sizes" if most > 1 else "1 size"
        says = f"Solved for on up to {sizes}; each held at {least} others or more, up to 8192 channels and 512x512."
        lines += ["", *wrap(says, width)]
    return "\n".join(lines)


def _wrapped(polynomial: str, where: str, width: int, before: str, rest: str) -> list[str]:
    """A polynomial with its condition behind it or on a line of its own; broken only before a sign, if it has to be."""
    whole = f"{before}{polynomial}"
    if len(whole) + len(where) + 4 <= width:
        return [f"{whole}    {where}".rstrip()]
    below = rest + INDENT
    for depth in range(polynomial.count("(") + 1):  # outside of parentheses, if that is enough
        breakable = _breakable(polynomial, depth)
        lines = wrap(breakable, width, initial_indent=before, subsequent_indent=below, break_long_words=False)
        if max(map(len, lines)) <= width:
            break
    lines = [line.replace(_UNBROKEN, " ") for line in lines]
    return [*lines, *wrap(where, width, initial_indent=below, subsequent_indent=below)]


_UNBROKEN = "\0"


def _breakable(polynomial: str, depth: int) -> str:
    """``polynomial`` with spaces only before signs that are in no more than ``depth`` parentheses."""
    made, inside = "", 0
    for letter, following in zip(polynomial, f"{polynomial[1:]} ", strict=True):
        inside += (letter == "(") - (letter == ")")
        made += _UNBROKEN if letter == " " and (following not in "+-" or inside > depth) else letter
    return made
