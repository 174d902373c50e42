#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes rows of a log of `ballast certify` again, by docs/noise-stream.md: with NumPy and the standard library, and nothing of Ballast.

    python3 tools/recompute.py LOG.tsv MODEL.onnx DATA.npz [IDX ...]    rows of these images; all where none is named

It knows the paper's CERTIFY in fp32 with Gaussian noise on the grid; networks of Flatten, Gemm and Relu in a row, as PyTorch exports a
perceptron; and .npz files of `images` (bytes, N x C x H x W or N x H x W) and `labels`. Scores are computed in double precision, with a bound
on what single precision can make of them. A vote that lies within it is a near tie, and may fall either way: each row is said with its
near ties. Exit status 0 if every row is as it should be, else 1.
"""
import csv
import hashlib
import json
import sys
from decimal import Decimal, getcontext

import numpy as np

getcontext().prec = 60
TWO_PI = 2 * Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
SELECTION, ESTIMATION = 1, 2  # purposes
AT_ONCE = 1000  # samples


def normal_tail(x):
    """P(N(0, 1) > x) for x >= 0, by the series of Phi about 0."""
    term, total, odd = x, x, 1
    while term > Decimal("1e-70"):
        odd += 2
        term *= x * x / odd
        total += term
    return Decimal("0.5") - total * (-x * x / 2).exp() / TWO_PI.sqrt()


def thresholds(sigma):
    """2^64 P(noise < (j + 1/2) / 255), rounded to nearest, for all j where that is neither 0 nor 2^64; and the least of these j."""
    tails = [1]
    while tails[-1] > 0:
        tails.append(int(2**64 * normal_tail((2 * len(tails) - 1) / (510 * Decimal(sigma))) + Decimal("0.5")))
    tails = tails[1:-1]
    return np.array(tails[::-1] + [2**64 - tail for tail in tails], dtype=np.uint64), -len(tails)


def words(seed, purpose, image, samples, section, count):
    """The stream's words of 32 bits, samples x count: Philox 4x32-10."""
    blocks = (np.arange(-(-count // 4)) + (section << 30))[None, :]
    x = [part.astype(np.uint64) for part in np.broadcast_arrays(blocks, np.array(samples)[:, None], image, purpose)]
    low, high, ones = seed % 2**32, seed >> 32, np.uint64(2**32 - 1)
    for _ in range(10):
        first, second = x[0] * np.uint64(0xD2511F53), x[2] * np.uint64(0xCD9E8D57)
        x = [(second >> 32) ^ x[1] ^ np.uint64(low), second & ones, (first >> 32) ^ x[3] ^ np.uint64(high), first & ones]
        low, high = (low + 0x9E3779B9) % 2**32, (high + 0xBB67AE85) % 2**32
    return np.stack(x, axis=-1).reshape(len(samples), -1)[:, :count]


def noise(table, *stream, pixels):
    """Levels to be added to the pixels: samples x pixels."""
    upper, lower = (words(*stream, section, pixels) for section in (0, 1))
    return table[1] + np.searchsorted(table[0], upper << 32 | lower, side="right")


def fields(message):
    """A message of protobuf: of each field's number its values, which are whole numbers or bytes."""
    at, found = 0, {}

    def number():
        nonlocal at
        value = shift = 0
        while True:
            at += 1
            value, shift = value | (message[at - 1] & 127) << shift, shift + 7
            if message[at - 1] < 128:
                return value

    while at < len(message):
        key = number()
        size = number() if key & 7 == 2 else {0: 0, 1: 8, 5: 4}[key & 7]
        found.setdefault(key >> 3, []).append(number() if key & 7 == 0 else message[at:at + size])
        at += size
    return found


def layers(file):
    """The file's operations in order: weights and bias of a Gemm, None for a Relu."""
    graph, tensors = fields(fields(open(file, "rb").read())[7][0]), {}
    for tensor in map(fields, graph[5]):
        tensors[tensor[8][0]] = np.frombuffer(b"".join(tensor.get(9) or tensor[4]), dtype="<f4").astype(float).reshape(tensor[1])
    for node in map(fields, graph[1]):
        name, attributes = node[4][0].decode(), {entry[1][0]: entry for entry in map(fields, node.get(5, []))}
        one = [np.float32(1).tobytes()]
        if name == "Gemm" and all(attributes.get(key, {2: one})[2] == one for key in (b"alpha", b"beta")):
            weights, bias = (tensors[key] for key in node[1][1:])
            yield (weights.T if b"transB" in attributes and attributes[b"transB"][3] == [1] else weights), bias
        elif name == "Relu":
            yield None
        elif name != "Flatten":
            sys.exit(f"{file}: {name} in a form that this script does not know")


def scores(network, x):
    """Scores, and how far those of single precision may lie from them: sums in any order, fused or not."""
    error = np.zeros_like(x)
    for layer in network:
        if layer is None:
            x = np.maximum(x, 0)
            continue
        weights, bias = layer
        rounding = 1.01 * (len(weights) + 2) * 2**-24 * ((np.abs(x) + error) @ np.abs(weights) + np.abs(bias))
        x, error = x @ weights + bias, error @ np.abs(weights) + rounding
    return x, error


def votes(network, table, manifest, image, index, purpose, samples):
    """How often each class wins beyond doubt."""
    scale, offset = (np.repeat([manifest[f"input_{part}_{c}"] for c in range(len(image))], image[0].size) for part in ("scale", "offset"))
    classes = network[-1][1].size
    certain = np.zeros(classes, dtype=int)
    for first in range(0, samples, AT_ONCE):
        levels = noise(table, manifest["seed"], purpose, index, range(first, min(samples, first + AT_ONCE)), pixels=image.size)
        x, error = scores(network, np.float32(scale * ((image.reshape(-1) + levels) / 255) + offset).astype(float))
        label = np.argmax(x, axis=1)  # the first of several
        is_label = np.arange(classes) == label[:, None]
        sure = (x - error)[is_label] > np.where(is_label, -np.inf, x + error).max(axis=1)
        certain += np.bincount(label[sure], minlength=classes)
    return certain


def proved(doubt, count, manifest):
    """Whether so many votes prove that the class has at least the probability 1 - doubt. Clopper and Pearson: if it had just that, so
    many votes would come with probability alpha at most. The error of the noise's law comes off the doubt."""
    q, n = doubt - Decimal(manifest["noise_error"]), manifest["n"]
    if doubt >= 1 or q <= 0:
        return doubt >= 1
    term, tail = (1 - q)**n, Decimal(0)
    for failures in range(n - count + 1):
        tail += term
        term *= q * (n - failures) / ((failures + 1) * (1 - q))
    return tail <= Decimal(manifest["alpha"])


def differences(row, manifest, network, table, image, label):
    """What is not as the row says; and its near ties."""
    logged, near, wrong = {}, 0, []
    for column, purpose, samples in (("selection", SELECTION, manifest["n0"]), ("counts", ESTIMATION, manifest["n"])):
        certain = votes(network, table, manifest, image, int(row["idx"]), purpose, samples)
        logged[column] = dict((int(entry.split(":")[0]), int(entry.split(":")[1])) for entry in row[column].split(","))
        near += samples - certain.sum()
        if sum(logged[column].values()) != samples or any(logged[column].get(c, 0) < certain[c] for c in range(len(certain))):
            wrong.append(f"{column} (made again: {','.join(f'{c}:{k}' for c, k in enumerate(certain) if k)})")
    candidate = max(sorted(logged["selection"]), key=logged["selection"].get)
    count, sigma, last = logged["counts"].get(candidate, 0), Decimal(manifest["sigma"]), Decimal("1e-6")
    predict = candidate if proved(Decimal("0.5"), count, manifest) else -1
    radius, p_lower = Decimal(row["radius"]), Decimal(row["p_lower"])
    expected = {"label": label, "predict": predict, "correct": int(predict == label), "n": manifest["n"], "count": count}
    wrong += [f"{column} {row[column]} (it is {value})" for column, value in expected.items() if int(row[column]) != value]
    # Both numbers are rounded down: what they say is proved, and what the next one says is not.
    holds = [proved(normal_tail(r / sigma), count, manifest) for r in (radius, radius + last)]
    if radius != 0 if predict < 0 else holds != [True, False]:
        wrong.append(f"radius {radius}")
    if [proved(1 - p, count, manifest) for p in (p_lower, p_lower + Decimal("1.001e-12"))] != [True, False]:
        wrong.append(f"p_lower {p_lower}")
    return wrong, near


def main(log, model, data, *wanted):
    manifest = json.load(open(log + ".json", encoding="utf-8"))
    for name, value in {"method": "certify", "noise": "grid", "bound": "cohen", "precision": "fp32", "selection": "split"}.items():
        if manifest.get(name, value) != value:
            sys.exit(f"{log}: {name} is {manifest[name]}; this script knows {value}")
    for name, file in (("model_sha256", model), ("data_sha256", data)):
        if hashlib.sha256(open(file, "rb").read()).hexdigest() != manifest[name]:
            sys.exit(f"{file}: its hash is not the log's {name}")
    parts = [name for name in ("model_sha256", "data_sha256", "split", "noise", "sigma") if name in manifest]
    text = "".join(f"{name}={json.dumps(manifest[name])}\n" for name in parts)
    follows = int.from_bytes(hashlib.sha256(text.encode() + b"\0").digest()[:8], "little") == manifest["seed"]
    print(f"seed {manifest['seed']}: {'follows from model, data and noise' if follows else 'chosen by somebody'}")
    images, labels = (np.load(data)[name] for name in ("images", "labels"))
    images = images[:, None] if images.ndim == 3 else images
    network, table, bad = list(layers(model)), thresholds(manifest["sigma"]), 0
    for row in csv.DictReader(open(log, encoding="utf-8"), delimiter="\t"):
        index = int(row["idx"])
        if wanted and row["idx"] not in wanted:
            continue
        wrong, near = differences(row, manifest, network, table, images[index], int(labels[index]))
        print(f"image {index}: {'DIFFERENT: ' + ', '.join(wrong) if wrong else 'equal'}; {near} near ties")
        bad += bool(wrong)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) > 3 else __doc__)
