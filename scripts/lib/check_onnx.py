"""Compares networks of ONNX files with onnxruntime: check_onnx.py TOOL [NAME…].

See scripts/check-onnx.
"""

import contextlib
import io
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import numpy
import onnxruntime

import onnx_networks

# The largest difference of two outputs as a share of the largest output.
OUTPUTS = 1e-4
SCALE = 0.9


def run_file(path, network, samples):
    """The outputs that onnxruntime gives."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    kinds = {"tensor(float)": numpy.float32, "tensor(int64)": numpy.int64, "tensor(int32)": numpy.int32}
    inputs = session.get_inputs()
    rows = []
    for part in numpy.split(samples, len(samples) // network.batch):
        feed = {inputs[0].name: network.file_input(part).astype(kinds[inputs[0].type])}
        for other in inputs[1:]:
            feed[other.name] = numpy.full(part.shape, other.name == "attention_mask", kinds[other.type])
        rows.append(session.run([session.get_outputs()[network.output].name], feed)[0])
    return numpy.concatenate(rows)


def run_tool(tool, path, network, samples, folder, *more):
    inputs, outputs = folder / "inputs", folder / "outputs"
    samples.astype(numpy.float32).tofile(inputs)
    sizes = ",".join(str(size) for size in samples.shape[1:])
    done = subprocess.run([tool, path, sizes, inputs, outputs, *more], capture_output=True, text=True)
    if done.returncode != 0:
        return None, (done.stdout + done.stderr[-2000:]).strip()
    return numpy.fromfile(outputs, numpy.float32).reshape(len(samples), -1), done.stdout.strip()


def difference(ours, theirs):
    theirs = theirs.reshape(len(theirs), -1)
    if ours.shape != theirs.shape:
        return f"sizes {ours.shape} and {theirs.shape}", False
    largest = float(numpy.abs(theirs).max())
    share = float(numpy.abs(ours - theirs).max()) / largest
    return f"{share:.0e} of {largest:.1f}", share <= OUTPUTS


def check(tool, name, network, exporter, folder):
    begin = time.monotonic()
    path, changed = folder / "network.onnx", folder / "changed.onnx"
    label = f"  {name:<22} {exporter:<16}"
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            samples = network.write(path, exporter)
    except Exception as fault:
        print(f"{label} not exported: {type(fault).__name__}: {str(fault).strip().splitlines()[:1]}", flush=True)
        return None
    if samples is None:
        print(f"{label} skipped: {network.missing}", flush=True)
        return None
    ours, words = run_tool(tool, path, network, samples, folder)
    if ours is None:
        print(f"{label} REFUSED  {words}", flush=True)
        return False
    try:
        theirs = run_file(path, network, samples)
    except Exception as fault:
        print(f"{label} not run by onnxruntime: {str(fault).strip().splitlines()[0][-160:]}", flush=True)
        return None
    first, good = difference(network.finish(ours), theirs)
    ours, words = run_tool(tool, path, network, samples, folder, str(SCALE), changed)
    if ours is None:
        print(f"{label} REFUSED  {words}", flush=True)
        return False
    second, same = difference(network.finish(ours), run_file(changed, network, samples))
    good = good and same
    seconds = time.monotonic() - begin
    print(f"{label} {'ok' if good else 'DIFFERS'}  outputs {first}, written again {second}  ({seconds:.0f} s)", flush=True)
    if not good or os.environ.get("VERBOSE"):
        print("    " + words.replace("\n", "\n    "), flush=True)
    return good


def main():
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    tool, names = sys.argv[1], sys.argv[2:]
    networks = onnx_networks.NETWORKS
    unknown = [name for name in names if name not in networks]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; known are {', '.join(networks)}")
        return 2
    print(f"onnxruntime {onnxruntime.__version__} and the converter: differences as shares of the largest output")
    results = []
    for name in names or networks:
        for exporter in networks[name].exporters:
            with tempfile.TemporaryDirectory() as folder:
                results.append(check(tool, name, networks[name], exporter, pathlib.Path(folder)))
    print(f"{results.count(True)} of {len(results) - results.count(None)} agree, {results.count(None)} were not exported")
    return 0 if False not in results and True in results else 1


if __name__ == "__main__":
    sys.exit(main())
