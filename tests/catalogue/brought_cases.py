"""What the listings in brought/ come to: closed forms worked out by hand, or the words of a refusal.

C, H, W are the map's, N = H*W. A multiplication with an addition is a MAC; norms, gates and sums are none.
"""

from dataclasses import dataclass
from math import prod


@dataclass(frozen=True)
class Listing:
    """A class or function in brought/, with settings where it needs them."""

    name: str  # "yolo.py:C2f(n=2)"
    params: str = ""  # closed forms; empty where it is refused
    macs: str = ""
    gives: str = "1, C, H, W"  # the shape of its answer, for a batch of one
    says: tuple[str, ...] = ()  # words of its row, or of what refuses it
    only: tuple[int, int, int] | None = None  # the one size that its settings fit

    @property
    def kind(self) -> str:
        return self.name.partition(".py")[0]

    def works_at(self, size: tuple[int, int, int]) -> bool:
        return bool(self.params) and self.only in (None, size)

    def figures_at(self, size: tuple[int, int, int]) -> tuple[int, int, str]:
        """Params, MACs and the answer's shape at (C, H, W)."""
        values = dict(zip("CHW", size, strict=True)) | {"N": prod(size[1:])}
        params, macs, gives = (eval(text, {}, values) for text in (self.params, self.macs, self.gives))
        return params, macs, "x".join(map(str, gives))


def counted(name, params, macs, *says, gives="1, C, H, W", only=None):
    return Listing(name, params, macs, gives, says, only)


def refused(name, *says):
    return Listing(name, says=says)


SIZES = ((64, 28, 28), (128, 28, 14))
FIRST = SIZES[0]
SE = "2*C*(C//16)"  # two layers, to a sixteenth and back
HEADS = "4*N*C*C + 2*N*N*C"  # four linear layers, and attention between all positions
GATE = "1, C, 1, 1"
MAP = "1, 1, H, W"

CHANNELS = [
    counted("channels.py:SELayer", SE, SE),
    counted("channels.py:SEAttention", SE, SE),
    counted("channels.py:SEAttention(reduction=8)", "2*C*(C//8)", "2*C*(C//8)"),
    counted("channels.py:ChannelSELayer", "C*C + C//2 + C", "C*C"),
    counted("channels.py:SpatialSELayer", "C + 1", "C*N"),
    counted("channels.py:CBAM", f"{SE} + C//16 + C + 98", f"{SE} + 98*N"),
    counted("channels.py:CBAM(no_spatial=true)", f"{SE} + C//16 + C", SE),
    counted("channels.py:SCSEModule", f"{SE} + C//16 + 2*C + 1", f"{SE} + C*N"),
    counted("channels.py:PAM_Module", "C*C//4 + C//4 + C*C + C + 1", "N*(C*C//4 + C*C) + N*N*(C//8 + C)"),
    counted("channels.py:GlobalContext", SE, SE),
    counted("channels.py:GlobalContext(ratio=0.25)", "C*C//2", "C*C//2"),
    counted("channels.py:ESE", "C*C + C", "C*C"),
    counted("channels.py:NAFBlock", "6*C*C + 26*C", "N*(6*C*C + 18*C)"),
    counted("channels.py:FReLU", "11*C", "9*C*N"),
    counted("channels.py:AconC", "3*C", "0"),
    counted("channels.py:ECALayer", "3 if C == 64 else 5", "(3 if C == 64 else 5)*C"),
    refused("channels.py:MLCA", "in_size=C"),
    counted("channels.py:MLCA(in_size=C)", "3 if C == 64 else 5", "(3 if C == 64 else 5)*C"),
    counted("channels.py:ReductionFirst", f"{SE} + C//16 + C", SE),
    refused("channels.py:LastOfAll", "ratio", "bias", "kernel_size"),
    counted("channels.py:LastOfAll(ratio=4,bias=true,kernel_size=3)", "C*C//2 + C//4 + C", "C*C//2"),
    counted("channels.py:KeywordOnly", "C*C//2", "C*C//2"),
    counted("channels.py:AnyArguments", "C*C + C", "N*C*C"),
    counted("channels.py:WithKeywords", "C*C//4", "C*C//4"),
    counted("channels.py:Named", "C*C//2", "C*C//2"),
    counted("channels.py:Named(name=cse,module=8,settings=true)", "C*C//4 + C//8 + C", "C*C//4"),
    counted("channels.py:Annotated", "C*C//4", "C*C//4"),
    refused("channels.py:SEModule", "reduction"),
    counted("channels.py:SEModule(reduction=16)", f"{SE} + C//16 + C", SE),
    counted("channels.py:ResidualDenseBlock", "288*C + 32 + 9*C*(C + 32) + C", "N*(288*C + 9*C*(C + 32))"),
    counted("channels.py:SKConv", "9*C*C//16 + 98*C + 32", "N*9*C*C//16 + 96*C"),
    counted("channels.py:se_block", SE, SE),
    counted("channels.py:gate_of", "C*C + C", "N*C*C"),
]
DEFAULTS = [
    counted("defaults.py:SpatialAttention", "98", "98*N", "gives 1x1x28x28: a gate, not applied", gives=MAP),
    counted("defaults.py:SpatialAttention(kernel_size=3)", "18", "18*N", gives=MAP),
    counted("defaults.py:SpatialFree", "98", "98*N", gives=MAP),
    refused("defaults.py:Spartial_Attention", "kernel_size"),
    counted("defaults.py:Spartial_Attention(kernel_size=7)", "99", "98*N"),
    counted("defaults.py:SimAM", "0", "0", "defaults"),
    counted("defaults.py:SimAMWithChannels", "0", "0"),
    counted("defaults.py:SpatialGroupEnhance", "16", "0"),
    counted("defaults.py:ECAAttention", "4", "3*C"),
    counted("defaults.py:TripletAttention", "300", "98*(N + C*W + C*H)"),
    counted("defaults.py:TripletAttention(no_spatial=true)", "200", "98*(N + C*W)"),
    counted("defaults.py:SpatialGate", "100", "98*N"),
    counted("defaults.py:CAM", "1", "2*C*C*N"),
    counted("defaults.py:LazySE", "16*C + 33", "16*C + 16"),
    refused("defaults.py:Residual", "fn", "function"),
    refused("defaults.py:SelfAttentionOfConfig", "config", "function"),
]
COMPANIONS = [
    counted("companions.py:CoordAtt", "26*C + 24", "16*C*(H + W)"),
    counted("companions.py:CA_Block", "3*C*(C//16) + 2*(C//16)", f"{SE}*(H + W)"),
    counted("companions.py:GAM_Attention", "25*C*C + 5*C", "25*C*C*N"),
    counted("companions.py:PSA_p", "C + C*C", "N*(C*C + 3*C)//2 + C*C//2"),
    refused("companions.py:MHSA", "n_dims=C"),
    counted("companions.py:MHSA(n_dims=C)", "3*C*C + 3*C + C*(H + W)", "3*N*C*C + 3*N*N*C"),
    counted("companions.py:WidthLast", "C*N", "0"),
    counted("companions.py:PositionEncoding", "C*N", "0"),
    counted("companions.py:BottleneckAttn", "3*C*C + N*C//4", "3*N*C*C + 3*N*N*C"),
    counted("companions.py:Resized", "C*N", "0", only=FIRST),
    counted("companions.py:ResolutionTokens", "C*C + C", "N*C*C"),
    counted("companions.py:PatchMerging", "8*C*C + 8*C", "2*N*C*C", gives="1, N//4, 2*C"),
    counted("companions.py:EMSA", "4*C*C + 14*C", "2*N*C*C + (H//3)*(W//3)*(9*C + 2*C*C + 2*N*C)"),
    counted(
        "companions.py:EMSA(d_k=16,d_v=16,h=4)",
        "267*C + 192",
        "128*N*C + (H//3)*(W//3)*(9*C + 128*C + 128*N)",
    ),
    counted("companions.py:SpatialGatingUnit", "2*C + N*N + N", "C*N*N"),
    counted("companions.py:SpatialGatingUnit(num_patches=784)", "2*C + N*N + N", "C*N*N", only=FIRST),
    counted("companions.py:AFT_FULL", "2*C*C + 2*C + N*N", "2*N*C*C + N*N*C"),
    counted("companions.py:TokenAttention", "4*C*C + C", HEADS, "num_heads=2", "1x784x64"),
    counted("companions.py:TokenAttention(num_heads=2,qkv_bias=true)", "4*C*C + 4*C", HEADS),
    counted("companions.py:SKFF", "C*C//2", "C*C//2"),
    counted("companions.py:SKFF(height=2)", "3*C*C//8", "3*C*C//8"),
    counted("companions.py:HiddenWidth", "64*C", "64*C*N"),
    counted("companions.py:HiddenWidth(width=16)", "32*C", "32*C*N"),
    counted("companions.py:GlobalFilter(h=28,w=15)", "2*28*15*C", "0", only=FIRST),
    refused("companions.py:BothNames", "channels=C"),
    counted("companions.py:BothNames(channels=C)", "18*C*C", "18*N*C*C"),
]
TYPED = [
    counted("typed.py:SKAttention", "84*C*C + 168*C + 32", "84*N*C*C + 160*C"),
    counted("typed.py:SKAttention(kernels=[3,5])", "34*C*C + 100*C + 32", "34*N*C*C + 96*C"),
    counted("typed.py:SKAttention(kernels=(3,5),group=2)", "17*C*C + 100*C + 32", "17*N*C*C + 96*C"),
    refused("typed.py:ASPP", "atrous_rates"),
    counted("typed.py:ASPP(atrous_rates=[6,12,18])", "27*C*C", "27*N*C*C"),
    counted("typed.py:ASPP(atrous_rates=[6,12,18],out_channels=32)", "864*C", "864*C*N", gives="1, 32, H, W"),
    refused("typed.py:WindowAttention", "window_size"),
    counted("typed.py:WindowAttention(window_size=(28,28))", "4*N*N + 4*C*C + 4*C", HEADS, only=FIRST),
    counted(
        "typed.py:WindowAttention(window_size=(28,28),num_heads=2,qk_scale=none)",
        "2*N*N + 4*C*C + 4*C",
        HEADS,
        only=FIRST,
    ),
    counted("typed.py:StripConv", "8*C", "7*C*N"),
    counted("typed.py:StripConv(kernel_size=(3,5),bias=false)", "15*C", "15*C*N"),
    counted("typed.py:StripConv(bias=none)", "7*C", "7*C*N"),
    refused("typed.py:ChannelAttention", "bias"),
    counted("typed.py:ChannelAttention(num_heads=4,bias=false)", "4*C*C + 4", "4*N*C*C + N*C*C//2"),
    counted("typed.py:ChannelAttention(num_heads=2,bias=true)", "4*C*C + 4*C + 2", "5*N*C*C"),
    refused("typed.py:FrequencyGate", "dct_h", "dct_w"),
    counted("typed.py:FrequencyGate(dct_h=7,dct_w=7,freq_sel_method=low16)", SE, SE),
    refused("typed.py:LCT", "groups"),
    counted("typed.py:LCT(groups=8)", "2*C", "0"),
    refused("typed.py:DoubleAttention", "c_m", "c_n"),
    counted("typed.py:DoubleAttention(c_m=32,c_n=16)", "97*C + 64", "96*N*C + 1024*N"),
    refused("typed.py:EMAU", "k"),
    counted("typed.py:EMAU(k=16)", "2*C*C + C", "2*N*C*C + 112*N*C"),
    refused("typed.py:LambdaLayer", "dim_k"),
    counted("typed.py:LambdaLayer(dim_k=16)", "C*C + 32*C", "N*C*C + 64*N*C"),
    counted("typed.py:NormAndActivation", "2*C", "0"),
    counted("typed.py:Scaled", "C*C", "N*C*C"),
    counted("typed.py:Scaled(scale=0.5,mode=mul,act=none)", "C*C + C", "N*C*C"),
    refused("typed.py:SelfAttn", "activation", "function"),
]
LAYOUTS = [
    counted("layouts.py:ExternalAttention", "128*C", "128*C*N"),
    counted("layouts.py:MobileViTv2Attention", "3*C*C + 4*C + 1", "N*(3*C*C + C)"),
    counted("layouts.py:Attention", "4*C*C + C", HEADS),
    counted("layouts.py:ReducedAttention", "7*C*C + 4*C", "N*C*C + (H//2)*(W//2)*(6*C*C + 2*N*C)"),
    counted("layouts.py:Mlp", "2*C*C + 12*C", "N*(2*C*C + 9*C)"),
    counted("layouts.py:OutlookAttention", "C*C + 9*C + 9", "N*(C*C + 9*C)"),
    counted("layouts.py:ChannelsLast", "C*C + 3*C", "N*C*C"),
    counted("layouts.py:LinearAndNorm", "C*C + 3*C", "N*C*C"),
    counted("layouts.py:GRN", "2*C", "0"),
    counted("layouts.py:SequenceFirst", "4*C*C + 4*C", HEADS),
    counted("layouts.py:BatchFirst", "4*C*C + 4*C", HEADS),
    counted("layouts.py:TransformerEncoderLayer", "4*C*C + 4101*C + 2048", f"{HEADS} + 4096*N*C"),
    counted("layouts.py:SE1d", "C*C + C", "N*C*C"),
    refused("layouts.py:SELayer3D", "(N, C, D, H, W)"),
    refused("layouts.py:Conv3d", "(N, C, D, H, W)"),
    counted("layouts.py:TokensToBlocks", "12*C*C + 13*C", "12*N*C*C + 98*N*C"),
    counted("layouts.py:TokensToBlocks(window_size=14)", "12*C*C + 13*C", "12*N*C*C + 392*N*C"),
]
SEVERAL = [
    counted("several.py:ScaledDotProductAttention", "257*C + 192", "256*N*C + 128*N*N"),
    counted("several.py:AFF", "C*C//2 + C//4 + C", "N*C*C//2"),
    counted("several.py:Attention_block", "C*C + 7*C//2 + 3", "N*(C*C + C//2)"),
    counted("several.py:Attention_block(F_int=32)", "64*C + 227", "N*(64*C + 32)"),
    counted("several.py:GridAttention", "C*C + C + 1", "N*(C*C + C//2)"),
    counted("several.py:CrossAttention", "257*C", "256*N*C + 128*N*N"),
    refused("several.py:ConvLSTMCell", "hidden_dim", "kernel_size", "bias"),
    refused("several.py:TimeBlock", "x and temb", "--input"),
    refused("several.py:Concat", "takes a list of maps"),
    counted("several.py:MapAndGate", "C*C + C", "N*C*C"),
    counted("several.py:MapInDict", "C*C + C", "N*C*C"),
    counted("several.py:BasesToo", "8*C + 8", "24*N*C"),
]
SHAPES = [
    counted("shapes.py:ChannelGate", SE, f"2*{SE}", "gives 1x64x1x1: a gate, not applied", gives=GATE),
    counted("shapes.py:ChannelGate(gate=true)", SE, f"2*{SE}"),
    counted("shapes.py:VectorGate", "C*C + C", "C*C", gives="1, C"),
    counted("shapes.py:HalfChannels", "C*C//2 + C//2", "N*C*C//2", gives="1, C//2, H, W"),
    counted("shapes.py:Down", "9*C*C", "9*N*C*C//4", gives="1, C, H//2, W//2"),
    counted("shapes.py:Up", "4*C*C", "4*N*C*C", gives="1, C, 2*H, 2*W"),
    counted("shapes.py:ResidualAttention", "1000*C", "1000*N*C", gives="1, 1000"),
    refused("shapes.py:PPM", "reduction_dim", "bins"),
    counted("shapes.py:PPM(reduction_dim=16,bins=[1,2,3,6])", "64*C", "800*C", gives="1, C + 64, H, W"),
]
YOLO = [
    counted("yolo.py:Conv", "C*C + 2*C", "N*C*C"),
    counted("yolo.py:Conv(k=3,act=false)", "9*C*C + 2*C", "9*N*C*C"),
    counted("yolo.py:DWConv", "11*C", "9*C*N"),
    counted("yolo.py:Bottleneck", "9*C*C + 3*C", "9*N*C*C"),
    counted("yolo.py:Bottleneck(k=(1,3),e=1.0)", "10*C*C + 4*C", "10*N*C*C"),
    counted("yolo.py:C2f", "7*C*C + 6*C", "7*N*C*C"),
    counted("yolo.py:C2f(n=2)", "12*C*C + 8*C", "12*N*C*C"),
    counted("yolo.py:C3", "9*C*C//2 + 6*C", "9*N*C*C//2"),
    counted("yolo.py:SPPF", "5*C*C//2 + 3*C", "5*N*C*C//2"),
    counted("yolo.py:GhostConv", "C*C//2 + 29*C//2", "N*(C*C//2 + 25*C//2)"),
    counted("yolo.py:Focus", "4*C*C + 2*C", "N*C*C", gives="1, C, H//2, W//2"),
    counted("yolo.py:PSA", "3*C*C + 7*C", "3*N*C*C"),
    refused("yolo.py:SCDown", "k", "s"),
    counted("yolo.py:SCDown(k=3,s=2)", "C*C + 13*C", "N*C*C + 9*N*C//4", gives="1, C, H//2, W//2"),
    counted("yolo.py:TransformerLayer", "9*C*C + 4*C", "9*N*C*C + 2*N*N*C"),
    counted("yolo.py:AreaAttention", "4*C*C + 8*C", HEADS),
    counted("yolo.py:GAMAttention", "53*C*C//8 + 5*C//2", "53*N*C*C//8"),
    counted("yolo.py:GAMAttention(group=false)", "25*C*C + 5*C//2", "25*N*C*C"),
    counted("yolo.py:EMA", "10*(C//32)**2 + 4*(C//32)", "32*(C//32)**2*(H + 9*N)"),
    counted("yolo.py:EMA(factor=8)", "10*(C//8)**2 + 4*(C//8)", "8*(C//8)**2*(H + 9*N)"),
    counted("yolo.py:SEAttentionOfYOLO", SE, SE),
]
BLOCKS = [
    counted("blocks.py:SEBasicBlock", f"18*C*C + 5*C + {SE} + C//16", f"18*N*C*C + {SE}"),
    refused("blocks.py:SEBottleneck", "planes=16"),
    counted("blocks.py:SEBottleneck(planes=16)", "5056", "3412480", only=FIRST),
    refused("blocks.py:InvertedResidual", "stride", "expand_ratio"),
    counted("blocks.py:InvertedResidual(stride=1,expand_ratio=6)", "12*C*C + 54*C", "N*(12*C*C + 54*C)"),
    counted("blocks.py:Block", "8*C*C + 58*C", "N*(8*C*C + 49*C)"),
    refused("blocks.py:TransformerBlock", "ffn_expansion_factor", "bias", "LayerNorm_type"),
    counted(
        "blocks.py:TransformerBlock(num_heads=4,ffn_expansion_factor=2,bias=false,LayerNorm_type=WithBias)",
        "7*C*C + 2*C",
        "7*N*C*C",
    ),
    counted("blocks.py:ViTBlock", "12*C*C + 10*C", "12*N*C*C + 2*N*N*C"),
    refused("blocks.py:RCAB", "conv", "function"),
]
HINDERED = [
    refused("hindered.py:OnCuda", ".cuda()"),
    refused("hindered.py:BuiltOnCuda", ".cuda()"),
    counted("hindered.py:ReadsValues", "C*C + C", "N*C*C"),
    counted("hindered.py:ReadsAnItem", "C*C + C", "C*C"),
    counted("hindered.py:ReadsANumberOfItsOwn", "9*C*C + C", "9*N*C*C"),
    refused("hindered.py:HardCoded"),
    counted("hindered.py:WritesInput", "164*C*C//16 + C", "164*N*C*C//16"),
    refused("hindered.py:Multiple", "height 28 is no multiple of 5"),
    counted("hindered.py:Multiple(window_size=7)", "C*C + C", "N*C*C"),
    refused("hindered.py:Halo", "block_size", "halo_size"),
    counted("hindered.py:Halo(block_size=7,halo_size=3)", "64*C", "64*C*N"),
    counted("hindered.py:BareReturn", "C*C + C", "N*C*C", "gives no tensor", gives="()"),
]
MISSING = [refused("missing.py:LinearAttention", "'absent_einops'; it is neither installed")]
LISTINGS = (
    *CHANNELS, *DEFAULTS, *COMPANIONS, *TYPED, *LAYOUTS, *SEVERAL, *SHAPES, *YOLO, *BLOCKS, *HINDERED, *MISSING
)  # fmt: skip
