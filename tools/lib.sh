# Shared by the scripts of this folder: steps with progress, and a plain word on what failed. Source it.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
logs=$root/build/logs
jobs=${HEDDLE_JOBS:-$(nproc)}
started=$SECONDS

# step NAME COMMAND...: runs it with its output in a log, shows time spent; on failure shows the log's end and exits.
step() {
    local name=$1 begin=$SECONDS log
    shift
    mkdir -p "$logs"
    log=$logs/$(echo "$name" | tr -cs 'a-zA-Z0-9\n' '-').log
    printf '== %s ...' "$name"
    "$@" >"$log" 2>&1 &
    local pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        if [ -t 1 ]; then
            printf '\r\033[K== %s ... %d s  %s' "$name" $((SECONDS - begin)) "$(tail -c 300 "$log" | tr '\r' '\n' | tail -n 1 | cut -c1-60)"
        fi
    done
    if wait "$pid"; then
        [ -t 1 ] && printf '\r\033[K== %s ...' "$name"
        printf ' done in %d s\n' $((SECONDS - begin))
    else
        printf ' FAILED after %d s\n' $((SECONDS - begin))
        tail -n 40 "$log"
        echo "$(basename "$0"): '$name' failed; its whole output is in ${log#"$root"/}" >&2
        exit 1
    fi
}

configure() { cmake --preset "$1" -S "$root"; }
