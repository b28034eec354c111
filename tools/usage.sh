# Sourced by the scripts beside it: with -h or --help a script prints the comment at its head, and does nothing else.
case ${1:-} in
  -h | --help)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac
