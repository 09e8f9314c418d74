# Prints rows of removal-rows.awk, aligned.

BEGIN {
  line = "------------------------------------------------------------------------------"
  printf "%-7s %-10s %9s %10s %9s %10s %8s %8s\n", \
    "model", "version", "test acc.", "test loss", "self acc.", "self loss", "scale", "seconds"
}

$1 != model { print line }
{
  printf "%-7s %-10s %9s %10s %9s %10s %8s %8.1f\n", \
    ($1 == model ? "" : $1), $2, percent($3), loss($4), percent($5), loss($6), ($7 == "" ? "" : number($7)), $8
  model = $1
}

function percent(share) { return share == "" || share == "null" ? "-" : sprintf("%.2f %%", 100 * share) }
function loss(value) { return value == "" || value == "null" ? "-" : sprintf("%.4f", value) }
function number(value) { return sprintf("%.4g", value) }
