# Rows of the demo's table out of flattened jobs: a training, removals and a retraining of one model.
# Give: -F '\t' -v model=NAME, then the files in that order.
# A row: model, version, test accuracy, test loss, self accuracy, self loss, scale, seconds.

FNR == 1 { files++ }
{ have[files, $1] = $2 }

END {
  for (file = 1; file <= files; file++) {
    kind = have[file, "/kind"]
    # A removal has measured the model before it, on the same samples.
    if (kind == "train") row("before", 2, "/result/before", "", file)
    else if (kind == "remove")
      row(toupper(have[file, "/request/estimator"]), file, "/result/after", have[file, "/result/scale"], file)
    else row("retrained", file, "/result/metrics", "", file)
  }
}

function row(version, file, at, scale, timed) {
  print model "\t" version "\t" have[file, at "/test/accuracy"] "\t" have[file, at "/test/loss"] "\t" \
    have[file, at "/self/accuracy"] "\t" have[file, at "/self/loss"] "\t" scale "\t" have[timed, "/result/seconds/total"]
}
