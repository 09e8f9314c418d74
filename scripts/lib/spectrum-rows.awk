# Out of a flattened `spectrum` job: a line for each spectrum.
$1 ~ /^\/result\/spectra\/[0-9]+\/(loss|l2|negative_share|largest|smallest|gradient_norm|density\/negative_mass)$/ {
  split($1, part, "/")
  row[part[4], part[6] == "" ? part[5] : part[6]] = $2
  if (part[4] + 1 > count) count = part[4] + 1
}
END {
  printf "%-14s %8s %16s %16s %12s %12s %14s\n", "loss", "L2", "negative of top", "negative of all", "largest", "smallest", "gradient norm"
  for (i = 0; i < count; i++)
    printf "%-14s %8s %16.3f %16.4f %12.4g %12.4g %14.2g\n", row[i, "loss"], row[i, "l2"], row[i, "negative_share"], row[i, "negative_mass"], row[i, "largest"], row[i, "smallest"], row[i, "gradient_norm"]
}
