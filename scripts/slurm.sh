#!/usr/bin/env bash
# A Slurm of this machine alone, for test/cluster/slurm.test.ts and to try things out:
#
#   scripts/slurm.sh start FOLDER    # then: export SLURM_CONF=FOLDER/slurm.conf
#   scripts/slurm.sh stop FOLDER
#
# It takes Debian's slurmctld, slurmd, slurm-client and munge, and the root account, as those of a container have it.
# All that it writes is in FOLDER.
set -euo pipefail

action=${1:?start or stop}
folder=$(realpath -m "${2:?a folder}")
host=$(hostname -s)

start() {
  mkdir -p "$folder"/{state,spool,munge}
  chmod 711 "$folder"
  chmod 700 "$folder/munge"
  dd if=/dev/urandom of="$folder/munge/key" bs=128 count=1 status=none
  chmod 600 "$folder/munge/key"
  # As other services' files have their owner, these are root's.
  munged --force --key-file="$folder/munge/key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
    --log-file="$folder/munged.log" --seed-file="$folder/munge/seed"
  # Ports next to one another that nobody else has, as far as chance goes.
  local port=$((20000 + $$ % 20000))
  cat >"$folder/slurm.conf" <<CONF
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
  export SLURM_CONF="$folder/slurm.conf"
  slurmctld
  slurmd
  for _ in $(seq 100); do
    [[ $(sinfo --noheader --format=%T 2>/dev/null) == idle ]] && return
    sleep 0.1
  done
  sinfo >&2
  tail "$folder"/*.log >&2
  exit 1
}

# Waits until each has ended, which may write to the last.
stop() {
  for name in slurmd slurmctld munged; do
    [[ -f $folder/$name.pid ]] || continue
    local pid
    pid=$(<"$folder/$name.pid")
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 100); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
  done
}

"$action"
