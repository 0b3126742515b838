#!/usr/bin/env bash
# Serves a request under what the unit of nmode bundle --format systemd restricts, as far as setpriv, unshare and seccomp do it without a
# systemd that runs: no capability, no new privileges, another user, a read-only root, private /tmp and devices, namespaces of its own for
# processes, names and IPC, and its filter of system calls. Not: its limits of addresses, of memory and of devices, which control groups make.
#   bash test/restricted.sh    as root, after npm run build
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
nmode="$root/dist/src/cli/main.js"
folder=$(mktemp -d)
chmod 755 "$folder"
server=
node=
finish() {
  # unshare takes no signal on.
  test -z "$node" || kill "$node" 2>/dev/null || true
  test -z "$server" || { sleep 1; kill -KILL "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
  rm -rf "$folder"
}
trap finish EXIT

node "$nmode" export "$root/fixtures/trained/unet-eed-w16-isic2018.pth" -o "$folder/lesion.onnx" --decoder eed --activation gelu >/dev/null
node "$nmode" bundle "$folder/lesion.onnx" --format systemd -o "$folder/bundle" >/dev/null
unit="$folder/bundle/nmode-lesion.service"
port=$(node -e 'const s = require("node:net").createServer().listen(0, () => { console.log(s.address().port); s.close(); })')
# The command of the unit, with the paths that are here.
serve=(node "$nmode" serve "lesion=$folder/bundle/lesion.onnx" --port "$port")

cat >"$folder/enter.sh" <<'SH'
set -euo pipefail
mount --make-rprivate /
mount -o remount,bind,ro /
mount -t tmpfs -o size=64M,nosuid,nodev tmpfs "$PRIVATE"
exec setpriv --reuid=65532 --regid=65532 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs \
  env TMPDIR="$PRIVATE" MALLOC_MMAP_THRESHOLD_=131072 "$@"
SH
mkdir "$folder/private"
PRIVATE="$folder/private" unshare --mount --pid --fork --kill-child --mount-proc --ipc --uts \
  bash "$folder/enter.sh" /usr/bin/python3 "$root/test/seccomp.py" "$unit" "${serve[@]}" >"$folder/log" 2>&1 &
server=$!
for _ in $(seq 300); do
  curl --fail --silent "http://127.0.0.1:$port/v2/health/ready" >/dev/null && break
  kill -0 "$server" || { cat "$folder/log" >&2; exit 1; }
  sleep 0.1
done
curl --fail --silent --show-error --output "$folder/answer.json" --data-binary "@$root/fixtures/images/ISIC_0000082.jpg" \
  "http://127.0.0.1:$port/v1/segment" || { cat "$folder/log" >&2; exit 1; }
node=$(pgrep -f "^node $nmode serve lesion=$folder" | head -n 1)
grep -E '^(Uid|NoNewPrivs|Seccomp|CapEff|CapBnd):' "/proc/$node/status"
test "$(awk '/^Seccomp:/ { print $2 }' "/proc/$node/status")" = 2
test "$(awk '/^CapBnd:/ { print $2 }' "/proc/$node/status")" = 0000000000000000
head -c 120 "$folder/answer.json"
echo
echo "a request was answered under the unit's restrictions"
