// Deflate and gzip: zlib.
#include <zlib.h>
