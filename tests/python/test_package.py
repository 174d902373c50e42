# SPDX-License-Identifier: Apache-2.0
import ast
import pathlib
import re
import unittest

import ballast
import inputs
from ballast import _ballast

FOLDER = pathlib.Path(ballast.__file__).parent


class Package(unittest.TestCase):
    def test_the_version_is_the_projects(self):
        stated = re.search(r"project\(ballast VERSION ([0-9.]+)", (inputs.REPOSITORY / "CMakeLists.txt").read_text())
        self.assertEqual(ballast.__version__, stated.group(1))

    def test_types_are_stated_for_all_that_is_compiled(self):
        self.assertTrue((FOLDER / "py.typed").is_file())
        stated = set()
        for node in ast.parse((FOLDER / "_ballast.pyi").read_text()).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                stated.add(node.name)
        self.assertEqual(stated, {name for name in dir(_ballast) if not name.startswith("__")})

    def test_stated_arguments_are_the_real_ones(self):
        for node in ast.parse((FOLDER / "_ballast.pyi").read_text()).body:
            if isinstance(node, ast.FunctionDef):
                stated = [argument.arg for argument in node.args.args + node.args.kwonlyargs]
                signature = getattr(_ballast, node.name).__doc__.splitlines()[0]
                real = re.findall(r"[(,] ?(?:\*, )?(\w+): ", re.sub(r"\[[^()]*?\]+", "", signature))
                self.assertEqual(real, stated, signature)

    def test_everything_public_says_what_it_is(self):
        for module in (ballast, ballast.stats):
            for name in module.__all__:
                if name != "__version__":
                    self.assertTrue(getattr(module, name).__doc__, name)
                self.assertTrue(hasattr(module, name))

    def test_the_reference_has_everything_public(self):
        reference = (inputs.REPOSITORY / "docs" / "reference" / "index.rst").read_text()
        for name in ballast.__all__:
            if not name.startswith("__"):
                self.assertRegex(reference, rf":: ballast\.{name}\n")


if __name__ == "__main__":
    unittest.main()
