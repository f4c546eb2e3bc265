"""ProxylessNAS searched for a phone: (N, 3, H, W) to (N, classes).

Inverted residuals of many kernels and expansions; blocks that the search dropped are left out.

ProxylessNAS: Direct Neural Architecture Search on Target Task and Hardware. Han Cai et al., ICLR 2019,
arXiv:1812.00332, Figure 4c. Official code: mit-han-lab/proxylessnas (proxyless_mobile).
"""

from functools import partial

import torch
from torch import nn

from attnprof.networks._mobile import initialise, inverted_residual, unit

# channels and stride of a stage, then expansion and kernel of each of its blocks
MOBILE = (
    (16, 1, ((1, 3),)),
    (32, 2, ((3, 5), (3, 3))),
    (40, 2, ((3, 7), (3, 3), (3, 5), (3, 5))),
    (80, 2, ((6, 7), (3, 5), (3, 5), (3, 5))),
    (96, 1, ((6, 5), (3, 5), (3, 5), (3, 5))),
    (192, 2, ((6, 7), (6, 7), (3, 7), (3, 7))),
    (320, 1, ((6, 7),)),
)
norm = partial(nn.BatchNorm2d, eps=0.001)


class ProxylessNAS(nn.Module):
    """Seven stages of inverted residuals: (N, 3, H, W) to (N, classes)."""

    def __init__(self, *, classes: int = 1000) -> None:
        super().__init__()
        self.stem = unit(3, 32, 3, 2, norm=norm)
        channels, stages = 32, []
        for outputs, stride, rows in MOBILE:
            blocks = []
            for number, (expansion, kernel) in enumerate(rows):
                width, step = expansion * channels, 1 if number else stride
                blocks.append(
                    inverted_residual(channels, width, outputs, kernel=kernel, stride=step, norm=norm)
                )
                channels = outputs
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.head = unit(channels, 1280, 1, norm=norm)
        self.classifier = nn.Linear(1280, classes)
        initialise(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes) of images x (N, 3, H, W)."""
        scores: torch.Tensor = self.classifier(self.head(self.stages(self.stem(x))).mean(dim=(2, 3)))
        return scores
