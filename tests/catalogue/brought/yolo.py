"""Blocks with the signatures of YOLO: c1, c2, n, shortcut, g, e."""

import torch
from torch import nn


class Conv(nn.Module):
    default_act = nn.SiLU()

    def __init__(self, c1, c2, k=1, s=1, p=None, g=1, d=1, act=True):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2 if p is None else p, d, g, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.act = self.default_act if act is True else act if isinstance(act, nn.Module) else nn.Identity()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class DWConv(Conv):
    def __init__(self, c1, c2, k=3, s=1, d=1, act=True):
        super().__init__(c1, c2, k, s, g=c1, d=d, act=act)


class Bottleneck(nn.Module):
    def __init__(self, c1, c2, shortcut=True, g=1, k=(3, 3), e=0.5):
        super().__init__()
        self.cv1, self.cv2 = Conv(c1, int(c2 * e), k[0]), Conv(int(c2 * e), c2, k[1], g=g)
        self.add = shortcut and c1 == c2

    def forward(self, x):
        return x + self.cv2(self.cv1(x)) if self.add else self.cv2(self.cv1(x))


class C2f(nn.Module):
    def __init__(self, c1, c2, n=1, shortcut=False, g=1, e=0.5):
        super().__init__()
        self.c = int(c2 * e)
        self.cv1, self.cv2 = Conv(c1, 2 * self.c), Conv((2 + n) * self.c, c2)
        self.m = nn.ModuleList(Bottleneck(self.c, self.c, shortcut, g, e=1.0) for _ in range(n))

    def forward(self, x):
        parts = list(self.cv1(x).chunk(2, 1))
        parts.extend(layer(parts[-1]) for layer in self.m)
        return self.cv2(torch.cat(parts, 1))


class C3(nn.Module):
    def __init__(self, c1, c2, n=1, shortcut=True, g=1, e=0.5):
        super().__init__()
        hidden = int(c2 * e)
        self.cv1, self.cv2, self.cv3 = Conv(c1, hidden), Conv(c1, hidden), Conv(2 * hidden, c2)
        self.m = nn.Sequential(*(Bottleneck(hidden, hidden, shortcut, g, (1, 3), 1.0) for _ in range(n)))

    def forward(self, x):
        return self.cv3(torch.cat((self.m(self.cv1(x)), self.cv2(x)), 1))


class SPPF(nn.Module):
    def __init__(self, c1, c2, k=5):
        super().__init__()
        self.cv1, self.cv2 = Conv(c1, c1 // 2), Conv(2 * c1, c2)
        self.m = nn.MaxPool2d(k, 1, k // 2)

    def forward(self, x):
        parts = [self.cv1(x)]
        parts.extend(self.m(parts[-1]) for _ in range(3))
        return self.cv2(torch.cat(parts, 1))


class GhostConv(nn.Module):
    def __init__(self, c1, c2, k=1, s=1, g=1, act=True):
        super().__init__()
        self.cv1, self.cv2 = Conv(c1, c2 // 2, k, s, None, g), Conv(c2 // 2, c2 // 2, 5, 1, None, c2 // 2)

    def forward(self, x):
        y = self.cv1(x)
        return torch.cat((y, self.cv2(y)), 1)


class Focus(nn.Module):
    def __init__(self, c1, c2, k=1, s=1, p=None, g=1, act=True):
        super().__init__()
        self.conv = Conv(4 * c1, c2, k, s, p, g, act=act)

    def forward(self, x):
        corners = [x[..., i::2, j::2] for i in range(2) for j in range(2)]
        height, width = x.shape[2] // 2, x.shape[3] // 2
        return self.conv(torch.cat([corner[..., :height, :width] for corner in corners], 1))


class PSA(nn.Module):
    def __init__(self, c1, c2, e=0.5):
        super().__init__()
        assert c1 == c2
        self.c = int(c1 * e)
        self.cv1, self.cv2 = Conv(c1, 2 * self.c), Conv(2 * self.c, c1)
        self.ffn = nn.Sequential(Conv(self.c, 2 * self.c), Conv(2 * self.c, self.c, act=False))

    def forward(self, x):
        first, second = self.cv1(x).split((self.c, self.c), 1)
        return self.cv2(torch.cat((first, second + self.ffn(second)), 1))


class SCDown(nn.Module):
    def __init__(self, c1, c2, k, s):
        super().__init__()
        self.cv1, self.cv2 = Conv(c1, c2), Conv(c2, c2, k, s, g=c2, act=False)

    def forward(self, x):
        return self.cv2(self.cv1(x))


class TransformerLayer(nn.Module):
    """(L, N, C), as YOLOv5 has it."""

    def __init__(self, c, num_heads):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(c, c, bias=False) for _ in range(3))
        self.ma = nn.MultiheadAttention(c, num_heads)
        self.fc1, self.fc2 = nn.Linear(c, c, bias=False), nn.Linear(c, c, bias=False)

    def forward(self, x):
        x = self.ma(self.q(x), self.k(x), self.v(x))[0] + x
        return self.fc2(self.fc1(x)) + x


class AreaAttention(nn.Module):
    def __init__(self, dim, num_heads, area=1):
        super().__init__()
        self.num_heads, self.qkv, self.proj = (
            num_heads,
            Conv(dim, 3 * dim, act=False),
            Conv(dim, dim, act=False),
        )

    def forward(self, x):
        query, key, value = self.qkv(x).flatten(2).unflatten(1, (self.num_heads, 3, -1)).unbind(2)
        weights = (query.transpose(2, 3) @ key).softmax(-1)
        return self.proj((value @ weights.transpose(2, 3)).reshape(x.shape))


class GAMAttention(nn.Module):
    def __init__(self, c1, c2, group=True, rate=4):
        super().__init__()
        groups = rate if group else 1
        self.mlp = nn.Sequential(nn.Linear(c1, c1 // rate), nn.ReLU(), nn.Linear(c1 // rate, c1))
        self.conv1 = nn.Conv2d(c1, c1 // rate, 7, padding=3, groups=groups)
        self.conv2 = nn.Conv2d(c1 // rate, c2, 7, padding=3, groups=groups)

    def forward(self, x):
        x = x * self.mlp(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return x * self.conv2(self.conv1(x)).sigmoid()


class EMA(nn.Module):
    """``c2`` is None unless it is told."""

    def __init__(self, channels, c2=None, factor=32):
        super().__init__()
        self.groups = factor
        width = channels // factor
        self.gn, self.conv1x1 = nn.GroupNorm(width, width), nn.Conv2d(width, width, 1)
        self.conv3x3 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x):
        grouped = x.reshape(x.shape[0] * self.groups, -1, *x.shape[2:])
        gate = self.conv1x1(grouped.mean(3, keepdim=True)).sigmoid() * self.gn(grouped)
        return (grouped * (gate + self.conv3x3(grouped)).sigmoid()).view_as(x)


class SEAttentionOfYOLO(nn.Module):
    def __init__(self, c1, c2, ratio=16):
        super().__init__()
        self.l1, self.l2 = nn.Linear(c1, c1 // ratio, bias=False), nn.Linear(c1 // ratio, c1, bias=False)

    def forward(self, x):
        return x * self.l2(self.l1(x.mean((2, 3))).relu()).sigmoid()[..., None, None]
