# Flattens a JSON text into lines of pointer (RFC 6901) and value, separated by a tab:
#   {"a": {"b": [1, "x"]}}  →  /a/b/0<tab>1  and  /a/b/1<tab>x
# Strings lose their quotes; the escapes \" \\ \/ are undone, control characters become spaces.
# Empty objects and arrays give no line. Needs a valid text: the server wrote it.

{ text = text $0 "\n" }

END {
  place = 1
  value("")
}

function value(pointer,    head, count, key) {
  blanks()
  head = substr(text, place, 1)
  if (head == "{" || head == "[") {
    place++
    count = 0
    blanks()
    if (substr(text, place, 1) ~ /[]}]/) { place++; return }
    do {
      key = count++
      if (head == "{") {
        blanks()
        key = string()
        gsub(/~/, "~0", key)
        gsub(/\//, "~1", key)
        blanks()
        place++
      }
      value(pointer "/" key)
      blanks()
    } while (substr(text, place++, 1) == ",")
    return
  }
  print pointer "\t" (head == "\"" ? string() : scalar())
}

function blanks() { while (substr(text, place, 1) ~ /[ \t\r\n]/) place++ }

function scalar(    start) {
  start = place
  while (substr(text, place, 1) ~ /[-+.0-9a-zA-Z]/) place++
  # Whatever this is, it is no JSON: go on behind it rather than for ever.
  if (place == start) place++
  return substr(text, start, place - start)
}

function string(    out, letter) {
  out = ""
  place++
  while (place <= length(text) && (letter = substr(text, place, 1)) != "\"") {
    if (letter == "\\") {
      letter = substr(text, ++place, 1)
      if (letter ~ /[nrtbf]/) letter = " "
      else if (letter == "u") letter = "\\u"
    }
    out = out letter
    place++
  }
  place++
  return out
}
