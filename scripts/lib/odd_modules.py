"""Modules with the turns of other people's modules that no network of `check-networks` has.

Each is checked like a network: the service must give PyTorch's outputs and products.
"""

import torch
from torch import nn


class Turns(nn.Module):
    """The batch at other places, in other axes, and values put together in other ways."""

    def __init__(self, classes):
        super().__init__()
        self.query = nn.Linear(12, 12)
        # The batch is the second axis for this module.
        self.attention = nn.MultiheadAttention(12, 3)
        self.causal = nn.MultiheadAttention(12, 2, bias=False, batch_first=True)
        self.scale = nn.Parameter(torch.ones(1, 6, 1))
        self.weight = nn.Parameter(torch.randn(12, 12) / 4)
        self.register_buffer("places", torch.tensor([[0, 5], [3, -1]]))
        self.head = nn.Linear(12, classes)

    def forward(self, x):
        batch = x.shape[0]
        x = self.query(x.flatten(1).view(batch, 6, 12))
        # The batch is merged with positions, and comes back.
        x = torch.tanh(x.reshape(batch * 6, 12) @ self.weight).unflatten(0, (batch, 6))
        moved = x.transpose(0, 1)
        x = x + self.attention(moved, moved, moved)[0].transpose(0, 1)
        hidden = torch.ones(6, 6, dtype=torch.bool).triu(1)
        x = x + self.causal(x, x, x, attn_mask=hidden, need_weights=False)[0]
        # One axis is rolled, one flipped, one cut in places.
        x = x.roll((2, 1), (1, 2)) * self.scale + x.flip(1)
        first, second = x.chunk(2, dim=1)
        pairs = torch.stack([first, second], dim=2)
        y = torch.einsum("bpqc,brqc->bpr", pairs, pairs)
        y = torch.softmax(y, dim=1).mean(1, keepdim=True).expand(batch, 3, 3) - 1 / (2 + y.square())
        x = torch.cat([x, torch.matmul(y, first), x.new_ones(batch, 1, 12)], dim=1)
        # Parts that are cleared, chosen by places, and padded.
        z = x.clone()
        z[:, 2:4, ::3].zero_()
        z = z[:, self.places].sum(2).unbind(1)
        z = torch.nn.functional.pad(z[0] - 0.5 * z[1], (1, 2))[:, 1:-2].squeeze()
        if z.dim() == 1:
            z = z.unsqueeze(0)
        z = z.relu_().add(z.clamp(min=0.1), alpha=0.5)
        z = z / (0.1 + z.norm(dim=-1, keepdim=True))
        bias = self.head.bias.clone()
        bias[1:2].zero_()
        return nn.functional.linear(z + x.mean(1), self.head.weight, bias)


class Convolutions(nn.Module):
    """A tensor that two layers share, rows that are taken one by one, and options of windows."""

    def __init__(self, classes):
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, stride=(2, 1), padding=(0, 1), groups=3)
        self.again = nn.Conv2d(6, 6, (3, 1), padding="same", dilation=2, bias=False)
        self.norm = nn.BatchNorm2d(6, eps=1e-3, momentum=0.2, affine=False)
        self.groups = nn.GroupNorm(2, 6)
        self.around = nn.Conv2d(6, 6, 3, padding=(2, 1), padding_mode="reflect", groups=6)
        self.rows = nn.Conv1d(6, 4, 3, padding=1, padding_mode="circular")
        self.inner = nn.Conv2d(6, 6, 2, padding="valid")
        self.slope = nn.LeakyReLU(0.2, inplace=True)
        self.head = nn.Linear(4, classes)

    def forward(self, x):
        x = self.slope(self.norm(self.first(x)))
        x = self.groups(self.again(torch.nn.functional.silu(self.again(x)))) + x
        x = self.inner(nn.functional.pad(x + self.around(x)[:, :, 1:-1], (1, 0, 2, 1), value=0.5))
        x = x + nn.functional.pad(x[:, :, 1:, 2:], (2, 0, 1, 0), mode="replicate")
        x = nn.functional.avg_pool2d(x, (2, 3), stride=2, padding=1, count_include_pad=False)
        rows = torch.stack([self.rows(row) for row in x.unbind(2)], dim=-1)
        # The bias is computed.
        scores = nn.functional.linear(rows.flatten(2).mean(-1), self.head.weight, 2 * self.head.bias)
        return nn.functional.log_softmax(scores, 1)


class Choices(nn.Module):
    """Conditions, choices by them, extremes, and a recurrent network."""

    def __init__(self, classes):
        super().__init__()
        self.slopes = nn.PReLU(6)
        self.slope = nn.PReLU()
        self.steps = nn.LSTM(9, 4, num_layers=2, bidirectional=True, batch_first=True)
        self.gates = nn.GRU(8, 5, bias=False)
        self.register_buffer("order", torch.tensor([[2, 0, 1, 1, 0, 3, 4, 5]]))
        self.head = nn.Linear(5, classes)

    def forward(self, x):
        x = self.slope(self.slopes(x.unflatten(1, (6, 9))))
        seen = (x > 0.2) & (x <= x.amax(2, keepdim=True)) | ~x.lt(0.5)
        x = torch.where(seen, x, 0.1 * x.cumsum(2)) + torch.where(x >= 0, 1.0, x) + x.masked_fill(x.eq(0), 2.0)
        x = torch.maximum(x, 0.5 * x.flip(2)) / (1 + x.std(2, keepdim=True) + x.var(1, correction=0, keepdim=True))
        x = x - torch.logsumexp(x, 1, keepdim=True).clamp(max=3)
        order = self.order[:, :, None].expand(x.shape[0], 8, x.shape[2])
        x = self.steps(x.gather(1, order))[0]
        x = self.gates(x.transpose(0, 1))[0]
        return self.head(x[-1])
