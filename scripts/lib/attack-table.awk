# Adds the lines of attack-rows.awk up: a line for each kind of attack.

{
  key = $1 "\t" $2
  if (!(key in right)) keys[++count] = key
  right[key] += $3
  misread[key] += $4
}

END {
  for (i = 1; i <= count; i++) {
    split(keys[i], part, "\t")
    printf "  %-20s %2d changed: %2d of %2d, %3.0f %%\n", part[1], part[2], misread[keys[i]], right[keys[i]], 100 * misread[keys[i]] / right[keys[i]]
  }
}
