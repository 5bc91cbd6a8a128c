// PostgreSQL client: libpq.
#include <libpq-fe.h>
