#!/bin/sh
# The command `lighttrap` of this site: in a container, with the site's settings. It can read the folder that you are in.
# Written by `lighttrap init`, and anew by each later one: change nothing here.
set -e
here=$(pwd)
cd "$(dirname "$(readlink -f "$0")")"
if docker compose version >/dev/null 2>&1; then compose='docker compose'; else compose=docker-compose; fi
said() { sed -n "s/^$1=[\"']\{0,1\}//p" .env | sed "s/[\"']\$//" | tail -n 1; }

if [ "${1-}" = init ]; then
    # Its files belong to many accounts, which root alone can arrange. Elsewhere nothing can be written.
    site=$(said LIGHTTRAP_SITE)
    file=$(said COMPOSE_FILE)
    tree=$(dirname "${file%%:*}")
    image=$($compose config --images | grep '^lighttrap:' | head -n 1)
    if [ -z "$image" ]; then
        echo "lighttrap: $file names no image lighttrap:..., or docker compose config failed" >&2
        exit 2
    fi
    exec docker run --rm --read-only --user 0 --volume "$tree:$tree:ro" --volume "$site:$site" --workdir "$here" \
        "$image" "$@"
fi
if [ -t 0 ] && [ -t 1 ]; then terminal=; else terminal=--no-TTY; fi
# The one setting that may come from the shell: a password of `restore` and `backup verify`.
exec $compose run --rm $terminal ${LIGHTTRAP_RESTORE_DSN+--env LIGHTTRAP_RESTORE_DSN} \
    --volume "$here:/here:ro" --workdir /here tools "$@"
