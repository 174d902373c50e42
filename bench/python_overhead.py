#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Samples a second from Python beside the program's own, measured in turns on the same images.

    PYTHONPATH=build/plain/python bench/python_overhead.py build/plain/ballast models/fashion-mnist-0.25.onnx

The program's rate is that of its rows (the log's column `time`), so its start and the opening of files do not count; Python's is
that of whole calls to ballast.certify (all images at once) and ballast.Smooth.certify (image by image), with the model already open.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

try:
    import numpy as np

    import ballast
except ImportError as missing:
    print(f"python_overhead: {missing}; build with -DBALLAST_PYTHON=ON and set PYTHONPATH to the build's folder python", file=sys.stderr)
    sys.exit(2)

SIGMA, ALPHA, SELECTION = 0.25, 0.001, 100


def program_rate(a, data, log):
    log.unlink(missing_ok=True)
    log.with_name(log.name + ".json").unlink(missing_ok=True)
    command = [a.program, "certify", a.model, data, log, "--sigma", SIGMA, "--n", a.n, "--n0", SELECTION, "--threads", a.threads, "--quiet"]
    finished = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if finished.returncode != 0:
        print(f"python_overhead: {finished.stderr.strip()}", file=sys.stderr)
        sys.exit(2)
    return a.images * (a.n + SELECTION) / ballast.read_log(log)["time"].sum()


def rate_of(a, call):
    start = time.perf_counter()
    call()
    return a.images * (a.n + SELECTION) / (time.perf_counter() - start)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the ballast program")
    parser.add_argument("model", help="ONNX file of a classifier of --shape images")
    parser.add_argument("--shape", type=int, nargs=3, default=(1, 28, 28), metavar=("C", "H", "W"), help="of the images (default 1 28 28)")
    parser.add_argument("--images", type=int, default=10, help="how many, of random pixels (default 10)")
    parser.add_argument("--n", type=int, default=10_000, help="samples an image (default 10000)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default 5)")
    parser.add_argument("--threads", type=int, default=0, help="of both (default: all cores)")
    return parser.parse_args()


def main():
    a = parse_arguments()
    images = np.random.default_rng(0).integers(0, 256, (a.images, *a.shape), dtype=np.uint8)
    model = ballast.Model(a.model)
    classes = len(ballast.certify(model, images[:1], sigma=SIGMA, n=a.n, threads=a.threads)["counts"][0]) - 1
    smooth = ballast.Smooth(model, classes, SIGMA, threads=a.threads)
    with tempfile.TemporaryDirectory() as folder:
        data, log = pathlib.Path(folder) / "images.npz", pathlib.Path(folder) / "log.tsv"
        np.savez(data, images=images, labels=np.zeros(a.images, np.int64))
        ratios = {"ballast.certify": [], "ballast.Smooth.certify": []}
        for turn in range(a.rounds):
            rates = {
                "program": program_rate(a, data, log),
                "ballast.certify": rate_of(a, lambda: ballast.certify(model, images, sigma=SIGMA, n=a.n, n0=SELECTION, threads=a.threads)),
                "ballast.Smooth.certify": rate_of(a, lambda: [smooth.certify(x, SELECTION, a.n, ALPHA, 1000) for x in images]),
            }
            print(f"turn {turn + 1}: " + "   ".join(f"{name} {rate:.0f}" for name, rate in rates.items()) + "   samples a second", flush=True)
            for name, values in ratios.items():
                values.append(rates[name] / rates["program"])
    for name, values in ratios.items():
        print(f"{name}: {statistics.median(values):.3f} of the program's rate (median; {min(values):.3f} to {max(values):.3f})")


if __name__ == "__main__":
    main()
