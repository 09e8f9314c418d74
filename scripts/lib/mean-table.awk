# Lines of column, row, value, in any order and each as often as there are repeats, become a table of means ± standard
# deviations (of a sample). Columns and rows stand as they first came.

!($1 in columns) { columns[$1]; column[++width] = $1 }
!($2 in rows) { rows[$2]; row[++height] = $2; if (length($2) > margin) margin = length($2) }
{ count[$1, $2]++; sum[$1, $2] += $3; value[$1, $2, count[$1, $2]] = $3 }

END {
  printf "  %-" margin "s", ""
  for (c = 1; c <= width; c++) printf "  %20s", column[c]
  print ""
  for (r = 1; r <= height; r++) {
    printf "  %-" margin "s", row[r]
    for (c = 1; c <= width; c++) printf "  %20s", cell(column[c], row[r])
    print ""
  }
}

function cell(c, r,    n, mean, spread, i) {
  n = count[c, r]
  if (n == 0) return "-"
  mean = sum[c, r] / n
  if (n == 1) return sprintf("%.4g", mean)
  for (i = 1; i <= n; i++) spread += (value[c, r, i] - mean) ^ 2
  return sprintf("%.4g ± %.2g", mean, sqrt(spread / (n - 1)))
}
