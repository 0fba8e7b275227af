#!/bin/sh
# Runs Mosquitto, and sends it SIGHUP when its passwords, its ACL or its certificate is another file than before.
# `lighttrap broker watch` and `lighttrap init --renew-certificate` write them, in another container or by hand; to share
# a process namespace instead would leave the watch dead after the broker's first crash.
set -eu
config=${1:-/mosquitto/config/mosquitto.conf}

places=$(awk '$1 == "password_file" || $1 == "acl_file" || $1 == "certfile" { print $2 }' "$config")
state() { # shellcheck disable=SC2086 # paths of ours, without spaces
    stat -L -c '%i %Y' $places 2>/dev/null || true
}
# While it reads its files at the start it does not listen to SIGHUP, and would end by it.
listens() { awk '$1 == "SigCgt:" { exit substr($2, length($2), 1) ~ /[13579bdf]/ ? 0 : 1 }' "/proc/$1/status"; }

before=$(state)
mosquitto -c "$config" &
broker=$!
stop() { kill -TERM "$broker" 2>/dev/null || true; }
trap stop TERM INT
while kill -0 "$broker" 2>/dev/null; do
    now=$(state)
    if [ "$now" != "$before" ] && listens "$broker"; then
        kill -HUP "$broker" && before=$now
    fi
    sleep 1 &
    wait $! || true
done
status=0
wait "$broker" || status=$?
exit "$status"
