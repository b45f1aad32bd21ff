"""Candidate: the same training step in PyTorch, as one would write it there: autograd, torch.optim.AdamW, volumes in channels-last
order (the faster one on CPUs), and without augmentation."""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

task = json.loads(sys.argv[1])
torch.set_num_threads(task["threads"])
torch.manual_seed(1)
children, scans = task["children"], task["scans"]
tiny = task["preset"] == "tiny"
embedding, hidden = (64, 64) if tiny else (128, 128)
grid, edge = ((24, 32, 24), 8) if tiny else ((48, 64, 48), 16)


def normed(inputs, outputs, kernel, stride):
    """A convolution and its group normalisation."""
    return [
        nn.Conv3d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.GroupNorm(outputs // 8, outputs),
    ]


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(*normed(inputs, outputs, 3, stride), nn.ReLU(), *normed(outputs, outputs, 3, 1))
        self.shortcut = nn.Sequential(*normed(inputs, outputs, 1, stride)) if stride > 1 else nn.Identity()

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x))


def convolutions():
    """Three convolutions, or a ResNet-18 of width 16; how many channels come out."""
    if tiny:
        pairs = ((1, 16), (16, 32), (32, 64))
        return nn.Sequential(*[layer for i, o in pairs for layer in (*normed(i, o, 3, 2), nn.ReLU())]), 64
    layers, inputs = [*normed(1, 16, 7, 2), nn.ReLU(), nn.MaxPool3d(3, 2, 1)], 16
    for outputs in (16, 32, 64, 128):
        layers += [Residual(inputs, outputs, 1 if inputs == outputs else 2), Residual(outputs, outputs, 1)]
        inputs = outputs
    return nn.Sequential(*layers), inputs


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolutions, channels = convolutions()
        self.embedding = nn.Linear(2 * channels, embedding)
        self.norm = nn.LayerNorm(embedding)
        self.gru = nn.GRU(2 * embedding, hidden)
        self.pair = nn.Linear(embedding, 1, bias=False)
        self.sequence = nn.Linear(hidden, 1)
        self.maxima = nn.Linear(embedding, 36)

    def embed(self, volumes):
        x = self.convolutions(volumes)
        return self.embedding(torch.cat([x.mean((2, 3, 4)), x.amax((2, 3, 4))], 1))

    def in_order(self, sequences):
        normal = self.norm(sequences)
        change = torch.cat([torch.zeros_like(normal[:1]), normal[1:] - normal[:-1]])
        states, _ = self.gru(torch.cat([normal, change], 2))
        return self.sequence(states[-1]).squeeze(1)


model = Network().to(memory_format=torch.channels_last_3d)
optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
voxels = torch.randn(task["batches"], children * scans, 1, *grid)
voxels = [volumes.to(memory_format=torch.channels_last_3d) for volumes in voxels]
truth = torch.tensor([1.0, 0.0] * children)
earlier, later = torch.triu_indices(scans, scans, 1)


def step(volumes):
    embeddings = model.embed(volumes)
    of_child = embeddings.view(children, scans, embedding)
    score = model.pair(of_child).squeeze(2)
    pairs = F.softplus(score[:, earlier] - score[:, later]).mean()
    order = torch.stack([row for _ in range(children) for row in (torch.arange(scans), torch.randperm(scans))])
    chosen = of_child.repeat_interleave(2, 0).gather(1, order.unsqueeze(2).expand(-1, -1, embedding))
    sequences = F.binary_cross_entropy_with_logits(model.in_order(chosen.transpose(0, 1)), truth)
    largest = F.max_pool3d(volumes, edge).flatten(1)
    maxima = F.smooth_l1_loss(model.maxima(embeddings), largest)
    optimiser.zero_grad()
    loss = pairs + sequences + 1.5 * maxima
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return loss.item()


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


for volumes in voxels:
    step(volumes)
cpu_before = cpu_seconds()
before = time.perf_counter()
steps = 0
for _ in range(task["epochs"]):
    for volumes in voxels:
        step(volumes)
        steps += 1
milliseconds = (time.perf_counter() - before) / steps * 1000
print(
    json.dumps(
        {
            "value": milliseconds,
            "cpuSeconds": cpu_seconds() - cpu_before,
            "peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        }
    )
)
