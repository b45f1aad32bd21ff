"""Asks an exported model outside of the product. Arguments: `torch` with a .safetensors file or `onnx` with a .onnx one, then a
file of float32 voxels and their shape as JSON. Prints the outputs of each child as JSON."""

import json
import sys
from pathlib import Path

kind, model_file, voxels_file, shapes = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])


def children(array_of):
    start, answers = 0, []
    content = Path(voxels_file).read_bytes()
    for shape in shapes:
        size = 4 * shape[0] * shape[1] * shape[2] * shape[3]
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
        answers = [{name: value.tolist() for name, value in model(volumes).items()} for volumes in asked]
else:
    import numpy
    import onnxruntime

    session = onnxruntime.InferenceSession(model_file, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    asked = children(lambda part, shape: numpy.frombuffer(part, numpy.float32).reshape(shape))
    answers = [
        {name: value.tolist() for name, value in zip(names, session.run(names, {"volumes": volumes}))} for volumes in asked
    ]
print(json.dumps(answers))
