// Compressed bitmaps: CRoaring.
#include <roaring/roaring.h>
