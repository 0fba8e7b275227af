#!/bin/sh
# The command `lighttrap` of this site: with its settings, as the owner of the database. Files are named by whole paths for
# `backup` and `restore`, or by their names in the folder of backups.
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
while IFS= read -r line || [ -n "$line" ]; do
    line=${line#"${line%%[![:space:]]*}"}
    line=${line%"${line##*[![:space:]]}"}
    case ${line%%=*} in *[!A-Z0-9_]*) continue ;; esac
    case $line in
    LIGHTTRAP_*=\"*\" | LIGHTTRAP_*=\'*\') line=${line%?} && export "${line%%=*}=${line#*=?}" ;;
    LIGHTTRAP_*=*) export "$line" ;;
    esac
done < "$site/lighttrap.env"
case ${1-} in
backup | restore)
    # As lighttrap-backup.service, as the database's superuser: nobody else can put a backup back and prove it.
    cd "$LIGHTTRAP_BACKUP__FOLDER" 2>/dev/null || cd /
    unset LIGHTTRAP_DATABASE__PASSWORD_FILE
    export LIGHTTRAP_DATABASE__DSN='postgresql:///lighttrap?host=/run/postgresql'
    [ "$1" = backup ] || export LIGHTTRAP_RESTORE_DSN="${LIGHTTRAP_RESTORE_DSN-$LIGHTTRAP_DATABASE__DSN}"
    exec runuser -u postgres -- /opt/lighttrap/bin/lighttrap "$@"
    ;;
esac
exec /opt/lighttrap/bin/lighttrap "$@"
