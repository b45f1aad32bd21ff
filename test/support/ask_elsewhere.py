"""Asks an exported model outside of the product. Arguments: `torch` with a .safetensors file or `onnx` with a .onnx one, then a
file of float32 voxels and as JSON their shapes, and what else the model is told of each child. Prints the outputs of each child as JSON."""

import json
import math
import sys
from pathlib import Path

kind, model_file, voxels_file, shapes, told = *sys.argv[1:4], json.loads(sys.argv[4]), json.loads(sys.argv[5])


def children(array_of):
    start, answers = 0, []
    content = Path(voxels_file).read_bytes()
    for shape in shapes:
        size = 4 * math.prod(shape)
        answers.append(array_of(content[start : start + size], shape))
        start += size
    return answers


if kind == "torch":
    import torch

    sys.path.insert(0, str(Path(__file__).parents[2] / "interop"))
    from sequela_model import load

    model = load(model_file)
    with torch.no_grad():
        asked = children(lambda part, shape: torch.frombuffer(bytearray(part), dtype=torch.float32).reshape(shape))
        more = [{name: torch.tensor(value) for name, value in child.items()} for child in told]
        answers = [
            {name: value.tolist() for name, value in model(volumes, **facts).items()} for volumes, facts in zip(asked, more)
        ]
else:
    import numpy
    import onnxruntime

    session = onnxruntime.InferenceSession(model_file, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    asked = children(lambda part, shape: numpy.frombuffer(part, numpy.float32).reshape(shape))
    more = [{name: numpy.array(value, numpy.float32) for name, value in child.items()} for child in told]
    answers = [
        {name: value.tolist() for name, value in zip(names, session.run(names, {session.get_inputs()[0].name: scans, **facts}))}
        for scans, facts in zip(asked, more)
    ]
print(json.dumps(answers))
