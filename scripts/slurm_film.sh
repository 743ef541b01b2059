#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# One film as a Slurm job that goes on by itself after its time limit or a preemption, until it is finished.
#
#     sbatch --time=24:00:00 scripts/slurm_film.sh deck.yaml -o results/film --seed 3
#
# Arguments are those of `kmc run`; without -o, results go to results/<deck name> below the directory of submission.
#SBATCH --job-name=kmc
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --signal=USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append

# Slurm signals the step, which is srun's, and on preemption this shell too; the shell has to wait for the checkpoint.
signals=0
trap 'signals=$((signals + 1))' TERM USR1

srun --ntasks=1 "${KMC:-kmc}" run "$@" --resume &
step=$!
while :; do
    before=$signals
    wait "$step"
    code=$?
    # A signal cuts the wait off, with a code above 128 that is not the step's.
    if [ "$code" -le 128 ] || [ "$signals" -eq "$before" ]; then break; fi
done

if [ "$code" -eq 75 ]; then
    echo "$(date -Is): stopped with a checkpoint; back into the queue"
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
