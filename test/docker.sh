#!/usr/bin/env bash
# Takes the steps of the Dockerfile of nmode bundle --format docker without an engine: each stage is a root of its own, RUN is chroot, and what
# ENTRYPOINT and CMD say serves a request as USER, with a read-only root and no capability. In place of node:22-bookworm-slim stands a
# root that debootstrap makes, or that is given, with the node and npm that are here; layers, networks and registries are not tried.
#   bash test/docker.sh [ROOT]    as root, after npm run build; ROOT is a folder that debootstrap --variant=minbase bookworm has made
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
nmode="$root/dist/src/cli/main.js"
folder=$(mktemp -d)
server=
finish() {
  for pid in $(pgrep -f "^node /srv/node_modules/nmode-onnx/dist/src/cli/main.js serve lesion=/models/lesion.onnx .*--port ${port:-none}"); do kill "$pid" 2>/dev/null || true; done
  test -z "$server" || { sleep 1; kill -KILL "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
  rm -rf "$folder"
}
trap finish EXIT

base="$folder/base"
if test $# -gt 0; then cp -a "$1" "$base"; else debootstrap --variant=minbase bookworm "$base" >"$folder/debootstrap.log"; fi
cp "$(readlink -f "$(command -v node)")" "$base/usr/bin/node"
mkdir -p "$base/usr/lib/node_modules" "$base/etc/ssl"
cp -a "$(npm root -g)/npm" "$base/usr/lib/node_modules/"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$base/usr/bin/npm"
# The network of here, while it is built.
cp /etc/resolv.conf "$base/etc/" && cp -a /etc/ssl/certs "$base/etc/ssl/"
registry=$(npm config get registry)

cd "$folder"
node "$nmode" export "$root/fixtures/trained/unet-eed-w16-isic2018.pth" -o lesion.onnx --decoder eed --activation gelu >/dev/null
node "$nmode" bundle lesion.onnx --format docker -o context >/dev/null
(cd context && npm pack --silent --ignore-scripts "$root" >/dev/null)

declare -A stages=()
declare -a environment=(PATH=/usr/sbin:/usr/bin:/sbin:/bin)
stage= directory=/ user=0:0 entrypoint= command=
words() { node -p 'JSON.parse(process.argv[1]).join("\n")' "$1"; }
step() {
  local keyword=${1%% *} rest=${1#* }
  echo "STEP $1" | cut -c1-110
  case $keyword in
    FROM)
      read -r image _ name <<<"$rest"
      test "$image" = node:22-bookworm-slim
      stage="$folder/stage${#stages[@]}" directory=/ user=0:0 environment=(PATH=/usr/sbin:/usr/bin:/sbin:/bin)
      cp -a "$base" "$stage"
      stages[${name:-last}]=$stage ;;
    WORKDIR) directory=$rest; mkdir -p "$stage$directory" ;;
    COPY)
      local from=context
      if [[ $rest == --from=* ]]; then from=${stages[$(sed -E 's/--from=([^ ]+) .*/\1/' <<<"$rest")]}; rest=${rest#* }; fi
      read -r source target <<<"$rest"
      if [[ $target == ./* ]]; then target="$directory/"; fi
      mkdir -p "$stage$(if [[ $target == */ ]]; then echo "$target"; else dirname "$target"; fi)"
      cp -a "$from/$source" "$stage$target" ;;
    RUN) chroot "$stage" env -i "${environment[@]}" HOME=/root npm_config_registry="$registry" NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
      sh -c "cd $directory && $rest" ;;
    ENV) environment+=("$rest") ;;
    USER) user=$rest ;;
    EXPOSE) ;;
    ENTRYPOINT) entrypoint=$rest ;;
    CMD) command=$rest ;;
    *) echo "unknown step: $1" >&2; exit 1 ;;
  esac
}
while IFS= read -r line; do step "$line"; done < <(grep -v '^#' context/Dockerfile | sed -e ':a' -e '/\\$/N; s/\\\n//; ta' | grep -v '^$')

port=$(node -e 'const s = require("node:net").createServer().listen(0, () => { console.log(s.address().port); s.close(); })')
mapfile -t arguments < <(words "$entrypoint"; words "$command")
mkdir -p "$stage/proc" "$stage/dev"
cat >enter.sh <<'SH'
set -euo pipefail
stage=$1 user=$2; shift 2
mount --make-rprivate /
mount --bind "$stage" "$stage"
mount -o remount,bind,ro "$stage"
mount -t tmpfs tmpfs "$stage/tmp"
mount -t proc proc "$stage/proc"
mount --rbind /dev "$stage/dev"
exec chroot "$stage" setpriv --reuid="${user%:*}" --regid="${user#*:}" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs \
  env -i "$@"
SH
unshare --mount --pid --fork --kill-child --ipc --uts \
  bash enter.sh "$stage" "$user" "${environment[@]}" "${arguments[@]}" --port "$port" >log 2>&1 &
server=$!
for _ in $(seq 300); do
  curl --fail --silent "http://127.0.0.1:$port/v2/health/ready" >/dev/null && break
  kill -0 "$server" || { cat log >&2; exit 1; }
  sleep 0.1
done
curl --fail --silent --show-error --output answer.json --data-binary "@$root/fixtures/images/ISIC_0000082.jpg" "http://127.0.0.1:$port/v1/segment" || { cat log >&2; exit 1; }
node=$(pgrep -f "^node /srv/node_modules/nmode-onnx/dist/src/cli/main.js serve .*--port $port" | head -n 1)
test "$(awk '/^Uid:/ { print $2 }' "/proc/$node/status")" = "${user%:*}"
head -c 100 answer.json
echo
echo "every step was taken, and a request answered as user $user with a read-only root: node_modules $(du -sm "$stage/srv/node_modules" | cut -f1) MB"
