"""What hinders a count: devices, values that are read, constants, checks of the module's own."""

import torch
from torch import nn


class OnCuda(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim, 1)

    def forward(self, x):
        return self.conv(x) * torch.ones(1).cuda()


class BuiltOnCuda(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim, 1).cuda()

    def forward(self, x):
        return self.conv(x)


class ReadsValues(nn.Module):
    def __init__(self, channel):
        super().__init__()
        self.conv = nn.Conv2d(channel, channel, 1)

    def forward(self, x):
        return self.conv(x) if x.abs().mean() > 0 else x


class ReadsAnItem(nn.Module):
    def __init__(self, channel, top=4):
        super().__init__()
        self.fc, self.top = nn.Linear(channel, channel), top

    def forward(self, x):
        score = self.fc(x.mean((2, 3))).sigmoid()
        threshold = score.flatten().sort().values[-self.top].item()
        return x * (score >= threshold).float()[..., None, None]


class ReadsANumberOfItsOwn(nn.Module):
    """A stride that is found by a forward pass."""

    def __init__(self, ch):
        super().__init__()
        self.conv = nn.Conv2d(ch, ch, 3, padding=1)
        self.stride = torch.tensor([8 / self.conv(torch.zeros(1, ch, 8, 8)).shape[-1]])

    def forward(self, x):
        return self.conv(x) if int(self.stride[0]) == 1 else x


class HardCoded(nn.Module):
    """Works with the 512 channels of its default, and with no other number."""

    def __init__(self, channels=512):
        super().__init__()
        self.mlp1, self.mlp2 = nn.Conv2d(channels, channels, 1), nn.Conv2d(512, channels, 1)

    def forward(self, x):
        return self.mlp2(self.mlp1(x))


class WritesInput(nn.Module):
    """Pyramid squeeze attention as it circulates: it writes to a view of its input."""

    def __init__(self, channel=512, reduction=4, S=4):
        super().__init__()
        width = channel // S
        self.S = S
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 2 * i + 3, padding=i + 1) for i in range(S))

    def forward(self, x):
        n, c, h, w = x.size()
        parts = x.view(n, self.S, c // self.S, h, w)
        for number, conv in enumerate(self.convs):
            parts[:, number] = conv(parts[:, number].clone())
        return parts.view(n, -1, h, w)


class Multiple(nn.Module):
    def __init__(self, in_channels, window_size=5):
        super().__init__()
        self.window_size = window_size
        self.conv = nn.Conv2d(in_channels, in_channels, 1)

    def forward(self, x):
        assert x.shape[2] % self.window_size == 0, f"height {x.shape[2]} is no multiple of {self.window_size}"
        return self.conv(x)


class Halo(nn.Module):
    def __init__(self, *, dim, block_size, halo_size, dim_head=16, heads=4):
        super().__init__()
        assert halo_size > 0, "halo size must be greater than 0"
        self.to_q, self.block_size = nn.Conv2d(dim, heads * dim_head, 1, bias=False), block_size

    def forward(self, x):
        assert x.shape[2] % self.block_size == 0, "map size must be divisible by the block size"
        return x * self.to_q(x).mean(1, keepdim=True).sigmoid()


class BareReturn(nn.Module):
    def __init__(self, channel):
        super().__init__()
        self.conv = nn.Conv2d(channel, channel, 1)

    def forward(self, x):
        self.conv(x)
