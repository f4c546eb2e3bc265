"""Ultralytics: a YOLO whose backbone ends in the module."""

from attnprof.snippets import Example, Snippet

CHANNELS, SIDES = 256, (8, 20)  # at the backbone's end of yolov8n, when it is built and at 640x640
GLUE = '''class Attention(nn.Module):
    """What a model's YAML calls Attention: its only argument is the number of channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = {call}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, C, H, W) to the same shape."""
        return self.gate(x)


tasks.Attention = Attention  # a model's YAML is read with the names that are known there

# One layer more at the backbone's end: layers after it, and who reads what was the end, move by one.
model = tasks.yaml_model_load("yolov8n.yaml")
end = len(model["backbone"]) - 1
for layer in model["head"]:
    sources = layer[0] if isinstance(layer[0], list) else [layer[0]]
    moved = [source + 1 if source >= end else source for source in sources]
    layer[0] = moved if isinstance(layer[0], list) else moved[0]
# Channels after the width's scaling: yolov8n has {channels}.
model["backbone"].append([-1, 1, "Attention", [{channels}]])
Path("yolov8n-attention.yaml").write_text(yaml.safe_dump(model, sort_keys=False), encoding="utf-8")

yolo = YOLO("yolov8n-attention.yaml")  # yolo.train(data="coco8.yaml") trains it
yolo.info()'''


def write(example: Example) -> str:
    """The module, and a model's YAML with it. UsageError where it cannot be used at the backbone's end."""
    for side in SIDES:
        example.require(CHANNELS, side, "yolov8n")
    imports = ["from pathlib import Path", "import torch", "import yaml", "from torch import nn"]
    imports += ["from ultralytics import YOLO", "from ultralytics.nn import tasks"]
    return example.file(imports, GLUE.format(call=example.call("channels"), channels=CHANNELS))


SNIPPET = Snippet(help="at the end of the backbone of a YOLO of Ultralytics", write=write)
