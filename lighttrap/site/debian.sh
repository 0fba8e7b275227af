#!/bin/sh
# The command `lighttrap` of this site: with its settings, as the owner of the database.
# Written by `lighttrap init`, and anew by each later one: change nothing here.
set -e
site=$(dirname "$(readlink -f "$0")")
if ! [ -r "$site/secrets/db_owner" ]; then
    echo "lighttrap: $site/secrets/db_owner is readable by root alone: say sudo lighttrap ..." >&2
    exit 2
fi
export LIGHTTRAP_DATABASE__DSN=postgresql://lighttrap@127.0.0.1:5432/lighttrap
export LIGHTTRAP_DATABASE__PASSWORD_FILE="$site/secrets/db_owner"
export LIGHTTRAP_BROKER__URL=mqtts://localhost:8883
export LIGHTTRAP_DOCTOR__INGEST_URLS=http://127.0.0.1:9190,http://127.0.0.1:9191
export LIGHTTRAP_DOCTOR__NOTIFY_URL=http://127.0.0.1:9091
export LIGHTTRAP_DOCTOR__API_URL=http://127.0.0.1:8080
export LIGHTTRAP_DOCTOR__DASHBOARD_URL=http://127.0.0.1:8501
# As lighttrap-backup.service.
export LIGHTTRAP_BACKUP__FOLDER=/var/lib/lighttrap-backup
export LIGHTTRAP_BACKUP__KEEP=30/7
export LIGHTTRAP_BACKUP__TEXTFILE=/var/lib/lighttrap-backup/figures.prom
# The site's own settings win, as they do in the units: no shell reads them, and quotes may stand around a value.
while IFS= read -r line; do
    case $line in
    LIGHTTRAP_*=\"*\" | LIGHTTRAP_*=\'*\') line=${line%?} && export "${line%%=*}=${line#*=?}" ;;
    LIGHTTRAP_*=*) export "$line" ;;
    esac
done < "$site/lighttrap.env"
exec /opt/lighttrap/bin/lighttrap "$@"
