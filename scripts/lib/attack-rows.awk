# Out of a flattened `attack` job a line: column, how many training samples were changed, test points that the control reads
# rightly, those of them that are misread after the attack. Give -v column=NAME -v changed=COUNT.

{ have[$1] = $2 }

END {
  for (row = 0; ("/result/tests/" row "/index") in have; row++) {
    test = "/result/tests/" row
    if (have[test "/control/predicted"] != have[test "/label"]) continue
    right++
    if (have[test "/predicted_after"] != have[test "/label"]) misread++
  }
  print column "\t" changed "\t" right + 0 "\t" misread + 0
}
