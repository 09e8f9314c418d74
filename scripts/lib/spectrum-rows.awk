# Out of a flattened `spectrum` job: a line for each spectrum.
$1 ~ /^\/result\/spectra\/[0-9]+\/(loss|l2|negative_share|uncertain_signs|largest|smallest|gradient_norm|metrics\/test\/accuracy)$/ {
  split($1, part, "/")
  row[part[4], part[5]] = $2
  if (part[4] + 1 > count) count = part[4] + 1
}
END {
  printf "%-14s %8s %12s %10s %12s %12s %14s %10s\n", "loss", "L2", "negative", "uncertain", "largest", "smallest", "gradient norm", "test acc."
  for (i = 0; i < count; i++)
    printf "%-14s %8s %10.2f %% %10d %12.4g %12.4g %14.2g %8.2f %%\n", row[i, "loss"], row[i, "l2"], 100 * row[i, "negative_share"], row[i, "uncertain_signs"], row[i, "largest"], row[i, "smallest"], row[i, "gradient_norm"], 100 * row[i, "metrics"]
}
