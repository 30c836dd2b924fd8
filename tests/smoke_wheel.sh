#!/bin/sh
# Builds the wheel and the sdist, installs the wheel into an empty environment, and uses it away from the checkout.
set -eu
python=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
top=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 1700000000)
export SOURCE_DATE_EPOCH
for out in dist again; do
    "$python" -m build --outdir "$work/$out" . >"$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
done
for file in "$work"/dist/*; do
    cmp "$file" "$work/again/$(basename "$file")" # built twice, the same to the byte
done
python3 -m venv "$work/venv"
"$work/venv/bin/pip" --disable-pip-version-check --quiet install "$work"/dist/*.whl
# What the README's readers copy, by the installed program.
KPTUI="$work/venv/bin/kptui" "$python" -m pytest -q -p no:cacheprovider "$top/tests/test_readme.py" >"$work/readme.log" ||
    { cat "$work/readme.log"; exit 1; }
cd "$work"
kptui="$work/venv/bin/kptui"
"$kptui" --version
ls "$work/dist" | grep -q "^kptui-$("$kptui" --version | cut -d' ' -f2)-"
"$work/venv/bin/kubectl-kptui" --help | grep -q 'kubectl kptui NODE'
"$kptui" test "$top/samples/nginx-nodeport.yaml" "$top/samples/nginx-nodeport.txt" | grep -q 'as expected.$'
"$kptui" demo </dev/null | grep -q 'answer: yes'
"$kptui" parse --format save "$top/samples/three-pods.txt" | cmp - "$top/samples/three-pods.txt"
"$kptui" trace "$top/samples/nginx-nodeport.txt" "10.42.0.7 -> default/nginx" --local 192.168.50.10 --json |
    grep -q '"dnat": "10.42.0.199:80"'
"$work/venv/bin/python" -c "import kptui.tui.app"
tar -tzf "$work"/dist/*.tar.gz | grep -q '/grammar/iptables_save.lark$'
echo "the wheel works"
