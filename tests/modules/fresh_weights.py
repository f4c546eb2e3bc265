"""How each module's original fills its parameters: data for test_initial_values.py, read in the source that is named.

An original is the class itself. What the constructor of its network draws over it afterwards belongs to the network.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist


@dataclass(frozen=True)
class Distribution:
    """What a parameter's values are drawn from."""

    mean: float
    std: float
    quantile: Callable[[float], float]  # the value below which that share of all draws lies


@dataclass(frozen=True)
class Tensor:
    """A parameter to be filled: its own shape, and the fans of the weight of its layer, as torch counts them."""

    shape: tuple[int, ...]
    fan_in: int
    fan_out: int


Scale = float | Callable[[Tensor], float]
Rule = Callable[[Tensor], Distribution]


def size_of(scale: Scale, tensor: Tensor) -> float:
    return scale(tensor) if callable(scale) else scale


def constant(value: float) -> Rule:
    return lambda tensor: Distribution(value, 0.0, lambda share: value)


def uniform(bound: Scale) -> Rule:
    """From -bound to bound."""

    def rule(tensor: Tensor) -> Distribution:
        edge = size_of(bound, tensor)
        return Distribution(0.0, edge / 3**0.5, lambda share: (2 * share - 1) * edge)

    return rule


def unit_interval(tensor: Tensor) -> Distribution:
    return Distribution(0.5, 12**-0.5, lambda share: share)


def normal(std: Scale) -> Rule:
    """Also one that is cut off far out, as timm's trunc_normal_ is: at -2 and 2, whatever the spread."""

    def rule(tensor: Tensor) -> Distribution:
        spread = size_of(std, tensor)
        return Distribution(0.0, spread, NormalDist(0, spread).inv_cdf)

    return rule


def around_one(tensor: Tensor) -> Distribution:
    """A normal distribution around 1, as some fill the weights of a norm."""
    return Distribution(1.0, 0.02, NormalDist(1.0, 0.02).inv_cdf)


def cut_normal(std: Scale) -> Rule:
    """A normal distribution cut off at twice its spread; ``std`` is what is left of the spread, 0.88 of it."""

    def rule(tensor: Tensor) -> Distribution:
        spread = size_of(std, tensor)
        whole, tail = NormalDist(0, spread / 0.87962566103423978), NormalDist().cdf(-2)
        return Distribution(0.0, spread, lambda share: whole.inv_cdf(tail + share * (1 - 2 * tail)))

    return rule


ZERO, ONE = constant(0.0), constant(1.0)
# Torch's own, of linear layers and convolutions, the bias as the weight.
FAN_IN = uniform(lambda tensor: tensor.fan_in**-0.5)
XAVIER_UNIFORM = uniform(lambda tensor: (6 / (tensor.fan_in + tensor.fan_out)) ** 0.5)
KAIMING_FAN_IN = normal(lambda tensor: (2 / tensor.fan_in) ** 0.5)
KAIMING_FAN_OUT = normal(lambda tensor: (2 / tensor.fan_out) ** 0.5)
XAVIER_NORMAL = normal(lambda tensor: (2 / (tensor.fan_in + tensor.fan_out)) ** 0.5)
RMT = normal(lambda tensor: 2**-2.5 * (2 / (tensor.fan_in + tensor.fan_out)) ** 0.5)
# One matrix of 3C x C for queries, keys and values.
IN_PROJECTION = uniform(lambda tensor: (6 / (tensor.fan_in + 3 * tensor.fan_in)) ** 0.5)
NORMAL_FAN_IN = normal(lambda tensor: tensor.fan_in**-0.5)
NORMAL_DEPTH = normal(lambda tensor: tensor.shape[-1] ** -0.5)


def one_of(count: int) -> Rule:
    """One 1 among as many values, the others 0, again and again."""

    ones = 1 / count
    return lambda tensor: Distribution(
        ones, (ones * (1 - ones)) ** 0.5, lambda share: float(share > 1 - ones)
    )


def compass(tensor: Tensor) -> Distribution:
    """8 heads look along 8 directions, 4 points along each: at 1 to 4 times its direction, whose larger side is 1."""
    moves = 6 / 8  # the share of directions that move along an axis
    spread = (moves * sum(step**2 for step in (1, 2, 3, 4)) / 4) ** 0.5
    return Distribution(0.0, spread, lambda share: 4.0 if share > 0.5 else -4.0)


@dataclass(frozen=True)
class Original:
    """Where the original is, and its rule for every parameter that it does not leave to torch's own layers.

    ``rules``: by our parameter's name, in which * stands for anything; the first that fits holds.
    """

    source: str
    rules: Mapping[str, Rule] = field(default_factory=dict)


ORIGINALS = {
    "a2": Original("DoubleAttention, attention_mechanisms/double_attention.py, changzy00/pytorch-attention"),
    "a2c2f": Original(
        "A2C2f and ABlock, ultralytics 8.4.190",
        {"gamma": constant(0.01), "blocks.*.conv.weight": normal(0.02)},
    ),
    "aa": Original(
        "AugmentedConv, attention_augmented_conv.py, leaderj1001/Attention-Augmented-Conv2d",
        {"relative_*": normal(1.0)},
    ),
    "acmix": Original(
        "ACmix, ResNet/test_bottleneck.py, LeapLabTHU/ACmix",
        {"rate_*": constant(0.5), "conv.weight": one_of(9)},
    ),
    "aff": Original("MS_CAM, aff_pytorch/aff_net/fusion.py, YimianDai/open-aff"),
    "aff_fusion": Original("AFF, aff_pytorch/aff_net/fusion.py, YimianDai/open-aff"),
    "agent": Original(
        "AgentAttention, agent_transformer/models/agent_pvt.py, LeapLabTHU/Agent-Attention",
        {"*_bias.*": normal(0.02)},
    ),
    "aifi": Original(
        "AIFI, ultralytics 8.4.190, whose attention is torch's MultiheadAttention",
        {
            "query_key.weight": IN_PROJECTION,
            "value.weight": IN_PROJECTION,
            "query_key.bias": ZERO,
            "value.bias": ZERO,
            "project.bias": ZERO,
        },
    ),
    "attention_gate": Original(
        "GridAttentionBlock2D, models/layers/grid_attention_layer.py, ozan-oktay/Attention-Gated-Networks",
        {"*.conv.weight": KAIMING_FAN_IN, "project.norm.weight": around_one},
    ),
    "axial": Original(
        "AxialAttention, lib/models/axialnet.py, csrhddlam/axial-deeplab",
        {
            "*.qkv.weight": NORMAL_FAN_IN,
            "*.relative": normal(lambda tensor: (tensor.shape[0] / 2) ** -0.5),
        },
    ),
    "bam": Original("BAM, MODELS/bam.py, Jongchan/attention-module"),
    "bat": Original(
        # Its init_modules is called by the network.
        "BATBlock, model_zoo/non_local.py, BA-Transform/BAT-Image-Classification"
    ),
    "biformer": Original("BiLevelRoutingAttention, ops/bra_legacy.py, rayleizhu/BiFormer"),
    "botnet": Original(
        "BottleneckAttn, timm 1.0.31",
        {"qkv.weight": NORMAL_FAN_IN, "relative_*": NORMAL_DEPTH},
    ),
    "c2psa": Original("C2PSA, ultralytics 8.4.190"),
    "ca": Original("CoordAtt, coordatt.py, houqb/CoordAttention"),
    "caa": Original(
        "CAA, mmrotate/models/backbones/pkinet.py, PKINet/PKINet, built of mmcv's ConvModule",
        {"*.norm.weight": ONE, "*.weight": KAIMING_FAN_OUT, "*.bias": ZERO},
    ),
    "cafm": Original(
        "Attention, HCANet.py, summitgao/HCANet",
        {"temperature": ONE},
    ),
    "casvit": Original("AdditiveTokenMixer, classification/model/rcvit.py, Tianfang-Zhang/CAS-ViT"),
    "cbam": Original("CBAM, MODELS/cbam.py, Jongchan/attention-module"),
    "cca": Original(
        "PixelwiseAttention, cc_attention/functions.py, speedinghzl/CCNet",
        {"gamma": ZERO},
    ),
    "ceca": Original("CecaModule, timm 1.0.31"),
    "cga": Original(
        "LocalWindowAttention, timm 1.0.31",
        {"bias": ZERO, "project.norm.weight": ZERO},
    ),
    "cgafusion": Original("CGAFusion, code/model/modules/fusion.py, cecret3350/DEA-Net"),
    "clo": Original("EfficientAttention, classification/models/blocks.py, qhfan/CloFormer"),
    "cot": Original("CotLayer and CoXtLayer, models/cotnet.py, JDAI-CV/CoTNet"),
    "cpca": Original("CPCABlock, a copy of the one in Cuthbert-Huang/CPCANet"),
    "crossformer": Original("Attention and DynamicPosBias, models/crossformer.py, cheerss/CrossFormer"),
    "cswin": Original("LePEAttention and CSWinBlock, models/cswin.py, microsoft/CSWin-Transformer"),
    "d_lka": Original(
        "deformable_LKA_Attention, a copy of the one in xmindflow/deformableLKA; torchvision's DeformConv2d",
        {"near.weight": FAN_IN, "far.weight": FAN_IN},
    ),
    "danet": Original(
        "PAM_Module and CAM_Module, encoding/nn/da_att.py, junfu1115/DANet",
        {"*.gamma": ZERO},
    ),
    "dat": Original(
        "DAttentionBaseline, models/dat_blocks.py, LeapLabTHU/DAT",
        {"bias_table": normal(0.01)},
    ),
    "davit": Original("ChannelAttention, timm 1.0.31"),
    "eca": Original("eca_layer, models/eca_module.py, BangguWu/ECANet"),
    "efficient": Original("EfficientAttention, efficient_attention.py, cmsflash/efficient-attention"),
    "ema": Original("EMA, EMA_attention_module, YOLOonMe/EMA-attention-module"),
    "emau": Original(
        "EMAU, network.py, XiaLiPKU/EMANet",
        {"embed.weight": KAIMING_FAN_OUT, "project.weight": KAIMING_FAN_OUT},
    ),
    "epa": Original(
        "EPA, unetr_pp/network_architecture/synapse/transformerblock.py, Amshaker/unetr_plus_plus",
        {"*_temperature": ONE},
    ),
    "ese": Original("eSEModule, vovnet/vovnet.py, youngwanLEE/vovnet-detectron2"),
    "external": Original(
        "External_attention, model_torch.py, MenghaoGuo/EANet: both memories in one storage",
        {
            "embed.weight": KAIMING_FAN_OUT,
            "memory_key.weight": KAIMING_FAN_IN,
            "memory_value.weight": KAIMING_FAN_OUT,
            "project.weight": KAIMING_FAN_OUT,
        },
    ),
    "fca": Original("MultiSpectralAttentionLayer, model/layer.py, cfzd/FcaNet"),
    "flatten": Original(
        "FocusedLinearAttention, models/flatten_pvt.py, LeapLabTHU/FLatten-Transformer",
        {"scale": ZERO, "position": ZERO},
    ),
    "focal": Original("FocalModulation, classification/focalnet.py, microsoft/FocalNet"),
    "gala": Original(
        "feature_attention_gala, resnet_helpers.py, serre-lab/gala_tpu: TensorFlow's variance scaling, dense layers Xavier",
        {
            "local_*.weight": cut_normal(lambda tensor: tensor.fan_in**-0.5),
            "global_*.weight": XAVIER_UNIFORM,
            "*.bias": ZERO,
            "alpha": cut_normal(1.0),
            "beta": cut_normal(1.0),
        },
    ),
    "gam": Original("GAM_Attention, 00-GAM/GAM attention.py, northBeggar/Plug-and-Play"),
    "gc": Original(
        "ContextBlock2d, mmdet/ops/ct/context_block.py, xvjiarui/GCNet",
        {"mask.weight": KAIMING_FAN_IN, "mask.bias": ZERO, "*.excite.*": ZERO},
    ),
    "gct": Original(
        "GCT, PyTorch/GCT.py, z-x-yang/GCT",
        {"alpha": ONE, "gamma": ZERO, "beta": ZERO},
    ),
    "ge": Original(
        "models/RN50-GEPP.prototxt, hujie-frank/GENet: Caffe's fillers msra and gaussian",
        {
            "gather.*.conv.weight": KAIMING_FAN_IN,
            "excite.*.weight": normal(0.01),
            "excite.*.bias": ZERO,
        },
    ),
    "gnconv": Original("gnconv, hornet.py, raoyongming/HorNet"),
    "gsop": Original(
        "Bottleneck, torchvision/models/resnet.py, ZilinGao/Global-Second-order-Pooling-Convolutional-Networks"
    ),
    "halo": Original(
        "HaloAttn, timm 1.0.31",
        {
            "query.weight": NORMAL_FAN_IN,
            "key_value.weight": NORMAL_FAN_IN,
            "relative_*": NORMAL_DEPTH,
        },
    ),
    "hamburger": Original(
        "HamburgerV1, seg/HamNet/hamburger/burger.py, Gsunshine/Enjoy-Hamburger",
        {"enter.weight": KAIMING_FAN_OUT, "leave.weight": KAIMING_FAN_OUT},
    ),
    "hilo": Original("HiLo, hilo.py, ziplab/LITv2"),
    "iaff": Original("iAFF, aff_pytorch/aff_net/fusion.py, YimianDai/open-aff"),
    "involution": Original(
        "involution, det/mmdet/models/utils/involution_naive.py, d-li14/involution, built of mmcv's ConvModule",
        {"squeeze.weight": KAIMING_FAN_OUT, "span.weight": KAIMING_FAN_OUT, "span.bias": ZERO},
    ),
    "irmb": Original("iRMB, model/emo.py, zhangzjn/EMO"),
    "lambda_layer": Original(
        "LambdaLayer, timm 1.0.31",
        {
            "qkv.weight": NORMAL_FAN_IN,
            "position.weight": normal(lambda tensor: tensor.shape[0] ** -0.5),
        },
    ),
    "lct": Original(
        "LCT, attention-mechanisms/lct.py, changzy00/pytorch-attention",
        {"weight": ONE, "bias": ZERO},
    ),
    "lgag": Original(
        "LGAG, lib/decoders.py, SLDGroup/EMCAD",
        {"*.conv.weight": normal(0.02), "*.conv.bias": ZERO},
    ),
    "linformer": Original(
        "LinformerSelfAttention, linformer 0.2.3 (lucidrains/linformer)",
        {"*_sum": uniform(lambda tensor: tensor.shape[-1] ** -0.5)},
    ),
    "litemla": Original("LiteMLA, efficientvit/models/nn/ops.py, mit-han-lab/efficientvit"),
    "lka": Original(
        "AttentionModule and SpatialAttention, models/van.py, Visual-Attention-Network/VAN-Classification"
    ),
    "lsk": Original("LSKblock, mmrotate/models/backbones/lsknet.py, zcablii/LSKNet"),
    "lska": Original("LSKA, models/van.py, StevenLauHKHK/Large-Separable-Kernel-Attention"),
    "masa": Original(
        "VisionRetentionChunk, classfication_release/RMT.py, qhfan/RMT",
        {
            "query.weight": RMT,
            "key.weight": RMT,
            "value.weight": RMT,
            "project.weight": XAVIER_NORMAL,
            "project.bias": ZERO,
        },
    ),
    "maxvit": Original(
        "AttentionCl and RelPosBias, timm 1.0.31",
        {"relative_bias": normal(0.02)},
    ),
    "mca": Original(
        "MCALayer, ImageNet/mca_module.py, ndsclark/MCANet",
        {"rows.weight": unit_interval, "columns.weight": unit_interval, "channels.weight": unit_interval},
    ),
    "mdta": Original(
        "Attention, basicsr/models/archs/restormer_arch.py, swz30/Restormer",
        {"temperature": ONE},
    ),
    "mhsa": Original("Attention, timm 1.0.31"),
    "mlca": Original("MLCA, MLCA.py, wandahangFY/MLCA"),
    "mlla": Original("LinearAttention and MLLABlock, models/mlla.py, LeapLabTHU/MLLA"),
    "mobilevit": Original("MobileVitBlock, timm 1.0.31"),
    "mobilevitv2": Original("LinearSelfAttention, cvnets/layers/linear_attention.py, apple/ml-cvnets"),
    "moga": Original(
        "MultiOrderGatedAggregation, models/moganet.py, Westlake-AI/MogaNet",
        {"contrast": constant(1e-5)},
    ),
    "msca": Original("AttentionModule, mmseg/models/backbones/mscan.py, Visual-Attention-Network/SegNeXt"),
    "mscam": Original(
        "CAB, SAB and MSCB, lib/decoders.py, SLDGroup/EMCAD",
        {
            "squeeze.weight": normal(0.02),
            "excite.weight": normal(0.02),
            "place.weight": normal(0.02),
            "*.conv.weight": normal(0.02),
        },
    ),
    "msda": Original("MultiDilatelocalAttention, models/dilateformer.py, JIAOJIAYUASD/dilateformer"),
    "msdeform": Original(
        "MSDeformAttn, models/ops/modules/ms_deform_attn.py, fundamentalvision/Deformable-DETR",
        {
            "offset.weight": ZERO,
            "offset.bias": compass,
            "weight.*": ZERO,
            "value.weight": XAVIER_UNIFORM,
            "value.bias": ZERO,
            "project.weight": XAVIER_UNIFORM,
            "project.bias": ZERO,
        },
    ),
    "nam": Original("Channel_Att, MODELS/attention.py, Christian-lyc/NAM"),
    "nat": Original(
        "LegacyNeighborhoodAttention2D, natten/nattentorch2d.py, SHI-Labs/Neighborhood-Attention-Transformer",
        {"relative_bias": normal(0.02)},
    ),
    "nonlocal": Original(
        "NONLocalBlock2D, lib/non_local_embedded_gaussian.py, AlexHex7/Non-local_pytorch",
        {"norm.*": ZERO},
    ),
    "outlook": Original("OutlookAttention, models/volo.py, sail-sg/volo"),
    "parnet": Original(
        "RepVGGBlock, imagenet/timm/models/simplenet_impl/repvgg.py, imankgoyal/NonDeepNetworks"
    ),
    "performer": Original("SelfAttention, performer-pytorch 1.1.4 (lucidrains/performer-pytorch)"),
    "polaformer": Original(
        "PolaLinearAttention, copies of the one in ZacharyMeng/PolaFormer",
        {"scale": ZERO, "power": ZERO, "position": ZERO},
    ),
    "polarized": Original(
        "PSA_p and PSA_s, semantic-segmentation/network/PSA.py, DeLightCMU/PSA",
        {
            "channel_query.weight": KAIMING_FAN_IN,
            "channel_value.weight": KAIMING_FAN_IN,
            "spatial_*.weight": KAIMING_FAN_IN,
        },
    ),
    "psa": Original("PSAModule, models/epsanet.py, murufeng/EPSANet"),
    "pvt": Original("Attention, classification/pvt.py, whai362/PVT"),
    "quadtree": Original(
        "QuadtreeAttention, classification/quadtree_attention.py, Tangshitao/QuadTreeAttention",
        {
            "coarsen.*.0.weight": ONE,
            "coarsen.*.3.weight": ONE,
            "level_weight": normal(1.0),
            "*.weight": normal(0.02),
            "*.bias": ZERO,
        },
    ),
    "rfaconv": Original("RFAConv2, model.py, Liuchen1997/RFAConv"),
    "rfca": Original("RFCAConv, model.py, Liuchen1997/RFAConv"),
    "rfcbam": Original("RFCBAMConv, model.py, Liuchen1997/RFAConv"),
    "sa": Original(
        "sa_layer, models/sa_resnet.py, wofmanaf/SA-Net",
        {"channel_weight": ZERO, "spatial_weight": ZERO, "*_bias": ONE},
    ),
    "sc": Original("SCConv and SCBottleneck, scnet.py, MCG-NKU/SCNet"),
    "scsa": Original("SCSA, mmpretrain/models/attentions/SCSA.py, HZAI-ZJNU/SCSA"),
    "scse": Original(
        "ChannelSpatialSELayer, squeeze_and_excitation/squeeze_and_excitation.py, ai-med/squeeze_and_excitation"
    ),
    "se": Original("SELayer, senet/se_module.py, moskomule/senet.pytorch; the authors' is Caffe"),
    "seam": Original(
        "SEAM, models/common.py, Krasjet-Yu/YOLO-FaceV2",
        {"*.conv.weight": XAVIER_UNIFORM},
    ),
    "sge": Original(
        "SpatialGroupEnhance, classification/models/imagenet/resnet_sge.py, implus/PytorchInsight",
        {"weight": ZERO, "bias": ONE},
    ),
    "shsa": Original(
        "SHSA, timm 1.0.31",
        {"project.norm.weight": ZERO},
    ),
    "sk": Original(
        "models/sknet50.prototxt, implus/SKNet: Caffe's fillers msra and gaussian",
        {
            "branches.*.conv.weight": KAIMING_FAN_IN,
            "squeeze.weight": normal(0.01),
            "select.*.weight": normal(0.01),
        },
    ),
    "splat": Original("SplAtConv2d, resnest/torch/splat.py, zhanghang1989/ResNeSt"),
    "srm": Original(
        "SRMLayer, models/recalibration_modules.py, hyunjaelee410/style-based-recalibration-module",
        {"style_weight": ZERO},
    ),
    "stoken": Original(
        "StokenAttention, models/stvit.py, hhb072/STViT",
        {"fold": one_of(9), "unfold": one_of(9)},
    ),
    "strip": Original("StripPooling, models/customize.py, houqb/SPNet, and copies of its SPBlock"),
    "swiftformer": Original(
        "EfficientAdditiveAttnetion, models/swiftformer.py, Amshaker/SwiftFormer",
        {"score": normal(1.0)},
    ),
    "swin": Original(
        "WindowAttention, models/swin_transformer.py, microsoft/Swin-Transformer",
        {"relative_bias": normal(0.02)},
    ),
    "triplet": Original("TripletAttention, triplet_attention.py, landskape-ai/triplet-attention"),
    "twins": Original("LocallyGroupedAttn and GlobalSubSampleAttn, timm 1.0.31"),
    "xca": Original(
        "XCA, xcit.py, facebookresearch/xcit",
        {"temperature": ONE},
    ),
    "yolo": Original("Attention and AAttn, ultralytics 8.4.190"),
}

# Settings whose original is another one, or does something else.
VARIANTS = {
    ("attention_gate", "norms", True): Original("Attention_block, network.py, LeeJunHyun/Image_Segmentation"),
    ("external", "mode", "tokens"): Original(
        "ExternalAttention, model/attention/ExternalAttention.py, xmu-xiaoma666/External-Attention-pytorch",
        {"memory_*.weight": normal(0.001)},
    ),
    ("external", "mode", "multi_head"): Original(
        "Attention, multi_head_attention_torch.py, MenghaoGuo/EANet"
    ),
    ("ge", "timm", True): Original("GatherExcite, timm 1.0.31"),
    ("halo", "mode", "lucidrains"): Original(
        "HaloAttention, halonet_pytorch/halonet_pytorch.py, lucidrains/halonet-pytorch",
        {"relative_*": NORMAL_DEPTH},
    ),
    ("lambda_layer", "mode", "global"): Original(
        "LambdaLayer, lambda_networks/lambda_networks.py, lucidrains/lambda-networks",
        {"relative": normal(1.0)},
    ),
    ("nonlocal", "norm", False): Original(
        "NONLocalBlock2D with bn_layer=False, lib/non_local_embedded_gaussian.py, AlexHex7/Non-local_pytorch",
        {"project.*": ZERO},
    ),
    ("seam", "multi", True): Original("MultiSEAM, models/common.py, Krasjet-Yu/YOLO-FaceV2"),
    ("sk", "mode", "ppplang"): Original("SKConv, sknet.py, pppLang/SKNet"),
    ("pvt", "linear", True): Original(
        "Attention, classification/pvt_v2.py, whai362/PVT",
        {"reduce.weight": KAIMING_FAN_OUT, "norm.weight": ONE, "*.weight": normal(0.02), "*.bias": ZERO},
    ),
}

# Modules without an original's reset to compare with, and why: the module, and why.
UNSEEN = {
    "ela": "no code by its authors",
    "none": "has no parameters",
    "s2": "no code by its authors",
    "simam": "has no parameters",
}
