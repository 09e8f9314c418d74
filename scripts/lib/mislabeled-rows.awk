# Out of a flattened `mislabeled` job: lines of method, what is measured, its value in per cent. Give -v method=NAME.

{ have[$1] = $2 }

END {
  for (row = 0; ("/result/curve/" row "/inspected") in have; row++) {
    inspected = have["/result/curve/" row "/inspected"]
    if (inspected ~ /^0\.(05|1|15|2|3)0*$/) print method "\tfound in the first " 100 * inspected " %\t" 100 * have["/result/curve/" row "/found"]
  }
  print method "\ttest accuracy as it is\t" 100 * have["/result/before/accuracy"]
  for (row = 0; ("/result/fixed/" row "/inspected") in have; row++)
    print method "\ttest accuracy, " 100 * have["/result/fixed/" row "/inspected"] " % put right\t" 100 * have["/result/fixed/" row "/test/accuracy"]
}
