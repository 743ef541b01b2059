#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# One film as a Slurm job that goes on by itself after its time limit or a preemption, until it is finished.
#
#     sbatch --time=24:00:00 scripts/slurm_film.sh deck.yaml -o results/film --seed 3
#
# Arguments are those of `kmc run`; without -o, results go to results/<deck name> below the directory of submission.
# A film in tiles takes as many ranks as it is given, now these and later others: sbatch --ntasks=16 ...
#SBATCH --job-name=kmc
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --signal=USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append

# Slurm signals the step, which is srun's, and on preemption this shell too. A shell that traps a signal waits for the
# command that it runs: here for the checkpoint.
trap : TERM USR1

srun --ntasks="${SLURM_NTASKS:-1}" "${KMC:-kmc}" run "$@" --resume
code=$?

if [ "$code" -eq 75 ]; then
    echo "$(date -Is): stopped with a checkpoint; back into the queue"
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
