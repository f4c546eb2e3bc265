"""What the arguments of a user's class or function stand for, by their names: TABLE."""

from collections.abc import Mapping
from enum import Enum, auto

from attnprof.catalogue.declared import kinds_of
from attnprof.catalogue.description import Argument


class Role(Enum):
    """What an argument stands for."""

    CHANNELS = auto()
    SAME = auto()  # as many as the channels: what it gives, or what else it takes
    HALF = auto()
    HEIGHT = auto()
    WIDTH = auto()
    SIZE = auto()  # two numbers, or one
    TOKENS = auto()
    HEADS = auto()
    HEAD_WIDTH = auto()  # channels of a head


TABLE: Mapping[Role, tuple[str, ...]] = {
    # The first of them that a class has is its number of channels.
    Role.CHANNELS: (
        *("in_channels", "in_channel", "input_channels", "input_channel", "num_in_channels", "channels_in"),
        *("channel_in", "in_chans", "in_chan", "in_chs", "in_ch", "in_c", "c_in", "cin", "inchannels"),
        *("inchannel", "in_planes", "in_plane", "inplanes", "inplane", "planes_in", "in_features"),
        *("in_feature", "in_filters", "in_dim", "dim_in", "input_dim", "query_dim", "in_nc", "nin"),
        *("inp", "inc", "c1", "F_g", "channels", "channel", "num_channels", "num_channel", "n_channels"),
        *("n_channel", "nchannels", "channel_num", "num_features", "n_features", "num_feat", "n_feats"),
        *("n_feat", "features", "nf", "gate_channels", "gate_channel", "dim", "d_model", "model_dim"),
        *("dim_model", "embed_dim", "embed_dims", "embedding_dim", "emb_dim", "emb_size", "embed_size"),
        *("n_embd", "hidden_size", "hidden_dim", "feature_dim", "feat_dim", "filters", "num_filters"),
        *("n_filters", "planes", "chans", "chan", "chn", "chs", "ch", "nc", "c", "C", "width"),
    ),
    Role.SAME: (
        *("out_channels", "out_channel", "output_channels", "output_channel", "num_out_channels"),
        *("channels_out", "channel_out", "out_chans", "out_chan", "out_chs", "out_ch", "out_c", "c_out"),
        *("cout", "outchannels", "outchannel", "out_planes", "out_plane", "outplanes", "outplane"),
        *("planes_out", "out_features", "out_feature", "out_filters", "out_dim", "dim_out", "output_dim"),
        *("out_nc", "nout", "oup", "outp", "ouc", "outc", "c2", "planes", "F_l", "gating_channels"),
        *("skip_channels", "context_dim", "kv_dim"),
    ),
    Role.HALF: ("F_int",),
    Role.HEIGHT: ("height", "h", "H", "img_h", "feat_h", "fmap_h"),
    Role.WIDTH: ("width", "w", "W", "img_w", "feat_w", "fmap_w"),
    Role.SIZE: (
        *("resolution", "input_resolution", "fmap_size", "feature_map_size", "feat_size", "feature_size"),
        *("map_size", "img_size", "image_size", "input_size", "spatial_size"),
    ),
    Role.TOKENS: (
        *("n_tokens", "num_tokens", "num_patches", "n_patches", "num_pixels", "seq_len", "seq_length"),
        "sequence_length",
    ),
    Role.HEADS: (
        *("num_heads", "n_heads", "nheads", "num_head", "n_head", "nhead", "heads", "head", "head_num"),
        *("heads_num", "num_attention_heads", "attn_heads", "h"),
    ),
    Role.HEAD_WIDTH: ("head_dim", "dim_head", "d_head", "head_size", "d_k", "d_v"),
}
# What an argument gets at C channels and a map of H x W pixels.
CODE: Mapping[Role, str] = {
    Role.CHANNELS: "{C}",
    Role.SAME: "{C}",
    Role.HALF: "{C} // 2",
    Role.HEIGHT: "{H}",
    Role.WIDTH: "{W}",
    Role.SIZE: "({H}, {W})",
    Role.TOKENS: "{H} * {W}",
    Role.HEADS: "max(1, {C} // 32)",
    Role.HEAD_WIDTH: "{C} // max(1, {C} // 32)",
}
WHERE_REQUIRED = frozenset((Role.HALF, Role.HEADS, Role.HEAD_WIDTH))  # a default of these stays
OF_THE_MAP = frozenset((Role.HEIGHT, Role.WIDTH, Role.SIZE, Role.TOKENS))
# A side of the map stands beside its partner: h by itself is a number of heads, and width one of channels.
PARTNERS = dict(zip(TABLE[Role.HEIGHT], TABLE[Role.WIDTH], strict=True))
PARTNERS |= {width: height for height, width in PARTNERS.items()}
AXIS = "dim"  # with a small default it numbers an axis, as in torch.cat
FEWEST = 8  # a smaller default is no number of channels or pixels: out_channels=1 is a gate


def roles_of(named: Mapping[str, Argument]) -> dict[str, Role]:
    """The roles of the arguments ``named``, by name, as far as they have one; the channels' first."""
    channels = _channels(named)
    roles = {channels: Role.CHANNELS} if channels else {}
    for name, argument in named.items():
        role = next((role for role in TABLE if _has_role(argument, role, named)), None)
        if role and name != channels:
            roles[name] = role
    return roles


def _channels(named: Mapping[str, Argument]) -> str:
    """The argument that is the number of channels; empty where none is."""
    names = [name for name in TABLE[Role.CHANNELS] if name in named and _is_count(named[name])]
    if names == ["width"] and "height" in named:
        names = []
    names += [name for name in TABLE[Role.SAME] if name in named and _is_same(named[name])]
    return names[0] if names else ""


def _has_role(argument: Argument, role: Role, named: Mapping[str, Argument]) -> bool:
    """Whether an argument that is not the number of channels has ``role``."""
    if argument.name not in TABLE[role]:
        return False
    if role in WHERE_REQUIRED:
        return not argument.has_default
    if role == Role.CHANNELS or PARTNERS.get(argument.name, argument.name) not in named:
        return False
    if role == Role.SAME:
        return _is_same(argument)
    if role == Role.SIZE:
        return _is_size(argument)
    return _is_count(argument) and not (role == Role.TOKENS and _is_few(argument))


def _is_count(argument: Argument) -> bool:
    """Whether the argument may be a number of channels or pixels, by its annotation and default."""
    kinds, default = kinds_of(argument), argument.default
    if not argument.is_plain or (kinds and int not in kinds):
        return False
    if isinstance(default, int):
        return default >= (FEWEST if argument.name == AXIS else 1)
    return default is None


def _is_same(argument: Argument) -> bool:
    """Whether it is as many as the channels: a default of none says that by itself."""
    is_none = argument.has_default and argument.default is None
    return _is_count(argument) and not is_none and not _is_few(argument)


def _is_few(argument: Argument) -> bool:
    return isinstance(argument.default, int) and argument.default < FEWEST


def _is_size(argument: Argument) -> bool:
    """Whether the argument may be a map's size."""
    if isinstance(argument.default, tuple):
        return len(argument.default) == 2
    return argument.is_plain and (argument.default is None or type(argument.default) is int)


def heads_for(channels: int) -> int:
    """A head for every 32 channels, at least one; where that many do not divide them, the next fewer that
    do."""
    return next(heads for heads in range(max(1, channels // 32), 0, -1) if channels % heads == 0)


def in_symbols(role: Role) -> str:
    """What an argument with the role gets, in C, H and W."""
    return CODE[role].format(C="C", H="H", W="W")
