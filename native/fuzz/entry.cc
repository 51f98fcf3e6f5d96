// What libFuzzer calls. The environment names the target, so that one program holds them all.
#include <cstdio>
#include <cstdlib>

#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t length) {
  static const auto feed = [] {
    const char* name = std::getenv("SALLYPORT_FUZZ_TARGET");
    const auto found = sallyport::fuzz::findTarget(name == nullptr ? "" : name);
    if (found == nullptr) {
      std::fprintf(stderr, "Expected a fuzz target in SALLYPORT_FUZZ_TARGET.\n");
      std::exit(2);
    }
    return found;
  }();
  feed({octets, length});
  return 0;
}
