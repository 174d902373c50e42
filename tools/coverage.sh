#!/usr/bin/env bash
# Which lines the tests run: of each part whose statements a certificate rests on, by its own suite and those beside it.
#
#   tools/coverage.sh           builds with counters, runs the suites, prints the share of lines of each part
#   tools/coverage.sh lines     and the lines that none of them ran
set -euo pipefail
cd "$(dirname "$0")/.."
parts=(stats noise smooth log)

tools/install_packages.sh coverage
cmake --preset coverage >/dev/null
cmake --build --preset coverage --target "${parts[@]/%/_test}"
find build/coverage -name '*.gcda' -delete
for part in "${parts[@]}"; do build/coverage/tests/"${part}"_test --gtest_brief=1; done
gcovr --root . --object-directory build/coverage --exclude-throw-branches --json build/coverage/lines.json \
  --filter "src/($(IFS='|'; echo "${parts[*]}"))/" --filter "include/ballast/($(IFS='|'; echo "${parts[*]}"))/" build/coverage
python3 - "${1:-}" "${parts[@]}" <<'EOF'
import json
import sys

wanted, parts = sys.argv[1], sys.argv[2:]
of_files = {}
for file in json.load(open('build/coverage/lines.json'))['files']:
    # A line may stand in several places, as a template does, or a header that several files include.
    counts = of_files.setdefault(file['file'], {})
    for line in file['lines']:
        if not line.get('gcovr/noncode'):
            counts[line['line_number']] = counts.get(line['line_number'], 0) + line['count']
status = 0
for part in parts:
    files = {name: counts for name, counts in of_files.items() if name.startswith((f'src/{part}/', f'include/ballast/{part}/'))}
    lines = sum(len(counts) for counts in files.values())
    run = sum(count > 0 for counts in files.values() for count in counts.values())
    print(f'{part}: {run} of {lines} lines, {100 * run / lines:.1f} %')
    status |= run < 0.95 * lines
    if wanted == 'lines':
        for name, counts in sorted(files.items()):
            missed = sorted(number for number, count in counts.items() if count == 0)
            if missed:
                print(f'  {name}: {", ".join(map(str, missed))}')
sys.exit(status)
EOF
