"""timm: a ResNet-50 with the module in every block."""

from attnprof.snippets import Example, Snippet

# Channels and map side of ResNet-50's four stages at 224x224: at the blocks' ends, and at their 3x3
# convolutions.
ENDS = {256: 56, 512: 28, 1024: 14, 2048: 7}
INNER = {64: 56, 128: 28, 256: 14, 512: 7}
AFTER = """{sides}def attention(channels: int, **factory: object) -> nn.Module:
    # Newer versions of timm pass device and dtype.
    return {call}


# timm builds attn_layer at the end of every block, before the sum with the shortcut.
model = timm.create_model("resnet50", block_args={{"attn_layer": attention}})
print(model.eval()(torch.randn(1, 3, 224, 224)).shape)"""
REPLACE = """{sides}def attention(channels: int) -> nn.Module:
    return {call}


model = timm.create_model("resnet50")
for block in [module for module in model.modules() if isinstance(module, Bottleneck)]:
    if block.conv2.stride == (1, 1):
        block.conv2 = attention(block.conv2.in_channels)
print(model.eval()(torch.randn(1, 3, 224, 224)).shape)"""


def write(example: Example) -> str:
    """The module, and a model with it. Raises UsageError where a stage's size is none of its own."""
    places = INNER if example.replaces else ENDS
    for channels, side in places.items():
        example.require(channels, side, "timm's resnet50", sized=True)
    imports = ["import timm", "import torch", "from torch import nn"]
    imports += ["from timm.models.resnet import Bottleneck"] if example.replaces else []
    sides = (
        f"SIDES = {places!r}  # channels: side of the map, for images of 224x224\n\n\n"
        if example.sized
        else ""
    )
    glue = (REPLACE if example.replaces else AFTER).format(
        sides=sides, call=example.call("channels", "SIDES[channels]", "SIDES[channels]")
    )
    return example.file(imports, glue)


SNIPPET = Snippet(help="in every block of a ResNet-50 of timm", write=write)
