"""OpenMMLab: a plugin of mmcv, for the ResNets of mmdet, mmpretrain and mmsegmentation."""

from attnprof.snippets import Example, Snippet

STAGES = {512: 28, 1024: 14, 2048: 7}
GLUE = '''@MODELS.register_module()
class {name}Plugin(nn.Module):
    """{name} as a plugin: mmcv builds it with in_channels and what the configuration says."""

    _abbr_ = "{key}"

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.gate = {call}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, C, H, W) to the same shape."""
        return self.gate(x)


# In a configuration; the file above is named in custom_imports = dict(imports=["..."]).
backbone = dict(
    type="ResNet",
    depth=50,
    plugins=[dict(cfg=dict(type="{name}Plugin"), stages=(False, True, True, True), position="after_conv3")],
)

if __name__ == "__main__":
    _, layer = build_plugin_layer(backbone["plugins"][0]["cfg"], in_channels={channels})
    print(layer(torch.randn(2, {channels}, 28, 28)).shape)'''


def write(example: Example) -> str:
    """The module, its plugin, and a backbone's configuration. UsageError for one built for a map size."""
    for channels, side in STAGES.items():
        example.require(channels, side, "a ResNet of OpenMMLab")
    imports = [
        "import torch",
        "from mmcv.cnn import build_plugin_layer",
        "from mmengine.registry import MODELS",
    ]
    first = next(iter(STAGES))
    glue = GLUE.format(
        name=example.name, key=example.entry.key, call=example.call("in_channels"), channels=first
    )
    return example.file([*imports, "from torch import nn"], glue)


SNIPPET = Snippet(help="a plugin for the ResNets of OpenMMLab", write=write)
