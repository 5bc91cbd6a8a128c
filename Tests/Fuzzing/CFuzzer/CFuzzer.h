// What libFuzzer offers programs that have a main of their own (https://llvm.org/docs/LibFuzzer.html).
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Runs the fuzzer by the command line's options; it ends the process, or returns its exit status.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*run)(const uint8_t *bytes, size_t count));
