"""Sequela's network in PyTorch, from a weights file that `coordinator export` wrote. Needs torch and safetensors.

    from sequela_model import load
    model = load("weights.safetensors")
    out = model(volumes)       # float32 [visit, depth, height, width]: one child's prepared scans in order of time

Models of several sequences take [visit, sequence, depth, height, width], all noughts where a visit lacks one; models of features
[visit, feature] or [visit, sequence, feature].

`out` has `embeddings` [visit, embedding], `progression` [visit] and, of an event after each visit given the scans up to it,
either `risk_logits` and `risk` [visit] within the study's horizon, or `hazard_logits` and `risk` [visit, bin]: bins end after
HAZARD_EDGES_DAYS, and the risk is that of an event up to the end of each. Models that are told of them also take `days` [visit]
since any one day, and `chart` [13]: age as (years - 8.8) / 4.5, male, three of resection (total, partial, biopsy), five of location
(hemisphere, midline, cerebellum, brainstem, other), and that age, sex or resection is missing. Prepared scans are what a site
keeps in its cache: normal scores within the brain, exactly 0 outside. Research software. Not a medical device.
"""

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

CHANNELS_PER_GROUP = 8
ATTENTION_HEADS = 8
TIME_PERIODS_DAYS = torch.tensor([30 * (2000 / 30) ** (m / 7) for m in range(8)])
HAZARD_EDGES_DAYS = (91, 183, 274, 365, 548, 730)
# Of how many visits, the latest, each risk knows: a preset's, which its embedding tells. `tiny` (64) takes all.
MOST_VISITS = {128: 6, 512: 12}


class SequelaModel(nn.Module):
    """Sizes are read off the weights, so one class serves every preset of this architecture."""

    def __init__(self, weights):
        super().__init__()
        # Every convolution is followed by a normalisation; their parameters are named by where they stand.
        self.convolutions, self.norms = nn.ModuleDict(), nn.ModuleDict()
        for name in (key.removesuffix(".norm.scale") for key in weights if key.startswith("encoder.") and key.endswith(".norm.scale")):
            kernel = weights[f"{name}.kernel"]  # [depth, height, width, input, output]
            edge, inputs, outputs = kernel.shape[0], *kernel.shape[3:]
            key = name.replace(".", "_")
            self.convolutions[key] = nn.Conv3d(inputs, outputs, edge, bias=False)
            self.norms[key] = nn.GroupNorm(outputs // CHANNELS_PER_GROUP, outputs)
            _set(self.convolutions[key].weight, kernel.permute(4, 3, 0, 1, 2))
            _set(self.norms[key].weight, weights[f"{name}.norm.scale"])
            _set(self.norms[key].bias, weights[f"{name}.norm.shift"])
        self.embedding = _linear(weights, "encoder.embedding")
        size = self.embedding.out_features
        self.most_visits = MOST_VISITS.get(size)
        self.norm, self.attention, self.recurrent = None, None, None
        if "sequence.norm.scale" in weights:
            self.norm = nn.LayerNorm(size)
            _set(self.norm.weight, weights["sequence.norm.scale"])
            _set(self.norm.bias, weights["sequence.norm.shift"])
        if "sequence.attention.inputKernel" in weights:
            self.attention = nn.MultiheadAttention(size, ATTENTION_HEADS)
            _set(self.attention.in_proj_weight, weights["sequence.attention.inputKernel"].T)
            _set(self.attention.in_proj_bias, weights["sequence.attention.inputBias"])
            _set(self.attention.out_proj.weight, weights["sequence.attention.outputKernel"].T)
            _set(self.attention.out_proj.bias, weights["sequence.attention.outputBias"])
        for name, kind in (("sequence.gru", nn.GRU), ("sequence.lstm", nn.LSTM)):
            if f"{name}.inputKernel" not in weights:
                continue
            kernels = [weights[key] for key in (f"{name}.inputKernel", "sequence.time.kernel") if key in weights]
            self.recurrent = kind(sum(len(kernel) for kernel in kernels), len(weights[f"{name}.hiddenKernel"]))  # gates as here
            _set(self.recurrent.weight_ih_l0, torch.cat(kernels).T)
            _set(self.recurrent.weight_hh_l0, weights[f"{name}.hiddenKernel"].T)
            _set(self.recurrent.bias_ih_l0, weights[f"{name}.inputBias"])
            _set(self.recurrent.bias_hh_l0, weights[f"{name}.hiddenBias"])
        self.change = _linear(weights, "sequence.change") if "sequence.change.kernel" in weights else None
        if self.change is not None:
            self.change_norm = nn.LayerNorm(size)
            _set(self.change_norm.weight, weights["sequence.change.norm.scale"])
            _set(self.change_norm.bias, weights["sequence.change.norm.shift"])
        self.told_of_time = "sequence.time.kernel" in weights
        self.clinical = _linear(weights, "clinical.embedding") if "clinical.embedding.kernel" in weights else None
        if self.clinical is not None:
            self.clinical_norm = nn.LayerNorm(self.clinical.out_features)
            _set(self.clinical_norm.weight, weights["clinical.norm.scale"])
            _set(self.clinical_norm.bias, weights["clinical.norm.shift"])
        self.pair = nn.Linear(size, 1, bias=False)
        _set(self.pair.weight, weights["head.pair.kernel"].T)
        self.risk = _linear(weights, "head.risk")

    def normed(self, x, name, stride=2):
        """A convolution and its group normalisation."""
        key = f"encoder_{name}"
        convolution = self.convolutions[key]
        x = _padded(x, convolution.kernel_size[0], stride)
        return self.norms[key](F.conv3d(x, convolution.weight, stride=stride))

    def encode(self, volumes):
        """Embeddings, and the maps of the layer of 14 mm voxels for networks that compare it between visits."""
        several = volumes.dim() == (5 if self.convolutions else 3)
        x = volumes if several else volumes.unsqueeze(1)  # [visit, sequence, …]
        there = [(x.flatten(2) != 0).any(2).to(x.dtype)] if several else []
        if not self.convolutions:  # features of the site's own
            return self.embedding(torch.cat([x.transpose(1, 2).flatten(1), *there], 1)), None
        maps = []
        if "encoder_stem" in self.convolutions:  # a ResNet-18
            x = F.relu(self.normed(x, "stem"))
            x = F.max_pool3d(_padded(x, 3, 2, float("-inf")), 3, stride=2)
            for layer in range(1, 5):
                for block in range(1, 3):
                    name, stride = f"layer{layer}_block{block}", 2 if layer > 1 and block == 1 else 1
                    shortcut = self.normed(x, f"{name}_projection", stride) if stride > 1 else x
                    x = F.relu(self.normed(F.relu(self.normed(x, f"{name}_first", stride)), f"{name}_second", 1) + shortcut)
                maps.append(x)
        else:
            for i in range(1, len(self.convolutions) + 1):
                x = F.relu(self.normed(x, f"block{i}"))
                maps.append(x)
        compared = None
        if self.change is not None:  # [visit, channel, 12, 16, 12]
            compared = next(layer for layer in maps if 3 * layer.shape[1] == self.change.in_features)
        return self.embedding(torch.cat([x.mean((2, 3, 4)), x.amax((2, 3, 4)), *there], 1)), compared

    def departures(self, maps):
        """How each visit's maps depart from the mean of those before it: mean, largest rise and largest fall; nought at the first."""
        rows = []
        for visit in range(1, len(maps)):
            change = maps[visit] - maps[:visit].mean(0)
            pooled = torch.cat([change.mean((1, 2, 3)), change.amax((1, 2, 3)), -change.amin((1, 2, 3))])
            rows.append(self.change_norm(self.change(pooled)))
        return torch.stack([torch.zeros(self.change.out_features), *rows])

    def states(self, embeddings, maps, days):
        """After each visit, given the visits up to it: each is a run of its own, told of the days before its own landmark."""
        rows = []
        for last in range(len(embeddings)):
            first = 0 if self.most_visits is None else max(0, last + 1 - self.most_visits)
            x = embeddings[first : last + 1]
            if self.recurrent is None:  # the mean of what was seen so far
                rows.append(self.norm(x).mean(0))
                continue
            if self.attention is not None:
                x, _ = self.attention(x, x, x, need_weights=False)
            else:
                x = self.norm(x)
                seen = [x, torch.cat([torch.zeros_like(x[:1]), x[1:] - x[:-1]])]
                x = torch.cat([*seen, *([self.departures(maps[first : last + 1])] if self.change is not None else [])], 1)
            if self.told_of_time:
                angles = 2 * torch.pi * (days[last] - days[first : last + 1]).unsqueeze(1) / TIME_PERIODS_DAYS
                x = torch.cat([x, torch.stack([angles.sin(), angles.cos()], 2).flatten(1)], 1)
            rows.append(self.recurrent(x.unsqueeze(1))[0][-1, 0])
        return torch.stack(rows) if self.attention is None else F.relu(torch.stack(rows))

    def forward(self, volumes, days=None, chart=None):
        embeddings, maps = self.encode(volumes)
        states = self.states(embeddings, maps, days)
        if self.clinical is not None:
            facts = F.relu(self.clinical_norm(self.clinical(chart)))
            states = torch.cat([states, facts.expand(len(states), -1)], 1)
        return {
            "embeddings": embeddings,
            "progression": self.pair(embeddings).squeeze(1),
            **_risks(self.risk(states)),
        }


def _risks(logits):
    if logits.shape[1] == 1:
        return {"risk_logits": logits.squeeze(1), "risk": logits.squeeze(1).sigmoid()}
    # Survival is the product of 1 - h; its negative logarithm is the running sum of log(1 + exp(z)).
    return {"hazard_logits": logits, "risk": -torch.expm1(-F.softplus(logits).cumsum(1))}


def load(path):
    """The network of a weights file, ready to be asked or trained on. Raises KeyError for a file of something else."""
    return SequelaModel(load_file(path)).eval()


def _padded(x, edge, stride, value=0.0):
    """Padding as TensorFlow does it ('same'): what is missing at the end first."""
    missing = [max((-(-n // stride) - 1) * stride + edge - n, 0) for n in reversed(x.shape[2:])]
    return F.pad(x, [side for n in missing for side in (n // 2, n - n // 2)], value=value)


def _linear(weights, name):
    kernel = weights[f"{name}.kernel"]
    layer = nn.Linear(*kernel.shape)
    _set(layer.weight, kernel.T)
    _set(layer.bias, weights[f"{name}.bias"])
    return layer


def _set(parameter, values):
    with torch.no_grad():
        parameter.copy_(values)
