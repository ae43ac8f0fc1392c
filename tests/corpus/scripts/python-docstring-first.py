"""The header of this one stands after the docstring, where nobody reads it."""
#SBATCH --job-name=late
#SBATCH --mem=64G

print("hello")
