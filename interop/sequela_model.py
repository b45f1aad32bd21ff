"""Sequela's network in PyTorch, from a weights file that `coordinator export` wrote. Needs torch and safetensors.

    from sequela_model import load
    model = load("weights.safetensors")
    out = model(volumes)       # float32 [visit, depth, height, width]: one child's prepared scans in order of time

`out` has `embeddings` [visit, embedding], `progression` [visit] and `risk_logits` [visit]; the logit at a visit is that of an
event within the study's horizon given the scans up to it. Prepared scans are what a site keeps in its cache: normal scores
within the brain, exactly 0 outside. Research software. Not a medical device.
"""

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

CHANNELS_PER_GROUP = 8


class SequelaModel(nn.Module):
    """Sizes are read off the weights, so one class serves every preset of this architecture."""

    def __init__(self, weights):
        super().__init__()
        blocks = sum(name.startswith("encoder.block") and name.endswith(".kernel") for name in weights)
        hidden, gates = weights["sequence.gru.hiddenKernel"].shape
        self.convolutions, self.norms = nn.ModuleList(), nn.ModuleList()
        for i in range(1, blocks + 1):
            kernel = weights[f"encoder.block{i}.kernel"]  # [depth, height, width, input, output]
            inputs, outputs = kernel.shape[3:]
            self.convolutions.append(nn.Conv3d(inputs, outputs, 3, stride=2, bias=False))
            self.norms.append(nn.GroupNorm(outputs // CHANNELS_PER_GROUP, outputs))
            _set(self.convolutions[-1].weight, kernel.permute(4, 3, 0, 1, 2))
            _set(self.norms[-1].weight, weights[f"encoder.block{i}.norm.scale"])
            _set(self.norms[-1].bias, weights[f"encoder.block{i}.norm.shift"])
        self.embedding = _linear(weights, "encoder.embedding")
        size = self.embedding.out_features
        self.norm = nn.LayerNorm(size)
        _set(self.norm.weight, weights["sequence.norm.scale"])
        _set(self.norm.bias, weights["sequence.norm.shift"])
        self.gru = nn.GRU(2 * size, hidden)  # gates as here: reset, update, candidate
        _set(self.gru.weight_ih_l0, weights["sequence.gru.inputKernel"].T)
        _set(self.gru.weight_hh_l0, weights["sequence.gru.hiddenKernel"].T)
        _set(self.gru.bias_ih_l0, weights["sequence.gru.inputBias"])
        _set(self.gru.bias_hh_l0, weights["sequence.gru.hiddenBias"])
        self.pair = nn.Linear(size, 1, bias=False)
        _set(self.pair.weight, weights["head.pair.kernel"].T)
        self.risk = _linear(weights, "head.risk")

    def embed(self, volumes):
        x = volumes.unsqueeze(1)
        for convolution, norm in zip(self.convolutions, self.norms):
            # Padding as TensorFlow does it: at the end first.
            missing = [max((-(-n // 2) - 1) * 2 + 3 - n, 0) for n in reversed(x.shape[2:])]
            x = F.pad(x, [side for n in missing for side in (n // 2, n - n // 2)])
            x = F.relu(norm(convolution(x)))
        return self.embedding(torch.cat([x.mean((2, 3, 4)), x.amax((2, 3, 4))], 1))

    def forward(self, volumes):
        embeddings = self.embed(volumes)
        normal = self.norm(embeddings)
        change = torch.cat([torch.zeros_like(normal[:1]), normal[1:] - normal[:-1]])
        states, _ = self.gru(torch.cat([normal, change], 1).unsqueeze(1))
        return {
            "embeddings": embeddings,
            "progression": self.pair(embeddings).squeeze(1),
            "risk_logits": self.risk(states.squeeze(1)).squeeze(1),
        }


def load(path):
    """The network of a weights file, ready to be asked or trained on. Raises KeyError for a file of something else."""
    return SequelaModel(load_file(path)).eval()


def _linear(weights, name):
    kernel = weights[f"{name}.kernel"]
    layer = nn.Linear(*kernel.shape)
    _set(layer.weight, kernel.T)
    _set(layer.bias, weights[f"{name}.bias"])
    return layer


def _set(parameter, values):
    with torch.no_grad():
        parameter.copy_(values)
