"""What is said of a user's class: what it needs, what its arguments get, how it was built."""

from collections.abc import Iterator, Mapping
from typing import Any

from attnprof.catalogue.roles import CODE, TABLE, WHERE_REQUIRED, Role, in_symbols
from attnprof.catalogue.signature import Settings, Signature
from attnprof.catalogue.values import frozen, show_settings, show_value
from attnprof.grid import Point

# Usual values of arguments that people leave without a default.
EXAMPLES = {
    **dict.fromkeys(("kernel_size", "kernel", "ksize", "k"), "7"),
    **dict.fromkeys(("ratio", "squeeze_factor"), "4"),
    **dict.fromkeys(("reduction", "reduction_ratio", "r"), "16"),
    **dict.fromkeys(("window_size", "win_size"), "(7,7)"),
    **dict.fromkeys(("kernels", "kernel_sizes"), "[3,5]"),
    **dict.fromkeys(("groups", "group", "G"), "8"),
    "stride": "1",
}
# Names of arguments that are functions, modules or objects: no setting can be one.
OBJECTS = frozenset(
    (
        *("fn", "func", "function", "act", "activation", "act_layer", "act_fn", "act_func", "act_cfg"),
        *("norm", "norm_layer", "norm_cfg", "conv", "conv_layer", "conv_cfg", "layer", "block", "module"),
        *("submodule", "attn", "attention", "mixer", "ffn", "mlp", "model", "net", "network", "backbone"),
        *("config", "cfg", "conf", "args", "opt", "opts", "options", "params", "hparams"),
    )
)
IN_ONE_SYMBOL = frozenset((Role.CHANNELS, Role.SAME, Role.HEIGHT, Role.WIDTH))


def refusal(location: str, signature: Signature, channels: int, settings: Settings) -> str | None:
    """Why the module at ``location`` cannot be built with ``settings``, and what to write; None where it
    can be tried."""
    missing = signature.missing(settings)
    objects = [name for name in missing if name in OBJECTS]
    if objects:
        return _function(location, signature, objects)
    if missing:
        text = _pattern(location, settings, {name: _example(name) for name in missing})
        return f"needs {' and '.join(missing)}: write {text}{_or_channels(signature, missing)}"
    if signature.expansion > 1 and signature.open_roles(settings).get("planes") == Role.SAME:
        return _planes(location, signature.expansion, channels, settings)
    return None


def _function(location: str, signature: Signature, objects: list[str]) -> str:
    """What to write where the arguments ``objects`` are none that a setting can be."""
    channels = f"{signature.channels}=channels, " if signature.channels else ""
    where, _, name = location.rpartition(":")
    call = f"{name}({channels}{', '.join(f'{each}=...' for each in objects)})"
    return (
        f"needs {' and '.join(objects)}, which no setting can be: write a function that builds it,"
        f" def make(channels): return {call}, and name that: {where}:make"
    )


def _example(name: str) -> str:
    """A usual value of an argument without one; three dots where there is none."""
    role = next((role for role, names in TABLE.items() if name in names), None)
    return EXAMPLES.get(name) or (in_symbols(role) if role in IN_ONE_SYMBOL else "...")


def _or_channels(signature: Signature, missing: list[str]) -> str:
    """How to say which of the arguments ``missing`` is the number of channels, where no name says it."""
    unusual = [name for name in missing if _example(name) == "..."]
    return f"; {unusual[0]}=C for the number of channels" if unusual and not signature.channels else ""


def _planes(location: str, expansion: int, channels: int, settings: Settings) -> str:
    planes = channels // expansion
    if planes * expansion != channels:
        return f"expansion {expansion}: it gives a multiple of that, and not {channels} channels"
    text = _pattern(location, settings, {"planes": str(planes)})
    return f"expansion {expansion}: planes = {planes} keeps {channels} channels: write {text}"


def _pattern(location: str, settings: Settings, more: Mapping[str, str]) -> str:
    """The module as -m takes it, with ``settings`` and ``more``, which is text."""
    texts = [show_settings(settings)] if settings else []
    return f"{location}({','.join([*texts, *(f'{name}={text}' for name, text in more.items())])})"


def remarks(signature: Signature, size: Point, settings: Settings) -> Iterator[str]:
    """What a reader of its figures at ``size`` (C, H, W) has to know of how the module was built."""
    channels, name = size[0], signature.channels
    if signature.begins_with_channels:
        yield "the number of channels goes first: it takes *args"
    elif not name and signature.arguments and "C" not in signature.symbols(settings):
        yield f"{'' if settings else 'built with its defaults: '}no argument is the number of channels"
    elif settings.get(name, channels) != channels:
        yield f"{name}={show_value(settings[name])} as it is set: the map has {channels} channels"
    fillings = {each: signature.filling(each, size, settings) for each in signature.open_roles(settings)}
    for argument, value in fillings.items():
        if signature.roles[argument] in WHERE_REQUIRED:
            yield f"{argument}={value}: {in_symbols(signature.roles[argument])}"
    yield from _overridden(signature, fillings)


def _overridden(signature: Signature, fillings: Mapping[str, Any]) -> Iterator[str]:
    """The fillings that take the place of a default, apart from the number of channels."""
    others = {
        name: value
        for name, value in fillings.items()
        if name != signature.channels and frozen(value) != (signature.named[name].default or frozen(value))
    }
    if others:
        yield f"{show_settings(others)} in place of {'its default' if len(others) == 1 else 'their defaults'}"


def in_words(signature: Signature) -> dict[str, str]:
    """What each argument gets where it is not set, by name."""
    return {name: _in_words(signature, name) for name in signature.named}


def _in_words(signature: Signature, name: str) -> str:
    argument = signature.named[name]
    if name in signature.roles:
        return in_symbols(signature.roles[name])
    if not argument.has_default:
        return "required"
    return show_value(argument.default) if argument.is_plain else "its default"


def in_code(signature: Signature, settings: Settings, channels: str, height: str, width: str) -> list[str]:
    """The arguments of a call as code: 'channel=channels'. channels, height, width: names of variables."""
    texts = [channels] if signature.begins_with_channels else []
    for name, role in signature.open_roles(settings).items():
        is_number = role == Role.SIZE and isinstance(signature.named[name].default, int)
        code = CODE[Role.HEIGHT if is_number else role]
        texts.append(f"{name}={code.format(C=channels, H=height, W=width)}")
    return [*texts, *(f"{name}={value!r}" for name, value in settings.items())]
