"""Adds to each position a projection of the features of all positions, weighted by how similar they are to it.

    g = conv1x1(x)                              (i, H, W), i = max(1, C//r), every convolution with bias
    keys: k = pool(conv1x1(x)), values: v = pool(g), M positions; pool: 2x2 max, or none without subsample
    embedded_gaussian  w = softmax over keys of q_p . k_m, q = conv1x1(x), both of i channels, not scaled
    gaussian           w = softmax over keys of x_p . pool(x)_m: no query and key convolutions, all C channels
    dot_product        w = (q_p . k_m) / M
    concatenation      w = relu(a . [q_p, k_m]) / M        a: 1 x 2i, no bias
    y = x + BN(conv1x1(sum over m of w_pm v_m)) norm=False: no BN

Non-local Neural Networks. Xiaolong Wang et al., CVPR 2018, arXiv:1711.07971.
Official code: facebookresearch/video-nonlocal-net (Caffe2).
"""

import torch
from torch import nn

ENTRY = {
    "class": "NonLocal",
    "name": "Non-local block",
    "paper": {
        "title": "Non-local Neural Networks",
        "author": "Xiaolong Wang",
        "venue": "CVPR",
        "year": 2018,
        "arxiv": "1711.07971",
    },
    "code": "facebookresearch/video-nonlocal-net",
    "family": "self-attention",
    "place": "after",
    "aliases": ["non-local", "non-local-block", "nonlocal-block", "nl", "nlnet"],
    "where": {
        "inner": "max(1, C // reduction)",
        "keys": "(H//2)*(W//2) if subsample else N",
        "embeddings": "0 if mode == 'gaussian' else 2",
        "scored": "C if mode == 'gaussian' else 2*inner if mode == 'concatenation' else inner",
    },
    "params": (
        "(2 + embeddings)*C*inner + (1 + embeddings)*inner + C"
        " + (2*inner if mode == 'concatenation' else 0) + (2*C if norm else 0)"
    ),
    "macs": "(2 + embeddings)*C*inner*N + N*keys*(scored + inner)",
    "limits": [
        [
            "mode in ('embedded_gaussian', 'gaussian', 'dot_product', 'concatenation')",
            "mode must be 'embedded_gaussian', 'gaussian', 'dot_product' or 'concatenation', not {mode}",
        ],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        [
            "not subsample or min(H, W) >= 2",
            "subsampling needs a map of at least 2x2: the keys are pooled 2x2",
        ],
        [
            "not norm or not train or batch*N > 1",
            "training needs more than one value per channel for BatchNorm",
        ],
    ],
    "variants": {
        "no-norm": {"norm": False},
        "no-subsample": {"subsample": False},
        "no-subsample-no-norm": {"subsample": False, "norm": False},
        "gaussian": {"mode": "gaussian"},
        "dot-product": {"mode": "dot_product"},
        "concatenation": {"mode": "concatenation"},
        "gaussian-no-subsample": {"mode": "gaussian", "subsample": False},
        "dot-product-no-subsample": {"mode": "dot_product", "subsample": False},
        "concatenation-no-subsample": {"mode": "concatenation", "subsample": False},
    },
    "deviations": [
        "Follows the common PyTorch port, AlexHex7/Non-local_pytorch, in operators, counts and initial values.",
        "The authors' Caffe2 code divides the similarities by sqrt(i) before the softmax; the port, as here, does not.",
        "The authors' code pools before the key and value convolutions, not after: fewer MACs, other outputs.",
        "The last weights start at 0, so a fresh block returns its input: give it random weights before comparing.",
        "The concatenation mode holds a tensor of 2i x H*W x M values: 2.5 GB at 256 channels and 56x56.",
    ],
    "inside": {"resnet": {"place": "after_block:2-3:every_2"}},
}


class NonLocal(nn.Module):
    """Non-local block: (N, C, H, W) to the same shape.

    channels: C. mode: how two positions are compared, one of the four above. reduction: inner width is C // reduction.
    subsample: pool keys and values 2x2. norm: BatchNorm behind the last convolution.
    """

    def __init__(
        self,
        channels: int,
        *,
        mode: str = "embedded_gaussian",
        reduction: int = 2,
        subsample: bool = True,
        norm: bool = True,
    ) -> None:
        super().__init__()
        inner = max(1, channels // reduction)
        self.mode = mode
        self.query = nn.Identity() if mode == "gaussian" else nn.Conv2d(channels, inner, 1)
        self.key = nn.Identity() if mode == "gaussian" else nn.Conv2d(channels, inner, 1)
        self.value = nn.Conv2d(channels, inner, 1)
        self.score = nn.Conv2d(2 * inner, 1, 1, bias=False) if mode == "concatenation" else None
        self.pool = nn.MaxPool2d(2) if subsample else nn.Identity()
        self.project = nn.Conv2d(inner, channels, 1)
        self.norm = nn.BatchNorm2d(channels) if norm else nn.Identity()
        last = self.norm if isinstance(self.norm, nn.BatchNorm2d) else self.project
        for parameter in last.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add to x (N, C, H, W) what each position gathers from all others."""
        query = self.query(x).flatten(2)
        key = self.pool(self.key(x)).flatten(2)
        value = self.pool(self.value(x)).flatten(2)
        gathered = self._weights(query, key) @ value.transpose(1, 2)
        y: torch.Tensor = x + self.norm(self.project(gathered.transpose(1, 2).unflatten(2, x.shape[2:])))
        return y

    def _weights(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        # (N, D, positions) and (N, D, M) to (N, positions, M).
        n, m = query.shape[2], key.shape[2]
        if self.score is not None:
            pairs = torch.cat(
                (query[..., None].expand(-1, -1, -1, m), key[:, :, None].expand(-1, -1, n, -1)), dim=1
            )
            scores: torch.Tensor = self.score(pairs).squeeze(1).relu()
            return scores / m
        similarity = query.transpose(1, 2) @ key
        return similarity / m if self.mode == "dot_product" else similarity.softmax(dim=-1)
