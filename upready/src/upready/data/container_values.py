"""A function of the shell that finds a value where images take it from: a variable, or the file that another names."""

SCRIPT = r"""
value() {
  for name in "$@"; do
    eval "found=\${$name:-} file=\${${name}_FILE:-}"
    [ -n "$found" ] || [ ! -r "$file" ] || found=$(cat "$file")
    [ -z "$found" ] || { printf '%s' "$found"; return; }
  done
}
"""
"""`value NAME…` prints the first of some variables that is set, itself or as `NAME_FILE`."""
