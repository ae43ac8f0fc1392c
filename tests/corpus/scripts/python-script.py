#!/usr/bin/env python3
#SBATCH --job-name=regrid
#SBATCH --time=02:30:00
#SBATCH --cpus-per-task=4
#SBATCH --mem=24G
#SBATCH --output=regrid-%j.out
#SBATCH --account=climate
#SBATCH --partition=standard
#SBATCH --error=regrid-%j.err
"""Regrid a model run to one degree."""

import xarray as xr

xr.open_zarr("run.zarr").coarsen(lat=4, lon=4).mean().to_zarr("run-1deg.zarr")
