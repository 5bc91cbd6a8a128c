// Protocol Buffers runtime: libprotobuf-c.
#include <protobuf-c/protobuf-c.h>
