# SPDX-License-Identifier: Apache-2.0
import contextlib
import io
import json
import os
import tempfile
import unittest

import numpy as np

import inputs

NOTEBOOK = inputs.REPOSITORY / "examples" / "certify.ipynb"


def run(notebook, folder):
    """The names that the notebook's cells leave behind, run in order in this folder, and what they print."""
    names, printed = {}, io.StringIO()
    before = os.getcwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(printed):
            for number, cell in enumerate(notebook["cells"]):
                if cell["cell_type"] == "code":
                    exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
    finally:
        os.chdir(before)
    return names, printed.getvalue()


class Notebook(unittest.TestCase):
    def test_its_cells_run_in_order(self):
        inputs.program()
        notebook = json.loads(NOTEBOOK.read_text())
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(inputs.REPOSITORY / "models", os.path.join(folder, "models"))
            names, printed = run(notebook, folder)
            self.assertTrue((names["repository"] / names["page"]).is_file())
        self.assertEqual(names["result"].images, names["count"])
        self.assertLess(names["fewer"]["n"].sum(), names["result"]["n"].sum())
        self.assertTrue(0 <= names["bounds"]["appendix_d"] <= names["bounds"]["inverted"] <= names["accuracy"][0])
        np.testing.assert_array_equal(names["whole"]["counts"][8:].tolist(), names["continued"]["counts"][8:].tolist())
        self.assertIn(f"{names['count']} rows, the same radii: True", printed)
        self.assertEqual(names["checked"]["findings"], [])

    def test_it_is_kept_without_what_it_shows(self):
        for cell in json.loads(NOTEBOOK.read_text())["cells"]:
            if cell["cell_type"] == "code":
                self.assertEqual((cell["outputs"], cell["execution_count"]), ([], None))


if __name__ == "__main__":
    unittest.main()
