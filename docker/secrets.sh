#!/bin/sh
# Makes what is secret on the first start: random passwords, each in a folder for those who may read it.
# What is there already stays: nothing here is ever changed but by hand.
#
#   /secrets/database/  password for PostgreSQL, url for the portal, the scheduler and the workers
#   /secrets/broker/    10-gradiente.conf for RabbitMQ, url for the scheduler and the workers
#   /secrets/portal/    key, which signs cookies; metrics, the token that opens /metrics of the portal
set -eu
umask 027
cd "${1:-/secrets}"

make() { # file: keeps standard input there, whole or not at all
    [ -s "$1" ] && cat > /dev/null && return
    cat > "$1.new"
    mv "$1.new" "$1"
    echo "made $1"
}

random() {
    od -A n -N 32 -t x1 /dev/urandom | tr -d ' \n'
}

random | make portal/key
random | make portal/metrics
random | make database/password
random | make broker/password
printf 'postgresql+psycopg://gradiente:%s@database:5432/gradiente' "$(cat database/password)" | make database/url
printf 'amqp://gradiente:%s@broker:5672/' "$(cat broker/password)" | make broker/url
make broker/10-gradiente.conf << END
default_user = gradiente
default_pass = $(cat broker/password)
# Nothing but the user above: guest is not made.
listeners.tcp.default = 5672
log.console = true
log.console.level = warning
# A full disk or too little memory blocks publishers; the scheduler waits, and nothing is lost.
vm_memory_high_watermark.relative = 0.6
disk_free_limit.absolute = 500MB
END

# What is empty takes over another image's owner, who is not ours.
if [ -d /proxy ]; then
    : > /proxy/.keep
fi
