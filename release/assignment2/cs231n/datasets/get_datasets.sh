#!/bin/sh
# Gets CIFAR-10 for this assignment. The options are those of the Python tool (see --help). On Windows, run that tool.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 1
package=$(basename -- "$here")
root=$(dirname -- "$here")
if [ -f "$root/__init__.py" ]; then
    package="$(basename -- "$root").$package"
    root=$(dirname -- "$root")
fi
PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" exec "${PYTHON:-python3}" -m "$package" "$@"
