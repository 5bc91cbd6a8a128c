// HTTP/2 framing, HPACK and flow control: libnghttp2.
#include <nghttp2/nghttp2.h>
