#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Breaks the program one place at a time and looks whether a test notices. The places stand in tools/mutations.txt.
#
#   tools/mutate.py                    all of them, but those whose verdict is known
#   tools/mutate.py --only 'claim'     those whose names hold this (a regular expression)
#   tools/mutate.py --check            only whether every place is found, and found once
#   tools/mutate.py --again            forgets what is known of those that it runs
#
# Builds in a copy of the tree, build/mutate/tree, never in the checkout; verdicts are kept in build/mutate/verdicts.tsv, so that it can be
# stopped and started again. CAUGHT: the tests named there failed. SURVIVED: they passed. EQUIVALENT: they passed, and the list says why
# nothing could be otherwise. A change that does not compile is the list's fault, and an error. Exit status: 0 where no mutation
# survived, 1 where one did, 2 where the list or the build is wrong.

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / 'build' / 'mutate'
TREE = FOLDER / 'tree'
VERDICTS = FOLDER / 'verdicts.tsv'
FIELDS = {'file', 'tests', 'find', 'replace', 'equivalent'}


class ListError(Exception):
    """The list names what is not there."""


class Mutation:
    def __init__(self, name, fields):
        missing = {'file', 'tests', 'find', 'replace'} - set(fields)
        unknown = set(fields) - FIELDS
        if missing or unknown:
            raise ListError(f'{name}: lines {", ".join(sorted(missing | unknown))} are missing or unknown')
        self.name = name
        self.file = fields['file']
        self.find, self.replace = fields['find'], fields['replace']
        self.equivalent = fields.get('equivalent', '')
        # "stats", or "stats:Claim.*:Walk.*" for some of them.
        self.tests = [(word.partition(':')[0], word.partition(':')[2]) for word in fields['tests'].split()]

    def applied(self, text):
        found = text.count(self.find)
        if found != 1:
            raise ListError(f'{self.name}: {self.file} has its text {found} times, not once: {self.find}')
        return text.replace(self.find, self.replace)

    # A verdict holds as long as neither the place nor the file around it changes.
    def digest(self):
        text = '\0'.join([(ROOT / self.file).read_text(), self.find, self.replace, str(self.tests)])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def mutations():
    """Blocks of lines "key: value" below "[name]"; '\\n' in a value is a new line, and '#' begins a comment."""
    name, fields, result = None, {}, []
    for number, line in enumerate((ROOT / 'tools' / 'mutations.txt').read_text().splitlines() + ['[]'], 1):
        if not line.strip() or line.startswith('#'):
            continue
        if line.startswith('['):
            if name:
                result.append(Mutation(name, fields))
            name, fields = line.strip('[] '), {}
            continue
        key, colon, value = line.partition(': ')
        if not colon or key in fields:
            raise ListError(f'tools/mutations.txt, line {number}: {line}')
        fields[key] = value.replace('\\n', '\n')
    names = [mutation.name for mutation in result]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ListError(f'twice in the list: {", ".join(twice)}')
    return result


def check(wanted):
    for mutation in wanted:
        mutation.applied((ROOT / mutation.file).read_text())


def renew_tree():
    """The copy becomes the checkout's files, those alone that changed being written."""
    listed = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard'], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        source, target = ROOT / name, TREE / name
        if not source.is_file():
            continue
        if target.is_file() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        shutil.copymode(source, target)
    shared = ROOT.parent / 'shared'
    if shared.is_dir() and not (FOLDER / 'shared').exists():
        (FOLDER / 'shared').symlink_to(shared)


class Build:
    def __init__(self, preset, jobs, timeout):
        self.folder = TREE / 'build' / preset
        self.jobs, self.timeout = jobs, timeout
        if not (self.folder / 'build.ninja').exists():
            done = subprocess.run(['cmake', '--preset', preset], cwd=TREE, capture_output=True, text=True)
            if done.returncode:
                raise ListError(f'cmake --preset {preset}: {done.stderr[-2000:]}')

    def builds(self, tests):
        """An empty text, or what the compiler says."""
        targets = [f'{part}_test' for part, _ in tests]
        done = subprocess.run(['cmake', '--build', self.folder, f'-j{self.jobs}', '--target', *targets], capture_output=True, text=True)
        return '' if done.returncode == 0 else (done.stdout + done.stderr)[-2000:]

    def failure(self, tests):
        """The first test that fails, or an empty text."""
        for part, filters in tests:
            words = [str(self.folder / 'tests' / f'{part}_test'), '--gtest_brief=1', '--gtest_fail_fast']
            if filters:
                words.append(f'--gtest_filter={filters}')
            try:
                done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, errors='replace', timeout=self.timeout)
            except subprocess.TimeoutExpired:
                return f'{part}_test took more than {self.timeout} s'
            if done.returncode:
                failed = re.search(r'\[  FAILED  \] ([\w/]+\.[\w/]+)', done.stdout)
                return failed[1] if failed else f'{part}_test ended with {done.returncode}'
        return ''


def known_verdicts():
    if not VERDICTS.exists():
        return {}
    lines = [line.split('\t') for line in VERDICTS.read_text().splitlines()]
    return {(name, digest): (verdict, by) for name, digest, verdict, by in lines}


def verdict_of(mutation, build):
    target = TREE / mutation.file
    whole = target.read_text()
    target.write_text(mutation.applied(whole))
    try:
        wrong = build.builds(mutation.tests)
        if wrong:
            raise ListError(f'{mutation.name}: does not compile:\n{wrong}')
        failed = build.failure(mutation.tests)
    finally:
        target.write_text(whole)
    if failed:
        return 'CAUGHT', failed
    return ('EQUIVALENT', mutation.equivalent) if mutation.equivalent else ('SURVIVED', '')


def main():
    arguments = argparse.ArgumentParser(description='Breaks the program one place at a time and looks whether a test notices.')
    arguments.add_argument('--only', default='', help='a regular expression that names hold')
    arguments.add_argument('--check', action='store_true', help='only whether every place is found once')
    arguments.add_argument('--again', action='store_true', help='what is known of these is forgotten')
    arguments.add_argument('--preset', default='mutate', help="the build's; `mutate-dev` for places in verify (default: mutate)")
    arguments.add_argument('--jobs', type=int, default=os.cpu_count(), help='of the build')
    arguments.add_argument('--timeout', type=float, default=600, help='seconds that a test program may take')
    arguments.add_argument('--minutes', type=float, default=float('inf'), help='begins none after so many')
    given = arguments.parse_args()
    everything = mutations()
    check(everything)
    torch = given.preset in ('dev', 'edit-dev', 'mutate-dev')
    wanted = [m for m in everything if re.search(given.only, m.name) and (torch or not m.file.startswith('src/verify/'))]
    print(f'{len(everything)} places, each found once; {len(wanted)} of them in question', flush=True)
    if given.check:
        return 0
    begun = time.monotonic()
    FOLDER.mkdir(parents=True, exist_ok=True)
    known = {} if given.again else known_verdicts()
    renew_tree()
    build, sound = None, set()
    totals = {}
    for mutation in wanted:
        key = (mutation.name, mutation.digest())
        if key not in known:
            if time.monotonic() - begun > 60 * given.minutes:
                totals['not tried'] = totals.get('not tried', 0) + 1
                continue
            build = build or Build(given.preset, given.jobs, given.timeout)
            for test in mutation.tests:  # which must pass where nothing is broken
                if test in sound:
                    continue
                wrong = build.builds([test]) or build.failure([test])
                if wrong:
                    raise ListError(f'{test[0]}_test fails where nothing is broken: {wrong}')
                sound.add(test)
            known[key] = verdict_of(mutation, build)
            with VERDICTS.open('a') as file:
                file.write('\t'.join([*key, *known[key]]) + '\n')
        verdict, by = known[key]
        totals[verdict] = totals.get(verdict, 0) + 1
        print(f'{verdict:<10}  {mutation.name:<44}  {by}', flush=True)
    print(', '.join(f'{count} {verdict}' for verdict, count in sorted(totals.items())))
    return 1 if totals.get('SURVIVED') else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except ListError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
