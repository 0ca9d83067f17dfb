# Filters of jq that jaq's own definitions lack.

def toarray: if isarray then . else [.] end;
def leaf_paths: paths(scalars);

def @csv:
  def field:
    if isstring then "\"" + (. / "\"" | join("\"\"")) + "\""
    elif isnumber or isboolean then tostring
    elif . == null then ""
    else error("\(.) cannot be a field of a CSV row") end;
  [.[] | field] | join(",");

def @tsv:
  def escaped: . / "\\" | join("\\\\") | . / "\t" | join("\\t") | . / "\n" | join("\\n") | . / "\r" | join("\\r");
  def field:
    if isstring then escaped
    elif isnumber or isboolean then tostring
    elif . == null then ""
    else error("\(.) cannot be a field of a TSV row") end;
  [.[] | field] | join("\t");
