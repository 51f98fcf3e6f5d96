#include "domains/process-hardening.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace sallyport::domains {

Hardening hardenProcess() noexcept {
  Hardening granted{};
  granted.isUndumpable = ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
  const rlimit none{0, 0};
  granted.hasNoCore = ::setrlimit(RLIMIT_CORE, &none) == 0;
  return granted;
}

}  // namespace sallyport::domains
