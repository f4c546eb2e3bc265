"""Plain PyTorch: the module's code, and a residual block that uses it."""

from attnprof.snippets import Example, Snippet

AFTER = '''class Block(nn.Module):
    """A 3x3 convolution whose output the attention module weighs: (N, C, H, W) to the same shape."""

    def __init__(self, channels: int{size}) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.attention = {call}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, C, H, W) plus what the block makes of it."""
        return torch.relu(x + self.attention(self.norm(self.conv(x))))
'''
REPLACE = '''class Block(nn.Module):
    """The attention module in place of a 3x3 convolution: (N, C, H, W) to the same shape."""

    def __init__(self, channels: int{size}) -> None:
        super().__init__()
        self.attention = {call}
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, C, H, W) plus what the block makes of it."""
        return torch.relu(x + self.norm(self.attention(x)))
'''
FUSE = '''class Block(nn.Module):
    """A residual block whose addition the module stands for: (N, C, H, W) to the same shape."""

    def __init__(self, channels: int{size}) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.fusion = {call}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, C, H, W) fused with what the block makes of it."""
        return torch.relu(self.fusion(self.norm(self.conv(x)), x))
'''
EXAMPLE = """if __name__ == "__main__":
    block = Block({arguments})
    print(block(torch.randn(2, {channels}, {height}, {width})).shape)"""


def write(example: Example) -> str:
    """The module, a block around it, and a call."""
    channels, height, width = example.point
    block = FUSE if example.fuses else REPLACE if example.replaces else AFTER
    size = ", height: int, width: int" if example.sized else ""
    arguments = f"{channels}, {height}, {width}" if example.sized else f"{channels}"
    usage = EXAMPLE.format(arguments=arguments, channels=channels, height=height, width=width)
    used = block.format(size=size, call=example.call("channels"))
    return example.file(["import torch", "from torch import nn"], f"{used}\n\n{usage}")


SNIPPET = Snippet(help="the code itself, and a residual block with it", write=write, fuses=True)
