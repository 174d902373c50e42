# SPDX-License-Identifier: Apache-2.0
"""The interface of the reference implementation, on PyTorch."""

import datetime
import io
import pathlib
import tempfile
import time
import unittest

import numpy as np

import ballast
import inputs
from ballast import Smooth

try:
    import torch
except ImportError as missing:
    raise unittest.SkipTest(f"{missing}; on Debian: apt-get install python3-torch") from missing

CLASSES = 3


class Network(torch.nn.Module):
    """A random linear classifier of 1x4x4 images, whose answers are wrong in training mode."""

    def __init__(self):
        super().__init__()
        self.weights = torch.nn.Parameter(torch.randn(CLASSES, 16, generator=torch.Generator().manual_seed(0)))
        self.seen = set()

    def forward(self, batch):
        self.seen.add((batch.dtype, batch.device.type, torch.is_grad_enabled()))
        scores = batch.flatten(1) @ self.weights.to(batch.dtype).T
        return scores.sign() * float("nan") if self.training else scores


def certify_data_set(smooth, dataset, n0, n, alpha, batch, skip, out):
    """The loop by which results in this field are made, with nothing but the import changed."""
    print("idx\tlabel\tpredict\tradius\tcorrect\ttime", file=out, flush=True)
    for i in range(0, len(dataset), skip):
        (x, label) = dataset[i]
        before_time = time.time()
        prediction, radius = smooth.certify(x, n0, n, alpha, batch)
        after_time = time.time()
        correct = int(prediction == label)
        time_elapsed = str(datetime.timedelta(seconds=(after_time - before_time)))
        print("{}\t{}\t{}\t{:.3}\t{}\t{}".format(i, label, prediction, radius, correct, time_elapsed), file=out, flush=True)


class Reference(unittest.TestCase):
    def dataset(self, count=12):
        images = torch.rand(count, 1, 4, 4, generator=torch.Generator().manual_seed(1))
        labels = Network().eval()(images).argmax(1).tolist()
        return list(zip(images, labels))

    def test_the_certify_loop_runs_and_its_log_is_read(self):
        dataset, out = self.dataset(), io.StringIO()
        certify_data_set(Smooth(Network(), CLASSES, 0.25, seed=4), dataset, 50, 1000, 0.001, 400, 2, out)
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder) / "log"
            log.write_text(out.getvalue())
            rows = ballast.read_log(log)
        self.assertEqual(rows["idx"].tolist(), list(range(0, 12, 2)))
        self.assertEqual(rows["label"].tolist(), [label for _, label in dataset[::2]])
        self.assertTrue(np.array_equal(rows["correct"], rows["label"] == rows["predict"]))
        self.assertGreater(rows["correct"].mean(), 0.5)
        self.assertTrue(np.all((rows["radius"] > 0) == (rows["predict"] >= 0)))

    def test_radii_are_at_most_the_distance_to_the_boundary(self):
        network = Network()
        smooth = Smooth(network, CLASSES, 0.25)
        weights = network.weights.detach().double().numpy()
        for x, label in self.dataset():
            answer, radius = smooth.certify(x, 50, 2000, inputs.FALSE_ALARM, 500)
            if answer == Smooth.ABSTAIN:
                continue
            # Of the smoothed classifier: no further than where another class has the same scores, along the straight way there.
            margins = [
                (weights[label] - weights[other]) @ x.double().numpy().ravel() / np.linalg.norm(weights[label] - weights[other])
                for other in range(CLASSES)
                if other != label
            ]
            self.assertEqual(answer, label)
            self.assertLessEqual(radius, min(margins))

    def test_a_network_gets_what_the_image_was(self):
        for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.uint8):
            network = Network().train()
            if dtype in (torch.float16, torch.bfloat16):
                network.forward = lambda batch, n=network: n.seen.add((batch.dtype, "cpu", torch.is_grad_enabled())) or torch.zeros(len(batch), CLASSES)
            label, _ = Smooth(network, CLASSES, 0.25).certify(torch.ones(1, 4, 4).to(dtype), 20, 200, 0.001, 100)
            self.assertEqual(network.seen, {(torch.float32 if dtype == torch.uint8 else dtype, "cpu", False)})
            self.assertIn(label, range(-1, CLASSES))
        self.assertTrue(torch.is_grad_enabled())

    def test_tensors_and_arrays_are_the_same_images(self):
        for x in (torch.rand(1, 4, 4), torch.rand(1, 4, 4, requires_grad=True), torch.rand(4, 4, 1).permute(2, 0, 1), torch.ones(1, 4, 4).byte()):
            network = Network().eval()
            by_array = lambda batch: network(torch.from_numpy(batch)).detach().numpy()
            answers = {
                Smooth(function, CLASSES, 0.25, seed=3).certify(given, 50, 500, 0.001, 100)
                for function, given in ((network, x), (by_array, x.detach().numpy()))
            }
            self.assertEqual(len(answers), 1)

    def test_labels_and_scores_may_be_tensors(self):
        network = Network().eval()
        x = torch.rand(1, 4, 4)
        answers = {
            Smooth(function, CLASSES, 0.25, seed=3).certify(x, 50, 500, 0.001, 100)
            for function in (network, lambda batch: network(batch).argmax(1), lambda batch: network(batch).double().numpy())
        }
        self.assertEqual(len(answers), 1)

    def test_an_onnx_file_takes_tensors(self):
        x = torch.from_numpy(inputs.images(1)[0])
        of = lambda image: Smooth(inputs.NETWORK, 10, 0.25, seed=1).certify(image, 50, 200, 0.001, 100)
        self.assertEqual(of(x), of(x.numpy()))
        self.assertEqual(of(x.float() / 255), of(x.numpy().astype(np.float32) / 255))

    @unittest.skipUnless(torch.cuda.is_available(), "there is no GPU here")
    def test_a_tensor_on_a_gpu_stays_there(self):
        network = Network().cuda()
        Smooth(network, CLASSES, 0.25).certify(torch.rand(1, 4, 4).cuda(), 50, 500, 0.001, 100)
        self.assertEqual(network.seen, {(torch.float32, "cuda", False)})


if __name__ == "__main__":
    unittest.main()
