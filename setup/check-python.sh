#!/bin/sh
# Says in one line what is wrong with the Python named in $1, and nothing when it will do.
# Debian ships python3 without ensurepip until python3-venv is installed, so both are asked for.
python=${1:-python3}
need="aislewise needs Python 3.11 or newer with venv"

another=""
for candidate in python3.13 python3.12 python3.11; do
    if [ "$candidate" != "$python" ] && "$candidate" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        another=" Or, with what is here: PYTHON=$candidate make demo"
        break
    fi
done

if ! command -v "$python" >/dev/null 2>&1; then
    echo "$need; there is no $python. On Debian: apt install python3 python3-venv.$another"
    exit
fi
version=$("$python" -c 'import sys; print(".".join(map(str, sys.version_info[:3])))' 2>/dev/null)
if [ -z "$version" ]; then
    echo "$need; $python does not run. On Debian: apt install python3 python3-venv.$another"
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "$need; this is $version. On Debian 12 or newer: apt install python3 python3-venv.$another"
elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    echo "$need; this $version has no venv. On Debian: apt install python3-venv.$another"
fi
