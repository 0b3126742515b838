#!/usr/bin/env bash
# An array of eight tasks over 64 images on a Slurm of one node (Debian: slurm-wlm) that is started for it, by root: one task is killed half
# way and requeued, and what is merged must be what one run writes. All is in a temporary folder; a Slurm of the machine is not touched.
#   bash test/slurm.sh [MODEL.onnx]    after npm run build
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
nmode="$root/dist/src/cli/main.js"
folder=$(mktemp -d)
chmod 755 "$folder" # munged accepts a socket only where all may enter
daemons=()
finish() {
  for pid in "${daemons[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

mkdir -p "$folder"/{state,spool,images}
dd if=/dev/urandom of="$folder/key" bs=1024 count=1 status=none
chmod 400 "$folder/key"
ports=$(node -e '
  const { createServer } = require("node:net");
  const servers = [0, 1].map(() => createServer().listen(0));
  setTimeout(() => { console.log(servers.map((s) => s.address().port).join(" ")); for (const s of servers) s.close(); }, 50);')
read -r controller node <<<"$ports"
host=$(hostname -s)
cat >"$folder/slurm.conf" <<CONF
ClusterName=nmode
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$controller
SlurmdPort=$node
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
SchedulerParameters=sched_interval=1,batch_sched_delay=0
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=10 State=UP
CONF
touch "$folder/plugstack.conf"
export SLURM_CONF="$folder/slurm.conf"

munged --foreground --force --key-file="$folder/key" --socket="$folder/munge.socket" --pid-file="$folder/munge.pid" \
  --log-file="$folder/munge.log" --seed-file="$folder/munge.seed" 2>"$folder/munge.out" &
daemons+=($!)
for _ in $(seq 100); do test -S "$folder/munge.socket" && break; sleep 0.1; done
slurmctld -D -c 2>/dev/null &
daemons+=($!)
slurmd -D -N "$host" 2>/dev/null &
daemons+=($!)
# Waits until a command succeeds, for a minute at most.
await() {
  for _ in $(seq 600); do if "$@" >/dev/null 2>&1; then return; fi; sleep 0.1; done
  echo "waited in vain for: $*" >&2
  tail -n 20 "$folder"/*.log >&2
  return 1
}
is_idle() { test "$(sinfo -h -o %T)" = idle; }
await is_idle
sinfo --version

model=${1:-$folder/model.onnx}
test $# -gt 0 || node "$nmode" export "$root/fixtures/trained/unet-eed-w16-isic2018.pth" -o "$model" --decoder eed --activation gelu >/dev/null
# 64 images: the six photographs at many sizes, large enough that a task is met half way.
(cd "$root" && node --input-type=module -e '
  import sharp from "sharp";
  const [folder, target] = process.argv.slice(1);
  const { readdirSync } = await import("node:fs");
  const files = readdirSync(folder).filter((name) => name.endsWith(".jpg"));
  for (let k = 0; k < 64; k++)
    await sharp(`${folder}/${files[k % files.length]}`).resize(1200 + k, 900).png().toFile(`${target}/image ${k}.png`);
' "$root/fixtures/images" "$folder/images")

# Task 3 halts half way when it runs for the first time, so that it is met there however busy the machine is.
cat >"$folder/job.sh" <<JOB
#!/bin/bash
#SBATCH --array=0-7
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#SBATCH --output=$folder/task-%a.log
#SBATCH --open-mode=append
run() { exec node "$nmode" predict "$model" "$folder/images" -o "$folder/shards" --shard auto --threads 1; }
if test "\$SLURM_ARRAY_TASK_ID" != 3 || test -e "$folder/halted"; then run; fi
run & # at the least priority, so that its end is not missed
renice -n 19 \$! >/dev/null
lines=()
until test \${#lines[@]} -ge 2; do
  sleep 0.01
  test ! -e "$folder/shards/manifest-3-of-8.jsonl" || mapfile -t lines <"$folder/shards/manifest-3-of-8.jsonl"
done
kill -STOP \$!
touch "$folder/halted"
wait
JOB
job=$(sbatch --parsable "$folder/job.sh")

await test -e "$folder/halted"
scancel --signal=KILL --full "${job}_3"
lines() { wc -l <"$folder/shards/manifest-3-of-8.jsonl"; }
left() { test -z "$(squeue -h -t RUNNING,COMPLETING -j "${job}_3")"; }
await left
done_before=$(($(lines) - 1))
test "$done_before" -lt 8 || { echo "task 3 was done before it was killed" >&2; exit 1; }
echo "task 3 was killed when $done_before of 8 images were done"
scontrol requeue "${job}_3"
# A requeued task waits for two minutes unless it is released.
scontrol release "${job}_3" 2>/dev/null || true
scontrol update "JobId=${job}_3" StartTime=now 2>/dev/null || true
ended() { test -z "$(squeue -h -j "$job")"; }
for _ in 1 2 3 4 5; do ended && break; await ended || true; done
ended || { squeue; exit 1; }
grep 'done before' "$folder/task-3.log"

node "$nmode" merge "$folder/shards" -o "$folder/merged"
node "$nmode" predict "$model" "$folder/images" -o "$folder/single" --shard 0/1 --threads 1 >/dev/null
diff -r "$folder/merged" "$folder/single"
echo "the merged result is that of a single run, byte for byte: $(ls "$folder/single" | wc -l) files"
