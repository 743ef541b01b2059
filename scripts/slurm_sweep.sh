#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A sweep on the ranks of a Slurm job, which goes on where it stopped when the job is queued again:
#
#   sbatch --ntasks=64 scripts/slurm_sweep.sh inputs/graphite_ec_uncertainty.yaml -o /scratch/$USER/uncertainty
#
# All arguments are those of `kmc sweep`. The directory of the output must be one that all nodes see. Ranks end by
# themselves 2 minutes before the limit of the job (exit code 75), and the job is queued again; films that came to their
# end stay. A job array is not needed: one job of many ranks hands out the films better than an array does.
#SBATCH --job-name=kmc-sweep
#SBATCH --ntasks=16
#SBATCH --cpus-per-task=1
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log

# Films are serial; libraries must not start threads of their own.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# File locks of HDF5 are off, because parallel file systems often have none.
export HDF5_USE_FILE_LOCKING=FALSE

[ $# -gt 0 ] || { echo "usage: sbatch scripts/slurm_sweep.sh DECK [options of kmc sweep]" >&2; exit 2; }

# The MPI library of the cluster has to be the one that mpi4py finds: load its module here or before sbatch. Where ranks
# are said to stand alone, try srun --mpi=pmix or --mpi=pmi2.
limit=()
if [ -n "$SLURM_JOB_END_TIME" ]; then
    limit=(--max-wall-time "$((SLURM_JOB_END_TIME - $(date +%s) - 120)) s")
fi
srun --kill-on-bad-exit=1 kmc sweep "$@" --resume "${limit[@]}"
code=$?
if [ $code -eq 75 ] && [ -n "$SLURM_JOB_ID" ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit $code
