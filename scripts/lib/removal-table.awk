# Prints rows of removal-rows.awk, aligned. The class taken out is digit 8.

BEGIN {
  line = "-----------------------------------------------------------------------------"
  printf "%-7s %-9s %12s %8s %12s %8s %7s %7s\n", \
    "model", "version", "others right", "loss", "eights right", "loss", "scale", "seconds"
}

$1 != model { print line }
{
  printf "%-7s %-9s %12s %8s %12s %8s %7s %7.1f\n", \
    ($1 == model ? "" : $1), $2, percent($3), loss($4), percent($5), loss($6), ($7 == "" ? "" : number($7)), $8
  model = $1
}

function percent(share) { return share == "" || share == "null" ? "-" : sprintf("%.2f %%", 100 * share) }
function loss(value) { return value == "" || value == "null" ? "-" : sprintf("%.4f", value) }
function number(value) { return sprintf("%.4g", value) }
