"""Networks of the kinds that people bring, counted by hand from docs/counting.md, to the digit."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from attnprof import cost


def flops(**categories):
    """FLOPs by category, those that are not named 0."""
    names = ("mac", "bias", "pointwise", "reduction", "norm", "softmax", "transcendental", "fft")
    return {name: categories.get(name, 0) for name in names}


BINS, CLASSES = 4, 5


class Detector(nn.Module):
    """Two levels; boxes as expected distances from the centres of cells, which follow from the strides."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, 2, 1)
        self.levels = nn.ModuleList([nn.Conv2d(16, 32, 3, 2, 1), nn.Conv2d(32, 32, 3, 2, 1)])
        self.boxes = nn.ModuleList(nn.Conv2d(32, 4 * BINS, 1) for _ in self.levels)
        self.scores = nn.ModuleList(nn.Conv2d(32, CLASSES, 1) for _ in self.levels)
        self.register_buffer("strides", torch.tensor([4.0, 8.0]))
        self.bins = torch.arange(BINS).float()

    def forward(self, x):
        level, answers = self.stem(x).relu(), []
        for place, stride in enumerate(self.strides):
            level = self.levels[place](level).relu()
            assert x.shape[2] // int(stride) == level.shape[2]
            answers.append(
                torch.cat(
                    (self.decoded(place, level, stride), self.scores[place](level).flatten(2).sigmoid()), 1
                )
            )
        return torch.cat(answers, 2)

    def decoded(self, place, level, stride):
        height, width = level.shape[2:]
        down, right = (torch.arange(side, device=level.device) + 0.5 for side in (height, width))
        centre = torch.stack(torch.meshgrid(right, down, indexing="xy")).flatten(1)
        shares = self.boxes[place](level).view(level.shape[0], 4, BINS, -1).softmax(2)
        before, after = (shares * self.bins.view(1, 1, BINS, 1)).sum(2).chunk(2, 1)
        return torch.cat((centre - before, centre + after), 1) * stride


def test_a_detector_reads_its_strides_from_shapes_alone():
    counts = cost(Detector().eval(), (1, 3, 64, 64))
    cells = 16 * 16 + 8 * 8
    maps = 16 * 32 * 32 + 32 * cells  # elements behind the stem and the levels
    macs = 32 * 32 * 16 * 27 + 16 * 16 * 32 * 16 * 9 + 8 * 8 * 32 * 32 * 9 + cells * 32 * (4 * BINS + CLASSES)
    assert counts.inputs == "meta"
    assert counts.output_shape == (1, 4 + CLASSES, cells)
    assert counts.flops_by_category == flops(
        mac=2 * macs,
        bias=maps + (4 * BINS + CLASSES) * cells,
        # relu; centres of cells; shares by bins; corners; strides
        pointwise=maps + 2 * (16 + 8) + 4 * BINS * cells + 4 * cells + 4 * cells,
        reduction=4 * BINS * cells - 4 * cells,
        softmax=4 * cells * (4 * BINS - 2),
        transcendental=4 * BINS * cells + CLASSES * cells,
    )


WIDTH, HEADS, HIDDEN, QUERIES, CHANNELS = 32, 4, 64, 10, 24


class Decoder(nn.Module):
    """Learned queries that attend to each other and to a map, whose padding is looked at first."""

    def __init__(self):
        super().__init__()
        self.project = nn.Conv2d(CHANNELS, WIDTH, 1)
        self.queries = nn.Embedding(QUERIES, WIDTH)
        self.own = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.cross = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.widen, self.narrow = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3))
        self.classes, self.box = nn.Linear(WIDTH, CLASSES + 1), nn.Linear(WIDTH, 4)

    def forward(self, x):
        padding = torch.zeros(x.shape[0], x.shape[2] * x.shape[3], dtype=torch.bool, device=x.device)
        padding = padding if padding.any() else None
        memory = self.project(x).flatten(2).transpose(1, 2)
        y = self.queries.weight.expand(x.shape[0], -1, -1)
        y = self.norms[0](y + self.own(y, y, y, need_weights=False)[0])
        attended = self.cross(y, memory, memory, key_padding_mask=padding, need_weights=False)[0]
        y = self.norms[1](y + attended)
        y = self.norms[2](y + self.narrow(self.widen(y).relu()))
        return {"logits": self.classes(y), "boxes": self.box(y).sigmoid()}


def test_a_decoder_with_learned_queries():
    batch, tokens = 2, 6 * 7
    counts = cost(Decoder().eval(), (batch, CHANNELS, 6, 7))
    projections = 4 * QUERIES * WIDTH**2 + 2 * QUERIES * WIDTH**2 + 2 * tokens * WIDTH**2
    products = 2 * QUERIES**2 * WIDTH + 2 * QUERIES * tokens * WIDTH
    heads = QUERIES * WIDTH * (CLASSES + 1 + 4)
    macs = tokens * CHANNELS * WIDTH + projections + products + 2 * QUERIES * WIDTH * HIDDEN + heads
    logits = HEADS * QUERIES * (QUERIES + tokens)
    rows = HEADS * QUERIES * 2
    additions = 3 * QUERIES * WIDTH
    assert (counts.inputs, counts.output_shape) == ("meta", (batch, QUERIES, CLASSES + 1))
    assert counts.flops_by_category == flops(
        mac=2 * batch * macs,
        bias=batch * (tokens * WIDTH + 6 * QUERIES * WIDTH + 2 * tokens * WIDTH)
        + batch * QUERIES * (HIDDEN + WIDTH + CLASSES + 1 + 4),
        pointwise=batch * (additions + QUERIES * HIDDEN + logits),
        norm=3 * 8 * batch * QUERIES * WIDTH,
        softmax=batch * (4 * logits - 2 * rows),
        transcendental=batch * (logits + 4 * QUERIES),
    )


EXPERTS, CHOSEN = 4, 2


class Mixture(nn.Module):
    """Each token goes to the experts with the largest scores: which, is a value."""

    def __init__(self):
        super().__init__()
        self.router = nn.Linear(WIDTH, EXPERTS, bias=False)
        self.experts = nn.ModuleList(
            nn.Sequential(
                nn.Linear(WIDTH, HIDDEN, bias=False), nn.SiLU(), nn.Linear(HIDDEN, WIDTH, bias=False)
            )
            for _ in range(EXPERTS)
        )

    def forward(self, x):
        shares, chosen = self.router(x).softmax(1).topk(CHOSEN, 1)
        y = torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            token, place = torch.where(chosen == number)
            y.index_add_(0, token, expert(x[token]) * shares[token, place, None])
        return y


def test_a_mixture_of_experts_with_top_k_routing_is_run():
    tokens = 12
    counts = cost(Mixture(), (tokens, WIDTH))
    uses = CHOSEN * tokens
    assert counts.inputs == "real"
    assert counts.unknown_ops == ()
    assert counts.macs == tokens * WIDTH * EXPERTS + uses * 2 * WIDTH * HIDDEN
    assert counts.flops_by_category == flops(
        mac=2 * counts.macs,
        # times the share, and added to the output
        pointwise=2 * uses * WIDTH,
        reduction=tokens * EXPERTS * 2,  # 2 compares per score, sorted in rows of 4
        softmax=tokens * (4 * EXPERTS - 2),
        transcendental=tokens * EXPERTS + uses * HIDDEN,
    )


VOCABULARY = 100


class Tagger(nn.Module):
    """Sequences of several lengths, packed for an LSTM in both directions."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, 6)
        self.lstm = nn.LSTM(6, 5, batch_first=True, bidirectional=True)
        self.tags = nn.Linear(10, 3)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.words(ids), lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.tags(states)


def test_an_lstm_on_packed_sequences_runs_each_sequence_to_its_end():
    lengths = torch.tensor([3, 7, 1])
    counts = cost(Tagger(), ("int64[100]:3x7", lengths))
    steps = 3 + 7 + 1
    state = 2 * 5  # of both directions
    assert (counts.inputs, counts.output_shape) == ("meta", (3, 7, 3))
    assert counts.macs == steps * 4 * state * (6 + 5) + 3 * 7 * 10 * 3
    assert counts.flops_by_category["transcendental"] == 5 * steps * state
    real = cost(Tagger(), ("int64[100]:3x7", lengths), device="real")
    assert real.flops_by_category == counts.flops_by_category


class Encoder(nn.Module):
    """Tokens and their mask, as a tokenizer gives them."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(16, WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 2)

    def forward(self, input_ids, attention_mask):
        x = self.words(input_ids) + self.places(torch.arange(input_ids.shape[1], device=input_ids.device))
        q, k, v = self.qkv(x).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        mask = attention_mask[:, None, None, :].to(torch.bool)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = self.norm(x + self.out(y.transpose(1, 2).flatten(2)))
        return self.head(x[:, 0])


def test_an_encoder_that_a_tokenizer_feeds():
    batch, length = 3, 11
    ids = f"input_ids=int64[{VOCABULARY}]:{batch}x{length},attention_mask=int64:{batch}x{length}"
    counts = cost(Encoder().eval(), ids)
    tokens, logits = batch * length, batch * HEADS * length * length
    assert counts.inputs == "meta"
    assert counts.flops_by_category == flops(
        mac=2 * (4 * tokens * WIDTH**2 + 2 * batch * length**2 * WIDTH + batch * 2 * WIDTH),
        bias=4 * tokens * WIDTH + 2 * batch,
        # places; scales and masks of logits; a number for every mask; the residual sum
        pointwise=tokens * WIDTH + 2 * logits + tokens + tokens * WIDTH,
        norm=8 * tokens * WIDTH,
        softmax=4 * logits - 2 * batch * HEADS * length,
        transcendental=logits,
    )


class UNet(nn.Module):
    """A map and a condition: a vector that shifts the lower level."""

    def __init__(self):
        super().__init__()
        self.enter, self.down = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, 2, 1)
        self.shift = nn.Linear(12, 16)
        self.up, self.leave = nn.ConvTranspose2d(16, 8, 2, 2), nn.Conv2d(16, 3, 3, padding=1)

    def forward(self, x, condition):
        upper = self.enter(x).relu()
        lower = (self.down(upper) + self.shift(condition)[:, :, None, None]).relu()
        return self.leave(torch.cat((upper, self.up(lower)), 1))


def test_a_u_net_with_two_inputs():
    batch, pixels = 2, 16 * 20
    for inputs in (((batch, 3, 16, 20), (batch, 12)), f"x={batch}x3x16x20,condition={batch}x12"):
        counts = cost(UNet(), inputs)
        lower = pixels // 4
        macs = pixels * 8 * 27 + lower * 16 * 8 * 9 + 12 * 16 + lower * 16 * 8 * 4 + pixels * 3 * 16 * 9
        assert counts.flops_by_category == flops(
            mac=2 * batch * macs,
            bias=batch * (pixels * 8 + lower * 16 + 16 + pixels * 8 + pixels * 3),
            pointwise=batch * (pixels * 8 + 2 * lower * 16),
        )
    backward = cost(UNet(), ((batch, 3, 16, 20), (batch, 12)), backward=True)
    assert backward.macs == 3 * batch * macs
