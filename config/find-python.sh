#!/bin/sh
# Prints the first Python that can run Bellwether: $PYTHON, or the newest one that is known to work.
# Otherwise one line on stderr says what was found and what is needed. POSIX sh: it runs before anything is installed.

found=none
for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
    version=$("$candidate" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue
    minor=${version#*.}
    minor=${minor%%.*}
    if [ "${version%%.*}" -ne 3 ] || [ "$minor" -lt 11 ]; then
        [ "$found" = none ] && found="$version ($candidate)"
        continue
    fi
    if ! "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
        no_venv=${no_venv:-"$candidate"}
        debian_package=${debian_package:-"python3.$minor-venv"}
        continue
    fi
    echo "$candidate"
    exit 0
done

if [ -n "$no_venv" ]; then
    echo "bellwether: $no_venv has no venv module; on Debian and Ubuntu: apt-get install $debian_package" >&2
elif [ -n "$PYTHON" ] && [ "$found" = none ]; then
    echo "bellwether: PYTHON=$PYTHON is no Python that runs here; needed is Python 3.11 or newer" >&2
else
    echo "bellwether: needs Python 3.11 or newer, found $found; install one, or name it: make PYTHON=/path/to/python3" >&2
fi
exit 1
