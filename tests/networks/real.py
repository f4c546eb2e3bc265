"""Networks of other packages, and a place for modules in each: submodules that give maps.

A function a network, the package in front of its name. Packages, torch too, are imported when one is called:
whoever only asks what is here imports nothing.
"""

import re
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple


class Place(NamedTuple):
    """Where modules go in a network."""

    pattern: str  # of the submodules that they go behind
    side: int = 224  # of the network's input
    channels_last: bool = False  # whether maps there are (N, H, W, C)


PLACES = {
    "torchvision_resnet50": Place("layer*.*.bn3"),
    "torchvision_densenet121": Place("features.denseblock*"),
    "torchvision_mobilenet_v3_small": Place("features.*"),
    "torchvision_efficientnet_b0": Place("features.*.*"),
    "torchvision_googlenet": Place("inception??"),
    "torchvision_shufflenet_v2_x1_0": Place("stage*.*"),
    "torchvision_regnet_y_400mf": Place("trunk_output.*"),
    "torchvision_vgg11_bn": Place("features.*"),
    "torchvision_convnext_tiny": Place("features.*"),
    "torchvision_swin_t": Place("features.*", channels_last=True),
    "torchvision_deeplabv3_resnet50": Place("classifier.0.convs.*"),
    "timm_resnet18d": Place("layer*.*"),
    "timm_convnext_atto": Place("stages.*.blocks.*"),
    "timm_swin_tiny_patch4_window7_224": Place("layers.*", channels_last=True),
    "timm_hrnet_w18_small": Place("layer1.*"),
    "timm_ghostnet_100": Place("blocks.*"),
    "timm_res2net50_26w_4s": Place("layer*.*.bn3"),
    "timm_poolformer_s12": Place("stages.*.blocks.*"),
    "timm_mobilevit_xxs": Place("stages.*"),
    "timm_vit_tiny_patch16_224": Place("patch_embed.proj"),
    "pytorchcv_resnet18": Place("features.stage*.*.body"),
    "pytorchcv_densenet121": Place("features.stage*"),
    "pytorchcv_shufflenetv2_wd2": Place("features.stage*.*"),
    "pytorchcv_peleenet": Place("features.stage*"),
    "pytorchcv_inceptionv4": Place("features.stage*.*", 299),
    "pytorchcv_hrnet_w18_small_v1": Place("features.init_block"),
    "pytorchcv_dla34": Place("features.stage*"),
    "transformers_ResNet": Place("encoder.stages.*"),
    "transformers_RegNet": Place("encoder.stages.*.layers.*"),
    "transformers_ConvNext": Place("encoder.stages.*.layers.*"),
    "transformers_MobileNetV2": Place("layer.*"),
    "transformers_PoolFormer": Place("encoder.patch_embeddings.*.projection"),
    "transformers_Segformer": Place("stages.*.patch_embeddings.proj"),
    "transformers_Swin": Place("embeddings.patch_embeddings.projection"),
    "transformers_Detr": Place("backbone.model.encoder.stages.*"),
}


def package_of(name: str) -> str:
    """The package of the network ``name``."""
    return name.partition("_")[0]


def build(name: str) -> Any:
    """The network ``name`` on the default device."""
    package, _, kind = name.partition("_")
    return _BUILDERS[package](kind)


def _of_torchvision(kind: str) -> Any:
    _declare_operators()
    models = import_module("torchvision.models")
    options = {"init_weights": False} if kind == "googlenet" else {}
    if kind.startswith("deeplab"):
        options = {"weights_backbone": None}
    return models.get_model(kind, weights=None, **options)


def _of_timm(kind: str) -> Any:
    _declare_operators()
    return import_module("timm").create_model(kind, pretrained=False)


def _of_pytorchcv(kind: str) -> Any:
    return import_module("pytorchcv.model_provider").get_model(kind, pretrained=False)


def _of_transformers(kind: str) -> Any:
    _declare_operators()
    transformers = import_module("transformers")
    options = {}
    if kind == "Detr":
        options = {"use_timm_backbone": False, "use_pretrained_backbone": False}
        options["backbone_config"] = transformers.ResNetConfig(out_features=["stage4"])
    return getattr(transformers, f"{kind}Model")(getattr(transformers, f"{kind}Config")(**options))


_BUILDERS = {
    "torchvision": _of_torchvision,
    "timm": _of_timm,
    "pytorchcv": _of_pytorchcv,
    "transformers": _of_transformers,
}

# torchvision's operators are in a library of its own, which is of one version of torch and does not load beside
# another. It cannot be imported without those that it describes to torch; no network here calls one.
_DESCRIBED = re.compile(r"register_fake\(\"torchvision::(\w+)\"")
_STUBS: list[Any] = []  # alive as long as their operators


def _declare_operators() -> None:
    """Let torchvision be imported where its library does not load."""
    spec = find_spec("torchvision")
    if spec is None or _STUBS:
        return
    torch = import_module("torch")
    folder = Path(spec.submodule_search_locations[0])
    for library in folder.glob("_C*.so"):
        with suppress(OSError):
            torch.ops.load_library(str(library))
    _STUBS.append(torch.library.Library("torchvision", "FRAGMENT"))
    for name in _DESCRIBED.findall((folder / "_meta_registrations.py").read_text()):
        if not hasattr(torch.ops.torchvision, name):
            _STUBS[0].define(f"{name}(Tensor x) -> Tensor")


def __getattr__(name: str) -> Any:
    """The function that builds the network ``name``."""
    if name not in PLACES:
        raise AttributeError(name)
    return lambda: build(name)
