#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Operations and forms of ONNX operator sets 18 to 23, which Debian's test vectors do not reach: the numbers of NumPy by the definitions of
the specification, or a refusal by name.

    python3 tests/torch/newer_operations_test.py BALLAST_PROGRAM [onednn|aten]    by one engine; refusals, which are no engine's, beside onednn
"""

import itertools
import math
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
try:
    import numpy
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    print(f"skipped: {error}; on Debian: apt-get install python3-onnx")
    sys.exit(0)

BALLAST = ""
ENGINE = "onednn"

# Of the largest score: sums in single precision and in another order.
TOLERANCE = 1e-5

SCORES = 3  # of each form
IR_VERSION = 8

IMAGES = numpy.random.default_rng(1).random((5, 3, 8, 8), dtype=numpy.float32)
X = IMAGES.astype(float)
SIGNED = X * 4 - 2
TOKENS = SIGNED.reshape(-1, 8, 24)  # batch x length x size
HEADS = SIGNED.reshape(-1, 4, 6, 8)  # batch x heads x length x size


def tensor(values, name=""):
    """Floats become single precision; raw tensors stay."""
    if isinstance(values, onnx.TensorProto):
        named = onnx.TensorProto()
        named.CopyFrom(values)
        named.name = name
        return named
    array = numpy.asarray(values)
    return numpy_helper.from_array(array.astype(numpy.float32) if array.dtype == float else array, name)


def whole(*values):
    return numpy.array(values, dtype=numpy.int64)


class Network:
    """Forms of an operation side by side: each is flattened, and mapped to scores of its own by weights that are random."""

    def __init__(self, opset):
        self.opset = opset
        self.nodes, self.constants, self.expected = [], [], {}
        self.x = "x"
        self.signed = self.node("Sub", self.node("Mul", "x", 4.0), 2.0)
        self.tokens = self.node("Reshape", self.signed, whole(-1, 8, 24))
        self.heads = self.node("Reshape", self.signed, whole(-1, 4, 6, 8))
        self.random = numpy.random.default_rng(7)

    def constant(self, values):
        name = f"constant{len(self.constants)}"
        self.constants.append(tensor(values, name))
        return name

    def node(self, operation, *inputs, outputs=1, **attributes):
        """Inputs are names, or values of constants. Gives the name of the output, or of several."""
        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        made = [f"value{len(self.nodes)}.{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operation, names, made, name=f"{operation}{len(self.nodes)}", **attributes))
        return made[0] if outputs == 1 else made

    def expect(self, form, output, reference):
        """The output of this form has these values: batch x ..."""
        flat = numpy.asarray(reference, dtype=float).reshape(len(IMAGES), -1)
        weights = self.random.normal(size=(flat.shape[1], SCORES)).astype(numpy.float32) / numpy.float32(math.sqrt(flat.shape[1]))
        bias = self.random.normal(size=SCORES).astype(numpy.float32)
        scores = self.node("Gemm", self.node("Flatten", output), weights, bias)
        self.expected[form] = (scores, flat @ weights.astype(float) + bias)

    def model(self):
        scores = "scores"
        nodes = self.nodes + [helper.make_node("Concat", [name for name, _ in self.expected.values()], [scores], axis=1)]
        value = helper.make_tensor_value_info
        graph = helper.make_graph(nodes, "network", [value("x", TensorProto.FLOAT, ["batch", *IMAGES.shape[1:]])],
                                  [value(scores, TensorProto.FLOAT, ["batch", SCORES * len(self.expected)])], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=IR_VERSION)


def evaluate(network):
    """How it ended, and the scores."""
    with tempfile.TemporaryDirectory() as folder:
        model, images, logits = (pathlib.Path(folder) / name for name in ("model.onnx", "images.npz", "logits.npy"))
        model.write_bytes(network.model().SerializeToString())
        numpy.savez(images, images=IMAGES, labels=numpy.zeros(len(IMAGES), dtype=numpy.int64))
        done = subprocess.run([BALLAST, "evaluate", model, images, "--precision", "fp32", "--logits", logits, "--engine", ENGINE, "--quiet"],
                              capture_output=True, text=True, check=False)
        return done, numpy.load(logits) if done.returncode == 0 else None


# ---- References

def softmax(x):
    powers = numpy.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def split_heads(x, heads):
    return x.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)


def join_heads(x):
    return x.transpose(0, 2, 1, 3).reshape(x.shape[0], x.shape[2], -1)


def attention(q, k, v, mask=0.0, causal=False, scale=None, softcap=0.0):
    """Of batch x heads x length x size; a mask of truths says which keys take part, one of numbers is added. As the specification was
    corrected in 2026, softcap goes before the mask (behind it, what is masked would take part), and a query without keys gets 0."""
    k, v = (numpy.repeat(x, q.shape[1] // x.shape[1], axis=1) for x in (k, v))
    scores = q @ k.swapaxes(2, 3) * (1 / math.sqrt(q.shape[3]) if scale is None else scale)
    if softcap:
        scores = softcap * numpy.tanh(scores / softcap)
    mask = numpy.asarray(mask)
    scores = numpy.where(mask, scores, -numpy.inf) if mask.dtype == bool else scores + mask
    if causal:
        scores = numpy.where(numpy.tri(*scores.shape[2:], dtype=bool), scores, -numpy.inf)
    has_keys = scores.max(-1, keepdims=True) > -numpy.inf
    return softmax(numpy.where(has_keys, scores, 0)) @ v * has_keys


def rotated(x, angles, turned, interleaved):
    """Pairs of the last dimension's first elements, as complex numbers, turned by angles of length x pairs."""
    own = x[..., :turned]
    pairs = own[..., 0::2] + 1j * own[..., 1::2] if interleaved else own[..., :turned // 2] + 1j * own[..., turned // 2:]
    pairs = pairs * numpy.exp(1j * angles)
    result = x.copy()
    if interleaved:
        result[..., 0:turned:2], result[..., 1:turned:2] = pairs.real, pairs.imag
    else:
        result[..., :turned // 2], result[..., turned // 2:turned] = pairs.real, pairs.imag
    return result


def group_norm(x, groups, epsilon=1e-5):
    grouped = x.reshape(len(x), groups, -1)
    normal = (grouped - grouped.mean(2, keepdims=True)) / numpy.sqrt(grouped.var(2, keepdims=True) + epsilon)
    return normal.reshape(x.shape)


def windows(x, kernel, strides, pads, dilations, ceil, fill):
    """Of batch x channels x height x width: batch x channels x rows x columns x elements, `fill` around the image; and which elements lie in
    the image or its padding. With ceil, a last window may go beyond the padding, if it does not begin in the padding behind."""
    sides = []
    for i in range(2):
        size, span = x.shape[i + 2] + pads[i] + pads[i + 2], (kernel[i] - 1) * dilations[i] + 1
        count = (math.ceil if ceil else math.floor)((size - span) / strides[i]) + 1
        if ceil and (count - 1) * strides[i] >= x.shape[i + 2] + pads[i]:
            count -= 1
        sides.append([[start * strides[i] + step * dilations[i] for step in range(kernel[i])] for start in range(count)])
    far = [max(map(max, side)) + 1 for side in sides]
    behind = [max(far[i] - x.shape[i + 2] - pads[i], 0) for i in range(2)]
    padded = numpy.pad(x, [(0, 0), (0, 0), (pads[0], behind[0]), (pads[1], behind[1])], constant_values=fill)
    inside = numpy.zeros(padded.shape[2:], dtype=bool)
    inside[:x.shape[2] + pads[0] + pads[2], :x.shape[3] + pads[1] + pads[3]] = True
    rows = numpy.array(sides[0])[:, None, :, None]
    columns = numpy.array(sides[1])[None, :, None, :]
    shape = (len(sides[0]), len(sides[1]), kernel[0] * kernel[1])
    return padded[:, :, rows, columns].reshape(*x.shape[:2], *shape), inside[rows, columns].reshape(shape)


def average_pool(x, kernel, strides=(1, 1), pads=(0, 0, 0, 0), dilations=(1, 1), ceil=False, count_padding=False):
    taken, inside = windows(x, kernel, strides, pads, dilations, ceil, numpy.nan)
    if count_padding:
        return numpy.nansum(taken, -1) / inside.sum(-1)
    return numpy.nanmean(taken, -1)


def lp_pool(x, p, kernel, strides=(1, 1), pads=(0, 0, 0, 0), dilations=(1, 1), ceil=False):
    taken, _ = windows(x, kernel, strides, pads, dilations, ceil, 0)
    return (abs(taken) ** p).sum(-1) ** (1 / p)


def resize_place(to, size, out, scale, coordinates):
    """Where element `to` of the output lies in the input, by the specification's table."""
    half_pixel = (to + 0.5) / scale - 0.5
    return {"half_pixel": half_pixel,
            "half_pixel_symmetric": size / 2 * (1 - out / (scale * size)) + half_pixel,
            "pytorch_half_pixel": half_pixel if out > 1 else 0.0,
            "align_corners": to * (size - 1) / (out - 1) if out > 1 else 0.0,
            "asymmetric": to / scale}[coordinates]


def resize_weights(size, out, scale, mode, coordinates="half_pixel", rounding="round_prefer_floor", cubic=-0.75, exclude=False, antialias=False):
    """A row for each element of the output."""
    def cubic_weight(d):
        return (cubic + 2) * d**3 - (cubic + 3) * d**2 + 1 if d <= 1 else cubic * (d**3 - 5 * d**2 + 8 * d - 4) if d < 2 else 0.0

    weights = numpy.zeros((out, size))
    for to in range(out):
        place = resize_place(to, size, out, scale, coordinates)
        if mode == "nearest":
            below, above = math.floor(place), math.ceil(place)
            chosen = {"floor": below, "ceil": above, "round_prefer_floor": below if place - below <= 0.5 else above,
                      "round_prefer_ceil": above if above - place <= 0.5 else below}[rounding]
            weights[to, min(max(chosen, 0), size - 1)] = 1
            continue
        narrow = min(scale, 1) if antialias else 1
        row = {}
        for at in range(-3 * size, 4 * size):
            distance = abs(at - place) * narrow
            row[at] = max(1 - distance, 0) if mode == "linear" else cubic_weight(distance)
        if exclude:
            row = {at: weight for at, weight in row.items() if 0 <= at < size}
        for at, weight in row.items():
            weights[to, min(max(at, 0), size - 1)] += weight / sum(row.values())
    return weights


def resized(x, outs, scales, mode, **rule):
    """Each dimension by its size and scale."""
    for axis, (out, scale) in enumerate(zip(outs, scales)):
        if axis > 0 and (out != x.shape[axis] or scale != 1):
            weights = resize_weights(x.shape[axis], out, float(scale), mode, **rule)
            x = numpy.moveaxis(numpy.tensordot(weights, x, axes=(1, axis)), 0, axis)
    return x


class NewerOperations(unittest.TestCase):
    def compare(self, network):
        done, scores = evaluate(network)
        if "has no LibTorch" in done.stderr:
            self.skipTest("this build has no LibTorch")
        self.assertEqual(done.returncode, 0, done.stderr)
        for i, (form, (_, expected)) in enumerate(network.expected.items()):
            with self.subTest(form=form):
                largest = abs(expected).max()
                self.assertTrue(numpy.isfinite(largest), "the reference is not finite")
                self.assertGreater(expected.std(0).max(), 10 * TOLERANCE * largest, "scores hardly depend on the image")
                self.assertLess(abs(scores[:, i * SCORES:(i + 1) * SCORES] - expected).max(), TOLERANCE * largest)

    def refused(self, opset, build, *parts):
        """`build` adds the node to a network and gives its output; the refusal is one line with these parts."""
        if ENGINE != "onednn":
            return
        network = Network(opset)
        network.expect("refused", build(network), X)
        done, _ = evaluate(network)
        self.assertEqual(done.returncode, 2, parts)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for part in parts:  # of several, any: newer versions of ONNX's library know the names of newer types
            words = part if isinstance(part, tuple) else (part,)
            self.assertTrue(any(word in done.stderr for word in words), f"{words}: {done.stderr}")

    # ---- Attention

    def test_attention(self):
        n = Network(23)
        q, k, v = n.heads, n.node("Mul", n.heads, 0.5), n.node("Sin", n.heads)
        qs, ks, vs = HEADS, HEADS * 0.5, numpy.sin(HEADS)
        n.expect("plain", n.node("Attention", q, k, v), attention(qs, ks, vs))
        n.expect("scale", n.node("Attention", q, k, v, scale=0.7), attention(qs, ks, vs, scale=numpy.float32(0.7)))
        n.expect("softcap", n.node("Attention", q, k, v, softcap=1.5), attention(qs, ks, vs, softcap=1.5))
        n.expect("causal", n.node("Attention", q, k, v, is_causal=1), attention(qs, ks, vs, causal=True))
        for masked in ((6, 6), (4, 6, 6), (1, 6, 6), (1, 4, 6, 6), (1, 1, 1, 6), (6, 1)):
            mask = n.random.normal(size=masked).astype(numpy.float32)
            n.expect(f"mask {masked}", n.node("Attention", q, k, v, mask), attention(qs, ks, vs, mask))
            truths = mask > -0.5
            n.expect(f"truths {masked}", n.node("Attention", q, k, v, truths), attention(qs, ks, vs, truths))
            n.expect(f"causal truths {masked}", n.node("Attention", q, k, v, truths, is_causal=1), attention(qs, ks, vs, truths, causal=True))
            n.expect(f"causal mask {masked}", n.node("Attention", q, k, v, mask, is_causal=1), attention(qs, ks, vs, mask, causal=True))
        n.expect("softcap, mask", n.node("Attention", q, k, v, mask, softcap=0.8), attention(qs, ks, vs, mask, softcap=numpy.float32(0.8)))
        n.expect("softcap, truths", n.node("Attention", q, k, v, truths, softcap=0.5), attention(qs, ks, vs, truths, softcap=0.5))
        n.expect("softcap, causal", n.node("Attention", q, k, v, softcap=0.5, is_causal=1), attention(qs, ks, vs, softcap=0.5, causal=True))
        truths = numpy.tri(6, k=-2, dtype=bool)
        numbers = numpy.where(truths, numpy.float32(0.5), -numpy.float32(numpy.inf))
        n.expect("queries without keys", n.node("Attention", q, k, v, truths), attention(qs, ks, vs, truths))
        n.expect("queries without keys, in numbers, softcap", n.node("Attention", q, k, v, numbers, softcap=0.5),
                 attention(qs, ks, vs, numbers, softcap=0.5))
        n.expect("queries without keys before them", n.node("Attention", q, k, v, numpy.arange(6)[None] > 3, is_causal=1),
                 attention(qs, ks, vs, numpy.arange(6) > 3, causal=True))
        self.compare(n)

    def test_attention_of_other_lengths_and_sizes(self):
        n = Network(23)
        few = n.node("Slice", n.heads, whole(1), whole(4), whole(2))  # of the length
        wide = n.node("Concat", n.heads, n.node("Cos", n.heads), axis=3)
        wides = numpy.concatenate([HEADS, numpy.cos(HEADS)], axis=3)
        fews = HEADS[:, :, 1:4]
        n.expect("few queries", n.node("Attention", few, n.heads, wide), attention(fews, HEADS, wides))
        n.expect("few keys", n.node("Attention", n.heads, few, few), attention(HEADS, fews, fews))
        n.expect("few queries, causal", n.node("Attention", few, n.heads, wide, is_causal=1), attention(fews, HEADS, wides, causal=True))
        n.expect("few keys, causal", n.node("Attention", n.heads, few, few, is_causal=1), attention(HEADS, fews, fews, causal=True))
        mask = n.random.normal(size=(3, 6)).astype(numpy.float32)
        n.expect("few queries, mask", n.node("Attention", few, n.heads, wide, mask), attention(fews, HEADS, wides, mask))
        self.compare(n)

    def test_attention_of_fewer_heads_of_keys(self):
        n = Network(23)
        for heads in (1, 2):
            own, owns = n.node("Slice", n.heads, whole(1), whole(1 + heads), whole(1)), HEADS[:, 1:1 + heads]
            n.expect(f"{heads} of 4", n.node("Attention", n.heads, own, own), attention(HEADS, owns, owns))
        for queries, keys in ((4, 4), (4, 2), (6, 2), (6, 1), (12, 4)):
            size = 24 // queries
            projection = n.random.normal(size=(24, keys * size)).astype(numpy.float32) / 5
            k, ks = n.node("MatMul", n.tokens, projection), TOKENS @ projection.astype(float)
            v, vs = n.node("MatMul", n.tokens, projection[::-1]), TOKENS @ projection[::-1].astype(float)
            split = split_heads(TOKENS, queries), split_heads(ks, keys), split_heads(vs, keys)
            mask = n.random.normal(size=(queries, 8, 8)).astype(numpy.float32)
            heads = {"q_num_heads": queries, "kv_num_heads": keys}
            n.expect(f"flat {queries}, {keys}", n.node("Attention", n.tokens, k, v, **heads), join_heads(attention(*split)))
            n.expect(f"flat {queries}, {keys} in all ways", n.node("Attention", n.tokens, k, v, mask, is_causal=1, scale=0.25, softcap=2.0, **heads),
                     join_heads(attention(*split, mask, causal=True, scale=0.25, softcap=2.0)))
        self.compare(n)

    def test_attention_with_a_mask_worked_out_from_the_image(self):
        n = Network(23)
        scores = n.node("MatMul", n.heads, n.node("Transpose", n.heads, perm=[0, 1, 3, 2]))
        summed = HEADS @ HEADS.swapaxes(2, 3)
        whole_mask, one = n.node("Mul", scores, 0.1), n.node("Slice", n.node("Mul", scores, 0.1), whole(2), whole(3), whole(1))
        n.expect("each head", n.node("Attention", n.heads, n.heads, n.heads, whole_mask), attention(HEADS, HEADS, HEADS, summed * 0.1))
        n.expect("one for all", n.node("Attention", n.heads, n.heads, n.heads, one), attention(HEADS, HEADS, HEADS, summed[:, 2:3] * 0.1))
        n.expect("one for all, causal, softcap", n.node("Attention", n.heads, n.heads, n.heads, one, is_causal=1, softcap=0.5),
                 attention(HEADS, HEADS, HEADS, summed[:, 2:3] * 0.1, causal=True, softcap=0.5))
        self.compare(n)

    def test_attention_with_truths_worked_out_from_the_image_is_refused(self):
        def truths(n):
            return n.node("Greater", n.node("MatMul", n.heads, n.node("Transpose", n.heads, perm=[0, 1, 3, 2])), 0.0)

        def moved(n):
            turned = n.node("Transpose", n.node("And", truths(n), truths(n)), perm=[0, 1, 3, 2])
            return n.node("Slice", n.node("Where", n.node("Not", turned), turned, truths(n)), whole(1), whole(2), whole(1))

        for mask in (truths, moved, lambda n: n.node("Cast", truths(n), to=TensorProto.FLOAT)):
            self.refused(23, lambda n, mask=mask: n.node("Attention", n.heads, n.heads, n.heads, mask(n)), "Attention",
                         "truths that depend on the image")
        n = Network(23)
        reference = numpy.where(HEADS @ HEADS.swapaxes(2, 3) > 0, 0, -1e4)
        for form, mask in (("chosen", n.node("Where", truths(n), 0.0, -1e4)),
                           ("in numbers", n.node("Mul", n.node("Sub", 1.0, n.node("Cast", truths(n), to=TensorProto.FLOAT)), -1e4))):
            n.expect(form, n.node("Attention", n.heads, n.heads, n.heads, mask), attention(HEADS, HEADS, HEADS, reference))
        self.compare(n)

    def test_attention_that_is_refused(self):
        past = numpy.zeros((1, 4, 2, 8), dtype=numpy.float32)
        self.refused(23, lambda n: n.node("Attention", n.heads, n.heads, n.heads, "", past, past), "Attention", "past")
        self.refused(23, lambda n: n.node("Attention", n.heads, n.heads, n.heads, outputs=3)[0], "Attention", "values alone")
        self.refused(23, lambda n: n.node("Attention", n.heads, n.heads, n.heads, outputs=4)[0], "Attention", "values alone")
        self.refused(23, lambda n: n.node("Attention", n.tokens, n.tokens, n.tokens, q_num_heads=5, kv_num_heads=5), "Attention", "heads")
        self.refused(23, lambda n: n.node("Attention", n.tokens, n.tokens, n.tokens), "Attention", "heads")
        self.refused(23, lambda n: n.node("Attention", n.heads, n.heads, n.heads, numpy.zeros((5, 6), dtype=numpy.float32)), "Attention")
        counts = numpy.ones((6, 6), dtype=numpy.int64)
        self.refused(23, lambda n: n.node("Attention", n.heads, n.heads, n.heads, counts), "Attention", "whole numbers")
        self.refused(23, lambda n: n.node("Attention", numpy.ones((1, 4, 6, 8)), n.heads, n.heads), "Attention", "computed")

    # ---- Rotary embedding

    def test_rotary_embedding(self):
        n = Network(23)
        places = numpy.array([3, 0, 7, 2, 5, 11, 1, 4])
        for flat, interleaved, turned, listed in itertools.product((False, True), (0, 1), (8, 4, 6), (False, True)):
            length, half = (8 if flat else 6), turned // 2
            rows = 12 if listed else length
            angles = n.random.uniform(-3, 3, size=(rows, half))
            tables = [f(angles).astype(numpy.float32) for f in (numpy.cos, numpy.sin)]
            own = angles[places[:length]] if listed else angles
            if listed:
                tables.append(places[None, :length])
            else:
                tables = [table[None] for table in tables]
            options = {"interleaved": interleaved}
            if turned != 8:
                options["rotary_embedding_dim"] = turned
            if flat:
                node = n.node("RotaryEmbedding", n.tokens, *tables, num_heads=3, **options)
                reference = join_heads(rotated(split_heads(TOKENS, 3), own, turned, interleaved))
            else:
                node = n.node("RotaryEmbedding", n.heads, *tables, **options)
                reference = rotated(HEADS, own, turned, interleaved)
            n.expect(f"flat {flat}, interleaved {interleaved}, {turned} turned, listed {listed}", node, reference)
        self.compare(n)

    def test_rotary_embedding_that_is_refused(self):
        def table(*dims):
            return numpy.zeros(dims, dtype=numpy.float32)
        self.refused(23, lambda n: n.node("RotaryEmbedding", n.heads, table(1, 5, 4), table(1, 5, 4)), "RotaryEmbedding", "table")
        self.refused(23, lambda n: n.node("RotaryEmbedding", n.tokens, table(1, 8, 4), table(1, 8, 4)), "RotaryEmbedding", "heads")
        self.refused(23, lambda n: n.node("RotaryEmbedding", n.heads, n.heads, table(1, 6, 4)), "RotaryEmbedding", "constant")
        self.refused(23, lambda n: n.node("RotaryEmbedding", n.heads, table(9, 4), table(9, 4), whole(0, 1, 2, 3, 4, 9)[None]),
                     "RotaryEmbedding", "outside its range")

    # ---- Normalisation

    def test_normalisation_by_roots_of_mean_squares(self):
        n = Network(23)
        for axis, dims in ((-1, (8,)), (3, (8,)), (2, (8, 8)), (1, (3, 8, 8)), (-2, (8, 8))):
            for given in (dims, dims[-1:], (1,)):
                scale = n.random.normal(size=given).astype(numpy.float32)
                axes = tuple(range(axis % 4, 4))
                for epsilon in (1e-5, 0.25):
                    reference = SIGNED / numpy.sqrt((SIGNED**2).mean(axes, keepdims=True) + epsilon) * scale
                    n.expect(f"{axis}, {given}, {epsilon}", n.node("RMSNormalization", n.signed, scale, axis=axis, epsilon=epsilon), reference)
        self.compare(n)
        self.refused(23, lambda n: n.node("RMSNormalization", n.signed, [1.0], axis=0), "RMSNormalization", "mix")

    def test_layer_normalisation(self):
        n = Network(18)
        for axis, dims in ((-1, (8,)), (2, (8, 8)), (1, (3, 8, 8))):
            scale, bias = (n.random.normal(size=dims).astype(numpy.float32) for _ in range(2))
            axes = tuple(range(axis % 4, 4))
            normal = (SIGNED - SIGNED.mean(axes, keepdims=True)) / numpy.sqrt(SIGNED.var(axes, keepdims=True) + 1e-5)
            n.expect(f"{axis}", n.node("LayerNormalization", n.signed, scale, bias, axis=axis), normal * scale + bias)
            n.expect(f"{axis} without bias", n.node("LayerNormalization", n.signed, scale, axis=axis), normal * scale)
        self.compare(n)

    def test_group_normalisation(self):
        for opset in (18, 20, 21, 23):
            n = Network(opset)
            six = n.node("Reshape", n.signed, whole(-1, 6, 4, 8))
            sixes = SIGNED.reshape(-1, 6, 4, 8)
            for groups, epsilon in itertools.product((1, 2, 3, 6), (1e-5, 0.25)):
                entries = groups if opset < 21 else 6
                scale, bias = (n.random.uniform(1, 3, size=entries).astype(numpy.float32) for _ in range(2))
                spread = [numpy.repeat(values, 6 // entries)[:, None, None] for values in (scale, bias)]
                n.expect(f"set {opset}, {groups} groups, {epsilon}",
                         n.node("GroupNormalization", six, scale, bias, num_groups=groups, epsilon=epsilon),
                         group_norm(sixes, groups, epsilon) * spread[0] + spread[1])
            self.compare(n)
        ones = numpy.ones(2, dtype=numpy.float32)

        def of_two(n):
            return n.node("GroupNormalization", n.heads, ones, ones, num_groups=2)
        self.refused(21, of_two, "GroupNormalization", "4 is needed")
        self.refused(18, lambda n: n.node("GroupNormalization", n.x, ones, ones, num_groups=2), "GroupNormalization", "2 groups")

    def test_normalisation_by_lengths_means_and_variances(self):
        n = Network(22)
        part = n.node("Mul", n.signed, numpy.array([1, 0, 1], dtype=numpy.float32)[:, None, None])
        parts = SIGNED * numpy.array([1, 0, 1])[:, None, None]
        for axis, p in itertools.product((1, 2, 3, -1), (1, 2)):
            length = (abs(parts) ** p).sum(axis, keepdims=True) ** (1 / p)
            reference = numpy.divide(parts, length, out=numpy.zeros_like(parts), where=length != 0)
            n.expect(f"length {axis}, {p}", n.node("LpNormalization", part, axis=axis, p=p), reference)
        for axes in ([2, 3], [1, 2, 3], [3], [-1, 1]):
            centred = SIGNED - SIGNED.mean(tuple(axes), keepdims=True)
            reference = centred / (numpy.sqrt((centred**2).mean(tuple(axes), keepdims=True)) + 1e-9)
            n.expect(f"mean and variance {axes}", n.node("MeanVarianceNormalization", n.signed, axes=axes), reference)
        self.compare(n)
        self.refused(18, lambda n: n.node("MeanVarianceNormalization", n.signed), "MeanVarianceNormalization", "batch")
        self.refused(22, lambda n: n.node("LpNormalization", n.signed, axis=0), "LpNormalization", "batch")
        self.refused(22, lambda n: n.node("LpNormalization", n.signed, p=3), "LpNormalization", "its p is 3")

    # ---- Element by element

    def test_activations(self):
        n = Network(22)
        erf = numpy.vectorize(math.erf)
        tanh = numpy.tanh
        n.expect("Gelu", n.node("Gelu", n.signed), SIGNED / 2 * (1 + erf(SIGNED / math.sqrt(2))))
        n.expect("Gelu none", n.node("Gelu", n.signed, approximate="none"), SIGNED / 2 * (1 + erf(SIGNED / math.sqrt(2))))
        n.expect("Gelu tanh", n.node("Gelu", n.signed, approximate="tanh"),
                 SIGNED / 2 * (1 + tanh(math.sqrt(2 / math.pi) * (SIGNED + 0.044715 * SIGNED**3))))
        n.expect("Mish", n.node("Mish", n.signed), SIGNED * tanh(numpy.log1p(numpy.exp(SIGNED))))
        n.expect("HardSwish", n.node("HardSwish", n.node("Mul", n.signed, 3.0)), SIGNED * 3 * numpy.clip(SIGNED * 3 / 6 + 0.5, 0, 1))
        n.expect("ThresholdedRelu", n.node("ThresholdedRelu", n.signed, alpha=0.5), numpy.where(SIGNED > 0.5, SIGNED, 0))
        n.expect("Celu", n.node("Celu", n.signed, alpha=2.0), numpy.where(SIGNED > 0, SIGNED, 2 * numpy.expm1(SIGNED / 2)))
        n.expect("Softplus", n.node("Softplus", n.signed), numpy.log1p(numpy.exp(SIGNED)))
        n.expect("PRelu", n.node("PRelu", n.signed, numpy.array([0.1, 0.5, -1.0], dtype=numpy.float32)[:, None, None]),
                 numpy.where(SIGNED < 0, SIGNED * numpy.array([0.1, 0.5, -1.0], dtype=numpy.float32)[:, None, None], SIGNED))
        self.compare(n)
        self.refused(22, lambda n: n.node("Gelu", n.signed, approximate="fast"), "Gelu", "fast")

    def test_casts(self):
        n = Network(19)
        # Away from whole numbers, so that rounding decides nothing.
        to = {"INT32": numpy.trunc(SIGNED * 3), "INT8": numpy.trunc(SIGNED * 3), "FLOAT": SIGNED * 3, "DOUBLE": SIGNED * 3}
        tripled = n.node("Mul", n.signed, 3.0)
        for name, reference in to.items():
            n.expect(f"Cast {name}", n.node("Cast", n.node("Cast", tripled, to=getattr(TensorProto, name)), to=TensorProto.FLOAT), reference)
        relu = n.node("Relu", n.signed)
        n.expect("Cast BOOL", n.node("Cast", n.node("Cast", relu, to=TensorProto.BOOL), to=TensorProto.FLOAT), 1.0 * (SIGNED > 0))
        like = n.node("CastLike", tripled, whole(1))
        n.expect("CastLike INT64", n.node("CastLike", like, [1.0]), to["INT32"])
        n.expect("CastLike BOOL", n.node("CastLike", n.node("CastLike", relu, numpy.array([True])), n.signed), 1.0 * (SIGNED > 0))
        n.expect("saturate", n.node("Cast", n.node("Cast", tripled, to=TensorProto.INT16, saturate=0), to=TensorProto.FLOAT, saturate=1), to["INT32"])
        self.compare(n)
        float8 = 17  # FLOAT8E4M3FN
        self.refused(19, lambda n: n.node("Cast", n.signed, to=float8), "Cast", ("17", "FLOAT8E4M3FN"))

    def test_truths(self):
        n = Network(20)
        truths, above = n.node("Greater", n.signed, 0.25), SIGNED > 0.25
        few, fews = n.node("Greater", n.signed, 1.2), SIGNED > 1.2
        wide, wides = n.node("Greater", n.signed, -1.2), SIGNED > -1.2

        def number(name):
            return n.node("Cast", name, to=TensorProto.FLOAT)
        for axes in ([1], [-1], [2]):
            for keep in (0, 1):
                n.expect(f"any {axes}, {keep}", number(n.node("ReduceMax", few, whole(*axes), keepdims=keep)), fews.any(tuple(axes)))
                n.expect(f"all {axes}, {keep}", number(n.node("ReduceMin", wide, whole(*axes), keepdims=keep)), wides.all(tuple(axes)))
        n.expect("Equal", number(n.node("Equal", truths, few)), above == fews)
        n.expect("Xor", number(n.node("Xor", truths, few)), above ^ fews)
        n.expect("Where", n.node("Where", n.node("Not", n.node("And", truths, few)), n.signed, 5.0), numpy.where(above & fews, 5, SIGNED))
        n.expect("GreaterOrEqual", number(n.node("GreaterOrEqual", n.signed, n.node("Cos", n.signed))), SIGNED >= numpy.cos(SIGNED))
        self.compare(n)

    # ---- Along axes

    def test_reductions_with_axes_as_an_input(self):
        n = Network(18)
        functions = {
            "ReduceMean": numpy.mean, "ReduceMax": numpy.max, "ReduceMin": numpy.min, "ReduceProd": numpy.prod, "ReduceSum": numpy.sum,
            "ReduceL1": lambda x, axes, keepdims: abs(x).sum(axes, keepdims=keepdims),
            "ReduceL2": lambda x, axes, keepdims: numpy.sqrt((x**2).sum(axes, keepdims=keepdims)),
            "ReduceLogSum": lambda x, axes, keepdims: numpy.log(x.sum(axes, keepdims=keepdims)),
            "ReduceLogSumExp": lambda x, axes, keepdims: numpy.log(numpy.exp(x).sum(axes, keepdims=keepdims)),
            "ReduceSumSquare": lambda x, axes, keepdims: (x**2).sum(axes, keepdims=keepdims)}
        for name, function in functions.items():
            value, values = (n.x, X) if name == "ReduceLogSum" else (n.signed, SIGNED)
            for axes, keep in itertools.product(([1], [2, 3], [-1], [3, 1]), (0, 1)):
                if name == "ReduceProd" and axes == [2, 3]:
                    continue  # of 64 numbers nothing is left
                n.expect(f"{name} {axes} {keep}", n.node(name, value, whole(*axes), keepdims=keep),
                         function(values, tuple(axes), keepdims=bool(keep)))
            # Without axes only what is done with single elements is left.
            alone = function(values[..., None], (-1,), keepdims=False)
            n.expect(f"{name} of none", n.node(name, value, noop_with_empty_axes=1), alone)
            n.expect(f"{name} of an empty list", n.node(name, value, whole(), noop_with_empty_axes=1), alone)
        self.compare(n)
        self.refused(18, lambda n: n.node("ReduceMean", n.signed), "ReduceMean", "mix")
        self.refused(18, lambda n: n.node("ReduceMean", n.signed, whole(0)), "ReduceMean", "batch")
        self.refused(18, lambda n: n.node("ReduceMean", n.signed, n.node("Cast", n.x, to=TensorProto.INT64)), "ReduceMean", "constant")

    def test_splits_into_a_number_of_outputs(self):
        n = Network(18)
        for axis, count, lengths in ((3, 3, (3, 3, 2)), (-1, 4, (2, 2, 2, 2)), (1, 2, (2, 1)), (2, 2, (4, 4)), (2, 3, (3, 3, 2))):
            start = 0
            for i, part in enumerate(n.node("Split", n.signed, axis=axis, num_outputs=count, outputs=count)):
                taken = numpy.arange(start, start + lengths[i])
                start += lengths[i]
                n.expect(f"{axis}, {count}, {i}", part, numpy.take(SIGNED, taken, axis=axis))
        self.compare(n)
        self.refused(18, lambda n: n.node("Split", n.signed, axis=0, num_outputs=2, outputs=2)[0], "Split", "batch")
        self.refused(18, lambda n: n.node("Split", n.signed, axis=2, num_outputs=3, outputs=2)[0], "Split", "num_outputs")

    # ---- Windows

    def test_average_pools(self):
        n = Network(19)
        ways = itertools.product(([1, 1], [2, 2], [3, 1]), ([1, 1], [2, 3]), ([0, 0, 0, 0], [1, 0, 2, 1]), (0, 1), (0, 1))
        for dilations, strides, pads, ceil, count in ways:
            n.expect(f"{dilations}, {strides}, {pads}, {ceil}, {count}",
                     n.node("AveragePool", n.signed, kernel_shape=[3, 2], dilations=dilations, strides=strides, pads=pads, ceil_mode=ceil,
                            count_include_pad=count),
                     average_pool(SIGNED, [3, 2], strides, pads, dilations, bool(ceil), bool(count)))
        for mode, pads in (("SAME_UPPER", [1, 0, 2, 1]), ("SAME_LOWER", [2, 1, 1, 0])):
            n.expect(mode, n.node("AveragePool", n.signed, kernel_shape=[4, 2], auto_pad=mode), average_pool(SIGNED, [4, 2], pads=pads))
        n.expect("row", n.node("AveragePool", n.tokens, kernel_shape=[3], dilations=[4], pads=[2, 1], strides=[2]),
                 average_pool(TOKENS[:, :, None], [1, 3], [1, 2], [0, 2, 0, 1], [1, 4]))
        self.compare(n)

    def test_pools_by_powers(self):
        n = Network(18)
        ways = itertools.product((1, 2, 3), ([1, 1], [2, 3]), ([1, 1], [2, 3]), ([0, 0, 0, 0], [1, 0, 2, 1]), (0, 1))
        for p, dilations, strides, pads, ceil in ways:
            n.expect(f"{p}, {dilations}, {strides}, {pads}, {ceil}",
                     n.node("LpPool", n.signed, kernel_shape=[3, 2], p=p, dilations=dilations, strides=strides, pads=pads, ceil_mode=ceil),
                     lp_pool(SIGNED, p, [3, 2], strides, pads, dilations, bool(ceil)))
        for mode, pads in (("SAME_UPPER", [1, 0, 2, 1]), ("SAME_LOWER", [2, 1, 1, 0]), ("VALID", [0, 0, 0, 0])):
            n.expect(mode, n.node("LpPool", n.signed, kernel_shape=[4, 2], auto_pad=mode), lp_pool(SIGNED, 2, [4, 2], pads=pads))
        n.expect("row", n.node("LpPool", n.tokens, kernel_shape=[3], dilations=[4], pads=[2, 1], strides=[2]),
                 lp_pool(TOKENS[:, :, None], 2, [1, 3], [1, 2], [0, 2, 0, 1], [1, 4]))
        for p in (1, 2, 3):
            n.expect(f"global {p}", n.node("GlobalLpPool", n.signed, p=p), (abs(SIGNED) ** p).sum((2, 3)) ** (1 / p))
        n.expect("global", n.node("GlobalLpPool", n.tokens), numpy.sqrt((TOKENS**2).sum(2)))
        self.compare(n)

    def test_padding_of_some_axes(self):
        n = Network(19)
        modes = {"constant": {"constant_values": 0.75}, "edge": {}, "reflect": {}, "wrap": {}}
        for mode, options in modes.items():
            value = (0.75,) if mode == "constant" else ("",)
            for axes, pads in (([2, 3], [1, 2, 3, 0]), ([3], [2, 5]), ([-1, 1], [4, 0, 1, 2]), ([-2], [0, 7])):
                around = [(0, 0)] * 4
                for i, axis in enumerate(axes):
                    around[axis] = (pads[i], pads[i + len(axes)])
                n.expect(f"{mode} {axes}", n.node("Pad", n.signed, whole(*pads), *value, whole(*axes), mode=mode),
                         numpy.pad(SIGNED, around, mode, **options))
            cut = numpy.pad(SIGNED[:, :, 2:], [(0, 0), (0, 0), (0, 3), (0, 0)], mode, **options)
            n.expect(f"{mode}, cut", n.node("Pad", n.signed, whole(-2, 3), *value, whole(2), mode=mode), cut)
        self.compare(n)
        self.refused(18, lambda n: n.node("Pad", n.signed, whole(1, 1), "", whole(0)), "Pad", "batch")
        self.refused(18, lambda n: n.node("Pad", n.signed, whole(1, 1), "", whole(2), mode="mirror"), "Pad", "mirror")

    # ---- Resize

    def test_resizing_by_every_rule(self):
        shapes = (((1, 1, 1.75, 0.6), (1, 3, 14, 4)), ((1, 1, 0.34, 2.0), (1, 3, 2, 16)), ((1, 1, 0.125, 0.5), (1, 3, 1, 4)),
                  ((1, 2, 1, 1), (1, 6, 8, 8)))
        for coordinates in ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"):
            n = Network(19)
            for scales, sizes in shapes:
                scales = numpy.array(scales, dtype=numpy.float32)
                # Corners are aligned by sizes alone: with fractions of an element, the specification's text and its reference differ.
                exact = coordinates == "align_corners"
                batch = n.node("Slice", n.node("Shape", n.x), whole(0), whole(1))
                given = ("", "", n.node("Concat", batch, whole(*sizes[1:]), axis=0)) if exact else ("", scales)
                factors = [out / size for out, size in zip(sizes, (1, *X.shape[1:]))] if exact else scales.astype(float)
                rules = [("nearest", {"rounding": rounding}, {"nearest_mode": rounding})
                         for rounding in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")]
                for mode, exclude, antialias in itertools.product(("linear", "cubic"), (0, 1), (0, 1)):
                    rules.append((mode, {"exclude": exclude, "antialias": antialias}, {"exclude_outside": exclude, "antialias": antialias}))
                rules.append(("cubic", {"cubic": -0.5}, {"cubic_coeff_a": -0.5}))
                for mode, rule, attributes in rules:
                    n.expect(f"{coordinates}, {scales}, {mode}, {rule}",
                             n.node("Resize", n.signed, *given, mode=mode, coordinate_transformation_mode=coordinates, **attributes),
                             resized(SIGNED, sizes, factors, mode, coordinates=coordinates, **rule))
            self.compare(n)

    def test_resizing_of_some_axes(self):
        n = Network(18)
        for mode, antialias in (("linear", 0), ("linear", 1), ("cubic", 1), ("nearest", 0)):
            def expect(form, scales, sizes, axes, outs, factors, policy="stretch", value=n.signed, values=SIGNED):
                options = {"mode": mode, "antialias": antialias, "keep_aspect_ratio_policy": policy}
                if axes is not None:
                    options["axes"] = axes
                inputs = ("", numpy.array(scales, dtype=numpy.float32)) if scales else ("", "", whole(*sizes) if isinstance(sizes, tuple) else sizes)
                n.expect(f"{mode}, {antialias}: {form}", n.node("Resize", value, *inputs, **options),
                         resized(values, (1, *outs), (1, *factors), mode, antialias=bool(antialias)))
            expect("scales of two axes", (0.5, 1.5), None, [2, 3], (3, 4, 12), (1, 0.5, 1.5))
            expect("scales of two axes, the last first", (0.5, 1.5), None, [3, 2], (3, 12, 4), (1, 1.5, 0.5))
            expect("sizes of two axes", None, (5, 11), [-1, -2], (3, 11, 5), (1, 11 / 8, 5 / 8))
            expect("not larger", None, (5, 11), [2, 3], (3, 5, 5), (1, 5 / 8, 5 / 8), "not_larger")
            expect("not smaller", None, (5, 11), [2, 3], (3, 11, 11), (1, 11 / 8, 11 / 8), "not_smaller")
            oblong, oblongs = n.node("Reshape", n.signed, whole(-1, 2, 6, 16)), SIGNED.reshape(-1, 2, 6, 16)
            expect("not larger, oblong", None, (7, 7), [2, 3], (2, 3, 7), (1, 7 / 16, 7 / 16), "not_larger", oblong, oblongs)  # 2.625
            expect("not smaller, oblong", None, (7, 7), [2, 3], (2, 7, 19), (1, 7 / 6, 7 / 6), "not_smaller", oblong, oblongs)  # 18.67
            expect("not larger, by half", None, (9, 4), [2, 3], (2, 2, 4), (1, 1 / 4, 1 / 4), "not_larger", oblong, oblongs)  # 1.5
            expect("one axis", None, (3,), [2], (3, 3, 8), (1, 3 / 8, 1))
            batch = n.node("Slice", n.node("Shape", n.x), whole(0), whole(1))
            expect("rows", None, n.node("Concat", batch, whole(8, 17), axis=0), None, (8, 17), (1, 17 / 24), value=n.tokens, values=TOKENS)
        self.compare(n)
        self.refused(19, lambda n: n.node("Resize", n.signed, [0.0] * 8, [1.0, 1.0, 2.0, 2.0], coordinate_transformation_mode="tf_crop_and_resize"),
                     "Resize", "tf_crop_and_resize")
        self.refused(19, lambda n: n.node("Resize", n.signed, "", [2.0], axes=[0]), "Resize", "batch")
        self.refused(19, lambda n: n.node("Resize", n.signed, "", "", whole(4, 4), axes=[2, 3], keep_aspect_ratio_policy="fit"), "Resize", "fit")

    # ---- Quantised

    def test_quantised_values_of_newer_sets(self):
        n = Network(21)

        def expect(form, zero, least, greatest, scale, **options):
            kept = numpy.clip(numpy.rint(SIGNED / numpy.float32(scale)) + zero.astype(float), least, greatest)
            quantised = n.node("QuantizeLinear", n.signed, scale, zero, **options)
            n.expect(form, n.node("DequantizeLinear", quantised, scale, zero), (kept - zero.astype(float)) * numpy.float32(scale))
        # Powers of 2, by which division is exact.
        expect("UINT8", numpy.array(100, dtype=numpy.uint8), 0, 255, 2.0**-6)
        expect("INT8", numpy.array(-3, dtype=numpy.int8), -128, 127, 2.0**-6)
        expect("UINT16", numpy.array(30000, dtype=numpy.uint16), 0, 65535, 2.0**-14)
        expect("INT16", numpy.array(7, dtype=numpy.int16), -32768, 32767, 2.0**-15)
        scales = numpy.array([2.0**-4, 2.0**-5, 2.0**-6], dtype=numpy.float32)
        zeros = numpy.array([1, -2, 3], dtype=numpy.int8)
        axis = (slice(None), None, None)
        kept = numpy.clip(numpy.rint(SIGNED / scales[axis]) + zeros[axis], -128, 127)
        n.expect("by channel", n.node("DequantizeLinear", n.node("QuantizeLinear", n.signed, scales, zeros, axis=1), scales, zeros, axis=1),
                 (kept - zeros[axis]) * scales[axis])
        n.expect("output_dtype", n.node("QuantizeLinear", n.signed, 2.0**-10, output_dtype=TensorProto.INT16), numpy.rint(SIGNED * 2.0**10))
        n.expect("output_dtype that cuts", n.node("QuantizeLinear", n.signed, 2.0**-10, output_dtype=TensorProto.INT8),
                 numpy.clip(numpy.rint(SIGNED * 2.0**10), -128, 127))
        weights = n.random.integers(-128, 128, size=(8, 6)).astype(numpy.int8)
        columns = numpy.array([0.5, 0.25, 1, 2, 0.125, 1], dtype=numpy.float32)
        n.expect("weights", n.node("MatMul", n.signed, n.node("DequantizeLinear", weights, columns, axis=1)), SIGNED @ (weights * columns))
        self.compare(n)

    def test_what_of_quantisation_is_refused(self):
        blocks = numpy.ones((2, 8), dtype=numpy.float32)
        values = numpy.ones((8, 8), dtype=numpy.int8)
        self.refused(21, lambda n: n.node("MatMul", n.signed, n.node("DequantizeLinear", values, blocks, axis=0, block_size=4)),
                     "DequantizeLinear", "blocks")
        self.refused(21, lambda n: n.node("MatMul", n.signed, n.node("DequantizeLinear", values, blocks, axis=0)), "DequantizeLinear")
        rows = numpy.ones((1, 3, 8, 2), dtype=numpy.float32)
        self.refused(21, lambda n: n.node("QuantizeLinear", n.signed, rows, axis=3, block_size=4), "QuantizeLinear", "blocks")
        int4 = 22
        four = onnx.TensorProto(dims=[8, 8], data_type=int4, raw_data=bytes(32))
        self.refused(21, lambda n: n.node("MatMul", n.signed, n.node("DequantizeLinear", four, 1.0)), "constant", ("22", "INT4"))
        self.refused(21, lambda n: n.node("QuantizeLinear", n.signed, 1.0, output_dtype=int4), "QuantizeLinear", ("22", "INT4"))

    # ---- As exporters write them

    def test_attention_as_pytorch_takes_it_apart(self):
        for opset in (18, 23):
            n = Network(opset)
            inf = float("inf")
            q, k, v = n.heads, n.node("Sin", n.heads), n.node("Cos", n.heads)
            qs, ks, vs = HEADS, numpy.sin(HEADS), numpy.cos(HEADS)

            def length_of(name):
                return n.node("Slice", n.node("Shape", name), whole(-2), whole(-1))

            def weighed(scale, bias, safely=False):
                scores = n.node("MatMul", n.node("Mul", q, scale), n.node("Mul", n.node("Transpose", k, perm=[0, 1, 3, 2]), scale))
                weights = n.node("Softmax", scores if bias is None else n.node("Add", scores, bias), axis=-1)
                if safely:
                    weights = n.node("Where", n.node("IsNaN", weights), 0.0, weights)
                return n.node("MatMul", weights, v)

            def scale_of_shape():
                size = n.node("Cast", n.node("Slice", n.node("Shape", q), whole(-1), whole(2**63 - 1)), to=TensorProto.FLOAT)
                return n.node("Sqrt", n.node("Div", [1.0], n.node("Sqrt", size)))

            n.expect("scale of shape", weighed(scale_of_shape(), None), attention(qs, ks, vs))
            square = n.node("Concat", length_of(q), length_of(k), axis=0)
            lower = n.node("Trilu", n.node("Expand", 1.0, square), upper=0)
            bias = n.node("Where", n.node("Equal", lower, 0.0), -inf, 0.0)
            n.expect("causal by Trilu of ones", weighed(scale_of_shape(), bias), attention(qs, ks, vs, causal=True))
            never = n.node("ConstantOfShape", square, value=helper.make_tensor("value", TensorProto.FLOAT, [1], [-inf]))
            n.expect("causal by Trilu of infinities", weighed(scale_of_shape(), n.node("Trilu", never, whole(1)[0], upper=1)),
                     attention(qs, ks, vs, causal=True))
            truths = n.random.random((1, 1, 6, 6)) > 0.4
            truths[..., 2, :] = False
            shape = n.node("Shape", n.node("MatMul", q, n.node("Transpose", k, perm=[0, 1, 3, 2])))
            spread = n.node("Expand", truths, shape)
            n.expect("truths spread over the batch", weighed(scale_of_shape(), n.node("Where", spread, 0.0, -inf), safely=True),
                     attention(qs, ks, vs, truths))
            batch = n.node("Slice", n.node("Shape", q), whole(0), whole(1))
            spread = n.node("Expand", n.node("Unsqueeze", n.constant(truths[0, 0]), whole(0, 1)), n.node("Concat", batch, whole(4, 6, 6), axis=0))
            n.expect("truths spread by pieces of a shape", weighed(scale_of_shape(), n.node("Where", n.node("Not", spread), -inf, 0.0), safely=True),
                     attention(qs, ks, vs, truths))
            ranges = n.node("Range", whole(0)[0], whole(6)[0], whole(1)[0])
            after = n.node("LessOrEqual", n.node("Unsqueeze", ranges, whole(0)), n.node("Unsqueeze", ranges, whole(1)))
            n.expect("causal by ranges", weighed(scale_of_shape(), n.node("Where", after, 0.0, numpy.float32(numpy.finfo(numpy.float32).min))),
                     attention(qs, ks, vs, causal=True))
            self.compare(n)

    def test_tokens_put_before_those_of_an_image(self):
        n = Network(18)
        first, places = n.random.normal(size=(1, 1, 24)).astype(numpy.float32), n.random.normal(size=(1, 9, 24)).astype(numpy.float32)
        batch = n.node("Gather", n.node("Shape", n.x), whole(0), axis=0)
        spread = n.node("Expand", first, n.node("Concat", batch, whole(1, 24), axis=0))
        joined = n.node("Add", n.node("Concat", spread, n.tokens, axis=1), places)
        reference = numpy.concatenate([numpy.repeat(first, len(IMAGES), 0), TOKENS], 1) + places
        n.expect("tokens", joined, reference)
        half = helper.make_tensor("value", TensorProto.FLOAT, [1], [0.5])
        n.expect("spread by ConstantOfShape", n.node("Add", n.tokens, n.node("ConstantOfShape", n.node("Shape", n.tokens), value=half)), TOKENS + 0.5)
        self.compare(n)

    def test_triangles(self):
        n = Network(18)
        for upper, k in itertools.product((0, 1), (-3, -1, 0, 2, 7)):
            part = numpy.triu(SIGNED, k) if upper else numpy.tril(SIGNED, k)
            n.expect(f"{upper}, {k}", n.node("Trilu", n.signed, whole(k)[0], upper=upper), part)
        self.compare(n)

    # ---- What is not read

    def test_operations_that_are_not_read_are_refused_by_name(self):
        strings = helper.make_tensor("strings", TensorProto.STRING, [2], [b"a", b"b"])
        zeros, ones = numpy.zeros((1, 8, 8, 2), dtype=numpy.float32), numpy.ones((1, 3, 8, 8), dtype=numpy.float32)
        cases = [
            (18, lambda n: n.node("CenterCropPad", n.signed, whole(4, 4), axes=[2, 3]), "CenterCropPad"),
            (18, lambda n: n.node("Col2Im", n.tokens, whole(4, 4), whole(2, 2)), "Col2Im"),
            (18, lambda n: n.node("OptionalHasElement", n.x), "OptionalHasElement"),
            (18, lambda n: n.node("ScatterElements", n.x, whole(0).reshape(1, 1, 1, 1), numpy.ones((1, 1, 1, 1), dtype=numpy.float32), axis=3,
                                  reduction="max"), "ScatterElements"),
            (18, lambda n: n.node("ScatterND", n.x, whole(0).reshape(1, 1), ones, reduction="max"), "ScatterND"),
            (19, lambda n: n.node("DeformConv", n.x, ones, n.node("Slice", n.x, whole(0), whole(2), whole(1))), "DeformConv"),
            (20, lambda n: n.node("GridSample", n.x, zeros), "GridSample"),
            (20, lambda n: n.node("AffineGrid", numpy.zeros((1, 2, 3), dtype=numpy.float32), whole(1, 3, 8, 8)), "AffineGrid"),
            (20, lambda n: n.node("IsInf", n.x), "IsInf"),
            (20, lambda n: n.node("DFT", n.x), "DFT"),
            (20, lambda n: n.node("StringConcat", strings, strings), "constant"),
            (19, lambda n: n.node("Equal", strings, strings), "constant"),
            (20, lambda n: n.node("ImageDecoder", n.x), "ImageDecoder")]
        for name in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
            cases.append((18, lambda n, name=name: n.node(name, n.node("Cast", n.x, to=TensorProto.INT32), whole(1)), name))
        cases.append((18, lambda n: n.node("BitwiseNot", n.node("Cast", n.x, to=TensorProto.INT32)), "BitwiseNot"))
        for name in ("HannWindow", "HammingWindow", "BlackmanWindow"):
            cases.append((18, lambda n, name=name: n.node("Mul", n.x, n.node(name, whole(8)[0])), name))
        for opset, build, name in cases:
            with self.subTest(name=name):
                self.refused(opset, build, name)

    def test_operator_sets_beyond_23_are_refused(self):
        self.refused(24, lambda n: n.node("Swish", n.signed), "operator set 24", "7 to 23")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: newer_operations_test.py BALLAST_PROGRAM [onednn|aten]")
    BALLAST = sys.argv.pop(1)
    if sys.argv[1:2] in (["onednn"], ["aten"]):
        ENGINE = sys.argv.pop(1)
    unittest.main()
