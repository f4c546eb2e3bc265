"""Networks of pytorchcv, transformers and timm, as far as they are installed: all are counted, and their MACs
are those of torch's FlopCounterMode wherever it counts them."""

import logging
from importlib.metadata import version
from unittest import mock

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from attnprof import cost
from attnprof.counting.inputs import arguments, tensors
from tests.every_case import every_case

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
LEAST_MODELS = 60
PYTORCHCV = [
    "alexnet",
    "vgg11",
    "bn_vgg13",
    "preresnet18",
    "resnet18",
    "resnet50",
    "resnext50_32x4d",
    "seresnet50",
    "seresnext50_32x4d",
    "senet28",
    "ibn_resnet50",
    "airnet50_1x64d_r2",
    "bam_resnet18",
    "cbam_resnet18",
    "resattnet56",
    "sknet50",
    "diaresnet18",
    "diracnet18v2",
    "sharesnet18",
    "densenet121",
    "condensenet74_c4_g4",
    "sparsenet121",
    "peleenet",
    "wrn50_2",
    "drnc26",
    "dpn68",
    "darknet53",
    "irevnet301",
    "bagnet9",
    "dla34",
    "fishnet99",
    "espnetv2_wd2",
    "dicenet_wd2",
    "hrnet_w18_small_v1",
    "vovnet27s",
    "selecsls42",
    "hardnet39ds",
    "squeezenet_v1_0",
    "squeezeresnet_v1_1",
    "sqnxt23_w1",
    "shufflenet_g1_wd4",
    "shufflenetv2_wd2",
    "menet108_8x1_g3",
    "mobilenet_wd4",
    "fdmobilenet_wd4",
    "mobilenetv2_wd4",
    "mobilenetv3_large_w1",
    "igcv3_wd4",
    "ghostnet",
    "mnasnet_a1",
    "darts",
    "proxylessnas_cpu",
    "fbnet_cb",
    "xception",
    "inceptionv3",
    "inceptionresnetv2",
    "nasnet_4a1056",
    "spnasnet",
    "efficientnet_b0",
    "mixnet_s",
    "nin_cifar10",
    "bisenet_resnet18_celebamaskhq",
    "icnet_resnetd50b_cityscapes",
    "fastscnn_cityscapes",
    "cgnet_cityscapes",
    "dabnet_cityscapes",
    "sinet_cityscapes",
    "pspnet_resnetd50b_voc",
    "deeplabv3_resnetd50b_voc",
    "fcn8sd_resnetd50b_voc",
    "danet_resnetd50b_cityscapes",
    "lednet_cityscapes",
    "centernet_resnet18_voc",
    "lwopenpose2d_mobilenet_cmupan_coco",
    "ibppose_coco",
    "simplepose_resnet18_coco",
]
READS_ITS_CONSTANTS = ("simplepose_resnet18_coco",)  # not built on meta, where constants have no values

_BERT = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 200,
    "max_position_embeddings": 128,
}
_GROUPED = _BERT | {"num_key_value_heads": 2}
_BART = {
    "d_model": 64,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 128,
    "decoder_ffn_dim": 128,
    "vocab_size": 200,
}
_VIT = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "image_size": 64,
    "patch_size": 16,
}
_STAGES = {"hidden_sizes": [16, 32, 64, 64], "depths": [1, 1, 1, 1]}
_SWIN = {"embed_dim": 32, "depths": [1, 1], "num_heads": [2, 4], "image_size": 64, "window_size": 4}
IDS, IMAGE = "input_ids=int64[200]:2x16", "pixel_values=1x3x64x64"
BOTH = IDS + ",decoder_input_ids=int64[200]:2x8"
# By class of model: its configuration, and its inputs.
TRANSFORMERS = {
    "Bert": (_BERT, IDS),
    "Roberta": (_BERT, IDS),
    "Electra": (_BERT | {"embedding_size": 64}, IDS),
    "DistilBert": ({"dim": 64, "n_layers": 2, "n_heads": 4, "hidden_dim": 128, "vocab_size": 200}, IDS),
    "Albert": (_BERT | {"embedding_size": 32}, IDS),
    "DebertaV2": (_BERT | {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]}, IDS),
    "Longformer": (_BERT | {"attention_window": [8, 8]}, IDS),
    "GPTNeoX": (_BERT, IDS),
    "OPT": (
        {k: v for k, v in _BERT.items() if k != "intermediate_size"}
        | {"ffn_dim": 128, "word_embed_proj_dim": 64},
        IDS,
    ),
    "Llama": (_GROUPED, IDS),
    "Mistral": (_GROUPED, IDS),
    "Qwen2": (_GROUPED, IDS),
    "Gemma": (_GROUPED | {"head_dim": 16}, IDS),
    "Mixtral": (_GROUPED | {"num_local_experts": 4}, IDS),
    "Mamba": ({"hidden_size": 64, "num_hidden_layers": 2, "state_size": 8, "vocab_size": 200}, IDS),
    "T5": (
        {"d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 2, "num_heads": 4, "vocab_size": 200},
        BOTH,
    ),
    "Bart": (_BART, IDS),
    "Pegasus": (_BART, BOTH),
    "XLNet": ({"d_model": 64, "n_layer": 2, "n_head": 4, "d_inner": 128, "vocab_size": 200}, IDS),
    "Wav2Vec2": (
        _BERT | {"conv_dim": [32] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4},
        "input_values=1x4000",
    ),
    "ViT": (_VIT, IMAGE),
    "Beit": (_VIT, IMAGE),
    "Swin": (_SWIN, IMAGE),
    "Swinv2": (_SWIN, IMAGE),
    "ConvNext": (_STAGES, IMAGE),
    "Segformer": (_STAGES | {"num_attention_heads": [1, 2, 4, 4]}, IMAGE),
    "Pvt": (_STAGES | {"num_attention_heads": [1, 2, 4, 4], "image_size": 64}, IMAGE),
    "Yolos": (_VIT | {"image_size": [64, 64], "num_detection_tokens": 10}, IMAGE),
}
TIMM = [
    "resnet18",
    "convnext_atto",
    "vit_tiny_patch16_224",
    "swin_tiny_patch4_window7_224",
    "mixer_s32_224",
    "efficientnet_b0",
]


def of_pytorchcv():
    """Builders and inputs by name."""
    from pytorchcv.model_provider import get_model

    def build(name):
        with torch.device("cpu" if name in READS_ITS_CONSTANTS else "meta"):
            network = get_model(name)
        return network, (1, network.in_channels if hasattr(network, "in_channels") else 3, *network.in_size)

    return {name: build for name in PYTORCHCV}


def of_transformers():
    import transformers

    logging.getLogger("transformers").setLevel(logging.ERROR)

    def build(name):
        settings, inputs = TRANSFORMERS[name]
        config = getattr(transformers, f"{name}Config")(**settings)
        return getattr(transformers, f"{name}Model")(config), inputs

    return {name: build for name in TRANSFORMERS}


def of_timm():
    import timm

    return {name: lambda name: (timm.create_model(name), (1, 3, 224, 224)) for name in TIMM}


COLLECTIONS = {"pytorchcv": of_pytorchcv, "transformers": of_transformers, "timm": of_timm}


def no_batch_norms():
    return mock.patch("torch.nn.functional.batch_norm", lambda x, *statistics, **settings: x)


def by_flop_counter(module, inputs):
    """FlopCounterMode's MACs on meta tensors; None where it does not count the network there.

    It has no MACs of a batch norm, and needs most of its time to take each of them to pieces: they are left out.
    """
    called = tensors(arguments(inputs, {}, module), torch.float32, torch.device("meta"), keeps_values=False)
    try:
        with no_batch_norms(), torch.no_grad(), FlopCounterMode(display=False) as counter:
            module.to("meta")(*called.positional, **called.named)
    except (RuntimeError, AssertionError):
        return None
    return counter.get_total_flops() // 2


def test_every_installed_model_is_counted_and_equal(capsys):
    lines, models = [], 0
    with every_case() as case:
        for collection, list_builders in COLLECTIONS.items():
            try:
                builders = list_builders()
            except ImportError as problem:
                lines.append(f"{collection}: not used, {problem}")
                continue
            equal = alone = 0
            for name, build in builders.items():
                with case(f"{collection} {name}"):
                    torch.manual_seed(0)
                    module, inputs = build(name)
                    counts = cost(module.eval(), inputs)
                    assert counts.macs > 0
                    assert counts.unknown_ops == ()
                    theirs = by_flop_counter(module, inputs)
                    assert theirs in (None, counts.macs)
                    alone, equal = alone + (theirs is None), equal + (theirs is not None)
            models += equal + alone
            lines.append(f"{collection} {version(collection)}: {equal} equal, {alone} counted here alone")
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert models >= LEAST_MODELS
