# Makes the cluster at the first start, and at every start a role and a database for each service, with its password.
set -eu
if [ ! -e "$PGDATA" ]; then
  rm -rf "$PGDATA.new"
  initdb --pgdata="$PGDATA.new" --username=postgres --auth-local=peer --auth-host=reject \
    --encoding=UTF8 --locale=C.UTF-8 --no-instructions
  # Whole or not at all: a kill before this line begins anew.
  mv "$PGDATA.new" "$PGDATA"
fi

# Nobody reaches this one but us.
postgres -c config_file=/etc/postgres/postgresql.conf -c listen_addresses= &
server=$!
until psql --quiet --command='SELECT 1' >/dev/null 2>&1; do
  kill -0 "$server"
  sleep 0.2
done

while read -r service role database; do
  psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --set=role="$role" --set=database="$database" \
    --set=password="$(cat "/etc/postgres/passwords/$service")" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
  echo "$service has role $role and database $database"
done </etc/postgres/roles

kill -INT "$server"
wait "$server"
