# SPDX-License-Identifier: Apache-2.0
"""python -m ballast: the program."""

import os
import sys

from ballast._program import program


def main() -> None:
    """Runs the program in place of this process."""
    try:
        path = program()
    except FileNotFoundError as error:
        sys.exit(f"ballast: {error}")
    os.execv(path, [path, *sys.argv[1:]])


if __name__ == "__main__":
    main()
